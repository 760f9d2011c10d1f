// The losses of classifiers: class numbers as targets.

import { checkOptions, elementName, type Shape, sizeText } from "../check.js";
import { checkInt32, filled } from "../tensor/fills.js";
import { record } from "../tensor/graph.js";
import { tidy } from "../tensor/scope.js";
import { checkFloat, numelOf, sameShape, type Tensor, transient } from "../tensor/tensor.js";
import { type Indices, shapeOf, toIndices } from "./indices.js";
import { checkReduction, type Reduction, reduced } from "./loss.js";
import { logSoftmax } from "./softmax.js";

export interface ClassLossOptions {
  /** Targets equal to this neither count nor get a gradient. -100 unless given; need not be a class. */
  ignoreIndex?: number;
  /** "mean", unless given, is over the targets that are not ignored: NaN when there is none. */
  reduction?: Reduction;
}

/**
 * -input[n, target[n]]: the negative log likelihood of classes whose log probabilities are given.
 * input [C], [N, C] or [N, C, d1, ..]; target: class numbers of shape [], [N] or [N, d1, ..]; returns that shape, or a scalar
 * when reduced. RangeError for shapes that do not fit and for a target outside [0, C) that is not ignored.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.nll_loss.html
 */
export function nllLoss(input: Tensor, target: Indices, options: ClassLossOptions = {}): Tensor {
  return tidy(() => pick(input, planOf("nllLoss", input, target, options)));
}

/**
 * The cross entropy of softmax(input) over the classes against targets: nllLoss of logSoftmax.
 * Shapes, options and errors are those of nllLoss. Class probabilities as target are not offered.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.cross_entropy.html
 */
export function crossEntropy(input: Tensor, target: Indices, options: ClassLossOptions = {}): Tensor {
  return tidy(() => {
    const plan = planOf("crossEntropy", input, target, options);
    return pick(logSoftmax(input, { dim: input.ndim === 1 ? 0 : 1 }), plan);
  });
}

/** How targets lie in their input, which is samples x classes x inner; target is samples x inner. */
interface Layout {
  readonly operation: string;
  readonly classes: number;
  readonly inner: number;
  readonly ignored: number;
}

/** A loss whose arguments have been checked. */
interface Plan extends Layout {
  readonly target: Tensor;
  /** The shape of the losses. */
  readonly shape: Shape;
  readonly reduction: Reduction;
}

function planOf(operation: string, input: Tensor, target: Indices, options: ClassLossOptions): Plan {
  checkFloat(operation, "input", input);
  checkOptions(operation, options, ["ignoreIndex", "reduction"]);
  const { ignoreIndex: ignored = -100, reduction = "mean" } = options;
  checkInt32(operation, "ignoreIndex", ignored);
  checkReduction(operation, reduction);
  if (input.ndim === 0) throw new RangeError(`${operation}: Expected 1 or more dimensions (got 0)`);
  const classes = input.shape[input.ndim === 1 ? 0 : 1];
  const shape = input.ndim === 1 ? [] : input.shape.filter((_, dim) => dim !== 1);
  // A target of the wrong shape mostly has values outside the classes too: the shape is what to hear of.
  checkTargetShape(operation, input.shape, shapeOf(target) ?? shape, shape);
  const index = toIndices(operation, target, classes, {
    argument: "target",
    allowed: ignored,
    outOfRange: (value) => `Target ${value} is out of bounds`,
    wrongType: "expected target dtype to be Long or Byte, but got Float",
  });
  return { operation, target: index, shape, classes, inner: numelOf(input.shape.slice(2)), ignored, reduction };
}

/** `wanted` is the shape of targets for such an input; beside a vector [1] will do for []. */
function checkTargetShape(operation: string, input: Shape, target: Shape, wanted: Shape): void {
  if (sameShape(target, wanted) || (input.length === 1 && sameShape(target, [1]))) return;
  const [samples, targets] = [input[0], target[0] ?? 0];
  const sizes = `input is ${sizeText(input)}, target is ${sizeText(target)}`;
  const fail = (problem: string) => new RangeError(`${operation}: ${problem}: ${sizes}`);
  if (input.length === 1 && target.length === 1) {
    throw fail(`For 1D input, 1D target must have size 1, but got target size: ${targets}`);
  }
  if (input.length > 1 && samples !== targets) {
    throw fail(`Expected input batch_size (${samples}) to match target batch_size (${targets}).`);
  }
  if (input.length <= 2) throw fail("0D or 1D target tensor expected, multi-target not supported");
  if (input.length === 4) throw fail(`size mismatch (got input: ${sizeText(input)} , target: ${sizeText(target)}`);
  throw fail(`Expected target size ${sizeText(wanted)}, got ${sizeText(target)}`);
}

/** The losses, reduced. */
function pick(logs: Tensor, { target, shape, reduction, ...layout }: Plan): Tensor {
  const places = placesOf(target, layout);
  const count = places.reduce((n, place) => (place < 0 ? n : n + 1), 0);
  const losses = transient(shape);
  const [from, loss] = [logs.array, losses.array];
  for (let i = 0; i < places.length; i++) loss[i] = places[i] < 0 ? 0 : -from[places[i]];
  const whole = logs.shape;
  const name = nameOf(whole.length, reduction);
  return record(reduced(losses, reduction, count), name, [logs], [target], (gradient, [saved]) => {
    const out = filled(whole, 0);
    const [slopes, of] = [out.array, gradient.array];
    for (const [i, place] of placesOf(saved, layout).entries()) {
      if (place < 0) continue;
      slopes[place] = -(reduction === "none" ? of[i] : reduction === "mean" ? of[0] / count : of[0]);
    }
    return [out];
  });
}

/** The place in the input of what each target picks, -1 where it is ignored. */
function placesOf(target: Tensor, { operation, classes, inner, ignored }: Layout): Int32Array {
  const picked = target.array;
  const places = new Int32Array(picked.length).fill(-1);
  for (let i = 0; i < picked.length; i++) {
    const value = picked[i];
    if (value === ignored) continue;
    // Whoever holds the target may have written to it since it was checked.
    if (value < 0 || value >= classes) {
      const element = elementName("target", target.shape, i);
      throw new RangeError(
        `${operation}: Target ${value} is out of bounds: ${element} is ${value}, valid range is [0, ${classes})`,
      );
    }
    const sample = Math.floor(i / inner);
    places[i] = (sample * classes + value) * inner + (i % inner);
  }
  return places;
}

/** PyTorch has one kernel for vectors and matrices and one for 4-D; everything else it views as 4-D. */
function nameOf(rank: number, reduction: Reduction): string {
  if (rank <= 2) return "NllLossBackward0";
  return rank === 4 || reduction !== "none" ? "NllLoss2DBackward0" : "ViewBackward0";
}
