// Functions of every element that models put between their layers.

import { kernels } from "../wasm.js";
import { unary } from "./arithmetic.js";
import { record } from "./graph.js";
import { type Tensor, transient } from "./tensor.js";

/**
 * max(x, 0) of every element; no gradient flows where the result is 0.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.relu.html
 */
export function relu(input: Tensor): Tensor {
  const out = unary("relu", kernels.relu, input);
  return record(out, "ReluBackward0", [input], [out], (gradient, [y]) => {
    const grad = transient(y.shape);
    kernels.reluBackward(grad.address, y.address, gradient.address, y.numel);
    return [grad];
  });
}

/**
 * 1 / (1 + e^-x) of every element, without overflow.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.sigmoid.html
 */
export function sigmoid(input: Tensor): Tensor {
  const out = unary("sigmoid", kernels.sigmoid, input);
  return record(out, "SigmoidBackward0", [input], [out], (gradient, [y]) => {
    // gradient * (1 - y) * y
    const grad = transient(y.shape);
    kernels.affine(grad.address, y.address, y.numel, -1, 1);
    kernels.mul(grad.address, gradient.address, grad.address, y.numel);
    kernels.mul(grad.address, grad.address, y.address, y.numel);
    return [grad];
  });
}

/**
 * The hyperbolic tangent of every element.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.tanh.html
 */
export function tanh(input: Tensor): Tensor {
  const out = unary("tanh", kernels.tanh, input);
  return record(out, "TanhBackward0", [input], [out], (gradient, [y]) => {
    // gradient * (1 - y) * (1 + y), where 1 - y is exact when y is near 1.
    const [grad, sum] = [transient(y.shape), transient(y.shape)];
    kernels.affine(sum.address, y.address, y.numel, 1, 1);
    kernels.affine(grad.address, y.address, y.numel, -1, 1);
    kernels.mul(grad.address, gradient.address, grad.address, y.numel);
    kernels.mul(grad.address, grad.address, sum.address, y.numel);
    return [grad];
  });
}
