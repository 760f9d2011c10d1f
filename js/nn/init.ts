// Fills in place, outside any graph. The same seed gives the numbers of PyTorch.
// https://docs.pytorch.org/docs/stable/nn.init.html

import { noGrad } from "../autograd.js";
import { checkNumber, checkOptions, describe, wordText } from "../check.js";
import type { Generator } from "../random.js";
import { Tensor } from "../tensor/tensor.js";

function checkTensor(operation: string, tensor: unknown): asserts tensor is Tensor {
  if (!(tensor instanceof Tensor)) throw new TypeError(`${operation}: expected a Tensor, but got ${describe(tensor)}`);
}

/** Normal with a mean and a standard deviation, std >= 0. */
export function normal_<T extends Tensor>(
  tensor: T,
  options: { mean?: number; std?: number; generator?: Generator } = {},
): T {
  checkTensor("normal_", tensor);
  checkOptions("normal_", options, ["mean", "std", "generator"]);
  const { mean = 0, std = 1, generator } = options;
  return noGrad(() => tensor.normal_(mean, std, { generator }));
}

/** Uniform in [a, b). */
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

export function ones_<T extends Tensor>(tensor: T): T {
  return constant_(tensor, 1);
}

export function zeros_<T extends Tensor>(tensor: T): T {
  return constant_(tensor, 0);
}

export interface XavierOptions {
  /** Multiplies the standard deviation. 1 unless given; see `calculateGain`. */
  gain?: number;
  generator?: Generator;
}

/** Uniform in [-bound, bound), bound = gain * sqrt(6 / (fanIn + fanOut)). */
export function xavierUniform_<T extends Tensor>(tensor: T, options: XavierOptions = {}): T {
  return drawUniform(tensor, xavierStd("xavierUniform_", tensor, options), options.generator);
}

/** Normal with the standard deviation gain * sqrt(2 / (fanIn + fanOut)). */
export function xavierNormal_<T extends Tensor>(tensor: T, options: XavierOptions = {}): T {
  return drawNormal(tensor, xavierStd("xavierNormal_", tensor, options), options.generator);
}

export interface KaimingOptions {
  /** The negative slope of the leaky ReLU that follows; 0 unless given. Other nonlinearities do not use it. */
  a?: number;
  /** Keeps the variance forward ("fanIn", unless given) or backward. */
  mode?: "fanIn" | "fanOut";
  /** "leaky_relu" unless given. */
  nonlinearity?: Nonlinearity;
  generator?: Generator;
}

/** Uniform in [-bound, bound), bound = gain * sqrt(3 / fan). */
export function kaimingUniform_<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  return drawUniform(tensor, kaimingStd("kaimingUniform_", tensor, options), options.generator);
}

/** Normal with the standard deviation gain / sqrt(fan). */
export function kaimingNormal_<T extends Tensor>(tensor: T, options: KaimingOptions = {}): T {
  return drawNormal(tensor, kaimingStd("kaimingNormal_", tensor, options), options.generator);
}

/** What keeps the variance the same across each nonlinearity, which has the name of its function in PyTorch. */
const GAINS = {
  linear: 1,
  conv1d: 1,
  conv2d: 1,
  conv3d: 1,
  conv_transpose1d: 1,
  conv_transpose2d: 1,
  conv_transpose3d: 1,
  sigmoid: 1,
  tanh: 5 / 3,
  relu: Math.sqrt(2),
  selu: 3 / 4,
};

export type Nonlinearity = keyof typeof GAINS | "leaky_relu";

/** The recommended gain. param: the negative slope of "leaky_relu", 0.01 unless given. */
export function calculateGain(nonlinearity: Nonlinearity, param?: number): number {
  if (nonlinearity === "leaky_relu") {
    const slope = param ?? 0.01;
    if (typeof slope !== "number") {
      throw new TypeError(`calculateGain: negative_slope ${describe(slope)} not a valid number`);
    }
    return Math.sqrt(2 / (1 + slope * slope));
  }
  if (!Object.hasOwn(GAINS, nonlinearity)) {
    throw new TypeError(
      `calculateGain: Unsupported nonlinearity ${wordText(nonlinearity)}, which is one of leaky_relu, ${Object.keys(GAINS).join(", ")}`,
    );
  }
  return GAINS[nonlinearity];
}

/** How many numbers go into one output of a weight [out, in, ..], and how many outputs one input goes to. */
function calculateFans(operation: string, { shape }: Tensor): { fanIn: number; fanOut: number } {
  if (shape.length < 2) {
    throw new RangeError(
      `${operation}: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, this one has ${shape.length}`,
    );
  }
  const [rows, columns, ...field] = shape;
  const size = field.reduce((product, extent) => product * extent, 1);
  return { fanIn: columns * size, fanOut: rows * size };
}

function xavierStd(operation: string, tensor: Tensor, options: XavierOptions): number {
  checkTensor(operation, tensor);
  checkOptions(operation, options, ["gain", "generator"]);
  const { gain = 1 } = options;
  checkNumber(operation, "gain", gain);
  const { fanIn, fanOut } = calculateFans(operation, tensor);
  return gain * Math.sqrt(2 / (fanIn + fanOut));
}

function kaimingStd(operation: string, tensor: Tensor, options: KaimingOptions): number {
  checkTensor(operation, tensor);
  checkOptions(operation, options, ["a", "mode", "nonlinearity", "generator"]);
  const { a = 0, mode = "fanIn", nonlinearity = "leaky_relu" } = options;
  checkNumber(operation, "a", a);
  if (mode !== "fanIn" && mode !== "fanOut") {
    throw new TypeError(`${operation}: Mode ${wordText(mode)} not supported, please use one of fanIn, fanOut`);
  }
  const gain = calculateGain(nonlinearity, a);
  if (tensor.numel === 0) return 0;
  return gain / Math.sqrt(calculateFans(operation, tensor)[mode]);
}

function drawUniform<T extends Tensor>(tensor: T, std: number, generator: Generator | undefined): T {
  const bound = Math.sqrt(3) * std;
  return tensor.numel === 0 ? tensor : uniform_(tensor, { a: -bound, b: bound, generator });
}

function drawNormal<T extends Tensor>(tensor: T, std: number, generator: Generator | undefined): T {
  return tensor.numel === 0 ? tensor : normal_(tensor, { std, generator });
}
