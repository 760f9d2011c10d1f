export { Adagrad, type AdagradOptions, RowwiseAdagrad } from "./adagrad.js";
export { Adam, type AdamOptions, AdamW, SparseAdam, type SparseAdamOptions } from "./adam.js";
export * as lrScheduler from "./lr-scheduler/index.js";
export { type GivenGroup, Optimizer, type ParamGroup, type Params } from "./optimizer.js";
export { SGD, type SGDOptions } from "./sgd.js";
export type { OptimizerStateDict } from "./state-dict.js";
