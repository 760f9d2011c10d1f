// A training as the page's form describes it, there and in Node.

import { createHash } from "node:crypto";
import { readCorpus } from "../../examples/skip-gram/corpus.js";
import { type Settings, train } from "../../examples/skip-gram/model.js";
import { word2vecLines } from "../../examples/skip-gram/word2vec.js";
import type { Visit } from "./browser.js";

export interface Small extends Required<Omit<Settings, "learningRate">> {
  /** The first words of the Brown corpus. */
  limit: number;
}

/** Some seconds. */
export const SMALL: Small = {
  limit: 30_000,
  dim: 24,
  epochs: 3,
  window: 4,
  negatives: 3,
  optimizer: "adagrad",
  seed: 7,
};

/** Fills in the form and starts. */
export async function begin(visit: Visit, small: Small): Promise<void> {
  await visit.tab("train");
  // The optimizer brings its learning rate.
  await visit.page.select("#optimizer", small.optimizer);
  for (const name of ["limit", "dim", "epochs", "window", "negatives", "seed"] as const) {
    await visit.fill(name, String(small[name]));
  }
  await visit.click("start");
}

/** The SHA-256 that the page shows in the end. */
export async function finish(visit: Visit): Promise<string> {
  await visit.until("train-state", /^Done: /);
  return visit.text("sha256");
}

/** What Node's training gives, as npm start does it. */
export function inNode({ limit, ...settings }: Small): {
  words: readonly string[];
  matrix: Float32Array;
  sha256: string;
} {
  const corpus = readCorpus(limit);
  const model = train(corpus, settings, () => {});
  const matrix = model.center.weight.array.slice() as Float32Array;
  model.dispose();
  const hash = createHash("sha256");
  for (const line of word2vecLines(corpus.words, matrix)) hash.update(line);
  return { words: corpus.words, matrix, sha256: hash.digest("hex") };
}
