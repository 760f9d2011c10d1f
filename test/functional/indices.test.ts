import { functional as F, longTensor, memory, nn, type Tensor, tensor, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectError, gradOf, sparseGradOf, valuesOf } from "../tensor/compare.js";

/** Any value, as an index that the types may forbid. */
const wrong = (value: unknown) => value as number;

const DIM = 3;
const ROWS = 300;
const TABLE = Float32Array.from({ length: ROWS * DIM }, (_, i) => Math.fround(Math.sqrt(i) - 7));
const table = (requiresGrad = false) => tensor(TABLE, { shape: [ROWS, DIM], requiresGrad });

/** Plain indexing. */
const rowsAt = (index: number[]) => index.flatMap((row) => Array.from(TABLE.subarray(row * DIM, (row + 1) * DIM)));

const INDEX = [3, 0, 7, 3, 127];
const shared = new Int32Array(new SharedArrayBuffer(4 * INDEX.length));
shared.set(INDEX);

describe("an index may come in any form", () => {
  const forms: [string, Parameters<typeof F.embedding>[0]][] = [
    ["an array", INDEX],
    ["a frozen array", Object.freeze([...INDEX])],
    ["an int32 tensor", longTensor(INDEX)],
    ["an Int8Array", Int8Array.from(INDEX)],
    ["a Uint8Array", Uint8Array.from(INDEX)],
    ["a Uint8ClampedArray", Uint8ClampedArray.from(INDEX)],
    ["an Int16Array", Int16Array.from(INDEX)],
    ["a Uint16Array", Uint16Array.from(INDEX)],
    ["an Int32Array", Int32Array.from(INDEX)],
    ["a Uint32Array", Uint32Array.from(INDEX)],
    ["a BigInt64Array", BigInt64Array.from(INDEX, BigInt)],
    ["a BigUint64Array", BigUint64Array.from(INDEX, BigInt)],
    ["part of an Int32Array", Int32Array.from([9, ...INDEX, 9]).subarray(1, 6)],
    ["part of a tensor", longTensor([9, ...INDEX, 9]).narrow(0, 1, 5)],
    ["shared memory", shared],
    ["a Buffer", Buffer.from(INDEX)],
    ["a tensor of typed integers", tensor(Int16Array.from(INDEX))],
    ["a tensor of 64-bit integers", longTensor(BigInt64Array.from(INDEX, BigInt))],
    ["an array with minus zero", [3, -0, 7, 3, 127]],
  ];

  it.each(forms)("%s gives the rows and their gradient", (_, form) => {
    const weight = table(true);
    const out = F.embedding(form, weight);
    expect(out.shape).toEqual([5, DIM]);
    expectBits(valuesOf(out), rowsAt(INDEX));
    out.sum().backward();
    const counts = new Float32Array(ROWS * DIM);
    for (const row of INDEX) for (let j = 0; j < DIM; j++) counts[row * DIM + j]++;
    expectBits(gradOf(weight), counts);
  });

  it("the last row of the table is in range for every form that can say it", () => {
    for (const form of [[299], Int16Array.of(299), Uint32Array.of(299), BigInt64Array.of(299n), longTensor([299])]) {
      expectBits(valuesOf(F.embedding(form, table())), rowsAt([299]));
    }
  });

  it("a tensor used as an index keeps its values and stays usable", () => {
    const index = longTensor(INDEX);
    F.embedding(index, table(true)).sum().backward();
    expect(index.toArray()).toEqual(INDEX);
    expect(index.isDisposed).toBe(false);
  });

  it("an array changed after the lookup changes nothing", () => {
    const weight = table(true);
    const index = Int32Array.of(1, 2);
    const out = F.embedding(index, weight);
    index.fill(5);
    out.sum().backward();
    expect(gradOf(weight).findIndex((x) => x !== 0)).toBe(DIM);
    expect(weight.grad!.at(5).toArray()).toEqual([0, 0, 0]);
  });
});

describe("the output has the shape of the index and one dimension more", () => {
  const flat = [5, 0, 2, 299, 7, 1, 2, 2];
  const shapes: [string, Parameters<typeof F.embedding>[0], number[], number[]][] = [
    ["a number", 5, [], [5]],
    ["a 0-D tensor", longTensor(5), [], [5]],
    ["rank 1", flat, [8], flat],
    ["rank 2", [flat.slice(0, 4), flat.slice(4)], [2, 4], flat],
    ["rank 3", [[flat.slice(0, 4)], [flat.slice(4)]], [2, 1, 4], flat],
    ["rank 4", [[[flat.slice(0, 2), flat.slice(2, 4)]], [[flat.slice(4, 6), flat.slice(6)]]], [2, 1, 2, 2], flat],
    ...[[8], [2, 4], [2, 1, 4], [2, 1, 2, 2], [1, 1, 1, 1, 8]].map((shape): [string, Tensor, number[], number[]] => [
      `a tensor of rank ${shape.length}`,
      longTensor(flat, { shape }),
      shape,
      flat,
    ]),
    ["an empty array", [], [0], []],
    ["an empty typed array", new Int32Array(0), [0], []],
    ["an empty 64-bit array", new BigInt64Array(0), [0], []],
    ["empty rows", [[], []], [2, 0], []],
    ["an empty tensor", longTensor([], { shape: [0] }), [0], []],
    ["an empty tensor of rank 3", longTensor([], { shape: [2, 0, 3] }), [2, 0, 3], []],
    ["an empty typed array of rank 3", longTensor(new Int32Array(0), { shape: [2, 0, 3] }), [2, 0, 3], []],
  ];

  it.each(shapes)("%s", (_, index, shape, flatIndex) => {
    for (const sparse of [false, true]) {
      const weight = table(true);
      const out = F.embedding(index, weight, { sparse });
      expect(out.shape).toEqual([...shape, DIM]);
      expectBits(valuesOf(out), rowsAt(flatIndex));
      out.backward(out.detach());
      const sums = new Float32Array(ROWS * DIM);
      for (const row of flatIndex) for (let j = 0; j < DIM; j++) sums[row * DIM + j] += TABLE[row * DIM + j];
      expectBits(gradOf(weight), sums);
      if (sparse) expect(sparseGradOf(weight).nnz).toBe(flatIndex.length);
    }
  });
});

