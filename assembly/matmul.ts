import { bytesOf } from "./lanes";
import { addProduct, dot } from "./row";

/** out[i, :] = sum over k of a[i, k] * b[k, :]; a is rows x inner, b is inner x dim. */
export function matmul(out: usize, a: usize, b: usize, rows: i32, inner: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  memory.fill(out, 0, <usize>rows * rowBytes);
  for (let i = 0; i < rows; i++, out += rowBytes) {
    let row = b;
    for (let k = 0; k < inner; k++, a += 4, row += rowBytes) addProduct(out, row, dim, v128.load32_splat(a));
  }
}

/** out[i, j] = dot product of a[i, :] and b[j, :]; a is rows x inner, b is dim x inner. */
export function matmulTransposed(out: usize, a: usize, b: usize, rows: i32, inner: i32, dim: i32): void {
  const rowBytes = bytesOf(inner);
  for (let i = 0; i < rows; i++, a += rowBytes) {
    let row = b;
    for (let j = 0; j < dim; j++, out += 4, row += rowBytes) store<f32>(out, dot(a, row, inner));
  }
}

/** out[k, :] = sum over i of a[i, k] * b[i, :]; a is inner x rows, b is inner x dim. */
export function transposedMatmul(out: usize, a: usize, b: usize, rows: i32, inner: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  memory.fill(out, 0, <usize>rows * rowBytes);
  for (let i = 0; i < inner; i++, b += rowBytes) {
    let row = out;
    for (let k = 0; k < rows; k++, a += 4, row += rowBytes) addProduct(row, b, dim, v128.load32_splat(a));
  }
}
