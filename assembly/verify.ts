/** Position of the first index outside [0, rows), or -1. */
export function firstBadIndex(index: usize, n: i32, rows: i32): i32 {
  const limit = i32x4.splat(rows);
  const fours = n & ~3;
  let i = 0;
  for (; i < fours; i += 4, index += 16) {
    // Unsigned, so that a negative index is a large one.
    if (v128.any_true(i32x4.ge_u(v128.load(index), limit))) break;
  }
  for (; i < n; i++, index += 4) {
    if (load<u32>(index) >= <u32>rows) return i;
  }
  return -1;
}