interface BadIndex {
  name: string;
  index: unknown;
  type: typeof TypeError | typeof RangeError;
  words: string[];
}

const range = (name: string, index: unknown, where: string): BadIndex => ({
  name,
  index,
  type: RangeError,
  words: ["index out of range in self", `: ${where}, valid range is [0, 10)`],
});
const kind = (name: string, index: unknown, ...words: string[]): BadIndex => ({ name, index, type: TypeError, words });

const BAD: BadIndex[] = [
  range("one past the end", [0, 10], "input[1] is 10"),
  range(
    "far past the end, in a matrix",
    [
      [1, 2, 3],
      [4, 5, 12],
    ],
    "input[1][2] is 12",
  ),
  range(
    "the first of several",
    [
      [1, 11, 3],
      [12, 5, -1],
    ],
    "input[0][1] is 11",
  ),
  range(
    "in rank 3",
    [
      [
        [0, 1],
        [2, 10],
      ],
    ],
    "input[0][1][1] is 10",
  ),
  range("in rank 4", [[[[0], [1]]], [[[2], [10]]]], "input[1][0][1][0] is 10"),
  range("a number alone", 12, "input is 12"),
  range("a negative number alone", -1, "input is -1"),
  range("negative", [-1], "input[0] is -1"),
  range("negative at the end", [1, 2, -10], "input[2] is -10"),
  range("2 to the 31", [2 ** 31], "input[0] is 2147483648"),
  range("2 to the 32, which is 0 in 32 bits", [2 ** 32], "input[0] is 4294967296"),
  range("2 to the 53", [0, 2 ** 53], "input[1] is 9007199254740992"),
  range("in an Int8Array", Int8Array.of(1, -1), "input[1] is -1"),
  range("in a Uint8Array", Uint8Array.of(255), "input[0] is 255"),
  range("in a Uint8ClampedArray", Uint8ClampedArray.of(1, 300), "input[1] is 255"),
  range("in an Int16Array", Int16Array.of(1, 10), "input[1] is 10"),
  range("in a Uint16Array", Uint16Array.of(65535), "input[0] is 65535"),
  range("in an Int32Array", Int32Array.of(0, 9, 10), "input[2] is 10"),
  range("negative in an Int32Array", Int32Array.of(-(2 ** 31)), "input[0] is -2147483648"),
  range("in a Uint32Array, -1 in 32 bits", Uint32Array.of(0, 2 ** 32 - 1), "input[1] is 4294967295"),
  range("in a BigInt64Array", BigInt64Array.of(1n, 10n), "input[1] is 10"),
  range("negative in a BigInt64Array", BigInt64Array.of(-1n), "input[0] is -1"),
  range(
    "beyond int32 in a BigInt64Array, 1 in 32 bits",
    BigInt64Array.of(0n, 2n ** 32n + 1n),
    "input[1] is 4294967297",
  ),
  range("beyond doubles in a BigInt64Array", BigInt64Array.of(2n ** 53n + 1n), "input[0] is 9007199254740993"),
  range("in a BigUint64Array, -1 in 64 bits", BigUint64Array.of(2n ** 64n - 1n), "input[0] is 18446744073709551615"),
  range("in a tensor", longTensor([[0], [10]]), "input[1][0] is 10"),
  range("in a 0-D tensor", longTensor(-1), "input is -1"),
  range("in part of a tensor", longTensor([0, 1, 10]).narrow(0, 1, 2), "input[1] is 10"),
  range(
    "after a thousand good ones",
    Int32Array.from({ length: 1001 }, (_, i) => (i === 1000 ? 10 : i % 10)),
    "input[1000] is 10",
  ),
  kind("a fraction", [0, 1.5], "input[1] is 1.5"),
  kind("a fraction alone", 0.5, "input is 0.5"),
  kind("a fraction out of range", [[0, -0.5]], "input[0][1] is -0.5"),
  kind("NaN", [NaN], "input[0] is NaN"),
  kind("Infinity", [0, Infinity], "input[1] is Infinity"),
  kind("minus Infinity alone", -Infinity, "input is -Infinity"),
  kind("a string", "1", "input", '"1"'),
  kind("a string in an array", ["1"], "input[0]", '"1"'),
  kind("a boolean", true, "input", "true"),
  kind("booleans", [0, true], "input[1]", "true"),
  kind("a bigint", 1n, "input", "1"),
  kind("bigints in an array", [1n], "input[0]", "1"),
  kind("null", null, "input", "null"),
  kind("undefined", undefined, "input", "undefined"),
  kind("null in an array", [1, null], "input[1]", "null"),
  kind("a hole", new Array(2), "input[0]", "undefined"),
  kind("an object", { length: 1, 0: 1 }, "input", "object"),
  kind("a Set", new Set([1]), "input", "Set"),
  kind("a function", () => 1, "input", "function"),
  kind("a symbol", Symbol("one"), "input", "Symbol"),
  kind("ragged rows", [[1, 2], [3]], "sequence of length 2 at dim 1 (got 1)", "input[1]"),
  kind("rows that grow", [[1], [2, 3]], "sequence of length 1 at dim 1 (got 2)", "input[1]"),
  kind("a number among rows", [[1], 2], "input[1]"),
  kind("a row among numbers", [1, [2]], "input[1]"),
  kind(
    "ragged deep inside",
    [
      [
        [1, 2],
        [3, 4],
      ],
      [[5, 6], [7]],
    ],
    "input[1][1]",
  ),
  kind("a typed array among numbers", [1, Int32Array.of(2)], "input[1]"),
  kind("a tensor among numbers", [1, longTensor(2)], "input[1]"),
  kind(
    "a float32 tensor",
    tensor([1]),
    "argument #1 'indices'",
    "Long, Int; but got torch.FloatTensor instead",
    "longTensor",
  ),
  kind("an empty float32 tensor", zeros([0]), "argument #1 'indices'"),
  kind("a Float32Array", Float32Array.of(1), "Float32Array"),
  kind("a Float64Array", Float64Array.of(1), "Float64Array"),
  kind("an empty Float32Array", new Float32Array(0), "Float32Array"),
  kind("a DataView", new DataView(new ArrayBuffer(8)), "DataView"),
  kind("an ArrayBuffer", new ArrayBuffer(8), "ArrayBuffer"),
];

