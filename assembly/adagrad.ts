import { bytesOf, bytesOfFours, Four, Lanes, One } from "./lanes";
import { addProduct, dot } from "./row";
import { BATCH, touchRows } from "./touch";

// https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html
// lr is the decayed rate lr / (1 + (t - 1) * lrDecay).

/** sum[j] += grad[j]^2; param[j] -= lr * grad[j] / (sqrt(sum[j]) + eps) for n elements. */
export function adagrad(param: usize, sum: usize, grad: usize, n: i32, lr: f32, eps: f32): void {
  adapt(param, sum, grad, n, f32x4.splat(lr), f32x4.splat(eps));
}

/** The same for the rows index[i] of param and sum; each row may be listed once only. */
export function adagradRows(
  param: usize,
  sum: usize,
  grad: usize,
  index: usize,
  n: i32,
  dim: i32,
  lr: f32,
  eps: f32,
): void {
  const rowBytes = bytesOf(dim);
  const rate = f32x4.splat(lr);
  const epsilon = f32x4.splat(eps);
  for (let i = 0; i < n; i++, grad += rowBytes, index += 4) {
    if (i % BATCH == 0) {
      touchRows(param, index, min(BATCH, n - i), rowBytes);
      touchRows(sum, index, min(BATCH, n - i), rowBytes);
    }
    const offset = <usize>load<u32>(index) * rowBytes;
    adapt(param + offset, sum + offset, grad, dim, rate, epsilon);
  }
}

function adapt(p: usize, s: usize, g: usize, n: i32, lr: v128, eps: v128): void {
  const end = p + bytesOf(n);
  const fours = p + bytesOfFours(n);
  for (; p < fours; p += 16, s += 16, g += 16) adaptStep<Four>(p, s, g, lr, eps);
  for (; p < end; p += 4, s += 4, g += 4) adaptStep<One>(p, s, g, lr, eps);
}

function adaptStep<L extends Lanes>(p: usize, s: usize, g: usize, lr: v128, eps: v128): void {
  const lanes = changetype<L>(0);
  const grad = lanes.load(g);
  const sum = f32x4.add(lanes.load(s), f32x4.mul(grad, grad));
  lanes.store(s, sum);
  const step = f32x4.div(f32x4.mul(lr, grad), f32x4.add(f32x4.sqrt(sum), eps));
  lanes.store(p, f32x4.sub(lanes.load(p), step));
}

// Row-wise, as FBGEMM's "exact row-wise Adagrad": one sum a row. https://docs.pytorch.org/FBGEMM/

/** sum[r] += the mean of grad[r, :]^2 (0 of an empty row); param[r, :] -= lr / (sqrt(sum[r]) + eps) * grad[r, :]. */
export function rowwiseAdagrad(param: usize, sum: usize, grad: usize, rows: i32, dim: i32, lr: f32, eps: f32): void {
  const rowBytes = bytesOf(dim);
  for (let r = 0; r < rows; r++, param += rowBytes, sum += 4, grad += rowBytes) {
    adaptRow(param, sum, grad, dim, lr, eps);
  }
}

/** The same for the rows index[i] of param and sum; each row may be listed once only. */
export function rowwiseAdagradRows(
  param: usize,
  sum: usize,
  grad: usize,
  index: usize,
  n: i32,
  dim: i32,
  lr: f32,
  eps: f32,
): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < n; i++, grad += rowBytes, index += 4) {
    const row = <usize>load<u32>(index);
    adaptRow(param + row * rowBytes, sum + (row << 2), grad, dim, lr, eps);
  }
}

function adaptRow(p: usize, s: usize, g: usize, n: i32, lr: f32, eps: f32): void {
  const sum = load<f32>(s) + dot(g, g, n) / <f32>max(n, 1);
  store<f32>(s, sum);
  addProduct(p, g, n, f32x4.splat(-lr / (sqrt<f32>(sum) + eps)));
}
