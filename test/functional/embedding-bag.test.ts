import fc from "fast-check";
import { functional as F, longTensor, memory, nn, noGrad, rand, type Tensor, tensor, tidy, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { embeddingBag, embeddingBagBackward } from "../reference/index.js";
import { floats, wholes } from "../tensor/arbitrary.js";
import { expectBits, expectClose, expectError, gradOf, sparseGradOf, valuesOf } from "../tensor/compare.js";

const RUNS = { numRuns: 120, seed: 20260 };

type Input = Parameters<typeof F.embeddingBag>[0];
type Options = NonNullable<Parameters<typeof F.embeddingBag>[2]>;

// ---- what the properties are about ----

const weightsOf = (n: number) =>
  fc.array(fc.float({ min: 0.125, max: 8, noNaN: true }), { minLength: n, maxLength: n });

/** A table, bags of any lengths, a gradient for what comes out. */
const anyBags = fc
  .record({
    rows: fc.integer({ min: 1, max: 9 }),
    dim: fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33),
    lengths: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 }),
  })
  .chain(({ rows, dim, lengths }) => {
    const n = lengths.reduce((sum, length) => sum + length, 0);
    return fc.record({
      rows: fc.constant(rows),
      dim: fc.constant(dim),
      lengths: fc.constant(lengths),
      values: floats(rows * dim).map((x) => Float32Array.from(x)),
      index: fc.array(fc.nat(rows - 1), { minLength: n, maxLength: n }),
      gradient: floats(lengths.length * dim).map((x) => Float32Array.from(x)),
      weights: fc.option(weightsOf(n).map((x) => Float32Array.from(x))),
      mode: fc.constantFrom("sum", "mean", "max" as const),
      paddingIdx: fc.option(fc.integer({ min: -rows, max: rows - 1 })),
      scaleGradByFreq: fc.boolean(),
      form: fc.constantFrom(...FORMS.keys()),
    });
  })
  // Combinations that do not exist.
  .map((c) => (c.mode === "max" ? { ...c, weights: null, scaleGradByFreq: false } : c));

type Bags = typeof anyBags extends fc.Arbitrary<infer T> ? T : never;

/** 0 and the end of every bag. */
function endsOf(lengths: readonly number[]): number[] {
  const ends = [0];
  for (const length of lengths) ends.push(ends[ends.length - 1] + length);
  return ends;
}

/** The index, or anything as long, cut into bags. */
function cut<T extends { slice(start: number, end: number): T }>(all: T, lengths: readonly number[]): T[] {
  const ends = endsOf(lengths);
  return lengths.map((_, b) => all.slice(ends[b], ends[b + 1]));
}

/** The same bags in every form that an input may have. */
const FORMS = new Map<string, (index: number[], lengths: number[]) => [Input, Options]>([
  ["ragged", (index, lengths) => [cut(index, lengths), {}]],
  ["ragged typed arrays", (index, lengths) => [cut(Int32Array.from(index), lengths), {}]],
  ["offsets", (index, lengths) => [index, { offsets: endsOf(lengths).slice(0, -1) }]],
  ["all offsets", (index, lengths) => [index, { offsets: endsOf(lengths), includeLastOffset: true }]],
  ["tensors", (index, lengths) => [longTensor(index), { offsets: longTensor(endsOf(lengths).slice(0, -1)) }]],
  [
    "64-bit arrays",
    (index, lengths) => {
      const offsets = BigInt64Array.from(endsOf(lengths), BigInt);
      return [BigInt64Array.from(index, BigInt), { offsets, includeLastOffset: true }];
    },
  ],
]);

/** No bags at all cannot be told from one row of entries without offsets. */
const formOf = (c: Bags) => FORMS.get(c.lengths.length === 0 ? "offsets" : c.form)!(c.index, c.lengths);

const optionsOf = ({ mode, paddingIdx, scaleGradByFreq }: Bags): Options => ({ mode, paddingIdx, scaleGradByFreq });

const tableOf = ({ values, rows, dim }: Bags) => tensor(values, { shape: [rows, dim], requiresGrad: true });

interface Result {
  out: Tensor;
  weight: Tensor;
  weights: Tensor | null;
}

/** Forward and backward. */
function run(c: Bags, sparse = false, form = formOf(c)): Result {
  const weight = tableOf(c);
  const weights = c.weights && tensor(c.weights, { requiresGrad: true });
  const [input, division] = form;
  const out = F.embeddingBag(input, weight, { ...optionsOf(c), ...division, sparse, perSampleWeights: weights });
  out.backward(tensor(c.gradient, { shape: out.shape }));
  return { out, weight, weights };
}

