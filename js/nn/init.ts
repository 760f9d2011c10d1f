// https://docs.pytorch.org/docs/stable/nn.init.html

import { noGrad } from "../autograd.js";
import { checkOptions, describe } from "../check.js";
import type { Generator } from "../random.js";
import { Tensor } from "../tensor/tensor.js";

function checkTensor(operation: string, tensor: unknown): void {
  if (!(tensor instanceof Tensor)) throw new TypeError(`${operation}: expected a Tensor, but got ${describe(tensor)}`);
}

/** Fills from a normal distribution, in place and outside any graph. std >= 0. */
export function normal_<T extends Tensor>(
  tensor: T,
  options: { mean?: number; std?: number; generator?: Generator } = {},
): T {
  checkTensor("normal_", tensor);
  checkOptions("normal_", options, ["mean", "std", "generator"]);
  const { mean = 0, std = 1, generator } = options;
  return noGrad(() => tensor.normal_(mean, std, { generator }));
}

/** Fills uniformly from [a, b), in place and outside any graph. */
export function uniform_<T extends Tensor>(
  tensor: T,
  options: { a?: number; b?: number; generator?: Generator } = {},
): T {
  checkTensor("uniform_", tensor);
  checkOptions("uniform_", options, ["a", "b", "generator"]);
  const { a = 0, b = 1, generator } = options;
  return noGrad(() => tensor.uniform_(a, b, { generator }));
}

/** Every element `val`. */
export function constant_<T extends Tensor>(tensor: T, val: number): T {
  checkTensor("constant_", tensor);
  return noGrad(() => tensor.fill_(val));
}

export function zeros_<T extends Tensor>(tensor: T): T {
  return constant_(tensor, 0);
}
