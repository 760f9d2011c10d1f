import { distinctRows, sumBySlot } from "../tensor/rows.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { type Tensor, transient } from "../tensor/tensor.js";
import { kernels } from "../wasm.js";

/**
 * The direction of a dense step: gradient + weightDecay * param, negated gradient to maximize.
 * The gradient itself where there is nothing to do, a fresh tensor otherwise.
 */
export function decayed(param: Tensor, gradient: Tensor, weightDecay: number, maximize: boolean): Tensor {
  if (weightDecay === 0 && !maximize) return gradient;
  const out = transient(param.shape);
  const sign = maximize ? -1 : 1;
  if (weightDecay === 0) kernels.affine(out.address, gradient.address, out.numel, sign, -0);
  else kernels.combine(out.address, gradient.address, param.address, out.numel, sign, weightDecay);
  return out;
}

/** The gradient of param as a whole matrix; written out for good if it was deferred, for this step if it is sparse. */
export function denseGradient(param: Tensor): Tensor {
  return param.gradient instanceof SparseTensor ? param.gradient.toDense() : param.denseGrad();
}

/** The distinct rows of a sparse gradient and their sums, in any order: cheaper than one that ascends. */
export function summedRows(gradient: SparseTensor): { rows: Tensor; sums: Tensor } {
  const { indices, values, isCoalesced, shape } = gradient;
  if (isCoalesced) return { rows: indices, sums: values };
  const distinct = distinctRows(indices);
  return { rows: distinct.rows, sums: sumBySlot(values, distinct, shape[1], -0) };
}

/** The runs of elements that learn: all of them, unless rows are frozen. */
export function spans(param: Tensor): readonly (readonly [first: number, n: number])[] {
  if (param.trainableRows === null) return [[0, param.numel]];
  const rowSize = param.numel / param.shape[0];
  return param.trainableRows.map(([start, end]) => [start * rowSize, (end - start) * rowSize]);
}
