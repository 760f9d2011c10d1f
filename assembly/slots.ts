import { bytesOf } from "./lanes";
import { addKept } from "./row";

/**
 * sums[slots[i], :] += the row at x + i * step, in index order; -1 adds nothing. Slots are numbered as they are first seen
 * (coalesce): one that is not below `seen` yet holds no sum, and begins with start, whatever stood there. Returns how many are
 * seen now.
 */
export function addToSlots(
  sums: usize,
  x: usize,
  step: usize,
  slots: usize,
  n: i32,
  dim: i32,
  start: v128,
  seen: i32,
): i32 {
  const rowBytes = bytesOf(dim);
  for (const end = slots + bytesOf(n); slots < end; slots += 4, x += step) {
    const slot = load<i32>(slots);
    if (slot < 0) continue;
    const isNew = slot == seen;
    const kept = i32x4.splat(isNew ? 0 : -1);
    addKept(sums + <usize>slot * rowBytes, x, dim, kept, v128.andnot(start, kept));
    seen += isNew ? 1 : 0;
  }
  return seen;
}
