import { bytesOf } from "./lanes";
import { addProduct } from "./row";
import { BATCH, touchRows } from "./touch";

// https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
// Weight decay and momentum are linear combinations of whole tensors: see combine in elementwise.ts.

/** param[j] -= lr * step[j] for n elements, the product rounded on its own. */
export function sgd(param: usize, step: usize, n: i32, lr: f32): void {
  addProduct(param, step, n, f32x4.splat(-lr));
}

/** param[index[i], :] -= lr * step[i, :] in index order, so repeated indices step repeatedly. */
export function sgdRows(param: usize, step: usize, index: usize, n: i32, dim: i32, lr: f32): void {
  const rowBytes = bytesOf(dim);
  const factor = f32x4.splat(-lr);
  for (let i = 0; i < n; i++, step += rowBytes, index += 4) {
    if (i % BATCH == 0) touchRows(param, index, min(BATCH, n - i), rowBytes);
    addProduct(param + <usize>load<u32>(index) * rowBytes, step, dim, factor);
  }
}
