import { bytesOf, bytesOfFours, Four, Lanes, One } from "./lanes";

// The only e^x of float32 there is, within one unit in the last place; what is made of it reads it from memory.

/** out[j] = e^(x[j] - shift) */
export function expRow(out: usize, x: usize, n: i32, shift: f32): void {
  exponentials(out, x, n, i32x4.splat(0), f32x4.splat(1), f32x4.splat(shift));
}

/** out[j] = e^(-factor * |x[j]|): in [0, 1], so it never overflows. */
export function decayRow(out: usize, x: usize, n: i32, factor: f32): void {
  exponentials(out, x, n, i32x4.splat(i32.MIN_VALUE), f32x4.splat(factor), f32x4.splat(0));
}

/** 1 / (1 + e^-x) from x and e = e^-|x|, which does not overflow. */
export function logistic(x: f32, e: f32): f32 {
  const q = e / (1 + e);
  return bySign(x, q, 1 - q);
}

/** a where x has a minus sign, else b: without a branch, which signs at random would make slow. */
export function bySign(x: f32, a: f32, b: f32): f32 {
  const mask = reinterpret<i32>(x) >> 31;
  return reinterpret<f32>((reinterpret<i32>(a) & mask) | (reinterpret<i32>(b) & ~mask));
}

/** out[j] = e^(s - shift), s being factor * x[j] with the bits of `sign` set in x[j]. */
function exponentials(out: usize, x: usize, n: i32, sign: v128, factor: v128, shift: v128): void {
  const end = out + bytesOf(n);
  const fours = out + bytesOfFours(n);
  for (; out < fours; out += 16, x += 16) expStep<Four>(out, x, sign, factor, shift);
  for (; out < end; out += 4, x += 4) expStep<One>(out, x, sign, factor, shift);
}

function expStep<L extends Lanes>(out: usize, x: usize, sign: v128, factor: v128, shift: v128): void {
  const lanes = changetype<L>(0);
  lanes.store(out, exp(f32x4.sub(f32x4.mul(v128.or(lanes.load(x), sign), factor), shift)));
}

/**
 * e^x = 2^n * e^r with |r| <= ln 2 / 2: Infinity above 88.72, down through the denormal numbers to 0 below -87.33, NaN for NaN.
 * e^r - 1 = 2 r / (2 - c) = r + r c / (2 - c), where r - c = r (e^r + 1) / (e^r - 1) - 2 = r^2 / 6 - r^4 / 360 + .. is even in r.
 */
function exp(x: v128): v128 {
  // Beyond these the result is 0 or Infinity; between, n lies in [-150, 128].
  const bounded = f32x4.max(f32x4.min(x, f32x4.splat(89)), f32x4.splat(-104));
  const n = f32x4.nearest(f32x4.mul(bounded, f32x4.splat(Mathf.LOG2E)));
  // ln 2 in two parts, the first so short that n times it is exact. What r loses in rounding comes back in the sum.
  const high = f32x4.sub(bounded, f32x4.mul(n, f32x4.splat(0.693145751953125)));
  const low = f32x4.mul(n, f32x4.splat(1.4286068203e-6));
  const r = f32x4.sub(high, low);
  const z = f32x4.mul(r, r);
  const even = f32x4.add(f32x4.mul(z, f32x4.splat(-0.0027667535)), f32x4.splat(0.16666625));
  const c = f32x4.sub(r, f32x4.mul(z, even));
  const excess = f32x4.sub(f32x4.div(f32x4.mul(r, c), f32x4.sub(f32x4.splat(2), c)), low);
  const mantissa = f32x4.add(f32x4.splat(1), f32x4.add(excess, high));
  // 2^n in two steps, for neither 2^128 nor 2^-150 is a float.
  const exponent = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(exponent, 1);
  return f32x4.mul(f32x4.mul(mantissa, powerOfTwo(half)), powerOfTwo(i32x4.sub(exponent, half)));
}

/** 2^n for n in [-126, 127]. */
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}
