// A bag of words tells the genre of a paragraph: the mean of its word vectors, and a linear layer.

import { functional as F, manualSeed, nn, noGrad, optim, randperm, type Tensor, tidy } from "nn-embedding";
import { brownTexts, LETTERS } from "../brown.js";
import type { Progress } from "../progress.js";

export interface Settings {
  epochs: number;
  seed: number;
}

/** A paragraph: its words as numbers and its genre's place in LETTERS. */
export interface Sample {
  readonly words: Int32Array;
  readonly genre: number;
}

export interface Samples {
  /** Size of the vocabulary. */
  readonly words: number;
  readonly train: readonly Sample[];
  readonly test: readonly Sample[];
}

const DIM = 32;
const BATCH = 64;
const LEARNING_RATE = 0.1;
/** Every fifth text of a genre is held out for the test. */
const HELD_OUT = 5;
const MIN_COUNT = 2;

/** The paragraphs of the first `limit` texts of each genre; the vocabulary is what is frequent enough in train. */
export function readSamples(limit?: number): Samples {
  const train: { words: string[]; genre: number }[] = [];
  const test: typeof train = [];
  for (const { genre: letter, place, paragraphs } of brownTexts(limit)) {
    const genre = LETTERS.indexOf(letter);
    const part = place % HELD_OUT === 0 ? test : train;
    for (const sentences of paragraphs) part.push({ words: sentences.flat().map(({ word }) => word), genre });
  }
  const counts = new Map<string, number>();
  for (const { words } of train) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  const frequent = [...counts.keys()].filter((word) => counts.get(word)! >= MIN_COUNT);
  const numbers = new Map(frequent.map((word, i) => [word, i]));
  const index = ({ words, genre }: (typeof train)[number]) => {
    return { words: Int32Array.from(words.flatMap((word) => numbers.get(word) ?? [])), genre };
  };
  return { words: numbers.size, train: train.map(index), test: test.map(index) };
}

export class GenreClassifier extends nn.Module {
  readonly bag: nn.EmbeddingBag;
  readonly linear: nn.Linear;

  constructor(words: number) {
    super();
    this.bag = new nn.EmbeddingBag(words, DIM, { mode: "mean", sparse: true });
    this.linear = new nn.Linear(DIM, LETTERS.length);
    nn.init.uniform_(this.bag.weight, { a: -0.1, b: 0.1 });
  }

  /** Scores [paragraphs, genres]. */
  forward(paragraphs: readonly Sample[]): Tensor {
    return this.linear.forward(this.bag.forward(paragraphs.map(({ words }) => words)));
  }
}

/** Trains on samples.train; the same settings give the same classifier, bit for bit. */
export function train(samples: Samples, { epochs, seed }: Settings, report: (progress: Progress) => void) {
  manualSeed(seed);
  const model = new GenreClassifier(samples.words);
  const adagrad = new optim.Adagrad(model.parameters(), { lr: LEARNING_RATE });
  const step = (batch: readonly Sample[]) =>
    tidy(() => {
      const target = batch.map(({ genre }) => genre);
      const loss = F.crossEntropy(model.forward(batch), target);
      adagrad.zeroGrad();
      loss.backward();
      adagrad.step();
      return loss.item();
    });

  const total = epochs * samples.train.length;
  let seen = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = tidy(() => randperm(samples.train.length).toArray() as number[]);
    for (let i = 0; i < order.length; i += BATCH) {
      const batch = order.slice(i, i + BATCH).map((k) => samples.train[k]);
      const loss = step(batch);
      seen += batch.length;
      report({ seen, total, loss });
    }
  }
  return model;
}

/** The likeliest genre of each paragraph, as a place in LETTERS. */
export function classify(model: GenreClassifier, paragraphs: readonly Sample[]): number[] {
  return tidy(() => noGrad(() => model.forward(paragraphs).argmax(1).toArray() as number[]));
}
