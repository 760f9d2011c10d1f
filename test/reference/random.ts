import { fma, fround, type Numbers, sqrt } from "./common.js";

/** MT19937, with the one normal that PyTorch's generator keeps for later. */
export class MersenneTwister {
  readonly #state = new Uint32Array(624);
  #position = 624;
  keptNormal: number | null = null;

  constructor(seed: number) {
    this.#state[0] = seed;
    for (let j = 1; j < 624; j++) {
      const previous = this.#state[j - 1];
      this.#state[j] = Math.imul(1812433253, previous ^ (previous >>> 30)) + j;
    }
  }

  /** The next 32 bits. */
  word(): number {
    if (this.#position === 624) this.#twist();
    let y = this.#state[this.#position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** The next 64 bits, the first word on top. */
  long(): bigint {
    const high = this.word();
    return (BigInt(high) << 32n) | BigInt(this.word());
  }

  /** 24 random bits in [0, 1). */
  float(): number {
    return (this.word() & 0xffffff) / 2 ** 24;
  }

  /** 53 random bits in [0, 1). */
  double(): number {
    return Number(this.long() & (2n ** 53n - 1n)) / 2 ** 53;
  }

  #twist(): void {
    const s = this.#state;
    for (let j = 0; j < 624; j++) {
      const y = (s[j] & 0x80000000) | (s[(j + 1) % 624] & 0x7fffffff);
      s[j] = s[(j + 397) % 624] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}

/** out[i] = fma(24 bits, to - from, from); what rounds up to `to` becomes `from`. */
export function uniform(generator: MersenneTwister, n: number, from = 0, to = 1): Float32Array {
  const [low, high] = [fround(from), fround(to)];
  return new Float32Array(n).map(() => {
    const x = fma(generator.float(), fround(high - low), low);
    return x === high ? low : x;
  });
}

/** n normals: below 16 one by one in float64, keeping every second; else the Box-Muller blocks of the AVX2 build. */
export function normal(generator: MersenneTwister, n: number, mean = 0, std = 1): Float32Array {
  if (n < 16) return new Float32Array(n).map(() => oneNormal(generator) * std + mean);
  const out = uniform(generator, n);
  for (let i = 0; i + 16 <= n; i += 16) normalBlock(out.subarray(i, i + 16), fround(mean), fround(std));
  if (n % 16 !== 0) {
    out.set(uniform(generator, 16), n - 16);
    normalBlock(out.subarray(n - 16), fround(mean), fround(std));
  }
  return out;
}

/** sqrt(-2 log(1 - u2)) * cos(2 pi u1) now, the sine of the same pair next time. */
function oneNormal(generator: MersenneTwister): number {
  const kept = generator.keptNormal;
  generator.keptNormal = null;
  if (kept !== null) return kept;
  const angle = 2 * Math.PI * generator.double();
  const radius = sqrt(-2 * Math.log1p(-generator.double()));
  generator.keptNormal = radius * Math.sin(angle);
  return radius * Math.cos(angle);
}

/** 16 uniforms become 8 cosines and 8 sines: radius of 1 - d[j], angle of d[j + 8]. */
function normalBlock(d: Float32Array, mean: number, std: number): void {
  for (let j = 0; j < 8; j++) {
    const radius = fround(sqrt(fround(-2 * lnFloat(fround(1 - d[j])))));
    const { sin, cos } = sinCosFloat(fround(fround(2 * Math.PI) * d[j + 8]));
    d[j] = fma(fround(radius * cos), std, mean);
    d[j + 8] = fma(fround(radius * sin), std, mean);
  }
}

/** c0 x^k + .. + ck by Horner's rule, every step fused. */
const polynomial = (x: number, coefficients: number[]) =>
  coefficients.map(fround).reduce((y, coefficient) => fma(y, x, coefficient));

const LN = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
];

/** ln u in float32 as Cephes has it, with fused multiply-adds; u positive and normal. */
function lnFloat(u: number): number {
  const bits = new Uint32Array(Float32Array.of(u).buffer)[0];
  let e = (bits >>> 23) - 126;
  let x = new Float32Array(Uint32Array.of((bits & 0x7fffff) | 0x3f000000).buffer)[0];
  if (x < fround(0.70710677)) {
    e -= 1;
    x = fround(fround(x - 1) + x);
  } else x = fround(x - 1);
  const z = fround(x * x);
  let y = fround(fround(polynomial(x, LN) * x));
  y = fma(y, z, fround(e * fround(-2.1219444e-4)));
  y = fma(-z, 0.5, y);
  return fma(e, fround(0.693359375), fround(x + y));
}

/** sin and cos of an angle >= 0 in float32 as Cephes has them, with fused multiply-adds. */
function sinCosFloat(angle: number): { sin: number; cos: number } {
  const j = (Math.trunc(fround(angle * fround(1.27323954473516))) + 1) & ~1;
  let x = fma(j, fround(-0.78515625), angle);
  x = fma(j, fround(-2.4187564849853516e-4), x);
  x = fma(j, fround(-3.774894977445941e-8), x);
  const z = fround(x * x);
  let c = fround(polynomial(z, [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2]) * z);
  c = fround(fma(c, z, -fround(z * 0.5)) + 1);
  let s = fround(polynomial(z, [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]) * z);
  s = fma(s, x, x);
  const [sin, cos] = (j & 2) === 0 ? [s, c] : [c, s];
  return { sin: j & 4 ? -sin : sin, cos: ~(j - 2) & 4 ? -cos : cos };
}

/** out[i] = low + bits mod range: integers in [low, low + range). 64 bits each from a range of 2^28 on, else 32. */
export function randint(generator: MersenneTwister, n: number, low: number, range: number): Int32Array {
  const draw = () => (range < 2 ** 28 ? generator.word() % range : Number(generator.long() % BigInt(range)));
  return new Int32Array(n).map(() => low + draw());
}

/** A permutation of 0 .. n - 1: position i trades places with i + word mod (n - i), for i from 0. */
export function randperm(generator: MersenneTwister, n: number): Int32Array {
  const out = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = 0; i + 1 < n; i++) {
    const j = i + (generator.word() % (n - i));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

/** cumulative[i] = (weight[0] + .. + weight[i]) / sum of all in float32, the last exactly 1. */
export function cumulate(weight: Numbers): { cumulative: Float32Array; sum: number } {
  let sum = 0;
  const cumulative = Float32Array.from(weight, (w) => {
    sum = fround(sum + w);
    return sum;
  }).map((c) => c / sum);
  if (weight.length > 0) cumulative[weight.length - 1] = 1;
  return { cumulative, sum };
}

/** n categories with replacement: the first whose cumulative probability is >= a uniform double. */
export function sample(generator: MersenneTwister, n: number, weight: Numbers): Int32Array {
  const { cumulative } = cumulate(weight);
  return new Int32Array(n).map(() => {
    const u = generator.double();
    return cumulative.findIndex((c) => c >= u);
  });
}

/** out[i] = weight[i] / e, e = -log(1 - u) rounded to float32, u a uniform double. */
export function exponentialRace(generator: MersenneTwister, weight: Numbers): Float32Array {
  return Float32Array.from(weight, (w) => w / fround(-Math.log1p(-generator.double())));
}

/** n categories without replacement: the winners of an exponential race, the first of equals first. */
export function sampleWithoutReplacement(generator: MersenneTwister, n: number, weight: Numbers): Int32Array {
  const score = exponentialRace(generator, weight);
  const order = Array.from(score, (_, i) => i).sort((a, b) => score[b] - score[a] || a - b);
  return Int32Array.from(order.slice(0, n));
}
