export { logSigmoid } from "./activation.js";
export type { BagInput, SampleWeights } from "./bags.js";
export { type EmbeddingOptions, embedding } from "./embedding.js";
export { type BagDivision, type BagMode, type BagOptions, embeddingBag } from "./embedding-bag.js";
export type { Indices } from "./indices.js";
export { linear } from "./linear.js";
export { binaryCrossEntropyWithLogits, type Reduction } from "./loss.js";
export { oneHot } from "./one-hot.js";
