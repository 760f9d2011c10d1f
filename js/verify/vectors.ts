// What a file of test vectors holds. README's "Test vectors" describes it for readers in other languages.

import type { DType, Shape } from "../index.js";

/** A number, or the word for one that JSON cannot hold: "NaN", "Infinity", "-Infinity", "-0". */
export type JsonNumber = number | string;

/** What goes in: all values, row-major, or what they are drawn from. */
export type Input = { readonly dtype: DType; readonly shape: Shape } & (
  | { readonly values: readonly JsonNumber[] }
  | { readonly seed: number; readonly low: number; readonly high: number }
);

/** |ours - theirs| <= absolute + relative * max(|theirs|, |theirs - start|); the same bits where both are 0. */
export interface Tolerance {
  /** 0 unless given. */
  readonly absolute?: number;
  /** 0 unless given. */
  readonly relative?: number;
  /** The input that an optimizer changed into this output. */
  readonly start?: string;
}

/** What has to come out. */
export interface Output extends Tolerance {
  readonly dtype: DType;
  readonly shape: Shape;
  /** PyTorch's values: base64 of little-endian 32-bit numbers, row-major. */
  readonly values: string;
  /** Of our bytes, in the same form; every NaN counts as 0x7fc00000. */
  readonly sha256: string;
  /** The largest |ours - theirs|. */
  readonly error?: number;
}

export interface Case {
  readonly name: string;
  readonly operation: string;
  /** "float64" where the values are those of the formula in double, because PyTorch has none; else PyTorch's. */
  readonly reference?: "float64";
  readonly options: Readonly<Record<string, unknown>>;
  readonly inputs?: Readonly<Record<string, Input>>;
  readonly outputs: Readonly<Record<string, Output>>;
}

export interface Vectors {
  /** The version of PyTorch whose values these are. */
  readonly torch: string;
  readonly cases: readonly Case[];
}
