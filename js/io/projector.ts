import { checkOptions, describe, wrongKind } from "../internals.js";
import type { KeyedEmbedding } from "../tables/keyed-embedding.js";
import { checkFinite, checkVectors, checkWords, linesOf } from "./write-word-vectors.js";

export interface ProjectorOptions {
  /** What the projector calls the table; "embedding" unless given. */
  name?: string;
  /** More to say of each word, such as its count: columns of metadata.tsv by name, a value for each row. */
  columns?: Readonly<Record<string, readonly (string | number)[]>>;
}

/** The files of TensorBoard's projector by name. The tables come in pieces. */
export interface ProjectorFiles {
  "tensors.tsv": Generator<Uint8Array<ArrayBuffer>, void, undefined>;
  "metadata.tsv": Generator<Uint8Array<ArrayBuffer>, void, undefined>;
  "projector_config.json": string;
}

const OPERATION = "projectorFiles";
/** So many lines of metadata come together. */
const STRETCH = 4096;

/**
 * What https://projector.tensorflow.org loads: vectors, words (with a header only beside other columns), and what lies where.
 * RangeError, before anything is written, for words and values with tabs or line breaks, for blank words, whose lines the
 * projector skips, for a column of another length than the vocabulary, and for a number that is not finite.
 */
export function projectorFiles(vectors: KeyedEmbedding, options: ProjectorOptions = {}): ProjectorFiles {
  checkVectors(OPERATION, vectors);
  checkOptions(OPERATION, options, ["name", "columns"]);
  const { name = "embedding", columns = {} } = options;
  if (typeof name !== "string") throw wrongKind(OPERATION, "name", "a string", name);
  checkWords(OPERATION, vectors, problemOf);
  checkColumns(columns, vectors.size);
  checkFinite(OPERATION, vectors);
  const config = {
    tensorName: name,
    tensorShape: [vectors.size, vectors.dim],
    tensorPath: "tensors.tsv",
    metadataPath: "metadata.tsv",
  };
  return {
    "tensors.tsv": linesOf(vectors, (_, numbers) => `${numbers.join("\t")}\n`),
    "metadata.tsv": metadata(vectors, columns),
    "projector_config.json": `${JSON.stringify({ embeddings: [config] }, null, 2)}\n`,
  };
}

function problemOf(word: string): string | null {
  if (/[\t\r\n]/.test(word)) return "has a tab or a line break, which metadata.tsv cannot hold";
  return word.trim() === "" ? "is blank, and the projector skips blank lines" : null;
}

function checkColumns(columns: unknown, size: number): asserts columns is NonNullable<ProjectorOptions["columns"]> {
  if (typeof columns !== "object" || columns === null) throw wrongKind(OPERATION, "columns", "an object", columns);
  for (const [name, values] of Object.entries(columns)) {
    if (!Array.isArray(values)) throw wrongKind(OPERATION, `columns.${name}`, "an array", values);
    if (values.length !== size) {
      throw new RangeError(
        `${OPERATION}: column ${JSON.stringify(name)} has ${values.length} values for ${size} words`,
      );
    }
    for (const value of [name, ...values]) {
      if (typeof value !== "string" && typeof value !== "number") {
        throw new TypeError(
          `${OPERATION}: column ${JSON.stringify(name)} has ${describe(value)}, not a text or a number`,
        );
      }
      if (!/[\t\r\n]/.test(String(value))) continue;
      throw new RangeError(
        `${OPERATION}: column ${JSON.stringify(name)} has a tab or a line break: ${describe(value)}`,
      );
    }
  }
}

function* metadata(
  { vocab }: KeyedEmbedding,
  columns: NonNullable<ProjectorOptions["columns"]>,
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const encoder = new TextEncoder();
  const more = Object.values(columns);
  let lines = more.length === 0 ? [] : [["word", ...Object.keys(columns)]];
  let row = 0;
  const encoded = () => encoder.encode(lines.map((cells) => `${cells.join("\t")}\n`).join(""));
  for (const word of vocab) {
    lines.push([word, ...more.map((values) => String(values[row]))]);
    row++;
    if (lines.length < STRETCH) continue;
    yield encoded();
    lines = [];
  }
  if (lines.length > 0) yield encoded();
}
