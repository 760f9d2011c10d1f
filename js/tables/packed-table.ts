import { type functional as F, nn, Tensor } from "../index.js";
import {
  bytesOf,
  checkEmbeddingOptions,
  checkOptions,
  checkSize,
  checkWord,
  describe,
  lasting,
  numbersFrom,
  owned,
  rowNumbers,
  sizeText,
  toIndices,
  transient,
} from "../internals.js";
import { FORMATS, type Format, type QuantizedDType } from "./formats.js";

/** What packed bytes are a table of. */
export interface PackedOptions {
  numEmbeddings: number;
  embeddingDim: number;
  dtype: QuantizedDType;
  /** Negative counts from the end; null unless given. */
  paddingIdx?: number | null;
}

/** The names of PackedOptions. */
export const PACKED_OPTIONS = ["numEmbeddings", "embeddingDim", "dtype", "paddingIdx"];

/** Rows unpacked at a time where a whole table is. */
const BLOCK = 4096;

/** A table of packed rows, which are looked up and searched but not trained: no parameter of it has a gradient. */
export abstract class PackedTable extends nn.Module {
  readonly numEmbeddings: number;
  readonly embeddingDim: number;
  readonly dtype: QuantizedDType;
  /** Counted from the front; null for none. */
  readonly paddingIdx: number | null;
  /** int32: the bytes of all rows, four in each element; they travel in the state dict. */
  readonly words: nn.Parameter;

  /** @internal Shares the storage of words. */
  constructor(words: Tensor, options: PackedOptions) {
    super();
    const { numEmbeddings, embeddingDim, dtype, paddingIdx = null } = options;
    this.numEmbeddings = numEmbeddings;
    this.embeddingDim = embeddingDim;
    this.dtype = dtype;
    this.paddingIdx = paddingIdx;
    this.words = new nn.Parameter(words, false);
  }

  /** Bytes of a row: 2 D for float16 and bfloat16, D + 8 for int8, D / 2 + 4 for int4. */
  get rowBytes(): number {
    return this.format.rowBytes(this.embeddingDim);
  }

  /** The live bytes [numEmbeddings * rowBytes], without a copy. The array dies when memory grows: use it at once, never keep it. */
  get packed(): Uint8Array {
    return bytesOf(this.words.array).subarray(0, this.numEmbeddings * this.rowBytes);
  }

  /** The whole table as float32 [numEmbeddings, embeddingDim], the same numbers as a look-up gives. */
  dequantize(): Tensor {
    const { numEmbeddings: rows, embeddingDim: dim, rowBytes, format } = this;
    const out = transient([rows, dim]);
    const index = rowNumbers(numbersFrom(0, Math.min(BLOCK, rows)));
    const [to, from] = [out.address, this.words.address];
    for (let start = 0; start < rows; start += BLOCK) {
      const n = Math.min(BLOCK, rows - start);
      format.unpack(to + 4 * start * dim, from + start * rowBytes, index.address, n, dim);
    }
    index.dispose();
    return out;
  }

  /** @internal */
  get format(): Format {
    return FORMATS[this.dtype];
  }

  /** @internal float32 [..index.shape, D]; index: int32, every row in the table. */
  unpacked(index: Tensor): Tensor {
    const out = transient([...index.shape, this.embeddingDim]);
    this.format.unpack(out.address, this.words.address, index.address, index.numel, this.embeddingDim);
    return out;
  }

  protected look(input: F.Indices): Tensor {
    const index = toIndices("embedding", input, this.numEmbeddings);
    const out = this.unpacked(index);
    if (index !== input) index.dispose();
    return out;
  }

  /** PyTorch's words, and what its packed tables lack behind them. */
  protected override extraRepr(): string {
    const { numEmbeddings, embeddingDim, dtype, paddingIdx } = this;
    const scheme = ", qscheme=torch.per_channel_affine_float_qparams";
    const kind = { int8: `quint8${scheme}`, int4: `quint4x2${scheme}`, float16: "float16", bfloat16: "bfloat16" };
    const padding = paddingIdx === null ? "" : `, padding_idx=${paddingIdx}`;
    return `num_embeddings=${numEmbeddings}, embedding_dim=${embeddingDim}, dtype=torch.${kind[dtype]}${padding}`;
  }
}

