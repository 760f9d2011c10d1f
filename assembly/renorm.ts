import { bytesOf, bytesOfFours, promoteHigh } from "./lanes";
import { power } from "./math";
import { scaleRow } from "./row";

// weight[rows[i], :] *= maxNorm / (norm + 1e-7) where norm > maxNorm; each row may be listed once only.
// Norms are taken in f64, where no sum of squares of floats overflows or underflows.
// https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html

/** p = 2: the square root of the sum of squares. */
export function renormL2(weight: usize, rows: usize, n: i32, dim: i32, maxNorm: f64): void {
  renorm<L2>(weight, rows, n, dim, maxNorm, 2);
}

/** p = 1: the sum of magnitudes. */
export function renormL1(weight: usize, rows: usize, n: i32, dim: i32, maxNorm: f64): void {
  renorm<L1>(weight, rows, n, dim, maxNorm, 1);
}

/** p = inf: the largest magnitude. */
export function renormMax(weight: usize, rows: usize, n: i32, dim: i32, maxNorm: f64): void {
  renorm<Max>(weight, rows, n, dim, maxNorm, Infinity);
}

/** p = -inf: the smallest magnitude. */
export function renormMin(weight: usize, rows: usize, n: i32, dim: i32, maxNorm: f64): void {
  renorm<Min>(weight, rows, n, dim, maxNorm, -Infinity);
}

/** p = 0: the number of elements that are not zero. */
export function renormNonZero(weight: usize, rows: usize, n: i32, dim: i32, maxNorm: f64): void {
  renorm<NonZero>(weight, rows, n, dim, maxNorm, 0);
}

/** Any other p: (sum of |x|^p)^(1/p). */
export function renormP(weight: usize, rows: usize, n: i32, dim: i32, maxNorm: f64, p: f64): void {
  renorm<LP>(weight, rows, n, dim, maxNorm, p);
}

function renorm<N extends Norm>(weight: usize, rows: usize, n: i32, dim: i32, maxNorm: f64, p: f64): void {
  const rowBytes = bytesOf(dim);
  for (let i = 0; i < n; i++, rows += 4) {
    const row = weight + <usize>load<u32>(rows) * rowBytes;
    const norm = roundNorm(changetype<N>(0).of(row, row + rowBytes, dim, p));
    if (norm > maxNorm) scaleRow(row, row, dim, f32x4.splat(<f32>(maxNorm / (norm + 1e-7))));
  }
}

/** PyTorch compares the norm as a float; one too large for a float stays what it is. */
function roundNorm(norm: f64): f64 {
  const rounded = <f64>(<f32>norm);
  return rounded == Infinity ? norm : rounded;
}

interface Norm {
  /** Norm of the floats at [row, end). */
  of(row: usize, end: usize, dim: i32, p: f64): f64;
}

class L2 implements Norm {
  of(row: usize, end: usize, dim: i32, p: f64): f64 {
    let low = f64x2.splat(0);
    let high = f64x2.splat(0);
    for (const fours = row + bytesOfFours(dim); row < fours; row += 16) {
      const x = v128.load(row);
      const a = f64x2.promote_low_f32x4(x);
      const b = promoteHigh(x);
      low = f64x2.add(low, f64x2.mul(a, a));
      high = f64x2.add(high, f64x2.mul(b, b));
    }
    low = f64x2.add(low, high);
    let sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
    for (; row < end; row += 4) {
      const x = <f64>load<f32>(row);
      sum += x * x;
    }
    return sqrt(sum);
  }
}

class L1 implements Norm {
  of(row: usize, end: usize, dim: i32, p: f64): f64 {
    let sum: f64 = 0;
    for (; row < end; row += 4) sum += magnitude(row);
    return sum;
  }
}

class Max implements Norm {
  of(row: usize, end: usize, dim: i32, p: f64): f64 {
    let largest: f64 = 0;
    for (; row < end; row += 4) largest = max(largest, magnitude(row));
    return largest;
  }
}

class Min implements Norm {
  of(row: usize, end: usize, dim: i32, p: f64): f64 {
    let smallest: f64 = Infinity;
    for (; row < end; row += 4) smallest = min(smallest, magnitude(row));
    return smallest;
  }
}

class NonZero implements Norm {
  of(row: usize, end: usize, dim: i32, p: f64): f64 {
    let nonZero: f64 = 0;
    for (; row < end; row += 4) nonZero += load<f32>(row) != 0 ? 1 : 0;
    return nonZero;
  }
}

/** The dominant magnitude is taken out first, so that every power lies in [0, 1]. */
class LP implements Norm {
  of(row: usize, end: usize, dim: i32, p: f64): f64 {
    const dominant = p > 0 ? changetype<Max>(0).of(row, end, dim, p) : changetype<Min>(0).of(row, end, dim, p);
    if (!(dominant > 0 && dominant < Infinity)) return dominant;
    let sum: f64 = 0;
    for (; row < end; row += 4) sum += power(magnitude(row) / dominant, p);
    return dominant * power(sum, 1 / p);
  }
}

function magnitude(at: usize): f64 {
  return abs(<f64>load<f32>(at));
}
