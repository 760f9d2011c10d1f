import { bytesOf } from "./lanes";

/**
 * Sorts entries by row: rows[0 .. m) = the distinct values of index ascending, each in [0, 2^rowBits); order = the entries' positions,
 * those of one row side by side and ascending; starts[g] = where in order the entries of rows[g] begin, starts[m] = n. Returns m.
 * scratch: 16 n bytes and 4 << digitBits for the counters.
 */
export function groupByRow(
  rows: usize,
  starts: usize,
  order: usize,
  scratch: usize,
  index: usize,
  n: i32,
  rowBits: i32,
  digitBits: i32,
): i32 {
  let sorted = scratch;
  let spare = scratch + ((<usize>n) << 3);
  const counters = spare + ((<usize>n) << 3);
  pairUp(sorted, index, n);
  // Least significant digit first; each pass keeps the order of the one before.
  for (let shift = 0; shift < rowBits; shift += digitBits) {
    sortByDigit(spare, sorted, counters, n, shift, digitBits);
    const swapped = sorted;
    sorted = spare;
    spare = swapped;
  }
  return splitGroups(rows, starts, order, sorted, n);
}

/** pairs[i] = (index[i], i) */
function pairUp(pairs: usize, index: usize, n: i32): void {
  for (let i = 0; i < n; i++, index += 4, pairs += 8) {
    store<i32>(pairs, load<i32>(index));
    store<i32>(pairs, i, 4);
  }
}

/** out = the n pairs of x sorted by the bits [shift, shift + bits) of their row, equal ones as they were. */
function sortByDigit(out: usize, x: usize, counters: usize, n: i32, shift: i32, bits: i32): void {
  const mask = (1 << bits) - 1;
  memory.fill(counters, 0, bytesOf(1 << bits));
  const end = x + ((<usize>n) << 3);
  for (let at = x; at < end; at += 8) {
    const counter = counters + bytesOf((load<i32>(at) >>> shift) & mask);
    store<i32>(counter, load<i32>(counter) + 1);
  }
  let before = 0;
  for (let counter = counters, last = counters + bytesOf(1 << bits); counter < last; counter += 4) {
    const count = load<i32>(counter);
    store<i32>(counter, before);
    before += count;
  }
  for (let at = x; at < end; at += 8) {
    const counter = counters + bytesOf((load<i32>(at) >>> shift) & mask);
    const place = load<i32>(counter);
    store<i32>(counter, place + 1);
    store<u64>(out + ((<usize>place) << 3), load<u64>(at));
  }
}

function splitGroups(rows: usize, starts: usize, order: usize, sorted: usize, n: i32): i32 {
  let m = 0;
  let last = -1;
  for (let j = 0; j < n; j++, sorted += 8, order += 4) {
    const row = load<i32>(sorted);
    store<i32>(order, load<i32>(sorted, 4));
    if (row == last) continue;
    last = row;
    store<i32>(rows + bytesOf(m), row);
    store<i32>(starts + bytesOf(m), j);
    m++;
  }
  store<i32>(starts + bytesOf(m), n);
  return m;
}