const padding = ({ paddingIdx, rows }: Bags) => (paddingIdx === null ? undefined : (paddingIdx + rows) % rows);

const referenceOf = (c: Bags) => ({ ...optionsOf(c), mode: c.mode, paddingIdx: padding(c), weights: c.weights });

/** The oracle's gradients. */
const expectedGradients = (c: Bags) =>
  embeddingBagBackward(c.gradient, c.values, c.index, endsOf(c.lengths), c.rows, c.dim, referenceOf(c));

/** What roundings are measured by: everything that went into a result, with plus signs. */
function sizesOf(c: Bags) {
  const positive = { ...c, values: c.values.map(Math.abs), gradient: c.gradient.map(Math.abs) };
  const summed: Bags = { ...positive, mode: "sum" };
  const { table } = expectedGradients(c.mode === "max" ? summed : positive);
  const ends = endsOf(c.lengths);
  const out = embeddingBag(positive.values, c.index, ends, c.dim, referenceOf(positive));
  const weights = expectedGradients(summed).weights;
  if (c.mode === "mean" && c.weights) {
    // (row - mean) / sum(w)
    for (const [b, length] of c.lengths.entries()) {
      const entries = Array.from({ length }, (_, k) => ends[b] + k).filter((i) => c.index[i] !== padding(c));
      const total = entries.reduce((sum, i) => sum + c.weights![i], 0);
      let mean = 0;
      for (let d = b * c.dim; d < (b + 1) * c.dim; d++) mean += positive.gradient[d] * out[d];
      for (const i of entries) weights[i] = (weights[i] + mean) / total;
    }
  }
  return { table, out, weights };
}

/** Every run inside tidy, so that none of them keeps anything. */
const holds = (property: (c: Bags) => void) =>
  fc.assert(
    fc.property(anyBags, (c) => tidy(() => property(c))),
    RUNS,
  );

/** Underflow may leave either sign. */
const unsigned = (x: ArrayLike<number>) => Float32Array.from(x, (v) => v + 0);

