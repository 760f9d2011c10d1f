// What tables/ and io/, which are a bundle of their own, use of the library beside its public names. Nobody else imports this.
// Types of declarations come from index.ts: these names are not published.

export {
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  checkShape,
  checkSize,
  checkWord,
  describe,
  elementName,
  sizeText,
  wrongKind,
} from "./check.js";
export {
  checkDivision,
  checkWeightsShape,
  entriesOf,
  outlineOf,
  startsOf,
  toWeights,
  unwrapped,
  withoutPadding,
} from "./functional/bags.js";
export { checkEmbeddingOptions, checkTable } from "./functional/embedding.js";
export { toIndices } from "./functional/indices.js";
export { setQuantizer } from "./nn/quantize.js";
export { NO_ROW, numbersFrom, rowNumbers } from "./tensor/rows.js";
export { checkFloat, keep, numelOf, owned, sameShape, transient } from "./tensor/tensor.js";
export { bytesOf, kernels, LIMIT_BYTES, lasting, start } from "./wasm.js";
