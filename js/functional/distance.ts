import { checkNumber, checkOptions, wrapDim } from "../check.js";
import { broadcastShape, expand } from "../tensor/arithmetic.js";
import { filled } from "../tensor/fills.js";
import { record } from "../tensor/graph.js";
import { tidy } from "../tensor/scope.js";
import { checkFloat, type Tensor, transient } from "../tensor/tensor.js";
import { inverse, lastOrder, reordered } from "../tensor/views.js";
import { kernels } from "../wasm.js";

/**
 * Sum of x1 / max(|x1|, eps) * x2 / max(|x2|, eps) over dim (1 unless given; eps 1e-8), |x| the 2-norm: the cosine of the angle
 * between vectors. Shapes broadcast; returns the common shape without dim.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cosine_similarity.html
 */
export function cosineSimilarity(x1: Tensor, x2: Tensor, options: { dim?: number; eps?: number } = {}): Tensor {
  checkFloat("cosineSimilarity", "x1", x1);
  checkFloat("cosineSimilarity", "x2", x2);
  checkOptions("cosineSimilarity", options, ["dim", "eps"]);
  const { dim = 1, eps = 1e-8 } = options;
  checkNumber("cosineSimilarity", "eps", eps);
  if (!(eps >= 0)) throw new RangeError(`cosineSimilarity: eps must be non-negative, got: ${eps}`);
  const shape = broadcastShape("cosineSimilarity", x1.shape, x2.shape);
  const axis = wrapDim("cosineSimilarity", dim, shape.length);
  return tidy(() => {
    const [a, b] = [x1, x2].map((x) => {
      const whole = expand(x, shape);
      // PyTorch takes no account of the bound in the gradient.
      return whole.div(atLeast(vectorNorm("cosineSimilarity", whole, 2, axis), eps, true));
    });
    return a.mul(b).sum(axis);
  });
}

/**
 * x / max(|x|, eps) with the p-norm over dim. p 2, dim 1, eps 1e-12 unless given; p may be any number. Same shape as input.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.normalize.html
 */
export function normalize(input: Tensor, options: { p?: number; dim?: number; eps?: number } = {}): Tensor {
  checkFloat("normalize", "input", input);
  checkOptions("normalize", options, ["p", "dim", "eps"]);
  const { p = 2, dim = 1, eps = 1e-12 } = options;
  checkNumber("normalize", "p", p);
  checkNumber("normalize", "eps", eps);
  const axis = wrapDim("normalize", dim, input.ndim);
  return tidy(() => input.div(atLeast(vectorNorm("normalize", input, p, axis), eps, false)));
}

/** The p-norm over one dimension, which is kept with size 1. */
function vectorNorm(operation: string, x: Tensor, p: number, axis: number): Tensor {
  const dim = x.shape[axis] ?? 1;
  if (dim === 0 && (p < 0 || p === Infinity)) {
    throw new RangeError(
      `${operation}: linalg.vector_norm cannot compute the ${p} norm on the dimension ${axis} because this dimension is ` +
        "empty and the operation does not have an identity",
    );
  }
  const order = lastOrder(x.ndim, axis);
  const rows = reordered(x, order);
  const out = transient(x.shape.map((size, i) => (i === axis ? 1 : size)));
  kernels.rowNorms(out.address, rows.address, out.numel, dim, p);
  if (rows !== x) rows.dispose();
  return record(out, "LinalgVectorNormBackward0", [x], [x, out], (gradient, [saved, norms]) => {
    const slopes = normSlopes(reordered(saved, order), norms, gradient, dim, p);
    return [reordered(slopes, inverse(order))];
  });
}

/** gradient[i] * d norms[i] / d x[i, :] for each row of x; 0 for a row whose norm is 0. */
function normSlopes(x: Tensor, norms: Tensor, gradient: Tensor, dim: number, p: number): Tensor {
  const n = norms.numel;
  if (p === 0) return filled(x.shape, 0);
  if (Math.abs(p) === Infinity) return extremeSlopes(x, norms, gradient, dim);
  const out = transient(x.shape);
  if (p === 2) {
    const scale = transient([n]);
    const [factors, lengths, of] = [scale.array, norms.array, gradient.array];
    for (let i = 0; i < n; i++) factors[i] = lengths[i] === 0 ? 0 : of[i] / lengths[i];
    kernels.scaleRows(out.address, x.address, scale.address, n, dim);
  } else {
    kernels.rowNormsBackward(out.address, x.address, norms.address, gradient.address, n, dim, p);
  }
  return out;
}

/** The gradient goes to the elements that are as large, or as small, as the norm, in equal shares. */
function extremeSlopes(x: Tensor, norms: Tensor, gradient: Tensor, dim: number): Tensor {
  const out = filled(x.shape, 0);
  const [values, slopes, of] = [x.array, out.array, gradient.array];
  for (const [i, norm] of norms.array.entries()) {
    const places: number[] = [];
    for (let k = i * dim; k < (i + 1) * dim; k++) {
      if (Math.abs(values[k]) === norm || Number.isNaN(values[k])) places.push(k);
    }
    for (const k of places) slopes[k] = (Math.sign(values[k]) * of[i]) / places.length;
  }
  return out;
}

/** max(x, bound). The gradient passes where x is not below the bound, or everywhere. */
function atLeast(x: Tensor, bound: number, everywhere: boolean): Tensor {
  const floor = Math.fround(bound);
  const out = transient(x.shape);
  const [from, to] = [x.array, out.array];
  for (let i = 0; i < from.length; i++) to[i] = Math.max(from[i], floor);
  if (everywhere) return record(out, "CloneBackward0", [x], [], (gradient) => [gradient.alias()]);
  return record(out, "ClampMinBackward0", [x], [x], (gradient, [saved]) => {
    const grad = filled(saved.shape, 0);
    const [slopes, of, values] = [grad.array, gradient.array, saved.array];
    for (let i = 0; i < of.length; i++) if (values[i] >= floor) slopes[i] = of[i];
    return [grad];
  });
}
