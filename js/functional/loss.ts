import { noGrad } from "../autograd.js";
import { checkOptions, checkWord, sizeText } from "../check.js";
import { broadcastShape, expand } from "../tensor/arithmetic.js";
import { record } from "../tensor/graph.js";
import { tidy } from "../tensor/scope.js";
import { checkFloat, sameShape, type Tensor, transient } from "../tensor/tensor.js";
import { expanded } from "../tensor/views.js";
import { kernels } from "../wasm.js";

export type Reduction = "none" | "mean" | "sum";

/**
 * Binary cross entropy of sigmoid(input) against target: log(1 + e^x) - x * target for each element x, without overflow.
 * target: same shape, values in [0, 1]. Gradients for both. reduction: "mean" unless given.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.binary_cross_entropy_with_logits.html
 */
export function binaryCrossEntropyWithLogits(
  input: Tensor,
  target: Tensor,
  options: { reduction?: Reduction } = {},
): Tensor {
  const operation = "binaryCrossEntropyWithLogits";
  checkOptions(operation, options, ["reduction"]);
  const reduction = options.reduction ?? "mean";
  checkFloat(operation, "input", input);
  checkFloat(operation, "target", target);
  checkReduction(operation, reduction);
  if (!sameShape(input.shape, target.shape)) {
    throw new RangeError(
      `${operation}: Target size (torch.Size(${sizeText(target.shape)})) must be the same as ` +
        `input size (torch.Size(${sizeText(input.shape)}))`,
    );
  }
  const losses = transient(input.shape);
  kernels.crossEntropyWithLogits(losses.address, input.address, target.address, input.numel);
  const out = reduced(losses, reduction);
  if (out !== losses) losses.dispose();
  const name = "BinaryCrossEntropyWithLogitsBackward0";
  return record(out, name, [input, target], [input, target], (gradient, [x, y], needed) => {
    const each = expanded(reduction === "mean" ? gradient.div(x.numel) : gradient, x.shape);
    const grad = transient(x.shape);
    kernels.crossEntropyWithLogitsBackward(grad.address, x.address, y.address, each.address, x.numel);
    return [grad, needed[1] ? x.neg().mul(each) : null];
  });
}

/**
 * (input - target)^2 of every element. Shapes broadcast, of which PyTorch warns; gradients for both. reduction: "mean" unless
 * given. https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.mse_loss.html
 */
export function mseLoss(input: Tensor, target: Tensor, options: { reduction?: Reduction } = {}): Tensor {
  checkOptions("mseLoss", options, ["reduction"]);
  const reduction = options.reduction ?? "mean";
  checkFloat("mseLoss", "input", input);
  checkFloat("mseLoss", "target", target);
  checkReduction("mseLoss", reduction);
  const shape = broadcastShape("mseLoss", input.shape, target.shape);
  return tidy(() => {
    const [x, y] = [expand(input, shape), expand(target, shape)];
    const losses = noGrad(() => x.sub(y));
    kernels.mul(losses.address, losses.address, losses.address, losses.numel);
    return record(reduced(losses, reduction), "MseLossBackward0", [x, y], [x, y], (gradient, [a, b], needed) => {
      const slopes = a.sub(b).mul(reduction === "mean" ? 2 / a.numel : 2);
      const grad = slopes.mul(reduction === "none" ? gradient : gradient.item());
      return [grad, needed[1] ? grad.neg() : null];
    });
  });
}

/** All losses, their mean (the sum divided by `count`) or their sum. */
export function reduced(losses: Tensor, reduction: Reduction, count = losses.numel): Tensor {
  if (reduction === "none") return losses;
  return noGrad(() => {
    const sum = losses.sum();
    if (reduction === "mean") kernels.divideScalar(sum.address, sum.address, 1, count);
    return sum;
  });
}

export function checkReduction(operation: string, reduction: unknown): asserts reduction is Reduction {
  checkWord(operation, "reduction", reduction, ["none", "mean", "sum"]);
}
