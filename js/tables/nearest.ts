import { type nn, Tensor, tensor, tidy } from "../index.js";
import {
  checkFloat,
  checkInteger,
  checkOptions,
  checkWord,
  elementName,
  kernels,
  sizeText,
  transient,
} from "../internals.js";
import { tableKernels } from "./kernels.js";
import { normsOf } from "./norms.js";
import type { PackedTable } from "./packed-table.js";
import { type Rows, rowsOf } from "./rows.js";

export type Metric = "cosine" | "dot" | "l2";

export interface NearestOptions {
  /** How many rows for each query; 10 unless given, or all where there are fewer. */
  k?: number;
  /** "cosine" unless given. */
  metric?: Metric;
}

/** What is looked for: [D], or [queries, D]. */
export type Query = Tensor | Float32Array | Float64Array | readonly number[] | readonly (readonly number[])[];

/** The best first, as those of torch.topk. */
export interface Nearest {
  /** float32 [k] or [queries, k]: cosines, dot products or Euclidean distances. */
  values: Tensor;
  /** int32 [k] or [queries, k]: row numbers. */
  indices: Tensor;
}

/** What can be searched: rows of float32 [V, D], or packed ones. */
export type Searched = Tensor | nn.Embedding | nn.EmbeddingBag | PackedTable;

/** Rows between two looks at the heap: their scores, and as a rule the rows too, stay in the cache for all queries. */
const BLOCK = 256;

/**
 * The k rows of a table that are most like each query, by comparing it with all of them.
 * metric: "cosine", 0 where a norm is 0; "dot"; or "l2", the Euclidean distance, where the smallest is best. Of rows that are
 * equally near the lower number comes first; a row whose score is NaN is the farthest: -Infinity, or Infinity for "l2".
 * Sums are float32, in an order of their own that is the same everywhere. Norms of the rows are kept until the table changes;
 * a change through `array` is not seen. RangeError for a k above V, another D, or a query that is not finite.
 */
export function nearest(table: Searched, query: Query, options: NearestOptions = {}): Nearest {
  checkOptions("nearest", options, ["k", "metric"]);
  const rows = rowsOf("nearest", table);
  const { k = Math.min(10, rows.height), metric = "cosine" } = options;
  checkWord("nearest", "metric", metric, ["cosine", "dot", "l2"]);
  checkInteger("nearest", "k", k);
  if (k < 0 || k > rows.height) {
    throw new RangeError(`nearest: selected index k out of range: k is ${k}, valid range is [0, ${rows.height}]`);
  }
  return tidy(() => {
    const queries = toQueries(query, rows.dim);
    const shape = [...queries.shape.slice(0, -1), k];
    const matrix = queries.reshape([shape.length === 1 ? 1 : shape[0], rows.dim]);
    const { values, indices } = search(rows, metric === "cosine" ? normalized(matrix) : matrix, k, metric);
    return { values: values.reshape(shape), indices: indices.reshape(shape) };
  });
}

/** A tensor [D] or [queries, D] of finite numbers. */
function toQueries(query: Query, dim: number): Tensor {
  const queries = query instanceof Tensor ? query : tensor(query as Float32Array, { dtype: "float32" });
  checkFloat("nearest", "query", queries);
  const { ndim, shape } = queries;
  if ((ndim !== 1 && ndim !== 2) || shape[ndim - 1] !== dim) {
    throw new RangeError(
      `nearest: query must be [${dim}] or [queries, ${dim}] as the rows are, but got ${sizeText(shape)}`,
    );
  }
  const bad = queries.array.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return queries.detach();
  throw new RangeError(`nearest: ${elementName("query", shape, bad)} is ${queries.array[bad]}, it has to be finite`);
}

/** Each query divided by its norm, if that is not 0. */
function normalized(queries: Tensor): Tensor {
  const [height, dim] = queries.shape;
  const out = transient(queries.shape);
  // Taking an address may make memory grow: views come after it.
  const { address } = queries;
  const [to, from] = [out.array, queries.array];
  for (let q = 0; q < height; q++) {
    const length = kernels.norm(address + 4 * q * dim, dim, 2) || 1;
    for (let j = q * dim; j < (q + 1) * dim; j++) to[j] = from[j] / length;
  }
  return out;
}

/** values and indices [queries, k] */
function search({ words, height, dim, reader }: Rows, queries: Tensor, k: number, metric: Metric): Nearest {
  const [count] = queries.shape;
  const norms = metric === "cosine" ? normsOf({ words, height, dim, reader }) : null;
  const values = transient([count, k]);
  const indices = transient([count, k], "int32");
  const scores = transient([count, BLOCK]);
  const [best, places, found, table] = [values.address, indices.address, scores.address, words.address];
  const score = metric === "l2" ? reader.closeness : reader.dots;
  for (let start = 0, held = 0; start < height; start += BLOCK) {
    const n = Math.min(BLOCK, height - start);
    score(found, table + start * reader.rowBytes(dim), queries.address, n, count, dim);
    let kept = held;
    for (let q = 0; q < count; q++) {
      const [at, row] = [found + 4 * q * n, 4 * q * k];
      if (norms !== null) kernels.div(at, at, norms.addressAt(start), n);
      kept = tableKernels.keepBest(best + row, places + row, at, n, start, held, k);
    }
    held = kept;
  }
  for (let q = 0; q < count; q++) tableKernels.sortBest(best + 4 * q * k, places + 4 * q * k, k);
  return { values: metric === "l2" ? values.neg() : values, indices };
}
