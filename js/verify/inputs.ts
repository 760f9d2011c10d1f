// The values of inputs and of expected outputs.

import type { Input, Output } from "./vectors.js";

export type Words = Float32Array | Int32Array;

/** The numbers of an input, row-major. */
export function inputValues(input: Input): Words {
  const Numbers = input.dtype === "float32" ? Float32Array : Int32Array;
  if ("values" in input) return Numbers.from(input.values.map(Number));
  const { seed, low, high, dtype } = input;
  const values = new Numbers(input.shape.reduce((product, size) => product * size, 1));
  let x = seed;
  for (let i = 0; i < values.length; i++) {
    x = (Math.imul(1664525, x) + 1013904223) >>> 0;
    const reach = ((x >>> 8) / 2 ** 24) * (high - low);
    values[i] = low + (dtype === "int32" ? Math.floor(reach) : reach);
  }
  return values;
}

/** Options with the numbers that JSON cannot hold. */
export function withNumbers(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const words: unknown[] = ["NaN", "Infinity", "-Infinity"];
  const entries = Object.entries(options).map(([key, value]) => [key, words.includes(value) ? Number(value) : value]);
  return Object.fromEntries(entries);
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The bytes of a base64 text, as `atob`, which shells do not have. */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/=+$/, "");
  const bytes = new Uint8Array((digits.length * 3) >> 2);
  let bits = 0;
  for (let i = 0, at = 0; i < digits.length; i++) {
    bits = (bits << 6) | DIGITS.indexOf(digits[i]);
    if (i % 4 > 0) bytes[at++] = bits >> (6 - 2 * (i % 4));
  }
  return bytes;
}

/** The numbers of an expected output. */
export function outputValues({ dtype, values }: Output): Words {
  const given = base64Bytes(values);
  const bytes = new ArrayBuffer(given.length);
  new Uint8Array(bytes).set(given);
  return dtype === "float32" ? new Float32Array(bytes) : new Int32Array(bytes);
}

/** The bytes that are hashed: those of the words, every NaN as 0x7fc00000. */
export function bytesOf(words: Words): Uint8Array {
  const bytes = new ArrayBuffer(4 * words.length);
  const copy = words instanceof Float32Array ? new Float32Array(bytes) : new Int32Array(bytes);
  copy.set(words);
  const bits = new Uint32Array(bytes);
  words.forEach((word, i) => {
    if (Number.isNaN(word)) bits[i] = 0x7fc00000;
  });
  return new Uint8Array(bytes);
}
