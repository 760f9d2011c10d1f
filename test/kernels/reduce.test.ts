import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, garbage, SHIFTS, sweep } from "./data.js";
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
