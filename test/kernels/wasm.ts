// Calls kernels between canaries: no overrun and no changed input goes unseen.

import { readFileSync } from "node:fs";
import { instantiateSync } from "@assemblyscript/loader";
import type { instantiate } from "../../build/kernels.js";

export type Kernels = Awaited<ReturnType<typeof instantiate>>;
export type Words = Float32Array | Int32Array | Uint32Array;

/** A file of the build under test. */
export const built = (name: string) => new URL(`../../${process.env.BUILD}/${name}`, import.meta.url);

export const load = (file: string | URL = built("kernels.wasm")): Kernels =>
  instantiateSync<Kernels>(readFileSync(file)).exports;

export const kernels = load();

/** Reading one of these as a float poisons the result, reading it as an index leaves the table. */
const CANARY = 0x7fa5c0de;
const GUARD = 16;

/** The bits of x. */
export const bits = (x: Words) => new Uint32Array(x.buffer, x.byteOffset, x.length);

/**
 * Puts every buffer into linear memory with canaries before and after, calls, demands that nothing but `outputs`
 * changed, and copies those back into the arrays given. Addresses are multiples of 16 with shift 0, and of 4 otherwise.
 */
export function guarded<K extends string, R>(
  buffers: Record<K, Words>,
  outputs: NoInfer<K>[],
  call: (at: Record<K, number>) => R,
  shift = 0,
  on = kernels,
): R {
  const names = Object.keys(buffers) as K[];
  const starts = {} as Record<K, number>;
  let words = GUARD;
  names.forEach((name, k) => {
    starts[name] = ((words + 3) & ~3) + ((shift * (k + 1)) & 3);
    words = starts[name] + buffers[name].length + GUARD;
  });

  const block = on.allocate(words * 4) >>> 0;
  if (block === 0) throw new Error(`no memory for ${words} words`);
  const before = new Uint32Array(words).fill(CANARY);
  for (const name of names) before.set(bits(buffers[name]), starts[name]);
  new Uint32Array(on.memory.buffer, block, words).set(before);

  const result = call(Object.fromEntries(names.map((name) => [name, block + starts[name] * 4])) as Record<K, number>);

  const after = new Uint32Array(on.memory.buffer, block, words);
  for (const name of outputs) {
    const [start, end] = [starts[name], starts[name] + buffers[name].length];
    bits(buffers[name]).set(after.subarray(start, end));
    before.set(after.subarray(start, end), start);
  }
  for (let k = 0; k < words; k++) {
    if (after[k] === before[k]) continue;
    const where = names.map((name) => `${name}[${k - starts[name]} of ${buffers[name].length}]`).join(", ");
    throw new Error(
      `the kernel wrote where it must not: ${where}, ${before[k].toString(16)} -> ${after[k].toString(16)}`,
    );
  }
  on.release(block, words * 4);
  return result;
}

/** The n floats that a call with these inputs puts out. */
export function outputOf(
  n: number,
  inputs: readonly Words[],
  call: (out: number, ...inputs: number[]) => void,
  shift = 0,
): Float32Array {
  const out = new Float32Array(n);
  bits(out).fill(0xffc0ffee);
  const buffers: Record<string, Words> = { out };
  for (const [i, input] of inputs.entries()) buffers[`input${i}`] = input;
  guarded(buffers, ["out"], (at) => call(at.out, ...inputs.map((_, i) => at[`input${i}`])), shift);
  return out;
}

const show = (x: number, pattern: number) => `${x} (0x${pattern.toString(16)})`;

function compare(actual: Words, expected: ArrayLike<number>, same: (position: number) => boolean, bound = ""): void {
  if (actual.length !== expected.length) throw new Error(`length ${actual.length} instead of ${expected.length}`);
  for (let j = 0; j < actual.length; j++) {
    if (!same(j)) throw new Error(`[${j}] is ${show(actual[j], bits(actual)[j])}, expected ${expected[j]}${bound}`);
  }
}

const like = (actual: Words, expected: ArrayLike<number>) => {
  if (actual instanceof Float32Array) return Float32Array.from(expected);
  return actual instanceof Int32Array ? Int32Array.from(expected) : Uint32Array.from(expected);
};

/** Every bit is equal once `expected` has been rounded to the type of `actual`. */
export function expectBits(actual: Words, expected: ArrayLike<number>): void {
  const [a, e] = [bits(actual), bits(like(actual, expected))];
  compare(actual, expected, (j) => a[j] === e[j]);
}

/** Every bit is equal, but any NaN equals any other. */
export function expectNumbers(actual: Float32Array, expected: ArrayLike<number>): void {
  const [a, e] = [bits(actual), bits(like(actual, expected))];
  compare(actual, expected, (j) => a[j] === e[j] || (Number.isNaN(actual[j]) && Number.isNaN(expected[j])));
}

/** |actual - expected| <= bound(position); infinities and NaN must agree. */
export function expectClose(
  actual: Float32Array,
  expected: ArrayLike<number>,
  bound: (position: number) => number,
): void {
  compare(actual, expected, (j) => {
    if (Number.isNaN(expected[j])) return Number.isNaN(actual[j]);
    const rounded = Math.fround(expected[j]);
    if (actual[j] === rounded) return true;
    return Math.abs(actual[j] - expected[j]) <= bound(j);
  });
}

/** The distance between the float32 numbers around x. */
export function ulp(x: number): number {
  const exponent = x === 0 ? -126 : Math.floor(Math.log2(Math.abs(x)));
  return 2 ** (Math.min(Math.max(exponent, -126), 127) - 23);
}
