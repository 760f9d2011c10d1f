// test/nn/test_embedding.py of PyTorch, what it says about Embedding, in our words.
// https://github.com/pytorch/pytorch/blob/main/test/nn/test_embedding.py
// Of test_modules.py, test_nn.py and test_ops.py what they run on Embedding follows below.

import { functional as F, longTensor, nn, ones, rand, randint, randn, type Tensor, tensor, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { embeddingBackward } from "../reference/index.js";
import { expectBits, expectError, gradOf, sparseGradOf, valuesOf } from "../tensor/compare.js";
import { drawFrom, expectSlopes } from "./slopes.js";

drawFrom(20260);

const rowNorms = (x: Tensor, p: number) =>
  Array.from({ length: x.shape[0] }, (_, row) => {
    const values = Array.from(valuesOf(x).subarray(row * x.shape[1], (row + 1) * x.shape[1]));
    return values.reduce((sum, v) => sum + Math.abs(v) ** p, 0) ** (1 / p);
  });

describe("test_embedding.py", () => {
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
    const factors = randn([4, 3]);
    expectSlopes(randn([5, 3]), (weight) => F.embedding([1, 2, 1, 4], weight).mul(factors).sum());
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

  it("test_embedding_backward_atomic_accumulate_kernel: many repeats of few rows are added in order", () => {
    const [rows, dim, n] = [4, 8, 4096];
    const index = randint(0, rows, [n]);
    const gradient = randn([n, dim]);
    for (const paddingIdx of [undefined, 2]) {
      const weight = zeros([rows, dim], { requiresGrad: true });
      F.embedding(index, weight, { paddingIdx }).backward(gradient);
      const sums = embeddingBackward(gradient.array, index.array, rows, dim, { paddingIdx });
      expectBits(gradOf(weight), sums);
    }
  });

  it("test_embedding_backward_atomic_accumulate_kernel_deterministic: every run gives the same bits", () => {
    const index = randint(0, 3, [2000]);
    const gradient = randn([2000, 5]);
    const [first, ...others] = Array.from({ length: 5 }, () => {
      const weight = zeros([3, 5], { requiresGrad: true });
      F.embedding(index, weight).backward(gradient);
      return gradOf(weight);
    });
    for (const other of others) expectBits(other, first);
  });
});

/** A row of 512 indices, seven times over: PyTorch's discontiguous index is this one by strides. */
const repeated = () => {
  const row = [...valuesOf(randint(0, 4, [512]))];
  return Array.from({ length: 7 }, () => row);
};

describe("test_modules.py, ModuleInfo Embedding", () => {
  it("test_forward: each index becomes its row", () => {
    const table = new nn.Embedding(4, 3);
    for (const index of [randint(0, 4, [2, 3]), longTensor(repeated())]) {
      const out = table.forward(index);
      expect(out.shape).toEqual([...index.shape, 3]);
      const rows = Array.from(index.array, (row) => [...valuesOf(table.weight).subarray(3 * row, 3 * row + 3)]);
      expectBits(valuesOf(out), rows.flat());
    }
  });

  it("test_errors: an index past the end, float indices, a negative size", () => {
    const table = new nn.Embedding(10, 3);
    expectError(() => table.forward([0, 5, 15]), RangeError, "index out of range in self", "input[2] is 15");
    expectError(
      () => table.forward(tensor([1.5, 2.5])),
      TypeError,
      "Expected tensor for argument #1 'indices'",
      "Long, Int",
    );
    expectError(
      () => new nn.Embedding(-1, 3),
      RangeError,
      "Trying to create tensor with negative dimension -1: [-1, 3]",
    );
  });

  it("test_non_contiguous_tensors: a gradient made by transposing counts like any other", () => {
    const table = new nn.Embedding(4, 3, { weight: ones([4, 3]) });
    const gradient = randn([3, 6]);
    table.forward([0, 1, 2, 3, 0, 1]).backward(gradient.transpose(0, 1));
    const columns = [0, 1, 2, 3].map((row) =>
      [0, 1, 2].map((d) =>
        [0, 1, 2, 3, 0, 1].reduce((sum, r, i) => (r === row ? Math.fround(sum + gradient.at(d, i).item()) : sum), 0),
      ),
    );
    expectBits(gradOf(table.weight), columns.flat());
  });
});

describe("test_nn.py", () => {
  it.each<[string, () => number[][] | Tensor, boolean]>([
    ["test_Embedding", () => randint(0, 4, [2, 3]), false],
    ["test_Embedding_discontiguous", repeated, false],
    ["test_Embedding_sparse", () => [[1, 0, 1, 0]], true],
  ])("%s: the gradient is the slope", (_, input, sparse) => {
    const index = input();
    const factors = randn([...new nn.Embedding(4, 3).forward(index).shape]);
    const loss = (weight: Tensor) => F.embedding(index, weight, { sparse }).mul(factors).sum();
    expectSlopes(randn([4, 3]), loss, 1e-3);
  });
});

describe("test_ops.py, the samples of embedding", () => {
  const [S, M] = [5, 10];

  it.each([[[]], [[S]], [[S, S]]])("test_fn_grad: an index of shape [%s]", (shape) => {
    const index = randint(0, M, shape);
    const factors = randn([...shape, S]);
    expectSlopes(randn([M, S]), (weight) => F.embedding(index, weight).mul(factors).sum());
  });

  it.each([
    [2, 2],
    [-1, 4],
  ])(
    "test_variant_consistency_eager: paddingIdx %i changes no value, and its row %i gets no gradient",
    (paddingIdx, row) => {
      const index = [
        [row, 1],
        [1, row],
      ];
      const weight = randn([S, S], { requiresGrad: true });
      const out = F.embedding(index, weight, { paddingIdx });
      expect(out.toArray()).toEqual(F.embedding(index, weight).toArray());
      out.sum().backward();
      expect(weight.grad!.toArray()).toEqual([0, 1, 2, 3, 4].map((r) => Array(S).fill(r === 1 ? 2 : 0)));
    },
  );

  it.each([2, 1])("test_variant_consistency_eager: maxNorm 1, normType %i", (normType) => {
    const weight = randn([S, S]).mul(2);
    const before = weight.toArray() as number[][];
    const out = F.embedding(
      [
        [0, 3],
        [3, 2],
      ],
      weight,
      { maxNorm: 1, normType },
    );
    for (const norm of rowNorms(out.reshape([4, S]), normType)) expect(norm).toBeLessThanOrEqual(1 + 1e-6);
    expect([1, 4].map((row) => weight.at(row).toArray())).toEqual([before[1], before[4]]);
  });

  it("test_variant_consistency_eager: by frequency a row that comes twice counts half each time", () => {
    const weight = randn([S, S], { requiresGrad: true });
    const gradient = tensor([
      [
        [2, 4, 6, 8, 10],
        [4, 4, 4, 4, 4],
      ],
      [
        [1, 1, 1, 1, 1],
        [3, 3, 3, 3, 3],
      ],
    ]);
    F.embedding(
      [
        [1, 1],
        [0, 4],
      ],
      weight,
      { scaleGradByFreq: true },
    ).backward(gradient);
    expect(weight.grad!.toArray()).toEqual([
      [1, 1, 1, 1, 1],
      [3, 4, 5, 6, 7],
      Array(S).fill(0),
      Array(S).fill(0),
      [3, 3, 3, 3, 3],
    ]);
  });

  it("test_variant_consistency_eager: a sparse gradient says the same", () => {
    const [dense, sparse] = [false, true].map((form) => {
      const weight = ones([S, S], { requiresGrad: true });
      F.embedding(
        [
          [1, 3],
          [3, 0],
        ],
        weight,
        { sparse: form },
      )
        .sum()
        .backward();
      return weight;
    });
    expect(sparseGradOf(sparse).toArray()).toEqual(dense.grad!.toArray());
    expect(sparseGradOf(sparse).coalesce().indices.toArray()).toEqual([[0, 1, 3]]);
  });
});
