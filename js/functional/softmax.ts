import { checkOptions, wrapDim } from "../check.js";
import { record } from "../tensor/graph.js";
import { checkFloat, type Tensor, transient } from "../tensor/tensor.js";
import { inverse, lastOrder, reordered } from "../tensor/views.js";
import { kernels } from "../wasm.js";

export interface SoftmaxOptions {
  /** The dimension along which the exponentials sum to 1. */
  dim: number;
}

/**
 * e^x / sum of e^x over dim, without overflow; -Infinity is a mask and gives 0, where there is nothing else NaN.
 * Same shape as input. TypeError without a dim.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
 */
export function softmax(input: Tensor, options: SoftmaxOptions): Tensor {
  return alongDim("softmax", kernels.softmax, kernels.softmaxBackward, "SoftmaxBackward0", input, options);
}

/**
 * log(softmax(x)) = x - log(sum of e^x over dim), also where the softmax itself would be 0.
 * Same shape as input. TypeError without a dim.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
 */
export function logSoftmax(input: Tensor, options: SoftmaxOptions): Tensor {
  return alongDim("logSoftmax", kernels.logSoftmax, kernels.logSoftmaxBackward, "LogSoftmaxBackward0", input, options);
}

function alongDim(
  operation: string,
  forward: typeof kernels.softmax,
  backward: typeof kernels.softmaxBackward,
  name: string,
  input: Tensor,
  options: SoftmaxOptions,
): Tensor {
  checkFloat(operation, "input", input);
  const axis = wrapDim(operation, checkDim(operation, options), input.ndim);
  const order = lastOrder(input.ndim, axis);
  const dim = input.shape[axis] ?? 1;
  const rows = dim === 0 ? 0 : input.numel / dim;
  const x = reordered(input, order);
  const y = transient(x.shape);
  forward(y.address, x.address, rows, dim);
  const out = reordered(y, inverse(order));
  if (x !== input) x.dispose();
  if (y !== out) y.dispose();
  return record(out, name, [input], [out], (gradient, [result]) => {
    const [saved, incoming] = [reordered(result, order), reordered(gradient, order)];
    const grad = transient(saved.shape);
    backward(grad.address, saved.address, incoming.address, rows, dim);
    return [reordered(grad, inverse(order))];
  });
}

function checkDim(operation: string, options: SoftmaxOptions | undefined): number {
  if (options?.dim === undefined) {
    throw new TypeError(`${operation}() missing 1 required positional arguments: "dim": { dim }`);
  }
  checkOptions(operation, options, ["dim"]);
  return options.dim;
}
