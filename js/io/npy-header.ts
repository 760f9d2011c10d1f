// The header of a .npy file: a Python dict in text. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import type { Shape } from "../index.js";
import { checkShape } from "../internals.js";
import type { ByteReader } from "./byte-reader.js";
import { type ElementKind, KINDS } from "./elements.js";
import type { ArrayLayout } from "./filling.js";
import { described, isObject, parseJson, quoted } from "./json.js";

/** The kinds of numbers that are read, as NumPy's descr names them after the byte order. */
const NPY_KINDS: ReadonlyMap<string, ElementKind> = /* @__PURE__ */ new Map<string, ElementKind>([
  ["f2", KINDS.float16],
  ["f4", KINDS.float32],
  ["f8", KINDS.float64],
  ["i1", KINDS.int8],
  ["i4", KINDS.int32],
  ["i8", KINDS.int64],
  ["u1", KINDS.uint8],
]);

export interface NpyHeader extends ArrayLayout {
  /** Whether the first index runs fastest. */
  readonly fortranOrder: boolean;
}

/** "\x93NUMPY" */
export const NPY_MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
/** NumPy itself refuses to parse longer ones. */
const MAX_HEADER_BYTES = 10_000;

/** Reads the header, and leaves the reader at the first element. */
export async function readNpyHeader(reader: ByteReader): Promise<NpyHeader> {
  const { operation } = reader;
  const start = await reader.readExactly(8, "the header");
  if (!NPY_MAGIC.every((byte, i) => start[i] === byte)) {
    throw new TypeError(`${operation}: a .npy file begins with "\\x93NUMPY", this one does not`);
  }
  const version = start[6];
  if (version < 1 || version > 3 || start[7] !== 0) {
    throw new RangeError(
      `${operation}: version ${version}.${start[7]} at byte 6 is not known, those are 1.0, 2.0 and 3.0`,
    );
  }
  const width = version === 1 ? 2 : 4;
  const length = (await reader.readExactly(width, "the header")).reduceRight((high, byte) => high * 256 + byte, 0);
  if (length > MAX_HEADER_BYTES) {
    throw new RangeError(
      `${operation}: header of ${length} bytes at byte 8 is too long, at most ${MAX_HEADER_BYTES} are read`,
    );
  }
  const bytes = await reader.readExactly(length, "the header");
  return parseNpyHeader(operation, String.fromCharCode(...bytes));
}

function parseNpyHeader(operation: string, text: string): NpyHeader {
  const where = `${operation}: header`;
  const fields = parseJson(where, inJson(text), "a Python dict of strings, booleans and tuples");
  const names = isObject(fields) ? Object.keys(fields).sort().join() : described(fields);
  if (!isObject(fields) || names !== "descr,fortran_order,shape") {
    throw new TypeError(`${where} must be a dict of descr, fortran_order and shape, but is one of ${quoted(names)}`);
  }
  const { descr, fortran_order: fortranOrder, shape } = fields;
  const [, order, code] = (typeof descr === "string" && /^([<>|=])(.*)$/s.exec(descr)) || [];
  const kind = NPY_KINDS.get(code);
  if (kind === undefined) {
    throw new TypeError(
      `${where}: dtype ${described(descr)} is not supported, those are ${[...NPY_KINDS.keys()].join(", ")}`,
    );
  }
  if (typeof fortranOrder !== "boolean") throw new TypeError(`${where}: fortran_order must be True or False`);
  checkShape(where, shape);
  return { name: "the array", kind, shape, swapped: order === ">" && kind.bytes > 1, fortranOrder };
}

/** A Python literal of such kinds as JSON. In strings of other kinds it changes letters: no name of a dtype has them. */
function inJson(text: string): string {
  return text
    .replaceAll("'", '"')
    .replaceAll("(", "[")
    .replaceAll(")", "]")
    .replace(/\b(?:True|False)\b/g, (word) => word.toLowerCase())
    .replace(/(\d)L\b/g, "$1")
    .replace(/,(\s*[\]}])/g, "$1");
}

/** A header of version 1.0, filled up with spaces so that the data begins at a multiple of 64. */
export function formatNpyHeader(descr: string, shape: Shape): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const prefix = NPY_MAGIC.length + 4;
  const length = Math.ceil((prefix + dict.length + 1) / 64) * 64 - prefix;
  const text = `${dict.padEnd(length - 1)}\n`;
  const codes = Array.from(text, (letter) => letter.charCodeAt(0));
  return Uint8Array.from([...NPY_MAGIC, 1, 0, length & 255, length >> 8, ...codes]);
}
