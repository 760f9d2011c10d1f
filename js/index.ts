/// <reference lib="esnext.disposable" />

// Symbol.dispose, for users whose "lib" stops at es2022.
/// <reference lib="esnext.disposable" preserve="true" />

export { type GraphNode, noGrad } from "./autograd.js";
export type { Shape } from "./check.js";
export * as functional from "./functional/index.js";
export * as nn from "./nn/index.js";
export * as optim from "./optim/index.js";
export { forkRng, Generator, getRngState, manualSeed, setRngState } from "./random.js";
export { cat } from "./tensor/concat.js";
export {
  full,
  type IntegerArray,
  longTensor,
  multinomial,
  ones,
  type RandomOptions,
  rand,
  randint,
  randn,
  randperm,
  type TensorOptions,
  tensor,
  zeros,
} from "./tensor/create.js";
export type { NestedArray } from "./tensor/nested.js";
export { tidy } from "./tensor/scope.js";
export { SparseTensor } from "./tensor/sparse-tensor.js";
export { type DType, memory, setTransientBudget } from "./tensor/storage.js";
export { Tensor } from "./tensor/tensor.js";
