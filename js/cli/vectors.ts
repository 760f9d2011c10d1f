// Tables read from a file of any format, and written.

import { nn } from "nn-embedding";
import {
  KeyedEmbedding,
  npyPieces,
  openSafetensors,
  type Progress,
  readKeyedEmbedding,
  readNpy,
  readWordVectors,
  writeKeyedEmbedding,
  writeWordVectors,
} from "nn-embedding/tables";
import { type Input, linesOf, withInput, writeOutput } from "./files.js";
import type { DType, Format } from "./formats.js";
import { withProgress } from "./progress.js";

/** Which part of a file is the table, and what its rows are called. */
export interface TableFlags {
  /** Only the first so many rows. */
  top?: number;
  /** The tensor in a safetensors file. */
  tensor?: string;
  /** A file with a word a line, for a table without words. */
  words?: string;
}

/** The table of a file and its words; where there are none, the numbers of the rows. */
export function readVectors(path: string, flags: TableFlags = {}): Promise<KeyedEmbedding> {
  return withInput(path, (input) => {
    if (input.kind === "safetensors") return fromSafetensors(input, flags);
    return input.kind === "npy" ? fromNpy(input, flags) : fromText(input, flags);
  });
}

function fromText(input: Input, { top, words }: TableFlags): Promise<KeyedEmbedding> {
  refuseWords(words);
  return withProgress(`Reading ${input.name}`, (tell) =>
    readWordVectors(input.stream(), {
      ...(top === undefined ? {} : { limit: top }),
      ...(input.total === null ? {} : { total: input.total }),
      onProgress: ({ rows, bytes, total }: Progress) => tell(bytes, total, `${rows.toLocaleString("en")} rows`),
    }),
  );
}

async function fromNpy(input: Input, { top = Infinity, words }: TableFlags): Promise<KeyedEmbedding> {
  const array = await readNpy(input.stream());
  const [rows] = tableShape("array", array.shape);
  const table = array.float().narrow(0, 0, Math.min(top, rows));
  return keyed(nn.Embedding.fromPretrained(table), words);
}

async function fromSafetensors(
  input: Input,
  { top = Infinity, tensor = "embedding.weight", words }: TableFlags,
): Promise<KeyedEmbedding> {
  const ranges = await input.ranges();
  const file = await openSafetensors(ranges);
  if (tensor === "embedding.weight" && file.names.includes("vocab")) {
    refuseWords(words);
    return readKeyedEmbedding(ranges, top === Infinity ? {} : { limit: top });
  }
  const [rows] = tableShape("tensor", file.info(tensor).shape);
  const table = await file.rows(tensor, 0, Math.min(top, rows));
  return keyed(nn.Embedding.fromPretrained(table.float()), words);
}

function tableShape(what: string, shape: readonly number[]): readonly number[] {
  if (shape.length === 2) return shape;
  throw new Error(`a table is 2-D, but this ${what} is of shape [${shape.join(", ")}]`);
}

function refuseWords(words: string | undefined): void {
  if (words !== undefined) throw new Error("it has words of its own: leave out --words");
}

/** The first words of a file, or the numbers of the rows. */
async function keyed(table: nn.Embedding, words: string | undefined): Promise<KeyedEmbedding> {
  const rows = table.numEmbeddings;
  const numbers = () => Array.from({ length: rows }, (_, row) => String(row));
  const listed = words === undefined ? numbers() : await withInput(words, linesOf);
  if (listed.length < rows) throw new Error(`${words} has ${listed.length} words for ${rows} rows`);
  return new KeyedEmbedding(listed.slice(0, rows), table);
}

/** Writes the table, packed as dtype says. */
export async function writeVectors(path: string, vectors: KeyedEmbedding, format: Format, dtype: DType): Promise<void> {
  const packed = vectors.table instanceof nn.Embedding && dtype !== "float32";
  await writeOutput(path, piecesOf(packed ? vectors.quantize(dtype) : vectors, format));
}

function piecesOf(vectors: KeyedEmbedding, format: Format): Iterable<Uint8Array> {
  if (format === "safetensors") return writeKeyedEmbedding(vectors);
  if (format !== "npy") return writeWordVectors(vectors, { format });
  const { table } = vectors;
  return npyPieces(table instanceof nn.Embedding ? table.weight : table.dequantize());
}
