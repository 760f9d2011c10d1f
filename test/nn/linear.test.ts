import { functional as F, Generator, manualSeed, memory, nn, rand, randn, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError, gradOf, valuesOf } from "../tensor/compare.js";

describe("a Linear", () => {
  it("is F.linear with its weight and bias", () => {
    const layer = new nn.Linear(3, 2);
    layer.weight.data.copy_([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    layer.bias!.data.copy_([10, 20]);
    expect(layer.forward(tensor([1, 0, -1])).toArray()).toEqual([8, 18]);
    const x = randn([4, 5, 3]);
    expect(layer.forward(x).toArray()).toEqual(F.linear(x, layer.weight, layer.bias).toArray());
    const plain = new nn.Linear(3, 2, { bias: false });
    expect(plain.bias).toBeNull();
    expect(plain.forward(x).toArray()).toEqual(F.linear(x, plain.weight).toArray());
  });

  it("has its sizes, and parameters of these shapes that learn", () => {
    const layer = new nn.Linear(3, 2);
    expect([layer.inFeatures, layer.outFeatures]).toEqual([3, 2]);
    expect([layer.weight.shape, layer.bias!.shape]).toEqual([[2, 3], [2]]);
    layer
      .forward(
        tensor([
          [1, 2, 3],
          [1, 1, 1],
        ]),
      )
      .sum()
      .backward();
    expect([gradOf(layer.weight), gradOf(layer.bias!)]).toEqual([
      Float32Array.of(2, 3, 4, 2, 3, 4),
      Float32Array.of(2, 2),
    ]);
  });

  it("starts within 1 / sqrt(inFeatures), other numbers each time", () => {
    manualSeed(1);
    const layers = [new nn.Linear(16, 50), new nn.Linear(16, 50)];
    for (const layer of layers) {
      for (const parameter of layer.parameters()) {
        const values = valuesOf(parameter);
        expect(values.every((x) => Math.abs(x) <= 0.25)).toBe(true);
        expect(values.some((x) => Math.abs(x) > 0.2)).toBe(true);
      }
    }
    expect(valuesOf(layers[0].weight)).not.toEqual(valuesOf(layers[1].weight));
    layers[0].resetParameters();
    expect(valuesOf(layers[0].weight)).not.toEqual(valuesOf(layers[1].weight));
  });

  it("may lose its bias", () => {
    const layer = new nn.Linear(2, 2);
    layer.bias = null;
    expect(String(layer)).toBe("Linear(in_features=2, out_features=2, bias=False)");
    expect(layer.forward(tensor([0, 0])).toArray()).toEqual([0, 0]);
    layer.resetParameters();
  });

  it("with sizes of 0 gives nothing, or the bias", () => {
    const empty = new nn.Linear(0, 2);
    expect(empty.forward(randn([3, 0])).toArray()).toEqual(Array(3).fill([0, 0]));
    expect(new nn.Linear(2, 0).forward(randn([3, 2])).shape).toEqual([3, 0]);
  });

  it("frees all it holds", () => {
    const before = memory();
    for (const bias of [true, false]) new nn.Linear(3, 2, { bias }).dispose();
    expect(memory()).toEqual(before);
  });

  it.each<[string, () => unknown, typeof TypeError | typeof RangeError, string]>([
    ["a negative size", () => new nn.Linear(-1, 2), RangeError, "negative dimension -1: [2, -1]"],
    ["a fraction", () => new nn.Linear(2.5, 2), TypeError, "found element 2.5 at pos 1"],
    ["a missing size", () => new nn.Linear(2, undefined as never), TypeError, "found element undefined at pos 0"],
    ["a size beyond memory", () => new nn.Linear(2 ** 31, 2), RangeError, "out of linear memory"],
    ["a table beyond memory", () => new nn.Linear(2 ** 17, 2 ** 17), RangeError, "out of linear memory"],
    ["a bias that is no boolean", () => new nn.Linear(2, 2, { bias: 1 as never }), TypeError, "'bias'"],
    ["a bias as a position", () => new nn.Linear(2, 2, false as never), TypeError, "options must be an object"],
    ["a generator that is none", () => new nn.Linear(2, 2, { generator: 1 as never }), TypeError, "Generator"],
    ["an unknown option", () => new nn.Linear(2, 2, { inplace: true } as never), TypeError, "'inplace'"],
    [
      "an unknown option of resetParameters",
      () => new nn.Linear(2, 2, { generator: new Generator() }).resetParameters({ seed: 1 } as never),
      TypeError,
      "'seed'",
    ],
  ])("with %s is refused, and nothing has been drawn", (_, make, type, words) => {
    manualSeed(1);
    const undrawn = rand([1]).item();
    manualSeed(1);
    expectError(make, type, words);
    expect(rand([1]).item()).toBe(undrawn);
  });

  it("that is refused leaves no memory behind", () => {
    const before = memory();
    expectError(() => new nn.Linear(3, 2, { generator: 1 as never }), TypeError, "Generator");
    expectError(() => new nn.Linear(3, 2, { bias: null as never }), TypeError, "bias");
    expect(memory()).toEqual(before);
  });

  it.each<[string, unknown, typeof TypeError | typeof RangeError]>([
    ["other features", randn([4, 2]), RangeError],
    ["an array", [[1, 2, 3]], TypeError],
    ["nothing", undefined, TypeError],
  ])("refuses %s as input", (_, input, type) => {
    expectError(() => new nn.Linear(3, 2).forward(input as never), type, "linear");
  });
});

describe("a ReLU", () => {
  it("is max(x, 0), without parameters", () => {
    const layer = new nn.ReLU();
    expect(layer.forward(tensor([-1, 0, 2])).toArray()).toEqual([0, 0, 2]);
    expect([...layer.parameters()]).toEqual([]);
    expect(Object.keys(layer.stateDict())).toEqual([]);
  });
});
