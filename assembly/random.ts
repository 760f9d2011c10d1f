import { bytesOf, bytesOfFours, Four, fma, Lanes, One } from "./lanes";
import { cosine as cosineOf, cosinePolynomial, flip, ln, reduce, sine, sinePolynomial } from "./math";

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
  for (let j = 0; j < N; j++) {
    store<u32>(generator + bytesOf(j), seed);
    seed = 1812433253 * (seed ^ (seed >> 30)) + j + 1;
  }
  store<i32>(generator, SEEDED, POSITION);
  store<i32>(generator, 0, KEPT);
}

/** out[i] = 24 random bits / 2^24 * f32(to - from) + from, rounded once; what rounds up to `to` becomes `from`. */
export function uniform(out: usize, generator: usize, n: i32, from: f32, to: f32): void {
  drawWords(out, generator, n);
  const end = out + bytesOf(n);
  for (const fours = out + bytesOfFours(n); out < fours; out += 16) uniformStep<Four>(out, from, to);
  for (; out < end; out += 4) uniformStep<One>(out, from, to);
}

function uniformStep<L extends Lanes>(at: usize, from: f32, to: f32): void {
  const lanes = changetype<L>(0);
  const start = f32x4.splat(from);
  const x = fma(fraction(lowBits(lanes.load(at))), f32x4.splat(to - from), start);
  lanes.store(at, v128.bitselect(start, x, f32x4.eq(x, f32x4.splat(to))));
}

/** out[i] = low + word mod range, uniform in [low, low + range), range <= 2^32; from 2^28 on PyTorch takes two words for one number. */
export function randomIntegers(out: usize, generator: usize, n: i32, low: i32, range: f64): void {
  const modulus = <u64>range;
  const wide = modulus >= 1 << 28;
  if (!wide) drawWords(out, generator, n);
  for (const end = out + bytesOf(n); out < end; out += 4) {
    const drawn = (wide ? nextTwoWords(generator) : <u64>load<u32>(out)) % modulus;
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
  drawWords(out, generator, n);
  boxMuller(out, out + bytesOf(n & -BLOCK), <f32>mean, <f32>std);
  if (n % BLOCK == 0) return;
  // A ragged end is drawn anew as a whole block over the last sixteen elements.
  const last = out + bytesOf(n - BLOCK);
  drawWords(last, generator, BLOCK);
  boxMuller(last, last + bytesOf(BLOCK), <f32>mean, <f32>std);
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

/** Blocks of sixteen words, up to `end`, become normals in place: u1 from the first eight of each, u2 from the others. */
function boxMuller(block: usize, end: usize, mean: f32, std: f32): void {
  for (; block < end; block += 64) {
    for (let at = block; at < block + 32; at += 16) {
      const first = lowBits(v128.load(at));
      const second = lowBits(v128.load(at, 32));
      const radius = f32x4.sqrt(f32x4.mul(f32x4.splat(-2), ln(f32x4.sub(f32x4.splat(1), fraction(first)))));
      const q = quarters(second);
      const x = reduce(f32x4.mul(f32x4.splat(2 * Mathf.PI), fraction(second)), q);
      const s = sinePolynomial(x);
      const c = cosinePolynomial(x);
      // Sine and cosine trade places where the quarters are odd.
      const trade = v128.and(v128.xor(s, c), i32x4.shr_s(i32x4.shl(q, 31), 31));
      const sine = flip(v128.xor(s, trade), q);
      const cosine = flip(v128.xor(c, trade), i32x4.add(q, i32x4.splat(1)));
      v128.store(at, fma(f32x4.mul(radius, cosine), f32x4.splat(std), f32x4.splat(mean)));
      v128.store(at, fma(f32x4.mul(radius, sine), f32x4.splat(std), f32x4.splat(mean)), 32);
    }
  }
}

/** The quarter turns nearest to bits / 2^24 turns, for all of them those of PyTorch: 0 to 4, at most pi/4 away. */
function quarters(bits: v128): v128 {
  return i32x4.shr_u(i32x4.add(bits, i32x4.splat(1 << 21)), 22);
}

/** bits / 2^24 */
function fraction(bits: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(bits), f32x4.splat(1 / 16777216));
}

/** The 24 bits of a word of which PyTorch makes a float. */
function lowBits(words: v128): v128 {
  return v128.and(words, i32x4.splat(0xffffff));
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
  return i32x4.extract_lane(temper(v128.load32_zero(generator + bytesOf(position))), 0);
}

/** out = the next n words, most of them by fours. */
function drawWords(out: usize, generator: usize, n: i32): void {
  for (const end = out + bytesOf(n); out < end; out = drawFours(out + 4, end, generator)) {
    store<u32>(out, nextWord(generator));
  }
}

/** Fours of words up to `end`, as many as the state has left. Returns where they end. */
function drawFours(out: usize, end: usize, generator: usize): usize {
  const position = load<i32>(generator, POSITION);
  const count = min(<i32>((end - out) >> 2), N - position) & ~3;
  store<i32>(generator, position + count, POSITION);
  const last = out + bytesOf(count);
  let word = generator + bytesOf(position);
  for (; out < last; out += 16, word += 16) v128.store(out, temper(v128.load(word)));
  return last;
}

function temper(y: v128): v128 {
  y = v128.xor(y, i32x4.shr_u(y, 11));
  y = v128.xor(y, v128.and(i32x4.shl(y, 7), i32x4.splat(0x9d2c5680)));
  y = v128.xor(y, v128.and(i32x4.shl(y, 15), i32x4.splat(0xefc60000)));
  return v128.xor(y, i32x4.shr_u(y, 18));
}

/** Makes every word anew, of itself, the one after it and the one M after it; after the last comes the first. */
function twist(generator: usize): void {
  const wrap = generator + bytesOf(N - M);
  twistRow(generator, wrap, generator + bytesOf(M));
  // The first word goes where the one after the last is looked for; the position, which was there, the caller sets anew.
  store<u32>(generator, load<u32>(generator), POSITION);
  twistRow(wrap, generator + bytesOf(N), generator);
}

function twistRow(here: usize, end: usize, far: usize): void {
  for (const fours = end - 12; here < fours; here += 16, far += 16) twistStep<Four>(here, here + 4, far);
  for (; here < end; here += 4, far += 4) twistStep<One>(here, here + 4, far);
}

function twistStep<L extends Lanes>(here: usize, next: usize, far: usize): void {
  const lanes = changetype<L>(0);
  const low = lanes.load(next);
  const y = v128.bitselect(lanes.load(here), low, i32x4.splat(0x80000000));
  const odd = i32x4.shr_s(i32x4.shl(low, 31), 31);
  const x = v128.xor(i32x4.shr_u(y, 1), v128.and(odd, i32x4.splat(0x9908b0df)));
  lanes.store(here, v128.xor(lanes.load(far), x));
}
