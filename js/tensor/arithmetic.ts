// Arithmetic, each forward beside its backward. Shapes first, then one kernel.

import { checkBoolean, checkNumber, checkOptions, type Shape, sizeText, wrapDim } from "../check.js";
import { kernels } from "../wasm.js";
import { record } from "./graph.js";
import { checkFloat, numelOf, sameShape, Tensor, transient } from "./tensor.js";
import { expanded, permuted } from "./views.js";

type BinaryKernel = typeof kernels.add;
type UnaryKernel = typeof kernels.exponential;

/** a + b */
export function add(a: Tensor, b: Tensor | number): Tensor {
  if (!(b instanceof Tensor)) return record(scaled("add", a, 1, b), "AddBackward0", [a], [], pass);
  return record(binary("add", kernels.add, a, b), "AddBackward0", [a, b], [], (gradient) => [
    sumTo(gradient, a.shape),
    sumTo(gradient, b.shape),
  ]);
}

/** a - b */
export function sub(a: Tensor, b: Tensor | number): Tensor {
  if (!(b instanceof Tensor)) return record(scaled("sub", a, 1, -numberGiven("sub", b)), "SubBackward0", [a], [], pass);
  return record(binary("sub", kernels.sub, a, b), "SubBackward0", [a, b], [], (gradient, _, needed) => [
    sumTo(gradient, a.shape),
    needed[1] ? sumTo(neg(gradient), b.shape) : null,
  ]);
}

/** a * b */
export function mul(a: Tensor, b: Tensor | number): Tensor {
  if (!(b instanceof Tensor)) {
    const factor = numberGiven("mul", b);
    return record(scaled("mul", a, factor, -0), "MulBackward0", [a], [], (gradient) => [mul(gradient, factor)]);
  }
  const saved = [b.requiresGrad ? a : null, a.requiresGrad ? b : null];
  const shapes = [a.shape, b.shape];
  return record(binary("mul", kernels.mul, a, b), "MulBackward0", [a, b], saved, (gradient, [x, y], needed) => [
    needed[0] ? sumTo(mul(gradient, y), shapes[0]) : null,
    needed[1] ? sumTo(mul(gradient, x), shapes[1]) : null,
  ]);
}

/** a / b */
export function div(a: Tensor, b: Tensor | number): Tensor {
  if (!(b instanceof Tensor)) {
    const divisor = numberGiven("div", b);
    checkFloat("div", "input", a);
    const out = transient(a.shape);
    kernels.divideScalar(out.address, a.address, a.numel, divisor);
    return record(out, "DivBackward0", [a], [], (gradient) => [div(gradient, divisor)]);
  }
  const shapes = [a.shape, b.shape];
  const saved = [b.requiresGrad ? a : null, b];
  return record(binary("div", kernels.div, a, b), "DivBackward0", [a, b], saved, (gradient, [x, y], needed) => [
    needed[0] ? sumTo(div(gradient, y), shapes[0]) : null,
    // d(x / y) / dy = -(x / y) / y
    needed[1] ? sumTo(neg(mul(gradient, div(div(x, y), y))), shapes[1]) : null,
  ]);
}

/** -x. Minus zero is the only number that adds nothing to either zero. */
export function neg(x: Tensor): Tensor {
  return record(scaled("neg", x, -1, -0), "NegBackward0", [x], [], (gradient) => [neg(gradient)]);
}

/** e^x, whose gradient is itself. */
export function exp(x: Tensor): Tensor {
  const out = unary("exp", kernels.exponential, x);
  return record(out, "ExpBackward0", [x], [out], (gradient, [y]) => [mul(gradient, y)]);
}

/** ln x, whose gradient is 1 / x. */
export function log(x: Tensor): Tensor {
  const out = unary("log", kernels.logarithm, x);
  return record(out, "LogBackward0", [x], [x], (gradient, [value]) => [div(gradient, value)]);
}

/** The square root, whose gradient is 1 / (2 sqrt(x)). */
export function sqrt(x: Tensor): Tensor {
  const out = unary("sqrt", kernels.squareRoot, x);
  return record(out, "SqrtBackward0", [x], [out], (gradient, [y]) => [div(gradient, mul(y, 2))]);
}

