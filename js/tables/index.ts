// The public names of nn-embedding/tables: tables that exist are loaded, looked at, shrunk, searched and handed on.

export { type NpyWriteOptions, npyPieces, readNpy, writeNpy } from "../io/npy.js";
export type { WrittenDType } from "../io/pieces.js";
export type { FileHandleLike, RandomAccess } from "../io/random-access.js";
export { openSafetensors, readSafetensors, SafetensorsFile } from "../io/safetensors.js";
export type { SafetensorsDType } from "../io/safetensors-header.js";
export type { BlobLike, Progress, ReadOptions, ResponseLike, Source, StreamLike } from "../io/source.js";
export { type FlatState, flattenState, type NestedState, unflattenState } from "../io/state.js";
export {
  type RawTensor,
  type SafetensorsWriteOptions,
  safetensorsPieces,
  writeSafetensors,
} from "../io/write-safetensors.js";
export { type Metric, type Nearest, type NearestOptions, nearest, type Query, type Searched } from "./nearest.js";
export type { PackedTable } from "./packed-table.js";
export {
  type PackedBagOptions,
  type PackedOptions,
  type QuantizedDType,
  QuantizedEmbedding,
  QuantizedEmbeddingBag,
} from "./quantized.js";
