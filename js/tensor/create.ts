// Tensors from values, from constants and from chance. All of them are owned: they stay until disposed.

import {
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkShape,
  checkSize,
  checkWord,
  holdsFloats,
  type Shape,
  sizeText,
} from "../check.js";
import type { Generator } from "../random.js";
import { kernels } from "../wasm.js";
import { checkAllInt32, checkGenerator, checkInt32, fill_, literal, normal_, uniform_ } from "./fills.js";
import type { NestedArray } from "./nested.js";
import type { DType } from "./storage.js";
import { checkFloat, numelOf, owned, Tensor, transient } from "./tensor.js";

/** Any typed array of integers. */
export type IntegerArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export interface TensorOptions {
  requiresGrad?: boolean;
}

export interface RandomOptions extends TensorOptions {
  generator?: Generator;
}

/**
 * A tensor holding a copy of `data`: nested arrays, a number (0-D) or a typed array (1-D unless `shape` says more).
 * dtype: float32, but int32 for integer arrays, unless given. TypeError for ragged nesting, RangeError for a wrong shape
 * or an integer beyond 32 bits. https://docs.pytorch.org/docs/stable/generated/torch.tensor.html
 */
export function tensor(
  data: NestedArray | IntegerArray | Float32Array | Float64Array,
  options: TensorOptions & { dtype?: DType; shape?: Shape } = {},
): Tensor {
  checkOptions("tensor", options, ["dtype", "shape", "requiresGrad"]);
  const narrowed = narrowBigInts("tensor", data);
  const integers = ArrayBuffer.isView(data) && !holdsFloats(data);
  const dtype = options.dtype ?? (integers ? "int32" : "float32");
  checkWord("tensor", "dtype", dtype, ["float32", "int32"]);
  const requiresGrad = checkTrainable("tensor", dtype, options);
  if (options.shape !== undefined) checkShape("tensor", options.shape);
  const { shape, values } = literal("tensor", "data", narrowed, options.shape);
  const wanted = options.shape ?? shape;
  if (numelOf(wanted) !== values.length) {
    throw new RangeError(
      `tensor: shape '${sizeText(wanted)}' is invalid for argument 'data' with ${values.length} elements`,
    );
  }
  if (dtype === "int32") checkAllInt32("tensor", "data", values);
  const out = owned(wanted, dtype);
  out.array.set(values);
  return out.requiresGrad_(requiresGrad);
}

/** An int32 tensor: what PyTorch users call a LongTensor, for indices. */
export function longTensor(data: NestedArray | IntegerArray, options: { shape?: Shape } = {}): Tensor {
  checkOptions("longTensor", options, ["shape"]);
  return tensor(data, { ...options, dtype: "int32" });
}

/** options.requiresGrad, false unless given; TypeError for integers. */
function checkTrainable(operation: string, dtype: DType, { requiresGrad = false }: TensorOptions): boolean {
  checkBoolean(operation, "requiresGrad", requiresGrad);
  if (requiresGrad && dtype !== "float32") {
    throw new TypeError(
      `${operation}: Only Tensors of floating point dtype can require gradients, but dtype is ${dtype}`,
    );
  }
  return requiresGrad;
}

/** Numbers from 64-bit integers that fit 32 bits. */
function narrowBigInts(operation: string, data: unknown): unknown {
  if (!(data instanceof BigInt64Array || data instanceof BigUint64Array)) return data;
  return Int32Array.from(data as BigInt64Array, (value, i) => {
    if (BigInt.asIntN(32, value) !== value) {
      throw new RangeError(`${operation}: data[${i}] is ${value}, valid range of int32 is [-2147483648, 2147483647]`);
    }
    return Number(value);
  });
}

/** Every element `value`. */
export function full(shape: Shape, value: number, options: TensorOptions & { dtype?: DType } = {}): Tensor {
  return filledWith("full", shape, value, options);
}

function filledWith(
  operation: string,
  shape: Shape,
  value: number,
  options: TensorOptions & { dtype?: DType },
): Tensor {
  checkOptions(operation, options, ["dtype", "requiresGrad"]);
  checkShape(operation, shape);
  const dtype = options.dtype ?? "float32";
  checkWord(operation, "dtype", dtype, ["float32", "int32"]);
  checkNumber(operation, "value", value);
  if (dtype === "int32") checkInt32(operation, "value", value);
  const requiresGrad = checkTrainable(operation, dtype, options);
  return fill_(owned(shape, dtype), value).requiresGrad_(requiresGrad);
}

export function zeros(shape: Shape, options: TensorOptions & { dtype?: DType } = {}): Tensor {
  return filledWith("zeros", shape, 0, options);
}

export function ones(shape: Shape, options: TensorOptions & { dtype?: DType } = {}): Tensor {
  return filledWith("ones", shape, 1, options);
}