/** Sum over dims (all without), which are moved last so that every sum is a row, added pairwise. */
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

/** One dimension or several. */
export type Dims = number | readonly number[];

export interface ReductionOptions {
  /** Keeps the reduced dimensions with size 1. */
  keepdim?: boolean;
}

interface Reduction {
  readonly out: Tensor;
  /** The shape of the result with reduced dimensions of size 1. */
  readonly kept: Shape;
  /** Elements that went into each sum. */
  readonly count: number;
}

function sumOver(operation: string, x: Tensor, dim: Dims | undefined, options: ReductionOptions): Reduction {
  checkFloat(operation, "input", x);
  checkOptions(operation, options, ["keepdim"]);
  const { keepdim = false } = options;
  checkBoolean(operation, "keepdim", keepdim);
  const reduced = reducedDims(operation, x, dim);
  const order = [...x.shape.keys()].filter((axis) => !reduced.has(axis)).concat([...reduced]);
  const kept = x.shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
  const shape = keepdim ? kept : x.shape.filter((_, axis) => !reduced.has(axis));
  const rows = order.every((axis, place) => axis === place) ? x : permuted(x, order);
  const out = transient(shape);
  const count = numelOf([...reduced].map((axis) => x.shape[axis]));
  kernels.sumRows(out.address, rows.address, out.numel, count);
  if (rows !== x) rows.dispose();
  return { out, kept, count };
}

/** The dims to sum over, ascending; none given means all. */
function reducedDims(operation: string, x: Tensor, dim: Dims | undefined): Set<number> {
  const asked = dim === undefined ? [] : Array.isArray(dim) ? dim : [dim];
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

/** The gradient of something that was broadcast: summed over the repeated dimensions. A handle of its own. */
function sumTo(gradient: Tensor, shape: Shape): Tensor {
  if (sameShape(gradient.shape, shape)) return gradient.alias();
  const lead = gradient.ndim - shape.length;
  const repeated = [...gradient.shape.keys()].filter(
    (axis) => axis < lead || (shape[axis - lead] === 1 && gradient.shape[axis] !== 1),
  );
  return sum(gradient, repeated, { keepdim: true }).alias(shape);
}

function pass(gradient: Tensor): Tensor[] {
  return [gradient.alias()];
}

function numberGiven(operation: string, value: unknown): number {
  checkNumber(operation, "other", value);
  return value;
}

/** x * factor + term */
function scaled(operation: string, x: Tensor, factor: number, term: unknown): Tensor {
  checkFloat(operation, "input", x);
  checkNumber(operation, "other", term);
  const out = transient(x.shape);
  kernels.affine(out.address, x.address, x.numel, factor, term);
  return out;
}

function unary(operation: string, kernel: UnaryKernel, x: Tensor): Tensor {
  checkFloat(operation, "input", x);
  const out = transient(x.shape);
  kernel(out.address, x.address, x.numel);
  return out;
}

function binary(operation: string, kernel: BinaryKernel, a: Tensor, b: Tensor): Tensor {
  checkFloat(operation, "input", a);
  checkFloat(operation, "other", b);
  const shape = broadcastShape(operation, a.shape, b.shape);
  const [x, y] = [expanded(a, shape), expanded(b, shape)];
  const out = transient(shape);
  kernel(out.address, x.address, y.address, out.numel);
  if (x !== a) x.dispose();
  if (y !== b) y.dispose();
  return out;
}

/** x repeated to `shape`, with which it broadcasts; x itself where nothing changes. */
export function expand(x: Tensor, shape: Shape): Tensor {
  const out = expanded(x, shape);
  return out === x ? x : record(out, "ExpandBackward0", [x], [], (gradient) => [sumTo(gradient, x.shape)]);
}

/** The common shape of two operands, sizes of 1 and missing leading dimensions repeated. */
export function broadcastShape(operation: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, dim) => {
    const x = a[dim - rank + a.length] ?? 1;
    const y = b[dim - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw new RangeError(
        `${operation}: The size of tensor a (${x}) must match the size of tensor b (${y}) at non-singleton dimension ${dim}: ` +
          `shapes ${sizeText(a)} and ${sizeText(b)}`,
      );
    }
    return x === 1 ? y : x;
  });
}
