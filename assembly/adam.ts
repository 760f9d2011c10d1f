import { bytesOf, bytesOfFours, Four, fma, Lanes, One } from "./lanes";
import { BATCH, touchRows } from "./touch";

// https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html
// https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html
// average and square are the moving averages of the gradient and of its square; weight1 = 1 - beta1, weight2 = 1 - beta2,
// taken in f64.

/**
 * For n elements: param *= decay; average += weight1 * (grad - average); square = beta2 * square + weight2 * grad^2;
 * peak = max(peak, square); param -= rate * average / (sqrt(peak) / correction + eps).
 * peak may be square itself: then it is no maximum.
 */
export function adam(
  param: usize,
  average: usize,
  square: usize,
  peak: usize,
  grad: usize,
  n: i32,
  decay: f32,
  weight1: f32,
  beta2: f32,
  weight2: f32,
  rate: f32,
  correction: f32,
  eps: f32,
): void {
  const end = param + bytesOf(n);
  const fours = param + bytesOfFours(n);
  const d = f32x4.splat(decay);
  // The average starts from the nearer end: with weight1 = 1 it is the gradient, to the last bit.
  const near = i32x4.splat(weight1 < 0.5 ? -1 : 0);
  const w1 = f32x4.splat(weight1 < 0.5 ? weight1 : -(1 - weight1));
  const b2 = f32x4.splat(beta2);
  const w2 = f32x4.splat(weight2);
  const r = f32x4.splat(-rate);
  const c = f32x4.splat(correction);
  const e = f32x4.splat(eps);
  for (; param < fours; param += 16, average += 16, square += 16, peak += 16, grad += 16) {
    adamStep<Four>(param, average, square, peak, grad, d, near, w1, b2, w2, r, c, e);
  }
  for (; param < end; param += 4, average += 4, square += 4, peak += 4, grad += 4) {
    adamStep<One>(param, average, square, peak, grad, d, near, w1, b2, w2, r, c, e);
  }
}

function adamStep<L extends Lanes>(
  p: usize,
  m: usize,
  v: usize,
  peak: usize,
  g: usize,
  decay: v128,
  near: v128,
  weight1: v128,
  beta2: v128,
  weight2: v128,
  minusRate: v128,
  correction: v128,
  eps: v128,
): void {
  const lanes = changetype<L>(0);
  const grad = lanes.load(g);
  const before = lanes.load(m);
  // Fused as in PyTorch: where the two cancel, the rounding of a product would be all that is left.
  const average = fma(weight1, f32x4.sub(grad, before), v128.bitselect(before, grad, near));
  const square = f32x4.add(f32x4.mul(lanes.load(v), beta2), f32x4.mul(f32x4.mul(weight2, grad), grad));
  lanes.store(m, average);
  lanes.store(v, square);
  const highest = f32x4.max(lanes.load(peak), square);
  lanes.store(peak, highest);
  const scale = f32x4.add(f32x4.div(f32x4.sqrt(highest), correction), eps);
  const step = f32x4.div(f32x4.mul(minusRate, average), scale);
  lanes.store(p, f32x4.add(f32x4.mul(lanes.load(p), decay), step));
}

/**
 * For the rows index[i] of param, average and square, each listed once only: param *= decay; average += weight1 * (grad - average);
 * square += weight2 * (grad^2 - square); param -= rate * (average / (sqrt(square) + eps)).
 */
export function sparseAdam(
  param: usize,
  average: usize,
  square: usize,
  grad: usize,
  index: usize,
  n: i32,
  dim: i32,
  decay: f32,
  weight1: f32,
  weight2: f32,
  rate: f32,
  eps: f32,
): void {
  const rowBytes = bytesOf(dim);
  const d = f32x4.splat(decay);
  const w1 = f32x4.splat(weight1);
  const w2 = f32x4.splat(weight2);
  const r = f32x4.splat(rate);
  const e = f32x4.splat(eps);
  for (let i = 0; i < n; i++, grad += rowBytes, index += 4) {
    if (i % BATCH == 0) {
      touchRows(param, index, min(BATCH, n - i), rowBytes);
      touchRows(average, index, min(BATCH, n - i), rowBytes);
      touchRows(square, index, min(BATCH, n - i), rowBytes);
    }
    const offset = <usize>load<u32>(index) * rowBytes;
    sparseAdamRow(param + offset, average + offset, square + offset, grad, dim, d, w1, w2, r, e);
  }
}

function sparseAdamRow(
  p: usize,
  m: usize,
  v: usize,
  g: usize,
  n: i32,
  decay: v128,
  weight1: v128,
  weight2: v128,
  rate: v128,
  eps: v128,
): void {
  const end = p + bytesOf(n);
  const fours = p + bytesOfFours(n);
  for (; p < fours; p += 16, m += 16, v += 16, g += 16) {
    sparseAdamStep<Four>(p, m, v, g, decay, weight1, weight2, rate, eps);
  }
  for (; p < end; p += 4, m += 4, v += 4, g += 4) {
    sparseAdamStep<One>(p, m, v, g, decay, weight1, weight2, rate, eps);
  }
}

function sparseAdamStep<L extends Lanes>(
  p: usize,
  m: usize,
  v: usize,
  g: usize,
  decay: v128,
  weight1: v128,
  weight2: v128,
  rate: v128,
  eps: v128,
): void {
  const lanes = changetype<L>(0);
  const grad = lanes.load(g);
  const average = approach(lanes.load(m), grad, weight1);
  const square = approach(lanes.load(v), f32x4.mul(grad, grad), weight2);
  lanes.store(m, average);
  lanes.store(v, square);
  const step = f32x4.mul(rate, f32x4.div(average, f32x4.add(f32x4.sqrt(square), eps)));
  lanes.store(p, f32x4.sub(f32x4.mul(lanes.load(p), decay), step));
}

/** x + weight * (target - x) */
function approach(x: v128, target: v128, weight: v128): v128 {
  return f32x4.add(x, f32x4.mul(f32x4.sub(target, x), weight));
}
