// Nobody is timed before the results are known to be the same.

export type Expected = readonly ArrayLike<number>[];

/** Of one operation. */
const TOLERANCE = 1e-5;

/** Error unless every |actual - expected| <= tolerance max(|expected|, root mean square of expected). */
export function checkSame(
  title: string,
  name: string,
  actual: Expected,
  expected: Expected,
  tolerance = TOLERANCE,
): void {
  for (let k = 0; k < expected.length; k++) {
    const [a, b] = [actual[k], expected[k]];
    if (a.length !== b.length) throw new Error(`${title}: ${name} has ${a.length} elements, not ${b.length}`);
    const scale = rootMeanSquare(b);
    for (let i = 0; i < b.length; i++) {
      // Written so that NaN fails.
      if (Math.abs(a[i] - b[i]) <= tolerance * Math.max(Math.abs(b[i]), scale)) continue;
      throw new Error(`${title}: result ${k} of ${name} differs at ${i}: ${a[i]}, not ${b[i]}`);
    }
  }
}

function rootMeanSquare(x: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * x[i];
  return Math.sqrt(sum / x.length);
}
