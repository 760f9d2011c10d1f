// Random shapes and contents; fast-check shrinks what fails. The seed is fixed, so that a red test stays red.

import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { floats, garbage, words } from "./data.js";
import { expectBits, expectClose, expectNumbers, guarded, type Kernels, kernels, load } from "./wasm.js";

const RUNS = { numRuns: 1000, seed: 20260 };

const size = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 70 }));
const shift = fc.nat(3);
const seed = fc.nat();
const float = fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 });

/** A table's height and width and a batch of indices below that height. */
const batch = fc.tuple(fc.integer({ min: 1, max: 40 }), size).chain(([rows, dim]) =>
  fc.record({
    rows: fc.constant(rows),
    dim: fc.constant(dim),
    index: fc.array(fc.nat(rows - 1), { maxLength: 80 }).map((values) => Int32Array.from(values)),
    skip: fc.integer({ min: -1, max: rows - 1 }),
    shift,
    seed,
  }),
);

const scatterAdd = (sums: Float32Array, grad: Float32Array, index: Int32Array, dim: number, skip: number, by: number) =>
  guarded(
    { sums, grad, index },
    ["sums"],
    (at) => {
      kernels.scatterAdd(at.sums, at.grad, at.index, index.length, dim, skip);
    },
    by,
  );

describe("properties", () => {
  it("firstBadIndex is the plain loop", () => {
    const someIndex = fc.oneof({ weight: 20, arbitrary: fc.integer({ min: 0, max: 9 }) }, fc.integer());
    const property = fc.property(fc.array(someIndex, { maxLength: 60 }), fc.nat(12), shift, (values, rows, by) => {
      const index = Int32Array.from(values);
      const found = guarded({ index }, [], (at) => kernels.firstBadIndex(at.index, index.length, rows), by);
      expect(found).toBe(reference.firstBadIndex(values, rows));
    });
    fc.assert(property, RUNS);
  });

  it("gathered rows equal the table's rows", () => {
    const property = fc.property(batch, ({ rows, dim, index, ...more }) => {
      const weight = words(rows * dim, more.seed);
      const out = garbage(new Uint32Array(index.length * dim));
      guarded(
        { out, weight, index },
        ["out"],
        (at) => {
          kernels.gather(at.out, at.weight, at.index, index.length, dim);
        },
        more.shift,
      );
      expectBits(out, reference.embedding(weight, index, dim));
    });
    fc.assert(property, RUNS);
  });

  it("scatterAdd is the sequential float32 sum", () => {
    const property = fc.property(batch, ({ rows, dim, index, skip, ...more }) => {
      const [sums, grad] = [floats(rows * dim, more.seed, 12), floats(index.length * dim, more.seed + 1, 12)];
      const expected = reference.scatterAdd(sums, grad, index, dim, skip);
      scatterAdd(sums, grad, index, dim, skip, more.shift);
      expectBits(sums, expected);
    });
    fc.assert(property, RUNS);
  });

  it("scatterAdd through the slots of coalesce gives the touched rows of the dense gradient", () => {
    const property = fc.property(batch, fc.nat(3), ({ rows, dim, index, skip, ...more }, moreBits) => {
      const n = index.length;
      const tableBits = Math.ceil(Math.log2(Math.max(2 * n, 1))) + moreBits;
      const [found, slots] = [garbage(new Int32Array(n)), garbage(new Int32Array(n))];
      const table = garbage(new Int32Array(2 ** tableBits));
      const m = guarded(
        { rows: found, slots, table, index },
        ["rows", "slots", "table"],
        (at) => kernels.coalesce(at.rows, at.slots, at.table, at.index, n, tableBits, skip),
        more.shift,
      );

      const grad = floats(n * dim, more.seed);
      const sums = new Float32Array(m * dim);
      scatterAdd(sums, grad, slots, dim, -1, more.shift);

      const dense = reference.embeddingBackward(grad, index, rows, dim, { paddingIdx: skip });
      expectBits(sums, reference.embedding(dense, found.slice(0, m), dim));
      const touched = new Set(index);
      touched.delete(skip);
      expect(new Set(found.slice(0, m))).toEqual(touched);
    });
    fc.assert(property, RUNS);
  });

  it("sumRows is within the bound of its additions", () => {
    const shape = fc.record({ rows: fc.nat(5), dim: fc.nat(200), seed, shift });
    const property = fc.property(shape, ({ rows, dim, ...more }) => {
      const x = floats(rows * dim, more.seed, 12);
      const out = garbage(new Float32Array(rows));
      guarded(
        { out, x },
        ["out"],
        (at) => {
          kernels.sumRows(at.out, at.x, rows, dim);
        },
        more.shift,
      );
      const magnitudes = reference.sumRows(x.map(Math.abs), rows, dim);
      const bound = (i: number) => 2 ** -24 * Math.min(dim, Math.log2(dim + 1) + 64) * magnitudes[i];
      expectClose(out, reference.sumRows(x, rows, dim), bound);
    });
    fc.assert(property, RUNS);
  });

  it("affine, combine and sgd have the reference's bits for any floats", () => {
    const pairs = fc.array(fc.tuple(fc.float(), fc.float()), { maxLength: 40 });
    const property = fc.property(pairs, float, float, shift, (values, alpha, beta, by) => {
      const n = values.length;
      const [a, b] = [0, 1].map((k) => Float32Array.from(values, (pair) => pair[k]));
      const [affine, combined, stepped] = [new Float32Array(n), new Float32Array(n), a.slice()];
      guarded(
        { affine, combined, stepped, a, b },
        ["affine", "combined", "stepped"],
        (at) => {
          kernels.affine(at.affine, at.a, n, alpha, beta);
          kernels.combine(at.combined, at.a, at.b, n, alpha, beta);
          kernels.sgd(at.stepped, at.b, n, alpha);
        },
        by,
      );
      expectNumbers(affine, reference.affine(a, alpha, beta));
      expectNumbers(combined, reference.combine(a, b, alpha, beta));
      expectNumbers(stepped, reference.sgd(a, b, alpha));
    });
    fc.assert(property, RUNS);
  });

  it("strided reads what the strides say", () => {
    const axis = fc.record({ length: fc.nat(5), stride: fc.nat(9) });
    const property = fc.property(fc.array(axis, { minLength: 1, maxLength: 5 }), shift, seed, (axes, by, start) => {
      const [shape, strides] = [axes.map(({ length }) => length), axes.map(({ stride }) => stride)];
      const last = axes.reduce((sum, { length, stride }) => sum + Math.max(length - 1, 0) * stride, 0);
      const x = words(last + 1, start);
      const out = garbage(new Uint32Array(shape.reduce((a, b) => a * b)));
      const buffers = { out, x, shape: Int32Array.from(shape), strides: Int32Array.from(strides) };
      guarded(
        buffers,
        ["out"],
        (at) => {
          kernels.strided(at.out, at.x, at.shape, at.strides, shape.length);
        },
        by,
      );
      expectBits(out, reference.strided(x, shape, strides));
    });
    fc.assert(property, RUNS);
  });

  it("a generator gives the reference's numbers whatever is drawn in whatever order", () => {
    const draw = fc.tuple(fc.constantFrom("uniform", "normal", "integers", "permutation", "sample"), fc.nat(40));
    const property = fc.property(fc.nat(2 ** 32 - 1), fc.array(draw, { maxLength: 12 }), shift, (start, draws, by) => {
      const theirs = new reference.MersenneTwister(start);
      const generator = new Uint32Array(kernels.GENERATOR_BYTES.value / 4);
      guarded(
        { generator },
        ["generator"],
        (at) => {
          kernels.seedGenerator(at.generator, start);
        },
        by,
      );
      for (const [what, n] of draws) {
        const weight = floats(n + 1, n).map(Math.abs);
        const { cumulative } = reference.cumulate(weight);
        const [drawn, integers] = [new Float32Array(n), new Int32Array(n)];
        const outputs = { drawn, integers, generator };
        guarded(
          { ...outputs, cumulative },
          ["drawn", "integers", "generator"],
          (at) => {
            if (what === "uniform") kernels.uniform(at.drawn, at.generator, n, -1, 2);
            if (what === "normal") kernels.normal(at.drawn, at.generator, n, 0.5, 2);
            if (what === "integers") kernels.randomIntegers(at.integers, at.generator, n, -3, 1000);
            if (what === "permutation") kernels.randomPermutation(at.integers, at.generator, n);
            if (what === "sample") kernels.sampleCategories(at.integers, at.generator, at.cumulative, n, n + 1);
          },
          by,
        );
        if (what === "uniform") expectBits(drawn, reference.uniform(theirs, n, -1, 2));
        if (what === "normal") expectBits(drawn, reference.normal(theirs, n, 0.5, 2));
        if (what === "integers") expectBits(integers, reference.randint(theirs, n, -3, 1000));
        if (what === "permutation") expectBits(integers, reference.randperm(theirs, n));
        if (what === "sample") expectBits(integers, reference.sample(theirs, n, weight));
      }
    });
    fc.assert(property, RUNS);
  });
});

