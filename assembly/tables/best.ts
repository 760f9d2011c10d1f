import { bytesOf } from "../lanes";

// The k best of a stream of scores: values and indices are a heap, the worst of them on top, until sortBest.
// Better is a larger score, then a lower row. Rows come in ascending order.

/** Offers scores[r] of the rows start + r to the heap of `held` that takes k. NaN counts as -Infinity. Returns how many are held. */
export function keepBest(values: usize, indices: usize, scores: usize, n: i32, start: i32, held: i32, k: i32): i32 {
  if (k == 0) return 0;
  for (let r = 0; r < n; r++, scores += 4) {
    const given = load<f32>(scores);
    const score: f32 = given >= -Infinity ? given : -Infinity;
    if (held < k) rise(values, indices, held++, score, start + r);
    else if (score > load<f32>(values)) sink(values, indices, k, score, start + r);
  }
  return held;
}

/** The best first. */
export function sortBest(values: usize, indices: usize, k: i32): void {
  for (let last = k - 1; last > 0; last--) {
    const value = load<f32>(values + bytesOf(last));
    const row = load<i32>(indices + bytesOf(last));
    place(values, indices, last, load<f32>(values), load<i32>(indices));
    sink(values, indices, last, value, row);
  }
}

/** Puts a score into the free place at the end of the heap. */
function rise(values: usize, indices: usize, at: i32, value: f32, row: i32): void {
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!isWorse(value, row, load<f32>(values + bytesOf(above)), load<i32>(indices + bytesOf(above)))) break;
    place(values, indices, at, load<f32>(values + bytesOf(above)), load<i32>(indices + bytesOf(above)));
    at = above;
  }
  place(values, indices, at, value, row);
}

/** Puts a score in the place of the worst of n. */
function sink(values: usize, indices: usize, n: i32, value: f32, row: i32): void {
  let at = 0;
  for (let below = 1; below < n; below = 2 * at + 1) {
    below += below + 1 < n && isWorseAt(values, indices, below + 1, below) ? 1 : 0;
    if (!isWorse(load<f32>(values + bytesOf(below)), load<i32>(indices + bytesOf(below)), value, row)) break;
    place(values, indices, at, load<f32>(values + bytesOf(below)), load<i32>(indices + bytesOf(below)));
    at = below;
  }
  place(values, indices, at, value, row);
}

function isWorseAt(values: usize, indices: usize, a: i32, b: i32): bool {
  return isWorse(
    load<f32>(values + bytesOf(a)),
    load<i32>(indices + bytesOf(a)),
    load<f32>(values + bytesOf(b)),
    load<i32>(indices + bytesOf(b)),
  );
}

function isWorse(value: f32, row: i32, than: f32, thanRow: i32): bool {
  return value < than || (value == than && row > thanRow);
}

function place(values: usize, indices: usize, at: i32, value: f32, row: i32): void {
  store<f32>(values + bytesOf(at), value);
  store<i32>(indices + bytesOf(at), row);
}