/** Sizes and dtype that go together; paddingIdx counted from the front. */
export function checkPacked<O extends PackedOptions>(operation: string, options: O, names: readonly string[]): O {
  checkOptions(operation, options, names);
  const { numEmbeddings, embeddingDim, dtype, paddingIdx = null } = options;
  const shape = [numEmbeddings, embeddingDim];
  for (let dim = 0; dim < 2; dim++) checkSize(operation, shape[dim], dim, shape);
  checkWord(operation, "dtype", dtype, Object.keys(FORMATS) as QuantizedDType[]);
  if (dtype === "int4" && embeddingDim % 2 !== 0) {
    throw new RangeError(
      `${operation}: qembeddingbag_4bit_prepack only works for the number of columns a multiple of 2, ` +
        `but embeddingDim is ${embeddingDim}`,
    );
  }
  const padding = checkEmbeddingOptions(operation, numEmbeddings, { paddingIdx }).paddingIdx;
  return { ...options, paddingIdx: padding < 0 ? null : padding };
}

/** A copy of packed bytes in linear memory, four in each element. */
export function wordsOf(operation: string, packed: unknown, options: PackedOptions): Tensor {
  const { numEmbeddings, embeddingDim, dtype } = options;
  const rowBytes = FORMATS[dtype].rowBytes(embeddingDim);
  const size = numEmbeddings * rowBytes;
  const source = packed instanceof Tensor ? byteElements(operation, packed) : packed;
  if (!(source instanceof Uint8Array) && !(source instanceof Int32Array)) {
    throw new TypeError(
      `${operation}: packed must be a Uint8Array or an int32 tensor of bytes, but got ${describe(packed)}`,
    );
  }
  if (source.length !== size) {
    throw new RangeError(
      `${operation}: packed must hold ${numEmbeddings} rows of ${rowBytes} bytes for ${dtype} ` +
        `${sizeText([numEmbeddings, embeddingDim])}, ${size} in all, but it holds ${source.length}`,
    );
  }
  const bytes = lasting(source as Uint8Array);
  const words = emptyWords(numEmbeddings, rowBytes);
  bytesOf(words.array).set(bytes);
  return words;
}

/** The elements of a tensor, each a byte, as files of uint8 are read. */
function byteElements(operation: string, packed: Tensor): Tensor["array"] {
  const bad = packed.array.findIndex((byte) => (byte & 255) !== byte);
  if (bad < 0) return packed.array;
  throw new RangeError(
    `${operation}: packed must hold bytes from 0 to 255, but element ${bad} is ${packed.array[bad]}`,
  );
}

/** Rows of float32, packed. RangeError for a row that cannot be, TypeError for other numbers. */
export function packedWords(operation: string, weight: Tensor, dtype: QuantizedDType): Tensor {
  const [rows, dim] = weight.shape;
  const format = FORMATS[dtype];
  const words = emptyWords(rows, format.rowBytes(dim));
  const bad = format.pack(words.address, weight.address, rows, dim);
  if (bad < 0) return words;
  words.dispose();
  const row = (weight.array as Float32Array).subarray(bad * dim, (bad + 1) * dim);
  const place = row.findIndex((value) => !Number.isFinite(value));
  const [low, high] = [row.reduce((a, b) => Math.min(a, b)), row.reduce((a, b) => Math.max(a, b))];
  const what = place < 0 ? `reaches from ${low} to ${high}` : `has ${row[place]} at ${place}`;
  throw new RangeError(`${operation}: weight[${bad}] ${what}, which ${dtype} cannot hold`);
}

function emptyWords(rows: number, rowBytes: number): Tensor {
  const words = owned([Math.ceil((rows * rowBytes) / 4)], "int32");
  if (words.numel > 0) words.array[words.numel - 1] = 0;
  return words;
}
