// The header of a safetensors file: what it says of each tensor, believed only when all of it fits together.
// https://github.com/huggingface/safetensors#format

import type { Shape } from "../index.js";
import { checkShape, sizeText } from "../internals.js";
import { type ElementKind, KINDS } from "./elements.js";
import { decodeText, described, isObject, parseJson, quoted } from "./json.js";

/** The kinds of numbers that are read and written, as the file names them. */
export const SAFETENSORS_KINDS = {
  F64: KINDS.float64,
  F32: KINDS.float32,
  F16: KINDS.float16,
  BF16: KINDS.bfloat16,
  I64: KINDS.int64,
  I32: KINDS.int32,
  I8: KINDS.int8,
  U8: KINDS.uint8,
} as const satisfies Record<string, ElementKind>;

export type SafetensorsDType = keyof typeof SAFETENSORS_KINDS;

/** Bytes of an element of the format's other dtypes, which are told and not read: the sizes of a file are checked all the same. */
const OTHER_WIDTHS: Readonly<Record<string, number>> = {
  BOOL: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  F8_E8M0: 1,
  F8_E4M3FNUZ: 1,
  F8_E5M2FNUZ: 1,
  I16: 2,
  U16: 2,
  U32: 4,
  U64: 8,
  C64: 8,
  F4: 4 / 8,
  F6_E2M3: 6 / 8,
  F6_E3M2: 6 / 8,
};

/** What a header says of a tensor. */
export interface SafetensorsInfo {
  /** Any name: only who reads the values wants to know them. */
  readonly dtype: string;
  readonly shape: Shape;
  /** Where its bytes begin and end, counted from the end of the header. */
  readonly start: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of their bytes, which follow each other without a gap. */
  readonly tensors: ReadonlyMap<string, SafetensorsInfo>;
  readonly metadata: Record<string, string>;
}

/** Longer headers are refused, as by the other implementations. */
export const MAX_HEADER_BYTES = 100_000_000;
const METADATA = "__metadata__";
const BRACE = 0x7b;

/** The length of the header from its 8 bytes. room: how many bytes follow, null when nobody knows. */
export function headerLength(operation: string, bytes: Uint8Array, room: number | null): number {
  const length = bytes.reduceRight((high, byte) => high * 256 + byte, 0);
  if (length > MAX_HEADER_BYTES) {
    throw new RangeError(
      `${operation}: header of ${length} bytes at byte 0 is too long, at most ${MAX_HEADER_BYTES} are possible: ` +
        "is this a safetensors file?",
    );
  }
  if (room !== null && length > room) {
    throw new RangeError(`${operation}: header of ${length} bytes at byte 0 is too long, the file has ${room} more`);
  }
  return length;
}

/** dataBytes: how many bytes follow the header, null when nobody knows. */
export function parseHeader(operation: string, bytes: Uint8Array, dataBytes: number | null): SafetensorsHeader {
  const where = `${operation}: header`;
  const header = bytes[0] === BRACE ? parseJson(where, decodeText(where, bytes)) : null;
  if (!isObject(header)) throw new TypeError(`${where} must be a JSON object, which begins with '{' at byte 8`);
  const metadata = checkMetadata(operation, Object.hasOwn(header, METADATA) ? header[METADATA] : {});
  const entries = Object.entries(header).filter(([name]) => name !== METADATA);
  const tensors = entries.map(([name, entry]): [string, SafetensorsInfo] => [
    name,
    parseEntry(`${operation}: tensor ${quoted(name)}`, entry),
  ]);
  tensors.sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let end = 0;
  for (const [name, info] of tensors) {
    if (info.start !== end) {
      throw new RangeError(
        `${operation}: tensor ${quoted(name)} begins at byte ${info.start} of the data, ` +
          `but must begin where the one before it ends, at byte ${end}`,
      );
    }
    end = info.end;
  }
  if (dataBytes !== null && dataBytes !== end) {
    throw new RangeError(`${operation}: the tensors have ${end} bytes, but the file has ${dataBytes} after its header`);
  }
  return { tensors: new Map(tensors), metadata };
}

export function checkMetadata(operation: string, metadata: unknown): Record<string, string> {
  if (!isObject(metadata)) {
    throw new TypeError(`${operation}: metadata must be an object of strings, but got ${described(metadata)}`);
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (typeof value === "string") continue;
    throw new TypeError(`${operation}: metadata ${quoted(name)} must be a string, but got ${described(value)}`);
  }
  return metadata as Record<string, string>;
}

function parseEntry(where: string, entry: unknown): SafetensorsInfo {
  if (!isObject(entry)) throw new TypeError(`${where} must be an object, but got ${described(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== "string") throw new TypeError(`${where}: dtype must be a string, but got ${described(dtype)}`);
  checkShape(where, shape);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isPlace)) {
    throw new RangeError(`${where}: data_offsets must be two whole numbers, but got ${described(offsets)}`);
  }
  const [start, end] = offsets;
  if (end < start) throw new RangeError(`${where}: data_offsets are [${start}, ${end}], which end before they begin`);
  const width = widthOf(dtype);
  // A tensor of a dtype that came later is as long as the file says.
  const bytes = width === null ? end - start : byteLength(shape, width);
  if (end - start !== bytes) {
    throw new RangeError(
      `${where}: ${dtype} ${sizeText(shape)} has ${bytes} bytes, but data_offsets are [${start}, ${end}]`,
    );
  }
  return { dtype, shape, start, end };
}

/** Bytes of an element, null when nobody knows. */
function widthOf(dtype: string): number | null {
  if (isRead(dtype)) return SAFETENSORS_KINDS[dtype].bytes;
  return Object.hasOwn(OTHER_WIDTHS, dtype) ? OTHER_WIDTHS[dtype] : null;
}

/** Whether tensors are made of it. */
function isRead(dtype: unknown): dtype is SafetensorsDType {
  return typeof dtype === "string" && Object.hasOwn(SAFETENSORS_KINDS, dtype);
}

/** TypeError for a dtype of which no tensor is made. */
export function checkDType(where: string, dtype: unknown): asserts dtype is SafetensorsDType {
  if (isRead(dtype)) return;
  throw new TypeError(
    `${where}: dtype ${described(dtype)} is not supported, those are ${Object.keys(SAFETENSORS_KINDS).join(", ")}`,
  );
}

/** width: bytes of an element. Exact below 2^53, and beyond that no number that a file could have. */
export function byteLength(shape: Shape, width: number): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, width);
}

function isPlace(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
