import { bytesOf } from "./lanes";
import { norm } from "./norm";
import { scaleRow } from "./row";
import { BATCH, touchRows } from "./touch";

/**
 * weight[rows[i], :] *= maxNorm / (norm + 1e-7) where the p-norm > maxNorm; each row may be listed once only.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function renorm(weight: usize, rows: usize, n: i32, dim: i32, maxNorm: f64, p: f64): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < n; i++, rows += 4) {
    if (i % BATCH == 0) touchRows(weight, rows, min(BATCH, n - i), rowBytes);
    const row = weight + <usize>load<u32>(rows) * rowBytes;
    const length = roundNorm(norm(row, dim, p));
    if (length > maxNorm) scaleRow(row, row, dim, f32x4.splat(<f32>(maxNorm / (length + 1e-7))));
  }
}

/** PyTorch compares the norm as a float; one too large for a float stays what it is. */
function roundNorm(norm: f64): f64 {
  const rounded = <f64>(<f32>norm);
  return rounded == Infinity ? norm : rounded;
}
