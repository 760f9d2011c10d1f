import { bytesOf } from "./lanes";
import { copyRow } from "./row";
import { BATCH, touchRows } from "./touch";

/** out[i, :] = weight[index[i], :] */
export function gather(out: usize, weight: usize, index: usize, n: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < n; i++, out += rowBytes, index += 4) {
    if (i % BATCH == 0) touchRows(weight, index, min(BATCH, n - i), rowBytes);
    copyRow(out, weight + <usize>load<u32>(index) * rowBytes, dim);
  }
}
