import { bytesOf } from "./lanes";
import { partialSums, total } from "./row";

/** Below this a sum runs straight through; above it splits in two, so that the error grows with log n and not with n. */
const STRAIGHT: i32 = 128;

/** out[i] = sum of x[i, :], pairwise; x is rows x dim. */
export function sumRows(out: usize, x: usize, rows: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++, out += 4, x += rowBytes) store<f32>(out, total(pairwise(x, dim)));
}

/** Four partial sums of n floats. */
function pairwise(x: usize, n: i32): v128 {
  if (n <= STRAIGHT) return partialSums(x, n);
  const half = (n >> 1) & ~3;
  return f32x4.add(pairwise(x, half), pairwise(x + bytesOf(half), n - half));
}
