import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, garbage, SHIFTS, sweep, wildFloats } from "./data.js";
import { expectBits, expectClose, expectNumbers, guarded, kernels } from "./wasm.js";

function sumRows(x: Float32Array, rows: number, dim: number, shift = 0): Float32Array {
  const out = garbage(new Float32Array(rows));
  guarded(
    { out, x },
    ["out"],
    (at) => {
      kernels.sumRows(at.out, at.x, rows, dim);
    },
    shift,
  );
  return out;
}

/** Pairwise sums of blocks: each element takes part in at most log2(n) + 64 additions, each off by 2^-24 of its result. */
const bound = (x: Float32Array, rows: number, dim: number) => {
  const magnitudes = reference.sumRows(x.map(Math.abs), rows, dim);
  return (i: number) => 2 ** -24 * (Math.log2(dim) + 64) * magnitudes[i];
};

describe("sumRows", () => {
  it("adds small integers exactly", () => {
    sweep({ dim: [...DIMS, 1000, 4097], rows: [0, 1, 2, 5, 33], shift: SHIFTS }, ({ dim, rows, shift }) => {
      const x = floats(rows * dim, dim, 3).map((value) => Math.round(value * 16));
      expectNumbers(
        sumRows(x, rows, dim, shift),
        reference.sumRows(x, rows, dim).map((sum) => sum + 0),
      );
    });
  });

  it("is within the bound of pairwise summation", () => {
    sweep({ dim: [...DIMS, 1000, 4097], rows: [0, 1, 2, 5], shift: SHIFTS }, ({ dim, rows, shift }) => {
      const x = floats(rows * dim, dim, 10);
      expectClose(sumRows(x, rows, dim, shift), reference.sumRows(x, rows, dim), bound(x, rows, dim));
    });
  });

  it("keeps its digits over millions of equal numbers, where adding one by one loses three", () => {
    const x = new Float32Array(2_000_003).fill(0.1);
    const expected = x.length * x[0];
    expectClose(sumRows(x, 1, x.length), [expected], () => 2 ** -24 * (Math.log2(x.length) + 64) * expected);
  });

  it("lets infinities and NaN through from every position", () => {
    sweep({ dim: [1, 2, 3, 4, 5, 9, 17, 300], special: ["Infinity", "-Infinity", "NaN"] }, ({ dim, special }) => {
      for (let d = 0; d < dim; d++) {
        const x = floats(dim, dim, 1);
        x[d] = Number(special);
        expectNumbers(sumRows(x, 1, dim), [Number(special)]);
      }
    });
  });

  it("makes 0 of rows without elements", () => {
    expectBits(sumRows(new Float32Array(0), 5, 0), [0, 0, 0, 0, 0]);
  });
});

describe("maxRows", () => {
  const check = (x: Float32Array | Int32Array, rows: number, dim: number, shift = 0) => {
    const kernel = x instanceof Int32Array ? kernels.maxRowsIntegers : kernels.maxRows;
    const values = x instanceof Int32Array ? garbage(new Int32Array(rows)) : garbage(new Float32Array(rows));
    const indices = garbage(new Int32Array(rows));
    guarded(
      { values, indices, x },
      ["values", "indices"],
      (at) => {
        kernel(at.values, at.indices, at.x, rows, dim);
      },
      shift,
    );
    const expected = reference.maxRows(x, rows, dim);
    expectBits(indices, expected.indices);
    if (values instanceof Int32Array) expectBits(values, expected.values);
    else expectNumbers(values, expected.values);
  };
  const widths = DIMS.filter((dim) => dim > 0);

  it("finds the first of the largest", () => {
    sweep({ dim: widths, rows: [0, 1, 2, 33], shift: SHIFTS }, ({ dim, rows, shift }) => {
      check(floats(rows * dim, dim), rows, dim, shift);
      // Few values, many ties.
      check(
        floats(rows * dim, dim, 1).map((value) => Math.round(value * 2)),
        rows,
        dim,
        shift,
      );
    });
  });

  it("takes NaN for the largest and the first NaN for its place", () => {
    sweep({ dim: widths, shift: SHIFTS }, ({ dim, shift }) => check(wildFloats(20 * dim, dim), 20, dim, shift));
  });

  it("finds -Infinity where there is nothing else", () => {
    check(new Float32Array(6).fill(-Infinity), 2, 3);
  });

  it("does the same for integers, whatever they would be as floats", () => {
    const limits = [2 ** 31 - 1, -(2 ** 31), -1, 0, 0x7fc00000, 2 ** 24, 2 ** 24 + 1];
    sweep({ dim: widths, shift: SHIFTS }, ({ dim, shift }) => {
      check(
        Int32Array.from({ length: 20 * dim }, (_, k) => limits[(k * k + (k >> 3)) % 7]),
        20,
        dim,
        shift,
      );
    });
    check(new Int32Array(4).fill(-(2 ** 31)), 1, 4);
  });
});
