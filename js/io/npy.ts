// .npy files, one array each: numpy.load and numpy.save.

import { Tensor, tidy } from "../index.js";
import { checkOptions, checkWord, numelOf, owned, wrongKind } from "../internals.js";
import { reading } from "./byte-reader.js";
import { readLastTensor } from "./filling.js";
import { formatNpyHeader, readNpyHeader } from "./npy-header.js";
import { joined, valuePieces } from "./pieces.js";
import type { ReadOptions, Source } from "./source.js";

/**
 * The array of a .npy file (versions 1.0, 2.0 and 3.0), which is the caller's to dispose of. f4, f2 and f8 become float32 (f8
 * rounded to nearest), i4, i8, i1 and u1 become int32; both byte orders are read, and Fortran order is put into C order.
 * TypeError for other dtypes and for what is no .npy file, RangeError for one that is damaged or an i8 beyond 32 bits; then no
 * memory is held. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export async function readNpy(source: Source, options: ReadOptions = {}): Promise<Tensor> {
  checkOptions("readNpy", options, ["onProgress", "total"]);
  return reading("readNpy", source, options, async (reader) => {
    const { fortranOrder, ...layout } = await readNpyHeader(reader);
    const bytes = numelOf(layout.shape) * layout.kind.bytes;
    if (reader.total !== null && reader.total - reader.position !== bytes) {
      throw new RangeError(
        `readNpy: the array has ${bytes} bytes, but the file has ${reader.total - reader.position} after its header`,
      );
    }
    // Fortran order is C order of the reversed dimensions.
    const shape = fortranOrder ? [...layout.shape].reverse() : layout.shape;
    const tensor = await readLastTensor(reader, { ...layout, shape }, (rows) => reader.report(rows));
    try {
      reader.report(shape[0] ?? 1);
      return fortranOrder ? reversed(tensor) : tensor;
    } catch (error) {
      tensor.dispose();
      throw error;
    }
  });
}

/** The tensor with its dimensions in the opposite order; takes the given one. */
function reversed(tensor: Tensor): Tensor {
  const last = tensor.ndim - 1;
  if (last < 1) return tensor;
  const out = tidy(() => {
    let from = tensor.detach();
    for (let dim = 0; dim < last - dim; dim++) from = from.transpose(dim, last - dim);
    const turned = owned(from.shape, from.dtype);
    turned.array.set(from.array);
    return turned;
  });
  tensor.dispose();
  return out;
}

export interface NpyWriteOptions {
  /** What a float32 tensor is written as: "float32" unless given, or "float16", rounded to nearest, ties to even. */
  dtype?: "float32" | "float16";
}

/** The .npy file of a tensor, in C order: float32 as f4, or f2, int32 as i4. A table too large to be held twice: `npyPieces`. */
export function writeNpy(tensor: Tensor, options: NpyWriteOptions = {}): Uint8Array<ArrayBuffer> {
  return joined(written("writeNpy", tensor, options));
}

/** The same file in pieces of a megabyte at most, for `fs.promises.writeFile`, a stream or a Blob. */
export function npyPieces(tensor: Tensor, options: NpyWriteOptions = {}): Generator<Uint8Array, void, undefined> {
  return written("npyPieces", tensor, options);
}

/** Checks at once, writes when asked for the pieces. */
function written(operation: string, tensor: Tensor, options: NpyWriteOptions): Generator<Uint8Array, void, undefined> {
  if (!(tensor instanceof Tensor)) throw wrongKind(operation, "tensor", "a Tensor", tensor);
  checkOptions(operation, options, ["dtype"]);
  const { dtype = "float32" } = options;
  checkWord(operation, "dtype", dtype, ["float32", "float16"]);
  const descr = tensor.dtype === "int32" ? "<i4" : dtype === "float16" ? "<f2" : "<f4";
  const header = formatNpyHeader(descr, tensor.shape);
  return (function* () {
    yield header;
    yield* valuePieces(tensor, dtype);
  })();
}