describe("for any table, bags and gradient", () => {
  it("a bag is the plain loop over its rows, whatever form the input has", () => {
    holds((c) => {
      const { out } = run(c);
      expect(out.shape).toEqual([c.lengths.length, c.dim]);
      const expected = embeddingBag(c.values, c.index, endsOf(c.lengths), c.dim, referenceOf(c));
      if (c.weights && c.mode === "mean") {
        const { out: sizes } = sizesOf(c);
        expectClose(valuesOf(out), expected, 1e-6, (i) => sizes[i]);
      } else expectBits(unsigned(valuesOf(out)), unsigned(expected));
    });
  });

  it("the gradient of the table is the plain loop's", () => {
    holds((c) => {
      const { weight } = run(c);
      const { table } = expectedGradients(c);
      if (c.weights && (c.mode === "mean" || c.scaleGradByFreq)) {
        const sizes = sizesOf(c).table;
        expectClose(gradOf(weight), table, 1e-6, (i) => Math.max(sizes[i], 2 ** -126));
      } else expectBits(unsigned(gradOf(weight)), unsigned(table));
    });
  });

  it("the gradient of the weights is the plain loop's, the table trained or frozen", () => {
    holds((c) => {
      if (c.weights === null) return;
      const frozen = tableOf(c).detach();
      const weights = tensor(c.weights, { requiresGrad: true });
      const [input, division] = formOf(c);
      const out = F.embeddingBag(input, frozen, { ...optionsOf(c), ...division, perSampleWeights: weights });
      out.backward(tensor(c.gradient, { shape: out.shape }));
      const expected = expectedGradients(c).weights;
      const sizes = sizesOf(c).weights;
      expectClose(gradOf(weights), expected, 2e-6, (i) => Math.max(sizes[i], 2 ** -126));
      expectBits(gradOf(run(c).weights!), gradOf(weights));
      expect(frozen.grad).toBeNull();
    });
  });

  it("a sparse gradient, coalesced and written out, is the dense one", () => {
    holds((c) => {
      const [dense, sparse] = [gradOf(run(c).weight), sparseGradOf(run(c, true).weight)];
      const sums = sparse.coalesce();
      const order = [...valuesOf(sums.indices)];
      expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
      const sizes = sizesOf(c).table;
      expectClose(valuesOf(sums.toDense()), dense, 1e-6, (i) => Math.max(sizes[i], 2 ** -126));
      expect(order).not.toContain(padding(c));
      expectClose(valuesOf(sparse.toDense()), dense, 1e-6, (i) => Math.max(sizes[i], 2 ** -126));
    });
  });

  it("a sparse gradient of sum and mean has one entry for each that is not padding, in input order", () => {
    holds((c) => {
      if (c.mode === "max") return;
      const grad = sparseGradOf(run(c, true).weight);
      expect([...valuesOf(grad.indices)]).toEqual(c.index.filter((row) => row !== padding(c)));
      expect(grad.isCoalesced).toBe(false);
    });
  });

  it("the forms of input agree to the bit, forwards and backwards", () => {
    holds((c) => {
      if (c.lengths.length === 0) return;
      const results = [...FORMS.values()].map((form) => run(c, false, form(c.index, c.lengths)));
      for (const { out, weight, weights } of results) {
        expectBits(valuesOf(out), valuesOf(results[0].out));
        expectBits(gradOf(weight), gradOf(results[0].weight));
        if (weights) expectBits(gradOf(weights), gradOf(results[0].weights!));
      }
    });
  });

  it("ragged bags are a matrix filled up with padding", () => {
    holds((c) => {
      if (c.lengths.length === 0) return;
      const fill = c.paddingIdx ?? 0;
      const row = (fill + c.rows) % c.rows;
      const longest = Math.max(...c.lengths);
      const ragged = run({ ...c, paddingIdx: fill });
      const filled = cut(c.index, c.lengths).map((bag) => [...bag, ...Array(longest - bag.length).fill(row)]);
      const factors =
        c.weights && cut([...c.weights], c.lengths).map((w) => [...w, ...Array(longest - w.length).fill(3)]);
      const all = {
        ...c,
        paddingIdx: fill,
        index: filled.flat(),
        lengths: c.lengths.map(() => longest),
        weights: null,
      };
      const weight = tableOf(all);
      const weights = factors && tensor(factors, { requiresGrad: true });
      const shape = [c.lengths.length, longest];
      const inputs: Input[] = [longTensor(all.index, { shape }), filled];
      for (const input of inputs) {
        weight.grad = null;
        const out = F.embeddingBag(input, weight, { ...optionsOf(all), perSampleWeights: weights });
        expectBits(valuesOf(out), valuesOf(ragged.out));
        out.backward(tensor(c.gradient, { shape: out.shape }));
        // By frequency the counts are of rows that are no padding, so the filling does not matter.
        expectBits(gradOf(weight), gradOf(ragged.weight));
      }
    });
  });

  it("a bag is the rows looked up, then reduced", () => {
    holds((c) => {
      if (c.mode === "max" || c.lengths.length === 0) return;
      const [length] = c.lengths;
      const bags = Math.floor(c.index.length / Math.max(length, 1));
      const shape = [bags, length];
      const matrix = longTensor(c.index.slice(0, bags * length), { shape });
      if (matrix.numel === 0) return;
      const rows = F.embedding(matrix, tableOf(c));
      const reduced = c.mode === "sum" ? rows.sum(1) : rows.mean(1);
      const out = F.embeddingBag(matrix, tableOf(c), { mode: c.mode });
      expectClose(valuesOf(out), valuesOf(reduced), 1e-6, () => 1000 * length);
    });
  });

  it("permuting the bags permutes the output and keeps the gradient, to rounding", () => {
    const withOrder = anyBags.chain((c) => {
      const all = [...c.lengths.keys()];
      return fc.tuple(fc.constant(c), fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }));
    });
    fc.assert(
      fc.property(withOrder, ([c, order]) =>
        tidy(() => {
          const pick = <T>(parts: T[]) => order.map((b) => parts[b]);
          const width = c.lengths.map(() => c.dim);
          const shuffled: Bags = {
            ...c,
            lengths: pick(c.lengths),
            index: pick(cut(c.index, c.lengths)).flat(),
            gradient: Float32Array.from(pick(cut([...c.gradient], width)).flat()),
            weights: c.weights && Float32Array.from(pick(cut([...c.weights], c.lengths)).flat()),
          };
          const [plain, permuted] = [run(c), run(shuffled)];
          expectBits(valuesOf(permuted.out), pick(cut([...valuesOf(plain.out)], width)).flat());
          const sizes = sizesOf(c).table;
          expectClose(gradOf(permuted.weight), gradOf(plain.weight), 3e-6, (i) => Math.max(sizes[i], 2 ** -126));
        }),
      ),
      RUNS,
    );
  });

  it("permuting a bag leaves sums within rounding and the maximum as it is", () => {
    holds((c) => {
      const turned: Bags = {
        ...c,
        index: cut(c.index, c.lengths).flatMap((bag) => bag.reverse()),
        weights: c.weights && Float32Array.from(cut([...c.weights], c.lengths).flatMap((w) => w.reverse())),
      };
      const [plain, reversed] = [valuesOf(run(c).out), valuesOf(run(turned).out)];
      const { out: sizes } = sizesOf(c);
      if (c.mode === "max") expectBits(unsigned(reversed), unsigned(plain));
      else expectClose(reversed, plain, 2e-6, (i) => Math.max(sizes[i], 2 ** -126));
    });
  });

  it("the gradient of the weights is the slope", () => {
    const exact = anyBags.chain((c) =>
      fc.record({
        c: fc.constant(c),
        values: wholes(c.rows * c.dim),
        gradient: wholes(c.gradient.length),
        weights: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: c.index.length, maxLength: c.index.length }),
      }),
    );
    fc.assert(
      fc.property(exact, ({ c, values, gradient, weights }) =>
        tidy(() => {
          const mode = c.mode === "max" ? "sum" : c.mode;
          const [input, division] = formOf(c);
          const asked = tensor(weights, { requiresGrad: true });
          const table = tensor(Float32Array.from(values), { shape: [c.rows, c.dim] });
          const options = { mode, paddingIdx: c.paddingIdx } as const;
          const out = F.embeddingBag(input, table, { ...options, ...division, perSampleWeights: asked });
          out.backward(tensor(Float32Array.from(gradient), { shape: out.shape }));

          /** sum of gradient * output, in float64. */
          const loss = (w: readonly number[]) => {
            const ends = endsOf(c.lengths);
            return c.lengths.reduce((total, length, b) => {
              const entries = Array.from({ length }, (_, k) => ends[b] + k).filter((i) => c.index[i] !== padding(c));
              const size = mode === "mean" ? entries.reduce((sum, i) => sum + w[i], 0) : 1;
              if (entries.length === 0) return total;
              for (let d = 0; d < c.dim; d++) {
                const sum = entries.reduce((acc, i) => acc + w[i] * values[c.index[i] * c.dim + d], 0);
                total += (gradient[b * c.dim + d] * sum) / size;
              }
              return total;
            }, 0);
          };
          const step = mode === "mean" ? 1e-4 : 1;
          const slopes = weights.map((_, i) => {
            const moved = [step, -step].map((h) => loss(weights.map((w, k) => (k === i ? w + h : w))));
            return (moved[0] - moved[1]) / (2 * step);
          });
          if (mode === "sum") expectBits(unsigned(gradOf(asked)), unsigned(slopes));
          else expectClose(gradOf(asked), slopes, 1e-6, () => 64 * Math.max(c.dim, 1));
        }),
      ),
      RUNS,
    );
  });

  it("an index out of range is named by its place, and nothing is changed", () => {
    const spoiled = anyBags
      .filter((c) => c.index.length > 0)
      .chain((c) =>
        fc.tuple(fc.constant(c), fc.nat(c.index.length - 1), fc.constantFrom(-1, -(2 ** 31), c.rows, 2 ** 31 - 1)),
      );
    fc.assert(
      fc.property(spoiled, ([c, place, bad]) =>
        tidy(() => {
          const index = c.index.map((row, i) => (i === place ? bad : row));
          const [input, division] = FORMS.get(c.form)!(index, c.lengths);
          const ends = endsOf(c.lengths);
          // The last bag that starts before it: empty ones end where they start.
          const b = ends.filter((end) => end <= place).length - 1;
          const where = c.form.startsWith("ragged") ? `input[${b}][${place - ends[b]}]` : `input[${place}]`;
          const weight = tableOf(c);
          expectError(
            () => F.embeddingBag(input, weight, { ...optionsOf(c), ...division, maxNorm: 1 }),
            RangeError,
            `embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be ${bad}: ${where}`,
            `[0, ${c.rows})`,
          );
          expectBits(valuesOf(weight), c.values);
        }),
      ),
      RUNS,
    );
  });
});

