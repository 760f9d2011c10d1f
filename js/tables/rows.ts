import { nn, Tensor } from "../index.js";
import { checkFloat, describe, sizeText } from "../internals.js";
import { FLOAT32, type Reader } from "./formats.js";
import { PackedTable } from "./packed-table.js";

/** Rows of any kind: where they lie and how they are read. */
export interface Rows {
  readonly words: Tensor;
  readonly height: number;
  readonly dim: number;
  readonly reader: Reader;
}

/** The rows of a float32 matrix, of a module's table, or of a packed one. */
export function rowsOf(operation: string, table: unknown): Rows {
  if (table instanceof PackedTable) {
    return { words: table.words, height: table.numEmbeddings, dim: table.embeddingDim, reader: table.format };
  }
  const words = table instanceof nn.Embedding || table instanceof nn.EmbeddingBag ? table.weight : table;
  if (!(words instanceof Tensor)) {
    throw new TypeError(`${operation}: table must be a Tensor or a module with a table, but got ${describe(table)}`);
  }
  checkFloat(operation, "table", words);
  if (words.ndim !== 2)
    throw new RangeError(`${operation}: table must be 2-D, but its shape is ${sizeText(words.shape)}`);
  const [height, dim] = words.shape;
  return { words, height, dim, reader: FLOAT32 };
}
