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
  float64: kind(8, "float32", (out, x, n) => tableKernels.fromFloat64(out, x, n)),
  float32: kind(4, "float32", null),
  float16: kind(2, "float32", (out, x, n) => tableKernels.fromFloat16(out, x, n)),
  bfloat16: kind(2, "float32", (out, x, n) => tableKernels.fromBfloat16(out, x, n)),
  int64: kind(8, "int32", (out, x, n) => tableKernels.fromInt64(out, x, n)),
  int32: kind(4, "int32", null),
  int8: kind(1, "int32", (out, x, n) => tableKernels.fromInt8(out, x, n)),
  uint8: kind(1, "int32", (out, x, n) => tableKernels.fromUint8(out, x, n)),
} as const satisfies Record<string, ElementKind>;

function kind(bytes: number, dtype: DType, convert: Convert | null): ElementKind {
  return { bytes, dtype, convert };
}
