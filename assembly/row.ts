import { bytesOf, bytesOfFours, Four, fma, Lanes, One } from "./lanes";

// What kernels do to one row of n floats, y the output, x the input. Rows need no alignment.

/** y[j] = x[j]. memory.copy is no faster for rows: bench/RESULTS.md, refused ideas. */
export function copyRow(y: usize, x: usize, n: i32): void {
  const end = y + bytesOf(n);
  const fours = y + bytesOfFours(n);
  for (; y < fours; y += 16, x += 16) copyStep<Four>(y, x);
  for (; y < end; y += 4, x += 4) copyStep<One>(y, x);
}

function copyStep<L extends Lanes>(y: usize, x: usize): void {
  const lanes = changetype<L>(0);
  lanes.store(y, lanes.load(x));
}

/** y[j] = x, whose lanes are all the same. */
export function fillRow(y: usize, n: i32, x: v128): void {
  const end = y + bytesOf(n);
  for (const fours = y + bytesOfFours(n); y < fours; y += 16) v128.store(y, x);
  for (; y < end; y += 4) v128.store32_lane(y, x, 0);
}

/** y[j] = (y[j] & kept | start) + x[j]: where kept has no bits a sum begins from start, whatever y was. */
export function addKept(y: usize, x: usize, n: i32, kept: v128, start: v128): void {
  const end = y + bytesOf(n);
  const fours = y + bytesOfFours(n);
  for (; y < fours; y += 16, x += 16) keptStep<Four>(y, x, kept, start);
  for (; y < end; y += 4, x += 4) keptStep<One>(y, x, kept, start);
}

function keptStep<L extends Lanes>(y: usize, x: usize, kept: v128, start: v128): void {
  const lanes = changetype<L>(0);
  lanes.store(y, f32x4.add(v128.or(v128.and(lanes.load(y), kept), start), lanes.load(x)));
}

/** y[j] += x[j] */
export function addRow(y: usize, x: usize, n: i32): void {
  const end = y + bytesOf(n);
  const fours = y + bytesOfFours(n);
  for (; y < fours; y += 16, x += 16) addStep<Four>(y, x);
  for (; y < end; y += 4, x += 4) addStep<One>(y, x);
}

function addStep<L extends Lanes>(y: usize, x: usize): void {
  const lanes = changetype<L>(0);
  lanes.store(y, f32x4.add(lanes.load(y), lanes.load(x)));
}

/** y[j] = x[j] * factor */
export function scaleRow(y: usize, x: usize, n: i32, factor: v128): void {
  const end = y + bytesOf(n);
  const fours = y + bytesOfFours(n);
  for (; y < fours; y += 16, x += 16) scaleStep<Four>(y, x, factor);
  for (; y < end; y += 4, x += 4) scaleStep<One>(y, x, factor);
}

function scaleStep<L extends Lanes>(y: usize, x: usize, factor: v128): void {
  const lanes = changetype<L>(0);
  lanes.store(y, f32x4.mul(lanes.load(x), factor));
}

/** y[j] += x[j] * factor, product and sum each rounded. */
export function addProduct(y: usize, x: usize, n: i32, factor: v128): void {
  const end = y + bytesOf(n);
  const fours = y + bytesOfFours(n);
  for (; y < fours; y += 16, x += 16) productStep<Four>(y, x, factor);
  for (; y < end; y += 4, x += 4) productStep<One>(y, x, factor);
}

function productStep<L extends Lanes>(y: usize, x: usize, factor: v128): void {
  const lanes = changetype<L>(0);
  lanes.store(y, f32x4.add(lanes.load(y), f32x4.mul(lanes.load(x), factor)));
}

/** y[j] += x[j] * factor, rounded once: the bits of a fused multiply-add. */
export function addProductFused(y: usize, x: usize, n: i32, factor: v128): void {
  const end = y + bytesOf(n);
  const fours = y + bytesOfFours(n);
  for (; y < fours; y += 16, x += 16) fusedStep<Four>(y, x, factor);
  for (; y < end; y += 4, x += 4) fusedStep<One>(y, x, factor);
}

function fusedStep<L extends Lanes>(y: usize, x: usize, factor: v128): void {
  const lanes = changetype<L>(0);
  lanes.store(y, fma(lanes.load(x), factor, lanes.load(y)));
}

/** The dot product of a and b in four partial sums. */
export function dot(a: usize, b: usize, n: i32): f32 {
  const end = a + bytesOf(n);
  const fours = a + bytesOfFours(n);
  let sum = f32x4.splat(0);
  for (; a < fours; a += 16, b += 16) sum = dotStep<Four>(sum, a, b);
  for (; a < end; a += 4, b += 4) sum = dotStep<One>(sum, a, b);
  return total(sum);
}

function dotStep<L extends Lanes>(sum: v128, a: usize, b: usize): v128 {
  const lanes = changetype<L>(0);
  return f32x4.add(sum, f32x4.mul(lanes.load(a), lanes.load(b)));
}

/** Four partial sums of x[j]. */
export function partialSums(x: usize, n: i32): v128 {
  const end = x + bytesOf(n);
  const fours = x + bytesOfFours(n);
  let sum = f32x4.splat(0);
  for (; x < fours; x += 16) sum = sumStep<Four>(sum, x);
  for (; x < end; x += 4) sum = sumStep<One>(sum, x);
  return sum;
}

function sumStep<L extends Lanes>(sum: v128, x: usize): v128 {
  return f32x4.add(sum, changetype<L>(0).load(x));
}

/** (lane 0 + lane 2) + (lane 1 + lane 3) */
export function total(x: v128): f32 {
  const pairs = f32x4.add(x, i64x2.shuffle(x, x, 1, 0));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** Below this a sum runs straight through; above it splits in two, so that the error grows with log n and not with n. */
const STRAIGHT: i32 = 128;

/** The sum of x[j], pairwise. */
export function sumRow(x: usize, n: i32): f32 {
  return total(pairwise(x, n));
}

function pairwise(x: usize, n: i32): v128 {
  if (n <= STRAIGHT) return partialSums(x, n);
  const half = (n >> 1) & ~3;
  return f32x4.add(pairwise(x, half), pairwise(x + bytesOf(half), n - half));
}

/** The largest x[j]: NaN if one is NaN, -Infinity if there is none. */
export function largest(x: usize, n: i32): f32 {
  const end = x + bytesOf(n);
  let most = f32x4.splat(-Infinity);
  for (const fours = x + bytesOfFours(n); x < fours; x += 16) most = f32x4.max(most, v128.load(x));
  for (; x < end; x += 4) most = f32x4.max(most, v128.load32_splat(x));
  const pairs = f32x4.max(most, i64x2.shuffle(most, most, 1, 0));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}
