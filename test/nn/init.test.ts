import {
  Generator,
  longTensor,
  manualSeed,
  memory,
  nn,
  ones,
  rand,
  randn,
  type Tensor,
  tensor,
  zeros,
} from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError, valuesOf } from "../tensor/compare.js";

const { init } = nn;

describe("an initializer", () => {
  it.each([
    ["ones_", (p: Tensor) => init.ones_(p), (x: number) => x === 1],
    ["zeros_", (p: Tensor) => init.zeros_(p), (x: number) => x === 0],
    ["constant_", (p: Tensor) => init.constant_(p, 0.5), (x: number) => x === 0.5],
    ["uniform_", (p: Tensor) => init.uniform_(p, { a: 2, b: 3 }), (x: number) => x >= 2 && x < 3],
    ["normal_", (p: Tensor) => init.normal_(p, { mean: 100, std: 0 }), (x: number) => x === 100],
  ])("%s fills a parameter in place and returns it", (_, fill, rule) => {
    const p = new nn.Parameter(tensor([-9, -9, -9]));
    expect(fill(p)).toBe(p);
    expect(valuesOf(p).every(rule)).toBe(true);
    expect([p.requiresGrad, p.isLeaf]).toEqual([true, true]);
  });

  it("draws what the tensor's own method draws", () => {
    for (const [fill, method] of [
      [(p: Tensor) => init.uniform_(p, { a: -1, b: 2 }), (p: Tensor) => p.uniform_(-1, 2)],
      [(p: Tensor) => init.normal_(p, { mean: 3, std: 2 }), (p: Tensor) => p.normal_(3, 2)],
      [(p: Tensor) => init.uniform_(p), (p: Tensor) => p.uniform_(0, 1)],
      [(p: Tensor) => init.normal_(p), (p: Tensor) => p.normal_(0, 1)],
    ]) {
      const [a, b] = [randn([20]), randn([20])];
      manualSeed(3);
      fill(a);
      manualSeed(3);
      method(b);
      expect(valuesOf(a)).toEqual(valuesOf(b));
    }
  });
});

describe("the initializers of whole layers", () => {
  const named: [string, (x: Tensor, options?: never) => Tensor][] = [
    ["xavierUniform_", init.xavierUniform_],
    ["xavierNormal_", init.xavierNormal_],
    ["kaimingUniform_", init.kaimingUniform_],
    ["kaimingNormal_", init.kaimingNormal_],
  ];

  it.each(named)(
    "%s draws from the generator it is given and returns its tensor, a parameter outside any graph",
    (_, fill) => {
      const p = new nn.Parameter(zeros([4, 5]));
      manualSeed(1);
      const undrawn = rand([1]).item();
      manualSeed(1);
      expect(fill(p, { generator: new Generator().manualSeed(2) } as never)).toBe(p);
      expect(rand([1]).item()).toBe(undrawn);
      expect([p.requiresGrad, p.isLeaf, p.gradFn]).toEqual([true, true, null]);
      expect(new Set(valuesOf(p)).size).toBe(20);
      const q = zeros([4, 5]);
      fill(q, { generator: new Generator().manualSeed(2) } as never);
      expect(valuesOf(q)).toEqual(valuesOf(p));
    },
  );

  it.each(named)("%s leaves a tensor without elements alone and draws nothing", (_, fill) => {
    manualSeed(1);
    const undrawn = rand([1]).item();
    manualSeed(1);
    for (const shape of [
      [0, 0],
      [0, 3],
      [3, 0],
      [2, 0, 4],
    ])
      expect(fill(zeros(shape)).shape).toEqual(shape);
    expect(rand([1]).item()).toBe(undrawn);
  });

  it("have the deviation that keeps the variance", () => {
    const deviation = (x: Tensor) => Math.sqrt(x.mul(x).mean().item());
    const generator = new Generator().manualSeed(6);
    const x = zeros([300, 200]);
    expect(deviation(init.xavierUniform_(x, { gain: 2, generator }))).toBeCloseTo(2 * Math.sqrt(2 / 500), 2);
    expect(deviation(init.xavierNormal_(x, { generator }))).toBeCloseTo(Math.sqrt(2 / 500), 3);
    expect(deviation(init.kaimingUniform_(x, { nonlinearity: "relu", generator }))).toBeCloseTo(Math.sqrt(2 / 200), 2);
    expect(deviation(init.kaimingNormal_(x, { mode: "fanOut", nonlinearity: "linear", generator }))).toBeCloseTo(
      Math.sqrt(1 / 300),
      3,
    );
    const filter = zeros([20, 30, 5, 7]);
    expect(deviation(init.kaimingNormal_(filter, { nonlinearity: "linear", generator }))).toBeCloseTo(
      Math.sqrt(1 / (30 * 35)),
      3,
    );
    expect(deviation(init.xavierUniform_(filter, { generator }))).toBeCloseTo(Math.sqrt(2 / (50 * 35)), 3);
  });
});

