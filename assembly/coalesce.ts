import { bytesOf } from "./lanes";

/**
 * rows[0 .. m) = the distinct values of index (>= 0) in first-seen order, except skip; returns m.
 * slots[i] = the position of index[i] in rows, or -1 where it is skip.
 * table: scratch of 2^tableBits words, at least 2 n of them (and tableBits >= 1), for open addressing; its content does not matter.
 */
export function coalesce(
  rows: usize,
  slots: usize,
  table: usize,
  index: usize,
  n: i32,
  tableBits: i32,
  skip: i32,
): i32 {
  const mask = (1 << tableBits) - 1;
  memory.fill(table, 0, (<usize>4) << tableBits);
  let m = 0;
  for (let i = 0; i < n; i++, index += 4, slots += 4) {
    const row = load<i32>(index);
    let slot = -1;
    if (row != skip) {
      const entry = findEntry(table, rows, row, tableBits, mask);
      slot = load<i32>(entry) - 1;
      if (slot < 0) {
        slot = m++;
        store<i32>(entry, m);
        store<i32>(rows + bytesOf(slot), row);
      }
    }
    store<i32>(slots, slot);
  }
  return m;
}

/** Address of the table's entry for row: it holds slot + 1, or 0 when the row is new. */
function findEntry(table: usize, rows: usize, row: i32, tableBits: i32, mask: i32): usize {
  // Fibonacci hashing: the top bits of row * 2^32 / golden ratio.
  let entry = table + bytesOf((<u32>row * 0x9e3779b1) >> (32 - tableBits));
  for (;;) {
    const held = load<i32>(entry);
    if (!held || load<i32>(rows + bytesOf(held - 1)) == row) break;
    entry = table + ((entry - table + 4) & <usize>((mask << 2) | 3));
  }
  return entry;
}
