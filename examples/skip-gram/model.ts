// Skip-gram with negative sampling (arXiv 1310.4546), on nothing but the public API.

import { functional as F, Generator, multinomial, nn, optim, rand, type Tensor, tensor, tidy } from "nn-embedding";
import type { Sentences } from "./sentences.js";

export interface Settings {
  epochs: number;
  dim: number;
  seed: number;
}

export interface Progress {
  /** Corpus words seen, all epochs together, and how many there will be. */
  readonly words: number;
  readonly total: number;
  /** Mean loss of a pair since the last report. */
  readonly loss: number;
}

const WINDOW = 5;
const NEGATIVES = 5;
const SUBSAMPLE = 1e-3;
const LEARNING_RATE = 0.025;
const BATCH = 512;
const TARGETS = 1 + NEGATIVES;
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

/** Trains on the corpus; the same settings give the same vectors, bit for bit. */
export function train(
  corpus: Sentences,
  { epochs, dim, seed }: Settings,
  report: (progress: Progress) => void,
): SkipGram {
  const generator = new Generator().manualSeed(seed);
  const model = new SkipGram(corpus.words.length, dim, generator);
  const sgd = new optim.SGD(model.parameters(), { lr: LEARNING_RATE });
  const chance = new Stream(() => rand([CHUNK], { generator }));
  const frequency = tensor(corpus.counts.map((count) => Math.sqrt(count) * Math.sqrt(Math.sqrt(count))));
  const negatives = new Stream(() => multinomial(frequency, CHUNK, { replacement: true, generator }));
  const batch = new Batch(negatives);
  const total = epochs * corpus.size;
  let words = 0;
  let steps = 0;
  let losses = 0;

  const step = () => {
    sgd.paramGroups[0].lr = LEARNING_RATE * Math.max(1e-4, 1 - words / total);
    losses += tidy(() => {
      const [centers, targets, labels] = batch.take();
      const scores = model.forward(centers, targets);
      const loss = F.binaryCrossEntropyWithLogits(scores, labels, { reduction: "sum" });
      sgd.zeroGrad();
      loss.backward();
      sgd.step();
      return loss.item() / centers.length;
    });
    if (++steps === REPORT) tell();
  };
  const tell = () => {
    report({ words, total, loss: losses / steps });
    losses = steps = 0;
  };

  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const sentence of corpus.sentences) {
      const kept = subsample(sentence, corpus, chance);
      for (let i = 0; i < kept.length; i++) {
        const reach = 1 + Math.floor(chance.next() * WINDOW);
        const end = Math.min(kept.length, i + reach + 1);
        for (let j = Math.max(0, i - reach); j < end; j++) {
          if (j === i) continue;
          batch.add(kept[i], kept[j]);
          if (batch.isFull) step();
        }
      }
      words += sentence.length;
    }
  }
  if (!batch.isEmpty) step();
  if (steps > 0) tell();
  return model;
}

/** Drops a word with a probability that grows with its frequency f: it stays with (sqrt(f / t) + 1) * t / f. */
function subsample(sentence: Int32Array, { counts, size }: Sentences, chance: Stream): Int32Array {
  return sentence.filter((word) => {
    const ratio = counts[word] / (SUBSAMPLE * size);
    return chance.next() < (Math.sqrt(ratio) + 1) / ratio;
  });
}

/** Numbers one at a time from tensors of random numbers. */
class Stream {
  private values: ArrayLike<number> = [];
  private position = 0;

  constructor(private readonly draw: () => Tensor) {}

  next(): number {
    if (this.position === this.values.length) {
      const drawn = this.draw();
      this.values = drawn.array.slice();
      drawn.dispose();
      this.position = 0;
    }
    return this.values[this.position++];
  }
}

/** Pairs of neighbours, each with words drawn by chance that are not neighbours. */
class Batch {
  private readonly centers = new Int32Array(BATCH);
  private readonly targets = new Int32Array(BATCH * TARGETS);
  private readonly labels = tensor(
    Float32Array.from(this.targets, (_, i) => (i % TARGETS === 0 ? 1 : 0)),
    {
      shape: [BATCH, TARGETS, 1],
    },
  );
  private size = 0;

  constructor(private readonly negatives: Stream) {}

  get isFull(): boolean {
    return this.size === BATCH;
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  add(center: number, neighbour: number): void {
    const first = this.size * TARGETS;
    this.centers[this.size++] = center;
    this.targets[first] = neighbour;
    for (let i = 1; i < TARGETS; i++) {
      do this.targets[first + i] = this.negatives.next();
      while (this.targets[first + i] === neighbour);
    }
  }

  /** Centers, targets and labels of the pairs so far; the batch is empty afterwards. */
  take(): [Int32Array, Int32Array, Tensor] {
    const n = this.size;
    this.size = 0;
    return [this.centers.subarray(0, n), this.targets.subarray(0, n * TARGETS), this.labels.narrow(0, 0, n)];
  }
}