// ---- forms ----

const TABLE = Float32Array.from({ length: 300 * 3 }, (_, i) => Math.fround(Math.sqrt(i) - 7));
const INDEX = [3, 0, 7, 3, 127];
const OFFSETS = [0, 2, 2];
const expectedSum = () => embeddingBag(TABLE, INDEX, [...OFFSETS, INDEX.length], 3, { mode: "sum" });

/** Numbers in every form that an index of rank 1 may have. */
const integerForms = (x: number[]): [string, Parameters<typeof F.embedding>[0]][] => [
  ["an array", x],
  ["a frozen array", Object.freeze([...x])],
  ["an int32 tensor", longTensor(x)],
  ["part of a tensor", longTensor([9, ...x, 9]).narrow(0, 1, x.length)],
  ["an Int8Array", Int8Array.from(x)],
  ["a Uint8Array", Uint8Array.from(x)],
  ["a Uint8ClampedArray", Uint8ClampedArray.from(x)],
  ["an Int16Array", Int16Array.from(x)],
  ["a Uint16Array", Uint16Array.from(x)],
  ["an Int32Array", Int32Array.from(x)],
  ["a Uint32Array", Uint32Array.from(x)],
  ["a BigInt64Array", BigInt64Array.from(x, BigInt)],
  ["a BigUint64Array", BigUint64Array.from(x, BigInt)],
  ["part of an Int32Array", Int32Array.from([9, ...x, 9]).subarray(1, x.length + 1)],
];

