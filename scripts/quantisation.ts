// What packing costs: npm run quantisation -- --help

import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { type nn, type Tensor, tidy } from "nn-embedding";
import { nearest, type QuantizedDType, readWordVectors, type Searched } from "nn-embedding/tables";
import { tableOf } from "../bench/table.js";
import { positive } from "../examples/flags.js";
import { cache } from "./glove/fetch.js";

const { file, queries } = new Command()
  .name("npm run quantisation --")
  .description(
    "Prints what a table loses when it is packed: the errors of its numbers, and how many of the ten nearest it keeps.",
  )
  .option("--file <path>", "GloVe text: a word and its numbers in each line", join(cache, "glove.txt"))
  .option("--queries <n>", "rows whose neighbours are looked for, spread over the table", positive, 1000)
  .parse()
  .opts<{ file: string; queries: number }>();

const NEAREST = 10;

/** The numbers of the rows nearest to each query, but for the query's own. */
function neighbours(table: Searched, query: Tensor, own: Int32Array): number[][] {
  return tidy(() => {
    const found = nearest(table, query, { k: NEAREST + 1 }).indices.toArray() as number[][];
    return found.map((rows, q) => rows.filter((row) => row !== own[q]).slice(0, NEAREST));
  });
}

/** The largest and the mean distance between numbers. */
function errors(actual: Tensor, expected: Tensor): { largest: number; mean: number } {
  const [a, b] = [actual.array, expected.array];
  let [largest, sum] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const error = Math.abs(a[i] - b[i]);
    largest = Math.max(largest, error);
    sum += error;
  }
  return { largest, mean: sum / a.length };
}

// Text is read as float32.
const table = (await readWordVectors(createReadStream(file))).table as nn.Embedding;
const [rows, dim] = table.weight.shape;
const own = Int32Array.from({ length: Math.min(queries, rows) }, (_, q) =>
  Math.floor((q * rows) / Math.min(queries, rows)),
);
const query = table.forward(own);
const exact = neighbours(table, query, own);

function line(dtype: QuantizedDType): string[] {
  const packed = table.quantize(dtype);
  const { largest, mean } = tidy(() => errors(packed.dequantize(), table.weight));
  const kept = neighbours(packed, query, own).map((found, q) => found.filter((row) => exact[q].includes(row)).length);
  const recall = kept.reduce((sum, n) => sum + n, 0) / (NEAREST * own.length);
  const bytes = packed.rowBytes;
  packed.dispose();
  return [dtype, String(bytes), largest.toExponential(2), mean.toExponential(2), recall.toFixed(4)];
}

console.log(`${file}: ${rows} rows of ${dim} numbers, ${4 * dim} bytes each; ${own.length} queries by cosine\n`);
console.log(
  tableOf(
    ["packed as", "bytes a row", "largest error", "mean error", `recall@${NEAREST}`],
    (["float16", "bfloat16", "int8", "int4"] as const).map(line),
  ),
);
