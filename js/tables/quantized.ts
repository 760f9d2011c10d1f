// Tables of packed rows for inference: a quarter of the memory for int8, and what nn's modules do with rows, without training.

import { functional as F, nn, type Tensor, tidy } from "../index.js";
import {
  checkBoolean,
  checkDivision,
  checkFloat,
  checkOptions,
  checkWeightsShape,
  checkWord,
  entriesOf,
  NO_ROW,
  numbersFrom,
  outlineOf,
  setQuantizer,
  startsOf,
  toWeights,
  transient,
  unwrapped,
  withoutPadding,
} from "../internals.js";
import type { QuantizedDType } from "./formats.js";
import { type Nearest, type NearestOptions, nearest, type Query } from "./nearest.js";
import { checkPacked, PACKED_OPTIONS, type PackedOptions, PackedTable, packedWords, wordsOf } from "./packed-table.js";

export type { QuantizedDType } from "./formats.js";
export type { PackedOptions } from "./packed-table.js";

/**
 * out[.., :] = the float32 numbers of the packed rows input[..]; made by `embedding.quantize(dtype)` or from packed bytes.
 * int8: q * scale + bias with a scale and a bias for each row, D bytes and two float32; int4: two numbers in a byte and two
 * float16; float16 and bfloat16: rounded to nearest. Bytes and numbers are PyTorch's (torch.ops.quantized.embedding_bag_byte_prepack,
 * _4bit_prepack and their unpack), but for the sign of a bias that is zero. A bias and a scale must be finite.
 * https://docs.pytorch.org/docs/stable/generated/torch.ao.nn.quantized.Embedding.html
 */
export class QuantizedEmbedding extends PackedTable {
  /**
   * A table of bytes [numEmbeddings, rowBytes], which are copied: a Uint8Array, or an int32 tensor with a byte in each element.
   * RangeError for another number of bytes or, with int4, an odd embeddingDim.
   */
  static fromPacked(packed: Uint8Array | Tensor, options: PackedOptions): QuantizedEmbedding {
    const checked = checkPacked("fromPacked", options, PACKED_OPTIONS);
    return around(wordsOf("fromPacked", packed, checked), (words) => new QuantizedEmbedding(words, checked));
  }

  /** input: indices of any shape; returns [...input.shape, embeddingDim] outside any graph. */
  forward(input: F.Indices): Tensor {
    return this.look(input);
  }

  /** The rows most like each query: `nearest(this, query, options)`. */
  nearest(query: Query, options: NearestOptions = {}): Nearest {
    return nearest(this, query, options);
  }

  protected override typeName(): string {
    return "QuantizedEmbedding";
  }
}

export interface PackedBagOptions extends PackedOptions {
  /** "mean" unless given. */
  mode?: F.BagMode;
  /** offsets has one more entry: the length of the input. false unless given. */
  includeLastOffset?: boolean;
}

/**
 * The sum, mean or maximum of the packed rows that each bag lists; made by `bag.quantize(dtype)` or from packed bytes.
 * Rows as those of QuantizedEmbedding, but in plain sums and means q * scale is rounded before bias is added.
 * https://docs.pytorch.org/docs/stable/generated/torch.ao.nn.quantized.EmbeddingBag.html
 */
export class QuantizedEmbeddingBag extends PackedTable {
  readonly mode: F.BagMode;
  readonly includeLastOffset: boolean;

  /** @internal */
  constructor(words: Tensor, options: PackedBagOptions) {
    super(words, options);
    this.mode = options.mode ?? "mean";
    this.includeLastOffset = options.includeLastOffset ?? false;
  }

  /** A table of bytes, as QuantizedEmbedding.fromPacked. */
  static fromPacked(packed: Uint8Array | Tensor, options: PackedBagOptions): QuantizedEmbeddingBag {
    const checked = checkPacked("fromPacked", options, [...PACKED_OPTIONS, "mode", "includeLastOffset"]);
    checkWord("fromPacked", "mode", checked.mode ?? "mean", ["sum", "mean", "max"]);
    checkBoolean("fromPacked", "includeLastOffset", checked.includeLastOffset ?? false);
    return around(wordsOf("fromPacked", packed, checked), (words) => new QuantizedEmbeddingBag(words, checked));
  }

