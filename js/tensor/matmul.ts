// Matrix products, one matrix or a batch of them.

import { matrixText, type Shape, wrapDim } from "../check.js";
import { kernels } from "../wasm.js";
import { broadcastShape, expand } from "./arithmetic.js";
import { record } from "./graph.js";
import { tidy } from "./scope.js";
import { checkFloat, numelOf, type Tensor, transient } from "./tensor.js";
import { reshape } from "./views.js";

/** Multiplies the matrices at addresses a and b into out. */
type Product = (out: number, a: number, b: number) => void;

/** a [rows, inner] times b [inner, dim]; the one named lies in memory transposed. */
interface Factors {
  readonly rows: number;
  readonly inner: number;
  readonly dim: number;
  readonly transposed?: "a" | "b" | null;
}

// Up to these sizes packing costs more than tiles save: bench/RESULTS.md, refused ideas.

/** Rows of a, when b lies row by row. */
const FEW_ROWS = 8;
/** Products in a sum. */
const FEW_PRODUCTS = 2;
/** Rows of a or columns of b, when both lie along the products. */
const FEW_DOTS = 6;

/** @internal The fastest kernel for these factors. */
export function productOf({ rows, inner, dim, transposed = null }: Factors): Product {
  if (dim === 1 && rows > 1) {
    // A column lies in memory like a row, and with the vector on the left the inner loops are longer.
    const swapped = productOf({ rows: 1, inner, dim: rows, transposed: transposed === "a" ? null : "b" });
    return (out, a, b) => swapped(out, b, a);
  }
  const [aRow, aInner] = transposed === "a" ? [1, rows] : [inner, 1];
  const [bInner, bDim] = transposed === "b" ? [1, inner] : [dim, 1];
  if (bInner === 1 && inner > 1 && Math.min(rows, dim) <= FEW_DOTS) {
    return (out, a, b) => kernels.matmulDots(out, a, b, rows, inner, dim);
  }
  if (bDim === 1 && (rows <= FEW_ROWS || inner <= FEW_PRODUCTS)) {
    return (out, a, b) => kernels.matmulRows(out, a, b, rows, inner, dim, aRow, aInner);
  }
  return (out, a, b) => kernels.matmul(out, a, b, rows, inner, dim, aRow, aInner, bInner, bDim);
}

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
      if (b.ndim === 1) return withoutDim(product, -1, "DotBackward0");
      return withoutDim(product, -2, b.ndim === 2 ? "SqueezeBackward4" : "UnsafeViewBackward0");
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

/** a [n, k] times b [k, m] */
function product(shape: Shape, a: Tensor, b: Tensor, { batches, n, k, m }: Sizes): Tensor {
  return each(batches, shape, a, b, productOf({ rows: n, inner: k, dim: m }));
}

/** gradient [n, m] times b [k, m] transposed */
function leftGradient(shape: Shape, gradient: Tensor, b: Tensor, { batches, n, k, m }: Sizes): Tensor {
  return each(batches, shape, gradient, b, productOf({ rows: n, inner: m, dim: k, transposed: "b" }));
}

/** a [n, k] transposed times gradient [n, m] */
function rightGradient(shape: Shape, a: Tensor, gradient: Tensor, { batches, n, k, m }: Sizes): Tensor {
  return each(batches, shape, a, gradient, productOf({ rows: k, inner: n, dim: m, transposed: "a" }));
}

/** A tensor of `shape`, filled by calling a kernel for each matrix of a batch with the addresses of out, x and y. */
function each(batches: number, shape: Shape, x: Tensor, y: Tensor, kernel: Product): Tensor {
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
