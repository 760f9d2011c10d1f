// What the vectors have learnt.

import { createHash } from "node:crypto";
import { createWriteStream, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { finished } from "node:stream/promises";
import { functional as F, longTensor, noGrad, type Tensor, tidy } from "nn-embedding";
import type { Corpus } from "./corpus.js";
import { word2vecLines } from "./word2vec.js";

const NEIGHBOURS = 10;

/** The ten nearest other words of each query by cosine similarity, nearest first, as word numbers. */
export function nearest(vectors: Tensor, queries: readonly number[]): number[][] {
  const rows = tidy(() =>
    noGrad(() => {
      const unit = vectors.div(vectors.mul(vectors).sum(1, { keepdim: true }).sqrt());
      return F.linear(F.embedding(longTensor([...queries]), unit), unit).toArray() as number[][];
    }),
  );
  return rows.map((similarity, i) => {
    const others = [...similarity.keys()].filter((word) => word !== queries[i]);
    return others.sort((a, b) => similarity[b] - similarity[a]).slice(0, NEIGHBOURS);
  });
}

/**
 * Of the ten nearest words of 400 words (every fifth from the 100th most frequent on), the share whose usual part of
 * speech is the same. 0.17 is chance. null where the vocabulary ends before them.
 */
export function quality(vectors: Tensor, { words, tags }: Corpus): number | null {
  const queries: number[] = [];
  for (let word = 100; word < Math.min(2100, words.length); word += 5) queries.push(word);
  const lists = nearest(vectors, queries);
  const same = lists.flatMap((list, i) => list.filter((word) => tags[word] === tags[queries[i]]));
  return lists.length === 0 ? null : same.length / lists.flat().length;
}

/** Writes word2vec's text format; returns the SHA-256 of the file. */
export async function writeVectors(path: string, vectors: Tensor, words: readonly string[]): Promise<string> {
  mkdirSync(dirname(path), { recursive: true });
  const file = createWriteStream(path);
  const hash = createHash("sha256");
  for (const line of word2vecLines(words, vectors.array.slice() as Float32Array)) {
    file.write(line);
    hash.update(line);
  }
  await finished(file.end());
  return hash.digest("hex");
}
