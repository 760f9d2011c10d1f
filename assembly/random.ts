import { bytesOf, fma } from "./lanes";
import { choose, cosine as cosineOf, cosinePolynomial, flip, ln, octant, reduce, sine, sinePolynomial } from "./math";

// Mersenne Twister MT19937 with PyTorch's ways of turning its words into numbers.
// "Mersenne Twister", ACM Transactions on Modeling and Computer Simulation 8 (1998).
// A generator is a block of GENERATOR_BYTES: 624 state words, the number of them used up (SEEDED: not yet twisted), a flag and
// one normal kept for later. js/random.ts reads and writes it too.

const N: i32 = 624;
const M: i32 = 397;
const SEEDED: i32 = N + 1;
const POSITION: usize = 2496;
const KEPT: usize = 2500;
const KEPT_VALUE: usize = 2504;
export const GENERATOR_BYTES: i32 = 2512;

/** Below this many elements PyTorch draws normals one pair at a time, in double precision. */
const BLOCK: i32 = 16;

/** Restarts a generator and forgets its kept normal; only the low 32 bits of PyTorch's seed count. */
export function seedGenerator(generator: usize, seed: u32): void {
  store<u32>(generator, seed);
  for (let j = 1; j < N; j++) {
    const before = load<u32>(generator + bytesOf(j - 1));
    store<u32>(generator + bytesOf(j), 1812433253 * (before ^ (before >> 30)) + j);
  }
  store<i32>(generator, SEEDED, POSITION);
  store<i32>(generator, 0, KEPT);
}

/** out[i] = 24 random bits / 2^24 * f32(to - from) + from, rounded once; what rounds up to `to` becomes `from`. */
export function uniform(out: usize, generator: usize, n: i32, from: f32, to: f32): void {
  const range = <f64>(to - from);
  for (const end = out + bytesOf(n); out < end; out += 4) {
    const x = <f32>(<f64>nextFloat(generator) * range + <f64>from);
    store<f32>(out, x == to ? from : x);
  }
}

/** out[i] = low + word mod range, uniform in [low, low + range), range <= 2^32; from 2^28 on PyTorch takes two words for one number. */
export function randomIntegers(out: usize, generator: usize, n: i32, low: i32, range: f64): void {
  const modulus = <u64>range;
  const wide = modulus >= 1 << 28;
  for (const end = out + bytesOf(n); out < end; out += 4) {
    const drawn = (wide ? nextTwoWords(generator) : <u64>nextWord(generator)) % modulus;
    store<i32>(out, low + <i32>drawn);
  }
}

/** out = a random permutation of 0 .. n - 1 (Fisher-Yates from the front). */
export function randomPermutation(out: usize, generator: usize, n: i32): void {
  for (let i = 0; i < n; i++) store<i32>(out + bytesOf(i), i);
  for (let i = 0; i < n - 1; i++) {
    const here = out + bytesOf(i);
    const there = here + <usize>(nextWord(generator) % <u32>(n - i)) * 4;
    const value = load<i32>(here);
    store<i32>(here, load<i32>(there));
    store<i32>(there, value);
  }
}

/** out[i] = the first category whose cumulative probability reaches a uniform double; cumulative has rows entries. */
export function sampleCategories(out: usize, generator: usize, cumulative: usize, n: i32, rows: i32): void {
  for (const end = out + bytesOf(n); out < end; out += 4) {
    const u = nextDouble(generator);
    let left = 0;
    let right = rows;
    while (left < right) {
      const middle = (left + right) >> 1;
      if (<f64>load<f32>(cumulative + bytesOf(middle)) < u) left = middle + 1;
      else right = middle;
    }
    store<i32>(out, left);
  }
}

/** out[i] = weight[i] / e with e exponential: the largest n of them are a sample of n categories without replacement. */
export function exponentialRace(out: usize, generator: usize, weight: usize, rows: i32): void {
  for (const end = out + bytesOf(rows); out < end; out += 4, weight += 4) {
    const e = <f32>-NativeMath.log1p(-nextDouble(generator));
    store<f32>(out, load<f32>(weight) / e);
  }
}

/** cumulative[i] = (weight[0] + .. + weight[i]) / sum of all, every sum and quotient a float, the last exactly 1. Returns the sum. */
export function cumulate(cumulative: usize, weight: usize, rows: i32): f32 {
  let sum: f32 = 0;
  for (let i = 0; i < rows; i++) {
    sum += load<f32>(weight + bytesOf(i));
    store<f32>(cumulative + bytesOf(i), sum);
  }
  for (let i = 0; i < rows; i++) {
    store<f32>(cumulative + bytesOf(i), i == rows - 1 ? 1 : load<f32>(cumulative + bytesOf(i)) / sum);
  }
  return sum;
}

