// word2vec's binary form: after the header, for each row a word, a space, dim float32 (little endian) and perhaps a newline.

import { bytesOf } from "../internals.js";
import { isControl, NEWLINE, SPACE } from "./ascii.js";
import type { ByteReader } from "./byte-reader.js";
import { asciiOf } from "./decimal.js";
import { countNumbers, type Header, withoutBlanks } from "./text-vectors.js";
import type { WordRows } from "./word-rows.js";

/** No word is longer, in bytes. */
const LONGEST_WORD = 65_536;
/** So much of a file says which of the two forms it has. */
const GLIMPSE = 4096;

/**
 * Whether what follows the header is binary. Lines that all end with dim numbers, the first of them without control bytes, are text;
 * of others, control bytes tell, or a last column that is no ASCII.
 */
export async function looksBinary(reader: ByteReader, dim: number): Promise<boolean> {
  const ahead = await reader.peek(GLIMPSE);
  const [first, ...others] = linesOf(ahead);
  const isWhole = others.length > 0 || ahead.length < GLIMPSE;
  const ends = (line: Uint8Array) => countNumbers(withoutBlanks(line)) === dim;
  // The last line may be cut.
  const whole = ahead.length < GLIMPSE ? others : others.slice(0, -1);
  const isText = isWhole
    ? ends(first) && whole.every((line) => line.length === 0 || ends(line))
    : countNumbers(first) > 0;
  if (isText && !first.some(isControl)) return false;
  const { length } = withoutBlanks(first);
  return ahead.some(isControl) || /[\x80-\xff][^ \t]*$/.test(asciiOf(first, 0, length));
}

/** The lines of some bytes, the last of them without an end. */
function linesOf(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return [...lines, bytes.subarray(start)];
}

/** Reads the rows that the header tells, and the end of the file unless no more are wanted. */
export async function readBinary(reader: ByteReader, rows: WordRows, header: Header): Promise<void> {
  let row: Float32Array | null = null;
  for (let i = 0; i < header.rows; i++) {
    const word = await readWord(reader, rows, i, header);
    const start = reader.position;
    const bytes = await reader.readExactly(4 * header.dim, `the vector of row ${i}`);
    // Made when the bytes are there: a header may claim anything.
    row ??= new Float32Array(header.dim);
    bytesOf(row).set(bytes);
    const bad = row.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0) {
      throw rows.refused(start + 4 * bad, `column ${bad + 1} of row ${i} is ${row[bad]}, which is no finite number`);
    }
    rows.add(word, row, start);
    if (rows.isFull) return;
    await reader.skip(NEWLINE);
  }
  await reader.expectEnd();
}

/** The word before the next space. */
async function readWord(reader: ByteReader, rows: WordRows, i: number, header: Header): Promise<string> {
  const start = reader.position;
  const word = await reader.readUntil(SPACE, LONGEST_WORD, `the word of row ${i}`);
  if (word === null) throw reader.ended(`before row ${i} of the ${header.rows} that the header tells`);
  if (word.includes(NEWLINE)) throw rows.refused(start, `the word of row ${i} has a line break`);
  return rows.decode(word, start);
}
