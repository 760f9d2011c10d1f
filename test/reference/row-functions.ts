import { type Numbers, row } from "./common.js";
import { norm } from "./embedding.js";

// ---- functions of a row, in float64; x is rows x dim ----

/** f of every row, one after the other. */
const eachRow = (x: Numbers, rows: number, dim: number, f: (row: number[], i: number) => number[]) =>
  Float64Array.from(Array.from({ length: rows }, (_, i) => f(row(x, i, dim), i)).flat());

/** The p-norm of every row. */
export const rowNorms = (x: Numbers, rows: number, dim: number, p: number) =>
  eachRow(x, rows, dim, (values) => [norm(values, p)]);

/** Its gradient sign(x) (|x| / norm)^(p - 1), times that of the norm; 0 where x or the norm is 0. */
export const rowNormsBackward = (x: Numbers, norms: Numbers, grad: Numbers, rows: number, dim: number, p: number) =>
  eachRow(x, rows, dim, (values, i) =>
    values.map((value) =>
      value === 0 || norms[i] === 0 ? 0 : grad[i] * Math.sign(value) * (Math.abs(value) / norms[i]) ** (p - 1),
    ),
  );
