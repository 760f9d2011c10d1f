import { divideScalar } from "./elementwise";
import { bytesOf, bytesOfFours, Four, Lanes, One } from "./lanes";
import { addProductFused, addRow, dot } from "./row";

// A bag is a run of entries; entry j belongs to bag bagOf[j] and picks row index[j]. Its sum moves rows to bags, its gradient
// moves bags back to rows: one kernel, with the two index arrays changing places.

/** out[to[j], :] += x[from[j], :] in the order of j. */
export function addRows(out: usize, x: usize, to: usize, from: usize, n: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let j = 0; j < n; j++, to += 4, from += 4) {
    addRow(out + <usize>load<u32>(to) * rowBytes, x + <usize>load<u32>(from) * rowBytes, dim);
  }
}

/** out[to[j], :] += x[from[j], :] * scale[j] in the order of j, each rounded once as PyTorch's fused multiply-add. */
export function addRowsScaled(out: usize, x: usize, scale: usize, to: usize, from: usize, n: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let j = 0; j < n; j++, scale += 4, to += 4, from += 4) {
    const factor = v128.load32_splat(scale);
    addProductFused(out + <usize>load<u32>(to) * rowBytes, x + <usize>load<u32>(from) * rowBytes, dim, factor);
  }
}

/** out[i, :] = x[i, :] / divisor[i]; zeros where divisor[i] is 0. out == x is allowed. */
export function divideRows(out: usize, x: usize, divisor: usize, rows: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++, out += rowBytes, x += rowBytes, divisor += 4) {
    const by = load<f32>(divisor);
    if (by == 0) memory.fill(out, 0, rowBytes);
    else divideScalar(out, x, dim, by);
  }
}

/**
 * out[b, d] = the largest weight[index[j], d] of the entries j of bag b, winners[b, d] = the first j that has it.
 * A bag without entries: 0 and -1. NaN wins only as the first entry.
 */
export function bagMax(
  out: usize,
  winners: usize,
  weight: usize,
  index: usize,
  bagOf: usize,
  n: i32,
  bags: i32,
  dim: i32,
): void {
  const rowBytes = bytesOf(dim);
  memory.fill(out, 0, <usize>bags * rowBytes);
  memory.fill(winners, 0xff, <usize>bags * rowBytes);
  for (let j = 0; j < n; j++, index += 4, bagOf += 4) {
    const bag = <usize>load<u32>(bagOf) * rowBytes;
    maxRow(out + bag, winners + bag, weight + <usize>load<u32>(index) * rowBytes, dim, i32x4.splat(j));
  }
}

function maxRow(best: usize, winners: usize, x: usize, n: i32, entry: v128): void {
  const end = best + bytesOf(n);
  const fours = best + bytesOfFours(n);
  for (; best < fours; best += 16, winners += 16, x += 16) maxStep<Four>(best, winners, x, entry);
  for (; best < end; best += 4, winners += 4, x += 4) maxStep<One>(best, winners, x, entry);
}

function maxStep<L extends Lanes>(best: usize, winners: usize, x: usize, entry: v128): void {
  const lanes = changetype<L>(0);
  const value = lanes.load(x);
  const winner = lanes.load(winners);
  const before = lanes.load(best);
  const wins = v128.or(i32x4.lt_s(winner, i32x4.splat(0)), f32x4.gt(value, before));
  lanes.store(best, v128.bitselect(value, before, wins));
  lanes.store(winners, v128.bitselect(entry, winner, wins));
}

/** sums[slots[winners[b, d]], d] += grad[b, d], bag by bag: the gradient of bagMax. */
export function bagMaxBackward(sums: usize, grad: usize, winners: usize, slots: usize, bags: i32, dim: i32): void {
  for (let b = 0; b < bags; b++) {
    for (let d = 0; d < dim; d++, grad += 4, winners += 4) {
      const winner = load<i32>(winners);
      if (winner < 0) continue;
      const row = <usize>load<u32>(slots + bytesOf(winner)) * bytesOf(dim);
      const at = sums + row + bytesOf(d);
      store<f32>(at, load<f32>(at) + load<f32>(grad));
    }
  }
}

/** out[j] = the dot product of a[from[j], :] and b[index[j], :]. */
export function dotRows(out: usize, a: usize, b: usize, from: usize, index: usize, n: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (const end = out + bytesOf(n); out < end; out += 4, from += 4, index += 4) {
    store<f32>(out, dot(a + <usize>load<u32>(from) * rowBytes, b + <usize>load<u32>(index) * rowBytes, dim));
  }
}
