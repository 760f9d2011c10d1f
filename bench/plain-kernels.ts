// What a program does on typed arrays that has no library. No index is checked.

import type { MersenneTwister } from "../test/reference/index.js";
import { ADAM_EPS, BAG, BETAS, EPS, LEARNING_RATE, MAX_NORM } from "./lines.js";

/** From this width on a call for each row is faster than a loop over its elements. */
const WIDE = 64;

/** out[i, :] = weight[index[i], :] */
export function gather(out: Float32Array, weight: Float32Array, index: Int32Array, dim: number): void {
  if (dim >= WIDE) {
    for (let i = 0; i < index.length; i++) {
      out.set(weight.subarray(index[i] * dim, (index[i] + 1) * dim), i * dim);
    }
  } else {
    for (let i = 0, to = 0; i < index.length; i++) {
      const from = index[i] * dim;
      for (let j = 0; j < dim; j++) out[to++] = weight[from + j];
    }
  }
}

/** out[index[i], :] += x[i, :] */
export function scatterAdd(out: Float32Array, x: Float32Array, index: Int32Array, dim: number): void {
  for (let i = 0, from = 0; i < index.length; i++) {
    const to = index[i] * dim;
    for (let j = 0; j < dim; j++) out[to + j] += x[from++];
  }
}

/** Scales the rows listed to MAX_NORM; one that comes again is short enough. */
export function clipRows(weight: Float32Array, index: Int32Array, dim: number): void {
  for (let i = 0; i < index.length; i++) {
    const start = index[i] * dim;
    let sum = 0;
    for (let j = start; j < start + dim; j++) sum += weight[j] * weight[j];
    const norm = Math.fround(Math.sqrt(sum));
    if (norm <= MAX_NORM) continue;
    const factor = MAX_NORM / (norm + 1e-7);
    for (let j = start; j < start + dim; j++) weight[j] *= factor;
  }
}

/** weight -= rate * grad */
export function sgd(weight: Float32Array, grad: Float32Array): void {
  for (let j = 0; j < weight.length; j++) weight[j] -= LEARNING_RATE * grad[j];
}

/** weight[rows[i], :] -= rate * grad[i, :] */
export function sgdRows(weight: Float32Array, grad: Float32Array, rows: Int32Array, dim: number): void {
  for (let i = 0, from = 0; i < rows.length; i++) {
    const to = rows[i] * dim;
    for (let j = 0; j < dim; j++) weight[to + j] -= LEARNING_RATE * grad[from++];
  }
}

/** Adam's averages and step, with the corrections of step t folded into rate and eps. */
export function adam(
  weight: Float32Array,
  average: Float32Array,
  square: Float32Array,
  grad: Float32Array,
  rate: number,
  correction: number,
): void {
  const [beta1, beta2] = BETAS;
  for (let j = 0; j < weight.length; j++) {
    const g = grad[j];
    average[j] += (1 - beta1) * (g - average[j]);
    square[j] += (1 - beta2) * (g * g - square[j]);
    weight[j] -= (rate * average[j]) / (Math.sqrt(square[j]) / correction + ADAM_EPS);
  }
}

/** The same for the rows listed, eps beside the square root as in SparseAdam. */
export function adamRows(
  weight: Float32Array,
  average: Float32Array,
  square: Float32Array,
  grad: Float32Array,
  rows: Int32Array,
  dim: number,
  rate: number,
): void {
  const [beta1, beta2] = BETAS;
  for (let i = 0, from = 0; i < rows.length; i++) {
    for (let j = rows[i] * dim, end = j + dim; j < end; j++) {
      const g = grad[from++];
      average[j] += (1 - beta1) * (g - average[j]);
      square[j] += (1 - beta2) * (g * g - square[j]);
      weight[j] -= (rate * average[j]) / (Math.sqrt(square[j]) + ADAM_EPS);
    }
  }
}

