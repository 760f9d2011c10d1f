import { checkOptions } from "../check.js";
import { checkEmbeddingOptions, EMBEDDING_OPTIONS, embedding } from "../functional/embedding.js";
import type { Indices } from "../functional/indices.js";
import type { Tensor } from "../tensor/tensor.js";
import { aroundTable, TABLE_OPTIONS, type Table, TableModule, type TableOptions } from "./table.js";

/**
 * A table of `numEmbeddings` vectors of `embeddingDim` floats, looked up by row number.
 * weight [V, D] starts as N(0, 1) with the bits of PyTorch for the same seed, its padding row zero.
 * RangeError for a paddingIdx outside the table, a weight of another shape or more than 4 GiB.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 */
export class Embedding extends TableModule {
  constructor(numEmbeddings: number, embeddingDim: number, options: TableOptions = {}) {
    checkOptions("Embedding", options, [...EMBEDDING_OPTIONS, ...TABLE_OPTIONS]);
    super("Embedding", numEmbeddings, embeddingDim, options, () =>
      checkEmbeddingOptions("Embedding", numEmbeddings, options),
    );
  }

  /**
   * A module around an existing table, not trained unless `freeze` is false. The padding row stays as it is.
   * https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html#torch.nn.Embedding.from_pretrained
   */
  static fromPretrained(embeddings: Table, options: Omit<TableOptions, "weight" | "generator"> = {}): Embedding {
    checkOptions("fromPretrained", options, [...EMBEDDING_OPTIONS, "freeze"]);
    return aroundTable(
      embeddings,
      (weight, rows, dim) => new Embedding(rows, dim, { freeze: true, ...options, weight }),
    );
  }

  /** input: indices of any shape; returns [...input.shape, embeddingDim]. */
  forward(input: Indices): Tensor {
    return embedding(input, this.weight, this.lookUp);
  }

  protected override typeName(): string {
    return "Embedding";
  }

  protected override extraRepr(): string {
    const { sizes, padding, norm, frequency } = this.reprParts();
    return `${sizes}${padding}${norm}${frequency}${this.sparse ? ", sparse=True" : ""}`;
  }
}
