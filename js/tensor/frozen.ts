// Rows of a table that do not learn: no gradient reaches them, no optimizer and no maxNorm moves them.

import { type Gradient, TouchedRows } from "./gradients.js";
import { pickRows, placesWhere, rowNumbers } from "./rows.js";
import { SparseTensor } from "./sparse-tensor.js";
import { Tensor } from "./tensor.js";

/** Runs [start, end) of rows, ascending, apart and not empty. */
export type RowRanges = readonly (readonly [start: number, end: number])[];

/** The runs of ones in a mask with one entry a row. */
export function rangesOf(mask: Uint8Array): RowRanges {
  const ranges: [number, number][] = [];
  for (let start = mask.indexOf(1); start >= 0; ) {
    const stop = mask.indexOf(0, start);
    const end = stop < 0 ? mask.length : stop;
    ranges.push([start, end]);
    start = mask.indexOf(1, end);
  }
  return ranges;
}

/** The opposite: 1 for each row in a run. null means all rows. */
export function maskOf(ranges: RowRanges | null, rows: number): Uint8Array {
  const mask = new Uint8Array(rows).fill(ranges === null ? 1 : 0);
  for (const [start, end] of ranges ?? []) mask.fill(1, start, end);
  return mask;
}

/** Whether a row lies in one of the runs, by bisection. */
function isIn(ranges: RowRanges, row: number): boolean {
  let left = 0;
  let right = ranges.length;
  while (left < right) {
    const middle = (left + right) >> 1;
    if (ranges[middle][1] <= row) left = middle + 1;
    else right = middle;
  }
  return left < ranges.length && ranges[left][0] <= row;
}

/** The rows of a list (int32 [n]) that learn; an own handle. */
export function trainableOnly(rows: Tensor, ranges: RowRanges | null): Tensor {
  if (ranges === null) return rows.alias();
  return rowNumbers((rows.array as Int32Array).filter((row) => isIn(ranges, row)));
}

/** A gradient with nothing in the rows outside `ranges`; the one given is disposed. */
export function withoutFrozen(gradient: Gradient, ranges: RowRanges): Gradient {
  const out = gradient instanceof Tensor ? zeroedOutside(gradient, ranges) : listedOnly(gradient, ranges);
  gradient.dispose();
  return out;
}

function zeroedOutside(gradient: Tensor, ranges: RowRanges): Tensor {
  const out = gradient.clone();
  const [rows] = gradient.shape;
  const rowSize = gradient.numel / rows;
  const values = out.array;
  let start = 0;
  for (const [first, end] of [...ranges, [rows, rows]]) {
    values.fill(0, start * rowSize, first * rowSize);
    start = end;
  }
  return out;
}

function listedOnly(gradient: SparseTensor | TouchedRows, ranges: RowRanges): SparseTensor | TouchedRows {
  const isSparse = gradient instanceof SparseTensor;
  const [index, values] = isSparse ? [gradient.indices, gradient.values] : [gradient.rows, gradient.sums];
  const kept = placesWhere(index.array, (row) => isIn(ranges, row));
  const listed = index.array;
  const rows = rowNumbers(
    kept.map((place) => listed[place]),
    isSparse ? [1, kept.length] : [kept.length],
  );
  const picked = pickRows(values, kept);
  return isSparse
    ? new SparseTensor(rows, picked, gradient.shape, gradient.isCoalesced)
    : new TouchedRows(rows, picked, gradient.shape);
}
