// PyTorch's checks of embedding_bag, in its order and with its first words, and those that it lacks. None may change anything.

import { functional as F, longTensor, memory, nn, ones, type Tensor, tensor, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectError, gradOf, valuesOf } from "../tensor/compare.js";

type Input = Parameters<typeof F.embeddingBag>[0];
type Options = NonNullable<Parameters<typeof F.embeddingBag>[2]>;

const KINDS = { TypeError, RangeError, Error };

/** What it is, the input, options, the error's class and some of its words. */
type Mistake = [name: string, input: unknown, options: object, type: keyof typeof KINDS, ...words: string[]];

const [ROWS, DIM] = [5, 3];
const cube = zeros([2, 2, 2], { dtype: "int32" });
const all = { includeLastOffset: true };

const sameShape = (weights: string, input: string) =>
  `If per_sample_weights (torch.Size(${weights})) is not None, then it must have the same shape as the input ` +
  `(torch.Size(${input}))`;
const MATRIX_OFFSETS = "if input is 2D, then offsets has to be None";
const NO_OFFSETS = "offsets has to be a 1D Tensor but got None";
const RANK = "input has to be 1D or 2D Tensor, but got Tensor of dimension";
const MODE = "mode has to be one of sum, mean or max";
const PADDING = "padding_idx must be within the number of embeddings, -5 through 4";
const FIRST =
  "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got";
const past = (n: number, last: number) =>
  `offsets[-1] can not be greater than input's length ${n} but got offsets[-1] of ${last}`;
const found = (value: string) => `Expected idx >= 0 && idx < num_embeddings but found idx to be ${value}`;

