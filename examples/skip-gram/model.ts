// Skip-gram with negative sampling (arXiv 1310.4546), on nothing but the public API.

import { functional as F, Generator, multinomial, nn, optim, rand, type Tensor, tensor, tidy } from "nn-embedding";
import { Batch, type BatchState, Stream, type StreamState } from "./batch.js";
import type { Sentences } from "./sentences.js";
import { LEARNING_RATES, type Settings } from "./settings.js";

export type { Settings } from "./settings.js";

export interface Progress {
  /** Corpus words seen, all epochs together, and how many there will be. */
  readonly words: number;
  readonly total: number;
  /** Mean loss of a pair since the last report. */
  readonly loss: number;
}

/** All that decides how a training goes on. */
export interface TrainingState {
  /** Epochs and sentences behind it, words seen, and the steps since the last report with the sum of their losses. */
  readonly place: Readonly<Place>;
  readonly center: Float32Array;
  readonly context: Float32Array;
  /** Of Adagrad, for center and context; empty for SGD, which keeps nothing. */
  readonly optimizer: readonly { readonly step: number; readonly sum: Float32Array }[];
  readonly generator: Uint8Array;
  readonly chance: StreamState;
  readonly negatives: StreamState;
  readonly batch: BatchState;
}

interface Place {
  epoch: number;
  sentence: number;
  words: number;
  steps: number;
  losses: number;
}

/** Learning has left the numbers: no step brings it back. */
export class DivergenceError extends Error {
  constructor() {
    super("The training diverges: choose a smaller learning rate.");
  }
}

const SUBSAMPLE = 1e-3;
/** Random numbers drawn at once. */
const CHUNK = 1 << 16;
/** Steps between two reports. */
const REPORT = 100;

/** A word's vector, and another for when it is somebody's neighbour. */
export class SkipGram extends nn.Module {
  readonly center: nn.Embedding;
  readonly context: nn.Embedding;

  constructor(words: number, dim: number, generator: Generator) {
    super();
    this.center = new nn.Embedding(words, dim, { sparse: true, generator });
    this.context = new nn.Embedding(words, dim, { sparse: true, generator });
    nn.init.uniform_(this.center.weight, { a: -0.5 / dim, b: 0.5 / dim, generator });
    nn.init.zeros_(this.context.weight);
  }

  /** centers [B], targets [B * T] row by row; returns the scores [B, T, 1]. */
  forward(centers: Int32Array, targets: Int32Array): Tensor {
    const column = this.center.forward(centers).reshape([centers.length, -1, 1]);
    const rows = this.context.forward(targets).reshape([centers.length, -1, column.shape[1]]);
    return rows.matmul(column);
  }
}

/** Trains on the corpus; the same settings give the same vectors, bit for bit. DivergenceError unless all are finite. */
export function train(corpus: Sentences, settings: Settings, report: (progress: Progress) => void): SkipGram {
  const training = new Training(corpus, settings);
  for (const progress of training.run()) report(progress);
  checkFinite(training.model.center.weight);
  return training.model;
}

/** A training that can stop at each of its reports, and go on from there, also elsewhere. */
export class Training {
  readonly model: SkipGram;
  private readonly window: number;
  private readonly learningRate: number;
  /** Corpus words in all epochs together. */
  readonly total: number;
  private readonly generator = new Generator();
  private readonly optimizer: optim.SGD | optim.Adagrad;
  private readonly chance: Stream;
  private readonly negatives: Stream;
  private readonly batch: Batch;
  private place: Place = { epoch: 0, sentence: 0, words: 0, steps: 0, losses: 0 };
  /** What is to be reported after the present sentence. */
  private due: Progress | null = null;

  /** state: of a training with the same corpus and settings, which this one continues. */
  constructor(
    private readonly corpus: Sentences,
    private readonly settings: Settings,
    state?: TrainingState,
  ) {
    const { epochs, dim, seed, window = 5, negatives = 5, optimizer = "sgd" } = settings;
    const { generator } = this;
    this.window = window;
    this.learningRate = settings.learningRate ?? LEARNING_RATES[optimizer];
    this.total = epochs * corpus.size;
    this.model = new SkipGram(corpus.words.length, dim, generator.manualSeed(seed));
    const Optimizer = optimizer === "sgd" ? optim.SGD : optim.Adagrad;
    this.optimizer = new Optimizer(this.model.parameters(), { lr: this.learningRate });
    this.chance = new Stream(() => rand([CHUNK], { generator }));
    const frequency = tensor(corpus.counts.map((count) => Math.sqrt(count) * Math.sqrt(Math.sqrt(count))));
    this.negatives = new Stream(() => multinomial(frequency, CHUNK, { replacement: true, generator }));
    this.batch = new Batch(this.negatives, 1 + negatives);
    if (state !== undefined) this.setState(state);
  }

