import { bytesOf } from "../lanes";
import { Bfloat16, Float16, Format, Int4, Int8 } from "./formats";
import { BATCH, touchPacked } from "./touch";

// out[i, :] = the float32 numbers of the packed row index[i] of x.

export function unpackFloat16(out: usize, x: usize, index: usize, n: i32, dim: i32): void {
  unpackRows<Float16>(out, x, index, n, dim);
}

export function unpackBfloat16(out: usize, x: usize, index: usize, n: i32, dim: i32): void {
  unpackRows<Bfloat16>(out, x, index, n, dim);
}

export function unpackInt4(out: usize, x: usize, index: usize, n: i32, dim: i32): void {
  unpackRows<Int4>(out, x, index, n, dim);
}

function unpackRows<F extends Format>(out: usize, x: usize, index: usize, n: i32, dim: i32): void {
  const rowBytes = changetype<F>(0).rowBytes(dim);
  for (let i = 0; i < n; i++, out += bytesOf(dim), index += 4) {
    if (i % BATCH == 0) touchPacked(x, index, min(BATCH, n - i), rowBytes);
    unpackRow<F>(out, x + <usize>load<u32>(index) * rowBytes, dim);
  }
}

function unpackRow<F extends Format>(out: usize, row: usize, dim: i32): void {
  const format = changetype<F>(0);
  const scale = format.scale(row, dim);
  const bias = format.bias(row, dim);
  let d = 0;
  for (; d < (dim & ~3); d += 4, out += 16) v128.store(out, format.four(row, d, scale, bias));
  for (; d < dim; d++, out += 4) v128.store32_lane(out, format.one(row, d, scale, bias), 0);
}

/** The same with q * scale + bias rounded once, as PyTorch unpacks. */
export function unpackInt8(out: usize, x: usize, index: usize, n: i32, dim: i32): void {
  const rowBytes = changetype<Int8>(0).rowBytes(dim);
  for (let i = 0; i < n; i++, out += bytesOf(dim), index += 4) {
    if (i % BATCH == 0) touchPacked(x, index, min(BATCH, n - i), rowBytes);
    const row = x + <usize>load<u32>(index) * rowBytes;
    const scale = load<f32>(row + <usize>dim);
    const bias = load<f32>(row + <usize>dim, 4);
    if (isNear(scale, bias)) fuseRow(out, row, dim, scale, bias);
    else fuseFarRow(out, row, dim, scale, bias);
  }
}

/** Whether f64 holds every q * scale + bias exactly: 8 + 24 bits of the product over- or underlap the 24 of bias within 53. */
function isNear(scale: f32, bias: f32): bool {
  const apart = exponentOf(scale) - exponentOf(bias);
  return bias == 0 || (apart <= 20 && apart >= -27);
}

function exponentOf(x: f32): i32 {
  return (reinterpret<i32>(x) >>> 23) & 255;
}

function fuseRow(out: usize, row: usize, dim: i32, scale: f32, bias: f32): void {
  const scales = f64x2.splat(scale);
  const biases = f64x2.splat(bias);
  const end = row + <usize>dim;
  for (const eights = row + <usize>(dim & ~7); row < eights; row += 8, out += 32) {
    const q = v128.load8x8_u(row);
    v128.store(out, fuse(i32x4.extend_low_i16x8_u(q), scales, biases));
    v128.store(out, fuse(i32x4.extend_high_i16x8_u(q), scales, biases), 16);
  }
  for (; row < end; row++, out += 4) store<f32>(out, <f32>(<f64>load<u8>(row) * <f64>scale + <f64>bias));
}

function fuse(q: v128, scale: v128, bias: v128): v128 {
  const low = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(q), scale), bias);
  const high = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_s(i64x2.shuffle(q, q, 1, 0)), scale), bias);
  return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

function fuseFarRow(out: usize, row: usize, dim: i32, scale: f32, bias: f32): void {
  for (const end = row + <usize>dim; row < end; row++, out += 4) {
    store<f32>(out, <f32>sumToOdd(<f64>load<u8>(row) * <f64>scale, bias));
  }
}

/** a + b, the last bit odd where something was rounded away: rounded again, to f32, it gives what one rounding would. */
function sumToOdd(a: f64, b: f64): f64 {
  const sum = a + b;
  const ofB = sum - a;
  const error = a - (sum - ofB) + (b - ofB);
  const bits = reinterpret<u64>(sum);
  if (!(abs(error) > 0) || bits & 1) return sum;
  return reinterpret<f64>(error > 0 == sum > 0 ? bits + 1 : bits - 1);
}
