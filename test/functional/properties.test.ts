import fc from "fast-check";
import { functional as F, longTensor, nn, optim, type Tensor, tensor, tidy } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { coordinates, floats, nested, shapes, sizeOf } from "../tensor/arbitrary.js";
import { expectBits, expectClose, expectError, gradOf, sparseGradOf, valuesOf } from "../tensor/compare.js";

const RUNS = { numRuns: 1000, seed: 20260 };

type Index = Parameters<typeof F.embedding>[0];

/** The same numbers in every form that an index may have. Typed arrays are flat. */
const FORMS: Record<string, (flat: number[], shape: number[]) => Index> = {
  nested: (flat, shape) => nested(flat, shape) as Index,
  tensor: (flat, shape) => longTensor(flat, { shape }),
  Int8Array: (flat) => Int8Array.from(flat),
  Uint8Array: (flat) => Uint8Array.from(flat),
  Uint8ClampedArray: (flat) => Uint8ClampedArray.from(flat),
  Int16Array: (flat) => Int16Array.from(flat),
  Uint16Array: (flat) => Uint16Array.from(flat),
  Int32Array: (flat) => Int32Array.from(flat),
  Uint32Array: (flat) => Uint32Array.from(flat),
  BigInt64Array: (flat) => BigInt64Array.from(flat, BigInt),
  BigUint64Array: (flat) => BigUint64Array.from(flat, BigInt),
};

/** Nested arrays cannot say [0, 3]: an empty level ends them. */
const visible = (shape: number[]) => (shape.includes(0) ? shape.slice(0, shape.indexOf(0) + 1) : shape);

/** A table, an index of any shape, a gradient for what is looked up. */
const lookups = fc
  .record({ rows: fc.integer({ min: 1, max: 12 }), dim: fc.integer({ min: 0, max: 9 }), shape: shapes(4, 4) })
  .chain(({ rows, dim, shape }) =>
    fc.record({
      rows: fc.constant(rows),
      dim: fc.constant(dim),
      shape: fc.constant(shape),
      values: floats(rows * dim).map((x) => Float32Array.from(x)),
      flat: fc.array(fc.nat(rows - 1), { minLength: sizeOf(shape), maxLength: sizeOf(shape) }),
      gradient: floats(sizeOf(shape) * dim).map((x) => Float32Array.from(x)),
      form: fc.constantFrom(...Object.keys(FORMS)),
      paddingIdx: fc.option(fc.integer({ min: -rows, max: rows - 1 })),
      scaleGradByFreq: fc.boolean(),
    }),
  );

type Lookup = typeof lookups extends fc.Arbitrary<infer T> ? T : never;

const tableOf = ({ values, rows, dim }: Lookup) => tensor(values, { shape: [rows, dim], requiresGrad: true });

/** Every run inside tidy, so that a thousand of them keep nothing. */
const holds = (property: (c: Lookup) => void) =>
  fc.assert(
    fc.property(lookups, (c) => tidy(() => property(c))),
    RUNS,
  );

/** Looks up and sends the gradient back. */
function backward(c: Lookup, sparse: boolean): Tensor {
  const weight = tableOf(c);
  const { paddingIdx, scaleGradByFreq } = c;
  const out = F.embedding(longTensor(c.flat, { shape: c.shape }), weight, { paddingIdx, scaleGradByFreq, sparse });
  out.backward(tensor(c.gradient, { shape: out.shape }));
  return weight;
}

