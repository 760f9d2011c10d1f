export { Adagrad, type AdagradOptions } from "./adagrad.js";
export { Optimizer, type ParamGroup, type Params } from "./optimizer.js";
export { SGD, type SGDOptions } from "./sgd.js";