describe("the input may come in any form", () => {
  const weight = () => tensor(TABLE, { shape: [300, 3] });

  it.each(integerForms(INDEX))("one row: %s", (_, input) => {
    expectBits(valuesOf(F.embeddingBag(input, weight(), { offsets: OFFSETS, mode: "sum" })), expectedSum());
  });

  it.each(integerForms(OFFSETS))("offsets: %s", (_, offsets) => {
    expectBits(valuesOf(F.embeddingBag(INDEX, weight(), { offsets, mode: "sum" })), expectedSum());
  });

  it.each(integerForms([...OFFSETS, 5]))("all offsets: %s", (_, offsets) => {
    const options = { offsets, mode: "sum", includeLastOffset: true } as const;
    expectBits(valuesOf(F.embeddingBag(INDEX, weight(), options)), expectedSum());
  });

  it.each(integerForms([7, 3, 127]))("a bag among others: %s", (_, bag) => {
    if ("shape" in Object(bag)) return;
    const input = [[3, 0], [], bag] as Input;
    expectBits(valuesOf(F.embeddingBag(input, weight(), { mode: "sum" })), expectedSum());
  });

  it.each<[string, Input]>([
    [
      "nested arrays",
      [
        [3, 0],
        [7, 3],
      ],
    ],
    ["frozen arrays", Object.freeze([Object.freeze([3, 0]), Object.freeze([7, 3])])],
    [
      "a tensor",
      longTensor([
        [3, 0],
        [7, 3],
      ]),
    ],
    [
      "rows of a tensor",
      longTensor([
        [9, 9],
        [3, 0],
        [7, 3],
      ]).narrow(0, 1, 2),
    ],
    ["typed rows", [Uint8Array.of(3, 0), Uint8Array.of(7, 3)]],
    ["rows of different types", [[3, 0], BigInt64Array.of(7n, 3n)]],
  ])("a matrix: %s", (_, input) => {
    const expected = embeddingBag(TABLE, [3, 0, 7, 3], [0, 2, 4], 3, { mode: "mean" });
    expectBits(valuesOf(F.embeddingBag(input, weight())), expected);
    // Given with a matrix, it means nothing.
    expectBits(valuesOf(F.embeddingBag(input, weight(), { includeLastOffset: true })), expected);
  });

  it.each<[string, Input, Options, number]>([
    ["a list of empty bags", [[], [], []], {}, 3],
    ["a tensor of no columns", zeros([3, 0], { dtype: "int32" }), {}, 3],
    ["a tensor of no rows", zeros([0, 3], { dtype: "int32" }), {}, 0],
    ["empty typed bags", [new Int32Array(0), new BigInt64Array(0)], {}, 2],
    ["no entries and no offsets", [], { offsets: [] }, 0],
    ["no entries and two offsets", new Int32Array(0), { offsets: [0, 0] }, 2],
    ["no entries and the last offset", longTensor([]), { offsets: [0], includeLastOffset: true }, 0],
    ["nothing but padding", [[4, 4], [4]], { paddingIdx: 4 }, 2],
  ])("nothing in it gives zeros and no gradient: %s", (_, input, options, bags) => {
    for (const mode of ["sum", "mean", "max"] as const) {
      for (const sparse of [false, true]) {
        const table = tensor(TABLE, { shape: [300, 3], requiresGrad: true });
        const out = F.embeddingBag(input, table, { ...options, mode, sparse });
        expect(out.shape).toEqual([bags, 3]);
        expectBits(valuesOf(out), new Float32Array(bags * 3));
        out.sum().backward();
        expectBits(gradOf(table), new Float32Array(900));
        if (sparse) expect(sparseGradOf(table).nnz).toBe(0);
      }
    }
  });

  const W = [0.5, 2, -1, 0.25, 3];
  const ragged = [[3, 0], [], [7, 3, 127]];
  it.each<[string, Input, Options["perSampleWeights"]]>([
    ["all in a row, for ragged bags", ragged, W],
    ["in a tensor, for ragged bags", ragged, tensor(W)],
    ["in a Float32Array, for ragged bags", ragged, Float32Array.from(W)],
    ["in the bags' own outline", ragged, [[0.5, 2], [], [-1, 0.25, 3]]],
    ["an array, with offsets", INDEX, W],
    ["a tensor, with offsets", INDEX, tensor(W)],
    ["a Float32Array, with offsets", INDEX, Float32Array.from(W)],
    ["part of a tensor, with offsets", INDEX, tensor([9, ...W, 9]).narrow(0, 1, 5)],
  ])("perSampleWeights: %s", (_, input, perSampleWeights) => {
    const division = input === INDEX ? { offsets: OFFSETS } : {};
    const out = F.embeddingBag(input, weight(), { ...division, perSampleWeights, mode: "sum" });
    expectBits(
      valuesOf(out),
      embeddingBag(TABLE, INDEX, [0, 2, 2, 5], 3, { mode: "sum", weights: Float32Array.from(W) }),
    );
  });

  it.each<[string, Input, Options["perSampleWeights"]]>([
    [
      "arrays for a tensor",
      longTensor([
        [3, 0],
        [7, 3],
      ]),
      [
        [0.5, 2],
        [-1, 0.25],
      ],
    ],
    [
      "a tensor for arrays",
      [
        [3, 0],
        [7, 3],
      ],
      tensor([
        [0.5, 2],
        [-1, 0.25],
      ]),
    ],
    [
      "a tensor for a tensor",
      longTensor([
        [3, 0],
        [7, 3],
      ]),
      tensor([
        [0.5, 2],
        [-1, 0.25],
      ]),
    ],
  ])("perSampleWeights of a matrix: %s", (_, input, perSampleWeights) => {
    const out = F.embeddingBag(input, weight(), { perSampleWeights, mode: "sum" });
    const weights = [0.5, 2, -1, 0.25];
    expectBits(valuesOf(out), embeddingBag(TABLE, [3, 0, 7, 3], [0, 2, 4], 3, { mode: "sum", weights }));
  });

  it("an entry's share of a mean, divided by the count of its row, is rounded once", () => {
    // Seven bags of five rows: 1 / 7 is no float, and dividing what it is rounded to gives another fifth.
    const bags = Array.from({ length: 7 }, () => [0, 1, 2, 3, 4]);
    const table = zeros([5, 1], { requiresGrad: true });
    const out = F.embeddingBag(bags, table, { mode: "mean", scaleGradByFreq: true });
    out.backward(tensor([[1], [0], [0], [0], [0], [0], [0]]));
    expect([...gradOf(table)]).toEqual(Array(5).fill(Math.fround(1 / 7 / 5)));
  });

  it("weights that add up to 0 make zeros, and move nothing", () => {
    const table = tensor(TABLE, { shape: [300, 3], requiresGrad: true });
    const perSampleWeights = tensor([1, -1, 0, 0, 2], { requiresGrad: true });
    const out = F.embeddingBag([[3, 0], [7, 3], [127]], table, { perSampleWeights, mode: "mean" });
    expectBits(valuesOf(out), [0, 0, 0, 0, 0, 0, ...TABLE.subarray(381, 384)]);
    out.sum().backward();
    const expected = new Float32Array(900);
    expected.fill(1, 381, 384);
    expectBits(unsigned(gradOf(table)), expected);
    expectBits(unsigned(gradOf(perSampleWeights)), [0, 0, 0, 0, 0]);
  });

  it("what is changed after the call changes nothing", () => {
    const table = tensor(TABLE, { shape: [300, 3], requiresGrad: true });
    const [input, offsets] = [Int32Array.of(1, 2), Int32Array.of(0, 1)];
    const weights = Float32Array.of(2, 3);
    const out = F.embeddingBag(input, table, { offsets, perSampleWeights: weights, mode: "sum" });
    for (const array of [input, offsets, weights]) array.fill(0);
    out.sum().backward();
    expect([0, 1, 2].map((row) => table.grad!.at(row).toArray())).toEqual([0, 2, 3].map((x) => [x, x, x]));
  });

  it("a weights tensor changed in place before backward is PyTorch's error", () => {
    const table = tensor(TABLE, { shape: [300, 3], requiresGrad: true });
    const weights = tensor([2, 3], { requiresGrad: true });
    const out = F.embeddingBag([[1, 2]], table, { perSampleWeights: weights, mode: "sum" }) as Tensor;
    weights.data.fill_(7);
    expectError(() => out.sum().backward(), Error, "modified by an inplace operation");
  });
});

