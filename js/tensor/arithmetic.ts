// Arithmetic, each forward beside its backward. Shapes first, then one kernel.
// int32 with int32 or a whole number is int32 and wraps around, with float32 it becomes float32; quotients are float32.

import { checkNumber, type Shape, sizeText } from "../check.js";
import { kernels } from "../wasm.js";
import { checkInt32 } from "./fills.js";
import { record } from "./graph.js";
import { sum } from "./reductions.js";
import type { DType } from "./storage.js";
import { checkFloat, sameShape, Tensor, transient } from "./tensor.js";
import { expanded, float } from "./views.js";

type BinaryKernel = typeof kernels.add;
type UnaryKernel = typeof kernels.exponential;

/** a + b */
export function add(a: Tensor, b: Tensor | number): Tensor {
  if (!(b instanceof Tensor)) return record(scaled(a, 1, numberGiven("add", a, b)), "AddBackward0", [a], [], pass);
  const out = binary("add", kernels.add, kernels.addIntegers, a, b);
  return record(out, "AddBackward0", [a, b], [], (gradient) => [sumTo(gradient, a.shape), sumTo(gradient, b.shape)]);
}

/** a - b */
export function sub(a: Tensor, b: Tensor | number): Tensor {
  if (!(b instanceof Tensor)) return record(scaled(a, 1, -numberGiven("sub", a, b)), "SubBackward0", [a], [], pass);
  const out = binary("sub", kernels.sub, kernels.subIntegers, a, b);
  return record(out, "SubBackward0", [a, b], [], (gradient, _, needed) => [
    sumTo(gradient, a.shape),
    needed[1] ? sumTo(neg(gradient), b.shape) : null,
  ]);
}

/** a * b */
export function mul(a: Tensor, b: Tensor | number): Tensor {
  if (!(b instanceof Tensor)) {
    const factor = numberGiven("mul", a, b);
    return record(scaled(a, factor, -0), "MulBackward0", [a], [], (gradient) => [mul(gradient, factor)]);
  }
  const saved = [b.requiresGrad ? a : null, a.requiresGrad ? b : null];
  const shapes = [a.shape, b.shape];
  const out = binary("mul", kernels.mul, kernels.mulIntegers, a, b);
  return record(out, "MulBackward0", [a, b], saved, (gradient, [x, y], needed) => [
    needed[0] ? sumTo(mul(gradient, y), shapes[0]) : null,
    needed[1] ? sumTo(mul(gradient, x), shapes[1]) : null,
  ]);
}

/** a / b */
export function div(a: Tensor, b: Tensor | number): Tensor {
  if (!(b instanceof Tensor)) {
    checkNumber("div", "other", b);
    const from = float(a);
    const out = from === a ? transient(a.shape) : from;
    kernels.divideScalar(out.address, from.address, a.numel, b);
    return record(out, "DivBackward0", [a], [], (gradient) => [div(gradient, b)]);
  }
  const shapes = [a.shape, b.shape];
  const saved = [b.requiresGrad ? a : null, b];
  const out = binary("div", kernels.div, null, a, b);
  return record(out, "DivBackward0", [a, b], saved, (gradient, [x, y], needed) => [
    needed[0] ? sumTo(div(gradient, y), shapes[0]) : null,
    // d(x / y) / dy = -(x / y) / y
    needed[1] ? sumTo(neg(mul(gradient, div(div(x, y), y))), shapes[1]) : null,
  ]);
}

/** -x. Minus zero is the only number that adds nothing to either zero. */
export function neg(x: Tensor): Tensor {
  return record(scaled(x, -1, -0), "NegBackward0", [x], [], (gradient) => [neg(gradient)]);
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

/** A number that can stand beside x: a whole one of 32 bits beside int32. */
function numberGiven(operation: string, x: Tensor, value: unknown): number {
  checkNumber(operation, "other", value);
  if (x.dtype === "int32") checkInt32(operation, "other", value);
  return value;
}

/** x * factor + term */
function scaled(x: Tensor, factor: number, term: number): Tensor {
  const out = transient(x.shape, x.dtype);
  const kernel = x.dtype === "int32" ? kernels.affineIntegers : kernels.affine;
  kernel(out.address, x.address, x.numel, factor, term);
  return out;
}

/** A kernel applied to every element. */
export function unary(operation: string, kernel: UnaryKernel, x: Tensor): Tensor {
  checkFloat(operation, "input", x);
  const out = transient(x.shape);
  kernel(out.address, x.address, x.numel);
  return out;
}

/** A kernel applied to a and b, broadcast: the one for integers, if there is one, where both are int32. */
function binary(operation: string, floats: BinaryKernel, integers: BinaryKernel | null, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShape(operation, a.shape, b.shape);
  const kernel = a.dtype === "int32" && b.dtype === "int32" && integers !== null ? integers : floats;
  const dtype = kernel === integers ? "int32" : "float32";
  const [x, y] = [operand(a, shape, dtype), operand(b, shape, dtype)];
  const out = transient(shape, dtype);
  kernel(out.address, x.address, y.address, out.numel);
  if (x !== a) x.dispose();
  if (y !== b) y.dispose();
  return out;
}

/** x with this shape and dtype; itself where nothing changes. */
function operand(x: Tensor, shape: Shape, dtype: DType): Tensor {
  const spread = expanded(x, shape);
  const out = dtype === "float32" ? float(spread) : spread;
  if (out !== spread && spread !== x) spread.dispose();
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
