import { checkInteger, describe, sizeText, wrapDim } from "../check.js";
import { copyBlocks, filled } from "./fills.js";
import { record } from "./graph.js";
import { numelOf, Tensor, transient } from "./tensor.js";
import { float, narrow } from "./views.js";

/**
 * The tensors one after the other along `dim`, of equal sizes in every other. int32 beside float32 becomes float32.
 * Tensors of shape [0] fit everywhere and add nothing. TypeError for what is no tensor, RangeError for sizes that do not fit.
 * https://docs.pytorch.org/docs/stable/generated/torch.cat.html
 */
export function cat(tensors: readonly Tensor[], dim = 0): Tensor {
  const axis = checkParts(tensors, dim);
  const parts = tensors.filter((x) => !isNothing(x));
  const shape = parts.length === 0 ? [0] : [...parts[0].shape];
  if (parts.length > 0) shape[axis] = parts.reduce((size, part) => size + part.shape[axis], 0);
  const dtype = tensors.every((x) => x.dtype === "int32") ? "int32" : "float32";
  const out = transient(shape, dtype);
  const inner = numelOf(shape.slice(axis + 1));
  let start = 0;
  for (const part of parts) {
    const from = dtype === "float32" ? float(part) : part;
    const block = part.shape[axis] * inner;
    copyBlocks(out, from, block, shape[axis] * inner, start);
    start += block;
    if (from !== part) from.dispose();
  }
  // null for those that add nothing.
  const sizes = tensors.map((x) => (isNothing(x) ? null : x.shape[axis]));
  return record(out, "CatBackward0", tensors, [], (gradient, _, needed) => {
    let end = 0;
    return sizes.map((size, i) => {
      end += size ?? 0;
      if (!needed[i]) return null;
      return size === null ? filled([0], 0) : narrow(gradient, axis, end - size, size);
    });
  });
}

/** PyTorch has always let a vector of no elements stand beside anything. */
function isNothing({ shape }: Tensor): boolean {
  return shape.length === 1 && shape[0] === 0;
}

/** The dim counted from the front, after PyTorch's checks. */
function checkParts(tensors: unknown, dim: unknown): number {
  if (!Array.isArray(tensors)) {
    throw new TypeError(`cat: argument 'tensors' (position 1) must be tuple of Tensors, not ${describe(tensors)}`);
  }
  checkInteger("cat", "dim", dim);
  if (tensors.length === 0) throw new RangeError("cat: expected a non-empty list of Tensors");
  let like: Tensor | null = null;
  for (const [i, x] of tensors.entries()) {
    if (!(x instanceof Tensor)) {
      throw new TypeError(`cat: expected Tensor as element ${i} in argument 0, but got ${describe(x)}`);
    }
    if (x.ndim === 0) throw new RangeError(`cat: zero-dimensional tensor (at position ${i}) cannot be concatenated`);
    if (isNothing(x)) continue;
    like ??= x;
    if (x.ndim !== like.ndim) {
      throw new RangeError(`cat: Tensors must have same number of dimensions: got ${like.ndim} and ${x.ndim}`);
    }
    const axis = wrapDim("cat", dim, x.ndim);
    const other = x.shape.findIndex((size, k) => k !== axis && size !== (like as Tensor).shape[k]);
    if (other >= 0) {
      throw new RangeError(
        `cat: Sizes of tensors must match except in dimension ${axis}. Expected size ${like.shape[other]} but got size ` +
          `${x.shape[other]} for tensor number ${i} in the list. Shapes are ${sizeText(like.shape)} and ${sizeText(x.shape)}`,
      );
    }
  }
  return like === null ? 0 : wrapDim("cat", dim, like.ndim);
}