const MISTAKES: Mistake[] = [
  // Weights and input.
  ["a row of weights for a matrix", [[1, 2]], { perSampleWeights: [0.5] }, "RangeError", sameShape("[1]", "[1, 2]")],
  ["a tensor of them", longTensor([[1]]), { perSampleWeights: ones([1]) }, "RangeError", sameShape("[1]", "[1, 1]")],
  ["too many weights", [1, 2], { offsets: [0], perSampleWeights: ones([3]) }, "RangeError", sameShape("[3]", "[2]")],
  ["too few weights", [1, 2], { offsets: [0], perSampleWeights: [] }, "RangeError", sameShape("[0]", "[2]")],
  [
    "a matrix of weights for one row",
    [1],
    { offsets: [0], perSampleWeights: [[1]] },
    "RangeError",
    "same shape as the input",
  ],
  [
    "too few weights for ragged bags",
    [[1, 2], [3]],
    { perSampleWeights: [1, 2] },
    "RangeError",
    "same shape as the input",
  ],
  [
    "weights in other bags",
    [[1, 2], [3]],
    { perSampleWeights: [[1], [2, 3]] },
    "RangeError",
    "same shape as the input",
  ],
  ["weights for empty bags", [[], []], { perSampleWeights: [1] }, "RangeError", "same shape as the input"],
  [
    "integer weights",
    [[1, 2]],
    { perSampleWeights: longTensor([[1, 2]]) },
    "TypeError",
    "per_sample_weights",
    "same type as",
  ],
  ["weights that are no numbers", [[1, 2]], { perSampleWeights: [["1", 2]] }, "TypeError", "perSampleWeights[0][0]"],
  ["weights that are a word", [[1, 2]], { perSampleWeights: "1" }, "TypeError", "perSampleWeights"],
  [
    "weights for a maximum",
    [[1]],
    { mode: "max", perSampleWeights: [[1]] },
    "Error",
    "per_sample_weights was not None",
    "mode='max'",
  ],

  // The shape of the input.
  ["offsets for a matrix", longTensor([[1, 2]]), { offsets: [0] }, "Error", MATRIX_OFFSETS],
  ["offsets for ragged bags", [[1, 2], [3]], { offsets: [0, 1] }, "Error", MATRIX_OFFSETS],
  ["offsets for empty bags", [[], []], { offsets: [0] }, "Error", MATRIX_OFFSETS],
  ["one row without offsets", [1, 2], {}, "TypeError", NO_OFFSETS],
  ["one row with offsets null", Int32Array.of(1), { offsets: null }, "TypeError", NO_OFFSETS],
  ["nothing, without offsets", longTensor([]), {}, "TypeError", NO_OFFSETS],
  ["a tensor of rank 3", cube, {}, "RangeError", `${RANK} 3`],
  ["arrays of rank 3", [[[1]], [[2]]], {}, "RangeError", `${RANK} 3`],
  ["a tensor of rank 0", longTensor(1), { offsets: [0] }, "RangeError", `${RANK} 0`],
  ["a number", 1, { offsets: [0] }, "RangeError", `${RANK} 0`],

  // Mode and padding.
  [
    "max by frequency",
    [[1]],
    { mode: "max", scaleGradByFreq: true },
    "Error",
    "max mode does not support scaling the gradient by the frequency",
  ],
  ["a mode that does not exist", [[1]], { mode: "median" }, "TypeError", MODE],
  ["a mode in capitals", [[1]], { mode: "Sum" }, "TypeError", MODE],
  ["a mode that is no word", [[1]], { mode: 0 }, "TypeError", MODE],
  ["padding past the end", [[1]], { paddingIdx: 5 }, "RangeError", PADDING, "paddingIdx is 5"],
  ["padding before the start", [[1]], { paddingIdx: -6 }, "RangeError", PADDING, "paddingIdx is -6"],
  ["padding that is no integer", [[1]], { paddingIdx: 0.5 }, "TypeError", "paddingIdx", "0.5"],

  // Offsets.
  ["a matrix of offsets", [1, 2], { offsets: [[0, 1]] }, "RangeError", "offsets has to be a 1D Tensor"],
  [
    "a tensor [1, 2] of offsets",
    [1, 2],
    { offsets: longTensor([[0, 1]]) },
    "RangeError",
    "offsets has to be a 1D Tensor",
  ],
  ["offsets that start late", [1, 2], { offsets: [1] }, "RangeError", `${FIRST} 1`],
  ["offsets that start early", [1, 2], { offsets: [-1, 0] }, "RangeError", "offsets[0]", "-1"],
  ["offsets past the end", [1, 2], { offsets: [0, 3] }, "RangeError", past(2, 3)],
  ["offsets far past the end", [1, 2], { offsets: longTensor([0, 100]) }, "RangeError", past(2, 100)],
  ["offsets that go back", [1, 2, 3], { offsets: [0, 2, 1] }, "RangeError", "offsets[2] is 1"],
  ["offsets that leave and come back", [1, 2, 3], { offsets: [0, 9, 3] }, "RangeError", "offsets[", "9"],
  ["a negative offset inside", [1, 2, 3], { offsets: [0, -1, 2] }, "RangeError", "offsets[1] is -1"],
  ["a negative offset of 64 bits", [1, 2], { offsets: BigInt64Array.of(0n, -1n) }, "RangeError", "offsets[1] is -1"],
  ["an offset that is 0 in 32 bits", [1, 2], { offsets: BigInt64Array.of(0n, 2n ** 32n) }, "RangeError", "4294967296"],
  ["an offset of 2 to the 32 in an array", [1, 2], { offsets: [0, 2 ** 32] }, "RangeError", "4294967296"],
  [
    "all offsets, but there are none",
    [1, 2],
    { offsets: [], ...all },
    "RangeError",
    "include_last_offset: number of offset should be at least 1",
  ],
  [
    "all offsets, but not the last",
    [1, 2, 3],
    { offsets: [0, 2], ...all },
    "RangeError",
    "include_last_offset",
    "length 3, but got 2",
  ],
  ["all offsets and more", [1, 2, 3], { offsets: [0, 4], ...all }, "RangeError", past(3, 4)],
  ["all offsets, going back", [1, 2, 3], { offsets: [0, 2, 1, 3], ...all }, "RangeError", "offsets[2] is 1"],
  ["a tensor of float offsets", [1, 2], { offsets: tensor([0, 1]) }, "TypeError", "offsets"],
  ["float offsets, named as such", [1, 2], { offsets: Float32Array.of(0, 1) }, "TypeError", "offsets"],
  ["a fraction among offsets", [1, 2], { offsets: [0, 0.5] }, "TypeError", "offsets[1]", "0.5"],
  ["NaN among offsets", [1, 2], { offsets: [0, NaN] }, "TypeError", "offsets[1]", "NaN"],
  ["a word among offsets, named as one of them", [1, 2], { offsets: [0, "1"] }, "TypeError", "offsets[1]"],
  ["offsets that are a word", [1], { offsets: "0" }, "TypeError", "offsets"],

  // Indices.
  [
    "one past the end, in a matrix",
    [
      [1, 2],
      [3, 5],
    ],
    {},
    "RangeError",
    found("5"),
    ": input[1][1] is 5",
    "[0, 5)",
  ],
  [
    "a negative index in a matrix",
    [
      [1, 2],
      [-1, 5],
    ],
    {},
    "RangeError",
    found("-1"),
    ": input[1][0] is -1",
  ],
  [
    "an index in a tensor",
    longTensor([
      [1, 2],
      [3, 11],
    ]),
    {},
    "RangeError",
    found("11"),
    ": input[1][1] is 11",
  ],
  ["an index in ragged bags", [[1, 2], [], [3, 4, 5]], {}, "RangeError", found("5"), ": input[2][2] is 5"],
  [
    "an index in typed bags",
    [Int8Array.of(1), Int8Array.of(2, -1)],
    {},
    "RangeError",
    found("-1"),
    ": input[1][1] is -1",
  ],
  [
    "an index that is 1 in 32 bits",
    [[1], BigInt64Array.of(2n ** 32n + 1n)],
    {},
    "RangeError",
    found("4294967297"),
    ": input[1][0]",
  ],
  ["an index in one row", [0, 1, 2, 3, 4, 5], { offsets: [0, 3] }, "RangeError", found("5"), ": input[5] is 5"],
  [
    "-1 in a Uint32Array",
    Uint32Array.of(0, 2 ** 32 - 1),
    { offsets: [0] },
    "RangeError",
    found("4294967295"),
    ": input[1]",
  ],
  ["-1 in a BigInt64Array", BigInt64Array.of(0n, -1n), { offsets: [0] }, "RangeError", found("-1"), ": input[1] is -1"],
  [
    "an index in one bag of many",
    longTensor([0, 9]),
    { offsets: [0, 1, 2] },
    "RangeError",
    found("9"),
    ": input[1] is 9",
  ],
  ["the first of several", [[7], [8]], {}, "RangeError", found("7"), ": input[0][0] is 7"],
  ["an index beside padding", [[2, 2], [9]], { paddingIdx: 2 }, "RangeError", found("9"), ": input[1][0] is 9"],
  ["an index of weight zero", [[9]], { perSampleWeights: [[0]] }, "RangeError", found("9"), ": input[0][0] is 9"],
  ["an index in a maximum", [[0], [9]], { mode: "max" }, "RangeError", found("9"), ": input[1][0] is 9"],

  // What no input can be.
  ["a tensor of floats", ones([2, 2]), {}, "TypeError", "indices"],
  ["a Float32Array", Float32Array.of(1), { offsets: [0] }, "TypeError", "input"],
  ["a Float64Array as a bag, even of whole numbers", [[1], Float64Array.of(1)], {}, "TypeError", "input[1]"],
  ["a fraction", [[1, 0.5]], {}, "TypeError", "input[0][1] is 0.5"],
  ["NaN in ragged bags", [[1], [2, NaN]], {}, "TypeError", "input[1][1] is NaN"],
  ["a word in a bag", [[1], ["2"]], {}, "TypeError", "input[1][0]"],
  ["null in a bag", [[1, null]], {}, "TypeError", "input[0][1]"],
  ["a number among bags", [[1], 2], {}, "TypeError", "input[1]"],
  ["a bag among numbers", [1, [2]], {}, "TypeError", "input["],
  ["null for a bag", [[1], null], {}, "TypeError", "input[1]"],
  ["a hole for a bag", Object.assign(Array(3), { 0: [1], 2: [2] }), {}, "TypeError", "input[1]"],
  ["nothing at all", undefined, {}, "TypeError", "input"],
  ["a word", "12", {}, "TypeError", "input"],

  // Options.
  ["an option that does not exist", [[1]], { maxnorm: 1 }, "TypeError", "maxnorm"],
  ["PyTorch's spelling of an option", [[1]], { per_sample_weights: [[1]] }, "TypeError", "per_sample_weights"],
  ["includeLastOffset that is no boolean", [[1]], { includeLastOffset: 1 }, "TypeError", "includeLastOffset"],
  ["sparse that is no boolean", [[1]], { sparse: "yes" }, "TypeError", "sparse"],
  ["scaleGradByFreq that is no boolean", [[1]], { scaleGradByFreq: 1 }, "TypeError", "scaleGradByFreq"],
  ["maxNorm that is no number", [[1]], { maxNorm: "1" }, "TypeError", "maxNorm"],
  ["normType that is no number", [[1]], { normType: "2" }, "TypeError", "normType"],
];