/**
 * out[i] = normal with the given mean and standard deviation, as PyTorch draws them: below sixteen numbers in pairs, of which
 * the second waits in the generator; from sixteen on in blocks, of which the last may overlap the one before.
 */
export function normal(out: usize, generator: usize, n: i32, mean: f64, std: f64): void {
  if (n < BLOCK) {
    normalPairs(out, generator, n, mean, std);
    return;
  }
  uniform(out, generator, n, 0, 1);
  let i = 0;
  for (; i <= n - BLOCK; i += BLOCK) boxMuller(out + bytesOf(i), <f32>mean, <f32>std);
  if (i == n) return;
  // A ragged end is drawn anew as a whole block over the last sixteen elements.
  const last = out + bytesOf(n - BLOCK);
  uniform(last, generator, BLOCK, 0, 1);
  boxMuller(last, <f32>mean, <f32>std);
}

/** Box-Muller, one pair at a time in f64; the second of a pair is kept in the generator for the next call. */
function normalPairs(out: usize, generator: usize, n: i32, mean: f64, std: f64): void {
  for (const end = out + bytesOf(n); out < end; out += 4) {
    let x: f64;
    if (load<i32>(generator, KEPT)) {
      x = load<f64>(generator, KEPT_VALUE);
      store<i32>(generator, 0, KEPT);
    } else {
      const angle = 2 * NativeMath.PI * nextDouble(generator);
      const radius = sqrt(-2 * NativeMath.log1p(-nextDouble(generator)));
      store<f64>(generator, radius * sine(angle), KEPT_VALUE);
      store<i32>(generator, 1, KEPT);
      x = radius * cosineOf(angle);
    }
    store<f32>(out, <f32>(x * std + mean));
  }
}

/** Sixteen uniforms become sixteen normals in place: u1 from the first eight, u2 from the others. */
function boxMuller(block: usize, mean: f32, std: f32): void {
  boxMullerFour(block, mean, std);
  boxMullerFour(block + 16, mean, std);
}

function boxMullerFour(at: usize, mean: f32, std: f32): void {
  const radius = f32x4.sqrt(f32x4.mul(f32x4.splat(-2), ln(f32x4.sub(f32x4.splat(1), v128.load(at)))));
  const angle = f32x4.mul(f32x4.splat(2 * Mathf.PI), v128.load(at, 32));
  const j = octant(angle);
  const x = reduce(angle, j);
  const s = sinePolynomial(x);
  const c = cosinePolynomial(x);
  const sine = flip(choose(s, c, j), j);
  const cosine = flip(choose(c, s, j), v128.not(i32x4.sub(j, i32x4.splat(2))));
  v128.store(at, fma(f32x4.mul(radius, cosine), f32x4.splat(std), f32x4.splat(mean)));
  v128.store(at, fma(f32x4.mul(radius, sine), f32x4.splat(std), f32x4.splat(mean)), 32);
}

/** 24 bits in [0, 1). */
function nextFloat(generator: usize): f32 {
  return <f32>(nextWord(generator) & 0xffffff) * <f32>(1 / 16777216);
}

/** 53 bits in [0, 1). */
function nextDouble(generator: usize): f64 {
  return <f64>(nextTwoWords(generator) & 0x1fffffffffffff) * (1 / 9007199254740992);
}

function nextTwoWords(generator: usize): u64 {
  const high = (<u64>nextWord(generator)) << 32;
  return high | <u64>nextWord(generator);
}

function nextWord(generator: usize): u32 {
  let position = load<i32>(generator, POSITION);
  if (position >= N) {
    twist(generator);
    position = 0;
  }
  store<i32>(generator, position + 1, POSITION);
  let y = load<u32>(generator + bytesOf(position));
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680;
  y ^= (y << 15) & 0xefc60000;
  return y ^ (y >> 18);
}

function twist(generator: usize): void {
  for (let k = 0; k < N; k++) {
    const here = generator + bytesOf(k);
    const next = load<u32>(generator + bytesOf(k + 1 == N ? 0 : k + 1));
    const far = load<u32>(generator + bytesOf(k < N - M ? k + M : k + M - N));
    const y = (load<u32>(here) & 0x80000000) | (next & 0x7fffffff);
    store<u32>(here, far ^ (y >> 1) ^ (next & 1 ? 0x9908b0df : 0));
  }
}
