import { bytesOf } from "./lanes";
import { addProductFused, addRow, copyRow, scaleRow } from "./row";
import { addToSlots } from "./slots";

/** out[index[i], :] = x[i, :] */
export function scatter(out: usize, x: usize, index: usize, n: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < n; i++, x += rowBytes, index += 4) {
    copyRow(out + <usize>load<u32>(index) * rowBytes, x, dim);
  }
}

/** sums[index[i], :] += grad[i, :] in index order, so repeated indices accumulate; index[i] == skip adds nothing. */
export function scatterAdd(sums: usize, grad: usize, index: usize, n: i32, dim: i32, skip: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < n; i++, grad += rowBytes, index += 4) {
    const row = load<i32>(index);
    if (row != skip) addRow(sums + <usize>row * rowBytes, grad, dim);
  }
}

/**
 * sums[slots[i], :] = first + x[i, :] + .. in index order; first: 0, or -0, which changes nothing. Slots are numbered as they are
 * first seen (coalesce); -1 adds nothing.
 */
export function sumSlots(sums: usize, x: usize, slots: usize, n: i32, dim: i32, first: f32): void {
  addToSlots(sums, x, bytesOf(dim), slots, n, dim, f32x4.splat(first), 0);
}

/** sums[index[i], :] += grad[i, :] * scale[i], rounded once as PyTorch's fused multiply-add. */
export function scatterAddScaled(
  sums: usize,
  grad: usize,
  scale: usize,
  index: usize,
  n: i32,
  dim: i32,
  skip: i32,
): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < n; i++, grad += rowBytes, scale += 4, index += 4) {
    const row = load<i32>(index);
    if (row != skip) addProductFused(sums + <usize>row * rowBytes, grad, dim, v128.load32_splat(scale));
  }
}

/** out[i, :] = x[i, :] * scale[i] */
export function scaleRows(out: usize, x: usize, scale: usize, n: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < n; i++, out += rowBytes, x += rowBytes, scale += 4) {
    scaleRow(out, x, dim, v128.load32_splat(scale));
  }
}
