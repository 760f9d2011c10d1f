// Inputs of the property tests.

import fc from "fast-check";

/** A shape of rank 0 to `rank` with sizes 0 to `size`. */
export const shapes = (rank: number, size: number) => fc.array(fc.integer({ min: 0, max: size }), { maxLength: rank });

export const sizeOf = (shape: readonly number[]) => shape.reduce((n, size) => n * size, 1);

/** Floats of either sign and many magnitudes, without NaN and infinities. */
export const floats = (n: number) =>
  fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), { minLength: n, maxLength: n });

/** Whole numbers so small that sums of products are exact in float32. */
export const wholes = (n: number) => fc.array(fc.integer({ min: -8, max: 8 }), { minLength: n, maxLength: n });

/** Row-major values as nested arrays. */
export function nested(values: readonly number[], shape: readonly number[]): unknown {
  if (shape.length === 0) return values[0];
  const [size, ...rest] = shape;
  const block = sizeOf(rest);
  return Array.from({ length: size }, (_, i) => nested(values.slice(i * block, (i + 1) * block), rest));
}

/** Coordinates of a row-major position. */
export function coordinates(position: number, shape: readonly number[]): number[] {
  const out: number[] = [];
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    out.unshift(position % shape[dim]);
    position = Math.floor(position / shape[dim]);
  }
  return out;
}

/** The opposite; dimensions of size 1 take any coordinate, missing leading ones are ignored. */
export function positionOf(place: readonly number[], shape: readonly number[]): number {
  const own = place.slice(place.length - shape.length);
  return shape.reduce((position, size, dim) => position * size + (size === 1 ? 0 : own[dim]), 0);
}