  /**
   * input: [B, L], a list of bags, or 1-D with `offsets`; returns [B, embeddingDim] outside any graph.
   * perSampleWeights: a factor for each entry, in the outline of input; not in mode "max".
   */
  forward(input: F.BagInput, division: F.BagDivision = {}): Tensor {
    checkOptions("QuantizedEmbeddingBag", division, ["offsets", "perSampleWeights"]);
    const given = unwrapped("perSampleWeights", division.perSampleWeights ?? null);
    const listed = unwrapped("input", input);
    const outline = outlineOf("input", listed);
    if (given !== null) checkWeightsShape(outlineOf("perSampleWeights", given), outline);
    checkDivision(outline, division.offsets);
    return tidy(() => {
      const weights = given === null ? null : toWeights(given);
      const starts = startsOf(outline, division.offsets, this.includeLastOffset);
      const all = entriesOf(listed, outline, this.numEmbeddings);
      const entries = withoutPadding(all, starts, weights, this.paddingIdx ?? NO_ROW);
      return weights === null && this.mode !== "max" ? this.reduced(entries) : this.reducedRows(entries);
    });
  }

  /** Sums or means without the rows in between. */
  private reduced({ index, starts, bags }: ReturnType<typeof withoutPadding>): Tensor {
    const dim = this.embeddingDim;
    const sums = transient([bags, dim]).zero_();
    const [to, table] = [sums.address, this.words.address];
    this.format.bagSum(to, table, index.address, starts.address, index.numel, bags, dim);
    if (this.mode === "sum") return sums;
    const counts = transient([bags, 1]);
    const [ends, size] = [starts.array, counts.array];
    for (let b = 0; b < bags; b++) size[b] = Math.max(ends[b + 1] - ends[b], 1);
    return sums.div(counts);
  }

  /** Every entry's row first, then their bags. */
  private reducedRows({ index, starts, weights }: ReturnType<typeof withoutPadding>): Tensor {
    return F.embeddingBag(numbersFrom(0, index.numel), this.unpacked(index), {
      offsets: starts,
      perSampleWeights: weights,
      mode: this.mode,
      includeLastOffset: true,
    });
  }

  /** The rows most like each query: `nearest(this, query, options)`. */
  nearest(query: Query, options: NearestOptions = {}): Nearest {
    return nearest(this, query, options);
  }

  protected override typeName(): string {
    return "QuantizedEmbeddingBag";
  }

  protected override extraRepr(): string {
    return `${super.extraRepr()}, mode='${this.mode}'`;
  }
}

/** A module that shares `words`, whose first handle goes. */
function around<M>(words: Tensor, make: (words: Tensor) => M): M {
  try {
    return make(words);
  } finally {
    words.dispose();
  }
}

setQuantizer((table, dtype: QuantizedDType) => {
  const { weight, maxNorm, paddingIdx, embeddingDim } = table;
  checkFloat("quantize", "weight", weight);
  if (maxNorm !== null) {
    throw new Error(
      `quantize: a table with maxNorm changes when it is looked up, a packed one cannot: maxNorm is ${maxNorm}, not null`,
    );
  }
  const options = { numEmbeddings: weight.shape[0], embeddingDim, dtype, paddingIdx };
  const checked = checkPacked("quantize", options, PACKED_OPTIONS);
  return around(packedWords("quantize", weight, dtype), (words) => {
    if (!(table instanceof nn.EmbeddingBag)) return new QuantizedEmbedding(words, checked);
    const { mode, includeLastOffset } = table;
    return new QuantizedEmbeddingBag(words, { ...checked, mode, includeLastOffset });
  });
});
