import { checkBoolean, checkInteger, checkNumber, checkOptions, describe, sizeText } from "../check.js";
import { trainableOnly } from "../tensor/frozen.js";
import { TouchedRows } from "../tensor/gradients.js";
import { record } from "../tensor/graph.js";
import { checkRows, distinctRows, NO_ROW, pickRows, placesWhere, rowNumbers, sumBySlot } from "../tensor/rows.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { Tensor, transient } from "../tensor/tensor.js";
import { kernels } from "../wasm.js";
import { type Indices, toIndices } from "./indices.js";

export interface EmbeddingOptions {
  /** Entries equal to this row's number do not contribute to the gradient; negative counts from the end. */
  paddingIdx?: number | null;
  /** Rows looked up are first scaled, in place, so that their norm is at most this. */
  maxNorm?: number | null;
  /** The p of that norm. 2 unless given; Infinity, -Infinity and 0 as in PyTorch. */
  normType?: number;
  /** Divides each row's gradient by how often the row occurs in the input. false unless given. */
  scaleGradByFreq?: boolean;
  /** The gradient of weight is a SparseTensor. false unless given. */
  sparse?: boolean;
}

/**
 * out[.., :] = weight[input[..], :]
 * input: indices of any shape; weight [V, D]; returns [...input.shape, D].
 * RangeError for an index outside [0, V), TypeError for one that is no integer; then nothing has been changed.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding(input: Indices, weight: Tensor, options: EmbeddingOptions = {}): Tensor {
  checkTable("embedding", weight);
  checkOptions("embedding", options, EMBEDDING_OPTIONS);
  const [rows, dim] = weight.shape;
  const settings = checkEmbeddingOptions("embedding", rows, options);
  checkNormed("embedding", weight, settings);
  const index = toIndices("embedding", input, rows);
  const out = transient([...index.shape, dim], weight.dtype);
  renorm(weight, index, settings);
  kernels.gather(out.address, weight.address, index.address, index.numel, dim);
  const { shape } = weight;
  const gradientOf = settings.sparse ? sparseGradient : touchedRows;
  record(out, "EmbeddingBackward0", [weight], [index], (gradient, [saved]) => {
    checkRows("embedding", saved, rows);
    return [gradientOf(gradient, saved, shape, settings.paddingIdx, settings.scaleGradByFreq)];
  });
  if (index !== input) index.dispose();
  return out;
}

/** TypeError unless weight is a tensor, RangeError unless it is a matrix. */
export function checkTable(operation: string, weight: unknown): asserts weight is Tensor {
  if (!(weight instanceof Tensor)) {
    throw new TypeError(`${operation}: argument 'weight' must be Tensor, not ${describe(weight)}`);
  }
  if (weight.ndim !== 2) {
    throw new RangeError(`${operation}: 'weight' must be 2-D, but got a tensor of shape ${sizeText(weight.shape)}`);
  }
}

/** Options with their defaults filled in; paddingIdx counted from the front, NO_ROW for none. */
export interface EmbeddingSettings {
  readonly paddingIdx: number;
  readonly maxNorm: number | null;
  readonly normType: number;
  readonly scaleGradByFreq: boolean;
  readonly sparse: boolean;
}

/** The names of EmbeddingOptions. */
export const EMBEDDING_OPTIONS = ["paddingIdx", "maxNorm", "normType", "scaleGradByFreq", "sparse"];

/** paddingRule: PyTorch's words for a paddingIdx outside the table, which differ between its functions. */
export function checkEmbeddingOptions(
  operation: string,
  rows: number,
  options: EmbeddingOptions,
  paddingRule = "Padding_idx must be within num_embeddings",
): EmbeddingSettings {
  const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false, sparse = false } = options;
  if (maxNorm !== null) checkNumber(operation, "maxNorm", maxNorm);
  checkNumber(operation, "normType", normType);
  checkBoolean(operation, "scaleGradByFreq", scaleGradByFreq);
  checkBoolean(operation, "sparse", sparse);
  return {
    paddingIdx: wrapPadding(operation, paddingIdx, rows, paddingRule),
    maxNorm,
    normType,
    scaleGradByFreq,
    sparse,
  };
}

