// test/nn/test_embedding.py of PyTorch, what it says about EmbeddingBag, in our words; then what test_nn.py and test_ops.py run on it.
// https://github.com/pytorch/pytorch/blob/main/test/nn/test_embedding.py

import {
  functional as F,
  longTensor,
  nn,
  ones,
  rand,
  randint,
  randn,
  randperm,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "nn-embedding";
import { describe, expect, it } from "vitest";
import { embeddingBag } from "../reference/index.js";
import { expectBits, expectClose, expectError, gradOf, largest, sparseGradOf, valuesOf } from "../tensor/compare.js";
import { drawFrom, expectSlopes } from "./slopes.js";

drawFrom(20260);

const MODES = ["sum", "mean", "max"] as const;
type Mode = (typeof MODES)[number];

const FORMS = [false, true];

/** |a - b| <= 1e-5, what PyTorch's tests ask of float32. */
function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const scale = Math.max(1, largest(expected));
  expectClose(actual, expected, 1e-5, () => scale);
}

/** The values 1, 2, 3 … row by row. */
const counting = (rows: number, dim: number) =>
  tensor(
    Float32Array.from({ length: rows * dim }, (_, i) => i + 1),
    { shape: [rows, dim] },
  );

const norms = (x: Tensor, p: number) =>
  (x.toArray() as number[][]).map((row) => row.reduce((sum, v) => sum + Math.abs(v) ** p, 0) ** (1 / p));

/** Two modules or tables get the same gradient and the same output. */
function expectSame(a: { out: Tensor; weight: Tensor }, b: { out: Tensor; weight: Tensor }): void {
  expect(a.out.shape).toEqual(b.out.shape);
  expectNear(valuesOf(a.out), valuesOf(b.out));
  const gradient = randn(a.out.shape);
  for (const { out } of [a, b]) out.backward(gradient);
  expectNear(gradOf(a.weight), gradOf(b.weight));
}

