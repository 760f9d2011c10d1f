// Nobody is timed before the results are known to be the same.

const TOLERANCE = 1e-5;
/** PyTorch's process reports means only; float32 sums in another order differ by less. */
const MEAN_TOLERANCE = 1e-4;

/** Error unless every |actual - expected| <= 1e-5 max(|expected|, root mean square of expected). */
export function checkSame(title: string, actual: ArrayLike<number>[], expected: ArrayLike<number>[]): void {
  for (let k = 0; k < expected.length; k++) {
    const [a, b] = [actual[k], expected[k]];
    if (a.length !== b.length) throw new Error(`${title}: ours has ${a.length} elements, plain has ${b.length}`);
    const scale = rootMeanSquare(b);
    for (let i = 0; i < b.length; i++) {
      // Written so that NaN fails.
      if (Math.abs(a[i] - b[i]) <= TOLERANCE * Math.max(Math.abs(b[i]), scale)) continue;
      throw new Error(`${title}: result ${k} differs at ${i}: ours ${a[i]}, plain ${b[i]}`);
    }
  }
}

/** Error unless the mean magnitudes of the results agree. */
export function checkMeans(title: string, theirs: readonly number[], expected: readonly number[]): void {
  for (let k = 0; k < expected.length; k++) {
    if (Math.abs(theirs[k] - expected[k]) <= MEAN_TOLERANCE * expected[k]) continue;
    throw new Error(`${title}: result ${k} has mean magnitude ${theirs[k]} in torch, ${expected[k]} in plain`);
  }
}

export function meanMagnitude(x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += Math.abs(x[i]);
  return sum / x.length;
}

function rootMeanSquare(x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum / x.length);
}
