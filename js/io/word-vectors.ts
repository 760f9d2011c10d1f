// Files of words and their vectors: GloVe, word2vec (text and binary), fastText .vec.

import { checkInteger, checkOptions, checkWord } from "../internals.js";
import type { KeyedEmbedding } from "../tables/keyed-embedding.js";
import { looksBinary, readBinary } from "./binary-vectors.js";
import { type ByteReader, reading } from "./byte-reader.js";
import type { ReadOptions, Source } from "./source.js";
import { countNumbers, Lines, parseHeader, readLines } from "./text-vectors.js";
import { WordRows, type WordSettings } from "./word-rows.js";

/** "glove": text without a header. "word2vec": text with a header, such as fastText .vec too. */
export type WordVectorFormat = "glove" | "word2vec" | "word2vec-binary";

export interface ReadWordVectorsOptions extends ReadOptions {
  /** Seen from the file unless given: a first line of two numbers is a header. */
  format?: WordVectorFormat;
  /** Only the first so many rows are read, and the rest of the file is not; all unless given. */
  limit?: number;
  /** A word that comes again: "first" keeps its first row, as gensim does and real files need; "error" is a RangeError. */
  duplicates?: "first" | "error";
  /** Words that are not UTF-8: "strict" is a RangeError, "replace" puts U+FFFD for what cannot be read. "strict" unless given. */
  errors?: "strict" | "replace";
}

const OPERATION = "readWordVectors";
const OPTIONS = ["format", "limit", "duplicates", "errors", "onProgress", "total"];
export const FORMATS: readonly WordVectorFormat[] = ["glove", "word2vec", "word2vec-binary"];

/**
 * Words and their float32 vectors, not trained, out of a file of any of the formats, read piece by piece.
 * Numbers are those of Math.fround(Number(text)). RangeError with the line, or in binary the byte, for what is no such file: a
 * line of another width, a number that is not finite, more or fewer rows than the header tells. Then nothing stays in memory.
 */
export async function readWordVectors(source: Source, options: ReadWordVectorsOptions = {}): Promise<KeyedEmbedding> {
  checkOptions(OPERATION, options, OPTIONS);
  const { format, limit = Infinity, duplicates = "first", errors = "strict" } = options;
  if (format !== undefined) checkWord(OPERATION, "format", format, FORMATS);
  if (limit !== Infinity) checkInteger(OPERATION, "limit", limit);
  if (limit < 1) throw new RangeError(`${OPERATION}: limit must be at least 1, but got ${limit}`);
  checkWord(OPERATION, "duplicates", duplicates, ["first", "error"]);
  checkWord(OPERATION, "errors", errors, ["strict", "replace"]);
  return reading(OPERATION, source, options, (reader) => readAny(reader, format, { limit, duplicates, errors }));
}

async function readAny(
  reader: ByteReader,
  format: WordVectorFormat | undefined,
  settings: WordSettings,
): Promise<KeyedEmbedding> {
  const lines = new Lines(reader);
  const first = await lines.next();
  if (first === null) throw new RangeError(`${OPERATION}: the file is empty`);
  const header = format === "glove" ? null : parseHeader(first, lines);
  if (header === null) {
    if (format === undefined || format === "glove") return readGlove(lines, first, settings);
    throw lines.refused(`${format} starts with a header of two numbers, rows and columns`);
  }
  const binary = format === undefined ? await looksBinary(reader, header.dim) : format === "word2vec-binary";
  // What a header claims is believed as far as the file is long enough for it: a column of text takes two bytes or more.
  const least = header.rows * header.dim * (binary ? 4 : 2);
  const expected = reader.total !== null && least <= reader.total - reader.position ? header.rows : null;
  const rows = new WordRows(reader, settings, header.dim, expected, binary ? "byte" : "line");
  return finished(rows, () => (binary ? readBinary(reader, rows, header) : readLines(lines, rows, header, null)));
}

function readGlove(lines: Lines, first: Uint8Array, settings: WordSettings): Promise<KeyedEmbedding> {
  const dim = countNumbers(first);
  if (dim === 0) throw lines.refused("must be a word and numbers, or a header of two numbers, but ends with no number");
  const rows = new WordRows(lines.reader, settings, dim, null, "line");
  return finished(rows, () => readLines(lines, rows, { rows: null, dim }, first));
}

/** The rows once they have been read; none of them stays if that fails. */
async function finished(rows: WordRows, read: () => Promise<unknown>): Promise<KeyedEmbedding> {
  try {
    await read();
    return rows.finish();
  } finally {
    rows.dispose();
  }
}
