import { bytesOf } from "../lanes";

/** Rows that are unpacked between two touches. */
export const BATCH: i32 = 32;

/** Reads a byte of every cache line of the rows index[0 .. n) of x, as touchRows does: packed rows begin anywhere in a line. */
export function touchPacked(x: usize, index: usize, n: i32, rowBytes: usize): void {
  if (!rowBytes) return;
  for (const end = index + bytesOf(n); index < end; index += 4) {
    const row = x + <usize>load<u32>(index) * rowBytes;
    const last = row + rowBytes - 1;
    for (let at = row; at < last; at += 64) load<u8>(at);
    load<u8>(last);
  }
}
