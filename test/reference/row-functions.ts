import { type Numbers, row } from "./common.js";
import { norm } from "./embedding.js";

// ---- functions of a row, in float64; x is rows x dim ----

/** f of every row, one after the other. */
const eachRow = (x: Numbers, rows: number, dim: number, f: (row: number[], i: number) => number[]) =>
  Float64Array.from(Array.from({ length: rows }, (_, i) => f(row(x, i, dim), i)).flat());

const total = (values: number[]) => values.reduce((sum, value) => sum + value, 0);

/** e^x / sum of e^x, taken of x less its largest. */
export const softmax = (x: Numbers, rows: number, dim: number) =>
  eachRow(x, rows, dim, (values) => {
    const most = Math.max(...values);
    const powers = values.map((value) => Math.exp(value - most));
    const whole = total(powers);
    return powers.map((power) => power / whole);
  });

/** x - log(sum of e^x), taken of x less its largest. */
export const logSoftmax = (x: Numbers, rows: number, dim: number) =>
  eachRow(x, rows, dim, (values) => {
    const most = Math.max(...values);
    const rest = Math.log(total(values.map((value) => Math.exp(value - most))));
    return values.map((value) => value - most - rest);
  });

/** (g - sum of g y) y: what the Jacobian diag(y) - y y^T makes of g. */
export const softmaxBackward = (y: Numbers, grad: Numbers, rows: number, dim: number) =>
  eachRow(y, rows, dim, (values, i) => {
    const g = row(grad, i, dim);
    const dot = total(values.map((value, j) => value * g[j]));
    return values.map((value, j) => (g[j] - dot) * value);
  });

/** g - e^y sum of g */
export const logSoftmaxBackward = (y: Numbers, grad: Numbers, rows: number, dim: number) =>
  eachRow(y, rows, dim, (values, i) => {
    const g = row(grad, i, dim);
    const whole = total(g);
    return values.map((value, j) => g[j] - Math.exp(value) * whole);
  });

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

/** The largest of every row and its first place; NaN is larger than anything. */
export function maxRows(x: Numbers, rows: number, dim: number): { values: number[]; indices: number[] } {
  const places = Array.from({ length: rows }, (_, i) => {
    const values = row(x, i, dim);
    const nan = values.findIndex(Number.isNaN);
    return nan >= 0 ? nan : values.indexOf(Math.max(...values));
  });
  return { values: places.map((place, i) => x[i * dim + place]), indices: places };
}
