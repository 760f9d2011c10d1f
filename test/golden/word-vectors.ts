// What word_vectors.py has written: files of several producers, what gensim reads in them, and its answers.

import { readFileSync } from "node:fs";
import { nn, tensor } from "nn-embedding";
import { KeyedEmbedding } from "nn-embedding/tables";
import { decode, type Encoded } from "./load.js";

interface GoldenTable {
  words: string[];
  vectors: Encoded;
}

type Found = [word: string, score: number][];

export interface WordVectorsGolden {
  gensim: string;
  files: ({ file: string } & GoldenTable)[];
  table: GoldenTable;
  answers: {
    free: Encoded;
    similar: { options: { positive?: string | string[]; negative?: string | string[]; k: number }; found: Found }[];
    mixed: Found;
    byVector: Found;
    similarity: { pair: string[]; cosine: number }[];
    sets: { sets: string[][]; cosine: number };
    odd: { words: string[]; word: string }[];
  };
}

export const answers: WordVectorsGolden = JSON.parse(
  readFileSync(new URL("word-vectors.json", import.meta.url), "utf8"),
);

/** The bytes of a producer's file. */
export const fixture = (name: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(new URL(`word-vectors/${name}`, import.meta.url)));

/** Words and rows as one of ours. */
export function tableOf(words: readonly string[], data: Float32Array): KeyedEmbedding {
  const weight = tensor(data, { shape: [words.length, words.length === 0 ? 1 : data.length / words.length] });
  try {
    return new KeyedEmbedding(words, nn.Embedding.fromPretrained(weight));
  } finally {
    weight.dispose();
  }
}

export const goldenTable = ({ words, vectors }: GoldenTable): KeyedEmbedding =>
  tableOf(words, decode(vectors).data as Float32Array);
