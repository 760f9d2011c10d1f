import { abs, fma, fround, type Numbers, row, sqrt } from "./common.js";

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
