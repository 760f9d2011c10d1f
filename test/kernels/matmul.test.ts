import { describe, it } from "vitest";
import { matmul, transpose } from "../reference/index.js";
import { DIMS, floats, garbage, sweep } from "./data.js";
import { expectClose, expectNumbers, guarded, kernels } from "./wasm.js";

const FEW = [0, 1, 2, 3, 5];
const SOME = [0, 1, 2, 3, 4, 5, 7, 8, 9, 17];

/** Each kernel with the layouts in which it wants a (rows x inner) and b (inner x dim). */
const PRODUCTS = [
  { name: "matmul", aTransposed: false, bTransposed: false },
  { name: "matmulTransposed", aTransposed: false, bTransposed: true },
  { name: "transposedMatmul", aTransposed: true, bTransposed: false },
] as const;

describe.each(PRODUCTS)("$name", ({ name, aTransposed, bTransposed }) => {
  function product(x: Float32Array, y: Float32Array, rows: number, inner: number, dim: number): Float32Array {
    const out = garbage(new Float32Array(rows * dim));
    const a = aTransposed ? Float32Array.from(transpose(x, rows, inner)) : x;
    const b = bTransposed ? Float32Array.from(transpose(y, inner, dim)) : y;
    guarded(
      { out, a, b },
      ["out"],
      (at) => {
        kernels[name](at.out, at.a, at.b, rows, inner, dim);
      },
      (rows + inner + dim) & 3,
    );
    return out;
  }

  /** Integers are exact in every order of additions; floats are off by at most 2^-24 of the magnitudes per operation. */
  function check({ rows, inner, dim }: { rows: number; inner: number; dim: number }): void {
    const [x, y] = [floats(rows * inner, rows + inner, 4), floats(inner * dim, inner + dim + 1, 4)];
    const [i, j] = [x, y].map((values) => values.map((value) => Math.round(value * 8)));
    expectNumbers(
      product(i, j, rows, inner, dim).map((value) => value + 0),
      matmul(i, j, rows, inner, dim).map((value) => value + 0),
    );
    const magnitudes = matmul(x.map(Math.abs), y.map(Math.abs), rows, inner, dim);
    const expected = matmul(x, y, rows, inner, dim);
    expectClose(product(x, y, rows, inner, dim), expected, (k) => (inner + 1) * 2 ** -24 * magnitudes[k]);
  }

  it("multiplies at every width", () => sweep({ dim: DIMS, inner: SOME, rows: FEW }, check));
  it("multiplies at every inner length", () => sweep({ inner: DIMS, dim: SOME, rows: FEW }, check));
  it("multiplies at every height", () => sweep({ rows: DIMS, dim: [1, 3, 4, 9], inner: [0, 1, 2, 5, 8] }, check));
});
