import { fma, fround, type Numbers, sqrt } from "./common.js";

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
