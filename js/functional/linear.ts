import { matrixText, sizeText } from "../check.js";
import { record } from "../tensor/graph.js";
import { checkFloat, type Tensor, transient } from "../tensor/tensor.js";
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
  const n = lead.reduce((product, size) => product * size, 1);
  const out = transient([...lead, features]);
  kernels.matmulTransposed(out.address, input.address, weight.address, n, inner, features);
  const product = record(out, "MmBackward0", [input, weight], [input, weight], (gradient, [x, w], needed) => {
    const grads = [needed[0] ? transient(x.shape) : null, needed[1] ? transient(w.shape) : null];
    if (grads[0]) kernels.matmul(grads[0].address, gradient.address, w.address, n, features, inner);
    if (grads[1]) kernels.transposedMatmul(grads[1].address, gradient.address, x.address, features, n, inner);
    return grads;
  });
  return bias === null ? product : product.add(bias);
}
