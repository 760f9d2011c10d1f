import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, garbage, indices, SHIFTS, sweep, wildFloats, words } from "./data.js";
import { expectBits, expectNumbers, guarded, kernels } from "./wasm.js";

const ROWS = 7;
const SKIPS = [-1, 0, 3, ROWS - 1];
const COUNTS = [0, 1, 2, 33];

function scatterAdd(sums: Float32Array, grad: Float32Array, index: Int32Array, dim: number, skip: number, shift = 0) {
  const out = sums.slice();
  guarded(
    { sums: out, grad, index },
    ["sums"],
    (at) => {
      kernels.scatterAdd(at.sums, at.grad, at.index, index.length, dim, skip);
    },
    shift,
  );
  return out;
}

function scatterAddScaled(
  sums: Float32Array,
  grad: Float32Array,
  scale: Float32Array,
  index: Int32Array,
  dim: number,
  skip: number,
  shift = 0,
) {
  const out = sums.slice();
  guarded(
    { sums: out, grad, scale, index },
    ["sums"],
    (at) => {
      kernels.scatterAddScaled(at.sums, at.grad, at.scale, at.index, index.length, dim, skip);
    },
    shift,
  );
  return out;
}

describe("scatter", () => {
  it("puts rows in their places bit for bit, the last of equal ones staying, and leaves the others", () => {
    sweep({ dim: DIMS, n: COUNTS, shift: SHIFTS }, ({ dim, n, shift }) => {
      const out = words(ROWS * dim, dim);
      const x = words(n * dim, n + 1);
      const index = indices(n, ROWS, n);
      const expected = reference.scatter(out, x, index, dim);
      guarded({ out, x, index }, ["out"], (at) => kernels.scatter(at.out, at.x, at.index, n, dim), shift);
      expectBits(out, expected);
    });
  });
});

describe("scatterAdd", () => {
  it("adds rows in index order, rounding every sum to float32", () => {
    sweep({ dim: DIMS, n: COUNTS, skip: SKIPS, shift: SHIFTS }, ({ dim, n, skip, shift }) => {
      const sums = floats(ROWS * dim, dim);
      const grad = floats(n * dim, n + 1);
      const index = indices(n, ROWS, n);
      const expected = reference.scatterAdd(sums, grad, index, dim, skip);
      expectBits(scatterAdd(sums, grad, index, dim, skip, shift), expected);
    });
  });

  it("adds every repetition of a single row", () => {
    sweep({ dim: DIMS }, ({ dim }) => {
      const grad = floats(100 * dim, dim, 12);
      const index = new Int32Array(100);
      const sums = new Float32Array(dim);
      expectBits(scatterAdd(sums, grad, index, dim, -1), reference.scatterAdd(sums, grad, index, dim));
    });
  });

  it("leaves sums alone, not even turning -0 into 0, where all indices are skipped", () => {
    sweep({ dim: DIMS, skip: [-1, 0, 3] }, ({ dim, skip }) => {
      const sums = new Float32Array(ROWS * dim).fill(-0);
      const index = new Int32Array(5).fill(skip);
      expectBits(scatterAdd(sums, new Float32Array(5 * dim), index, dim, skip), sums);
    });
  });

  it("follows IEEE arithmetic through infinities, NaN, denormals and signed zeros", () => {
    sweep({ dim: DIMS, skip: SKIPS }, ({ dim, skip }) => {
      const sums = wildFloats(ROWS * dim, dim);
      const grad = wildFloats(20 * dim, dim + 1);
      const index = indices(20, ROWS, dim);
      const expected = reference.scatterAdd(sums, grad, index, dim, skip);
      expectNumbers(scatterAdd(sums, grad, index, dim, skip), expected);
    });
  });
});

describe("scatterAddScaled", () => {
  it("adds scaled rows in index order, rounding product and sum together once", () => {
    sweep({ dim: DIMS, n: COUNTS, skip: SKIPS, shift: SHIFTS }, ({ dim, n, skip, shift }) => {
      const sums = floats(ROWS * dim, dim);
      const grad = floats(n * dim, n + 1);
      const scale = floats(n, n + 2);
      const index = indices(n, ROWS, n);
      const expected = reference.scatterAddScaled(sums, grad, scale, index, dim, skip);
      expectBits(scatterAddScaled(sums, grad, scale, index, dim, skip, shift), expected);
    });
  });

  it("differs from a product rounded on its own", () => {
    const grad = Float32Array.of(1 + 2 ** -23, 1 + 2 ** -23, 1 + 2 ** -23, 1 + 2 ** -23, 1 + 2 ** -23);
    const sums = new Float32Array(5).fill(-1 - 2 ** -22);
    const fused = scatterAddScaled(sums, grad, Float32Array.of(1 + 2 ** -23), Int32Array.of(0), 5, -1);
    expectBits(fused, new Float32Array(5).fill(2 ** -46));
  });

  it("follows IEEE arithmetic through infinities, NaN, denormals and signed zeros", () => {
    sweep({ dim: DIMS, skip: SKIPS }, ({ dim, skip }) => {
      const sums = wildFloats(ROWS * dim, dim);
      const grad = wildFloats(20 * dim, dim + 1);
      const scale = wildFloats(20, dim + 2);
      const index = indices(20, ROWS, dim);
      const expected = reference.scatterAddScaled(sums, grad, scale, index, dim, skip);
      expectNumbers(scatterAddScaled(sums, grad, scale, index, dim, skip), expected);
    });
  });
});

describe("scaleRows", () => {
  it("multiplies every row by its own factor", () => {
    sweep({ dim: DIMS, n: COUNTS, shift: SHIFTS, make: [floats, wildFloats] }, ({ dim, n, shift, make }) => {
      const out = garbage(new Float32Array(n * dim));
      const x = make(n * dim, dim);
      const scale = make(n, n + 1);
      guarded(
        { out, x, scale },
        ["out"],
        (at) => {
          kernels.scaleRows(at.out, at.x, at.scale, n, dim);
        },
        shift,
      );
      expectNumbers(out, reference.scaleRows(x, scale, dim));
    });
  });
});

describe("sumSlots", () => {
  it("begins each row with 0 or -0, whatever was there, and adds to it in index order", () => {
    sweep({ dim: DIMS, n: COUNTS, skip: [-1, 0, 3], shift: SHIFTS, first: [0, -0] }, (one) => {
      const { dim, n, skip, shift, first } = one;
      const x = wildFloats(n * dim, dim + n);
      const { rows, slots: numbered } = reference.distinct(indices(n, ROWS, n), skip);
      const slots = Int32Array.from(numbered);
      const sums = garbage(new Float32Array(rows.length * dim));
      guarded({ sums, x, slots }, ["sums"], (at) => kernels.sumSlots(at.sums, at.x, at.slots, n, dim, first), shift);
      expectNumbers(sums, reference.scatterAdd(new Float32Array(sums.length).fill(first), x, slots, dim, -1));
    });
  });
});
