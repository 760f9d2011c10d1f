import { checkBoolean, checkOptions, checkSize } from "../check.js";
import { linear } from "../functional/linear.js";
import type { Generator } from "../random.js";
import { checkGenerator } from "../tensor/fills.js";
import { owned, type Tensor } from "../tensor/tensor.js";
import { kaimingUniform_, uniform_ } from "./init.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";

export interface LinearOptions {
  /** Adds a learned vector; true unless given. */
  bias?: boolean;
  /** Draws the initial values; the default generator unless given. */
  generator?: Generator;
}

/**
 * y = x times weight transposed, plus bias: [.., inFeatures] to [.., outFeatures].
 * weight [out, in] and bias [out] start uniform in [-k, k), k = 1 / sqrt(in), with the bits of PyTorch for the same seed.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
 */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  weight: Parameter;
  bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, options: LinearOptions = {}) {
    super();
    checkOptions("Linear", options, ["bias", "generator"]);
    const shape = [outFeatures, inFeatures];
    for (let dim = 0; dim < 2; dim++) checkSize("Linear", shape[dim], dim, shape);
    const { bias = true, generator } = options;
    checkBoolean("Linear", "bias", bias);
    checkGenerator("Linear", generator);
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = uninitialised(shape);
    this.bias = bias ? uninitialised([outFeatures]) : null;
    this.resetParameters({ generator });
  }

  forward(input: Tensor): Tensor {
    return linear(input, this.weight, this.bias);
  }

  /** Draws weight and bias anew. */
  resetParameters(options: { generator?: Generator } = {}): void {
    checkOptions("resetParameters", options, ["generator"]);
    const { generator } = options;
    const { weight, bias } = this;
    kaimingUniform_(weight, { a: Math.sqrt(5), generator });
    if (bias === null) return;
    const [, fanIn] = weight.shape;
    const bound = fanIn > 0 ? 1 / Math.sqrt(fanIn) : 0;
    // Not -bound, for PyTorch's 0 is an integer, without a sign.
    uniform_(bias, { a: 0 - bound, b: bound, generator });
  }

  protected override typeName(): string {
    return "Linear";
  }

  protected override extraRepr(): string {
    const { inFeatures, outFeatures, bias } = this;
    return `in_features=${inFeatures}, out_features=${outFeatures}, bias=${bias === null ? "False" : "True"}`;
  }
}

function uninitialised(shape: readonly number[]): Parameter {
  const values = owned(shape);
  const parameter = new Parameter(values);
  values.dispose();
  return parameter;
}
