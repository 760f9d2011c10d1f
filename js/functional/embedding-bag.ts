import { checkBoolean, checkOptions, describe } from "../check.js";
import { TouchedRows } from "../tensor/gradients.js";
import { record } from "../tensor/graph.js";
import { checkRows, type DistinctRows, distinctRows, numbersFrom, rowNumbers } from "../tensor/rows.js";
import { tidy } from "../tensor/scope.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { checkFloat, Tensor, transient } from "../tensor/tensor.js";
import { kernels } from "../wasm.js";
import {
  type BagInput,
  bagNumbers,
  checkDivision,
  checkWeightsShape,
  type Entries,
  entriesOf,
  OPERATION,
  outlineOf,
  type SampleWeights,
  startsOf,
  toWeights,
  unwrapped,
  withoutPadding,
} from "./bags.js";
import {
  checkEmbeddingOptions,
  countsOf,
  EMBEDDING_OPTIONS,
  type EmbeddingOptions,
  type EmbeddingSettings,
  renorm,
} from "./embedding.js";
import type { Indices } from "./indices.js";

/** How the rows of a bag become one. */
export type BagMode = "sum" | "mean" | "max";

/** How the rows of one call are divided into bags, and what they weigh. */
export interface BagDivision {
  /** Where in a 1-D input each bag starts; the first is 0, the last bag ends with the input. */
  offsets?: Indices | null;
  /** A factor for each entry: a weighted sum, or the weighted mean sum(w * row) / sum(w), zero where the weights add up to 0. */
  perSampleWeights?: SampleWeights | null;
}

export interface BagOptions extends EmbeddingOptions {
  /** "mean" unless given. */
  mode?: BagMode;
  /** offsets has one more entry: the length of the input. false unless given. */
  includeLastOffset?: boolean;
}

/** The names of BagOptions. */
export const BAG_OPTIONS = /* @__PURE__ */ EMBEDDING_OPTIONS.concat("mode", "includeLastOffset");

/**
 * out[b, :] = sum, mean or maximum of the rows weight[i, :] that bag b lists; zeros for an empty bag.
 * input: a matrix [B, L] of indices, a list of bags (arrays, integer typed arrays or 1-D tensors) of any lengths, or 1-D with
 * `offsets`; weight [V, D]; returns [B, D].
 * Entries equal to paddingIdx are left out. Gradients flow to weight and perSampleWeights; that of a `sparse` table is a
 * SparseTensor in every mode. RangeError for a bad index, offset or shape, Error for options that exclude each other; then
 * nothing has been changed. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html
 */
export function embeddingBag(input: BagInput, weight: Tensor, options: BagOptions & BagDivision = {}): Tensor {
  checkOptions(OPERATION, options, [...BAG_OPTIONS, "offsets", "perSampleWeights"]);
  const { offsets, mode = "mean", includeLastOffset = false } = options;
  const given = unwrapped("perSampleWeights", options.perSampleWeights ?? null);
  const listed = unwrapped("input", input);
  const outline = outlineOf("input", listed);
  if (given !== null) checkWeightsShape(outlineOf("perSampleWeights", given), outline);
  checkTable(weight);
  checkDivision(outline, offsets);
  checkMode(mode, options, given !== null);
  const [rows, dim] = weight.shape;
  const settings = checkEmbeddingOptions(OPERATION, rows, options, paddingRule(rows));
  checkBoolean(OPERATION, "includeLastOffset", includeLastOffset);
  return tidy(() => {
    const weights = given === null ? null : toWeights(given);
    const division = startsOf(outline, offsets, includeLastOffset);
    const all = entriesOf(listed, outline, rows);
    const entries = withoutPadding(all, division, weights, settings.paddingIdx);
    const bags = roomFor(entries, dim, mode);
    // There is room for everything: now the table may change.
    renorm(weight, all, settings);
    reduce(weight, entries, bags);
    const { index, starts, positions } = entries;
    const trained = given instanceof Tensor && given.requiresGrad ? given : null;
    const inputs = trained === null ? [weight] : [weight, trained];
    // Only the gradient of the weights needs the rows and their mean.
    const saved = [index, starts, entries.weights, bags.divisor, bags.winners, positions];
    const table = trained === null ? [] : [weight, mode === "mean" ? bags.out : null];
    return record(bags.out, "EmbeddingBagBackward0", inputs, [...saved, ...table], (gradient, values, needed) => {
      const [index, starts, weights, divisor, winners, positions, table, mean] = values;
      checkRows(OPERATION, index, rows);
      const state = { gradient, index, starts, weights, divisor, winners };
      return [
        needed[0] ? tableGradient(state, [rows, dim], settings) : null,
        needed[1] ? weightsGradient(state, table, mean, positions, trained!) : null,
      ];
    });
  });
}

