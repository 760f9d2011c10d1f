// The public names of nn-embedding/tables: tables that exist are loaded, looked at, shrunk, searched and handed on.

export { readKeyedEmbedding, writeKeyedEmbedding } from "../io/keyed-embedding.js";
export type { ModelFiles } from "../io/model2vec.js";
export { type NpyWriteOptions, npyPieces, readNpy, writeNpy } from "../io/npy.js";
export type { WrittenDType } from "../io/pieces.js";
export { type ProjectorFiles, type ProjectorOptions, projectorFiles } from "../io/projector.js";
export type { FileHandleLike, RandomAccess } from "../io/random-access.js";
export { openSafetensors, readSafetensors, SafetensorsFile } from "../io/safetensors.js";
export type { SafetensorsDType } from "../io/safetensors-header.js";
export type { BlobLike, Progress, ReadOptions, ResponseLike, Source, StreamLike } from "../io/source.js";
export { type FlatState, flattenState, type NestedState, unflattenState } from "../io/state.js";
export { type ReadWordVectorsOptions, readWordVectors, type WordVectorFormat } from "../io/word-vectors.js";
export {
  type RawTensor,
  type SafetensorsWriteOptions,
  safetensorsPieces,
  writeSafetensors,
} from "../io/write-safetensors.js";
export { type WriteWordVectorsOptions, writeWordVectors } from "../io/write-word-vectors.js";
export {
  KeyedEmbedding,
  type Neighbour,
  type SearchOptions,
  type SimilarOptions,
  type Vector,
  type Words,
} from "./keyed-embedding.js";
export { type Metric, type Nearest, type NearestOptions, nearest, type Query, type Searched } from "./nearest.js";
export type { PackedTable } from "./packed-table.js";
export {
  type PackedBagOptions,
  type PackedOptions,
  type QuantizedDType,
  QuantizedEmbedding,
  QuantizedEmbeddingBag,
} from "./quantized.js";
export {
  type EncodeOptions,
  StaticEmbedding,
  type StaticEmbeddingOptions,
  type TokenIds,
  type TokenizerLike,
} from "./static-embedding.js";
export { type CountOptions, Vocab, type VocabOptions } from "./vocab.js";
