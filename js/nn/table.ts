import { noGrad } from "../autograd.js";
import { checkBoolean, checkInteger, checkOptions, checkSize, describe, type Shape, sizeText } from "../check.js";
import type { EmbeddingOptions, EmbeddingSettings } from "../functional/embedding.js";
import { type Indices, toIndices } from "../functional/indices.js";
import type { Generator } from "../random.js";
import type { QuantizedDType } from "../tables/quantized.js";
import { type IntegerArray, randn, tensor, zeros } from "../tensor/create.js";
import { maskOf, rangesOf } from "../tensor/frozen.js";
import type { NestedArray } from "../tensor/nested.js";
import { numberText } from "../tensor/print.js";
import { tidy } from "../tensor/scope.js";
import { sameShape, Tensor } from "../tensor/tensor.js";
import { normal_ } from "./init.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";
import { type Quantized, quantized } from "./quantize.js";

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

export interface ResizeOptions {
  /** Fills the new rows in place; what it returns is not used. */
  init?: (rows: Tensor) => unknown;
  /** Draws the new rows where init is not given. */
  generator?: Generator;
}

/** The rows from start up to, not including, end. */
export interface RowSpan {
  start: number;
  end: number;
}

/** The names of TableOptions beyond those of EmbeddingOptions. */
export const TABLE_OPTIONS = ["weight", "freeze", "generator"];

/** What Embedding and EmbeddingBag have in common: the table and the options that say how its rows are looked up. */
export abstract class TableModule extends Module {
  numEmbeddings: number;
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
    if (paddingIdx !== null) tidy(() => void this.weight.detach().at(paddingIdx).zero_());
  }

  /**
   * Makes the table `numEmbeddings` rows high; the rows that stay keep their values, and their optimizer state, which follows
   * at the next step. init fills the new rows, a tensor [new rows, embeddingDim]; N(0, 1) unless given. The weight stays the
   * same Parameter, on a storage of its own; its gradient is cleared, and a graph made before can no longer run backward.
   * RangeError when the padding row would go.
   */
  resize(numEmbeddings: number, options: ResizeOptions = {}): void {
    checkOptions("resize", options, ["init", "generator"]);
    const { init = (rows: Tensor) => void normal_(rows, { generator: options.generator }) } = options;
    if (typeof init !== "function") throw new TypeError(`resize: init must be a function, but got ${describe(init)}`);
    const { weight, paddingIdx, embeddingDim: dim } = this;
    checkSize("resize", numEmbeddings, 0, [numEmbeddings, dim]);
    if (paddingIdx !== null && paddingIdx >= numEmbeddings) {
      throw new RangeError(
        `resize: padding_idx must be within num_embeddings: it is ${paddingIdx} of ${numEmbeddings}`,
      );
    }
    tidy(() => {
      const [before] = weight.shape;
      const kept = Math.min(before, numEmbeddings);
      const table = zeros([numEmbeddings, dim], { dtype: weight.dtype });
      table.narrow(0, 0, kept).copy_(weight.detach().narrow(0, 0, kept));
      if (numEmbeddings > before) noGrad(() => init(table.narrow(0, before, numEmbeddings - before)));
      const learns = maskOf(weight.trainableRows, before);
      weight.become(table);
      if (weight.trainableRows === null) return;
      // New rows learn.
      const mask = new Uint8Array(numEmbeddings).fill(1);
      mask.set(learns.subarray(0, kept));
      weight.setTrainableRows(rangesOf(mask));
    });
    this.numEmbeddings = numEmbeddings;
  }

  /**
   * Keeps these rows as they are: no gradient reaches them, no optimizer and no maxNorm changes them, whatever its momentum or
   * weight decay. rows: indices, or { start, end } without the end. RangeError for a row outside the table.
   */
  freezeRows(rows: Indices | RowSpan): void {
    this.setTrainable("freezeRows", rows, 0);
  }

  /** Lets these rows learn again, all of them without an argument. */
  unfreezeRows(rows: Indices | RowSpan = { start: 0, end: this.weight.shape[0] }): void {
    this.setTrainable("unfreezeRows", rows, 1);
  }

  /** The runs [start, end) of rows that learn, as far as the weight as a whole does. */
  get trainableRows(): [start: number, end: number][] {
    const ranges = this.weight.trainableRows ?? rangesOf(maskOf(null, this.weight.shape[0]));
    return ranges.map(([start, end]) => [start, end]);
  }

  private setTrainable(operation: string, rows: Indices | RowSpan, learns: 0 | 1): void {
    const { weight } = this;
    const [height] = weight.shape;
    const mask = maskOf(weight.trainableRows, height);
    if (isSpan(rows)) {
      const { start, end } = checkSpan(operation, rows, height);
      mask.fill(learns, start, end);
    } else {
      tidy(() => {
        for (const row of toIndices(operation, rows, height).array) mask[row] = learns;
      });
    }
    weight.setTrainableRows(mask.includes(0) ? rangesOf(mask) : null);
  }

  /**
   * A packed copy for inference: a QuantizedEmbedding, or a QuantizedEmbeddingBag, of this table's rows as they are now.
   * Needs nn-embedding/tables to be imported. RangeError for a row that cannot be packed, Error for a table with maxNorm.
   */
  quantize(dtype: QuantizedDType): Quantized<this> {
    return quantized(this, dtype);
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

function isSpan(rows: Indices | RowSpan): rows is RowSpan {
  return typeof rows === "object" && rows !== null && Object.getPrototypeOf(rows) === Object.prototype;
}

function checkSpan(operation: string, span: RowSpan, rows: number): RowSpan {
  checkOptions(operation, span, ["start", "end"]);
  const { start, end } = span;
  checkInteger(operation, "start", start);
  checkInteger(operation, "end", end);
  if (start >= 0 && start <= end && end <= rows) return span;
  throw new RangeError(`${operation}: rows { start: ${start}, end: ${end} } must lie in order within [0, ${rows}]`);
}

/** A tensor as it is, arrays copied; a typed array takes the shape wanted. */
function toTable(name: string, table: Table, shape?: Shape): Tensor {
  if (table instanceof Tensor) return table;
  if (Array.isArray(table)) return tensor(table);
  if (ArrayBuffer.isView(table)) return tensor(table, { shape });
  throw new TypeError(`${name}: weight must be a Tensor or an array, but got ${describe(table)}`);
}
