// Writes safetensors files. https://github.com/huggingface/safetensors#format

import { type Shape, Tensor } from "../index.js";
import { checkOptions, checkShape, checkWord, describe, sizeText } from "../internals.js";
import { quoted } from "./json.js";
import { bytePieces, joined, valuePieces, WRITTEN_DTYPES, type WrittenDType } from "./pieces.js";
import {
  byteLength,
  checkDType,
  checkMetadata,
  SAFETENSORS_KINDS,
  type SafetensorsDType,
} from "./safetensors-header.js";

/** Values that are no tensor: their bytes, row-major, as the dtype says. */
export interface RawTensor {
  /** A SafetensorsDType, or TypeError: a string, so that what `SafetensorsFile.info` tells can be handed on. */
  readonly dtype: string;
  readonly shape: Shape;
  /** Any typed array over these bytes. */
  readonly data: ArrayBufferView;
}

export interface SafetensorsWriteOptions {
  /** Strings to go with the tensors. */
  metadata?: Readonly<Record<string, string>>;
  /** What float32 tensors are written as, rounded to nearest, ties to even. "float32" unless given. */
  dtype?: WrittenDType;
}

/** What a file gets of one tensor. */
interface Entry {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: Shape;
  readonly pieces: () => Iterable<Uint8Array>;
}

/**
 * A safetensors file of named tensors, such as `model.stateDict()`; `safetensors.torch.load_file` reads it. float32 becomes F32, or
 * what `dtype` says, int32 becomes I32. A table too large to be held twice: `safetensorsPieces`.
 */
export function writeSafetensors(
  tensors: Readonly<Record<string, Tensor | RawTensor>>,
  options: SafetensorsWriteOptions = {},
): Uint8Array<ArrayBuffer> {
  return joined(written("writeSafetensors", tensors, options));
}

/** The same file in pieces of a megabyte at most, for `fs.promises.writeFile`, a stream or a Blob. */
export function safetensorsPieces(
  tensors: Readonly<Record<string, Tensor | RawTensor>>,
  options: SafetensorsWriteOptions = {},
): Generator<Uint8Array, void, undefined> {
  return written("safetensorsPieces", tensors, options);
}

/** Checks at once, writes when asked for the pieces. */
function written(
  operation: string,
  tensors: Readonly<Record<string, Tensor | RawTensor>>,
  options: SafetensorsWriteOptions,
): Generator<Uint8Array, void, undefined> {
  checkOptions(operation, options, ["metadata", "dtype"]);
  const { metadata, dtype = "float32" } = options;
  checkWord(operation, "dtype", dtype, WRITTEN_DTYPES);
  if (typeof tensors !== "object" || tensors === null) {
    throw new TypeError(`${operation}: tensors must be an object of tensors, but got ${describe(tensors)}`);
  }
  const entries = Object.entries(tensors).map(([name, value]) => entryOf(operation, name, value, dtype));
  // The widest first: so every tensor begins at a multiple of its elements' size.
  entries.sort(
    (a, b) => SAFETENSORS_KINDS[b.dtype].bytes - SAFETENSORS_KINDS[a.dtype].bytes || (a.name < b.name ? -1 : 1),
  );
  const header = headerOf(entries, metadata === undefined ? undefined : wellFormed(operation, metadata));
  return (function* () {
    yield header;
    for (const entry of entries) yield* entry.pieces();
  })();
}

function entryOf(operation: string, name: string, value: unknown, floats: WrittenDType): Entry {
  const where = `${operation}: tensor ${quoted(name)}`;
  if (name === "__metadata__" || /\p{Surrogate}/u.test(name)) {
    throw new RangeError(
      `${where} cannot have this name: the format ${name === "__metadata__" ? "uses it" : "is UTF-8"}`,
    );
  }
  if (value instanceof Tensor) {
    const dtype = value.dtype === "int32" ? "I32" : FLOATS[floats];
    return { name, dtype, shape: value.shape, pieces: () => valuePieces(value, floats) };
  }
  const { dtype, shape, data } = (value ?? {}) as RawTensor;
  if (!ArrayBuffer.isView(data)) {
    throw new TypeError(`${where} must be a Tensor or { dtype, shape, data }, but got ${describe(value)}`);
  }
  checkDType(where, dtype);
  checkShape(where, shape);
  const bytes = byteLength(shape, SAFETENSORS_KINDS[dtype].bytes);
  if (data.byteLength !== bytes) {
    throw new RangeError(`${where}: ${dtype} ${sizeText(shape)} has ${bytes} bytes, but data has ${data.byteLength}`);
  }
  return { name, dtype, shape, pieces: () => bytePieces(data) };
}

/** Strings of which UTF-8 has a form: other implementations refuse the whole file for one that has none. */
function wellFormed(operation: string, metadata: unknown): Record<string, string> {
  const checked = checkMetadata(operation, metadata);
  for (const [name, value] of Object.entries(checked)) {
    if ([name, value].some((text) => /\p{Surrogate}/u.test(text))) {
      throw new RangeError(`${operation}: metadata ${quoted(name)} cannot be written: the format is UTF-8`);
    }
  }
  return checked;
}

const FLOATS = { float32: "F32", float16: "F16", bfloat16: "BF16" } as const satisfies Record<
  WrittenDType,
  SafetensorsDType
>;

/** The length of the header, and the header: JSON, filled up with spaces so that the data begins at a multiple of 8. */
function headerOf(entries: readonly Entry[], metadata: Readonly<Record<string, string>> | undefined): Uint8Array {
  let end = 0;
  const infos = entries.map(({ name, dtype, shape }): [string, object] => {
    const start = end;
    end += byteLength(shape, SAFETENSORS_KINDS[dtype].bytes);
    return [name, { dtype, shape, data_offsets: [start, end] }];
  });
  if (metadata !== undefined) infos.unshift(["__metadata__", metadata]);
  const text = new TextEncoder().encode(JSON.stringify(Object.fromEntries(infos)));
  const length = Math.ceil(text.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  for (let rest = length, at = 0; at < 8; at++, rest = Math.floor(rest / 256)) header[at] = rest % 256;
  header.set(text, 8);
  return header;
}
