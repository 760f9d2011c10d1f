// Other shapes of the same elements, and copies in another order.

import { checkInteger, checkShape, describe, type Shape, sizeText, wrapDim } from "../check.js";
import { kernels } from "../wasm.js";
import { copyBlocks, copyElements, filled } from "./fills.js";
import { record } from "./graph.js";
import { numelOf, sameShape, type Tensor, transient } from "./tensor.js";

export function at(x: Tensor, indices: readonly number[]): Tensor {
  if (indices.length > x.ndim) {
    throw new RangeError(`at: too many indices for tensor of dimension ${x.ndim}: got ${indices.length}`);
  }
  let position = 0;
  let block = x.numel;
  for (let dim = 0; dim < indices.length; dim++) {
    const size = x.shape[dim];
    const index = indices[dim];
    checkInteger("at", `indices[${dim}]`, index);
    if (index < -size || index >= size) {
      throw new RangeError(`at: index ${index} is out of bounds for dimension ${dim} with size ${size}`);
    }
    block /= size;
    position += (index < 0 ? index + size : index) * block;
  }
  return part(x, x.shape.slice(indices.length), position, "SelectBackward0");
}

export function narrow(x: Tensor, dim: number, start: number, length: number): Tensor {
  const axis = wrapDim("narrow", dim, x.ndim);
  checkInteger("narrow", "start", start);
  checkInteger("narrow", "length", length);
  const size = x.shape[axis];
  if (x.ndim === 0) throw new RangeError("narrow: narrow() cannot be applied to a 0-dim tensor.");
  if (length < 0) throw new RangeError(`narrow: narrow(): length must be non-negative, but got ${length}`);
  if (start < -size || start > size) {
    throw new RangeError(
      `narrow: start out of range (expected to be in range of [${-size}, ${size}], but got ${start})`,
    );
  }
  const first = start < 0 ? start + size : start;
  if (first + length > size) {
    throw new RangeError(`narrow: start (${first}) + length (${length}) exceeds dimension size (${size}).`);
  }
  const shape = x.shape.map((extent, i) => (i === axis ? length : extent));
  const strides = stridesOf(x.shape);
  if (axis === 0) return part(x, shape, first * strides[0], "SliceBackward0");
  const out = stridedCopy(x, shape, strides, first * strides[axis]);
  return record(out, "SliceBackward0", [x], [], (gradient) => {
    // Rows of `length` blocks go back to where they came from.
    const whole = filled(x.shape, 0);
    copyBlocks(whole, gradient, strides[axis] * length, strides[axis] * size, first * strides[axis]);
    return [whole];
  });
}

/** Consecutive elements of x, sharing its storage. */
function part(x: Tensor, shape: Shape, position: number, name: string): Tensor {
  const whole = x.shape;
  return record(x.alias(shape, x.offset + position), name, [x], [], (gradient) => {
    const out = filled(whole, 0);
    copyElements(out, gradient, position);
    return [out];
  });
}

export function reshape(x: Tensor, shape: Shape): Tensor {
  const resolved = resolveShape(x, shape);
  const before = x.shape;
  return record(x.alias(resolved), "ViewBackward0", [x], [], (gradient) => [gradient.alias(before)]);
}

function resolveShape(x: Tensor, shape: Shape): Shape {
  if (!Array.isArray(shape)) throw new TypeError(`reshape: shape must be an array, but got ${describe(shape)}`);
  const free = shape.indexOf(-1);
  if (free !== shape.lastIndexOf(-1)) throw new RangeError("reshape: only one dimension can be inferred");
  const known = shape.filter((_, dim) => dim !== free);
  checkShape("reshape", known);
  const rest = numelOf(known);
  const resolved = shape.map((size, dim) => (dim === free ? x.numel / rest : size));
  if (numelOf(resolved) !== x.numel || !resolved.every(Number.isInteger)) {
    throw new RangeError(`reshape: shape '${sizeText(shape)}' is invalid for input of size ${x.numel}`);
  }
  return resolved;
}

export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  const a = wrapDim("transpose", dim0, x.ndim);
  const b = wrapDim("transpose", dim1, x.ndim);
  const order = x.shape.map((_, dim) => (dim === a ? b : dim === b ? a : dim));
  return record(permuted(x, order), "TransposeBackward0", [x], [], (gradient) => [permuted(gradient, order)]);
}

/** A copy whose dimension i is dimension order[i] of x. */
function permuted(x: Tensor, order: readonly number[]): Tensor {
  const strides = stridesOf(x.shape);
  return stridedCopy(
    x,
    order.map((dim) => x.shape[dim]),
    order.map((dim) => strides[dim]),
  );
}

/** The same without a copy where the order is that of x: then x itself. */
export function reordered(x: Tensor, order: readonly number[]): Tensor {
  return order.every((dim, i) => dim === i) ? x : permuted(x, order);
}

/** The order of `rank` dimensions that has `axis` last. */
export function lastOrder(rank: number, axis: number): number[] {
  return Array.from({ length: rank }, (_, i) => (i === rank - 1 ? axis : i < axis ? i : i + 1));
}

/** The order that undoes another. */
export function inverse(order: readonly number[]): number[] {
  return order.map((_, dim) => order.indexOf(dim));
}

/** x repeated along dimensions of size 1 and new leading ones; x itself where nothing changes. */
export function expanded(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const strides = stridesOf(x.shape);
  const lead = shape.length - x.ndim;
  return stridedCopy(
    x,
    shape,
    shape.map((_, dim) => (dim < lead || x.shape[dim - lead] === 1 ? 0 : strides[dim - lead])),
  );
}

/** Copies the elements that strides reach from `start`. */
function stridedCopy(x: Tensor, shape: Shape, strides: Shape, start = 0): Tensor {
  const out = transient(shape, x.dtype);
  if (out.numel === 0) return out;
  const rank = Math.max(shape.length, 1);
  const plan = transient([2, rank], "int32");
  plan.array.set(shape.length === 0 ? [1, 0] : [...shape, ...strides]);
  kernels.strided(out.address, x.address + 4 * start, plan.address, plan.address + 4 * rank, rank);
  plan.dispose();
  return out;
}

function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  for (let dim = shape.length - 2; dim >= 0; dim--) strides[dim] = strides[dim + 1] * shape[dim + 1];
  return strides;
}

export function clone(x: Tensor): Tensor {
  const out = transient(x.shape, x.dtype);
  copyElements(out, x);
  return record(out, "CloneBackward0", [x], [], (gradient) => [gradient.alias()]);
}

export function float(x: Tensor): Tensor {
  if (x.dtype === "float32") return x;
  const out = transient(x.shape);
  kernels.toFloat(out.address, x.address, x.numel);
  return out;
}
