import { checkBoolean, checkOptions } from "../check.js";
import type { BagInput } from "../functional/bags.js";
import { checkEmbeddingOptions } from "../functional/embedding.js";
import {
  BAG_OPTIONS,
  type BagDivision,
  type BagMode,
  type BagOptions,
  embeddingBag,
} from "../functional/embedding-bag.js";
import type { Tensor } from "../tensor/tensor.js";
import { aroundTable, TABLE_OPTIONS, type Table, TableModule, type TableOptions } from "./table.js";

export interface EmbeddingBagOptions extends TableOptions, BagOptions {}

/**
 * The sum, mean or maximum of the rows that each bag lists, without the rows in between.
 * weight [V, D] starts as N(0, 1) with the bits of PyTorch for the same seed, its padding row zero; mode: "mean" unless given.
 * RangeError for a paddingIdx outside the table, a weight of another shape or more than 4 GiB.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html
 */
export class EmbeddingBag extends TableModule {
  mode: BagMode;
  includeLastOffset: boolean;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingBagOptions = {}) {
    checkOptions("EmbeddingBag", options, [...BAG_OPTIONS, ...TABLE_OPTIONS]);
    const { mode = "mean", includeLastOffset = false } = options;
    checkBoolean("EmbeddingBag", "includeLastOffset", includeLastOffset);
    super("EmbeddingBag", numEmbeddings, embeddingDim, options, () =>
      checkEmbeddingOptions("EmbeddingBag", numEmbeddings, options, "padding_idx must be within num_embeddings"),
    );
    this.mode = mode;
    this.includeLastOffset = includeLastOffset;
    if (this.weight.dtype === "float32") return;
    this.dispose();
    throw new TypeError(
      "EmbeddingBag: Only Tensors of floating point dtype can require gradients, but weight is int32",
    );
  }

  /**
   * A module around an existing table, not trained unless `freeze` is false. The padding row stays as it is.
   * https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html#torch.nn.EmbeddingBag.from_pretrained
   */
  static fromPretrained(
    embeddings: Table,
    options: Omit<EmbeddingBagOptions, "weight" | "generator"> = {},
  ): EmbeddingBag {
    checkOptions("fromPretrained", options, [...BAG_OPTIONS, "freeze"]);
    return aroundTable(
      embeddings,
      (weight, rows, dim) => new EmbeddingBag(rows, dim, { freeze: true, ...options, weight }),
    );
  }

  /**
   * input: [B, L], a list of bags, or 1-D with `offsets`; returns [B, embeddingDim].
   * perSampleWeights: a factor for each entry, in the outline of input; not in mode "max".
   */
  forward(input: BagInput, division: BagDivision = {}): Tensor {
    checkOptions("EmbeddingBag", division, ["offsets", "perSampleWeights"]);
    const { mode, includeLastOffset } = this;
    const { offsets, perSampleWeights } = division;
    const options = Object.assign(this.lookUp, { mode, includeLastOffset, offsets, perSampleWeights });
    return embeddingBag(input, this.weight, options);
  }

  protected override typeName(): string {
    return "EmbeddingBag";
  }

  /** PyTorch shows neither sparse nor include_last_offset. */
  protected override extraRepr(): string {
    const { sizes, padding, norm, frequency } = this.reprParts();
    return `${sizes}${norm}${frequency}, mode='${this.mode}'${padding}`;
  }
}