describe("pretrained", () => {
  it("test_embedding_bag_from_pretrained: bags of one are the rows", () => {
    const a = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const bag = nn.EmbeddingBag.fromPretrained(a);
    expect(bag.weight.toArray()).toEqual(a.toArray());
    expect(bag.forward([0, 1], { offsets: [0, 1] }).toArray()).toEqual(a.toArray());
  });

  it("test_embedding_bag_from_pretrained_padding_idx: the padding row keeps the vector given", () => {
    const vectors = rand([26, 10]);
    vectors.at(2).fill_(7);
    const bag = nn.EmbeddingBag.fromPretrained(vectors, { paddingIdx: 2 });
    expect(bag.weight.toArray()).toEqual(vectors.toArray());
    expect(bag.paddingIdx).toBe(2);
  });

  it("test_embeddingbag_from_pretrained: a bag of two is their mean", () => {
    const bag = nn.EmbeddingBag.fromPretrained([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(bag.forward([[0, 1]]).toArray()).toEqual([[2.5, 3.5, 4.5]]);
    expect(bag.weight.requiresGrad).toBe(false);
  });

  it("test_embeddingbag_from_pretrained_options: the maximum is that of the rows as maxNorm leaves them", () => {
    const a = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const before = valuesOf(a);
    const options = { maxNorm: 2, normType: 0.5, scaleGradByFreq: false, mode: "max", sparse: true } as const;
    const bag = nn.EmbeddingBag.fromPretrained(a, options);
    const out = bag.forward([[0, 1]]);
    const [first, second] = a.toArray() as number[][];
    expect(out.toArray()).toEqual([first.map((x, d) => Math.max(x, second[d]))]);
    expect(valuesOf(a).some((x, i) => x === before[i])).toBe(false);
    for (const norm of norms(a, 0.5)) expect(norm).toBeLessThanOrEqual(2 * (1 + 1e-6));
  });

  it("test_embedding_bag_functional: the function and the module agree", () => {
    const input = longTensor([
      [1, 3, 2],
      [0, 2, 1],
    ]);
    const weight = randn([4, 3]);
    const bag = new nn.EmbeddingBag(4, 3);
    bag.weight.data.copy_(weight);
    expect(F.embeddingBag(input, weight).toArray()).toEqual(bag.forward(input).toArray());

    const padded = nn.EmbeddingBag.fromPretrained(weight, { paddingIdx: 2, freeze: false });
    const leaf = weight.clone().requiresGrad_();
    const out = F.embeddingBag(input, leaf, { paddingIdx: 2 });
    expect(out.toArray()).toEqual(padded.forward(input).toArray());
    for (const result of [out, padded.forward(input)]) result.sum().backward();
    expectBits(gradOf(leaf), gradOf(padded.weight));
  });
});

describe("what is refused", () => {
  it("test_embedding_bag_padding_idx_error: padding outside the table, everything inside it is allowed", () => {
    const weight = randn([4, 3]);
    const input = [
      [1, 3, 2],
      [0, 2, 1],
    ];
    for (let paddingIdx = -6; paddingIdx < 6; paddingIdx++) {
      const [call, make] = [
        () => F.embeddingBag(input, weight, { paddingIdx }),
        () => nn.EmbeddingBag.fromPretrained(weight, { paddingIdx }),
      ];
      if (paddingIdx >= -4 && paddingIdx < 4) {
        expect(call().toArray()).toEqual(make().forward(input).toArray());
        expect(new nn.EmbeddingBag(4, 3, { paddingIdx }).paddingIdx).toBe((paddingIdx + 4) % 4);
      } else {
        expectError(call, RangeError, "padding_idx must be within the number of embeddings, -4 through 3");
        expectError(make, RangeError, "padding_idx must be within num_embeddings");
        expectError(
          () => new nn.EmbeddingBag(4, 3, { paddingIdx }),
          RangeError,
          "padding_idx must be within num_embeddings",
        );
      }
    }
  });

  it("test_embeddingbag_include_last_offset: entries behind the last offset belong to no bag: a RangeError, where PyTorch folds them into the last bag", () => {
    const weight = randn([100, 3]);
    const input = [0, 1, 2, 3];
    for (const options of [{}, { paddingIdx: 61 }]) {
      const call = (offsets: number[]) =>
        F.embeddingBag(input, weight, { ...options, offsets, includeLastOffset: true });
      expectError(() => call([0, 3, 3]), RangeError, "include_last_offset", "4");
      const mean = F.embedding([0, 1, 2], weight).mean(0);
      expectNear(valuesOf(call([0, 3, 4])), [...valuesOf(mean), ...valuesOf(weight.at(3))]);
    }
  });

  it("test_embeddingbag_2d_include_last_offset: a matrix has as many bags as rows", () => {
    const bag = new nn.EmbeddingBag(10, 3, { includeLastOffset: true });
    const input = longTensor([
      [1, 2, 4],
      [5, 4, 3],
    ]);
    const out = bag.forward(input);
    expect(out.toArray()).toEqual(F.embeddingBag(input, bag.weight).toArray());
    expect(out.shape).toEqual([2, 3]);
  });

  it.each(MODES)("test_embedding_bag_out_of_bounds_idx: -1 and 11 of 10 rows, %s", (mode) => {
    const words = "Expected idx >= 0 && idx < num_embeddings";
    const weight = randn([10, 2]);
    for (const input of [[[1, -1]], [[1, 11]], longTensor([[0, -1]]), [BigInt64Array.of(0n, 11n)]]) {
      expectError(() => F.embeddingBag(input, weight, { mode }), RangeError, words);
      if (mode === "max") continue;
      expectError(() => F.embeddingBag(input, weight, { mode, perSampleWeights: [[1, 2]] }), RangeError, words);
    }
  });

  it("test_embedding_bag_dimension_errors: an input of five dimensions, offsets and a table that are no vector and no matrix", () => {
    const bag = (input: Tensor, weight: Tensor, offsets?: Tensor) => F.embeddingBag(input, weight, { offsets });
    const weight = randn([2, 3]);
    const five = zeros([1, 1, 1, 1, 1], { dtype: "int32" });
    expectError(() => bag(five, weight), RangeError, "input has to be 1D or 2D Tensor");
    expectError(
      () => bag(longTensor([0]), weight, zeros([1, 1], { dtype: "int32" })),
      RangeError,
      "offsets has to be a 1D Tensor",
    );
    expectError(
      () => bag(longTensor([0]), randn([2, 3, 1]), longTensor([0])),
      RangeError,
      "weight has to be a 2D Tensor",
    );
  });

  it("test_EmbeddingBag_per_sample_weights_failures: another dtype, another shape, the maximum", () => {
    const sum = nn.EmbeddingBag.fromPretrained(randn([10, 2]), { mode: "sum" });
    const offsets = [0, 3];
    const ints = { perSampleWeights: longTensor([1, 2, 3, 4]) };
    expectError(() => sum.forward([0, 1, 2, 3], { ...ints, offsets }), TypeError, "have the same type as");
    for (const perSampleWeights of [ones([3]), ones([5]), ones([2, 2])]) {
      const call = () => sum.forward([0, 1, 2, 3], { perSampleWeights, offsets });
      expectError(call, RangeError, "same shape as the input");
    }
    const matrix = longTensor([
      [0, 1],
      [2, 3],
    ]);
    for (const perSampleWeights of [ones([4]), ones([2, 3]), ones([2, 2, 1])]) {
      expectError(() => sum.forward(matrix, { perSampleWeights }), RangeError, "same shape as the input");
    }
    const max = nn.EmbeddingBag.fromPretrained(randn([10, 2]), { mode: "max" });
    expectError(
      () => max.forward([[0, 1]], { perSampleWeights: ones([1, 2]) }),
      Error,
      "per_sample_weights is only supported for",
    );
  });

  it("test_EmbeddingBag_per_sample_weights_failures: the mean, which PyTorch refuses, is sum(w x) / sum(w)", () => {
    const mean = nn.EmbeddingBag.fromPretrained(counting(3, 2), { mode: "mean" });
    expect(mean.forward([[0, 1, 2]], { perSampleWeights: [[1, 2, 1]] }).toArray()).toEqual([[3, 4]]);
    expect(mean.forward([[0, 2]], { perSampleWeights: [[3, 1]] }).toArray()).toEqual([[2, 3]]);
  });
});

describe("padding", () => {
  /** Bags of one to five entries, the second empty, the third full; filled up with padding they make the matrix. */
  function bags(rows: number, paddingIdx: number, allPadding: boolean) {
    const lengths = [3, 0, 5, 1, 4, 2];
    const others = Array.from({ length: rows }, (_, row) => row).filter((row) => row !== paddingIdx);
    const draw = (length: number) =>
      Array.from(valuesOf(randint(0, others.length, [length])), (i) => (allPadding ? paddingIdx : others[i]));
    const ragged = lengths.map(draw);
    // Some padding inside, some as the filling.
    ragged[2][1] = paddingIdx;
    ragged[4][0] = paddingIdx;
    const matrix = ragged.map((bag) => [...bag, ...Array(5 - bag.length).fill(paddingIdx)]);
    let end = 0;
    const ends = [0, ...lengths.map((length) => (end += length))];
    return { ragged, matrix, ends };
  }

  const [ROWS, DIM] = [6, 4];
  const variants = MODES.flatMap((mode) => FORMS.flatMap((sparse) => FORMS.map((all) => [mode, sparse, all] as const)));

  it.each(variants)(
    "test_embedding_bag_1D_padding_idx: %s, sparse %s, nothing but padding %s: one row with offsets is the matrix that padding fills up",
    (mode, sparse, all) => {
      for (let paddingIdx = 0; paddingIdx < ROWS; paddingIdx++) {
        const { ragged, matrix, ends } = bags(ROWS, paddingIdx, all);
        const values = randn([ROWS, DIM]);
        const run = (input: Parameters<typeof F.embeddingBag>[0], division: object) => {
          const weight = values.clone().requiresGrad_();
          return { weight, out: F.embeddingBag(input, weight, { mode, sparse, paddingIdx, ...division }) };
        };
        const flat = ragged.flat();
        const expected = () => run(longTensor(matrix), {});
        expectSame(run(flat, { offsets: ends.slice(0, -1) }), expected());
        expectSame(run(flat, { offsets: ends, includeLastOffset: true }), expected());
        expectSame(run(ragged, { paddingIdx: paddingIdx - ROWS }), expected());
      }
    },
  );

  it.each(variants)(
    "test_embedding_bag_2D_padding_idx: %s, sparse %s, nothing but padding %s: padding counts for nothing",
    (mode, sparse, all) => {
      for (let paddingIdx = 0; paddingIdx < ROWS; paddingIdx++) {
        const { matrix } = bags(ROWS, paddingIdx, all);
        const weight = randn([ROWS, DIM], { requiresGrad: true });
        const out = F.embeddingBag(matrix, weight, { mode, sparse, paddingIdx });
        const [before, table] = [weight.toArray() as number[][], zeros([ROWS, DIM]).toArray() as number[][]];
        const gradient = randn(out.shape);
        const expected = matrix.map((bag, b) => {
          const rows = bag.filter((row) => row !== paddingIdx);
          const g = gradient.at(b).toArray() as number[];
          return Array.from({ length: DIM }, (_, d) => {
            if (rows.length === 0) return 0;
            const column = rows.map((row) => before[row][d]);
            if (mode === "max") {
              const best = Math.max(...column);
              table[rows[column.indexOf(best)]][d] += g[d];
              return best;
            }
            const size = mode === "mean" ? rows.length : 1;
            for (const row of rows) table[row][d] += g[d] / size;
            return column.reduce((sum, x) => sum + x, 0) / size;
          });
        });
        expectNear(valuesOf(out), expected.flat());
        out.backward(gradient);
        expectNear(gradOf(weight), table.flat());
        expectBits(valuesOf(weight.grad!.toDense().at(paddingIdx)), new Float32Array(DIM));
      }
    },
  );
});

describe("nothing in the bags", () => {
  it.each(MODES.flatMap((mode) => FORMS.map((sparse) => [mode, sparse] as const)))(
    "test_embedding_bag_empty_input: %s, sparse %s: zeros, for no bag and for two",
    (mode, sparse) => {
      for (const input of [longTensor([]), new BigInt64Array(0), []]) {
        for (const offsets of [[0], [0, 0], longTensor([0, 0]), BigInt64Array.of(0n)]) {
          const bag = new nn.EmbeddingBag(5, 3, { mode, sparse });
          const out = bag.forward(input, { offsets });
          const count = "numel" in offsets ? offsets.numel : offsets.length;
          expect([out.shape, out.sum().item()]).toEqual([[count, 3], 0]);
          expect(bag.forward(input, { offsets: [] }).shape).toEqual([0, 3]);
        }
      }
    },
  );

  it.each(FORMS)(
    "test_EmbeddingBag_empty_per_sample_weights_and_offsets: five empty bags, trained weights %s",
    (trained) => {
      const weight = randn([10, 2], { requiresGrad: true });
      const weights = tensor(new Float32Array(0), { requiresGrad: trained });
      const out = F.embeddingBag([], weight, { offsets: [0, 0, 0, 0, 0], mode: "sum", perSampleWeights: weights });
      expect(out.toArray()).toEqual(Array(5).fill([0, 0]));
      out.backward(randn([5, 2]));
      expectBits(gradOf(weight), new Float32Array(20));
      if (trained) expect(weights.grad!.shape).toEqual([0]);
      else expect(weights.grad).toBeNull();
    },
  );
});

// The example that PyTorch's tests share: rows [1, 2] to [9, 10], bags {}, {3, 1, 1}, {}, {1, 4, 0} and {}.
const INPUT = [3, 1, 1, 1, 4, 0];
const OFFSETS = [0, 0, 3, 3, 6];
const GRADIENT = [
  [99, 99],
  [1, 2],
  [99, 99],
  [3, 4],
  [99, 99],
];

describe("the known example", () => {
  const third = (rows: number[][]) => rows.map((row) => row.map((x) => x / 3));
  const sums = [
    [0, 0],
    [13, 16],
    [0, 0],
    [13, 16],
    [0, 0],
  ];
  const sumGradient = [
    [3, 4],
    [5, 8],
    [0, 0],
    [1, 2],
    [3, 4],
  ];
  const expected: Record<Mode, [number[][], number[][]]> = {
    sum: [sums, sumGradient],
    mean: [third(sums), third(sumGradient)],
    max: [
      [
        [0, 0],
        [7, 8],
        [0, 0],
        [9, 10],
        [0, 0],
      ],
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [1, 2],
        [3, 4],
      ],
    ],
  };

  it.each(MODES.flatMap((mode) => FORMS.map((sparse) => [mode, sparse] as const)))(
    "test_embedding_bag_device: the numbers by hand, %s, sparse %s",
    (mode, sparse) => {
      const [out, gradient] = expected[mode];
      const all = [...OFFSETS, INPUT.length];
      const pairs = [1, 3];
      const calls: [Parameters<typeof F.embeddingBag>[0], object, number[][], number[][]][] = [
        [INPUT, { offsets: OFFSETS }, out, GRADIENT],
        [INPUT, { offsets: all, includeLastOffset: true }, out, GRADIENT],
        [[[], [3, 1, 1], [], [1, 4, 0], []], {}, out, GRADIENT],
        [
          longTensor([
            [3, 1, 1],
            [1, 4, 0],
          ]),
          {},
          pairs.map((b) => out[b]),
          pairs.map((b) => GRADIENT[b]),
        ],
      ];
      for (const [input, division, values, back] of calls) {
        const weight = counting(5, 2).requiresGrad_();
        const result = F.embeddingBag(input, weight, { mode, sparse, ...division });
        expectClose(valuesOf(result), values.flat(), 1e-7);
        result.backward(tensor(back));
        expectNear(gradOf(weight), gradient.flat());
      }
    },
  );

  it("test_embedding_bag_device: bags that are all empty move nothing", () => {
    for (const mode of MODES) {
      const weight = counting(5, 2).requiresGrad_();
      const out = F.embeddingBag([], weight, { offsets: [0, 0, 0, 0, 0], mode });
      out.backward(tensor(GRADIENT));
      expectBits(gradOf(weight), new Float32Array(10));
    }
  });

  it("test_embedding_bag_device: a matrix takes no offsets, one row needs them; the first is 0, the last inside", () => {
    const weight = counting(5, 2);
    expectError(() => F.embeddingBag(longTensor([[1, 2]]), weight, { offsets: [0] }), Error, "if input is 2D");
    expectError(() => F.embeddingBag([1, 2], weight), TypeError, "offsets has to be a 1D Tensor");
    const words = ["offsets[0] has to be 0", "offsets[-1] can not be greater than input's length"];
    expectError(() => F.embeddingBag([1, 2], weight, { offsets: [1, 2] }), RangeError, words[0]);
    expectError(() => F.embeddingBag([1, 2], weight, { offsets: [0, 100] }), RangeError, words[1]);
  });

  const WEIGHTS = [1, -2, 3, 0.5, 2, -1];
  const weighted = [
    [0, 0],
    [10, 12],
    [0, 0],
    [18.5, 20],
    [0, 0],
  ];
  const back = [
    [1, 2],
    [3, 4],
    [5, 6],
    [7, 8],
    [9, 10],
  ];
  const weightedGradient = [
    [-7, -8],
    [6.5, 8],
    [0, 0],
    [3, 4],
    [14, 16],
  ];

  it.each(FORMS)(
    "test_EmbeddingBag_per_sample_weights_and_offsets: the numbers by hand, trained weights %s",
    (trained) => {
      for (const includeLastOffset of FORMS) {
        const weight = counting(5, 2).requiresGrad_();
        const weights = tensor(WEIGHTS, { requiresGrad: trained });
        const offsets = includeLastOffset ? [...OFFSETS, 6] : OFFSETS;
        const options = { offsets, includeLastOffset, mode: "sum", perSampleWeights: weights } as const;
        const out = F.embeddingBag(INPUT, weight, options);
        expect(out.toArray()).toEqual(weighted);
        out.backward(tensor(back));
        expect(weight.grad!.toArray()).toEqual(weightedGradient);
        if (trained) expect(weights.grad!.toArray()).toEqual([53, 25, 25, 53, 143, 23]);
        else expect(weights.grad).toBeNull();
      }
    },
  );

  it.each(MODES)(
    "test_EmbeddingBag_per_sample_weights_and_new_offsets: the last offset given changes nothing, %s",
    (mode) => {
      const run = (includeLastOffset: boolean, sparse: boolean) => {
        const weight = counting(5, 2).requiresGrad_();
        const offsets = includeLastOffset ? longTensor([...OFFSETS, 6]) : longTensor(OFFSETS);
        const out = F.embeddingBag(longTensor(INPUT), weight, { offsets, includeLastOffset, mode, sparse });
        return { weight, out };
      };
      for (const sparse of FORMS) expectSame(run(true, sparse), run(false, sparse));
    },
  );
});

describe("the same as rows looked up and reduced", () => {
  // Rows of the table, width, bags, entries a bag; the second and the fourth have more than a thousand entries or repeat few rows.
  const SIZES = [
    [2, 3, 5, 7],
    [2, 5, 53, 23],
    [101, 5, 3, 7],
    [2, 101, 3, 7],
  ];

  it.each(
    SIZES.flatMap((sizes) => FORMS.flatMap((sparse) => FORMS.map((trained) => [...sizes, sparse, trained] as const))),
  )(
    "test_EmbeddingBag_per_sample_weights_and_no_offsets: %i rows of %i, %i bags of %i, sparse %s, trained weights %s",
    (rows, dim, bags, length, sparse, trained) => {
      const input = randint(0, rows as number, [bags as number, length as number]);
      const values = randn([rows as number, dim as number]);
      const factors = randn(input.shape);
      const [one, two] = [0, 1].map(() => ({
        weight: values.clone().requiresGrad_(),
        weights: factors.clone().requiresGrad_(trained as boolean),
      }));
      const out = F.embeddingBag(input, one.weight, {
        mode: "sum",
        sparse: sparse as boolean,
        perSampleWeights: one.weights,
      });
      const rowsLooked = F.embedding(input, two.weight).mul(two.weights.reshape([...input.shape, 1]));
      expectSame({ ...one, out }, { ...two, out: rowsLooked.sum(1) });
      if (trained) expectNear(gradOf(one.weights), gradOf(two.weights));
      else expect(one.weights.grad).toBeNull();
    },
  );

  function compare(rows: number, dim: number, bags: number, length: number, mode: Mode, maxNorm: number | null): void {
    const input = randint(0, rows, [bags, length]);
    const values = randn([rows, dim]);
    const one = values.clone().requiresGrad_();
    const out = F.embeddingBag(input, one, { mode, maxNorm });
    const two = values.clone().requiresGrad_();
    const looked = F.embedding(input, two, { maxNorm });
    expectNear(valuesOf(one), valuesOf(two));
    if (mode === "max") {
      const ends = Array.from({ length: bags + 1 }, (_, b) => b * length);
      expectBits(valuesOf(out), embeddingBag(one.array, input.array, ends, dim, { mode }));
    } else {
      const reduced = mode === "sum" ? looked.sum(1) : looked.mean(1);
      expectSame({ weight: one, out }, { weight: two, out: reduced });
    }
  }

  const SMALL = [1, 2].flatMap((a) =>
    [1, 2].flatMap((b) => [1, 2].flatMap((c) => [1, 2].map((d) => [a, b, c, d] as const))),
  );

  it.each(MODES.flatMap((mode) => [null, 3].map((maxNorm) => [mode, maxNorm] as const)))(
    "test_embedding_bag_device: %s with maxNorm %s, at random sizes and at all small ones",
    (mode, maxNorm) => {
      for (let i = 0; i < 5; i++) {
        const [rows, dim] = valuesOf(randint(1, 100, [2]));
        const [bags, length] = valuesOf(randint(1, 50, [2]));
        tidy(() => compare(rows, dim, bags, length, mode, maxNorm));
      }
      for (const sizes of SMALL) tidy(() => compare(...sizes, mode, maxNorm));
    },
  );

  it("test_embedding_bag_non_contiguous_weight: part of a table is a table", () => {
    for (const mode of MODES) {
      const all = randn([3, 4]);
      const part = all.narrow(1, 0, 3);
      const middle = all.reshape([4, 3]).narrow(0, 1, 3);
      for (const weight of [part, middle]) {
        const copy = tensor(valuesOf(weight) as Float32Array, { shape: weight.shape });
        const [out, expected] = [weight, copy].map((w) => F.embeddingBag([0, 1, 2], w, { offsets: [0, 2], mode }));
        expectBits(valuesOf(out), valuesOf(expected));
      }
    }
  });

  it.each(FORMS.flatMap((trainBag) => FORMS.map((trainWeights) => [trainBag, trainWeights] as const)))(
    "test_embedding_bag_per_sample_weights_grad: table trained %s, weights trained %s",
    (trainBag, trainWeights) => {
      const bag = new nn.EmbeddingBag(2, 4, { mode: "sum" });
      bag.requiresGrad_(trainBag);
      const weights = rand([3], { requiresGrad: trainWeights });
      const out = bag.forward([0, 1, 1], { offsets: [0, 1], perSampleWeights: weights });
      expect(out.requiresGrad).toBe(trainBag || trainWeights);
      if (!out.requiresGrad) return;
      out.sum().backward();
      expect([bag.weight.grad !== null, weights.grad !== null]).toEqual([trainBag, trainWeights]);
      const rows = (bag.weight.toArray() as number[][]).map((row) => row.reduce((sum, x) => sum + x));
      if (trainWeights) expectNear(gradOf(weights), [rows[0], rows[1], rows[1]]);
      const [a, b, c] = weights.toArray() as number[];
      if (trainBag) expectNear(gradOf(bag.weight), [a, a, a, a, b + c, b + c, b + c, b + c]);
    },
  );

  it("test_embedding_bag_max_backward_large_offset_overflow: the maximum of a bag far behind", () => {
    const rows = 20000;
    const weight = counting(rows, 2).requiresGrad_();
    const input = Int32Array.from({ length: rows }, (_, i) => rows - 1 - i);
    const offsets = Int32Array.from({ length: rows / 2 }, (_, b) => 2 * b);
    const out = F.embeddingBag(input, weight, { offsets, mode: "max" });
    expect(out.at(rows / 2 - 1).toArray()).toEqual([3, 4]);
    out.sum().backward();
    // Of every two neighbours the one that comes first is larger.
    expectBits(
      gradOf(weight),
      Float32Array.from({ length: 2 * rows }, (_, i) => Math.floor(i / 2) % 2),
    );
  });
});

describe("test_nn.py", () => {
  /** Values that no step of a quarter can bring out of order. */
  const apart = (rows: number, dim: number) =>
    randperm(rows * dim)
      .float()
      .reshape([rows, dim]);

  const matrix = () => randint(0, 4, [2, 3]);
  const repeated = () => {
    const row = [...valuesOf(randint(0, 4, [512]))];
    return longTensor(Array.from({ length: 7 }, () => row));
  };
  const permuted = () => longTensor([[...valuesOf(randperm(3))], [...valuesOf(randperm(3))]]);

  it.each<[string, () => Tensor, nn.EmbeddingBagOptions]>([
    ["test_EmbeddingBag_mean", matrix, {}],
    ["test_EmbeddingBag_discontiguous", repeated, {}],
    ["test_EmbeddingBag_sum", matrix, { mode: "sum" }],
    ["test_EmbeddingBag_max", matrix, { mode: "max" }],
    ["test_EmbeddingBag_mean_padding_idx", permuted, { paddingIdx: 1 }],
    ["test_EmbeddingBag_sum_padding_idx", permuted, { mode: "sum", paddingIdx: 1 }],
    ["test_EmbeddingBag_max_padding_idx", permuted, { mode: "max", paddingIdx: 1 }],
    ["test_EmbeddingBag_sparse", () => longTensor([[1, 0, 1, 0]]), { sparse: true }],
  ])("%s: the gradient is the slope", (_, make, options) => {
    const input = make();
    const factors = randn([input.shape[0], 3]);
    expectSlopes(apart(4, 3), (weight) => F.embeddingBag(input, weight, options).mul(factors).sum());
    const bag = new nn.EmbeddingBag(4, 3, options);
    bag.forward(input).sum().backward();
    expect(bag.weight.grad === sparseOrNull(bag.weight)).toBe(options.sparse === true);
  });

  const sparseOrNull = (weight: Tensor) => {
    try {
      return sparseGradOf(weight);
    } catch {
      return null;
    }
  };
});

describe("test_ops.py, the samples of embedding_bag", () => {
  const [S, M] = [5, 10];
  const variants = [
    ["sum", true],
    ["sum", false],
    ["mean", false],
    ["max", false],
  ] as const;
  const apart = (rows: number) =>
    randperm(rows * S)
      .float()
      .reshape([rows, S]);

  /** Gradients of table and weights against slopes. */
  function check(mode: Mode, weighted: boolean, rows: number, input: Tensor, division: object): void {
    const values = apart(rows);
    const weights = weighted ? randint(-3, 4, input.shape).float() : null;
    const call = (weight: Tensor, perSampleWeights: Tensor | null) =>
      F.embeddingBag(input, weight, { mode, ...division, perSampleWeights });
    const factors = randint(-2, 3, call(values, weights).shape).float();
    expectSlopes(values, (weight) => call(weight, weights).mul(factors).sum());
    if (weights) expectSlopes(weights, (own) => call(values, own).mul(factors).sum());
  }

  it.each(variants)("test_fn_grad: one row of entries, %s, weighted %s", (mode, weighted) => {
    check(mode, weighted, M, randint(0, M, [S]), { offsets: [0, 3] });
    // PyTorch takes every second of a longer row here.
    check(mode, weighted, M, randint(0, M, [S, 2]).narrow(1, 0, 1).reshape([S]), { offsets: [0, 3] });
  });

  it.each(variants)("test_fn_grad: a bag of length zero, %s, weighted %s", (mode, weighted) => {
    check(mode, weighted, M, randint(0, M, [S]), { offsets: [0, 0, 3] });
  });

  it.each(variants)("test_fn_grad: a matrix and a transposed one, %s, weighted %s", (mode, weighted) => {
    check(mode, weighted, M, randint(0, M, [S, S]), {});
    check(mode, weighted, M, randint(0, M, [S, 4]).transpose(0, 1), {});
  });

  it.each(variants)(
    "test_fn_grad: padding from the end with offsets and from the front in a matrix, %s, weighted %s",
    (mode, weighted) => {
      const row = randint(0, S, [6]);
      row.array.set([4], 0);
      row.array.set([4], 4);
      check(mode, weighted, S, row, { paddingIdx: -1, offsets: [0, 3] });
      const matrix = randint(0, S, [3, 3]);
      matrix.array.set([2], 0);
      matrix.array.set([2], 4);
      check(mode, weighted, S, matrix, { paddingIdx: 2 });
    },
  );

  it.each(variants)("test_fn_grad: the last offset given, %s, weighted %s", (mode, weighted) => {
    check(mode, weighted, S, randint(0, S, [6]), { includeLastOffset: true, offsets: [0, 3, 6] });
  });

  it.each([2, 1])("test_variant_consistency_eager: maxNorm 1, normType %i", (normType) => {
    const weight = randn([S, S]).mul(2);
    const copy = weight.clone();
    const input = [
      [0, 3],
      [3, 2],
    ];
    const out = F.embeddingBag(input, weight, { maxNorm: 1, normType, mode: "sum" });
    const rows = F.embedding(input, copy, { maxNorm: 1, normType });
    expectNear(valuesOf(out), valuesOf(rows.sum(1)));
    expectBits(valuesOf(weight), valuesOf(copy));
    for (const norm of [0, 2, 3].map((row) => norms(weight.at(row).reshape([1, S]), normType)[0]))
      expect(norm).toBeLessThanOrEqual(1 + 1e-6);
  });

  it.each(["sum", "mean"] as const)("test_variant_consistency_eager: by frequency, dense and sparse, %s", (mode) => {
    const size = mode === "mean" ? 2 : 1;
    for (const sparse of FORMS) {
      const weight = randn([S, S], { requiresGrad: true });
      const gradient = tensor([Array(S).fill(2), Array(S).fill(12)]);
      F.embeddingBag(
        [
          [1, 1],
          [0, 1],
        ],
        weight,
        { mode, sparse, scaleGradByFreq: true },
      ).backward(gradient);
      // Row 1 comes three times: (2 + 2 + 12) / 3; row 0 once.
      const expected = [12, 16 / 3, 0, 0, 0].flatMap((x) => Array(S).fill(x / size));
      expectNear(gradOf(weight), expected);
    }
  });

  it("test_variant_consistency_eager: sparse, by frequency, padding and maxNorm at once", () => {
    const values = randn([S, S]).mul(2);
    const input = [
      [0, 1],
      [1, 3],
    ];
    const options = { mode: "sum", paddingIdx: 0, maxNorm: 1, scaleGradByFreq: true } as const;
    const [dense, sparse] = FORMS.map((form) => {
      const weight = values.clone().requiresGrad_();
      const out = F.embeddingBag(input, weight, { ...options, sparse: form });
      out.sum().backward();
      return { weight, out };
    });
    expectBits(valuesOf(sparse.out), valuesOf(dense.out));
    expectNear(
      gradOf(dense.weight),
      [0, 1, 0, 1, 0].flatMap((x) => Array(S).fill(x)),
    );
    expectNear(gradOf(sparse.weight), gradOf(dense.weight));
    // Padding is looked up and scaled, as in PyTorch; what nobody asked for is not.
    const after = dense.weight.toArray() as number[][];
    for (const row of [0, 1, 3]) expect(norms(tensor([after[row]]), 2)[0]).toBeLessThanOrEqual(1 + 1e-6);
    expect([after[2], after[4]]).toEqual([2, 4].map((row) => values.at(row).toArray()));
  });
});