const VALUES = Float32Array.from({ length: ROWS * DIM }, (_, i) => i - 7);

/** Runs a mistake on a table that has a gradient and a graph, and demands that none of it and no memory has changed. */
function refuses(weight: Tensor, mistake: () => unknown, type: keyof typeof KINDS, words: string[]): void {
  weight.grad = tensor(VALUES, { shape: [ROWS, DIM] });
  const { grad } = weight;
  const squares = weight.mul(weight).sum();
  const before = memory();

  expectError(mistake, KINDS[type], "embedding_bag: ", ...words);

  expect(memory()).toEqual(before);
  expectBits(valuesOf(weight), VALUES);
  expect(weight.grad).toBe(grad);
  expectBits(gradOf(weight), VALUES);
  // The graph from before would see a change in place.
  weight.grad = null;
  squares.backward();
  const slopes = VALUES.map((x) => 2 * x);
  expectBits(gradOf(weight), slopes);
}

const BACKGROUNDS: [string, Options][] = [
  ["", {}],
  [" with maxNorm", { maxNorm: 0.25 }],
  [" of a sparse table with maxNorm and padding", { maxNorm: 0.25, sparse: true, paddingIdx: 1 }],
];

describe.each(BACKGROUNDS)("a bag%s is refused before anything has changed", (_, background) => {
  it.each(MISTAKES)("%s", (_name, input, options, type, ...words) => {
    const weight = tensor(VALUES, { shape: [ROWS, DIM], requiresGrad: true });
    const call = () => F.embeddingBag(input as Input, weight, { ...background, ...options });
    refuses(weight, call, type, words);
  });
});

