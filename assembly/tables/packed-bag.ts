import { bytesOf } from "../lanes";
import { Bfloat16, Float16, Format, Int4, Int8 } from "./formats";
import { touchPacked } from "./touch";

// out[b, :] += the sum of the packed rows index[j] of x over the entries starts[b] <= j < starts[b + 1], in their order.
// Each number is q * scale + bias, product and sum rounded.

export function bagSumFloat16(out: usize, x: usize, index: usize, starts: usize, n: i32, bags: i32, dim: i32): void {
  sumBags<Float16>(out, x, index, starts, n, bags, dim);
}

export function bagSumBfloat16(out: usize, x: usize, index: usize, starts: usize, n: i32, bags: i32, dim: i32): void {
  sumBags<Bfloat16>(out, x, index, starts, n, bags, dim);
}

export function bagSumInt8(out: usize, x: usize, index: usize, starts: usize, n: i32, bags: i32, dim: i32): void {
  sumBags<Int8>(out, x, index, starts, n, bags, dim);
}

export function bagSumInt4(out: usize, x: usize, index: usize, starts: usize, n: i32, bags: i32, dim: i32): void {
  sumBags<Int4>(out, x, index, starts, n, bags, dim);
}

/** Entries whose rows go by, a power of two: few enough to be still in the cache when their last columns are taken. */
const RUN: i32 = 64;

function sumBags<F extends Format>(
  out: usize,
  x: usize,
  index: usize,
  starts: usize,
  n: i32,
  bags: i32,
  dim: i32,
): void {
  const rowBytes = changetype<F>(0).rowBytes(dim);
  for (let b = 0, j = 0; b < bags; b++, out += bytesOf(dim), starts += 4) {
    const end = load<i32>(starts, 4);
    for (let length = 0; j < end; j += length, index += bytesOf(length)) {
      if (!(j & (RUN - 1))) touchPacked(x, index, min(RUN, n - j), rowBytes);
      length = min((j | (RUN - 1)) + 1, end) - j;
      sumRun<F>(out, x, index, length, dim);
    }
  }
}

/** out[:] += the rows of n entries, as many columns at a time as stay in registers. */
function sumRun<F extends Format>(out: usize, x: usize, index: usize, n: i32, dim: i32): void {
  const last = index + bytesOf(n);
  let d = 0;
  for (; d < (dim & ~15); d += 16, out += 64) sumSixteen<F>(out, x, index, last, d, dim);
  for (; d < (dim & ~3); d += 4, out += 16) sumFour<F>(out, x, index, last, d, dim);
  for (; d < dim; d++, out += 4) sumOne<F>(out, x, index, last, d, dim);
}

function sumSixteen<F extends Format>(out: usize, x: usize, index: usize, end: usize, d: i32, dim: i32): void {
  const format = changetype<F>(0);
  let a = v128.load(out);
  let b = v128.load(out, 16);
  let c = v128.load(out, 32);
  let e = v128.load(out, 48);
  for (; index < end; index += 4) {
    const row = x + <usize>load<u32>(index) * format.rowBytes(dim);
    const scale = format.scale(row, dim);
    const bias = format.bias(row, dim);
    a = f32x4.add(a, format.four(row, d, scale, bias));
    b = f32x4.add(b, format.four(row, d + 4, scale, bias));
    c = f32x4.add(c, format.four(row, d + 8, scale, bias));
    e = f32x4.add(e, format.four(row, d + 12, scale, bias));
  }
  v128.store(out, a);
  v128.store(out, b, 16);
  v128.store(out, c, 32);
  v128.store(out, e, 48);
}

function sumFour<F extends Format>(out: usize, x: usize, index: usize, end: usize, d: i32, dim: i32): void {
  const format = changetype<F>(0);
  let sum = v128.load(out);
  for (; index < end; index += 4) {
    const row = x + <usize>load<u32>(index) * format.rowBytes(dim);
    sum = f32x4.add(sum, format.four(row, d, format.scale(row, dim), format.bias(row, dim)));
  }
  v128.store(out, sum);
}

function sumOne<F extends Format>(out: usize, x: usize, index: usize, end: usize, d: i32, dim: i32): void {
  const format = changetype<F>(0);
  let sum = v128.load32_zero(out);
  for (; index < end; index += 4) {
    const row = x + <usize>load<u32>(index) * format.rowBytes(dim);
    sum = f32x4.add(sum, format.one(row, d, format.scale(row, dim), format.bias(row, dim)));
  }
  v128.store32_lane(out, sum, 0);
}
