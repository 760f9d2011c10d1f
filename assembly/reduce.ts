import { bytesOf } from "./lanes";
import { sumRow } from "./row";

/** out[i] = sum of x[i, :], pairwise; x is rows x dim. */
export function sumRows(out: usize, x: usize, rows: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++, out += 4, x += rowBytes) store<f32>(out, sumRow(x, dim));
}

/** values[i] = the largest x[i, :], indices[i] = its first place; NaN counts as the largest. x is rows x dim, dim > 0. */
export function maxRows(values: usize, indices: usize, x: usize, rows: i32, dim: i32): void {
  firstLargest<f32>(values, indices, x, rows, dim);
}

/** The same for int32. */
export function maxRowsIntegers(values: usize, indices: usize, x: usize, rows: i32, dim: i32): void {
  firstLargest<i32>(values, indices, x, rows, dim);
}

function firstLargest<T extends number>(values: usize, indices: usize, x: usize, rows: i32, dim: i32): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < rows; i++, values += 4, indices += 4, x += rowBytes) {
    let most = load<T>(x);
    let place = 0;
    // Nothing is larger than NaN.
    // biome-ignore lint/suspicious/noGlobalIsNan: AssemblyScript's takes a number of any type
    for (let j = 1; j < dim && !isNaN<T>(most); j++) {
      const value = load<T>(x + bytesOf(j));
      if (value <= most) continue;
      most = value;
      place = j;
    }
    store<T>(values, most);
    store<i32>(indices, place);
  }
}
