import { checkBoolean, checkOptions, checkSize, describe, type Shape, sizeText } from "../check.js";
import { checkEmbeddingOptions, EMBEDDING_OPTIONS, type EmbeddingOptions, embedding } from "../functional/embedding.js";
import type { Indices } from "../functional/indices.js";
import type { Generator } from "../random.js";
import { type IntegerArray, randn, tensor } from "../tensor/create.js";
import type { NestedArray } from "../tensor/nested.js";
import { tidy } from "../tensor/scope.js";
import { sameShape, Tensor } from "../tensor/tensor.js";
import { normal_ } from "./init.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";

/** Rows given by the user: a tensor is shared, arrays are copied. */
export type Table = Tensor | NestedArray | IntegerArray | Float32Array | Float64Array;

export interface EmbeddingModuleOptions extends EmbeddingOptions {
  /** [numEmbeddings, embeddingDim]; drawn from N(0, 1) unless given. A tensor is shared, an array copied. */
  weight?: Table;
  /** The weight is not trained. */
  freeze?: boolean;
  /** Draws the initial weight; the default generator unless given. */
  generator?: Generator;
}

/**
 * A table of `numEmbeddings` vectors of `embeddingDim` floats, looked up by row number.
 * weight [V, D] starts as N(0, 1) with the bits of PyTorch for the same seed, its padding row zero.
 * RangeError for a paddingIdx outside the table, a weight of another shape or more than 4 GiB.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
 */
export class Embedding extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  /** Counted from the front; null for none. */
  paddingIdx: number | null;
  maxNorm: number | null;
  normType: number;
  scaleGradByFreq: boolean;
  sparse: boolean;
  weight: Parameter;

  constructor(numEmbeddings: number, embeddingDim: number, options: EmbeddingModuleOptions = {}) {
    super();
    checkOptions("Embedding", options, [...EMBEDDING_OPTIONS, "weight", "freeze", "generator"]);
    const shape = [numEmbeddings, embeddingDim];
    for (let dim = 0; dim < 2; dim++) checkSize("Embedding", shape[dim], dim, shape);
    const settings = checkEmbeddingOptions("Embedding", numEmbeddings, options);
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = settings.paddingIdx < 0 ? null : settings.paddingIdx;
    this.maxNorm = settings.maxNorm;
    this.normType = settings.normType;
    this.scaleGradByFreq = settings.scaleGradByFreq;
    this.sparse = settings.sparse;
    const { weight: given, freeze = false } = options;
    checkBoolean("Embedding", "freeze", freeze);
    const table = given === undefined ? randn(shape, { generator: options.generator }) : toTable(given, shape);
    try {
      if (!sameShape(table.shape, shape)) {
        throw new RangeError(
          `Embedding: Shape of weight does not match num_embeddings and embedding_dim: weight is ${sizeText(table.shape)}, ` +
            `expected ${sizeText(shape)}`,
        );
      }
      this.weight = new Parameter(table, !freeze);
    } finally {
      if (table !== given) table.dispose();
    }
    if (given === undefined) this.fillPaddingWithZero();
  }

  /**
   * A module around an existing table, not trained unless `freeze` is false. The padding row stays as it is.
   * https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html#torch.nn.Embedding.from_pretrained
   */
  static fromPretrained(
    embeddings: Table,
    options: Omit<EmbeddingModuleOptions, "weight" | "generator"> = {},
  ): Embedding {
    checkOptions("fromPretrained", options, [...EMBEDDING_OPTIONS, "freeze"]);
    const table = toTable(embeddings);
    try {
      if (table.ndim !== 2) {
        throw new RangeError(
          `fromPretrained: Embeddings parameter is expected to be 2-dimensional, but it is ${sizeText(table.shape)}`,
        );
      }
      const [rows, dim] = table.shape;
      return new Embedding(rows, dim, { freeze: true, ...options, weight: table });
    } finally {
      if (table !== embeddings) table.dispose();
    }
  }

  /** input: indices of any shape; returns [...input.shape, embeddingDim]. */
  forward(input: Indices): Tensor {
    const { weight, paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = this;
    return embedding(input, weight, { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse });
  }

  /** Draws the weight anew from N(0, 1) and zeroes the padding row. */
  resetParameters(options: { generator?: Generator } = {}): void {
    normal_(this.weight, options);
    this.fillPaddingWithZero();
  }

  private fillPaddingWithZero(): void {
    const { paddingIdx } = this;
    if (paddingIdx !== null) tidy(() => void this.weight.data.at(paddingIdx).zero_());
  }

  protected override typeName(): string {
    return "Embedding";
  }

  protected override extraRepr(): string {
    let text = `${this.numEmbeddings}, ${this.embeddingDim}`;
    if (this.paddingIdx !== null) text += `, padding_idx=${this.paddingIdx}`;
    if (this.maxNorm !== null) text += `, max_norm=${numberText(this.maxNorm)}`;
    if (this.normType !== 2) text += `, norm_type=${numberText(this.normType)}`;
    if (this.scaleGradByFreq) text += ", scale_grad_by_freq=True";
    if (this.sparse) text += ", sparse=True";
    return text;
  }
}

/** A tensor as it is, arrays copied; a typed array takes the shape wanted. */
function toTable(table: Table, shape?: Shape): Tensor {
  if (table instanceof Tensor) return table;
  if (Array.isArray(table)) return tensor(table);
  if (ArrayBuffer.isView(table)) return tensor(table, { shape });
  throw new TypeError(`Embedding: weight must be a Tensor or an array, but got ${describe(table)}`);
}

/** A number as Python prints it. */
function numberText(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const magnitude = Math.abs(x);
  if (x === 0 || (magnitude >= 1e-4 && magnitude < 1e16)) return String(x);
  const [digits, exponent] = x.toExponential().split("e");
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
