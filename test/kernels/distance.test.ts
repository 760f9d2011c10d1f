import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, SHIFTS, sweep } from "./data.js";
import { expectClose, expectNumbers, kernels, outputOf, ulp } from "./wasm.js";

const POWERS = [2, 1, Infinity, -Infinity, 0, 0.5, 3, -1, 2.5, 7.3, -2.7].map(String);
/** A gradient by powers needs a finite p that is not 0. */
const SMOOTH = POWERS.filter((p) => Number.isFinite(Number(p)) && p !== "0");

const rowNorms = (x: Float32Array, rows: number, dim: number, p: number, shift = 0) =>
  outputOf(rows, [x], (out, at) => kernels.rowNorms(out, at, rows, dim, p), shift);

describe("rowNorms", () => {
  it("rounds each norm once, for every p", () => {
    sweep({ dim: DIMS, rows: [0, 1, 2, 5], p: POWERS, shift: [0, 1] }, ({ dim, rows, p, shift }) => {
      const x = floats(rows * dim, dim);
      const expected = reference.rowNorms(x, rows, dim, Number(p));
      expectClose(rowNorms(x, rows, dim, Number(p), shift), expected, (i) => 0.501 * ulp(expected[i]));
    });
  });

  it("neither overflows nor underflows on the way", () => {
    for (const size of [1e30, 1e-30, 1e38, 2 ** -140]) {
      const x = new Float32Array(9).fill(size);
      const expected = reference.rowNorms(x, 1, 9, 2);
      expectClose(rowNorms(x, 1, 9, 2), expected, () => ulp(expected[0]));
    }
  });

  it("lets NaN through from every place, but counts it as one element that is not zero", () => {
    sweep({ dim: [1, 2, 5, 9], p: POWERS }, ({ dim, p }) => {
      for (let d = 0; d < dim; d++) {
        const x = floats(dim, dim, 1);
        x[d] = NaN;
        expectNumbers(rowNorms(x, 1, dim, Number(p)), [p === "0" ? dim : NaN]);
      }
    });
  });
});

describe("rowNormsBackward", () => {
  const backward = (x: Float32Array, norms: Float32Array, grad: Float32Array, dim: number, p: number, shift = 0) => {
    const call = (out: number, a: number, b: number, c: number) =>
      kernels.rowNormsBackward(out, a, b, c, norms.length, dim, p);
    return outputOf(x.length, [x, norms, grad], call, shift);
  };

  it("rounds each slope once, for every p", () => {
    sweep({ dim: DIMS, rows: [0, 1, 2, 5], p: SMOOTH, shift: SHIFTS }, ({ dim, rows, p, shift }) => {
      const x = floats(rows * dim, dim, 2).map((value, k) => (k % 7 === 3 ? 0 : value));
      const [norms, grad] = [Float32Array.from(reference.rowNorms(x, rows, dim, Number(p))), floats(rows, dim + 1)];
      const expected = reference.rowNormsBackward(x, norms, grad, rows, dim, Number(p));
      expectClose(backward(x, norms, grad, dim, Number(p), shift), expected, (k) => 0.501 * ulp(expected[k]));
    });
  });

  it("is NaN where the norm is, and 0 for a row of zeros", () => {
    expectNumbers(backward(Float32Array.of(NaN, 1), Float32Array.of(NaN), Float32Array.of(2), 2, 3), [NaN, NaN]);
    expectNumbers(backward(Float32Array.of(0, -0), Float32Array.of(0), Float32Array.of(2), 2, 3), [0, -0]);
  });
});
