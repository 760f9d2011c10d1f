// Rows picked by an index: which are distinct, and their sums.

import { elementName, type Shape } from "../check.js";
import { kernels } from "../wasm.js";
import type { Words } from "./storage.js";
import { type Tensor, transient } from "./tensor.js";

/** No index equals this. */
export const NO_ROW = -1;

/** RangeError unless every index is in [0, rows). Kernels trust it, and the index may have been written to since. */
export function checkRows(operation: string, index: Tensor, rows: number): void {
  const bad = kernels.firstBadIndex(index.address, index.numel, rows);
  if (bad < 0) return;
  const element = elementName("indices", index.shape, bad);
  throw new RangeError(
    `${operation}: index out of range in self: ${element} is ${index.array[bad]}, valid range is [0, ${rows})`,
  );
}

/** The distinct values of an index in first-seen order, without `skip`; slots[i] is the place of index[i] in rows or -1. */
export interface DistinctRows {
  readonly rows: Tensor;
  readonly slots: Tensor;
}

/** index: int32, any shape. O(n) memory, no sort. */
export function distinctRows(index: Tensor, skip = NO_ROW): DistinctRows {
  const n = index.numel;
  const tableBits = 33 - Math.clz32(Math.max(n, 1));
  const rows = transient([n], "int32");
  const slots = transient([n], "int32");
  const table = transient([2 ** tableBits], "int32");
  const m = kernels.coalesce(rows.address, slots.address, table.address, index.address, n, tableBits, skip);
  table.dispose();
  const distinct = rows.alias([m]);
  rows.dispose();
  return { rows: distinct, slots };
}

/**
 * sums[slots[i], :] = first + values[i, :] + .. in index order; values: n rows of `dim`. Entries with slot -1 are left out.
 * first: 0, as in a dense gradient; -0, which changes nothing, where the first value is to stay as it is.
 */
export function sumBySlot(values: Tensor, { rows, slots }: DistinctRows, dim: number, first = 0): Tensor {
  const sums = transient([rows.numel, dim]);
  kernels.sumSlots(sums.address, values.address, slots.address, slots.numel, dim, first);
  return sums;
}

/** The distinct values of an index ascending; order lists the places of each side by side, from starts[g] to starts[g + 1]. */
export interface Groups {
  readonly rows: Tensor;
  readonly starts: Tensor;
  readonly order: Tensor;
}

/** index: int32 in [0, height), any shape. O(n) memory and time. */
export function groupRows(index: Tensor, height: number): Groups {
  const n = index.numel;
  const rowBits = 32 - Math.clz32((height - 1) | 1);
  // Few entries are sorted by small digits, whose counters are few; those of eleven bits fit the first-level cache.
  const digitBits = Math.min(32 - Math.clz32(n | 15), 11);
  const rows = transient([n], "int32");
  const starts = transient([n + 1], "int32");
  const order = transient([n], "int32");
  const scratch = transient([4 * n + 2 ** digitBits], "int32");
  const [sorted, from] = [scratch.address, index.address];
  const m = kernels.groupByRow(rows.address, starts.address, order.address, sorted, from, n, rowBits, digitBits);
  scratch.dispose();
  const distinct = rows.alias([m]);
  rows.dispose();
  return { rows: distinct, starts, order };
}

/** sums[g, :] = the sum of the values [order[j], :] of group g in index order, the first as it is; values: n rows of `dim`. */
export function sumGroups(values: Tensor, { rows, starts, order }: Groups, dim: number): Tensor {
  const sums = transient([rows.numel, dim]);
  const [n, m] = [order.numel, rows.numel];
  kernels.bagSum(sums.address, values.address, order.address, starts.address, n, m, dim, -0);
  return sums;
}

/** Row numbers as an int32 tensor, [n] unless a shape is given. `values` is no live view. */
export function rowNumbers(values: Int32Array, shape: Shape = [values.length]): Tensor {
  const out = transient(shape, "int32");
  out.array.set(values);
  return out;
}

/** first, first + 1, .. of n numbers. */
export function numbersFrom(first: number, n: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: n }, (_, i) => first + i);
}

/** The places in a list of row numbers at which stands a row that `wanted` accepts. */
export function placesWhere(rows: Words, wanted: (row: number) => boolean): Int32Array {
  return Int32Array.from(rows.keys()).filter((place) => wanted(rows[place]));
}

/** The rows of x listed by `wanted`. */
export function pickRows(x: Tensor, wanted: Int32Array): Tensor {
  const [, dim] = x.shape;
  const index = rowNumbers(wanted);
  const out = transient([wanted.length, dim]);
  kernels.gather(out.address, x.address, index.address, wanted.length, dim);
  index.dispose();
  return out;
}
