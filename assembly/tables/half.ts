import { bytesOf, bytesOfFours } from "../lanes";
import { narrowBfloat16, narrowFloat16, widenBfloat16, widenFloat16 } from "./half-lanes";

/** A change between float32 and a number of 16 bits, for the loops below. */
interface Change {
  of(x: v128): v128;
}

/** out[i] = x[i] as float32, from float16: exact. */
export function fromFloat16(out: usize, x: usize, n: i32): void {
  widen<FromFloat16>(out, x, n);
}

/** out[i] = x[i] as float32, from bfloat16: exact. */
export function fromBfloat16(out: usize, x: usize, n: i32): void {
  widen<FromBfloat16>(out, x, n);
}

/** out[i] = x[i] as float16, to nearest, ties to even; beyond 65,504 infinite. */
export function toFloat16(out: usize, x: usize, n: i32): void {
  narrow<ToFloat16>(out, x, n);
}

/** out[i] = x[i] as bfloat16, to nearest, ties to even. */
export function toBfloat16(out: usize, x: usize, n: i32): void {
  narrow<ToBfloat16>(out, x, n);
}

function widen<C extends Change>(out: usize, x: usize, n: i32): void {
  const change = changetype<C>(0);
  const end = out + bytesOf(n);
  const fours = out + bytesOfFours(n);
  for (; out < fours; out += 16, x += 8) v128.store(out, change.of(v128.load16x4_u(x)));
  for (; out < end; out += 4, x += 2) v128.store32_lane(out, change.of(i32x4.splat(load<u16>(x))), 0);
}

function narrow<C extends Change>(out: usize, x: usize, n: i32): void {
  const change = changetype<C>(0);
  const end = x + bytesOf(n);
  const fours = x + bytesOfFours(n);
  for (; x < fours; out += 8, x += 16) {
    const narrowed = change.of(v128.load(x));
    v128.store64_lane(out, i16x8.narrow_i32x4_u(narrowed, narrowed), 0);
  }
  for (; x < end; out += 2, x += 4) v128.store16_lane(out, change.of(v128.load32_zero(x)), 0);
}

class FromFloat16 implements Change {
  of(x: v128): v128 {
    return widenFloat16(x);
  }
}

class FromBfloat16 implements Change {
  of(x: v128): v128 {
    return widenBfloat16(x);
  }
}

class ToFloat16 implements Change {
  of(x: v128): v128 {
    return narrowFloat16(x);
  }
}

class ToBfloat16 implements Change {
  of(x: v128): v128 {
    return narrowBfloat16(x);
  }
}
