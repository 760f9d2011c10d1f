import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, garbage, indices, randomNumbers, SHIFTS, sweep, wildFloats } from "./data.js";
import { expectBits, expectNumbers, guarded, kernels } from "./wasm.js";

const ROWS = 7;
const BAGS = 5;
const COUNTS = [0, 1, 2, 33];

/** n ascending bag numbers; some bags stay empty. */
function bagNumbers(n: number, seed: number): Int32Array {
  const next = randomNumbers(seed);
  return new Int32Array(n).map(() => Math.floor(next() * BAGS)).sort();
}

describe("addRows", () => {
  it("adds the rows it takes to the rows it is told, in order, rounding every sum to float32", () => {
    sweep({ dim: DIMS, n: COUNTS, shift: SHIFTS }, ({ dim, n, shift }) => {
      const out = floats(BAGS * dim, dim);
      const x = floats(ROWS * dim, n + 1);
      const to = indices(n, BAGS, n);
      const from = indices(n, ROWS, n + 9);
      const expected = reference.scatterAdd(out, reference.embedding(x, from, dim), to, dim);
      guarded({ out, x, to, from }, ["out"], (at) => kernels.addRows(at.out, at.x, at.to, at.from, n, dim), shift);
      expectBits(out, expected);
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

describe("divideRows", () => {
  it("divides each row by its own number and makes zeros of those whose number is 0, in place too", () => {
    sweep({ dim: DIMS, n: COUNTS, shift: SHIFTS }, ({ dim, n, shift }) => {
      const x = wildFloats(n * dim, dim);
      const divisor = new Float32Array(n).map((_, i) => [3, 0, -0.7, -0][i % 4]);
      const expected = Float32Array.from(reference.divideRows(x, divisor, dim));
      const out = garbage(new Float32Array(n * dim));
      guarded({ out, x, divisor }, ["out"], (at) => kernels.divideRows(at.out, at.x, at.divisor, n, dim), shift);
      expectNumbers(out, expected);
      guarded({ x, divisor }, ["x"], (at) => kernels.divideRows(at.x, at.x, at.divisor, n, dim), shift);
      expectNumbers(x, expected);
    });
  });
});

describe("bagMax", () => {
  const max = (weight: Float32Array, index: Int32Array, bagOf: Int32Array, dim: number, shift = 0) => {
    const out = garbage(new Float32Array(BAGS * dim));
    const winners = garbage(new Int32Array(BAGS * dim));
    guarded(
      { out, winners, weight, index, bagOf },
      ["out", "winners"],
      (at) => kernels.bagMax(at.out, at.winners, at.weight, at.index, at.bagOf, index.length, BAGS, dim),
      shift,
    );
    return { out, winners };
  };

  it("finds the largest of each bag's rows and the first entry that has it; NaN wins only as the first", () => {
    sweep({ dim: DIMS, n: COUNTS, shift: SHIFTS }, ({ dim, n, shift }) => {
      const weight = wildFloats(ROWS * dim, dim + n);
      const [index, bagOf] = [indices(n, ROWS, n), bagNumbers(n, n + 1)];
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
