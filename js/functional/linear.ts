import { matrixText, sizeText } from "../check.js";
import { record } from "../tensor/graph.js";
import { productOf } from "../tensor/matmul.js";
import { sum } from "../tensor/reductions.js";
import { checkFloat, numelOf, type Tensor, transient } from "../tensor/tensor.js";
import { expanded, reshape } from "../tensor/views.js";
import { kernels } from "../wasm.js";

/**
 * input times weight transposed, plus bias.
 * input [.., in], weight [out, in], bias [out]; returns [.., out].
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.linear.html
 */
export function linear(input: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  checkFloat("linear", "input", input);
  checkFloat("linear", "weight", weight);
  if (bias !== null) checkFloat("linear", "bias", bias);
  const [features, inner] = weight.shape;
  const lead = input.shape.slice(0, -1);
  if (weight.ndim !== 2 || input.ndim === 0 || input.shape[lead.length] !== inner) {
    throw new RangeError(
      `linear: mat1 and mat2 shapes cannot be multiplied (${matrixText(input.shape)} and ` +
        `${matrixText([...weight.shape].reverse())}): weight is [out, in]`,
    );
  }
  if (bias !== null && (bias.ndim !== 1 || bias.numel !== features)) {
    throw new RangeError(`linear: bias of shape ${sizeText(bias.shape)} does not fit weight ${sizeText(weight.shape)}`);
  }
  const n = numelOf(lead);
  const out = transient([...lead, features]);
  const forward = productOf({ rows: n, inner, dim: features, transposed: "b" });
  forward(out.address, input.address, weight.address);
  if (bias !== null) addToRows(out, bias);
  const inputs = bias === null ? [input, weight] : [input, weight, bias];
  const saved = [weight.requiresGrad ? input : null, input.requiresGrad ? weight : null];
  const shapes = [input.shape, weight.shape];
  return record(out, nameOf(lead.length, bias !== null), inputs, saved, (gradient, [x, w], needed) => {
    const [dx, dw] = shapes.map((shape, i) => (needed[i] ? transient(shape) : null));
    if (dx) productOf({ rows: n, inner: features, dim: inner })(dx.address, gradient.address, w.address);
    if (dw) {
      const byWeight = productOf({ rows: features, inner: n, dim: inner, transposed: "a" });
      byWeight(dw.address, gradient.address, x.address);
    }
    return [dx, dw, needed[2] ? sum(reshape(gradient, [n, features]), 0) : null].slice(0, inputs.length);
  });
}

/** rows[i, :] += bias */
function addToRows(rows: Tensor, bias: Tensor): void {
  const spread = expanded(bias, rows.shape);
  kernels.add(rows.address, rows.address, spread.address, rows.numel);
  if (spread !== bias) spread.dispose();
}

/** PyTorch multiplies matrices directly and reshapes everything else around that. */
function nameOf(leadingDims: number, hasBias: boolean): string {
  if (leadingDims === 1) return hasBias ? "AddmmBackward0" : "MmBackward0";
  if (leadingDims === 0) return hasBias ? "ViewBackward0" : "SqueezeBackward4";
  return hasBias ? "ViewBackward0" : "UnsafeViewBackward0";
}
