import { record } from "../tensor/graph.js";
import { checkFloat, type Tensor, transient } from "../tensor/tensor.js";
import { kernels } from "../wasm.js";

/**
 * log(1 / (1 + e^-x)) of every element, without overflow.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.logsigmoid.html
 */
export function logSigmoid(input: Tensor): Tensor {
  checkFloat("logSigmoid", "input", input);
  const out = transient(input.shape);
  kernels.logSigmoid(out.address, input.address, input.numel);
  return record(out, "LogSigmoidBackward0", [input], [input], (gradient, [x]) => {
    const grad = transient(x.shape);
    kernels.logSigmoidBackward(grad.address, x.address, gradient.address, x.numel);
    return [grad];
  });
}
