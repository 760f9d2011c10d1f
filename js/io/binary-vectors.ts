// word2vec's binary form: after the header, for each row a word, a space, dim float32 (little endian) and perhaps a newline.

import { bytesOf } from "../internals.js";
import type { ByteReader } from "./byte-reader.js";
import { asciiOf } from "./decimal.js";
import { countNumbers, type Header } from "./text-vectors.js";
import type { WordRows } from "./word-rows.js";

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
/** No word is longer, in bytes. */
const LONGEST_WORD = 65_536;
/** So much of a file says which of the two forms it has. */
const GLIMPSE = 4096;

/**
 * Whether what follows the header is binary. A first line of dim numbers and no control bytes is text; of others, control bytes
 * tell, or a last column that is no ASCII.
 */
export async function looksBinary(reader: ByteReader, dim: number): Promise<boolean> {
  const ahead = await reader.peek(GLIMPSE);
  const end = ahead.indexOf(NEWLINE);
  const line = end < 0 ? ahead : ahead.subarray(0, end);
  const text = asciiOf(line, 0, line.length).trimEnd();
  const isWhole = end >= 0 || ahead.length < GLIMPSE;
  const numbers = countNumbers(line.subarray(0, text.length));
  if (!line.some(isControl) && (isWhole ? numbers === dim : numbers > 0)) return false;
  return ahead.some(isControl) || /[\x80-\xff][^ \t]*$/.test(text);
}

function isControl(byte: number): boolean {
  return byte < SPACE && byte !== TAB && byte !== NEWLINE && byte !== RETURN;
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
