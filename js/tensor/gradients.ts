// The forms a gradient can take, and how two of them add up.

import { describe, type Shape, sizeText } from "../check.js";
import { kernels } from "../wasm.js";
import { add } from "./arithmetic.js";
import { distinctRows, sumBySlot } from "./rows.js";
import { concatRows, SparseTensor } from "./sparse-tensor.js";
import { checkFloat, keep, owned, sameShape, Tensor } from "./tensor.js";

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
    const { rows, slots } = distinctRows(concatRows(a.rows, b.rows));
    return new TouchedRows(rows, sumBySlot(concatRows(a.sums, b.sums), slots, rows.numel, a.shape[1]), a.shape);
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
