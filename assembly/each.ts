import { bytesOf, bytesOfFours, Four, Lanes, One } from "./lanes";

// The loops of elementwise kernels: a function of four lanes, applied to every element. out may be one of the inputs.

/** A function of one element and two constants. */
export interface Unary {
  of(x: v128, u: v128, v: v128): v128;
}

export interface Binary {
  of(a: v128, b: v128): v128;
}

/** out[j] = F(x[j], u, v) */
export function unary<F extends Unary>(out: usize, x: usize, n: i32, u: v128, v: v128): void {
  const end = out + bytesOf(n);
  const fours = out + bytesOfFours(n);
  for (; out < fours; out += 16, x += 16) unaryStep<F, Four>(out, x, u, v);
  for (; out < end; out += 4, x += 4) unaryStep<F, One>(out, x, u, v);
}

function unaryStep<F extends Unary, L extends Lanes>(out: usize, x: usize, u: v128, v: v128): void {
  const lanes = changetype<L>(0);
  lanes.store(out, changetype<F>(0).of(lanes.load(x), u, v));
}

/** out[j] = F(x[j]) */
export function plain<F extends Unary>(out: usize, x: usize, n: i32): void {
  unary<F>(out, x, n, i32x4.splat(0), i32x4.splat(0));
}

/** out[j] = F(a[j], b[j]) */
export function binary<F extends Binary>(out: usize, a: usize, b: usize, n: i32): void {
  const end = out + bytesOf(n);
  const fours = out + bytesOfFours(n);
  for (; out < fours; out += 16, a += 16, b += 16) binaryStep<F, Four>(out, a, b);
  for (; out < end; out += 4, a += 4, b += 4) binaryStep<F, One>(out, a, b);
}

function binaryStep<F extends Binary, L extends Lanes>(out: usize, a: usize, b: usize): void {
  const lanes = changetype<L>(0);
  lanes.store(out, changetype<F>(0).of(lanes.load(a), lanes.load(b)));
}