/** out[b, :] = sum of the rows of bag b, which has BAG entries. */
export function bagSum(out: Float32Array, weight: Float32Array, index: Int32Array, dim: number): void {
  out.fill(0);
  for (let i = 0; i < index.length; i++) {
    const to = Math.floor(i / BAG) * dim;
    const from = index[i] * dim;
    for (let j = 0; j < dim; j++) out[to + j] += weight[from + j];
  }
}

/** out[b, :] = the largest of the rows of bag b; winners[b, :] = where in weight it stands. */
export function bagMax(
  out: Float32Array,
  winners: Int32Array,
  weight: Float32Array,
  index: Int32Array,
  dim: number,
): void {
  for (let i = 0; i < index.length; i++) {
    const to = Math.floor(i / BAG) * dim;
    const from = index[i] * dim;
    const first = i % BAG === 0;
    for (let j = 0; j < dim; j++) {
      if (!first && !(weight[from + j] > out[to + j])) continue;
      out[to + j] = weight[from + j];
      winners[to + j] = from + j;
    }
  }
}

/** sum += grad^2; weight -= rate * grad / (sqrt(sum) + eps) */
export function adagrad(weight: Float32Array, sum: Float32Array, grad: Float32Array): void {
  for (let j = 0; j < weight.length; j++) {
    const g = grad[j];
    const s = Math.fround(sum[j] + g * g);
    sum[j] = s;
    weight[j] -= (LEARNING_RATE * g) / (Math.sqrt(s) + EPS);
  }
}

/** The same for the rows listed, each once. */
export function adagradRows(
  weight: Float32Array,
  sum: Float32Array,
  grad: Float32Array,
  rows: Int32Array,
  dim: number,
): void {
  for (let i = 0, from = 0; i < rows.length; i++) {
    const start = rows[i] * dim;
    for (let j = start; j < start + dim; j++) {
      const g = grad[from++];
      const s = Math.fround(sum[j] + g * g);
      sum[j] = s;
      weight[j] -= (LEARNING_RATE * g) / (Math.sqrt(s) + EPS);
    }
  }
}

/** out[i, j] = dot product of a[i, :] and b[j, :], both of rows of `inner`. */
export function matmulTransposed(out: Float32Array, a: Float32Array, b: Float32Array, inner: number): void {
  const rows = a.length / inner;
  const columns = b.length / inner;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const x = i * inner;
      const y = j * inner;
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += a[x + k] * b[y + k];
      out[i * columns + j] = sum;
    }
  }
}

/** out[i, :] = sum over k of a[i, k] * b[k, :]; a has rows of `inner`, b of `dim`. */
export function matmul(out: Float32Array, a: Float32Array, b: Float32Array, inner: number, dim: number): void {
  out.fill(0);
  for (let i = 0; i * dim < out.length; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = a[i * inner + k];
      for (let j = 0; j < dim; j++) out[i * dim + j] += factor * b[k * dim + j];
    }
  }
}

/** out[k, :] = sum over i of a[i, k] * b[i, :]; a has rows of `rows`, b of `dim`. */
export function transposedMatmul(out: Float32Array, a: Float32Array, b: Float32Array, rows: number, dim: number): void {
  out.fill(0);
  for (let k = 0; k < rows; k++) {
    for (let i = 0; i * dim < b.length; i++) {
      const factor = a[i * rows + k];
      for (let j = 0; j < dim; j++) out[k * dim + j] += factor * b[i * dim + j];
    }
  }
}

export function transpose(x: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = x[i * columns + j];
  return out;
}

/** Box-Muller on blocks of sixteen, as PyTorch; the length of out must be a multiple of that. */
export function fillNormal(out: Float32Array, twister: MersenneTwister): void {
  for (let i = 0; i < out.length; i++) out[i] = twister.float();
  for (let block = 0; block < out.length; block += 16) {
    for (let i = block; i < block + 8; i++) {
      const radius = Math.sqrt(-2 * Math.log(1 - out[i]));
      const angle = 2 * Math.PI * out[i + 8];
      out[i] = radius * Math.cos(angle);
      out[i + 8] = radius * Math.sin(angle);
    }
  }
}
