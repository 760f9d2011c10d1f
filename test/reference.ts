// The oracle: every operation as a plain loop over arrays, slow and obvious. Nothing here knows the library.
// Storing into a Float32Array or calling `fround` rounds to float32 once; everything between is float64, where
// the product of two floats is exact. Where an order of rounding is defined, the loop has that order.

type Numbers = ArrayLike<number>;

const { fround, sqrt, abs } = Math;

/** a * b + c rounded to float32 once: a fused multiply-add. */
export const fma = (a: number, b: number, c: number) => fround(a * b + c);

/** f applied to the elements of its arguments side by side, in float64. */
const each =
  <A extends number[]>(f: (...x: A) => number) =>
  (...arrays: { [K in keyof A]: Numbers }) =>
    Float64Array.from(arrays[0] as Numbers, (_, j) => f(...(arrays.map((array) => array[j]) as A)));

/** The values of row r. */
const row = (x: Numbers, r: number, dim: number) => Array.from({ length: dim }, (_, d) => x[r * dim + d]);

// ---- embedding ----

/** out[i, :] = weight[index[i], :] */
export function embedding(weight: Numbers, index: Numbers, dim: number): Float64Array {
  return Float64Array.from(
    { length: index.length * dim },
    (_, k) => weight[index[Math.floor(k / dim)] * dim + (k % dim)],
  );
}

/** Position of the first index outside [0, rows), or -1. */
export function firstBadIndex(index: Numbers, rows: number): number {
  for (let i = 0; i < index.length; i++) if (index[i] < 0 || index[i] >= rows) return i;
  return -1;
}

/** counts[r] = how often r occurs in index. */
export function count(index: Numbers, rows: number): Int32Array {
  const counts = new Int32Array(rows);
  for (let i = 0; i < index.length; i++) if (index[i] >= 0) counts[index[i]]++;
  return counts;
}

/** out[index[i], :] = x[i, :] in index order; the other rows stay. */
export function scatter(out: Numbers, x: Numbers, index: Numbers, dim: number): number[] {
  const result = Array.from(out);
  for (let i = 0; i < index.length; i++) {
    for (let d = 0; d < dim; d++) result[index[i] * dim + d] = x[i * dim + d];
  }
  return result;
}

/** sums[index[i], :] += grad[i, :] in index order, each sum rounded to float32; index[i] == skip adds nothing. */
export function scatterAdd(sums: Numbers, grad: Numbers, index: Numbers, dim: number, skip = -1): Float32Array {
  return scatterAddScaled(sums, grad, new Float32Array(index.length).fill(1), index, dim, skip);
}

/** sums[index[i], :] = fma(grad[i, :], scale[i], sums[index[i], :]) in index order; index[i] == skip adds nothing. */
export function scatterAddScaled(
  sums: Numbers,
  grad: Numbers,
  scale: Numbers,
  index: Numbers,
  dim: number,
  skip = -1,
): Float32Array {
  const out = Float32Array.from(sums);
  for (let i = 0; i < index.length; i++) {
    if (index[i] === skip) continue;
    for (let d = 0; d < dim; d++) {
      const k = index[i] * dim + d;
      out[k] = fma(grad[i * dim + d], scale[i], out[k]);
    }
  }
  return out;
}

/** scale[i] = 1 / how often index[i] occurs, rounded to float32; 0 where the index is negative. */
export function inverseCount(index: Numbers, rows: number): Float32Array {
  const counts = count(index, rows);
  return Float32Array.from(index, (r) => (r < 0 ? 0 : 1 / counts[r]));
}

/** The gradient of a table: 0 + the rows of grad in index order; paddingIdx gets none. */
export function embeddingBackward(
  grad: Numbers,
  index: Numbers,
  rows: number,
  dim: number,
  { paddingIdx = -1, scaleGradByFreq = false } = {},
): Float32Array {
  const zeros = new Float32Array(rows * dim);
  if (!scaleGradByFreq) return scatterAdd(zeros, grad, index, dim, paddingIdx);
  return scatterAddScaled(zeros, grad, inverseCount(index, rows), index, dim, paddingIdx);
}

/** rows = the distinct indices except skip in first-seen order; slots[i] = the position of index[i] in rows, or -1. */
export function distinct(index: Numbers, skip?: number): { rows: number[]; slots: number[] } {
  const rows = [...new Set(Array.from(index))].filter((r) => r !== skip);
  const slotOf = new Map(rows.map((r, slot) => [r, slot]));
  return { rows, slots: Array.from(index, (r) => slotOf.get(r) ?? -1) };
}

