// What formats.py wrote: files of other producers, and what they hold.

import { readFileSync } from "node:fs";

/** Bits of float32 values, or integers, in row-major order. */
export interface Held {
  shape: number[];
  values: number[];
}

export interface Formats {
  safetensors: Record<"all" | "module", Record<string, Held>>;
  npy: Record<string, Held>;
  /** Bits of float32 numbers, and those that PyTorch rounds them to. */
  rounding: Record<"bits" | "float16" | "bfloat16", number[]>;
}

const file = (name: string) => readFileSync(new URL(`formats/${name}`, import.meta.url));

export const formats = JSON.parse(file("formats.json").toString()) as Formats;

/** A file as bytes of its own. */
export const formatFile = (name: string) => Uint8Array.from(file(name));
