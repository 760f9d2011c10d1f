import type { KeyedEmbedding, Neighbour } from "nn-embedding/tables";
import { linesOf, withInput } from "./files.js";
import { UsageError } from "./formats.js";
import { readVectors, type TableFlags } from "./vectors.js";

export interface NearestFlags extends TableFlags {
  k: number;
}

/** For each word a block of lines "neighbour<TAB>cosine", under the word where there are several. */
export async function nearest(file: string, given: string[], { k, ...flags }: NearestFlags): Promise<void> {
  if (file === "-" && given.includes("-")) throw new UsageError("standard input cannot be both the file and the words");
  const vectors = await readVectors(file, flags);
  const words = given.includes("-") ? await withInput("-", linesOf) : given;
  checkWords(file, vectors, words);
  for (const word of words) {
    if (words.length > 1) console.log(word);
    print(vectors.mostSimilar({ positive: word, k }), words.length > 1 ? "  " : "");
  }
}

/** Lines "word<TAB>cosine" of the words nearest to b - a + c. */
export async function analogy(file: string, words: string[], { k, ...flags }: NearestFlags): Promise<void> {
  const vectors = await readVectors(file, flags);
  checkWords(file, vectors, words);
  const [a, b, c] = words;
  print(vectors.analogy(a, b, c, { k }), "");
}

/** All words are looked for before anything is printed. */
export function checkWords(file: string, vectors: KeyedEmbedding, words: readonly string[]): void {
  const missing = words.filter((word) => !vectors.has(word));
  if (missing.length === 0) return;
  const list = missing.map((word) => JSON.stringify(word)).join(", ");
  throw new Error(`${file} has no vector of ${list} among its ${vectors.size.toLocaleString("en")} words`);
}

function print(neighbours: readonly Neighbour[], indent: string): void {
  for (const { word, score } of neighbours) console.log(`${indent}${word}\t${score.toFixed(4)}`);
}
