import { fma, fround, type Numbers, row, sqrt } from "./common.js";

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

/** sum[r] += mean of grad[r]^2; param[r] -= lr / (sqrt(sum[r]) + eps) * grad[r], in float64: dim numbers a row. */
export function rowwiseAdagrad(
  param: Numbers,
  sum: Numbers,
  grad: Numbers,
  dim: number,
  lr: number,
  eps: number,
): { param: Float64Array; sum: Float64Array } {
  const sums = Float64Array.from(sum, (s, r) => {
    let squares = 0;
    for (const g of row(grad, r, dim)) squares += g * g;
    return s + squares / Math.max(dim, 1);
  });
  const rate = (r: number) => fround(lr) / (sqrt(sums[r]) + fround(eps));
  return { param: Float64Array.from(param, (p, j) => p - rate(Math.floor(j / dim)) * grad[j]), sum: sums };
}

/** The averages that Adam keeps of a gradient and of its square, and the largest of the latter. */
export interface Averages {
  average: Numbers;
  square: Numbers;
  peak?: Numbers;
}

interface AdamConstants {
  decay: number;
  weight1: number;
  beta2: number;
  weight2: number;
  rate: number;
  correction: number;
  eps: number;
}

/**
 * param *= decay; average = lerp(average, grad, weight1) as PyTorch has it, fused and from the nearer end;
 * square = beta2 square + weight2 grad^2; peak = max(peak, square), square where there is no peak;
 * param -= rate average / (sqrt(peak) / correction + eps), every other operation rounded to float32.
 */
export function adam(
  param: Numbers,
  { average, square, peak }: Averages,
  grad: Numbers,
  { decay, weight1, beta2, weight2, rate, correction, eps }: AdamConstants,
): { param: Float32Array; average: Float32Array; square: Float32Array; peak: Float32Array } {
  const w = fround(weight1);
  const averages = Float32Array.from(grad, (g, j) =>
    w < 0.5 ? fma(w, fround(g - average[j]), average[j]) : fma(-(1 - w), fround(g - average[j]), g),
  );
  const squares = Float32Array.from(
    grad,
    (g, j) => fround(square[j] * fround(beta2)) + fround(fround(fround(weight2) * g) * g),
  );
  const peaks = squares.map((v, j) => (peak === undefined ? v : Math.max(peak[j], v)));
  const update = (m: number, v: number) => {
    const scale = fround(fround(fround(sqrt(v)) / fround(correction)) + fround(eps));
    return fround(fround(fround(-rate) * m) / scale);
  };
  return {
    param: Float32Array.from(param, (p, j) => fround(p * fround(decay)) + update(averages[j], peaks[j])),
    average: averages,
    square: squares,
    peak: peaks,
  };
}

/**
 * param *= decay; average += weight1 (grad - average); square += weight2 (grad^2 - square);
 * param -= rate (average / (sqrt(square) + eps)), every operation rounded to float32.
 */
export function sparseAdam(
  param: Numbers,
  { average, square }: Averages,
  grad: Numbers,
  { decay, weight1, weight2, rate, eps }: Omit<AdamConstants, "beta2" | "correction">,
): { param: Float32Array; average: Float32Array; square: Float32Array } {
  const towards = (x: number, target: number, weight: number) =>
    fround(x + fround(fround(target - x) * fround(weight)));
  const averages = Float32Array.from(grad, (g, j) => towards(average[j], g, weight1));
  const squares = Float32Array.from(grad, (g, j) => towards(square[j], fround(g * g), weight2));
  const update = (m: number, v: number) => fround(fround(rate) * fround(m / fround(fround(sqrt(v)) + fround(eps))));
  return {
    param: Float32Array.from(param, (p, j) => fround(p * fround(decay)) - update(averages[j], squares[j])),
    average: averages,
    square: squares,
  };
}
