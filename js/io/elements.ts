// The kinds of numbers that files hold, and what a tensor makes of each.

import type { DType } from "../index.js";
import { tableKernels } from "../tables/kernels.js";

/** Fills float32 or int32 `out` from n elements at x; from int64 returns the first place that does not fit, or -1. */
type Convert = (out: number, x: number, n: number) => unknown;

export interface ElementKind {
  readonly bytes: number;
  /** What a tensor holds of it. */
  readonly dtype: DType;
  /** null where the bytes are the tensor's own. */
  readonly convert: Convert | null;
}

/** float64 is rounded to float32 and int64 must fit int32; everything else is exact. */
export const KINDS = {
  float64: { bytes: 8, dtype: "float32", convert: (out, x, n) => tableKernels.fromFloat64(out, x, n) },
  float32: { bytes: 4, dtype: "float32", convert: null },
  float16: { bytes: 2, dtype: "float32", convert: (out, x, n) => tableKernels.fromFloat16(out, x, n) },
  bfloat16: { bytes: 2, dtype: "float32", convert: (out, x, n) => tableKernels.fromBfloat16(out, x, n) },
  int64: { bytes: 8, dtype: "int32", convert: (out, x, n) => tableKernels.fromInt64(out, x, n) },
  int32: { bytes: 4, dtype: "int32", convert: null },
  int8: { bytes: 1, dtype: "int32", convert: (out, x, n) => tableKernels.fromInt8(out, x, n) },
  uint8: { bytes: 1, dtype: "int32", convert: (out, x, n) => tableKernels.fromUint8(out, x, n) },
} as const satisfies Record<string, ElementKind>;
