import { type Numbers, row } from "./common.js";

/** out[i] = sum of x[i, :] in float64; x is rows x dim. */
export function sumRows(x: Numbers, rows: number, dim: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => row(x, i, dim).reduce((total, value) => total + value, 0));
}

/** out[i, j] = sum over k of a[i, k] * b[k, j] in float64; a is rows x inner, b is inner x dim. */
export function matmul(a: Numbers, b: Numbers, rows: number, inner: number, dim: number): Float64Array {
  const out = new Float64Array(rows * dim);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++) for (let j = 0; j < dim; j++) out[i * dim + j] += a[i * inner + k] * b[k * dim + j];
  return out;
}

/** out[j, i] = x[i, j]; x is rows x dim. */
export function transpose(x: Numbers, rows: number, dim: number): Float64Array {
  return Float64Array.from({ length: rows * dim }, (_, k) => x[(k % rows) * dim + Math.floor(k / rows)]);
}

/** out[i0, i1, ..] = x[offset + i0 * strides[0] + i1 * strides[1] + ..], contiguous; stride 0 broadcasts. */
export function strided(x: Numbers, shape: number[], strides: number[], offset = 0): number[] {
  if (shape.length === 0) return [x[offset]];
  const [length, ...rest] = shape;
  const [stride, ...others] = strides;
  return Array.from({ length }, (_, i) => strided(x, rest, others, offset + i * stride)).flat();
}
