// Words and their table in one safetensors file.

import { nn } from "../index.js";
import { checkInteger, checkOptions, sizeText } from "../internals.js";
import { KeyedEmbedding } from "../tables/keyed-embedding.js";
import { type QuantizedDType, QuantizedEmbedding } from "../tables/quantized.js";
import { decodeText } from "./json.js";
import type { RandomAccess } from "./random-access.js";
import { openSafetensors, type SafetensorsFile } from "./safetensors.js";
import { type RawTensor, safetensorsPieces } from "./write-safetensors.js";
import { checkVectors, checkWords } from "./write-word-vectors.js";

const TABLE = "embedding.weight";
const WORDS = "vocab";

/**
 * A safetensors file, in pieces, of the table as "embedding.weight", F32, F16 or BF16 [V, D], or U8 [V, rowBytes] for rows packed as
 * int8 or int4, and its words as "vocab", their UTF-8 with a line feed between two. Metadata: format "nn-embedding", the dtype, and
 * embedding_dim. RangeError, before anything is written, for a word that has a line feed or is not well-formed.
 *
 * In Python: `t = safetensors.numpy.load_file(path)`, `words = t["vocab"].tobytes().decode().split("\n")`, `t["embedding.weight"]`.
 * Rows of int8: `w[:, :-8] * w[:, -8:-4].copy().view("<f4") + w[:, -4:].copy().view("<f4")`.
 */
export function writeKeyedEmbedding(vectors: KeyedEmbedding): Generator<Uint8Array, void, undefined> {
  const operation = "writeKeyedEmbedding";
  checkVectors(operation, vectors);
  checkWords(operation, vectors, (word) => (word.includes("\n") ? "has a line feed, which ends words here" : null));
  const { vocab, table, dim } = vectors;
  const words = new TextEncoder().encode([...vocab].join("\n"));
  const packed = table instanceof QuantizedEmbedding;
  const metadata = { format: "nn-embedding", dtype: packed ? table.dtype : "float32", embedding_dim: String(dim) };
  return safetensorsPieces(
    {
      [TABLE]: packed ? rawTable(table) : table.weight,
      [WORDS]: { dtype: "U8", shape: [words.length], data: words },
    },
    { metadata },
  );
}

/** A copy of the packed rows: the file may be written while memory grows. */
function rawTable({ dtype, numEmbeddings, embeddingDim, rowBytes, packed }: QuantizedEmbedding): RawTensor {
  const data = packed.slice();
  if (dtype === "int8" || dtype === "int4") return { dtype: "U8", shape: [numEmbeddings, rowBytes], data };
  return { dtype: dtype === "float16" ? "F16" : "BF16", shape: [numEmbeddings, embeddingDim], data };
}

/**
 * What `writeKeyedEmbedding` wrote, from bytes, a Blob, Node's FileHandle, or a URL. F32 becomes an nn.Embedding that is not
 * trained; F16, BF16 and packed rows stay as they are, in a QuantizedEmbedding. limit: only the first so many rows are read; all
 * unless given. RangeError for a file that is damaged or of another kind; then no memory is held.
 */
export async function readKeyedEmbedding(
  file: RandomAccess,
  options: { limit?: number } = {},
): Promise<KeyedEmbedding> {
  const operation = "readKeyedEmbedding";
  checkOptions(operation, options, ["limit"]);
  const { limit = Infinity } = options;
  if (limit !== Infinity) checkInteger(operation, "limit", limit);
  if (limit < 1) throw new RangeError(`${operation}: limit must be at least 1, but got ${limit}`);
  const opened = await openSafetensors(file);
  const layout = layoutOf(operation, opened);
  const words = await readWords(operation, opened, layout.rows);
  const rows = Math.min(limit, layout.rows);
  const table = await readTable(opened, { ...layout, rows });
  try {
    return new KeyedEmbedding(words.slice(0, rows), table);
  } catch (error) {
    table.dispose();
    throw error;
  }
}

interface Layout {
  readonly rows: number;
  readonly dim: number;
  /** null for float32. */
  readonly dtype: QuantizedDType | null;
}

/** What the header says of the table. Sizes of packed rows are checked by who takes them. */
function layoutOf(operation: string, file: SafetensorsFile): Layout {
  const { dtype, shape } = infoOf(operation, file, TABLE);
  if (shape.length !== 2) {
    throw new RangeError(`${operation}: '${TABLE}' must be 2-D, but is of shape ${sizeText(shape)}`);
  }
  const [rows, width] = shape;
  if (dtype === "F32" || dtype === "F64") return { rows, dim: width, dtype: null };
  if (dtype === "F16") return { rows, dim: width, dtype: "float16" };
  if (dtype === "BF16") return { rows, dim: width, dtype: "bfloat16" };
  const { dtype: packed, embedding_dim: dim = "" } = file.metadata;
  if (dtype === "U8" && (packed === "int8" || packed === "int4") && /^\d{1,9}$/.test(dim)) {
    return { rows, dim: Number(dim), dtype: packed };
  }
  throw new RangeError(
    `${operation}: '${TABLE}' must be F32, F16, BF16, or U8 with metadata { dtype: "int8" or "int4", embedding_dim }, ` +
      `but is ${dtype} with ${JSON.stringify(file.metadata)}`,
  );
}

function infoOf(operation: string, file: SafetensorsFile, name: string): ReturnType<SafetensorsFile["info"]> {
  if (file.names.includes(name)) return file.info(name);
  throw new RangeError(
    `${operation}: there is no tensor '${name}' in the file, only ${file.names.join(", ") || "none"}`,
  );
}

async function readWords(operation: string, file: SafetensorsFile, rows: number): Promise<string[]> {
  const { dtype, shape } = infoOf(operation, file, WORDS);
  if (dtype !== "U8" || shape.length !== 1) {
    throw new RangeError(`${operation}: '${WORDS}' must be U8 and 1-D, but is ${dtype} of shape ${sizeText(shape)}`);
  }
  const bytes = await file.bytes(WORDS);
  const text = decodeText(`${operation}: '${WORDS}'`, bytes);
  const words = rows === 0 && text === "" ? [] : text.split("\n");
  if (words.length === rows) return words;
  throw new RangeError(`${operation}: '${WORDS}' has ${words.length} words, but '${TABLE}' has ${rows} rows`);
}

async function readTable(
  file: SafetensorsFile,
  { rows, dim, dtype }: Layout,
): Promise<nn.Embedding | QuantizedEmbedding> {
  if (dtype === null) {
    const weight = await file.rows(TABLE, 0, rows);
    const table = nn.Embedding.fromPretrained(weight);
    weight.dispose();
    return table;
  }
  const packed = await file.bytes(TABLE, 0, rows);
  return QuantizedEmbedding.fromPacked(packed, { numEmbeddings: rows, embeddingDim: dim, dtype });
}