describe("properties of the allocator", () => {
  let own: Kernels;
  beforeAll(() => {
    own = load();
  });

  it("any allocations and releases keep live blocks apart, aligned and whole", () => {
    const bytes = fc.oneof(fc.nat(300), fc.nat(70_000), fc.nat(2 ** 21));
    const command = fc.oneof(
      fc.record({ kind: fc.constant("allocate" as const), value: bytes }),
      fc.record({ kind: fc.constant("release" as const), value: fc.nat() }),
    );
    const property = fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const live: { at: number; bytes: number; stamp: number }[] = [];
      const release = (position: number) => {
        const [block] = live.splice(position, 1);
        const view = new Uint8Array(own.memory.buffer, block.at, block.bytes);
        if (block.bytes > 0) expect([view[0], view[block.bytes - 1]]).toEqual([block.stamp, block.stamp]);
        own.release(block.at, block.bytes);
      };
      commands.forEach(({ kind, value }, stamp) => {
        if (kind === "release") {
          if (live.length > 0) release(value % live.length);
          return;
        }
        const at = own.allocate(value) >>> 0;
        if (at < 65536 || at % 16 !== 0) throw new Error(`${value} bytes at ${at}`);
        for (const other of live) {
          if (at < other.at + Math.max(other.bytes, 1) && other.at < at + Math.max(value, 1)) {
            throw new Error(`${value} bytes at ${at} overlap ${other.bytes} at ${other.at}`);
          }
        }
        const view = new Uint8Array(own.memory.buffer, at, value);
        if (value > 0) view[0] = view[value - 1] = stamp;
        live.push({ at, bytes: value, stamp });
      });
      while (live.length > 0) release(0);
    });
    fc.assert(property, RUNS);
  });
});
