// GloVe, word2vec text and fastText .vec: a line holds a word and dim numbers. Words may contain blanks, so that a line is read
// from its end; but what could be a number is one, and no part of the word.

import { NEWLINE, RETURN, SPACE, TAB } from "./ascii.js";
import type { ByteReader } from "./byte-reader.js";
import { asciiOf, parseDecimal } from "./decimal.js";
import type { WordRows } from "./word-rows.js";

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** No line is longer, in bytes. */
const LONGEST_LINE = 1 << 24;

/** The rows and columns that the first line of a word2vec file tells. */
export interface Header {
  readonly rows: number;
  readonly dim: number;
}

/** The lines that are not empty, without the blanks at their ends. */
export class Lines {
  /** Of the line last read, the first is 1. */
  number = 0;

  constructor(readonly reader: ByteReader) {}

  /** A view to be used at once, null at the end. */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const line = await this.reader.readUntil(NEWLINE, LONGEST_LINE, `line ${this.number + 1}`);
      if (line === null) return null;
      const marked = this.number++ === 0 && BYTE_ORDER_MARK.every((byte, i) => line[i] === byte);
      const text = withoutBlanks(marked ? line.subarray(BYTE_ORDER_MARK.length) : line);
      if (text.length > 0) return text;
    }
  }

  refused(problem: string): RangeError {
    return new RangeError(`${this.reader.operation}: line ${this.number}: ${problem}`);
  }
}

/** A first line of two numbers is a header; null for any other. RangeError for numbers that can be no header's. */
export function parseHeader(line: Uint8Array, lines: Lines): Header | null {
  const start = lastStart(line, line.length);
  const end = skipBlanks(line, start);
  if (start === 0 || Number.isNaN(parseDecimal(line, start, line.length))) return null;
  if (Number.isNaN(parseDecimal(line, 0, end))) return null;
  const [rows, dim] = [asciiOf(line, 0, end), asciiOf(line, start, line.length)].map((text) =>
    /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN,
  );
  if (rows < 2 ** 31 && dim < 2 ** 31 && dim > 0) return { rows, dim };
  throw lines.refused(
    `${JSON.stringify(asciiOf(line, 0, Math.min(line.length, 60)))} must be a header of two whole numbers, rows and columns ` +
      'below 2^31; GloVe vectors of one column are read with format: "glove"',
  );
}

/** A line without the blanks at its end. */
export function withoutBlanks(line: Uint8Array): Uint8Array {
  let end = line.length;
  while (end > 0 && (isBlank(line[end - 1]) || line[end - 1] === RETURN)) end--;
  return line.subarray(0, end);
}

/** How many numbers end a line; none of them starts it. */
export function countNumbers(line: Uint8Array): number {
  let count = 0;
  for (let end = line.length; ; count++) {
    const start = lastStart(line, end);
    if (start === 0 || Number.isNaN(parseDecimal(line, start, end))) return count;
    end = skipBlanks(line, start);
  }
}

/**
 * Reads `first`, if there is one, and the lines after it, until no more rows are wanted.
 * rows: how many there must be, null when nobody says.
 */
export async function readLines(
  lines: Lines,
  rows: WordRows,
  told: { readonly rows: number | null; readonly dim: number },
  first: Uint8Array | null,
): Promise<void> {
  // Made when the first line is seen to be long enough: a header may claim anything.
  let row: Float32Array | null = null;
  let count = 0;
  for (let line = first ?? (await lines.next()); line !== null; line = await lines.next()) {
    if (count === told.rows) throw lines.refused(`the header tells ${told.rows} rows, but here is one more`);
    if (line.length < 2 * told.dim) throw wrongCount(lines, line, told.dim);
    row ??= new Float32Array(told.dim);
    const end = parseRow(lines, line, row);
    rows.add(rows.decode(line.subarray(0, end), lines.number), row, lines.number);
    count++;
    if (rows.isFull) return;
  }
  if (told.rows === null || count === told.rows) return;
  throw lines.reader.ended(`after ${count} of the ${told.rows} rows that the header tells`);
}

/** Fills the row with the last numbers of a line; returns where the word before them ends. */
function parseRow(lines: Lines, line: Uint8Array, row: Float32Array): number {
  let end = line.length;
  let start = end;
  for (let column = row.length - 1; column >= 0; column--) {
    end = column === row.length - 1 ? end : skipBlanks(line, start);
    start = lastStart(line, end);
    const value = start === 0 ? Number.NaN : parseDecimal(line, start, end);
    if (!Number.isFinite(value)) throw badNumber(lines, line, start, end, column, row.length);
    row[column] = value;
  }
  end = start - 1;
  const before = skipBlanks(line, start);
  const last = lastStart(line, before);
  if (last > 0 && last < before && !Number.isNaN(parseDecimal(line, last, before))) {
    throw wrongCount(lines, line, row.length);
  }
  return end;
}

/** Too few columns, if the line has no more words than that; or a column that is no number. */
function badNumber(
  lines: Lines,
  line: Uint8Array,
  start: number,
  end: number,
  column: number,
  dim: number,
): RangeError {
  let words = 0;
  for (let at = line.length; at > 0; words++) at = skipBlanks(line, lastStart(line, at));
  if (words <= dim) return wrongCount(lines, line, dim);
  const text = JSON.stringify(asciiOf(line, start, Math.min(end, start + 40)));
  return lines.refused(`column ${column + 1} of ${dim} is ${text}, which is no finite float32 number`);
}

function wrongCount(lines: Lines, line: Uint8Array, dim: number): RangeError {
  return lines.refused(`has ${countNumbers(line)} numbers after the word, but ${dim} are expected`);
}

/** Where the last word of text[0, end) starts. */
function lastStart(text: Uint8Array, end: number): number {
  let start = end;
  while (start > 0 && !isBlank(text[start - 1])) start--;
  return start;
}

/** The end of what stands before the blanks that end at `start`. */
function skipBlanks(text: Uint8Array, start: number): number {
  let end = start;
  while (end > 0 && isBlank(text[end - 1])) end--;
  return end;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
