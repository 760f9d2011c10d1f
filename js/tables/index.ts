// The public names of nn-embedding/tables: tables that exist are loaded, looked at, shrunk, searched and handed on.

export { type Metric, type Nearest, type NearestOptions, nearest, type Query, type Searched } from "./nearest.js";
export type { PackedTable } from "./packed-table.js";
export {
  type PackedBagOptions,
  type PackedOptions,
  type QuantizedDType,
  QuantizedEmbedding,
  QuantizedEmbeddingBag,
} from "./quantized.js";
