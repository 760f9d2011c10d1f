import { bytesOf, bytesOfFours, Four, Lanes, One } from "./lanes";
import { addProductFused, dot, fillRow } from "./row";
import { addToSlots } from "./slots";
import { touchRows } from "./touch";

// Entry j picks row index[j]; bag b has the entries starts[b] <= j < starts[b + 1], starts[0] is 0 and starts[bags] is n.
// A few columns at a time stay in registers while the rows of a bag go by.

/** Entries whose rows go by, a power of two: few enough to be still in the cache when their last columns are taken. */
const RUN: i32 = 64;

/** out[b, :] = first + x[index[j], :] + .. over the entries j of bag b, in their order; first: 0, or -0, which changes nothing. */
export function bagSum(
  out: usize,
  x: usize,
  index: usize,
  starts: usize,
  n: i32,
  bags: i32,
  dim: i32,
  first: f32,
): void {
  reduceBags(out, 0, x, index, starts, n, bags, dim, first);
}

/**
 * out[b, d] = the largest x[index[j], d] of the entries j of bag b, winners[b, d] = the first j that has it.
 * A bag without entries: 0 and -1. NaN wins only as the first entry.
 */
export function bagMax(
  out: usize,
  winners: usize,
  x: usize,
  index: usize,
  starts: usize,
  n: i32,
  bags: i32,
  dim: i32,
): void {
  memory.fill(winners, 0xff, <usize>bags * bytesOf(dim));
  reduceBags(out, winners, x, index, starts, n, bags, dim, 0);
}

/** Sums where winners is 0, otherwise maxima. */
function reduceBags(
  out: usize,
  winners: usize,
  x: usize,
  index: usize,
  starts: usize,
  n: i32,
  bags: i32,
  dim: i32,
  first: f32,
): void {
  const rowBytes = bytesOf(dim);
  const isSum = !winners;
  for (let b = 0, j = 0; b < bags; b++, out += rowBytes, winners += rowBytes, starts += 4) {
    fillRow(out, dim, f32x4.splat(first));
    const end = load<i32>(starts, 4);
    for (let length = 0; j < end; j += length, index += bytesOf(length)) {
      if (!(j & (RUN - 1))) touchRows(x, index, min(RUN, n - j), rowBytes);
      length = min((j | (RUN - 1)) + 1, end) - j;
      if (isSum) sumRun(out, x, index, length, dim);
      else maxRun(out, winners, x, index, j, length, dim);
    }
  }
}

/** out[:] += the rows of n entries. */
function sumRun(out: usize, x: usize, index: usize, n: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  const end = out + rowBytes;
  const fours = out + bytesOfFours(dim);
  const eights = out + bytesOf(dim & ~7);
  const last = index + bytesOf(n);
  for (; out < eights; out += 32, x += 32) sumEight(out, x, index, last, rowBytes);
  for (; out < fours; out += 16, x += 16) sumLanes<Four>(out, x, index, last, rowBytes);
  for (; out < end; out += 4, x += 4) sumLanes<One>(out, x, index, last, rowBytes);
}

function sumLanes<L extends Lanes>(out: usize, x: usize, index: usize, end: usize, rowBytes: usize): void {
  const lanes = changetype<L>(0);
  let sum = lanes.load(out);
  for (; index < end; index += 4) sum = f32x4.add(sum, lanes.load(x + <usize>load<u32>(index) * rowBytes));
  lanes.store(out, sum);
}

/** Two sums of four columns: half as many loads of indices. */
function sumEight(out: usize, x: usize, index: usize, end: usize, rowBytes: usize): void {
  let low = v128.load(out);
  let high = v128.load(out, 16);
  for (; index < end; index += 4) {
    const row = x + <usize>load<u32>(index) * rowBytes;
    low = f32x4.add(low, v128.load(row));
    high = f32x4.add(high, v128.load(row, 16));
  }
  v128.store(out, low);
  v128.store(out, high, 16);
}

/** out[to[j], :] += x[from[j], :] * scale[j] in the order of j, each rounded once as PyTorch's fused multiply-add. */
export function addRowsScaled(out: usize, x: usize, scale: usize, to: usize, from: usize, n: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let j = 0; j < n; j++, scale += 4, to += 4, from += 4) {
    const factor = v128.load32_splat(scale);
    addProductFused(out + <usize>load<u32>(to) * rowBytes, x + <usize>load<u32>(from) * rowBytes, dim, factor);
  }
}

/**
 * sums[slots[j], :] = the sum of grad[b, :] over the entries j of every bag b, in their order: the gradient of bagSum.
 * Slots are numbered in first-seen order. What sums held before does not matter.
 */
export function bagSumBackward(sums: usize, grad: usize, slots: usize, starts: usize, bags: i32, dim: i32): void {
  const zero = f32x4.splat(0);
  let seen = 0;
  for (let b = 0; b < bags; b++, grad += bytesOf(dim), starts += 4) {
    const length = load<i32>(starts, 4) - load<i32>(starts);
    seen = addToSlots(sums, grad, 0, slots, length, dim, zero, seen);
    slots += bytesOf(length);
  }
}

function maxRun(out: usize, winners: usize, x: usize, index: usize, j: i32, n: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  const end = out + rowBytes;
  const fours = out + bytesOfFours(dim);
  const last = index + bytesOf(n);
  for (; out < fours; out += 16, winners += 16, x += 16) maxLanes<Four>(out, winners, x, index, last, j, rowBytes);
  for (; out < end; out += 4, winners += 4, x += 4) maxLanes<One>(out, winners, x, index, last, j, rowBytes);
}

function maxLanes<L extends Lanes>(
  out: usize,
  winners: usize,
  x: usize,
  index: usize,
  end: usize,
  j: i32,
  rowBytes: usize,
): void {
  const lanes = changetype<L>(0);
  let winner = lanes.load(winners);
  const isNew = i32x4.shr_s(winner, 31);
  let best = v128.bitselect(lanes.load(x + <usize>load<u32>(index) * rowBytes), lanes.load(out), isNew);
  winner = v128.bitselect(i32x4.splat(j), winner, isNew);
  for (; index < end; index += 4, j++) {
    const value = lanes.load(x + <usize>load<u32>(index) * rowBytes);
    // Entries ascend: the one that wins is the largest so far.
    winner = i32x4.max_s(winner, v128.and(f32x4.gt(value, best), i32x4.splat(j)));
    best = f32x4.pmax(best, value);
  }
  lanes.store(out, best);
  lanes.store(winners, winner);
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
