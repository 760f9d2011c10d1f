// Reductions over dims. These are moved last, so that what goes into one result is a row.

import { checkBoolean, checkOptions, type Shape, wrapDim } from "../check.js";
import { kernels } from "../wasm.js";
import { div } from "./arithmetic.js";
import { filled } from "./fills.js";
import { record } from "./graph.js";
import { checkRows } from "./rows.js";
import { checkFloat, numelOf, type Tensor, transient } from "./tensor.js";
import { expanded, inverse, reordered } from "./views.js";

/** One dimension or several. */
export type Dims = number | readonly number[];

export interface ReductionOptions {
  /** Keeps the reduced dimensions with size 1. */
  keepdim?: boolean;
}

/** The largest elements of a tensor over one dimension, and where they are. */
export interface Maxima {
  readonly values: Tensor;
  /** int32, of the shape of `values`: the place in the dimension of the first element that is as large. */
  readonly indices: Tensor;
}

/** Sum over dims (all without), added pairwise. */
export function sum(x: Tensor, dim?: Dims, options: ReductionOptions = {}): Tensor {
  const { out, kept } = sumOver("sum", x, dim, options);
  return record(out, dim === undefined ? "SumBackward0" : "SumBackward1", [x], [], (gradient) => [
    spread(gradient, kept, x.shape),
  ]);
}

/** Sum over dims divided by how many there were. */
export function mean(x: Tensor, dim?: Dims, options: ReductionOptions = {}): Tensor {
  const { out, kept, count } = sumOver("mean", x, dim, options);
  kernels.divideScalar(out.address, out.address, out.numel, count);
  return record(out, dim === undefined ? "MeanBackward0" : "MeanBackward1", [x], [], (gradient) => [
    spread(div(gradient, count), kept, x.shape),
  ]);
}

function sumOver(
  operation: string,
  x: Tensor,
  dim: Dims | undefined,
  options: ReductionOptions,
): Reduction & { readonly out: Tensor } {
  checkFloat(operation, "input", x);
  const plan = reduction(operation, x, dim, options);
  const rows = reordered(x, plan.order);
  const out = transient(plan.shape);
  kernels.sumRows(out.address, rows.address, out.numel, plan.count);
  if (rows !== x) rows.dispose();
  return { ...plan, out };
}

/** The largest of all elements, NaN if there is one. Its gradient is divided among all that are as large. */
export function max(x: Tensor): Tensor {
  if (x.numel === 0) throw nothingToCompare("max", "Specify the reduction dim with the 'dim' argument.");
  const { values, indices } = firstLargest(x, [], x.numel);
  indices.dispose();
  return record(values, "MaxBackward1", [x], [x, values], (gradient, [all, most]) => {
    const out = filled(all.shape, 0);
    const [elements, slopes, largest] = [all.array, out.array, most.item()];
    const isLargest = Number.isNaN(largest) ? Number.isNaN : (value: number) => value === largest;
    let count = 0;
    for (const value of elements) if (isLargest(value)) count++;
    const share = gradient.item() / count;
    for (let i = 0; i < elements.length; i++) if (isLargest(elements[i])) slopes[i] = share;
    return [out];
  });
}

/** The largest over one dimension. The gradient goes to the elements at `indices`. */
export function maxOver(x: Tensor, dim: number, options: ReductionOptions): Maxima {
  const axis = wrapDim("max", dim, x.ndim);
  const { shape, order, count } = checkNotEmpty("max", axis, reduction("max", x, axis, options));
  const rows = reordered(x, order);
  const { values, indices } = firstLargest(rows, shape, count);
  if (rows !== x) rows.dispose();
  const whole = order.map((from) => x.shape[from]);
  record(values, "MaxBackward0", [x], [indices], (gradient, [places]) => {
    checkRows("max", places, count);
    const out = filled(whole, 0);
    const [slopes, of, at] = [out.array, gradient.array, places.array];
    for (let i = 0; i < of.length; i++) slopes[i * count + at[i]] = of[i];
    return [reordered(out, inverse(order))];
  });
  return { values, indices };
}

/** int32: the first place of the largest element, in row-major order or, with a dim, in that dimension. NaN is the largest. */
export function argmax(x: Tensor, dim: number | undefined, options: ReductionOptions): Tensor {
  const axis = dim === undefined ? undefined : wrapDim("argmax", dim, x.ndim);
  const plan = reduction("argmax", x, axis, options);
  if (axis !== undefined) checkNotEmpty("argmax", axis, plan);
  else if (x.numel === 0) throw nothingToCompare("argmax");
  const rows = reordered(x, plan.order);
  const { values, indices } = firstLargest(rows, plan.shape, plan.count);
  values.dispose();
  if (rows !== x) rows.dispose();
  return indices;
}

/** Of each `count` elements of rows. */
function firstLargest(rows: Tensor, shape: Shape, count: number): Maxima {
  const [values, indices] = [transient(shape, rows.dtype), transient(shape, "int32")];
  const kernel = rows.dtype === "int32" ? kernels.maxRowsIntegers : kernels.maxRows;
  kernel(values.address, indices.address, rows.address, values.numel, count);
  return { values, indices };
}

function checkNotEmpty(operation: string, axis: number, plan: Reduction): Reduction {
  if (plan.count > 0) return plan;
  throw new RangeError(`${operation}: Expected reduction dim ${axis} to have non-zero size.`);
}

function nothingToCompare(operation: string, advice = ""): RangeError {
  const problem = "Expected reduction dim to be specified for input.numel() == 0.";
  return new RangeError(`${operation}: ${problem} ${advice}`.trimEnd());
}

interface Reduction {
  /** The shape of the result. */
  readonly shape: Shape;
  /** That with reduced dimensions of size 1. */
  readonly kept: Shape;
  /** Dimensions of x, the reduced ones last. */
  readonly order: readonly number[];
  /** Elements that go into each result. */
  readonly count: number;
}

function reduction(operation: string, x: Tensor, dim: Dims | undefined, options: ReductionOptions): Reduction {
  checkOptions(operation, options, ["keepdim"]);
  const { keepdim = false } = options;
  checkBoolean(operation, "keepdim", keepdim);
  const reduced = reducedDims(operation, x, dim);
  const kept = x.shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
  return {
    shape: keepdim ? kept : x.shape.filter((_, axis) => !reduced.has(axis)),
    kept,
    order: [...x.shape.keys()].filter((axis) => !reduced.has(axis)).concat([...reduced]),
    count: numelOf([...reduced].map((axis) => x.shape[axis])),
  };
}

/** The dims to reduce, ascending; none given means all. */
function reducedDims(operation: string, x: Tensor, dim: Dims | undefined): Set<number> {
  const asked = dim === undefined ? [] : Array.isArray(dim) ? [...dim] : [dim];
  if (asked.length === 0) return new Set(x.shape.keys());
  const axes = asked.map((axis) => wrapDim(operation, axis, x.ndim)).sort((a, b) => a - b);
  const repeated = axes.find((axis, i) => axis === axes[i + 1]);
  if (repeated !== undefined)
    throw new RangeError(`${operation}: dim ${repeated} appears multiple times in the list of dims`);
  return new Set(x.ndim === 0 ? [] : axes);
}

/** A gradient of the reduced shape, repeated over the whole. */
function spread(gradient: Tensor, kept: Shape, whole: Shape): Tensor {
  return expanded(gradient.alias(kept), whole);
}