  /** Whole epochs so far. */
  get epoch(): number {
    return this.place.epoch;
  }

  /** The words' vectors at present, a copy of [V, D]. DivergenceError unless all are finite. */
  matrix(): Float32Array {
    checkFinite(this.model.center.weight);
    return this.model.center.weight.array.slice() as Float32Array;
  }

  /** Learns as long as somebody asks, and ends when all is learnt. DivergenceError where the loss is not finite. */
  *run(): IterableIterator<Progress> {
    const { place } = this;
    const { sentences } = this.corpus;
    for (; place.epoch < this.settings.epochs; place.epoch++, place.sentence = 0) {
      while (place.sentence < sentences.length) {
        this.learn(sentences[place.sentence++]);
        if (this.due !== null) yield this.report();
      }
    }
    if (!this.batch.isEmpty) this.step();
    if (place.steps > 0) this.tell();
    if (this.due !== null) yield this.report();
  }

  /** Where it is, between two reports. */
  state(): TrainingState {
    const { center, context } = this.model;
    return tidy(() => ({
      place: { ...this.place },
      center: center.weight.array.slice() as Float32Array,
      context: context.weight.array.slice() as Float32Array,
      optimizer: Object.values(this.optimizer.stateDict().state).map(({ step, sum }) => ({
        step: step as number,
        sum: (sum as Tensor).array.slice() as Float32Array,
      })),
      generator: this.generator.getState(),
      chance: this.chance.state(),
      negatives: this.negatives.state(),
      batch: this.batch.state(),
    }));
  }

  private setState({ place, center, context, optimizer, generator, chance, negatives, batch }: TrainingState): void {
    this.place = { ...place };
    this.model.loadStateDict({ "center.weight": center, "context.weight": context });
    const { shape } = this.model.center.weight;
    tidy(() => {
      const entries = optimizer.map(({ step, sum }, i) => [i, { step, sum: tensor(sum, { shape }) }]);
      this.optimizer.loadStateDict({ ...this.optimizer.stateDict(), state: Object.fromEntries(entries) });
    });
    this.generator.setState(generator);
    this.chance.setState(chance);
    this.negatives.setState(negatives);
    this.batch.setState(batch);
  }

  /** Pairs each word that subsampling leaves with those within a reach drawn for it. */
  private learn(sentence: Int32Array): void {
    const { batch, chance, window } = this;
    const kept = subsample(sentence, this.corpus, chance);
    for (let i = 0; i < kept.length; i++) {
      const reach = 1 + Math.floor(chance.next() * window);
      const end = Math.min(kept.length, i + reach + 1);
      for (let j = Math.max(0, i - reach); j < end; j++) {
        if (j === i) continue;
        batch.add(kept[i], kept[j]);
        if (batch.isFull) this.step();
      }
    }
    this.place.words += sentence.length;
  }

  private step(): void {
    const { batch, model, optimizer, place } = this;
    optimizer.paramGroups[0].lr = this.learningRate * Math.max(1e-4, 1 - place.words / this.total);
    place.losses += tidy(() => {
      const [centers, targets, labels] = batch.take();
      const scores = model.forward(centers, targets);
      const loss = F.binaryCrossEntropyWithLogits(scores, labels, { reduction: "sum" });
      optimizer.zeroGrad();
      loss.backward();
      optimizer.step();
      return loss.item() / centers.length;
    });
    if (++place.steps === REPORT) this.tell();
  }

  private tell(): void {
    const { place, total } = this;
    const loss = place.losses / place.steps;
    if (!Number.isFinite(loss)) throw new DivergenceError();
    this.due = { words: place.words, total, loss };
    place.losses = place.steps = 0;
  }

  private report(): Progress {
    const due = this.due!;
    this.due = null;
    return due;
  }
}

function checkFinite(weight: Tensor): void {
  for (const value of weight.array) if (!Number.isFinite(value)) throw new DivergenceError();
}

/** Drops a word with a probability that grows with its frequency f: it stays with (sqrt(f / t) + 1) * t / f. */
function subsample(sentence: Int32Array, { counts, size }: Sentences, chance: Stream): Int32Array {
  return sentence.filter((word) => {
    const ratio = counts[word] / (SUBSAMPLE * size);
    return chance.next() < (Math.sqrt(ratio) + 1) / ratio;
  });
}