const OPTIONS: [string, nn.TableOptions][] = [
  ["", {}],
  [" of a sparse table", { sparse: true }],
  [" with maxNorm", { maxNorm: 0.25 }],
  [" with maxNorm, sparse", { maxNorm: 0.25, sparse: true, paddingIdx: 1 }],
];

describe.each(OPTIONS)("a bad index%s is refused before anything has changed", (_, options) => {
  it.each(BAD.map((bad) => [bad.name, bad.type.name, bad] as const))("%s: %s", (_name, _type, bad) => {
    const values = Float32Array.from({ length: 40 }, (__, i) => i - 20);
    const module = new nn.Embedding(10, 4, { ...options, weight: tensor(values, { shape: [10, 4] }) });
    module.weight.grad = tensor(values, { shape: [10, 4] });
    const grad = module.weight.grad;
    const before = memory();

    expectError(() => module.forward(wrong(bad.index)), bad.type, "embedding: ", ...bad.words);

    expect(memory()).toEqual(before);
    expectBits(valuesOf(module.weight), values);
    expect(module.weight.grad).toBe(grad);
    expectBits(gradOf(module.weight), values);
    module.dispose();
  });
});

it("a graph made before a bad index still runs", () => {
  const module = new nn.Embedding(10, 4, { maxNorm: 0.25 });
  const squares = module.weight.mul(module.weight).sum();
  expectError(() => module.forward([0, 10]), RangeError, "input[1] is 10");
  expect(() => squares.backward()).not.toThrow();
});

describe("a table of any size says its own range", () => {
  it.each([
    [0, [0], "input[0] is 0, valid range is [0, 0)"],
    [1, [1], "input[0] is 1, valid range is [0, 1)"],
    [70000, [69999, 70000], "input[1] is 70000, valid range is [0, 70000)"],
  ])("%i rows", (rows, index, words) => {
    expectError(() => F.embedding(index, zeros([rows, 2])), RangeError, words);
  });
});

describe("oneHot", () => {
  it("takes every form of index", () => {
    for (const form of [[0, 2], Uint8Array.of(0, 2), BigInt64Array.of(0n, 2n), longTensor([0, 2])]) {
      const hot = F.oneHot(form);
      expect(hot.dtype).toBe("int32");
      expect(hot.toArray()).toEqual([
        [1, 0, 0],
        [0, 0, 1],
      ]);
    }
  });

  it("says where a class is too large", () => {
    expectError(
      () =>
        F.oneHot(
          [
            [0, 1],
            [5, 1],
          ],
          5,
        ),
      RangeError,
      "input[1][0] is 5, valid range is [0, 5)",
    );
  });

  it("needs no class count for what is empty but given one", () => {
    expect(F.oneHot([], 3).shape).toEqual([0, 3]);
  });
});
