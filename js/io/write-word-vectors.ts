// The same formats as in word-vectors.ts, written.

import { bytesOf, checkOptions, checkWord, wrongKind } from "../internals.js";
import { KeyedEmbedding } from "../tables/keyed-embedding.js";
import { isControl } from "./ascii.js";
import { decimalText, parseDecimal } from "./decimal.js";
import { FORMATS, type WordVectorFormat } from "./word-vectors.js";

export interface WriteWordVectorsOptions {
  /** "word2vec" unless given: text with a header. */
  format?: WordVectorFormat;
}

const OPERATION = "writeWordVectors";
/** So many numbers are looked at together. */
const STRETCH = 65_536;

/**
 * A file of words and vectors in pieces, which `readWordVectors` reads back to the same bits: numbers as the shortest decimal that
 * does so. RangeError, before anything is written, for a word that the format cannot hold and for a number that is not finite.
 */
export function writeWordVectors(
  vectors: KeyedEmbedding,
  options: WriteWordVectorsOptions = {},
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  checkVectors(OPERATION, vectors);
  checkOptions(OPERATION, options, ["format"]);
  const { format = "word2vec" } = options;
  checkWord(OPERATION, "format", format, FORMATS);
  if (vectors.dim === 0) throw new RangeError(`${OPERATION}: vectors without columns have no form in a file`);
  if (format === "glove" && vectors.size === 0) {
    throw new RangeError(`${OPERATION}: a table without rows has no form in a file without a header: write "word2vec"`);
  }
  const problemOf = format === "word2vec-binary" ? binaryProblem : textProblem;
  checkWords(OPERATION, vectors, (word, row) => {
    if (format === "glove" && row === 0 && word.startsWith("\ufeff")) return "begins the file with a byte order mark";
    return problemOf(word);
  });
  checkFinite(OPERATION, vectors);
  return format === "word2vec-binary" ? binaryFile(vectors) : textFile(vectors, format === "word2vec");
}

/** TypeError unless it is a KeyedEmbedding. */
export function checkVectors(operation: string, vectors: unknown): asserts vectors is KeyedEmbedding {
  if (!(vectors instanceof KeyedEmbedding)) throw wrongKind(operation, "vectors", "a KeyedEmbedding", vectors);
}

/** RangeError for the first word with a problem. */
export function checkWords(
  operation: string,
  vectors: KeyedEmbedding,
  problemOf: (word: string, row: number) => string | null,
): void {
  let row = 0;
  for (const word of vectors.vocab) {
    const problem = /\p{Surrogate}/u.test(word)
      ? "is not well-formed, so that UTF-8 has no form of it"
      : problemOf(word, row);
    if (problem !== null)
      throw new RangeError(`${operation}: the word of row ${row}, ${JSON.stringify(word)}, ${problem}`);
    row++;
  }
}

/** RangeError for the first number that is not finite. */
export function checkFinite(operation: string, vectors: KeyedEmbedding): void {
  for (const { start, values } of stretches(vectors)) {
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    const word = JSON.stringify(vectors.vocab.word(start + Math.floor(bad / vectors.dim)));
    throw new RangeError(
      `${operation}: column ${(bad % vectors.dim) + 1} of ${word} is ${values[bad]}, which is not finite`,
    );
  }
}

/** The lines of rows, each made of its word and its numbers, in pieces of UTF-8. */
export function* linesOf(
  vectors: KeyedEmbedding,
  lineOf: (word: string, numbers: string[]) => string,
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { vocab, dim } = vectors;
  const encoder = new TextEncoder();
  for (const { start, values } of stretches(vectors)) {
    let text = "";
    for (let at = 0; at < values.length; at += dim) {
      text += lineOf(vocab.word(start + at / dim), Array.from(values.subarray(at, at + dim), decimalText));
    }
    yield encoder.encode(text);
  }
}

function* textFile(vectors: KeyedEmbedding, header: boolean): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  if (header) yield new TextEncoder().encode(`${vectors.size} ${vectors.dim}\n`);
  yield* linesOf(vectors, (word, numbers) => `${word} ${numbers.join(" ")}\n`);
}

/** As the original tool writes it, which ends rows with a newline. */
function* binaryFile(vectors: KeyedEmbedding): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const { vocab, dim } = vectors;
  const encoder = new TextEncoder();
  yield encoder.encode(`${vectors.size} ${dim}\n`);
  for (const { start, values } of stretches(vectors)) {
    const bytes = bytesOf(values);
    const words = Array.from({ length: values.length / dim }, (_, i) => encoder.encode(`${vocab.word(start + i)} `));
    const piece = new Uint8Array(words.reduce((sum, word) => sum + word.length + 1, bytes.length));
    let at = 0;
    for (const [i, word] of words.entries()) {
      piece.set(word, at);
      piece.set(bytes.subarray(4 * i * dim, 4 * (i + 1) * dim), at + word.length);
      at += word.length + 4 * dim + 1;
      piece[at - 1] = 10;
    }
    yield piece;
  }
}

/** Copies of the rows, a number of them at a time. */
function* stretches(vectors: KeyedEmbedding): Generator<{ start: number; values: Float32Array<ArrayBuffer> }> {
  const height = Math.max(1, Math.floor(STRETCH / vectors.dim));
  for (let start = 0; start < vectors.size; start += height) {
    yield { start, values: vectors.rows(start, Math.min(height, vectors.size - start)) };
  }
}

function binaryProblem(word: string): string | null {
  return /[ \n]/.test(word) ? "has a space or a line break, which word2vec's binary form cannot hold" : null;
}

function textProblem(word: string): string | null {
  if (/[\r\n]/.test(word)) return "has a line break, which text cannot hold";
  if (new TextEncoder().encode(word).some(isControl))
    return "has a control character, which is taken for binary in text";
  const last = /[ \t]([^ \t]+)[ \t]*$/.exec(word)?.[1];
  if (last === undefined) return null;
  const bytes = new TextEncoder().encode(last);
  return Number.isNaN(parseDecimal(bytes, 0, bytes.length))
    ? null
    : "ends with a number, which would be read as a column";
}
