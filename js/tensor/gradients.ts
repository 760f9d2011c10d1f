// The forms a gradient can take, and how two of them add up.

import { checkBoolean, checkOptions, describe, type Shape, sizeText } from "../check.js";
import { kernels } from "../wasm.js";
import { add } from "./arithmetic.js";
import { distinctRows, sumBySlot } from "./rows.js";
import { tidy } from "./scope.js";
import { concatRows, SparseTensor } from "./sparse-tensor.js";
import { checkFloat, keep, owned, sameShape, Tensor, transient } from "./tensor.js";

/** Dense; sparse because the user asked for it; or dense but not written out yet. */
export type Gradient = Tensor | SparseTensor | TouchedRows;

/**
 * A dense gradient [V, D] whose other rows are zero: row rows[i] is sums[i, :], rows distinct.
 * It costs what the batch touched. Reading `.grad` writes it out.
 */
export class TouchedRows {
  /** Takes over both handles. */
  constructor(
    readonly rows: Tensor,
    readonly sums: Tensor,
    readonly shape: Shape,
  ) {
    keep(rows);
    keep(sums);
  }

  toDense(): Tensor {
    // Owned, for it may be larger than all that transients may hold.
    const dense = owned(this.shape).zero_();
    kernels.scatter(dense.address, this.sums.address, this.rows.address, this.rows.numel, this.shape[1]);
    return dense;
  }

  alias(): TouchedRows {
    return new TouchedRows(this.rows.alias(), this.sums.alias(), this.shape);
  }

  own(): void {
    this.rows.own();
    this.sums.own();
  }

  dispose(): void {
    this.rows.dispose();
    this.sums.dispose();
  }
}

/** a + b; both are disposed. Sparse plus sparse concatenates, as in PyTorch; anything plus dense is dense. */
export function addGradients(a: Gradient, b: Gradient): Gradient {
  const sum = addSameForm(a, b) ?? addToDense(a, b) ?? addToDense(b, a) ?? add(dense(a), dense(b));
  a.dispose();
  b.dispose();
  return sum;
}

function addSameForm(a: Gradient, b: Gradient): Gradient | null {
  if (a instanceof SparseTensor && b instanceof SparseTensor) {
    const indices = concatRows(a.indices.alias([a.nnz]), b.indices.alias([b.nnz]));
    return new SparseTensor(indices.alias([1, indices.numel]), concatRows(a.values, b.values), a.shape, false);
  }
  if (a instanceof TouchedRows && b instanceof TouchedRows) {
    const distinct = distinctRows(concatRows(a.rows, b.rows));
    return new TouchedRows(distinct.rows, sumBySlot(concatRows(a.sums, b.sums), distinct, a.shape[1]), a.shape);
  }
  return null;
}

/** Sparse entries are added to a dense gradient one by one, as PyTorch does. */
function addToDense(a: Gradient, b: Gradient): Tensor | null {
  if (a instanceof SparseTensor || !(b instanceof SparseTensor)) return null;
  return b.addTo(a instanceof Tensor ? a.clone() : a.toDense());
}

/** A gradient as a whole tensor; itself if it is one. */
export function dense(gradient: Gradient): Tensor {
  return gradient instanceof Tensor ? gradient : gradient.toDense();
}

/** Zero in the form of a gradient: a whole tensor of zeros, or no rows. */
export function zeroOf(gradient: Gradient): Gradient {
  const { shape } = gradient;
  if (gradient instanceof Tensor) return owned(shape).zero_();
  if (gradient instanceof TouchedRows) return new TouchedRows(transient([0], "int32"), transient([0, shape[1]]), shape);
  return new SparseTensor(transient([1, 0], "int32"), transient([0, shape[1]]), shape, true);
}

/** What may be assigned to `tensor.grad`. */
export function checkGradient(gradient: unknown, { shape }: Tensor): void {
  if (gradient instanceof Tensor) checkFloat("grad", "grad", gradient);
  else if (!(gradient instanceof SparseTensor)) {
    throw new TypeError(`grad: expected a Tensor, a SparseTensor or null, but got ${describe(gradient)}`);
  }
  const given = (gradient as Tensor | SparseTensor).shape;
  if (!sameShape(given, shape)) {
    throw new RangeError(
      `grad: assigned grad has data of a different size: it is ${sizeText(given)}, the tensor is ${sizeText(shape)}`,
    );
  }
}

