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

/** sums[slots[i], :] = start + values[i, :] + .. in index order; values: n rows of `dim`. Entries with slot -1 are left out. */
export function sumBySlot(values: Tensor, slots: Tensor, m: number, dim: number, start = 0): Tensor {
  const sums = transient([m, dim]).fill_(start);
  kernels.scatterAdd(sums.address, values.address, slots.address, slots.numel, dim, NO_ROW);
  return sums;
}

/** Row numbers as an int32 tensor, [n] unless a shape is given. `values` is no live view. */
export function rowNumbers(values: Int32Array, shape: Shape = [values.length]): Tensor {
  const out = transient(shape, "int32");
  out.array.set(values);
  return out;
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
