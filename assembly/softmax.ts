import { combine, divideScalar, mul } from "./elementwise";
import { expRow } from "./exponential";
import { bytesOf } from "./lanes";
import { largest, sumRow } from "./row";

// Over each row of x, rows x dim; out is none of the inputs. Exponentials are taken of x less the largest of its row, so that
// none overflows. -Infinity is a mask; a row of nothing else is NaN, as in PyTorch.

/** out[i, :] = e^x[i, :] / sum of e^x[i, :] */
export function softmax(out: usize, x: usize, rows: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++, out += rowBytes, x += rowBytes) {
    expRow(out, x, dim, largest(x, dim));
    divideScalar(out, out, dim, sumRow(out, dim));
  }
}

/** out[i, :] = (grad[i, :] - sum of grad[i, :] * y[i, :]) * y[i, :] for y = softmax(x). */
export function softmaxBackward(out: usize, y: usize, grad: usize, rows: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++, out += rowBytes, y += rowBytes, grad += rowBytes) {
    mul(out, grad, y, dim);
    combine(out, out, y, dim, 1, -sumRow(out, dim));
  }
}

/** out[i, :] = x[i, :] - log(sum of e^x[i, :]) */
export function logSoftmax(out: usize, x: usize, rows: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++) {
    const most = largest(x, dim);
    expRow(out, x, dim, most);
    const rest = Mathf.log(sumRow(out, dim));
    for (const end = out + rowBytes; out < end; out += 4, x += 4) store<f32>(out, load<f32>(x) - most - rest);
  }
}

/** out[i, :] = grad[i, :] - e^y[i, :] * sum of grad[i, :] for y = logSoftmax(x). */
export function logSoftmaxBackward(out: usize, y: usize, grad: usize, rows: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++, out += rowBytes, y += rowBytes, grad += rowBytes) {
    expRow(out, y, dim, 0);
    combine(out, grad, out, dim, 1, -sumRow(grad, dim));
  }
}
