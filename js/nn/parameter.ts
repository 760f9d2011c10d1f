import { describe } from "../check.js";
import { Tensor } from "../tensor/tensor.js";

/**
 * A tensor that a module learns. It shares the storage of `data` and survives tidy.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html
 */
export class Parameter extends Tensor {
  constructor(data: Tensor, requiresGrad = true) {
    if (!(data instanceof Tensor)) throw new TypeError(`Parameter: data must be a Tensor, but got ${describe(data)}`);
    const { storage } = data;
    if (requiresGrad && storage.dtype !== "float32") {
      throw new TypeError(
        `Parameter: Only Tensors of floating point dtype can require gradients, this one is ${storage.dtype}`,
      );
    }
    storage.retain();
    super(storage, data.shape, data.offset);
    this.own();
    this.requiresGrad_(requiresGrad);
  }

  override toString(): string {
    return `Parameter containing:\n${super.toString()}`;
  }
}
