export { Embedding, type EmbeddingModuleOptions, type Table } from "./embedding.js";
export * as init from "./init.js";
export { Module, type StateDict } from "./module.js";
export { Parameter } from "./parameter.js";
export * as utils from "./utils/index.js";
