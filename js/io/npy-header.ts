// The header of a .npy file: a Python dict in text. https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

import type { Shape } from "../index.js";
import { checkShape } from "../internals.js";
import type { ByteReader } from "./byte-reader.js";
import { type ElementKind, KINDS } from "./elements.js";
import type { ArrayLayout } from "./filling.js";
import { quoted } from "./json.js";

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

/** A Python literal as NumPy writes it: strings, booleans, whole numbers and brackets. */
const TOKEN = /\s*(?:'([^'\\]*)'|"([^"\\]*)"|(True|False)\b|(\d+)L?\b|([{}(),:]))/y;

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
  const fields = parseDict(where, text);
  const names = [...fields.keys()].sort().join();
  if (names !== "descr,fortran_order,shape") {
    throw new TypeError(`${where} must have descr, fortran_order and shape alone, but has ${quoted(names)}`);
  }
  const descr = fields.get("descr");
  const fortranOrder = fields.get("fortran_order");
  const shape = fields.get("shape");
  const [, order, code] = /^([<>|=])(.*)$/s.exec(String(descr)) ?? [];
  const kind = NPY_KINDS.get(code);
  if (typeof descr !== "string" || kind === undefined) {
    throw new TypeError(
      `${where}: dtype ${quoted(String(descr))} is not supported, those are ${[...NPY_KINDS.keys()].join(", ")}`,
    );
  }
  if (typeof fortranOrder !== "boolean") throw new TypeError(`${where}: fortran_order must be True or False`);
  if (!Array.isArray(shape)) throw new TypeError(`${where}: shape must be a tuple`);
  checkShape(where, shape);
  return { name: "the array", kind, shape, swapped: order === ">" && kind.bytes > 1, fortranOrder };
}

type Literal = string | boolean | number | readonly number[];

/** The entries of a dict of strings, booleans and tuples of whole numbers. */
function parseDict(where: string, text: string): Map<string, Literal> {
  const tokens = tokensOf(where, text);
  let at = 0;
  const next = () => tokens[at++];
  const expectToken = (...wanted: string[]) => {
    const { mark } = tokens[at] ?? {};
    if (mark === undefined || !wanted.includes(mark)) {
      throw new TypeError(`${where} is not a Python dict: '${wanted.join("' or '")}' is missing in ${quoted(text)}`);
    }
    return next().mark;
  };
  const tuple = (): number[] => {
    const items: number[] = [];
    for (let token = next(); token?.mark !== ")"; token = next()) {
      if (typeof token?.value !== "number")
        throw new TypeError(`${where}: shape must be whole numbers: ${quoted(text)}`);
      items.push(token.value);
      if (expectToken(",", ")") === ")") break;
    }
    return items;
  };
  const fields = new Map<string, Literal>();
  expectToken("{");
  while (tokens[at]?.mark !== "}") {
    const name = String(next()?.value);
    if (fields.has(name)) throw new TypeError(`${where} has the name ${quoted(name)} twice`);
    expectToken(":");
    const token = next();
    const value = token?.mark === "(" ? tuple() : token?.value;
    if (value === undefined)
      throw new TypeError(`${where}: ${quoted(name)} has no value that is known: ${quoted(text)}`);
    fields.set(name, value);
    if (tokens[at]?.mark !== "}") expectToken(",");
  }
  expectToken("}");
  if (at < tokens.length) throw new TypeError(`${where} goes on after its dict: ${quoted(text)}`);
  return fields;
}

interface Token {
  readonly value?: string | boolean | number;
  readonly mark?: string;
}

function tokensOf(where: string, text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  for (let at = 0; at < end; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null)
      throw new TypeError(`${where} is not a Python dict of strings, booleans and tuples: ${quoted(text)}`);
    const [, single, double, boolean, number, mark] = found;
    if (mark !== undefined) tokens.push({ mark });
    else if (boolean !== undefined) tokens.push({ value: boolean === "True" });
    else if (number !== undefined) tokens.push({ value: Number(number) });
    else tokens.push({ value: single ?? double });
  }
  return tokens;
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