function checkTable(weight: unknown): asserts weight is Tensor {
  checkFloat(OPERATION, "weight", weight);
  if (weight.ndim !== 2) {
    throw new RangeError(`${OPERATION}: weight has to be a 2D Tensor, but got Tensor of dimension ${weight.ndim}`);
  }
}

function paddingRule(rows: number): string {
  return `padding_idx must be within the number of embeddings, ${-rows} through ${rows - 1}`;
}

/** The mode is one of the three, and the other options can be had with it. */
function checkMode(mode: unknown, { scaleGradByFreq }: EmbeddingOptions, weighted: boolean): void {
  if (mode === "max" && scaleGradByFreq) {
    throw new Error(`${OPERATION}: max mode does not support scaling the gradient by the frequency`);
  }
  if (mode !== "sum" && mode !== "mean" && mode !== "max") {
    throw new TypeError(`${OPERATION}: mode has to be one of sum, mean or max, but got ${describe(mode)}`);
  }
  if (mode === "max" && weighted) {
    throw new Error(
      `${OPERATION}: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' and mode='mean' ` +
        "(got mode='max').",
    );
  }
}

interface Reduced {
  /** [B, D] */
  readonly out: Tensor;
  /** float32 [B]: what the sums were divided by; null for other modes. */
  readonly divisor: Tensor | null;
  /** int32 [B, D]: the entry that each maximum came from, -1 for none; null for other modes. */
  readonly winners: Tensor | null;
  /** int32 [n]: the bag of each entry; null where they all weigh the same. */
  readonly bagOf: Tensor | null;
}

/** The result, still to be filled in, and what the sums are divided by. */
function roomFor({ index, starts, bags, weights }: Entries, dim: number, mode: BagMode): Reduced {
  return {
    out: transient([bags, dim]),
    divisor: mode === "mean" ? weighed(starts, bags, weights) : null,
    winners: mode === "max" ? transient([bags, dim], "int32") : null,
    bagOf: weights === null ? null : bagNumbers(starts, index.numel),
  };
}

function reduce(weight: Tensor, entries: Entries, { out, divisor, winners, bagOf }: Reduced): void {
  const [, dim] = weight.shape;
  const { index, starts, bags, weights } = entries;
  const n = index.numel;
  const [to, table, places] = [out.address, weight.address, index.address];
  if (winners !== null) {
    kernels.bagMax(to, winners.address, table, places, starts.address, n, bags, dim);
  } else if (weights === null) {
    kernels.bagSum(to, table, places, starts.address, n, bags, dim, 0);
  } else {
    out.zero_();
    kernels.addRowsScaled(to, table, weights.address, bagOf!.address, places, n, dim);
  }
  if (divisor !== null) divide(out, divisor);
}

/** sums[b, :] /= divisor[b]; zeros where divisor[b] is 0. Neighbours with the same divisor are divided at once. */
function divide(sums: Tensor, divisor: Tensor): void {
  const [bags, dim] = sums.shape;
  const { address } = sums;
  const by = divisor.array;
  for (let b = 0, end = 0; b < bags; b = end) {
    do end++;
    while (by[end] === by[b]);
    const place = address + 4 * b * dim;
    if (by[b] === 0) sums.array.fill(0, b * dim, end * dim);
    else kernels.divideScalar(place, place, (end - b) * dim, by[b]);
  }
}

/** The number of entries of each bag, or the sum of their weights. */
function weighed(starts: Tensor, bags: number, weights: Tensor | null): Tensor {
  const out = transient([bags]);
  const [sums, ends, factor] = [out.array, starts.array, weights?.array];
  for (let b = 0; b < bags; b++) {
    let sum = factor ? 0 : ends[b + 1] - ends[b];
    if (factor) for (let j = ends[b]; j < ends[b + 1]; j++) sum += factor[j];
    sums[b] = sum;
  }
  return out;
}

