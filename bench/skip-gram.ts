// Skip-gram with negative sampling: the model of npm start on batches made beforehand, beside PyTorch's twin of it, and the
// whole of its training, beside the original word2vec tool.

import { functional as F, Generator, multinomial, optim, rand, tensor, tidy } from "nn-embedding";
import type { Corpus } from "../examples/skip-gram/corpus.js";
import { SkipGram, train } from "../examples/skip-gram/model.js";
import { quality } from "../examples/skip-gram/report.js";
import { OURS, type Peers, withoutTidy } from "./contenders.js";
import { SEED } from "./lines.js";
import { type Effort, local, race, summaryOf, type Task, type Times } from "./measure.js";
import { type Scope, untidied } from "./ours.js";
import { orSkip } from "./peers.js";
import { Word2vec } from "./word2vec.js";

const DIM = 100;
const PAIRS = 1_024;
const BATCHES = 16;
const WINDOW = 5;
const SUBSAMPLE = 1e-3;
/** The neighbour, and five that are none. */
const TARGETS = 6;
const LEARNING_RATE = 0.025;
/** Sums in another order, sixteen times one on the other. */
const TOLERANCE = 1e-4;

export const STEPS = `skip-gram: ${BATCHES} steps of ${PAIRS} pairs`;
export const PAIRS_IN_ALL = BATCHES * PAIRS;
export const TRAINING = "skip-gram: words of npm start";
export const SPARSE = ", sparse";
export const DENSE = ", dense";
export const TOOL = "word2vec in C";

interface Batch {
  /** [PAIRS] */
  readonly centers: Int32Array;
  /** [PAIRS x TARGETS], the neighbour first */
  readonly targets: Int32Array;
}

/** Milliseconds for PAIRS_IN_ALL pairs. */
export async function raceSteps(
  corpus: Corpus,
  { torch, torchDefault, limits }: Peers,
  effort: Effort,
): Promise<Times> {
  const batches = batchesOf(corpus);
  const V = corpus.words.length;
  const start = new SkipGram(V, DIM, new Generator().manualSeed(SEED)).center.weight.array.slice();
  const settings = { V, D: DIM, N: PAIRS, batches: BATCHES, targets: TARGETS, lr: LEARNING_RATE };
  const arrays = [start, ...batches.map(({ centers }) => centers), ...batches.map(({ targets }) => targets)];
  const theirs = [torch, torchDefault].flatMap((one) =>
    one === null
      ? []
      : [SPARSE, DENSE].map((kind) => one.contender(one.name + kind, `skip-gram${kind}`, settings, ...arrays)),
  );
  const expected = await stepsOf(V, batches, tidy).outputs();
  const ours = [local(OURS, stepsOf(V, batches, tidy)), withoutTidy(stepsOf(V, batches, untidied))];
  const least = limits === null ? [] : [limits.contender(`${V} ${DIM} ${PAIRS} ${TARGETS} skip-gram`, ...arrays)];
  return race(STEPS, [...ours, ...theirs, ...least], expected, effort, TOLERANCE);
}

function stepsOf(V: number, batches: readonly Batch[], scope: Scope): Task {
  const model = new SkipGram(V, DIM, new Generator().manualSeed(SEED));
  const sgd = new optim.SGD(model.parameters(), { lr: LEARNING_RATE });
  const first = Float32Array.from({ length: PAIRS * TARGETS }, (_, i) => (i % TARGETS === 0 ? 1 : 0));
  const labels = tensor(first, { shape: [PAIRS, TARGETS, 1] });
  const step = ({ centers, targets }: Batch) => {
    const scores = model.forward(centers, targets);
    const loss = F.binaryCrossEntropyWithLogits(scores, labels, { reduction: "sum" });
    sgd.zeroGrad();
    loss.backward();
    sgd.step();
    return loss.item();
  };
  const run = () => batches.reduce((sum, batch) => sum + scope(() => step(batch)), 0);
  return {
    run,
    outputs: () => {
      run();
      return [model.center.weight.array.slice(), model.context.weight.array.slice()];
    },
    dispose: () => [sgd.dispose(), model.dispose(), labels.dispose()],
  };
}

/** Neighbours in the corpus, each with words drawn by chance. */
function batchesOf(corpus: Corpus): Batch[] {
  const generator = new Generator().manualSeed(SEED);
  const draw = (n: number) => rand([n], { generator }).array.slice();
  const frequency = tensor(corpus.counts.map((count) => count ** 0.75));
  const pairs = neighbours(corpus, draw);
  return Array.from({ length: BATCHES }, () => {
    const centers = new Int32Array(PAIRS);
    const drawn = multinomial(frequency, PAIRS * TARGETS, { replacement: true, generator });
    const targets = drawn.array.slice() as Int32Array;
    for (let i = 0; i < PAIRS; i++) [centers[i], targets[i * TARGETS]] = pairs.next().value!;
    return { centers, targets };
  });
}

/** A word and each within its reach, in sentences from which frequent words are dropped as npm start drops them. */
function* neighbours({ sentences, counts, size }: Corpus, draw: (n: number) => ArrayLike<number>) {
  for (const sentence of sentences) {
    const chances = draw(sentence.length);
    const kept = sentence.filter((word, i) => {
      const ratio = counts[word] / (SUBSAMPLE * size);
      return chances[i] < (Math.sqrt(ratio) + 1) / ratio;
    });
    const reaches = draw(kept.length);
    for (let i = 0; i < kept.length; i++) {
      const reach = 1 + Math.floor(reaches[i] * WINDOW);
      for (let j = Math.max(0, i - reach); j <= Math.min(kept.length - 1, i + reach); j++) {
        if (j !== i) yield [kept[i], kept[j]];
      }
    }
  }
}

export interface Training {
  readonly words: number;
  readonly times: Times;
  /** By name: of the ten nearest words of 400, the share that are usually the same part of speech; 0.17 is chance. */
  readonly qualities: ReadonlyMap<string, number | null>;
}

/** One epoch of npm start, and the same corpus in C. */
export async function raceTraining(corpus: Corpus, rounds: number): Promise<Training> {
  const samples = { [OURS]: [] as number[], [TOOL]: [] as number[] };
  const qualities = new Map<string, number | null>();
  const tool = await orSkip(TOOL, () => new Word2vec(corpus, DIM));
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const model = train(corpus, { epochs: 1, dim: DIM, seed: SEED }, () => {});
    samples[OURS].push(performance.now() - start);
    qualities.set(OURS, quality(model.center.weight.detach(), corpus));
    model.dispose();
    if (tool === null) continue;
    const { ms, vectors } = await tool.train();
    samples[TOOL].push(ms);
    qualities.set(TOOL, quality(vectors, corpus));
  }
  const taken = Object.entries(samples).filter(([, all]) => all.length > 0);
  return { words: corpus.size, times: new Map(taken.map(([name, all]) => [name, summaryOf(all)])), qualities };
}
