import { bytesOf } from "./lanes";

/** Rows that are changed between two touches: more lines than theirs a processor cannot wait for at once. */
export const BATCH: i32 = 8;

/**
 * Reads a word of the first cache lines of each row index[0 .. n) of x: all of them are on their way at once, where the work on
 * one row would hide the next. What follows in a row the processor fetches by itself; tables of rows shorter than two lines
 * mostly lie in a cache.
 */
export function touchRows(x: usize, index: usize, n: i32, rowBytes: usize): void {
  if (rowBytes < 128) return;
  for (const end = index + bytesOf(n); index < end; index += 4) {
    const row = x + <usize>load<u32>(index) * rowBytes;
    load<u32>(row);
    load<u32>(row, 64);
    if (rowBytes < 256) continue;
    load<u32>(row, 128);
    load<u32>(row, 192);
    if (rowBytes < 512) continue;
    load<u32>(row, 256);
    load<u32>(row, 320);
    load<u32>(row, 384);
    load<u32>(row, 448);
    if (rowBytes < 768) continue;
    load<u32>(row, 512);
    load<u32>(row, 576);
    load<u32>(row, 640);
    load<u32>(row, 704);
  }
}
