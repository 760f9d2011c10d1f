import { relu } from "../tensor/activations.js";
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

/**
 * max(x, 0) of every element.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
 */
export class ReLU extends Module {
  forward(input: Tensor): Tensor {
    return relu(input);
  }

  protected override typeName(): string {
    return "ReLU";
  }
}