/** rows = the distinct indices except skip, ascending; values[k, :] = the sum of grad[i, :] where index[i] == rows[k]. */
export function coalesce(
  grad: Numbers,
  index: Numbers,
  dim: number,
  skip?: number,
): { rows: number[]; values: Float32Array } {
  const rows = distinct(index, skip).rows.sort((a, b) => a - b);
  const slots = Array.from(index, (r) => rows.indexOf(r));
  return { rows, values: scatterAdd(new Float32Array(rows.length * dim), grad, slots, dim) };
}

/** (sum of |x|^p)^(1/p) in float64; p = inf, -inf, 0: the largest, the smallest magnitude, how many are not zero. */
export function norm(x: Numbers, p: number): number {
  const magnitudes = Array.from(x, abs);
  const sum = (f: (m: number) => number) => magnitudes.reduce((total, m) => total + f(m), 0);
  if (p === Infinity) return Math.max(0, ...magnitudes);
  if (p === -Infinity) return Math.min(...magnitudes);
  if (p === 0) return sum((m) => (m === 0 ? 0 : 1));
  if (p === 1) return sum((m) => m);
  return p === 2 ? sqrt(sum((m) => m * m)) : sum((m) => m ** p) ** (1 / p);
}

/**
 * weight[r, :] *= float32(maxNorm / (norm + 1e-7)) for every distinct r in index whose norm > maxNorm.
 * The norm is compared as a float32, as PyTorch has it, unless it is too large for one.
 */
export function renorm(weight: Numbers, index: Numbers, dim: number, maxNorm: number, p = 2): Float32Array {
  const out = Float32Array.from(weight);
  for (const r of distinct(index).rows) {
    const exact = norm(row(weight, r, dim), p);
    const length = fround(exact) === Infinity ? exact : fround(exact);
    if (!(length > maxNorm)) continue;
    const scale = fround(maxNorm / (length + 1e-7));
    for (let d = 0; d < dim; d++) out[r * dim + d] *= scale;
  }
  return out;
}

// ---- optimizers ----

/** param[j] - lr * step[j], product and difference each rounded. */
export function sgd(param: Numbers, step: Numbers, lr: number): Float32Array {
  return Float32Array.from(param, (p, j) => p - fround(fround(lr) * step[j]));
}

export interface SgdOptions {
  lr: number;
  momentum?: number;
  dampening?: number;
  weightDecay?: number;
  nesterov?: boolean;
  maximize?: boolean;
}

/**
 * d = +-grad + weightDecay param; buffer = momentum buffer + (1 - dampening) d, or d the first time (buffer null);
 * d = nesterov ? d + momentum buffer : buffer; param -= lr d. Every line is one fused multiply-add, as PyTorch's CPU has it.
 */
export function sgdStep(
  param: Numbers,
  grad: Numbers,
  buffer: Numbers | null,
  { lr, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, maximize = false }: SgdOptions,
): { param: Float32Array; buffer: Float32Array | null } {
  const m = fround(momentum);
  let d = Float32Array.from(grad, (g, j) => fma(param[j], fround(weightDecay), maximize ? -g : g));
  const next = buffer ? d.map((x, j) => fma(x, fround(1 - dampening), fround(buffer[j] * m))) : d;
  if (momentum !== 0) d = nesterov ? d.map((x, j) => fma(next[j], m, x)) : next;
  return {
    param: Float32Array.from(param, (p, j) => fma(d[j], fround(-lr), p)),
    buffer: momentum === 0 ? null : next,
  };
}

/** sum += grad^2; param -= lr grad / (sqrt(sum) + eps), every operation rounded to float32. */
export function adagrad(
  param: Numbers,
  sum: Numbers,
  grad: Numbers,
  lr: number,
  eps: number,
): { param: Float32Array; sum: Float32Array } {
  const sums = Float32Array.from(sum, (s, j) => s + fround(grad[j] * grad[j]));
  const update = (g: number, s: number) => fround(fround(fround(lr) * g) / fround(fround(sqrt(s)) + fround(eps)));
  return { param: Float32Array.from(param, (p, j) => p - update(grad[j], sums[j])), sum: sums };
}

