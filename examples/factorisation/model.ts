// Matrix factorisation: the logarithm of how often a genre uses a word, as biases and a product of two short vectors.
// Koren, Bell, Volinsky: Matrix Factorization Techniques for Recommender Systems (2009), with words for users.

import { functional as F, manualSeed, nn, noGrad, optim, randperm, type Tensor, tensor, tidy } from "nn-embedding";
import { brownTexts, isWord, LETTERS } from "../brown.js";
import type { Progress } from "../progress.js";

export interface Settings {
  /** Numbers in a vector; with 0 the biases are all there is. */
  dim: number;
  epochs: number;
  seed: number;
}

export interface Counts {
  readonly words: readonly string[];
  /** [words, genres]: how often a word occurs in a genre. */
  readonly counts: number[][];
}

const BATCH = 512;
const LEARNING_RATE = 0.02;
const WEIGHT_DECAY = 1e-3;
/** One cell of ten is held out for the test. */
const HELD_OUT = 10;

/** Counts of the `limit` most frequent words in the first `texts` texts of each genre. */
export function readCounts(limit: number, texts?: number): Counts {
  const counts = new Map<string, number[]>();
  for (const { genre, paragraphs } of brownTexts(texts)) {
    for (const { word } of paragraphs.flat(2).filter(isWord)) {
      const row = counts.get(word) ?? LETTERS.map(() => 0);
      counts.set(word, row);
      row[LETTERS.indexOf(genre)]++;
    }
  }
  const size = ([, row]: [string, number[]]) => row.reduce((sum, n) => sum + n, 0);
  const frequent = [...counts].sort((a, b) => size(b) - size(a)).slice(0, limit);
  return { words: frequent.map(([word]) => word), counts: frequent.map(([, row]) => row) };
}

export class Factorisation extends nn.Module {
  readonly words: nn.Embedding;
  readonly genres: nn.Embedding;
  readonly wordBias: nn.Embedding;
  readonly genreBias: nn.Embedding;

  constructor(
    words: number,
    dim: number,
    private readonly mean: number,
  ) {
    super();
    this.words = new nn.Embedding(words, dim);
    this.genres = new nn.Embedding(LETTERS.length, dim);
    this.wordBias = new nn.Embedding(words, 1);
    this.genreBias = new nn.Embedding(LETTERS.length, 1);
    for (const { weight } of [this.words, this.genres]) nn.init.uniform_(weight, { a: -0.1, b: 0.1 });
    for (const { weight } of [this.wordBias, this.genreBias]) nn.init.zeros_(weight);
  }

  /** What stands in the cells [n, 1], each given as word * genres + genre. */
  forward(cells: Int32Array): Tensor {
    const word = cells.map((cell) => Math.floor(cell / LETTERS.length));
    const genre = cells.map((cell) => cell % LETTERS.length);
    const product = this.words.forward(word).mul(this.genres.forward(genre)).sum(1, { keepdim: true });
    return product.add(this.wordBias.forward(word)).add(this.genreBias.forward(genre)).add(this.mean);
  }
}

/** Trains on the cells that are not held out; `rmse` is the error of the held-out ones, which the seed alone chooses. */
export function train({ counts }: Counts, { dim, epochs, seed }: Settings, report: (progress: Progress) => void) {
  manualSeed(seed);
  const plusOne = counts.flat().map((count) => [count + 1]);
  const target = tidy(() => tensor(plusOne).log());
  const cells = permutation(target.numel);
  const test = cells.subarray(0, Math.floor(cells.length / HELD_OUT));
  const training = cells.subarray(test.length);
  const mean = tidy(() => F.embedding(training, target).mean().item());
  const model = new Factorisation(counts.length, dim, mean);
  const vectors = [model.words.weight, model.genres.weight];
  const biases = [model.wordBias.weight, model.genreBias.weight];
  const groups = [{ params: vectors, weightDecay: WEIGHT_DECAY }, { params: biases }];
  const adam = new optim.Adam(groups, { lr: LEARNING_RATE });
  const error = (cells: Int32Array) => F.mseLoss(model.forward(cells), F.embedding(cells, target));
  const step = (batch: Int32Array) =>
    tidy(() => {
      const loss = error(batch);
      adam.zeroGrad();
      loss.backward();
      adam.step();
      return loss.item();
    });

  const total = epochs * training.length;
  let seen = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation(training.length).map((k) => training[k]);
    for (let i = 0; i < order.length; i += BATCH) {
      const batch = order.subarray(i, i + BATCH);
      const loss = step(batch);
      seen += batch.length;
      report({ seen, total, loss });
    }
  }
  return { model, rmse: tidy(() => noGrad(() => error(test).sqrt().item())) };
}

function permutation(n: number): Int32Array {
  return tidy(() => Int32Array.from(randperm(n).array));
}

/** The words whose vectors reach furthest along each genre's, furthest first, as word numbers. */
export function nearest({ words, genres }: Factorisation, count: number): number[][] {
  const products = tidy(() => noGrad(() => F.linear(genres.weight, words.weight).toArray() as number[][]));
  return products.map((row) => [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, count));
}
