import { Generator, longTensor, manualSeed, memory, nn, ones, randn, tensor, tidy } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectError, valuesOf } from "../tensor/compare.js";

describe("the constructor", () => {
  it("has PyTorch's defaults", () => {
    const bag = new nn.EmbeddingBag(3, 2);
    const { numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = bag;
    expect([numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType]).toEqual([3, 2, null, null, 2]);
    expect([scaleGradByFreq, sparse, bag.mode, bag.includeLastOffset]).toEqual([false, false, "mean", false]);
    expect([bag.weight.shape, bag.weight.requiresGrad]).toEqual([[3, 2], true]);
  });

  it("keeps its options, paddingIdx counted from the front, and lets them be changed", () => {
    const weight = [[1], [2], [6]];
    const bag = new nn.EmbeddingBag(3, 1, { paddingIdx: -1, mode: "sum", includeLastOffset: true, weight });
    expect([bag.paddingIdx, bag.mode, bag.includeLastOffset]).toEqual([2, "sum", true]);
    expect(bag.forward([0, 1, 2], { offsets: [0, 3] }).toArray()).toEqual([[3]]);
    Object.assign(bag, { paddingIdx: null, mode: "max", includeLastOffset: false });
    expect(bag.forward([0, 1, 2], { offsets: [0] }).toArray()).toEqual([[6]]);
    expect(String(bag)).toBe("EmbeddingBag(3, 1, mode='max')");
  });

  it("draws what an Embedding of the same seed draws, its padding row zero", () => {
    const options = { paddingIdx: 1, generator: new Generator().manualSeed(3) };
    const bag = new nn.EmbeddingBag(4, 5, options);
    const rows = new nn.Embedding(4, 5, { ...options, generator: new Generator().manualSeed(3) });
    expectBits(valuesOf(bag.weight), valuesOf(rows.weight));
    bag.resetParameters({ generator: new Generator().manualSeed(3) });
    expectBits(valuesOf(bag.weight), valuesOf(rows.weight));
  });

  it.each<[object, typeof TypeError | typeof RangeError, string]>([
    [{ includeLastOffset: 1 }, TypeError, "includeLastOffset"],
    [{ sparse: "yes" }, TypeError, "sparse"],
    [{ scaleGradByFreq: 1 }, TypeError, "scaleGradByFreq"],
    [{ maxNorm: "1" }, TypeError, "maxNorm"],
    [{ normType: null }, TypeError, "normType"],
    [{ paddingIdx: 0.5 }, TypeError, "paddingIdx"],
    [{ paddingIdx: 2 }, RangeError, "padding_idx must be within num_embeddings"],
    [{ offsets: [0] }, TypeError, "offsets"],
    [{ perSampleWeights: [1] }, TypeError, "perSampleWeights"],
    [{ weight: [[1, 2]] }, RangeError, "Shape of weight does not match num_embeddings and embedding_dim"],
    [
      {
        weight: longTensor([
          [1, 2],
          [3, 4],
        ]),
      },
      TypeError,
      "floating point",
    ],
  ])("refuses %o, draws nothing and keeps nothing", (options, type, words) => {
    manualSeed(1);
    const expected = randn([3]).toArray();
    manualSeed(1);
    const before = memory();
    expectError(() => new nn.EmbeddingBag(2, 2, options), type, words);
    expect(memory()).toEqual(before);
    expect(randn([3]).toArray()).toEqual(expected);
  });

  it("a mode that does not exist is refused no later than by forward", () => {
    const call = () => new nn.EmbeddingBag(2, 2, { mode: "median" as never }).forward([[1]]);
    expectError(call, TypeError, "mode has to be one of sum, mean or max");
  });
});

describe("fromPretrained", () => {
  it("freezes unless told otherwise, shares a tensor and copies an array", () => {
    const given = ones([2, 2]);
    const bag = nn.EmbeddingBag.fromPretrained(given, { mode: "sum" });
    expect([bag.weight.requiresGrad, bag.mode]).toEqual([false, "sum"]);
    given.fill_(3);
    expect(bag.forward([[0, 1]]).toArray()).toEqual([[6, 6]]);
    const array = Float32Array.of(1, 2);
    const copy = nn.EmbeddingBag.fromPretrained(tensor(array, { shape: [1, 2] }), { freeze: false });
    array.fill(9);
    expect([copy.weight.requiresGrad, copy.weight.toArray()]).toEqual([true, [[1, 2]]]);
  });

  it.each<[string, () => unknown, typeof TypeError | typeof RangeError, string]>([
    ["a vector", () => nn.EmbeddingBag.fromPretrained(ones([2])), RangeError, "expected to be 2-dimensional"],
    [
      "integers, frozen or not, as PyTorch",
      () => nn.EmbeddingBag.fromPretrained(longTensor([[1]])),
      TypeError,
      "floating point",
    ],
    ["a second table", () => nn.EmbeddingBag.fromPretrained([[1]], { weight: [[2]] } as object), TypeError, "weight"],
    ["a generator", () => nn.EmbeddingBag.fromPretrained([[1]], { generator: 1 } as object), TypeError, "generator"],
  ])("refuses %s", (_, mistake, type, words) => {
    expectError(mistake, type, words);
  });
});

describe("as a module", () => {
  it("its state dict is its weight, and goes into another", () => {
    const [one, two] = [new nn.EmbeddingBag(3, 2), new nn.EmbeddingBag(3, 2)];
    expect(Object.keys(one.stateDict())).toEqual(["weight"]);
    two.loadStateDict(one.stateDict());
    expectBits(valuesOf(two.weight), valuesOf(one.weight));
    expect([...one.parameters()]).toEqual([one.weight]);
  });

  it("forward takes offsets and weights and nothing else", () => {
    const bag = new nn.EmbeddingBag(3, 2);
    expectError(() => bag.forward([[1]], { mode: "sum" } as object), TypeError, "mode");
    expectError(() => bag.forward([[1]], null as never), TypeError, "options must be an object");
  });

  it("survives the tidy it was made in, and gives its memory back", () => {
    const before = memory();
    const bag = tidy(() => ({ made: [new nn.EmbeddingBag(3, 2)] })).made[0];
    tidy(() => expect(bag.forward([[1]]).shape).toEqual([1, 2]));
    bag.dispose();
    expect(memory()).toEqual(before);
  });
});
