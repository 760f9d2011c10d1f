import { Generator, longTensor, manualSeed, memory, nn, ones, randn, tensor, tidy, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectError, valuesOf } from "../tensor/compare.js";

describe("the constructor", () => {
  it("keeps its options, paddingIdx counted from the front, and lets them be changed", () => {
    const table = new nn.Embedding(10, 3, {
      paddingIdx: -2,
      maxNorm: 1.5,
      normType: 1,
      scaleGradByFreq: true,
      sparse: true,
    });
    const { numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = table;
    expect([numEmbeddings, embeddingDim, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse]).toEqual([
      10,
      3,
      8,
      1.5,
      1,
      true,
      true,
    ]);
    expect([table.weight.shape, table.weight.requiresGrad]).toEqual([[10, 3], true]);

    Object.assign(table, { sparse: false, paddingIdx: null, maxNorm: null, scaleGradByFreq: false });
    table.forward([8, 8]).sum().backward();
    expect(table.weight.grad!.at(8).toArray()).toEqual([2, 2, 2]);
    expect(String(table)).toBe("Embedding(10, 3, norm_type=1)");
  });

  it("has PyTorch's defaults", () => {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = new nn.Embedding(1, 1);
    expect([paddingIdx, maxNorm, normType, scaleGradByFreq, sparse]).toEqual([null, null, 2, false, false]);
    const same = new nn.Embedding(1, 1, { paddingIdx: null, maxNorm: null, weight: undefined });
    expect([same.paddingIdx, same.maxNorm]).toEqual([null, null]);
  });

  it.each([
    ["no rows", 0, 5],
    ["no columns", 5, 0],
    ["nothing", 0, 0],
  ])("makes a table of %s", (_, rows, dim) => {
    const table = new nn.Embedding(rows, dim);
    expect([table.weight.shape, table.weight.numel]).toEqual([[rows, dim], 0]);
    expect(table.forward([]).shape).toEqual([0, dim]);
  });

  it.each<[string, object, typeof TypeError | typeof RangeError, string]>([
    ["paddingIdx", { paddingIdx: 1.5 }, TypeError, "paddingIdx"],
    ["paddingIdx", { paddingIdx: "1" }, TypeError, "paddingIdx"],
    ["paddingIdx", { paddingIdx: NaN }, TypeError, "paddingIdx"],
    ["maxNorm", { maxNorm: "1" }, TypeError, "maxNorm"],
    ["maxNorm", { maxNorm: true }, TypeError, "maxNorm"],
    ["normType", { normType: "2" }, TypeError, "normType"],
    ["normType", { normType: null }, TypeError, "normType"],
    ["scaleGradByFreq", { scaleGradByFreq: 1 }, TypeError, "scaleGradByFreq"],
    ["sparse", { sparse: "yes" }, TypeError, "sparse"],
    ["freeze", { freeze: "no" }, TypeError, "freeze"],
    ["generator", { generator: 42 }, TypeError, "generator"],
    ["weight", { weight: 5 }, TypeError, "weight"],
    ["weight", { weight: "rows" }, TypeError, "weight"],
    ["weight", { weight: null }, TypeError, "weight"],
    ["weight", { weight: [[1, 2], [3]] }, TypeError, "ragged"],
    [
      "weight",
      {
        weight: [
          ["1", 2],
          [3, 4],
        ],
      },
      TypeError,
      "must be a number",
    ],
    ["weight", { weight: [[1, 2]] }, RangeError, "Shape of weight does not match num_embeddings and embedding_dim"],
    ["weight", { weight: [1, 2, 3, 4] }, RangeError, "Shape of weight does not match num_embeddings and embedding_dim"],
    ["weight", { weight: new Float32Array(5) }, RangeError, "5 elements"],
    [
      "weight",
      {
        weight: longTensor([
          [1, 2],
          [3, 4],
        ]),
      },
      TypeError,
      "Tensors of floating point",
    ],
    ["paddingIdx", { paddingIdx: 2 }, RangeError, "valid range is [-2, 2)"],
  ])("refuses a bad %s: %o", (_, options, type, words) => {
    const before = memory();
    expectError(() => new nn.Embedding(2, 2, options as nn.TableOptions), type, words);
    expect(memory()).toEqual(before);
  });

  it("draws nothing before all is checked", () => {
    manualSeed(1);
    const first = randn([4]).toArray();
    manualSeed(1);
    expectError(() => new nn.Embedding(2, 2, { paddingIdx: 2 }), RangeError);
    expectError(() => new nn.Embedding(2, 2, { sparse: 1 as never }), TypeError);
    expect(randn([4]).toArray()).toEqual(first);
  });
});

describe("a weight that is given", () => {
  it("as a tensor is shared, whoever changes it", () => {
    const given = ones([2, 2]);
    for (const table of [new nn.Embedding(2, 2, { weight: given }), nn.Embedding.fromPretrained(given)]) {
      given.fill_(3);
      expect(table.weight.toArray()).toEqual([
        [3, 3],
        [3, 3],
      ]);
      table.weight.data.fill_(4);
      expect(given.toArray()).toEqual([
        [4, 4],
        [4, 4],
      ]);
      expect(given.requiresGrad).toBe(false);
    }
  });

  it("as a tensor outlives either owner", () => {
    const given = ones([2, 2]);
    const table = nn.Embedding.fromPretrained(given);
    given.dispose();
    expect(table.forward(1).toArray()).toEqual([1, 1]);
    const other = ones([2, 2]);
    nn.Embedding.fromPretrained(other).dispose();
    expect(other.toArray()).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it("as part of a tensor shares that part", () => {
    const given = tensor([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
    const table = nn.Embedding.fromPretrained(given.narrow(0, 1, 2), { freeze: false });
    table.weight.data.at(0).fill_(9);
    expect(given.toArray()).toEqual([
      [1, 1],
      [9, 9],
      [3, 3],
    ]);
    expect(table.forward([0, 1]).toArray()).toEqual([
      [9, 9],
      [3, 3],
    ]);
    expectError(() => table.forward([2]), RangeError, "valid range is [0, 2)");
  });

  it("as an array is copied", () => {
    const nested = [
      [1, 2],
      [3, 4],
    ];
    const typed = Float32Array.of(1, 2, 3, 4);
    const tables = [
      new nn.Embedding(2, 2, { weight: nested }),
      new nn.Embedding(2, 2, { weight: typed }),
      nn.Embedding.fromPretrained(nested),
    ];
    nested[0][0] = 9;
    typed.fill(9);
    for (const table of tables)
      expect(table.weight.toArray()).toEqual([
        [1, 2],
        [3, 4],
      ]);
  });

  it("draws no number and keeps its padding row", () => {
    manualSeed(8);
    const first = randn([3]).toArray();
    manualSeed(8);
    const table = new nn.Embedding(2, 2, { weight: ones([2, 2]), paddingIdx: 0 });
    expect(table.weight.toArray()).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(randn([3]).toArray()).toEqual(first);
  });

  it("may be the weight of another module, and learns from both", () => {
    const one = new nn.Embedding(3, 1, { weight: [[1], [2], [3]] });
    const two = new nn.Embedding(3, 1);
    two.weight = one.weight;
    one.forward([0]).sum().backward();
    two.forward([0, 2]).sum().backward();
    expect(one.weight.grad!.toArray()).toEqual([[2], [0], [1]]);
  });
});

describe("fromPretrained", () => {
  it("freezes unless told otherwise", () => {
    const frozen = nn.Embedding.fromPretrained([[1, 2]]);
    expect([frozen.weight.requiresGrad, frozen.forward([0]).requiresGrad]).toEqual([false, false]);
    const trained = nn.Embedding.fromPretrained([[1, 2]], { freeze: false });
    expect([trained.weight.requiresGrad, trained.forward([0]).requiresGrad]).toEqual([true, true]);
    expect(new nn.Embedding(1, 2, { weight: [[1, 2]] }).weight.requiresGrad).toBe(true);
    expect(new nn.Embedding(1, 2, { freeze: true }).weight.requiresGrad).toBe(false);
  });

  it("takes its size from the table", () => {
    const table = nn.Embedding.fromPretrained(zeros([7, 0]));
    expect([table.numEmbeddings, table.embeddingDim]).toEqual([7, 0]);
  });

  it.each([
    ["a vector", [1, 2], RangeError],
    ["a typed array without a shape", Float32Array.of(1, 2), RangeError],
    ["a cube", zeros([1, 1, 1]), RangeError],
    ["a string", "rows", TypeError],
    ["nothing", undefined, TypeError],
  ])("refuses %s", (_, table, type) => {
    const before = memory();
    expectError(() => nn.Embedding.fromPretrained(table as never), type, "");
    expect(memory()).toEqual(before);
  });

  it("survives the tidy it was made in", () => {
    const made: nn.Embedding[] = [];
    tidy(() => {
      made.push(
        nn.Embedding.fromPretrained(ones([2, 2])),
        new nn.Embedding(2, 2, {
          weight: [
            [1, 1],
            [1, 1],
          ],
        }),
      );
    });
    for (const table of made) expect(table.forward(0).toArray()).toEqual([1, 1]);
  });
});

describe("the padding row", () => {
  it("is zero only where the weight was drawn", () => {
    const drawn = new nn.Embedding(3, 2, { paddingIdx: 1 });
    expect(drawn.weight.at(1).toArray()).toEqual([0, 0]);
    expect(valuesOf(drawn.weight).filter((x) => x === 0)).toHaveLength(2);
    expect(
      nn.Embedding.fromPretrained(ones([3, 2]), { paddingIdx: 1 })
        .weight.at(1)
        .toArray(),
    ).toEqual([1, 1]);
  });

  it("costs no other row its numbers", () => {
    manualSeed(5);
    const plain = valuesOf(new nn.Embedding(4, 5).weight);
    manualSeed(5);
    const padded = valuesOf(new nn.Embedding(4, 5, { paddingIdx: 2 }).weight);
    expectBits(
      padded,
      plain.map((x, i) => (Math.floor(i / 5) === 2 ? 0 : x)),
    );
  });

  it("is scaled by maxNorm like any other, as in PyTorch", () => {
    const table = nn.Embedding.fromPretrained([[3, 4]], { paddingIdx: 0, maxNorm: 1 });
    expectClose(valuesOf(table.forward([0])), [0.6, 0.8], 1e-6);
  });
});

describe("resetParameters", () => {
  it("draws what a new module would draw and zeroes the padding row", () => {
    const table = new nn.Embedding(4, 5, { weight: ones([4, 5]), paddingIdx: 3 });
    manualSeed(6);
    table.resetParameters();
    manualSeed(6);
    const fresh = new nn.Embedding(4, 5, { paddingIdx: 3 });
    expectBits(valuesOf(table.weight), valuesOf(fresh.weight));
    expect(table.weight.requiresGrad).toBe(true);
  });

  it("draws from a generator of one's own and leaves the default one alone", () => {
    manualSeed(7);
    const expected = randn([3]).toArray();
    manualSeed(7);
    const table = new nn.Embedding(4, 5, { generator: new Generator().manualSeed(11) });
    const first = valuesOf(table.weight);
    table.resetParameters({ generator: new Generator().manualSeed(11) });
    expectBits(valuesOf(table.weight), first);
    expect(randn([3]).toArray()).toEqual(expected);
  });
});

describe("maxNorm", () => {
  it("works in eval mode, without gradients, and on frozen tables, as in PyTorch", () => {
    const table = nn.Embedding.fromPretrained(
      [
        [3, 4],
        [0.3, 0.4],
      ],
      { maxNorm: 1 },
    );
    table.eval().forward([0, 1]);
    expectClose(valuesOf(table.weight), [0.6, 0.8, 0.3, 0.4], 1e-6);
    expect(table.weight.at(1).toArray()).toEqual([Math.fround(0.3), Math.fround(0.4)]);
  });

  it("does not touch a row that is not looked up", () => {
    const table = nn.Embedding.fromPretrained(
      [
        [3, 4],
        [3, 4],
      ],
      { maxNorm: 1 },
    );
    table.forward([0]);
    expect(table.weight.at(1).toArray()).toEqual([3, 4]);
  });

  it("may be changed, or taken away, later", () => {
    const table = nn.Embedding.fromPretrained([[3, 4]]);
    table.forward([0]);
    expect(table.weight.toArray()).toEqual([[3, 4]]);
    table.maxNorm = 1;
    table.forward([0]);
    expectClose(valuesOf(table.weight), [0.6, 0.8], 1e-6);
  });
});
