// What the tests of readers look at.

import { memory, type Tensor } from "nn-embedding";
import { expect } from "vitest";
import type { Held } from "../golden/formats.js";

/** The tensor has the shape and, to the bit, the values of what another producer wrote. */
export function expectHeld(tensor: Tensor, { shape, values }: Held): void {
  expect(tensor.shape).toEqual(shape);
  const { buffer } = tensor.array.slice();
  expect(Array.from(new Int32Array(buffer))).toEqual(values);
}

/** The file in pieces of n bytes. */
export function* cut(file: Uint8Array, n: number): Generator<Uint8Array> {
  for (let at = 0; at < file.length; at += n) yield file.slice(at, at + n);
}

/** The reading fails with this class and these words, and gives all memory back. */
export async function expectRefused(
  read: () => Promise<unknown>,
  kind: new (message: string) => Error,
  words: RegExp | string,
): Promise<void> {
  const before = memory();
  const error = await read().then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(kind);
  expect((error as Error).constructor).toBe(kind);
  expect((error as Error).message).toMatch(words);
  const { numTensors, numBytes } = memory();
  expect({ numTensors, numBytes }).toEqual({ numTensors: before.numTensors, numBytes: before.numBytes });
}
