import { fma, promoteHigh } from "./lanes";

// Functions of one number, made of + - * / and square roots, of which AssemblyScript's Mathf and NativeMath consist too: every
// engine computes the same bits.

/** sin x for |x| < 10^6, to about 1e-16. */
export function sine(x: f64): f64 {
  return wave(x, 0);
}

/** cos x for |x| < 10^6, to about 1e-16. */
export function cosine(x: f64): f64 {
  return wave(x, 1);
}

/** sin(x + quarters * pi/2): x = n * pi/2 + r with |r| <= pi/4, and which of sine and cosine of r it is, n says. */
function wave(x: f64, quarters: i64): f64 {
  const n = nearest(x * (2 / NativeMath.PI));
  // pi/2 in two parts, of which the first has so few bits that its product is exact; what r loses is kept as its tail.
  const high = x - n * 1.5707963267341256;
  const low = n * 6.077100506506192e-11;
  const r = high - low;
  const tail = high - r - low;
  const quadrant = <i32>((<i64>n + quarters) & 3);
  const y = quadrant & 1 ? cosineSeries(r, tail) : r + (sineSeries(r) + tail);
  return quadrant & 2 ? -y : y;
}

/** sin r - r = -r^3/3! + r^5/5! - .. */
function sineSeries(r: f64): f64 {
  const z = r * r;
  let sum: f64 = 1;
  for (let k = 18; k > 2; k -= 2) sum = 1 - (z * sum) / <f64>(k * (k + 1));
  return (-r * z * sum) / 6;
}

/** cos(r + tail) = 1 - r^2/2 + (r^4/4! - .. - r * tail), the first difference with what it loses. */
function cosineSeries(r: f64, tail: f64): f64 {
  const z = r * r;
  let sum: f64 = 1;
  for (let k = 20; k > 4; k -= 2) sum = 1 - (z * sum) / <f64>(k * (k - 1));
  const half = 0.5 * z;
  const most = 1 - half;
  return most + (1 - most - half + ((z * z * sum) / 24 - r * tail));
}

/** x^p for finite x >= 0: e^(p ln x) in f64, to about 1e-13; 0 for x = 0. */
export function power(x: f64, p: f64): f64 {
  return x == 0 ? 0 : exponential(p * naturalLogarithm(x));
}

/** ln x for normal x > 0: x = m * 2^e with m in [sqrt(1/2), sqrt(2)], ln m = 2 (s + s^3 / 3 + ..) for s = (m - 1) / (m + 1). */
function naturalLogarithm(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  let e = <i32>(bits >> 52) - 1023;
  let m = reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  if (m > NativeMath.SQRT2) {
    m *= 0.5;
    e++;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let sum: f64 = 0;
  for (let k = 21; k > 0; k -= 2) sum = sum * z + 1 / <f64>k;
  return <f64>e * NativeMath.LN2 + 2 * s * sum;
}

/** e^x = 2^n * e^r with |r| <= ln 2 / 2, e^r by its series; 0 or infinity beyond the normal numbers. */
function exponential(x: f64): f64 {
  const n = nearest(x * NativeMath.LOG2E);
  if (n > 1023) return Infinity;
  if (n < -1022) return 0;
  const r = x - n * NativeMath.LN2;
  let sum: f64 = 1;
  for (let k = 16; k > 0; k--) sum = 1 + (r * sum) / <f64>k;
  return sum * reinterpret<f64>((<u64>(<i64>n + 1023)) << 52);
}

// Natural logarithm, sine and cosine of four floats, with the bits of PyTorch's AVX2 build: polynomials of the Cephes library,
// every multiply-add rounded once. The bits of PyTorch's initial weights depend on it.

/** ln x for positive normal x: x = m * 2^e with m in [sqrt(1/2), sqrt(2)), a polynomial in m - 1, and e * ln 2 in two parts. */
export function ln(x: v128): v128 {
  // 0x3f3504f3 are the bits of sqrt(1/2).
  const exponent = i32x4.shr_s(i32x4.sub(x, i32x4.splat(0x3f3504f3)), 23);
  const m = f32x4.sub(i32x4.sub(x, i32x4.shl(exponent, 23)), f32x4.splat(1));
  const e = f32x4.convert_i32x4_s(exponent);
  const z = f32x4.mul(m, m);
  let y = f32x4.mul(join(lnPolynomial(f64x2.promote_low_f32x4(m)), lnPolynomial(promoteHigh(m))), m);
  y = fma(y, z, f32x4.mul(e, f32x4.splat(-2.1219444e-4)));
  // The two products to come are exact.
  y = f32x4.add(y, f32x4.mul(z, f32x4.splat(-0.5)));
  return f32x4.add(f32x4.mul(e, f32x4.splat(0.693359375)), f32x4.add(m, y));
}

function lnPolynomial(m: v128): v128 {
  let y = step(f64x2.splat(<f32>7.0376836292e-2), m, -1.151461031e-1);
  y = step(round(y), m, 1.167699874e-1);
  y = step(round(y), m, -1.2420140846e-1);
  y = step(round(y), m, 1.4249322787e-1);
  y = step(round(y), m, -1.6668057665e-1);
  y = step(round(y), m, 2.0000714765e-1);
  y = step(round(y), m, -2.4999993993e-1);
  return step(round(y), m, 3.3333331174e-1);
}

/** angle - quarters * pi/2. PyTorch takes pi/2 away in three parts, of which only the last leaves an inexact difference. */
export function reduce(angle: v128, quarters: v128): v128 {
  const part = f64x2.splat(-1.5703125 - 4.837512969970703e-4 - <f32>7.549789954891882e-8);
  const low = f64x2.mul(f64x2.convert_low_i32x4_s(quarters), part);
  const high = f64x2.mul(f64x2.convert_low_i32x4_s(i64x2.shuffle(quarters, quarters, 1, 0)), part);
  return join(f64x2.add(f64x2.promote_low_f32x4(angle), low), f64x2.add(promoteHigh(angle), high));
}

/** sin x for |x| <= pi/4. */
export function sinePolynomial(x: v128): v128 {
  const z = f32x4.mul(x, x);
  const y = quadratic(z, -1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1);
  return fma(f32x4.mul(y, z), x, x);
}

/** cos x for |x| <= pi/4. */
export function cosinePolynomial(x: v128): v128 {
  const z = f32x4.mul(x, x);
  const y = quadratic(z, 2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2);
  return f32x4.add(fma(f32x4.mul(y, z), z, f32x4.mul(z, f32x4.splat(-0.5))), f32x4.splat(1));
}

/** (a * z + b) * z + c, every multiply-add rounded once. */
function quadratic(z: v128, a: f32, b: f32, c: f32): v128 {
  const low = f64x2.promote_low_f32x4(z);
  const high = promoteHigh(z);
  return join(step(round(step(f64x2.splat(a), low, b)), low, c), step(round(step(f64x2.splat(a), high, b)), high, c));
}

/** y * x + c of two floats held as doubles, whose product is exact; to be rounded to floats. */
function step(y: v128, x: v128, c: f32): v128 {
  return f64x2.add(f64x2.mul(y, x), f64x2.splat(c));
}

/** Two doubles rounded to floats, as doubles. */
function round(x: v128): v128 {
  return f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(x));
}

/** Two doubles and two more, rounded to four floats. */
function join(low: v128, high: v128): v128 {
  return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** x with its sign flipped where bit 1 of `bits` is set. */
export function flip(x: v128, bits: v128): v128 {
  return v128.xor(x, i32x4.shl(i32x4.shr_u(bits, 1), 31));
}
