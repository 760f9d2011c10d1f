import type { BagMode } from "../functional/embedding-bag.js";
import type { QuantizedDType, QuantizedEmbedding, QuantizedEmbeddingBag } from "../tables/quantized.js";
import type { TableModule } from "./table.js";

/** What a table becomes when it is packed. */
export type Quantized<T> = T extends { mode: BagMode } ? QuantizedEmbeddingBag : QuantizedEmbedding;

type Quantizer = (table: TableModule, dtype: QuantizedDType) => QuantizedEmbedding | QuantizedEmbeddingBag;

let quantizer: Quantizer | undefined;

/** Packed tables are a bundle of their own, which a program that only trains does not carry. It sets this when it is imported. */
export function setQuantizer(given: Quantizer): void {
  quantizer = given;
}

/** The table packed, if there is who can. */
export function quantized<T extends TableModule>(table: T, dtype: QuantizedDType): Quantized<T> {
  if (!quantizer) throw new Error("quantize: nn-embedding/tables has to be imported first");
  return quantizer(table, dtype) as Quantized<T>;
}
