// The manifest: every export of the wasm binary comes through here.
// Order of parameters everywhere: outputs, inputs, index arrays, counts, scalars.
// n = indices (or elements where there are no rows), rows = table height, dim = row width, bags = bags.

export * from "./activation";
export * from "./adagrad";
export * from "./adam";
export * from "./bag";
export * from "./coalesce";
export * from "./count";
export * from "./distance";
export * from "./elementwise";
export * from "./gather";
export * from "./group";
export * from "./integers";
export * from "./loss";
export { cosine } from "./math";
export * from "./matmul";
export * from "./memory";
export * from "./norm";
export * from "./random";
export * from "./reduce";
export * from "./renorm";
export * from "./scatter";
export * from "./sgd";
export * from "./softmax";
export * from "./strided";
export * from "./verify";