function wrapPadding(operation: string, paddingIdx: number | null, rows: number, rule: string): number {
  if (paddingIdx === null) return NO_ROW;
  checkInteger(operation, "paddingIdx", paddingIdx);
  if (paddingIdx < -rows || paddingIdx >= rows) {
    throw new RangeError(`${operation}: ${rule}: paddingIdx is ${paddingIdx}, valid range is [${-rows}, ${rows})`);
  }
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
}

/** TypeError for maxNorm on a table of integers. */
function checkNormed(operation: string, weight: Tensor, { maxNorm }: EmbeddingSettings): void {
  if (maxNorm === null || weight.dtype === "float32") return;
  throw new TypeError(
    `${operation}: norm(): input dtype should be either floating point or complex. Got ${weight.dtype} instead.`,
  );
}

/** weight[i, :] *= maxNorm / (norm + 1e-7) for each row i looked up whose norm is larger than maxNorm, if there is one. */
export function renorm(weight: Tensor, index: Tensor, { maxNorm, normType: p }: EmbeddingSettings): void {
  if (maxNorm === null) return;
  const { rows: looked, slots } = distinctRows(index);
  const rows = trainableOnly(looked, weight.trainableRows);
  const [, dim] = weight.shape;
  kernels.renorm(weight.address, rows.address, rows.numel, dim, maxNorm, p);
  weight.storage.version++;
  for (const scratch of [looked, rows, slots]) scratch.dispose();
}

/** The rows touched and their sums, in index order; with byFrequency each entry weighs 1 / count of its row. */
function touchedRows(
  gradient: Tensor,
  index: Tensor,
  shape: readonly number[],
  paddingIdx: number,
  byFrequency: boolean,
): TouchedRows {
  const [, dim] = shape;
  const n = index.numel;
  const distinct = distinctRows(index, paddingIdx);
  const { rows, slots } = distinct;
  let sums: Tensor;
  if (byFrequency) {
    const scale = inverseCounts(slots, rows.numel);
    sums = transient([rows.numel, dim]).zero_();
    kernels.scatterAddScaled(sums.address, gradient.address, scale.address, slots.address, n, dim, NO_ROW);
    scale.dispose();
  } else {
    sums = sumBySlot(gradient, distinct, dim);
  }
  slots.dispose();
  return new TouchedRows(rows, sums, shape);
}

/** Indices and gradients side by side, padding left out, nothing added up; the gradient is shared where it can be. */
function sparseGradient(
  gradient: Tensor,
  index: Tensor,
  shape: readonly number[],
  paddingIdx: number,
  byFrequency: boolean,
): SparseTensor {
  const [, dim] = shape;
  const n = index.numel;
  let indices = index.array.slice();
  let values = gradient.alias([n, dim]);
  if (byFrequency) {
    const { rows, slots } = distinctRows(index);
    const scale = inverseCounts(slots, rows.numel);
    const scaled = transient([n, dim]);
    kernels.scaleRows(scaled.address, values.address, scale.address, n, dim);
    for (const scratch of [rows, slots, scale, values]) scratch.dispose();
    values = scaled;
  }
  if (paddingIdx !== NO_ROW && indices.includes(paddingIdx)) {
    const wanted = placesWhere(indices, (row) => row !== paddingIdx);
    indices = indices.filter((row) => row !== paddingIdx);
    const all = values;
    values = pickRows(all, wanted);
    all.dispose();
  }
  return new SparseTensor(rowNumbers(indices as Int32Array, [1, indices.length]), values, shape, false);
}

/** int32 [m]: how often each number below m occurs in slots. */
export function countsOf(slots: Tensor, m: number): Tensor {
  const counts = transient([m], "int32");
  kernels.count(counts.address, slots.address, slots.numel, m);
  return counts;
}

/** 1 / count of each entry's row. */
function inverseCounts(slots: Tensor, m: number): Tensor {
  const counts = countsOf(slots, m);
  const scale = transient(slots.shape);
  kernels.inverseCount(scale.address, counts.address, slots.address, slots.numel);
  counts.dispose();
  return scale;
}