describe("the module refuses the same, maxNorm set", () => {
  const known = ["offsets", "perSampleWeights"];
  const calls = MISTAKES.filter(([, , options]) => Object.keys(options).every((name) => known.includes(name)));

  it.each(calls)("%s", (_name, input, options, type, ...words) => {
    const module = new nn.EmbeddingBag(ROWS, DIM, { maxNorm: 0.25, weight: tensor(VALUES, { shape: [ROWS, DIM] }) });
    refuses(module.weight, () => module.forward(input as Input, options), type, words);
  });
});

describe("a table is a matrix of floats", () => {
  it.each<[string, () => unknown, keyof typeof KINDS, string]>([
    ["a vector", () => ones([5]), "RangeError", "weight has to be a 2D Tensor, but got Tensor of dimension 1"],
    ["a cube", () => ones([5, 1, 1]), "RangeError", "weight has to be a 2D Tensor, but got Tensor of dimension 3"],
    ["an array", () => [[1]], "TypeError", "weight"],
    ["nothing", () => undefined, "TypeError", "weight"],
    ["integers", () => longTensor([[1], [2]]), "TypeError", "weight"],
  ])("not %s", (_, weight, type, words) => {
    expectError(() => F.embeddingBag([[1]], weight() as Tensor), KINDS[type], "embedding_bag: ", words);
  });

  it.each([
    [0, [[0]], "input[0][0] is 0", "[0, 0)"],
    [1, [[0, 1]], "input[0][1] is 1", "[0, 1)"],
    [70000, [[69999], [70000]], "input[1][0] is 70000", "[0, 70000)"],
  ])("of %i rows, and says so", (rows, input, where, range) => {
    expectError(() => F.embeddingBag(input, zeros([rows, 2])), RangeError, where, range);
  });
});

describe("of two mistakes the one that PyTorch sees first is named", () => {
  const flat = ones([5]);
  it.each<[string, unknown, object, string, Tensor?]>([
    ["weights, table", [[1, 2]], { perSampleWeights: [1] }, "If per_sample_weights", flat],
    ["table, offsets", [[1, 2]], { offsets: [0] }, "weight has to be a 2D Tensor", flat],
    ["offsets of a matrix, mode", [[1, 2]], { offsets: [0], mode: "median" }, MATRIX_OFFSETS],
    ["no offsets, mode", [1, 2], { mode: "median" }, NO_OFFSETS],
    ["rank, mode", cube, { mode: "median" }, RANK],
    [
      "max by frequency, weights",
      [[1]],
      { mode: "max", scaleGradByFreq: true, perSampleWeights: [[1]] },
      "max mode does",
    ],
    [
      "max with weights, padding",
      [[1]],
      { mode: "max", perSampleWeights: [[1]], paddingIdx: 9 },
      "per_sample_weights was",
    ],
    ["padding, the first offset", [1, 2], { offsets: [1], paddingIdx: 9 }, PADDING],
    ["the first offset, the last", [1, 2], { offsets: [1, 9] }, FIRST],
    ["offsets, indices", [1, 9], { offsets: [0, 9] }, past(2, 9)],
  ])("%s", (_, input, options, words, weight = ones([5, 3])) => {
    expect(() => F.embeddingBag(input as Input, weight, options)).toThrow(words);
  });
});
