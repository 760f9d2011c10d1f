// What the façade tests share: golden tensors, comparison by bits and by distance, errors with their class and words.

import { createHash } from "node:crypto";
import { SparseTensor, type Tensor, tensor } from "nn-embedding";
import { expect } from "vitest";
import { type Digest, decode, type Encoded } from "../golden/load.js";

export type Words = Float32Array | Int32Array;

/** A golden tensor as one of ours. */
export function tensorOf(encoded: Encoded, requiresGrad = false): Tensor {
  const { shape, data } = decode(encoded);
  return tensor(data, { shape, requiresGrad });
}

/** "Infinity", "-Infinity" and "NaN" as the numbers that JSON cannot hold; everything else as it is. */
export function numbers<T>(options: T): T {
  const special: unknown[] = ["Infinity", "-Infinity", "NaN"];
  const revived = Object.entries(options as object).map(([name, value]) => [
    name,
    special.includes(value) ? Number(value) : value,
  ]);
  return Object.fromEntries(revived) as T;
}

/** A copy of the values, row-major. */
export const valuesOf = (x: Tensor): Words => x.array.slice();

/** Whatever is in `grad`, written out. */
export function gradOf(x: Tensor): Words {
  if (x.grad === null) throw new Error("there is no gradient");
  return valuesOf(x.grad.toDense());
}

/** The sparse gradient of x; an error if it is dense or missing. */
export function sparseGradOf(x: Tensor): SparseTensor {
  if (!(x.grad instanceof SparseTensor)) throw new Error("the gradient is not sparse");
  return x.grad;
}

/** The bits, all NaN alike. */
export function bitsOf(x: ArrayLike<number>): Uint32Array {
  const words = x instanceof Int32Array ? x : Float32Array.from(x);
  const bits = new Uint32Array(words.buffer, words.byteOffset, words.length);
  return Uint32Array.from(bits, (word, i) => (Number.isNaN(words[i]) ? 0x7fc00000 : word));
}

/** Every bit equal, -0 and +0 told apart, NaN equal to NaN. */
export function expectBits(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const [a, b] = [bitsOf(actual), bitsOf(expected)];
  expect(a.length).toBe(b.length);
  const position = a.findIndex((word, i) => word !== b[i]);
  if (position >= 0) expect.fail(`element ${position} is ${actual[position]}, expected ${expected[position]}`);
}

/** Shape and bits of a golden tensor. */
export function expectGolden(actual: Tensor, expected: Encoded): void {
  const { shape, data } = decode(expected);
  expect(actual.shape).toEqual(shape);
  expect(actual.dtype).toBe(expected.dtype);
  expectBits(valuesOf(actual), data);
}

/** Shape, as far as it is known, and bits of a golden tensor. */
export function expectDigest(actual: Tensor, expected: Digest): void {
  if (expected.out) expectGolden(actual, expected.out);
  if (expected.first) expectBits(valuesOf(actual).subarray(0, 8), decode(expected.first).data);
  expect(sha256(valuesOf(actual))).toBe(expected.sha256);
}

/** |actual - expected| <= tolerance * scale[i]; infinities and NaN exactly. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  scale: (i: number) => number = (i) => Math.abs(expected[i]),
): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue;
    const [distance, limit] = [Math.abs(actual[i] - expected[i]), tolerance * scale(i)];
    if (!(distance <= limit)) {
      expect.fail(`element ${i} is ${actual[i]}, expected ${expected[i]}: off by ${distance}, allowed ${limit}`);
    }
  }
}

export const largest = (x: ArrayLike<number>): number => Array.from(x).reduce((m, v) => Math.max(m, Math.abs(v)), 0);

export function sha256(...parts: Words[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest("hex");
}

type ErrorClass = ErrorConstructor | TypeErrorConstructor | RangeErrorConstructor;

/** What engines say when a check is missing. */
const ENGINE =
  /is not (a function|iterable|a constructor)|Cannot (read|set|convert|mix)|Invalid array length|unreachable/;

/** Runs `mistake` and demands this very class, no subclass of it, all of these words, and not an engine's own text. */
export function expectError(mistake: () => unknown, type: ErrorClass, ...words: string[]): void {
  let thrown: unknown = null;
  try {
    mistake();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof Error)) expect.fail(`no error, expected a ${type.name}: ${words.join(" … ")}`);
  const { message } = thrown;
  expect({ type: thrown.constructor.name, message }).toEqual({ type: type.name, message });
  for (const word of words) expect(message).toContain(word);
  expect(message).not.toMatch(ENGINE);
}