describe("for any table, index and gradient", () => {
  it("a lookup is plain indexing, whatever form the index has", () => {
    holds((c) => {
      const { flat, shape, dim, values } = c;
      const asked = c.form === "tensor" ? shape : c.form === "nested" ? visible(shape) : [flat.length];
      const out = F.embedding(FORMS[c.form](flat, shape), tableOf(c));
      expect(out.shape).toEqual([...asked, dim]);
      expectBits(
        valuesOf(out),
        flat.flatMap((row) => [...values.subarray(row * dim, (row + 1) * dim)]),
      );
    });
  });

  it("a dense gradient is the sum in index order, the padding row left out", () => {
    holds((c) => {
      const { flat, rows, dim, gradient } = c;
      const skip = c.paddingIdx === null ? -1 : (c.paddingIdx + rows) % rows;
      const sums = new Float32Array(rows * dim);
      const count = (row: number) => flat.filter((other) => other === row).length;
      for (const [i, row] of flat.entries()) {
        if (row === skip) continue;
        // One rounding for product and sum, as in PyTorch.
        const scale = c.scaleGradByFreq ? Math.fround(1 / count(row)) : 1;
        for (let j = 0; j < dim; j++) sums[row * dim + j] += scale * gradient[i * dim + j];
      }
      // Plus zero: a sum that underflows may have either sign.
      expectBits(
        gradOf(backward(c, false)).map((x) => x + 0),
        sums.map((x) => x + 0),
      );
    });
  });

  it("a sparse gradient, coalesced and written out, is the dense one", () => {
    holds((c) => {
      const [dense, sparse] = [backward(c, false), sparseGradOf(backward(c, true))];
      const sums = sparse.coalesce();
      const order = [...valuesOf(sums.indices)];
      expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
      // By frequency the products of a sparse gradient are rounded before they are added.
      if (!c.scaleGradByFreq) expectBits(valuesOf(sums.toDense()), gradOf(dense));
      else expectClose(valuesOf(sums.toDense()), gradOf(dense), 1e-6, () => 1000 * 64);
      expectBits(valuesOf(sparse.toDense()), valuesOf(sums.toDense()));
    });
  });

  it("permuting a batch permutes the output", () => {
    const withOrder = lookups.chain((c) =>
      fc.tuple(
        fc.constant(c),
        fc.shuffledSubarray([...c.flat.keys()], { minLength: c.flat.length, maxLength: c.flat.length }),
      ),
    );
    fc.assert(
      fc.property(withOrder, ([c, order]) =>
        tidy(() => {
          const weight = tableOf(c);
          const [plain, permuted] = [c.flat, order.map((i) => c.flat[i])].map((index) => F.embedding(index, weight));
          expectBits(
            valuesOf(permuted),
            order.flatMap((i) => [...valuesOf(plain).subarray(i * c.dim, (i + 1) * c.dim)]),
          );
        }),
      ),
      RUNS,
    );
  });

  it("an index out of range is named by its place, and nothing is changed", () => {
    const spoiled = lookups
      .filter((c) => c.flat.length > 0)
      .chain((c) =>
        fc.tuple(fc.constant(c), fc.nat(c.flat.length - 1), fc.constantFrom(-1, -(2 ** 31), c.rows, 2 ** 31 - 1)),
      );
    fc.assert(
      fc.property(spoiled, ([c, place, bad]) =>
        tidy(() => {
          const flat = c.flat.map((row, i) => (i === place ? bad : row));
          const module = new nn.Embedding(c.rows, c.dim, {
            weight: tensor(c.values, { shape: [c.rows, c.dim] }),
            maxNorm: 1,
          });
          const where = coordinates(place, c.shape).map((i) => `[${i}]`);
          const words = `input${where.join("")} is ${bad}, valid range is [0, ${c.rows})`;
          for (const index of [longTensor(flat, { shape: c.shape }), nested(flat, c.shape) as Index]) {
            expectError(() => module.forward(index), RangeError, "embedding: index out of range in self: ", words);
          }
          expectBits(valuesOf(module.weight), c.values);
        }),
      ),
      RUNS,
    );
  });

  it("maxNorm shortens the rows looked up to the norm allowed and leaves the others", () => {
    const limited = fc.tuple(
      lookups,
      fc.double({ min: 0.001, max: 100, noNaN: true }),
      fc.constantFrom(1, 2, 3, Infinity),
    );
    fc.assert(
      fc.property(limited, ([c, maxNorm, normType]) =>
        tidy(() => {
          const weight = tableOf(c);
          F.embedding(c.flat, weight, { maxNorm, normType });
          const after = valuesOf(weight);
          for (let row = 0; row < c.rows; row++) {
            const [start, end] = [row * c.dim, (row + 1) * c.dim];
            const [old, now] = [c.values.slice(start, end), after.slice(start, end)];
            const sizes = Array.from(old, Math.abs);
            const norm =
              normType === Infinity
                ? Math.max(0, ...sizes)
                : sizes.reduce((sum, x) => sum + x ** normType, 0) ** (1 / normType);
            if (!c.flat.includes(row) || norm < maxNorm * (1 - 1e-6)) expectBits(now, old);
            else if (norm > maxNorm * (1 + 1e-6)) {
              const scale = maxNorm / (norm + 1e-7);
              expectClose(
                now,
                old.map((x) => x * scale),
                1e-6,
                (i) => Math.max(Math.abs(old[i] * scale), 2 ** -126),
              );
            }
          }
        }),
      ),
      RUNS,
    );
  });
});

describe("for any table, index and gradient, the form of the gradient does not matter", () => {
  type Kind = (params: Tensor[]) => optim.SGD | optim.Adagrad;
  const kinds: [string, Kind][] = [
    ["SGD", (params) => new optim.SGD(params, { lr: 0.125 })],
    ["SGD, maximize", (params) => new optim.SGD(params, { lr: 0.125, maximize: true })],
    ["SGD with momentum", (params) => new optim.SGD(params, { lr: 0.125, momentum: 0.75, dampening: 0.25 })],
    ["SGD with Nesterov momentum", (params) => new optim.SGD(params, { lr: 0.125, momentum: 0.75, nesterov: true })],
    ["Adagrad", (params) => new optim.Adagrad(params, { lr: 0.125, lrDecay: 0.5 })],
    ["Adagrad, maximize", (params) => new optim.Adagrad(params, { lr: 0.125, maximize: true })],
  ];

  /** The table after two steps. */
  function learned(c: Lookup, make: Kind, sparse: boolean, read: boolean): Float32Array | Int32Array {
    const module = new nn.Embedding(c.rows, c.dim, { sparse, weight: tensor(c.values, { shape: [c.rows, c.dim] }) });
    const optimizer = make([module.weight]);
    for (const flat of [c.flat, c.flat.slice(0, 2)]) {
      optimizer.zeroGrad();
      const gradient = tensor(c.gradient.slice(0, flat.length * c.dim), { shape: [flat.length, c.dim] });
      module.forward(flat).backward(gradient);
      if (read) gradOf(module.weight);
      optimizer.step();
    }
    const out = valuesOf(module.weight);
    module.dispose();
    optimizer.dispose();
    return out;
  }

  it.each(kinds)("%s: dense, never read, is to the bit dense that was read", (_, make) => {
    holds((c) => expectBits(learned(c, make, false, false), learned(c, make, false, true)));
  });

  it.each(kinds)("%s: sparse is dense", (_, make) => {
    // SGD adds sparse entries to the table one by one, so roundings differ by what went in: up to 64 gradients of 1000.
    holds((c) => {
      const [sparse, dense] = [learned(c, make, true, false), learned(c, make, false, true)];
      const sizes = new Float64Array(c.rows * c.dim);
      for (const [i, row] of c.flat.entries()) {
        for (let j = 0; j < c.dim; j++) sizes[row * c.dim + j] += Math.abs(c.gradient[i * c.dim + j]);
      }
      expectClose(sparse, dense, 3e-6, (i) => Math.max(Math.abs(c.values[i]), sizes[i], 2 ** -126));
    });
  });
});