export interface AdagradOptions {
  lr: number;
  lrDecay?: number;
  weightDecay?: number;
  eps?: number;
  maximize?: boolean;
}

/** g = +-grad + weightDecay param; then adagrad with lr / (1 + (step - 1) lrDecay), step counting from 1. */
export function adagradStep(
  param: Numbers,
  sum: Numbers,
  grad: Numbers,
  step: number,
  { lr, lrDecay = 0, weightDecay = 0, eps = 1e-10, maximize = false }: AdagradOptions,
): { param: Float32Array; sum: Float32Array } {
  const g = Float32Array.from(grad, (x, j) => fma(param[j], fround(weightDecay), maximize ? -x : x));
  return adagrad(param, sum, g, lr / (1 + (step - 1) * lrDecay), eps);
}

// ---- elementwise: float64 results, one rounding away from float32 ----

/** a + b, a - b, a * b, a / b */
export const add = each((a: number, b: number) => a + b);
export const sub = each((a: number, b: number) => a - b);
export const mul = each((a: number, b: number) => a * b);
export const div = each((a: number, b: number) => a / b);

/** x * factor + term, the product rounded first. */
export const affine = (x: Numbers, factor: number, term: number) =>
  each((x: number) => fround(x * fround(factor)) + fround(term))(x);

/** x / divisor */
export const divideScalar = (x: Numbers, divisor: number) => each((x: number) => x / fround(divisor))(x);

/** alpha * a + beta * b, both products rounded first. */
export const combine = (a: Numbers, b: Numbers, alpha: number, beta: number) =>
  each((a: number, b: number) => fround(fround(alpha) * a) + fround(fround(beta) * b))(a, b);

/** The square root, e^x, the natural logarithm. */
export const squareRoot = each(sqrt);
export const exp = each(Math.exp);
export const log = each(Math.log);

/** out[i, :] = x[i, :] * scale[i] */
export const scaleRows = (x: Numbers, scale: Numbers, dim: number) =>
  Float64Array.from(x, (value, k) => value * scale[Math.floor(k / dim)]);

// ---- losses, in float64 ----

/** log(1 + e^x) without overflow. */
export const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-abs(x)));

/** 1 / (1 + e^-x) */
export const sigmoid = (x: number) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

/** log sigmoid(x) = -softplus(-x), and its gradient grad * (1 - sigmoid(x)) = grad * sigmoid(-x). */
export const logSigmoid = each((x: number) => -softplus(-x));
export const logSigmoidBackward = each((x: number, grad: number) => grad * sigmoid(-x));

/** -(t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))) = softplus(x) - x t, and its gradient grad * (sigmoid(x) - t). */
export const crossEntropyWithLogits = each((x: number, target: number) => softplus(x) - x * target);
export const crossEntropyWithLogitsBackward = each(
  (x: number, target: number, grad: number) => grad * (sigmoid(x) - target),
);

// ---- reductions, products, shapes ----

/** out[i] = sum of x[i, :] in float64; x is rows x dim. */
export function sumRows(x: Numbers, rows: number, dim: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => row(x, i, dim).reduce((total, value) => total + value, 0));
}

/** out[i, j] = sum over k of a[i, k] * b[k, j] in float64; a is rows x inner, b is inner x dim. */
export function matmul(a: Numbers, b: Numbers, rows: number, inner: number, dim: number): Float64Array {
  const out = new Float64Array(rows * dim);
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++) for (let j = 0; j < dim; j++) out[i * dim + j] += a[i * inner + k] * b[k * dim + j];
  return out;
}

/** out[j, i] = x[i, j]; x is rows x dim. */
export function transpose(x: Numbers, rows: number, dim: number): Float64Array {
  return Float64Array.from({ length: rows * dim }, (_, k) => x[(k % rows) * dim + Math.floor(k / rows)]);
}

/** out[i0, i1, ..] = x[offset + i0 * strides[0] + i1 * strides[1] + ..], contiguous; stride 0 broadcasts. */
export function strided(x: Numbers, shape: number[], strides: number[], offset = 0): number[] {
  if (shape.length === 0) return [x[offset]];
  const [length, ...rest] = shape;
  const [stride, ...others] = strides;
  return Array.from({ length }, (_, i) => strided(x, rest, others, offset + i * stride)).flat();
}

// ---- random numbers ----

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
