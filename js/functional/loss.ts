import { noGrad } from "../autograd.js";
import { checkOptions, checkWord, sizeText } from "../check.js";
import { record } from "../tensor/graph.js";
import { checkFloat, sameShape, type Tensor, transient } from "../tensor/tensor.js";
import { expanded } from "../tensor/views.js";
import { kernels } from "../wasm.js";

export type Reduction = "none" | "mean" | "sum";

/**
 * Binary cross entropy of sigmoid(input) against target: log(1 + e^x) - x * target for each element x, without overflow.
 * target: same shape, values in [0, 1], no gradient. reduction: "mean" unless given.
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
  checkWord(operation, "reduction", reduction, ["none", "mean", "sum"]);
  if (!sameShape(input.shape, target.shape)) {
    throw new RangeError(
      `${operation}: Target size (torch.Size(${sizeText(target.shape)})) must be the same as ` +
        `input size (torch.Size(${sizeText(input.shape)}))`,
    );
  }
  const losses = transient(input.shape);
  kernels.crossEntropyWithLogits(losses.address, input.address, target.address, input.numel);
  const out = noGrad(() => reduced(losses, reduction));
  if (out !== losses) losses.dispose();
  const name = "BinaryCrossEntropyWithLogitsBackward0";
  return record(out, name, [input], [input, target], (gradient, [x, y]) => {
    const each = expanded(reduction === "mean" ? gradient.div(x.numel) : gradient, x.shape);
    const grad = transient(x.shape);
    kernels.crossEntropyWithLogitsBackward(grad.address, x.address, y.address, each.address, x.numel);
    return [grad];
  });
}

/** All losses, their mean or their sum. */
function reduced(losses: Tensor, reduction: Reduction): Tensor {
  if (reduction === "none") return losses;
  return reduction === "mean" ? losses.mean() : losses.sum();
}
