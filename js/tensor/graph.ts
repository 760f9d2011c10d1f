// Where tensors meet autograd: what an operation records, and what its node keeps.

import { type Backward, isGradEnabled, Node, type Saved } from "../autograd.js";
import { sizeText } from "../check.js";
import { dense, type Gradient } from "./gradients.js";
import { enterNode } from "./scope.js";
import { keep, type Tensor } from "./tensor.js";

/** @internal */
export type TensorNode = Node<Gradient>;

/** @internal A tensor that a node keeps for its backward. */
export class SavedTensor implements Saved {
  readonly value: Tensor;
  readonly savedVersion: number;

  constructor(tensor: Tensor) {
    this.savedVersion = tensor.storage.version;
    this.value = keep(tensor.alias());
    tensor.storage.save();
  }

  get version(): number {
    return this.value.storage.version;
  }

  get description(): string {
    return `torch.${this.value.dtype === "float32" ? "FloatTensor" : "IntTensor"} ${sizeText(this.value.shape)}`;
  }

  free(): void {
    const { storage } = this.value;
    this.value.dispose();
    storage.unsave();
  }
}

/**
 * @internal Makes `out` the result of an operation on `inputs`. Nothing is recorded under noGrad or when no input needs a
 * gradient. saved: what backward reads, null for what it will not; a change in place of it is an error then.
 * backward: the gradient of out in, one gradient for each input out, each a handle of its own.
 */
export function record(
  out: Tensor,
  name: string,
  inputs: readonly Tensor[],
  saved: readonly (Tensor | null)[],
  backward: (gradient: Tensor, saved: readonly Tensor[], needed: readonly boolean[]) => readonly (Gradient | null)[],
): Tensor {
  if (!isGradEnabled() || !inputs.some((input) => input.requiresGrad)) return out;
  const kept = saved.map((tensor) => tensor && new SavedTensor(tensor));
  const run: Backward<Gradient> = (gradient, needed) => {
    const values = kept.map((value) => value?.value as Tensor);
    // An operation takes a whole gradient, also where its result was the table of an Embedding.
    return backward(dense(gradient), values, needed);
  };
  const parents = inputs.map((input) => input.node);
  const all = kept.filter((value) => value !== null);
  out.madeBy = new Node(name, parents, all, run);
  enterNode(out.madeBy);
  return out;
}