/** What backward has of one call. */
interface State {
  readonly gradient: Tensor;
  readonly index: Tensor;
  readonly starts: Tensor;
  readonly weights: Tensor | undefined;
  readonly divisor: Tensor | undefined;
  readonly winners: Tensor | undefined;
}

/** Every entry's row gets its bag's gradient times the entry's share of the bag, in the order of the entries. */
function tableGradient(state: State, shape: readonly number[], { sparse, scaleGradByFreq }: EmbeddingSettings) {
  const { gradient, index, starts, winners } = state;
  if (sparse && winners === undefined) return entryGradients(state, shape, scaleGradByFreq);
  const [, dim] = shape;
  const n = index.numel;
  const distinct = distinctRows(index);
  const { rows, slots } = distinct;
  const shares = sharesOf(state, scaleGradByFreq ? distinct : null);
  const sums = transient([rows.numel, dim]);
  const [bags] = gradient.shape;
  if (winners !== undefined) {
    const { address } = sums.zero_();
    kernels.bagMaxBackward(address, gradient.address, winners.address, slots.address, bags, dim);
  } else if (shares === null) {
    kernels.bagSumBackward(sums.address, gradient.address, slots.address, starts.address, bags, dim);
  } else {
    const bagOf = bagNumbers(starts, n);
    const { address } = sums.zero_();
    kernels.addRowsScaled(address, gradient.address, shares.address, slots.address, bagOf.address, n, dim);
  }
  return sparse
    ? new SparseTensor(rows.alias([1, rows.numel]), sums, shape, false)
    : new TouchedRows(rows, sums, shape);
}

/** The same entry by entry, nothing added up. */
function entryGradients(state: State, shape: readonly number[], byFrequency: boolean): SparseTensor {
  const { gradient, index, starts } = state;
  const [, dim] = shape;
  const n = index.numel;
  const bagOf = bagNumbers(starts, n);
  const shares = sharesOf(state, byFrequency ? distinctRows(index) : null);
  const values = transient([n, dim]);
  kernels.gather(values.address, gradient.address, bagOf.address, n, dim);
  if (shares !== null) kernels.scaleRows(values.address, values.address, shares.address, n, dim);
  return new SparseTensor(index.clone().alias([1, n]), values, shape, false);
}

/** share[j] = weight[j] / divisor of its bag / count of its row if `distinct` is given, rounded once; null where all are 1. */
function sharesOf({ index, starts, weights, divisor }: State, distinct: DistinctRows | null): Tensor | null {
  if (weights === undefined && divisor === undefined && distinct === null) return null;
  const shares = transient(index.shape);
  const counts = distinct && countsOf(distinct.slots, distinct.rows.numel);
  const [out, ends] = [shares.array, starts.array];
  const [weight, by, slot, count] = [weights?.array, divisor?.array, distinct?.slots.array, counts?.array];
  for (let b = 0, j = 0; j < out.length; b++) {
    for (; j < ends[b + 1]; j++) {
      const share = (weight?.[j] ?? 1) / (count && slot ? count[slot[j]] : 1) / (by?.[b] ?? 1);
      out[j] = by?.[b] === 0 ? 0 : share;
    }
  }
  return shares;
}

/** d sum / d w[j] = gradient . row[j]; d mean / d w[j] = gradient . (row[j] - mean) / sum(w). Zero for padding. */
function weightsGradient(
  state: State,
  table: Tensor,
  mean: Tensor | undefined,
  positions: Tensor,
  given: Tensor,
): Tensor {
  const { gradient, index, starts, divisor } = state;
  const [bags, dim] = gradient.shape;
  const n = index.numel;
  const bagOf = bagNumbers(starts, n);
  const products = transient([n]);
  kernels.dotRows(products.address, gradient.address, table.address, bagOf.address, index.address, n, dim);
  if (mean !== undefined) {
    const own = transient([bags]);
    const every = rowNumbers(numbersFrom(0, bags));
    kernels.dotRows(own.address, gradient.address, mean.address, every.address, every.address, bags, dim);
    const [out, bag, by, ofMean] = [products.array, bagOf.array, divisor!.array, own.array];
    for (let j = 0; j < n; j++) out[j] = by[bag[j]] === 0 ? 0 : (out[j] - ofMean[bag[j]]) / by[bag[j]];
  }
  if (positions === undefined) return products.alias(given.shape);
  const all = transient(given.shape).zero_();
  kernels.scatter(all.address, products.address, positions.address, n, 1);
  return all;
}