/**
 * Makes a gradient its leaf's own. A dense one that shares its storage is copied, so that no other holder can change it; the
 * values of a sparse one are copied only if they are another leaf's gradient, for they are what flowed back.
 */
export function ownGradient(gradient: Gradient): Gradient {
  const own =
    gradient instanceof Tensor ? separate(gradient) : gradient instanceof SparseTensor ? apart(gradient) : gradient;
  if (own !== gradient) gradient.dispose();
  own.own();
  return own;
}

function separate(gradient: Tensor): Tensor {
  const { storage, numel } = gradient;
  return storage.isShared || numel !== storage.length ? gradient.clone() : gradient;
}

function apart(gradient: SparseTensor): SparseTensor {
  const { indices, values, shape, isCoalesced } = gradient;
  const another = values.storage.leaves > 0;
  return another ? new SparseTensor(indices.clone(), values.clone(), shape, isCoalesced) : gradient;
}

/** The p-norm of all elements of a gradient, p > 0, in float64. */
export function gradientNorm(gradient: Gradient, p: number): number {
  return tidy(() => {
    const numbers = numbersOf(summed(gradient));
    return kernels.norm(numbers.address, numbers.numel, p);
  });
}

/** The norm of several norms, as if their numbers stood in one vector. */
export function normOfNorms(norms: readonly number[], p: number): number {
  // As parts of the largest they fit float32, whatever they are.
  const largest = norms.reduce((a, b) => Math.max(a, b), 0);
  if (!(largest > 0 && largest < Infinity)) return largest;
  return tidy(() => {
    const parts = transient([norms.length]);
    parts.array.set(norms.map((part) => part / largest));
    return largest * kernels.norm(parts.address, parts.numel, p);
  });
}

/** gradient *= factor */
export function scaleGradient(param: Tensor, factor: number): void {
  rewrite(param, param.gradient!, (out, x) => kernels.affine(out.address, x.address, x.numel, factor, -0));
}

/** Brings every element of the gradient into [-limit, limit], limit >= 0. A sparse one is coalesced first. */
export function clampGradient(param: Tensor, limit: number): void {
  tidy(() =>
    rewrite(param, summed(param.gradient!), (out, x) => kernels.clamp(out.address, x.address, x.numel, -limit, limit)),
  );
}

/** A gradient whose rows are distinct, so that its numbers are those of the whole matrix, zeros left out. */
function summed(gradient: Gradient): Gradient {
  return gradient instanceof SparseTensor ? gradient.coalesce() : gradient;
}

/** The numbers that a gradient holds. */
function numbersOf(gradient: Gradient): Tensor {
  if (gradient instanceof SparseTensor) return gradient.values;
  return gradient instanceof TouchedRows ? gradient.sums : gradient;
}

/**
 * Gives param the gradient that `change` makes of the numbers of `gradient`: in place, but the numbers of a sparse one may be
 * what flowed back, so that it gets new ones.
 */
function rewrite(param: Tensor, gradient: Gradient, change: (out: Tensor, x: Tensor) => void): void {
  const numbers = numbersOf(gradient);
  if (gradient instanceof SparseTensor) {
    const { indices, shape, isCoalesced } = gradient;
    const out = transient(numbers.shape);
    change(out, numbers);
    const changed = new SparseTensor(indices.alias(), out, shape, isCoalesced);
    param.grad = changed;
    changed.dispose();
  } else {
    change(numbers, numbers);
    numbers.storage.version++;
  }
}

/** Clears the gradients, or makes zeros of them if `setToNone` is false. */
export function zeroGradients(leaves: Iterable<Tensor>, options: { setToNone?: boolean }): void {
  checkOptions("zeroGrad", options, ["setToNone"]);
  const { setToNone = true } = options;
  checkBoolean("zeroGrad", "setToNone", setToNone);
  for (const leaf of leaves) {
    if (setToNone) leaf.clearGrad();
    else leaf.zeroGradient();
  }
}