/** Standard normal. The same seed gives PyTorch's numbers (those of its x86-64 AVX2 builds). */
export function randn(shape: Shape, options: RandomOptions = {}): Tensor {
  checkOptions("randn", options, ["generator", "requiresGrad"]);
  checkShape("randn", shape);
  const generator = checkGenerator("randn", options.generator);
  const requiresGrad = checkTrainable("randn", "float32", options);
  return normal_(owned(shape), 0, 1, { generator }).requiresGrad_(requiresGrad);
}

/** Uniform in [0, 1). */
export function rand(shape: Shape, options: RandomOptions = {}): Tensor {
  checkOptions("rand", options, ["generator", "requiresGrad"]);
  checkShape("rand", shape);
  const generator = checkGenerator("rand", options.generator);
  const requiresGrad = checkTrainable("rand", "float32", options);
  return uniform_(owned(shape), 0, 1, { generator }).requiresGrad_(requiresGrad);
}

/** int32, uniform in [low, high). */
export function randint(low: number, high: number, shape: Shape, options: { generator?: Generator } = {}): Tensor {
  checkOptions("randint", options, ["generator"]);
  checkInt32("randint", "low", low);
  checkInteger("randint", "high", high);
  checkShape("randint", shape);
  if (!(low < high)) {
    throw new RangeError(`randint: random_ expects 'from' to be less than 'to', but got from=${low} >= to=${high}`);
  }
  if (high > 2 ** 31) throw new RangeError(`randint: high is ${high}, valid range is (low, 2147483648]`);
  const generator = checkGenerator("randint", options.generator);
  const out = owned(shape, "int32");
  const state = generator.address;
  kernels.randomIntegers(out.address, state, out.numel, low, high - low);
  return out;
}

/** int32 [n]: the numbers 0 … n - 1 in random order. */
export function randperm(n: number, options: { generator?: Generator } = {}): Tensor {
  checkOptions("randperm", options, ["generator"]);
  checkInt32("randperm", "n", n);
  checkSize("randperm", n, 0, [n]);
  const generator = checkGenerator("randperm", options.generator);
  const out = owned([n], "int32");
  const state = generator.address;
  kernels.randomPermutation(out.address, state, n);
  return out;
}

/**
 * int32 [numSamples]: categories drawn in proportion to `weights`, a float32 vector of finite numbers >= 0 (or such an array).
 * Without `replacement` they differ from each other, and RangeError when more are asked for than have a weight.
 * https://docs.pytorch.org/docs/stable/generated/torch.multinomial.html
 */
export function multinomial(
  weights: Tensor | NestedArray | Float32Array,
  numSamples: number,
  options: { replacement?: boolean; generator?: Generator } = {},
): Tensor {
  checkOptions("multinomial", options, ["replacement", "generator"]);
  const { replacement = false, generator } = options;
  checkBoolean("multinomial", "replacement", replacement);
  if (weights instanceof Tensor && weights.dtype === "int32") {
    throw new TypeError("multinomial: multinomial only supports floating-point dtypes for input, got: Int");
  }
  const given = weights instanceof Tensor ? weights : tensor(weights);
  try {
    return drawCategories(given, numSamples, replacement, generator);
  } finally {
    if (given !== weights) given.dispose();
  }
}

function drawCategories(weights: Tensor, numSamples: number, replacement: boolean, from?: Generator): Tensor {
  const rows = checkWeights(weights, numSamples, replacement);
  const generator = checkGenerator("multinomial", from);
  const out = owned([numSamples], "int32");
  const state = generator.address;
  const scratch = transient([rows]);
  if (replacement && numSamples > 1) {
    kernels.cumulate(scratch.address, weights.address, rows);
    kernels.sampleCategories(out.address, state, scratch.address, numSamples, rows);
  } else {
    kernels.exponentialRace(scratch.address, state, weights.address, rows);
    const score = scratch.array;
    const ranking = Int32Array.from(score, (_, i) => i).sort((a, b) => score[b] - score[a]);
    out.array.set(ranking.subarray(0, numSamples));
  }
  scratch.dispose();
  return out;
}

/** The number of categories, after PyTorch's checks. */
function checkWeights(weights: Tensor, numSamples: number, replacement: boolean): number {
  checkFloat("multinomial", "weights", weights);
  checkInt32("multinomial", "numSamples", numSamples);
  if (weights.ndim !== 1) throw new RangeError(`multinomial: prob_dist must be 1 dim, but got ${weights.ndim}`);
  if (numSamples <= 0) throw new RangeError(`multinomial: cannot sample n_sample <= 0 samples, but got ${numSamples}`);
  let total = 0;
  let positive = 0;
  for (const weight of weights.array) {
    if (!(weight >= 0 && weight < Infinity)) {
      throw new RangeError(
        `multinomial: probability tensor contains either \`inf\`, \`nan\` or element < 0: ${weight}`,
      );
    }
    total += weight;
    if (weight > 0) positive++;
  }
  if (!(total > 0)) throw new RangeError("multinomial: invalid multinomial distribution (sum of probabilities <= 0)");
  if (!replacement && numSamples > positive) {
    throw new RangeError(
      `multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement: ` +
        `${numSamples} asked for, ${positive} categories have a weight`,
    );
  }
  return weights.numel;
}
