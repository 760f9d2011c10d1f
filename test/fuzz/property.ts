// Whatever bytes a reader is given, it reads them or says in its own words why not, and gives all memory back.

import fc from "fast-check";
import { memory } from "nn-embedding";
import type { FuzzedReader } from "./readers.js";

/** A change of a file at a place between 0 and 1: bytes overwritten, taken out, put in, doubled, or the end cut off. */
type Mutation =
  | { readonly kind: "overwrite" | "insert"; readonly place: number; readonly bytes: Uint8Array }
  | { readonly kind: "remove" | "repeat"; readonly place: number; readonly length: number }
  | { readonly kind: "truncate"; readonly place: number }
  | { readonly kind: "digit"; readonly place: number; readonly digits: string };

/** Not fc.double, most of whose numbers are next to 0. */
const place = fc.integer({ min: 0, max: 9999 }).map((n) => n / 10_000);
const length = fc.integer({ min: 1, max: 12 });

/** Bytes that mean something to one format or the other, beside any bytes. */
const token = fc.constantFrom(
  "0",
  "-1",
  "1e9",
  "4294967296",
  "9007199254740993",
  '"',
  "{",
  "}",
  "[",
  ",",
  "\n",
  " ",
  "\0",
);
const bytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 9 }),
  token.map((text) => new TextEncoder().encode(text)),
  fc.constant(new Uint8Array(8).fill(255)),
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constantFrom("overwrite" as const, "insert" as const), place, bytes }),
  fc.record({ kind: fc.constantFrom("remove" as const, "repeat" as const), place, length }),
  fc.record({ kind: fc.constant("truncate" as const), place }),
  fc.record({ kind: fc.constant("digit" as const), place, digits: fc.stringMatching(/^-?[0-9]{0,12}$/) }),
);

function mutate(file: Uint8Array, change: Mutation): Uint8Array {
  const at = Math.floor(change.place * file.length);
  const splice = (from: number, to: number, middle: Uint8Array) =>
    Uint8Array.from([...file.subarray(0, from), ...middle, ...file.subarray(to)]);
  switch (change.kind) {
    case "overwrite":
      return splice(at, Math.min(at + change.bytes.length, file.length), change.bytes);
    case "insert":
      return splice(at, at, change.bytes);
    case "remove":
      return splice(at, Math.min(at + change.length, file.length), new Uint8Array());
    case "repeat":
      return splice(at, at, file.slice(at, at + change.length));
    case "truncate":
      return file.slice(0, at);
    case "digit":
      return withDigits(file, at, change.digits);
  }
}

/** The first number at or after a place replaced by another. */
function withDigits(file: Uint8Array, place: number, digits: string): Uint8Array {
  const isDigit = (byte: number) => byte >= 48 && byte <= 57;
  const found = file.subarray(place).findIndex(isDigit);
  if (found < 0) return file;
  const from = place + found;
  let to = from;
  while (to < file.length && isDigit(file[to])) to++;
  return Uint8Array.from([...file.subarray(0, from), ...new TextEncoder().encode(digits), ...file.subarray(to)]);
}

/** The file in pieces of the given lengths, over and over, after an empty one. */
function* pieces(file: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  yield new Uint8Array();
  let at = 0;
  for (let k = 0; at < file.length; k++) {
    const next = at + (lengths[k % lengths.length] ?? file.length);
    yield file.slice(at, next);
    at = next;
  }
}

/** Linear memory that a reader may claim for a file of a few hundred bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What an error of ours begins with: the function or the method. */
const OURS = /^[A-Za-z\d]+(\.[A-Za-z]+)?: /;

async function expectReadOrRefused(reader: FuzzedReader, chunks: Iterable<Uint8Array>, valid: boolean): Promise<void> {
  const before = memory();
  try {
    await reader.read(chunks);
  } catch (error) {
    if (valid) throw error;
    const known = error instanceof Error && [Error, TypeError, RangeError].some((type) => error.constructor === type);
    if (!known || !OURS.test(error.message)) throw new Error(`not an error of ours: ${error}`, { cause: error });
  }
  const after = memory();
  if (after.numTensors !== before.numTensors || after.numBytes !== before.numBytes) {
    throw new Error(`memory not given back: ${JSON.stringify(before)} before, ${JSON.stringify(after)} after`);
  }
  const claimed = after.reservedBytes - before.reservedBytes;
  if (claimed > MOST_BYTES) throw new Error(`${claimed} bytes claimed for a small file`);
}

/** Valid files, changed up to six times. */
export function property(reader: FuzzedReader) {
  const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 4 });
  const mutations = fc.array(mutation, { maxLength: 6 });
  return fc.asyncProperty(reader.files, mutations, lengths, async (file, changes, sizes) => {
    const changed = changes.reduce(mutate, file);
    await expectReadOrRefused(reader, pieces(changed, sizes), Buffer.compare(changed, file) === 0);
  });
}

/** A seed of its own for each reader, the same every time. */
export function seedOf({ name }: FuzzedReader): number {
  return [...name].reduce((seed, letter) => (seed * 31 + letter.charCodeAt(0)) | 0, 20261);
}
