import { bytesOf, bytesOfFours, promoteHigh } from "./lanes";
import { power } from "./math";

/**
 * The p-norm of n floats, (sum of |x|^p)^(1/p), for any p: the largest magnitude for p = inf, the smallest for -inf, the
 * number of elements that are not zero for 0. Taken in f64, where no sum of squares of floats overflows or underflows.
 */
export function norm(x: usize, n: i32, p: f64): f64 {
  const end = x + bytesOf(n);
  if (p == 2) return euclidean(x, end, n);
  if (p == Infinity) return largestMagnitude(x, end);
  if (p == -Infinity) return smallestMagnitude(x, end);
  let sum: f64 = 0;
  if (p == 1) {
    for (; x < end; x += 4) sum += magnitude(x);
    return sum;
  }
  if (p == 0) {
    for (; x < end; x += 4) sum += magnitude(x) != 0 ? 1 : 0;
    return sum;
  }
  // The dominant magnitude is taken out first, so that every power lies in [0, 1].
  const dominant = p > 0 ? largestMagnitude(x, end) : smallestMagnitude(x, end);
  if (!(dominant > 0 && dominant < Infinity)) return dominant;
  for (; x < end; x += 4) sum += power(magnitude(x) / dominant, p);
  return dominant * power(sum, 1 / p);
}

/** The square root of the sum of squares. */
function euclidean(x: usize, end: usize, n: i32): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  for (const fours = x + bytesOfFours(n); x < fours; x += 16) {
    const four = v128.load(x);
    const a = f64x2.promote_low_f32x4(four);
    const b = promoteHigh(four);
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  low = f64x2.add(low, high);
  let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
  for (; x < end; x += 4) sum += magnitude(x) * magnitude(x);
  return sqrt(sum);
}

function largestMagnitude(x: usize, end: usize): f64 {
  let largest: f64 = 0;
  for (; x < end; x += 4) largest = max(largest, magnitude(x));
  return largest;
}

function smallestMagnitude(x: usize, end: usize): f64 {
  let smallest: f64 = Infinity;
  for (; x < end; x += 4) smallest = min(smallest, magnitude(x));
  return smallest;
}

function magnitude(at: usize): f64 {
  return abs(<f64>load<f32>(at));
}
