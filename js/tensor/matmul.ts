// Matrix products, one matrix or a batch of them.

import { matrixText, type Shape, wrapDim } from "../check.js";
import { kernels } from "../wasm.js";
import { broadcastShape, expand } from "./arithmetic.js";
import { record } from "./graph.js";
import { tidy } from "./scope.js";
import { checkFloat, numelOf, type Tensor, transient } from "./tensor.js";
import { reshape } from "./views.js";

/** How many matrices, and their sizes: [n, k] times [k, m]. */
interface Sizes {
  readonly batches: number;
  readonly n: number;
  readonly k: number;
  readonly m: number;
}

/**
 * a [.., n, k] times b [.., k, m], leading dimensions broadcast. Vectors as in PyTorch: on the left a row, on the right a
 * column, and the dimension of size 1 that they bring goes again.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  checkFloat("matmul", "input", a);
  checkFloat("matmul", "other", b);
  if (a.ndim === 0 || b.ndim === 0) {
    throw new RangeError(
      `matmul: both arguments to matmul need to be at least 1D, but they are ${a.ndim}D and ${b.ndim}D`,
    );
  }
  return tidy(() => {
    if (a.ndim === 1) {
      const product = matmul(reshape(a, [1, a.numel]), b);
      return withoutDim(product, b.ndim === 1 ? -1 : -2, b.ndim === 1 ? "DotBackward0" : "SqueezeBackward4");
    }
    if (b.ndim === 1) {
      const product = matmul(a, reshape(b, [b.numel, 1]));
      return withoutDim(product, -1, a.ndim === 2 ? "MvBackward0" : "UnsafeViewBackward0");
    }
    const [n, k] = a.shape.slice(-2);
    const [inner, m] = b.shape.slice(-2);
    if (k !== inner) {
      throw new RangeError(
        `matmul: mat1 and mat2 shapes cannot be multiplied (${matrixText(a.shape)} and ${matrixText(b.shape)})`,
      );
    }
    const lead = broadcastShape("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return batched(expand(a, [...lead, n, k]), expand(b, [...lead, k, m]), lead);
  });
}

/** Matrices of equal leading dimensions. */
function batched(a: Tensor, b: Tensor, lead: Shape): Tensor {
  const [n, k] = a.shape.slice(-2);
  const [m] = b.shape.slice(-1);
  const sizes = { batches: numelOf(lead), n, k, m };
  const out = product([...lead, n, m], a, b, sizes);
  const name = lead.length === 0 ? "MmBackward0" : "UnsafeViewBackward0";
  const saved = [b.requiresGrad ? a : null, a.requiresGrad ? b : null];
  const shapes = [a.shape, b.shape];
  return record(out, name, [a, b], saved, (gradient, [x, y], needed) => [
    needed[0] ? leftGradient(shapes[0], gradient, y, sizes) : null,
    needed[1] ? rightGradient(shapes[1], x, gradient, sizes) : null,
  ]);
}

// A matrix of one column lies in memory like a row, so with m = 1 each product has a form with longer inner loops.

/** a [n, k] times b [k, m] */
function product(shape: Shape, a: Tensor, b: Tensor, { batches, n, k, m }: Sizes): Tensor {
  if (m === 1) return each(batches, shape, a, b, (o, x, y) => kernels.matmulTransposed(o, x, y, n, k, 1));
  return each(batches, shape, a, b, (o, x, y) => kernels.matmul(o, x, y, n, k, m));
}

/** gradient [n, m] times b [k, m] transposed */
function leftGradient(shape: Shape, gradient: Tensor, b: Tensor, { batches, n, k, m }: Sizes): Tensor {
  if (m === 1) return each(batches, shape, gradient, b, (o, g, y) => kernels.matmul(o, g, y, n, 1, k));
  return each(batches, shape, gradient, b, (o, g, y) => kernels.matmulTransposed(o, g, y, n, m, k));
}

/** a [n, k] transposed times gradient [n, m] */
function rightGradient(shape: Shape, a: Tensor, gradient: Tensor, { batches, n, k, m }: Sizes): Tensor {
  if (m === 1) return each(batches, shape, gradient, a, (o, g, x) => kernels.matmul(o, g, x, 1, n, k));
  return each(batches, shape, a, gradient, (o, x, g) => kernels.transposedMatmul(o, x, g, k, n, m));
}

/** A tensor of `shape`, filled by calling a kernel for each matrix of a batch with the addresses of out, x and y. */
function each(
  batches: number,
  shape: Shape,
  x: Tensor,
  y: Tensor,
  kernel: (out: number, x: number, y: number) => void,
): Tensor {
  const out = transient(shape);
  const [o, a, b] = [out.address, x.address, y.address];
  const bytes = (tensor: Tensor) => (4 * tensor.numel) / batches;
  const [oStep, aStep, bStep] = [bytes(out), bytes(x), bytes(y)];
  for (let i = 0; i < batches; i++) kernel(o + i * oStep, a + i * aStep, b + i * bStep);
  return out;
}

/** Drops a dimension of size 1, under the name that PyTorch gives the whole product. */
function withoutDim(x: Tensor, dim: number, name: string): Tensor {
  const axis = wrapDim("matmul", dim, x.ndim);
  const before = x.shape;
  const after = before.filter((_, i) => i !== axis);
  return record(x.alias(after), name, [x], [], (gradient) => [gradient.alias(before)]);
}