describe("calculateGain", () => {
  it("takes the slope of a leaky ReLU and ignores it elsewhere", () => {
    expect(init.calculateGain("leaky_relu", 0)).toBe(Math.sqrt(2));
    expect(init.calculateGain("leaky_relu")).toBe(Math.sqrt(2 / (1 + 0.01 * 0.01)));
    expect(init.calculateGain("tanh", 3)).toBe(5 / 3);
  });
});

describe("an initializer that cannot be is refused, and nothing has been filled or drawn", () => {
  const fans = "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions";
  const matrix = () => ones([2, 3]);

  it.each<[string, () => Tensor, (x: Tensor) => unknown, typeof TypeError | typeof RangeError, string]>([
    ["xavier of a vector", () => ones([3]), (x) => init.xavierUniform_(x), RangeError, fans],
    ["xavier of a number", () => ones([]), (x) => init.xavierNormal_(x), RangeError, fans],
    ["kaiming of a vector", () => ones([3]), (x) => init.kaimingNormal_(x), RangeError, fans],
    ["kaiming of a number", () => ones([]), (x) => init.kaimingUniform_(x), RangeError, fans],
    ["an unknown mode", matrix, (x) => init.kaimingUniform_(x, { mode: "fan_in" as never }), TypeError, "Mode fan_in"],
    ["a mode that is no word", matrix, (x) => init.kaimingUniform_(x, { mode: 1 as never }), TypeError, "Mode 1 "],
    [
      "an unknown nonlinearity",
      matrix,
      (x) => init.kaimingUniform_(x, { nonlinearity: "gelu" as never }),
      TypeError,
      "Unsupported nonlinearity gelu",
    ],
    [
      "a name that every object has",
      matrix,
      (x) => init.kaimingUniform_(x, { nonlinearity: "toString" as never }),
      TypeError,
      "Unsupported nonlinearity toString",
    ],
    ["a symbol", matrix, () => init.calculateGain(Symbol("s") as never), TypeError, "Unsupported nonlinearity"],
    ["a slope that is no number", matrix, (x) => init.kaimingNormal_(x, { a: "1" as never }), TypeError, "'a'"],
    ["a gain that is no number", matrix, (x) => init.xavierNormal_(x, { gain: null as never }), TypeError, "'gain'"],
    ["a negative gain", matrix, (x) => init.xavierUniform_(x, { gain: -1 }), RangeError, "found from="],
    ["a negative deviation", matrix, (x) => init.xavierNormal_(x, { gain: -1 }), RangeError, "expects std >= 0.0"],
    ["a slope that is NaN", matrix, (x) => init.kaimingNormal_(x, { a: NaN }), RangeError, "expects std >= 0.0"],
    ["a gain without end", matrix, (x) => init.xavierUniform_(x, { gain: Infinity }), RangeError, "uniform_"],
    ["an unknown option", matrix, (x) => init.xavierUniform_(x, { mode: "fanIn" } as never), TypeError, "'mode'"],
    ["no options", matrix, (x) => init.kaimingUniform_(x, null as never), TypeError, "options must be an object"],
    [
      "a generator that is none",
      matrix,
      (x) => init.xavierUniform_(x, { generator: 3 as never }),
      TypeError,
      "Generator",
    ],
    ["integers", () => longTensor([[1, 2]]), (x) => init.xavierUniform_(x), TypeError, "float32"],
    ["an array", matrix, () => init.kaimingUniform_([[1]] as never), TypeError, "expected a Tensor"],
    ["ones of an array", matrix, () => init.ones_([1] as never), TypeError, "expected a Tensor"],
  ])("%s", (_, make, fill, type, words) => {
    const x = make();
    const values = valuesOf(x);
    manualSeed(1);
    const undrawn = rand([1]).item();
    manualSeed(1);
    const before = memory();
    expectError(() => fill(x), type, words);
    expect(memory()).toEqual(before);
    expect(valuesOf(x)).toEqual(values);
    expect(rand([1]).item()).toBe(undrawn);
  });

  it("between forward and backward is seen: the graph had saved the values", () => {
    const p = new nn.Parameter(ones([2, 2]));
    const loss = p.mul(p).sum();
    init.xavierUniform_(p);
    expectError(() => loss.backward(), Error, "modified by an inplace operation");
  });
});
