// The training of npm start and of the playground: whoever stops it, keeps its state and goes on elsewhere changes no bit.

import { describe, expect, test } from "vitest";
import { type Progress, Training, type TrainingState, train } from "../examples/skip-gram/model.js";
import { firstWords, SentenceReader, type Sentences } from "../examples/skip-gram/sentences.js";
import type { Settings } from "../examples/skip-gram/settings.js";
import { word2vecLines } from "../examples/skip-gram/word2vec.js";

/** Sentences of words drawn by a congruential generator, low numbers more often. */
function sentences(): Sentences {
  const reader = new SentenceReader();
  let x = 1;
  const draw = (n: number) => {
    x = (Math.imul(1664525, x) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * n);
  };
  for (let i = 0; i < 4000; i++) reader.add(Array.from({ length: 5 + draw(20) }, () => `w${draw(1 + draw(400))}`));
  return reader.numbered(5);
}

const corpus = sentences();
const settings: readonly Settings[] = [
  { epochs: 2, dim: 8, seed: 3 },
  { epochs: 3, dim: 5, seed: 4, window: 2, negatives: 3, optimizer: "adagrad", learningRate: 0.1 },
];

/** Trains on from a state until `count` reports are there, or the end. */
function some(given: Settings, count: number, state?: TrainingState): { reports: Progress[]; training: Training } {
  const training = new Training(corpus, given, state);
  const reports: Progress[] = [];
  for (const report of training.run()) if (reports.push(report) === count) break;
  return { reports, training };
}

describe.each(settings)("a training with %o", (given) => {
  test("that is cut in pieces, each begun from a copy of the state before, reports and learns the same", () => {
    const whole: Progress[] = [];
    const model = train(corpus, given, (report) => whole.push(report));
    expect(whole.length).toBeGreaterThan(5);
    const reports: Progress[] = [];
    let state: TrainingState | undefined;
    let last: Training;
    do {
      const piece = some(given, 2, state);
      reports.push(...piece.reports);
      state = structuredClone(piece.training.state());
      last = piece.training;
    } while (reports.length < whole.length);
    expect(reports).toEqual(whole);
    expect(last.matrix()).toEqual(model.center.weight.array.slice());
    expect(last.model.context.weight.array.slice()).toEqual(model.context.weight.array.slice());
  });

  test("that goes on from its very end has nothing left to learn", () => {
    const { training } = some(given, Infinity);
    const again = some(given, Infinity, structuredClone(training.state()));
    expect(again.reports).toEqual([]);
    expect(again.training.matrix()).toEqual(training.matrix());
  });
});

test("settings that are left out are those that are told here", () => {
  const [given] = settings;
  const told = { ...given, window: 5, negatives: 5, optimizer: "sgd", learningRate: 0.025 } as const;
  expect(some(told, Infinity).training.matrix()).toEqual(some(given, Infinity).training.matrix());
});

test.each([10, 1e20])(
  "a training that diverges, as with a learning rate of %d, ends with a sentence",
  (learningRate) => {
    const [given] = settings;
    const diverge = () =>
      train(corpus, { ...given, epochs: 20, learningRate }, ({ loss }) => expect(loss).toBeLessThan(Infinity));
    expect(diverge).toThrow("The training diverges: choose a smaller learning rate.");
  },
);

test("each setting changes what is learnt", () => {
  const [given] = settings;
  const matrix = (change: Partial<Settings>) => some({ ...given, ...change }, Infinity).training.matrix();
  const changes: Partial<Settings>[] = [
    {},
    { window: 4 },
    { negatives: 4 },
    { optimizer: "adagrad" },
    { learningRate: 0.03 },
    { seed: 5 },
  ];
  const texts = changes.map((change) => matrix(change).join());
  expect(new Set(texts).size).toBe(changes.length);
});

test("the first words end in the middle of a sentence", () => {
  const given = [["a", "b", "c"], [], ["d", "e"], ["f"]];
  expect([...firstWords(given, 4)]).toEqual([["a", "b", "c"], [], ["d"]]);
  expect([...firstWords(given, Infinity)]).toEqual(given);
  expect([...firstWords(given, 0)]).toEqual([]);
});

test("word2vec's text has nine digits a number", () => {
  const lines = [...word2vecLines(["a", "b"], Float32Array.of(1, -0.1, 2 ** -32, 0))];
  expect(lines).toEqual(["2 2\n", "a 1.00000000 -0.100000001\n", "b 2.32830644e-10 0.00000000\n"]);
});
