import { memory } from "nn-embedding";
import { expect } from "vitest";

/** The reading fails with a RangeError of these words, in full, and gives all memory back. */
export async function expectRefused(read: () => Promise<unknown>, words: string): Promise<void> {
  const before = memory();
  const error = await read().then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  expect(`${(error as Error).name}: ${(error as Error).message}`).toBe(`RangeError: ${words}`);
  const { numTensors, numBytes } = memory();
  expect({ numTensors, numBytes }).toEqual({ numTensors: before.numTensors, numBytes: before.numBytes });
}