// ---- in a graph ----

describe("in a graph", () => {
  const WEIGHT = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const leaf = () => tensor(WEIGHT, { requiresGrad: true });

  it("the output says what made it", () => {
    const out = F.embeddingBag([[0, 1]], leaf(), { mode: "sum" });
    expect(out.gradFn!.name).toBe("EmbeddingBagBackward0");
    expect(String(out)).toBe("tensor([[4., 6.]], grad_fn=<EmbeddingBagBackward0>)");
    const frozen = F.embeddingBag([[0, 1]], tensor(WEIGHT));
    expect([frozen.requiresGrad, frozen.gradFn]).toEqual([false, null]);
    expect(noGrad(() => F.embeddingBag([[0, 1]], leaf())).requiresGrad).toBe(false);
  });

  it("two backwards of a sparse table stand one behind the other", () => {
    const weight = leaf();
    for (const input of [[[2, 0], [2]], [[1]]])
      F.embeddingBag(input, weight, { mode: "sum", sparse: true }).sum().backward();
    const grad = sparseGradOf(weight);
    expect([grad.indices.toArray(), grad.isCoalesced]).toEqual([[[2, 0, 2, 1]], false]);
    expect(grad.toArray()).toEqual([
      [1, 1],
      [1, 1],
      [2, 2],
    ]);
  });

  it("dense and sparse, bags and rows, add up", () => {
    const weight = leaf();
    const parts = [
      F.embeddingBag([[0, 1], [1]], weight, { mode: "sum" }),
      F.embeddingBag([[2, 2]], weight, { mode: "sum", sparse: true }),
      F.embeddingBag([[0, 2]], weight, { mode: "max" }),
      F.embedding([1], weight),
    ];
    parts.reduce((total, part) => total.add(part.sum()), tensor(0)).backward();
    expect(weight.grad!.toArray()).toEqual([
      [1, 1],
      [3, 3],
      [3, 3],
    ]);
  });

  it("maxNorm on a table that the graph has used is PyTorch's error, not a wrong gradient", () => {
    const weight = leaf();
    const squares = weight.mul(weight).sum();
    F.embeddingBag([[1]], weight, { maxNorm: 1 });
    expectError(() => squares.backward(), Error, "modified by an inplace operation");
  });

  it("maxNorm scales the rows of the bags alone, and the gradient does not see it", () => {
    const weight = leaf();
    const out = F.embeddingBag([[2, 2], []], weight, { maxNorm: 1, mode: "sum" });
    const norm = Math.sqrt(61);
    expectClose(valuesOf(weight), [1, 2, 3, 4, 5 / norm, 6 / norm], 1e-6);
    expectClose(valuesOf(out), [10 / norm, 12 / norm, 0, 0], 1e-6);
    out.sum().backward();
    expect(weight.grad!.toArray()).toEqual([
      [0, 0],
      [0, 0],
      [2, 2],
    ]);
  });

  it("the rows may themselves be the result of operations", () => {
    const weight = leaf();
    const weights = tensor([1, 2, 3], { requiresGrad: true });
    const out = F.embeddingBag([[0, 1], [1]], weight.mul(2), { mode: "sum", perSampleWeights: weights.mul(weights) });
    expect(out.toArray()).toEqual([
      [26, 36],
      [54, 72],
    ]);
    out.sum().backward();
    expect(weight.grad!.toArray()).toEqual([
      [2, 2],
      [26, 26],
      [0, 0],
    ]);
    // 2 w times the sum of the doubled row.
    expect(weights.grad!.toArray()).toEqual([2 * 6, 4 * 14, 6 * 14]);
  });
});

