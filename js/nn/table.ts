import { checkBoolean, checkSize, describe, type Shape, sizeText } from "../check.js";
import type { EmbeddingOptions, EmbeddingSettings } from "../functional/embedding.js";
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

export interface TableOptions extends EmbeddingOptions {
  /** [numEmbeddings, embeddingDim]; drawn from N(0, 1) unless given. A tensor is shared, an array copied. */
  weight?: Table;
  /** The weight is not trained. */
  freeze?: boolean;
  /** Draws the initial weight; the default generator unless given. */
  generator?: Generator;
}

/** The names of TableOptions beyond those of EmbeddingOptions. */
export const TABLE_OPTIONS = ["weight", "freeze", "generator"];

/** What Embedding and EmbeddingBag have in common: the table and the options that say how its rows are looked up. */
export abstract class TableModule extends Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  /** Counted from the front; null for none. */
  paddingIdx: number | null;
  maxNorm: number | null;
  normType: number;
  scaleGradByFreq: boolean;
  sparse: boolean;
  weight: Parameter;

  protected constructor(
    name: string,
    numEmbeddings: number,
    embeddingDim: number,
    options: TableOptions,
    settingsOf: () => EmbeddingSettings,
  ) {
    super();
    const shape = [numEmbeddings, embeddingDim];
    for (let dim = 0; dim < 2; dim++) checkSize(name, shape[dim], dim, shape);
    const settings = settingsOf();
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.paddingIdx = settings.paddingIdx < 0 ? null : settings.paddingIdx;
    this.maxNorm = settings.maxNorm;
    this.normType = settings.normType;
    this.scaleGradByFreq = settings.scaleGradByFreq;
    this.sparse = settings.sparse;
    const { weight: given, freeze = false } = options;
    checkBoolean(name, "freeze", freeze);
    const table = given === undefined ? randn(shape, { generator: options.generator }) : toTable(name, given, shape);
    try {
      if (!sameShape(table.shape, shape)) {
        throw new RangeError(
          `${name}: Shape of weight does not match num_embeddings and embedding_dim: weight is ${sizeText(table.shape)}, ` +
            `expected ${sizeText(shape)}`,
        );
      }
      this.weight = new Parameter(table, !freeze);
    } finally {
      if (table !== given) table.dispose();
    }
    if (given === undefined) this.fillPaddingWithZero();
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

  /** The options by which every look-up goes. */
  protected get lookUp(): EmbeddingOptions {
    const { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse } = this;
    return { paddingIdx, maxNorm, normType, scaleGradByFreq, sparse };
  }

  /** The sizes and the options of the norm as PyTorch prints them. */
  protected reprParts(): { sizes: string; padding: string; norm: string; frequency: string } {
    const { paddingIdx, maxNorm, normType } = this;
    return {
      sizes: `${this.numEmbeddings}, ${this.embeddingDim}`,
      padding: paddingIdx === null ? "" : `, padding_idx=${paddingIdx}`,
      norm:
        (maxNorm === null ? "" : `, max_norm=${numberText(maxNorm)}`) +
        (normType === 2 ? "" : `, norm_type=${numberText(normType)}`),
      frequency: this.scaleGradByFreq ? ", scale_grad_by_freq=True" : "",
    };
  }
}

/** A module around an existing matrix. An array is copied once. */
export function aroundTable<M>(embeddings: Table, make: (table: Tensor, rows: number, dim: number) => M): M {
  const table = toTable("fromPretrained", embeddings);
  try {
    if (table.ndim !== 2) {
      throw new RangeError(
        `fromPretrained: Embeddings parameter is expected to be 2-dimensional, but it is ${sizeText(table.shape)}`,
      );
    }
    const [rows, dim] = table.shape;
    return make(table, rows, dim);
  } finally {
    if (table !== embeddings) table.dispose();
  }
}

/** A tensor as it is, arrays copied; a typed array takes the shape wanted. */
function toTable(name: string, table: Table, shape?: Shape): Tensor {
  if (table instanceof Tensor) return table;
  if (Array.isArray(table)) return tensor(table);
  if (ArrayBuffer.isView(table)) return tensor(table, { shape });
  throw new TypeError(`${name}: weight must be a Tensor or an array, but got ${describe(table)}`);
}

/** A number as Python prints it. */
function numberText(x: number): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  const magnitude = Math.abs(x);
  if (x === 0 || (magnitude >= 1e-4 && magnitude < 1e16)) return String(x);
  const [digits, exponent] = x.toExponential().split("e");
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
