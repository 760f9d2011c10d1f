// The values of tensors as the bytes of a file, piece by piece, so that no table is held twice.

import type { Tensor } from "../index.js";
import { bytesOf, transient } from "../internals.js";
import { tableKernels } from "../tables/kernels.js";

/** What the values of a float32 tensor are written as. */
export type WrittenDType = "float32" | "float16" | "bfloat16";

export const WRITTEN_DTYPES: readonly WrittenDType[] = ["float32", "float16", "bfloat16"];

/** Elements of a piece. */
const PIECE = 2 ** 18;

/** The bytes of a tensor, each piece a copy; float32 as `dtype`, int32 as it is. */
export function* valuePieces(tensor: Tensor, dtype: WrittenDType): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < tensor.numel; at += PIECE) {
    const n = Math.min(PIECE, tensor.numel - at);
    yield tensor.dtype === "int32" || dtype === "float32"
      ? bytesOf(tensor.array.subarray(at, at + n)).slice()
      : narrowed(tensor, at, n, dtype);
  }
}

/** n values from `at` on in 16 bits each. */
function narrowed(tensor: Tensor, at: number, n: number, dtype: "float16" | "bfloat16"): Uint8Array {
  const narrow = dtype === "float16" ? tableKernels.toFloat16 : tableKernels.toBfloat16;
  const out = transient([(n + 1) >> 1], "int32");
  narrow(out.address, tensor.addressAt(at), n);
  const bytes = bytesOf(out.array).slice(0, 2 * n);
  out.dispose();
  return bytes;
}

/** The bytes of a view, in pieces that are copies. */
export function* bytePieces(view: ArrayBufferView): Generator<Uint8Array, void, undefined> {
  const bytes = bytesOf(view);
  for (let at = 0; at < bytes.length; at += 4 * PIECE) yield bytes.slice(at, at + 4 * PIECE);
}

/** All pieces as one, always a copy. */
export function joined(pieces: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> {
  const all = [...pieces];
  const whole = new Uint8Array(all.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of all) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
