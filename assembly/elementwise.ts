import { Binary, binary, plain, Unary, unary } from "./each";
import { expRow } from "./exponential";
import { bytesOf, bytesOfFours, Four, Lanes, One } from "./lanes";

// Elementwise kernels may write over an input: out == x, a or b is allowed.

/** out[j] = a[j] + b[j] */
export function add(out: usize, a: usize, b: usize, n: i32): void {
  binary<Add>(out, a, b, n);
}

/** out[j] = a[j] - b[j] */
export function sub(out: usize, a: usize, b: usize, n: i32): void {
  binary<Sub>(out, a, b, n);
}

/** out[j] = a[j] * b[j] */
export function mul(out: usize, a: usize, b: usize, n: i32): void {
  binary<Mul>(out, a, b, n);
}

/** out[j] = a[j] / b[j] */
export function div(out: usize, a: usize, b: usize, n: i32): void {
  binary<Div>(out, a, b, n);
}

/** out[j] = x[j] * factor + term, the product rounded on its own. */
export function affine(out: usize, x: usize, n: i32, factor: f32, term: f32): void {
  unary<Affine>(out, x, n, f32x4.splat(factor), f32x4.splat(term));
}

/** out[j] = x[j] / divisor */
export function divideScalar(out: usize, x: usize, n: i32, divisor: f32): void {
  unary<DivideScalar>(out, x, n, f32x4.splat(divisor), f32x4.splat(0));
}

/** out[j] = the nearest number to x[j] in [low, high], low <= high; NaN stays. */
export function clamp(out: usize, x: usize, n: i32, low: f32, high: f32): void {
  unary<Clamp>(out, x, n, f32x4.splat(low), f32x4.splat(high));
}

/** out[j] = the square root of x[j] */
export function squareRoot(out: usize, x: usize, n: i32): void {
  plain<SquareRoot>(out, x, n);
}

/** out[j] = alpha * a[j] + beta * b[j], both products rounded on their own. */
export function combine(out: usize, a: usize, b: usize, n: i32, alpha: f32, beta: f32): void {
  const u = f32x4.splat(alpha);
  const v = f32x4.splat(beta);
  const end = out + bytesOf(n);
  const fours = out + bytesOfFours(n);
  for (; out < fours; out += 16, a += 16, b += 16) combineStep<Four>(out, a, b, u, v);
  for (; out < end; out += 4, a += 4, b += 4) combineStep<One>(out, a, b, u, v);
}

function combineStep<L extends Lanes>(out: usize, a: usize, b: usize, alpha: v128, beta: v128): void {
  const lanes = changetype<L>(0);
  lanes.store(out, f32x4.add(f32x4.mul(alpha, lanes.load(a)), f32x4.mul(beta, lanes.load(b))));
}

/** out[j] = e^x[j] */
export function exponential(out: usize, x: usize, n: i32): void {
  expRow(out, x, n, 0);
}

/** out[j] = the natural logarithm of x[j] */
export function logarithm(out: usize, x: usize, n: i32): void {
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4) store<f32>(out, Mathf.log(load<f32>(x)));
}

/** out[j] = x[j] as a float. */
export function toFloat(out: usize, x: usize, n: i32): void {
  for (const end = out + bytesOf(n); out < end; out += 4, x += 4) store<f32>(out, <f32>load<i32>(x));
}

class Add implements Binary {
  of(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}

class Sub implements Binary {
  of(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}

class Mul implements Binary {
  of(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}

class Div implements Binary {
  of(a: v128, b: v128): v128 {
    return f32x4.div(a, b);
  }
}

class Affine implements Unary {
  of(x: v128, u: v128, v: v128): v128 {
    return f32x4.add(f32x4.mul(x, u), v);
  }
}

class DivideScalar implements Unary {
  of(x: v128, u: v128, v: v128): v128 {
    return f32x4.div(x, u);
  }
}

class Clamp implements Unary {
  of(x: v128, u: v128, v: v128): v128 {
    return f32x4.min(f32x4.max(x, u), v);
  }
}

class SquareRoot implements Unary {
  of(x: v128, u: v128, v: v128): v128 {
    return f32x4.sqrt(x);
  }
}
