export { type Layer, ModuleList, Sequential } from "./containers.js";
export { Embedding } from "./embedding.js";
export { EmbeddingBag, type EmbeddingBagOptions } from "./embedding-bag.js";
export * as init from "./init.js";
export { Linear, type LinearOptions } from "./linear.js";
export { Module, type StateDict } from "./module.js";
export { Parameter } from "./parameter.js";
export type { ResizeOptions, RowSpan, Table, TableOptions } from "./table.js";
export * as utils from "./utils/index.js";
