import { fma, fround, type Numbers } from "./common.js";
import { count } from "./embedding.js";

export interface BagOptions {
  mode: "sum" | "mean" | "max";
  /** Entries of this row count for nothing. */
  paddingIdx?: number;
  /** One for each entry of index: sum(w * row), or for "mean" sum(w * row) / sum(w). */
  weights?: Numbers | null;
}

/** The positions in index of bag b, padding left out. offsets has one element more than there are bags. */
function members(index: Numbers, offsets: Numbers, b: number, paddingIdx?: number): number[] {
  const all = Array.from({ length: offsets[b + 1] - offsets[b] }, (_, k) => offsets[b] + k);
  return all.filter((i) => index[i] !== paddingIdx);
}

/** What a mean divides by: the sum of the weights, or how many there are; 1 where that is 0 and the bag is zeros. */
function divisor(entries: number[], { mode, weights }: BagOptions): number {
  if (mode !== "mean") return 1;
  return weights ? entries.reduce((total, i) => total + weights[i], 0) : Math.max(entries.length, 1);
}

/** The entry of a bag with the largest element d: the first of equal ones, and NaN only if it is the first. */
function largest(entries: number[], weight: Numbers, index: Numbers, dim: number, d: number): number {
  return entries.reduce((best, i) => (weight[index[i] * dim + d] > weight[index[best] * dim + d] ? i : best));
}

/**
 * out[b, :] = the sum, mean or maximum of weight[index[i], :] over offsets[b] <= i < offsets[b + 1]; zeros for an empty bag and
 * for weights that add up to 0. Sums are acc = fma(row, w, acc) in index order.
 */
export function embeddingBag(
  weight: Numbers,
  index: Numbers,
  offsets: Numbers,
  dim: number,
  options: BagOptions,
): Float32Array {
  const bags = offsets.length - 1;
  const out = new Float32Array(bags * dim);
  for (let b = 0; b < bags; b++) {
    const entries = members(index, offsets, b, options.paddingIdx);
    const size = divisor(entries, options);
    if (entries.length === 0 || size === 0) continue;
    for (let d = 0; d < dim; d++) {
      let acc = 0;
      for (const i of entries) acc = fma(weight[index[i] * dim + d], options.weights?.[i] ?? 1, acc);
      if (options.mode === "max") acc = weight[index[largest(entries, weight, index, dim, d)] * dim + d];
      out[b * dim + d] = acc / size;
    }
  }
  return out;
}

/**
 * The gradients of the table and of the weights, given that of the bags.
 * table: grad[row, :] = fma(gradOut[b, :], float32(w / size / count), grad[row, :]) in index order; "max": bag by bag, for each
 * element the row it came from. weights, of "sum": the product of gradOut[b, :] and the row; of "mean": with the row less the mean,
 * and divided by the sum of the weights; 0 for padding.
 */
export function embeddingBagBackward(
  gradOut: Numbers,
  weight: Numbers,
  index: Numbers,
  offsets: Numbers,
  rows: number,
  dim: number,
  options: BagOptions & { scaleGradByFreq?: boolean },
): { table: Float32Array; weights: Float64Array } {
  const table = new Float32Array(rows * dim);
  const weights = new Float64Array(index.length);
  const counts = count(index, rows);
  for (let b = 0; b + 1 < offsets.length; b++) {
    const entries = members(index, offsets, b, options.paddingIdx);
    const size = divisor(entries, options);
    if (entries.length === 0 || size === 0) continue;
    for (let d = 0; d < dim; d++) {
      const g = gradOut[b * dim + d];
      if (options.mode === "max") {
        const row = index[largest(entries, weight, index, dim, d)];
        table[row * dim + d] += g;
        continue;
      }
      const element = (i: number) => weight[index[i] * dim + d];
      const w = (i: number) => options.weights?.[i] ?? 1;
      const mean = options.mode === "mean" ? entries.reduce((total, i) => total + w(i) * element(i), 0) / size : 0;
      for (const i of entries) {
        const place = index[i] * dim + d;
        const scale = fround(w(i) / size / (options.scaleGradByFreq ? counts[index[i]] : 1));
        table[place] = fma(g, scale, table[place]);
        weights[i] += (g * (element(i) - mean)) / size;
      }
    }
  }
  return { table, weights };
}
