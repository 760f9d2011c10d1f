// The oracle: every operation as a plain loop over arrays, slow and obvious. Nothing here knows the library.
// Storing into a Float32Array or calling `fround` rounds to float32 once; everything between is float64, where
// the product of two floats is exact. Where an order of rounding is defined, the loop has that order.

export type Numbers = ArrayLike<number>;

export const { fround, sqrt, abs } = Math;

/** a * b + c rounded to float32 once: a fused multiply-add. */
export const fma = (a: number, b: number, c: number) => fround(a * b + c);

/** f applied to the elements of its arguments side by side, in float64. */
export const each =
  <A extends number[]>(f: (...x: A) => number) =>
  (...arrays: { [K in keyof A]: Numbers }) =>
    Float64Array.from(arrays[0] as Numbers, (_, j) => f(...(arrays.map((array) => array[j]) as A)));

/** The values of row r. */
export const row = (x: Numbers, r: number, dim: number) => Array.from({ length: dim }, (_, d) => x[r * dim + d]);
