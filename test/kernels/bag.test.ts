import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, garbage, indices, randomNumbers, SHIFTS, sweep, wildFloats } from "./data.js";
import { expectBits, expectNumbers, guarded, kernels } from "./wasm.js";

const ROWS = 7;
const BAGS = 5;
/** More than one run of entries, and more than two. */
const COUNTS = [0, 1, 2, 33, 64, 65, 150];

/** n ascending bag numbers; some bags stay empty. */
function bagNumbers(n: number, seed: number): Int32Array {
  const next = randomNumbers(seed);
  return new Int32Array(n).map(() => Math.floor(next() * BAGS)).sort();
}

/** Where each bag starts, and n. */
function startsOf(bagOf: Int32Array): Int32Array {
  return new Int32Array(BAGS + 1).map((_, b) => bagOf.filter((bag) => bag < b).length);
}

/** Bags that are cut anyhow; those before the last empty; those after the first. */
const CUTS: ((n: number) => Int32Array)[] = [
  (n) => bagNumbers(n, n + 1),
  (n) => new Int32Array(n).fill(BAGS - 1),
  (n) => new Int32Array(n),
];

describe("bagSum", () => {
  it("adds the rows of each bag in order to 0 or -0, whatever stood there, rounding every sum to float32", () => {
    sweep({ dim: [...DIMS, 128, 200], n: COUNTS, cut: CUTS, shift: SHIFTS, first: [0, -0] }, (one) => {
      const { dim, n, cut, shift, first } = one;
      const x = wildFloats(ROWS * dim, n + 1);
      const [index, bagOf] = [indices(n, ROWS, n + 9), cut(n)];
      const starts = startsOf(bagOf);
      const out = garbage(new Float32Array(BAGS * dim));
      const zeros = new Float32Array(BAGS * dim).fill(first);
      const expected = reference.scatterAdd(zeros, reference.embedding(x, index, dim), bagOf, dim);
      guarded(
        { out, x, index, starts },
        ["out"],
        (at) => kernels.bagSum(at.out, at.x, at.index, at.starts, n, BAGS, dim, first),
        shift,
      );
      expectNumbers(out, expected);
    });
  });

  it("reads nothing behind a row, which may end where memory ends", () => {
    sweep({ dim: DIMS }, ({ dim }) => {
      const out = kernels.allocate(4 * dim) >>> 0;
      const words = kernels.allocate(12) >>> 0;
      new Int32Array(kernels.memory.buffer, words, 3).set([0, 0, 1]);
      const row = kernels.memory.buffer.byteLength - 4 * dim;
      kernels.bagSum(out, row, words, words + 4, 1, 1, dim, -0);
      const sums = new Float32Array(kernels.memory.buffer, out, dim).slice();
      expectNumbers(sums, new Float32Array(kernels.memory.buffer, row, dim));
      kernels.release(words, 12);
      kernels.release(out, 4 * dim);
    });
  });

  it("has a gradient: each bag's goes to the sums of its rows, whatever stood there", () => {
    sweep({ dim: DIMS, n: COUNTS, cut: CUTS, shift: SHIFTS }, ({ dim, n, cut, shift }) => {
      const [index, bagOf] = [indices(n, ROWS, n), cut(n)];
      const starts = startsOf(bagOf);
      const { rows, slots: places } = reference.distinct(index);
      const slots = Int32Array.from(places);
      const grad = wildFloats(BAGS * dim, n);
      const zeros = new Float32Array(rows.length * dim);
      const expected = reference.scatterAdd(zeros, reference.embedding(grad, bagOf, dim), slots, dim);
      const sums = garbage(new Float32Array(rows.length * dim));
      guarded(
        { sums, grad, slots, starts },
        ["sums"],
        (at) => kernels.bagSumBackward(at.sums, at.grad, at.slots, at.starts, BAGS, dim),
        shift,
      );
      expectNumbers(sums, expected);
    });
  });
});

