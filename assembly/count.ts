import { bytesOf } from "./lanes";

/** counts[r] = how often r occurs in index, r < rows; indices below 0 are not counted. */
export function count(counts: usize, index: usize, n: i32, rows: i32): void {
  memory.fill(counts, 0, bytesOf(rows));
  for (let i = 0; i < n; i++, index += 4) {
    const row = load<i32>(index);
    if (row < 0) continue;
    const at = counts + bytesOf(row);
    store<i32>(at, load<i32>(at) + 1);
  }
}

/** scale[i] = 1 / counts[index[i]]; 0 where the index is below 0. */
export function inverseCount(scale: usize, counts: usize, index: usize, n: i32): void {
  for (let i = 0; i < n; i++, scale += 4, index += 4) {
    const row = load<i32>(index);
    store<f32>(scale, row < 0 ? 0 : <f32>(1 / <f64>load<i32>(counts + bytesOf(row))));
  }
}
