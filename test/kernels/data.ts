// Seeded inputs for the sweeps.

import type { Words } from "./wasm.js";
import { bits } from "./wasm.js";

/** Every tail, both sides of one, two and eight vectors, and rows as wide as real ones. */
export const DIMS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 300];

/** Zero is aligned; with the others each buffer has an alignment of its own, multiples of 4 bytes. */
export const SHIFTS = [0, 1, 2, 3];

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** n floats of either sign and of magnitudes from 2^-low to 2^low, so that the order of additions shows. */
export function floats(n: number, seed: number, low = 6): Float32Array {
  const next = randomNumbers(seed);
  return new Float32Array(n).map(() => (next() - 0.5) * 2 ** ((next() - 0.5) * 2 * low));
}

/** Zeros, infinities, NaN, denormals and limits. */
export const SPECIAL = [
  0,
  -0,
  1,
  -1,
  NaN,
  Infinity,
  -Infinity,
  2 ** -149,
  -(2 ** -149),
  2 ** -126,
  -1.5 * 2 ** -130,
  3.4028234663852886e38,
  -3.4028234663852886e38,
  1e30,
  1e-30,
  16777217,
];

/** floats with special numbers strewn in at different places for different seeds. */
export function wildFloats(n: number, seed: number): Float32Array {
  const next = randomNumbers(seed + 1);
  return floats(n, seed, 20).map((x) => (next() < 0.3 ? SPECIAL[Math.floor(next() * SPECIAL.length)] : x));
}

/** n words of any bits: NaN payloads, denormals and all. */
export function words(n: number, seed: number): Uint32Array {
  const next = randomNumbers(seed);
  return new Uint32Array(n).map(() => next() * 2 ** 32);
}

/** x with bits that no kernel should leave in an output. */
export function garbage<T extends Words>(x: T): T {
  bits(x).fill(0xffc0ffee);
  return x;
}

/** n indices below rows: the last, the first, the last again, then any. */
export function indices(n: number, rows: number, seed: number): Int32Array {
  const next = randomNumbers(seed);
  const start = [rows - 1, 0, rows - 1];
  return new Int32Array(n).map((_, i) => start[i] ?? Math.floor(next() * rows));
}

/** distinctIndices(n, rows): n different indices below rows, shuffled. */
export function distinctIndices(n: number, rows: number, seed: number): Int32Array {
  const next = randomNumbers(seed);
  const all = Array.from({ length: rows }, (_, r) => ({ r, key: next() }));
  return Int32Array.from(all.sort((a, b) => a.key - b.key).slice(0, n), ({ r }) => r);
}

/** Calls check at every point of the grid that the axes span; a failure says at which. */
export function sweep<A extends Record<string, readonly unknown[]>>(
  axes: A,
  check: (point: { [K in keyof A]: A[K][number] }) => void,
): void {
  let points: Record<string, unknown>[] = [{}];
  for (const [name, values] of Object.entries(axes)) {
    points = points.flatMap((point) => values.map((value) => ({ ...point, [name]: value })));
  }
  for (const point of points) {
    try {
      check(point as { [K in keyof A]: A[K][number] });
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error} at ${JSON.stringify(point)}`, {
        cause: error,
      });
    }
  }
}