describe("addRowsScaled", () => {
  it("adds products rounded once, as a fused multiply-add", () => {
    sweep({ dim: DIMS, n: COUNTS, shift: SHIFTS }, ({ dim, n, shift }) => {
      const out = floats(BAGS * dim, dim);
      const x = floats(ROWS * dim, n + 1);
      const scale = floats(n, n + 2);
      const to = indices(n, BAGS, n);
      const from = indices(n, ROWS, n + 9);
      const expected = reference.scatterAddScaled(out, reference.embedding(x, from, dim), scale, to, dim);
      guarded(
        { out, x, scale, to, from },
        ["out"],
        (at) => kernels.addRowsScaled(at.out, at.x, at.scale, at.to, at.from, n, dim),
        shift,
      );
      expectBits(out, expected);
    });
  });
});

describe("bagMax", () => {
  const max = (weight: Float32Array, index: Int32Array, bagOf: Int32Array, dim: number, shift = 0) => {
    const out = garbage(new Float32Array(BAGS * dim));
    const winners = garbage(new Int32Array(BAGS * dim));
    const starts = startsOf(bagOf);
    guarded(
      { out, winners, weight, index, starts },
      ["out", "winners"],
      (at) => kernels.bagMax(at.out, at.winners, at.weight, at.index, at.starts, index.length, BAGS, dim),
      shift,
    );
    return { out, winners };
  };

  it("finds the largest of each bag's rows and the first entry that has it; NaN wins only as the first", () => {
    sweep({ dim: DIMS, n: COUNTS, cut: CUTS, shift: SHIFTS }, ({ dim, n, cut, shift }) => {
      const weight = wildFloats(ROWS * dim, dim + n);
      const [index, bagOf] = [indices(n, ROWS, n), cut(n)];
      const expected = reference.bagMax(weight, index, bagOf, BAGS, dim);
      const actual = max(weight, index, bagOf, dim, shift);
      expectNumbers(actual.out, expected.out);
      expectBits(actual.winners, expected.winners);
    });
  });

  it("sends each gradient back to the winner's slot", () => {
    sweep({ dim: DIMS, n: COUNTS, shift: SHIFTS }, ({ dim, n, shift }) => {
      const [index, bagOf] = [indices(n, ROWS, n), bagNumbers(n, n + 1)];
      const { winners } = max(floats(ROWS * dim, dim), index, bagOf, dim);
      const { rows, slots: places } = reference.distinct(index);
      const slots = Int32Array.from(places);
      const grad = floats(BAGS * dim, n);
      const sums = floats(rows.length * dim, 1);
      const expected = reference.bagMaxBackward(sums, grad, winners, slots, dim);
      guarded(
        { sums, grad, winners, slots },
        ["sums"],
        (at) => kernels.bagMaxBackward(at.sums, at.grad, at.winners, at.slots, BAGS, dim),
        shift,
      );
      expectBits(sums, expected);
    });
  });
});

describe("dotRows", () => {
  it("multiplies pairs of rows within the rounding of dim additions", () => {
    sweep({ dim: DIMS, n: COUNTS, shift: SHIFTS }, ({ dim, n, shift }) => {
      const [a, b] = [floats(BAGS * dim, dim), floats(ROWS * dim, dim + 1)];
      const [from, index] = [indices(n, BAGS, n), indices(n, ROWS, n + 5)];
      const expected = reference.dotRows(a, b, from, index, dim);
      const out = garbage(new Float32Array(n));
      guarded(
        { out, a, b, from, index },
        ["out"],
        (at) => kernels.dotRows(at.out, at.a, at.b, at.from, at.index, n, dim),
        shift,
      );
      for (let j = 0; j < n; j++) {
        const bound = (dim + 1) * 2 ** -24 * expected.magnitude[j];
        expect(Math.abs(out[j] - expected.out[j])).toBeLessThanOrEqual(bound);
      }
    });
  });
});
