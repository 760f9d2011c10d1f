import {
  functional as F,
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
  tidy,
  zeros,
} from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectError, gradOf, sparseGradOf, valuesOf } from "../tensor/compare.js";

const rowNorms = (x: Tensor, p: number) =>
  Array.from({ length: x.shape[0] }, (_, row) => {
    const values = Array.from(valuesOf(x).subarray(row * x.shape[1], (row + 1) * x.shape[1]));
    return values.reduce((sum, v) => sum + Math.abs(v) ** p, 0) ** (1 / p);
  });

// PyTorch's own tests, https://github.com/pytorch/pytorch/blob/main/test/nn/test_embedding.py, in our words.

describe("PyTorch's test", () => {
  it("test_embedding_sparse_basic: the gradient is sparse and has the shape of the weight", () => {
    const table = new nn.Embedding(10, 20, { sparse: true });
    table
      .forward([
        [0, 2, 4, 5],
        [4, 3, 0, 9],
      ])
      .sum()
      .backward();
    const grad = sparseGradOf(table.weight);
    expect(grad.shape).toEqual(table.weight.shape);
    expect([grad.nnz, grad.isCoalesced]).toEqual([8, false]);
  });

  it.each([
    [0, 0, longTensor([], { shape: [0] })],
    [
      10,
      0,
      longTensor([
        [0, 1, 2, 3],
        [4, 5, 6, 7],
      ]),
    ],
  ])("test_embedding_sparse_empty_tensor: %i rows of width %i", (rows, dim, index) => {
    const table = new nn.Embedding(rows, dim, { sparse: true });
    const out = table.forward(index);
    expect(out.shape).toEqual([...index.shape, dim]);
    out.sum().backward();
    const grad = sparseGradOf(table.weight);
    expect([grad.shape, grad.nnz]).toEqual([[rows, dim], index.numel]);
    expect(grad.coalesce().nnz).toBe(index.numel);
    expect(grad.toDense().shape).toEqual([rows, dim]);
  });

  it("test_embedding_max_norm: equal rows stay equal and no row is longer than allowed", () => {
    const table = new nn.Embedding(22, 5, { maxNorm: 1 });
    const out = table.forward([2, 8, 8, 6]);
    expect(out.at(1).toArray()).toEqual(out.at(2).toArray());
    for (const norm of rowNorms(out, 2)) expect(norm).toBeLessThanOrEqual(1 + 1e-6);
  });

  it.each([
    [
      "float32",
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ],
    [
      "int32",
      longTensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    ],
  ])("test_embedding_from_pretrained: weight and output are the table given, dtype %s kept", (dtype, a) => {
    const table = nn.Embedding.fromPretrained(a);
    expect([table.weight.dtype, table.weight.toArray()]).toEqual([dtype, a.toArray()]);
    const out = table.forward([0, 1]);
    expect([out.dtype, out.toArray()]).toEqual([dtype, a.toArray()]);
    expect(out.requiresGrad).toBe(false);
  });

  it("test_embedding_from_pretrained_padding_idx: the padding row keeps the vector given", () => {
    const vectors = rand([26, 10]);
    vectors.at(2).fill_(7);
    const table = nn.Embedding.fromPretrained(vectors, { paddingIdx: 2 });
    expect(table.weight.at(2).toArray()).toEqual(Array(10).fill(7));
    expect(table.paddingIdx).toBe(2);
  });

  it("test_embedding_from_pretrained_options: maxNorm changes the caller's tensor", () => {
    const values = Float32Array.of(1, 2, 3, 4, 5, 6);
    const a = tensor(values, { shape: [2, 3] });
    const table = nn.Embedding.fromPretrained(a, { maxNorm: 2, normType: 0.5, scaleGradByFreq: true, sparse: true });
    const out = table.forward([0, 1]);
    expect(out.toArray()).toEqual(a.toArray());
    expect(valuesOf(a).every((x, i) => x !== values[i])).toBe(true);
    for (const norm of rowNorms(out, 0.5)) expect(norm).toBeLessThanOrEqual(2 * (1 + 1e-6));
  });

  it("test_embedding_functional: the function and the module agree", () => {
    const a = longTensor([
      [1, 3, 2],
      [0, 2, 1],
    ]);
    const weight = randn([4, 3]);
    const table = new nn.Embedding(4, 3);
    table.weight.data.copy_(weight);
    expect(F.embedding(a, weight).toArray()).toEqual(table.forward(a).toArray());

    const padded = nn.Embedding.fromPretrained(weight, { paddingIdx: 2 });
    expect(F.embedding(a, weight, { paddingIdx: 2 }).toArray()).toEqual(padded.forward(a).toArray());
    const [function_, module] = [weight.clone().requiresGrad_(), padded.requiresGrad_()];
    F.embedding(a, function_, { paddingIdx: 2 }).sum().backward();
    module.forward(a).sum().backward();
    expectBits(gradOf(function_), gradOf(module.weight));
  });

  it("test_embedding_dense_grad: the gradient is the slope", () => {
    const [index, factors] = [[1, 2, 1, 4], randn([4, 3])];
    const weight = randn([5, 3], { requiresGrad: true });
    const loss = (w: Tensor) => F.embedding(index, w).mul(factors).sum();
    loss(weight).backward();
    const slopes = Array.from(weight.array, (_, i) => {
      const moved = [0.5, -0.5].map((step) => {
        const values = valuesOf(weight) as Float32Array;
        values[i] += step;
        return loss(tensor(values, { shape: [5, 3] })).item();
      });
      return moved[0] - moved[1];
    });
    expectClose(gradOf(weight), slopes, 1e-5, () => 1);
  });

  it.each([[[]], [[3]], [[2, 3, 4]]])("test_embedding_scalar_weight_error: a weight of shape [%s]", (shape) => {
    const mistake = () => F.embedding([0], ones(shape));
    expectError(mistake, RangeError, "'weight' must be 2-D");
  });

  it("test_embedding_float_indices_error: floats are no index", () => {
    const words = "Expected tensor for argument #1 'indices'";
    expectError(() => F.embedding(tensor([1, 2]), ones([4, 3])), TypeError, words);
    expectError(() => new nn.Embedding(4, 3).forward(zeros([2, 2])), TypeError, words);
  });

  it("test_embedding_dense_backward_zero_width: a gradient of no columns", () => {
    const weight = zeros([10, 0], { requiresGrad: true });
    const out = F.embedding([0, 9, 9], weight);
    expect(out.shape).toEqual([3, 0]);
    out.sum().backward();
    expect(weight.grad!.shape).toEqual([10, 0]);
  });

  it("test_embedding_backward: sparse entries stand in input order, a second backward appends its own", () => {
    const table = new nn.Embedding(10, 3, { sparse: true });
    const index = longTensor([7, 1, 3]);
    table.forward(index).sum().backward();
    expect(sparseGradOf(table.weight).indices.toArray()).toEqual([[7, 1, 3]]);
    expect(sparseGradOf(table.weight).values.toArray()).toEqual(Array(3).fill([1, 1, 1]));
    table.forward(index).sum().backward();
    table.forward(index).sum().backward();
    index.fill_(8);
    expect(sparseGradOf(table.weight).indices.toArray()).toEqual([[7, 1, 3, 7, 1, 3, 7, 1, 3]]);
    expect(sparseGradOf(table.weight).values.toArray()).toEqual(Array(9).fill([1, 1, 1]));
    table.forward(index).sum().backward();
    expect(sparseGradOf(table.weight).indices.toArray()).toEqual([[7, 1, 3, 7, 1, 3, 7, 1, 3, 8, 8, 8]]);
    expect(sparseGradOf(table.weight).coalesce().values.toArray()).toEqual([3, 3, 3, 3].map((n) => [n, n, n]));
  });

  it.each([[false], [true]])(
    "test_embedding_max_norm_backward: scaling is no part of the gradient, sparse %s",
    (sparse) => {
      const weight = randn([4, 4], { requiresGrad: true });
      F.embedding([0, 1, 2, 2], weight, { maxNorm: 0.25, sparse }).sum().backward();
      expect(weight.grad!.toArray()).toEqual([1, 1, 2, 0].map((n) => Array(4).fill(n)));
    },
  );

  describe("test_embedding_padding_idx", () => {
    it.each([
      [0, 0],
      [-1, 9],
      [-10, 0],
      [3, 3],
    ])("the row of paddingIdx %i, counted from the front %i, starts as zeros", (paddingIdx, row) => {
      for (const sparse of [false, true]) {
        const table = new nn.Embedding(10, 20, { paddingIdx, sparse });
        const index = [
          [row, 2, 4, row],
          [row, 2, 5, 6],
        ];
        const out = table.forward(index);
        for (const [i, line] of index.entries()) {
          for (const [j, r] of line.entries()) expect(out.at(i, j).sum().item() === 0).toBe(r === row);
        }
        out.sum().backward();
        expect(table.weight.grad!.at(row).toArray()).toEqual(Array(20).fill(0));
        expect(table.weight.grad!.at(2).toArray()).toEqual(Array(20).fill(2));
      }
    });

    it("the row may be set by hand and is looked up like any other", () => {
      const table = new nn.Embedding(10, 20, { paddingIdx: 0 });
      table.weight.data.at(0).copy_(Array(20).fill(5));
      expect(table.forward([0, 1]).at(0).toArray()).toEqual(Array(20).fill(5));
    });

    it.each([[25], [-26], [1e9]])("paddingIdx %i of 25 rows is a RangeError", (paddingIdx) => {
      const words = "Padding_idx must be within num_embeddings";
      expectError(() => new nn.Embedding(25, 3, { paddingIdx }), RangeError, words);
      expectError(() => nn.Embedding.fromPretrained(zeros([25, 3]), { paddingIdx }), RangeError, words);
      expectError(() => F.embedding([0], zeros([25, 3]), { paddingIdx }), RangeError, words);
    });

    it.each([1, 2, 1000].flatMap((n) => [[], [1, 3], [2]].map((others) => [n, others] as const)))(
      "repeated %i times beside rows [%s], it gets no gradient",
      (n, others) => {
        for (const sparse of [false, true]) {
          const table = new nn.Embedding(5, 2, { paddingIdx: 0, sparse });
          table
            .forward([...others, ...Array(n).fill(0), ...others])
            .sum()
            .backward();
          const expected = [0, 1, 2, 3, 4].map((row) => Array(2).fill(others.includes(row as never) ? 2 : 0));
          expect(table.weight.grad!.toArray()).toEqual(expected);
        }
      },
    );
  });
});

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