// ---- memory ----

describe("memory", () => {
  const variants: [string, Options][] = (["sum", "mean", "max"] as const).flatMap((mode) =>
    [false, true].map((sparse): [string, Options] => [`${mode}${sparse ? ", sparse" : ""}`, { mode, sparse }]),
  );

  it.each(variants)("is what it was after a tidy: %s", (_, options) => {
    const module = new nn.EmbeddingBag(50, 8, { ...options, paddingIdx: 1, maxNorm: 1 });
    const weights = options.mode === "max" ? null : rand([4, 3]);
    const before = memory();
    for (let i = 0; i < 20; i++) {
      tidy(() => {
        module
          .forward([[1, 2], [], [3, 1, 7]])
          .sum()
          .backward();
        module
          .forward([1, 2, 3], { offsets: [0, 2] })
          .sum()
          .backward();
        const matrix = longTensor([
          [1, 2, 3],
          [4, 5, 6],
          [7, 8, 9],
          [1, 1, 1],
        ]);
        module.forward(matrix, { perSampleWeights: weights }).sum().backward();
        module.zeroGrad();
      });
      expect(memory().numTensors).toBe(before.numTensors);
      expect(memory().numBytes).toBe(before.numBytes);
    }
  });

  it.each(variants)("holds one table after a forward and nothing after dispose: %s", (_, options) => {
    const before = memory();
    const module = new nn.EmbeddingBag(50, 8, options);
    const alone = memory();
    const out = module.forward([[1, 2], [], [3, 1, 7]]);
    out.sum().backward();
    module.zeroGrad();
    out.dispose();
    module.dispose();
    // The sum and its seed are results like any other: the next tidy-less call lets go of them.
    expect(memory().numBytes).toBeLessThanOrEqual(before.numBytes + 4);
    expect(alone.numTensors).toBe(before.numTensors + 1);
  });

  it.each(["sum", "mean", "max"] as const)("a result in mode %s that has no room leaves the table as it is", (mode) => {
    const table = tensor(new Float32Array(2 ** 14).fill(3), { shape: [1, 2 ** 14] });
    const bags = longTensor(new Int32Array(70_000), { shape: [70_000, 1] });
    expectError(() => F.embeddingBag(bags, table, { mode, maxNorm: 1 }), RangeError, "out of linear memory");
    expect(new Set(valuesOf(table))).toEqual(new Set([3]));
  });

  it("without gradients a call leaves nothing but its result", () => {
    const table = tensor(TABLE, { shape: [300, 3] });
    for (const [input, division] of [...FORMS.values()].map((form) => form(INDEX, [2, 0, 3]))) {
      const before = memory();
      const out = F.embeddingBag(input, table, { ...division, mode: "max" });
      expect(memory().numTensors).toBe(before.numTensors + 1);
      expect(memory().numBytes).toBe(before.numBytes + 36);
      out.dispose();
      expect(memory()).toEqual(before);
    }
  });
});

describe("a list of tensors", () => {
  it("is a list of bags, with weights in tensors too", () => {
    const table = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const bags = [longTensor([0, 2]), longTensor([], { shape: [0] }), longTensor([1])];
    const out = F.embeddingBag(bags, table, { mode: "sum" });
    expect(out.toArray()).toEqual([
      [6, 8],
      [0, 0],
      [3, 4],
    ]);
    const perSampleWeights = [tensor([2, 1]), tensor([], { shape: [0] }), tensor([-1])];
    expect(F.embeddingBag(bags, table, { mode: "sum", perSampleWeights }).toArray()).toEqual([
      [7, 10],
      [0, 0],
      [-3, -4],
    ]);
    expectError(() => F.embeddingBag([longTensor([[0]])], table), RangeError, "input[0] must be a 1D Tensor");
    expectError(() => F.embeddingBag([tensor([0])], table), TypeError, "input[0]");
    const trained = [tensor([2, 1], { requiresGrad: true }), tensor([], { shape: [0] }), tensor([-1])];
    const call = () => F.embeddingBag(bags, table, { mode: "sum", perSampleWeights: trained });
    expectError(call, Error, "perSampleWeights[0] requires a gradient");
  });
});
