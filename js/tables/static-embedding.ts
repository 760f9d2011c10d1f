import { functional as F, nn, noGrad, type Tensor, tidy } from "../index.js";
import { checkBoolean, checkInteger, checkOptions, describe, wrongKind } from "../internals.js";
import { type Model, type ModelFiles, readModel } from "../io/model2vec.js";
import type { QuantizedDType, QuantizedEmbeddingBag } from "./quantized.js";

/** What is needed of a tokenizer: the numbers of a text's tokens. */
export interface TokenizerLike {
  encode(text: string, options: { add_special_tokens: boolean }): { readonly ids: ArrayLike<number> };
}

export interface StaticEmbeddingOptions {
  /** The class of this name of the package @huggingface/tokenizers, or one like it, made from tokenizer.json. For texts. */
  Tokenizer?: new (
    json: object,
    config: object,
  ) => TokenizerLike;
  /** Sentence vectors of length 1. As the model says unless given. */
  normalize?: boolean;
}

export interface EncodeOptions {
  /** Further tokens of a text do not count; null for all. 512 unless given. */
  maxLength?: number | null;
}

/** The numbers of a text's tokens. */
export type TokenIds = ArrayLike<number>;

/**
 * Vectors of sentences without a neural network: the mean of weight[t] * table[mapping[t]] over the tokens t of a text, of length 1
 * where `normalize` says so. What model2vec and the StaticEmbedding of sentence-transformers compute.
 * https://github.com/MinishLab/model2vec
 */
export class StaticEmbedding extends nn.Module {
  readonly normalize: boolean;
  private constructor(
    /** [rows, D] */
    readonly table: nn.EmbeddingBag | QuantizedEmbeddingBag,
    private readonly tokens: Omit<Model, "table" | "tokenizer">,
    private readonly tokenizer: TokenizerLike | null,
  ) {
    super();
    this.normalize = tokens.normalize;
  }

  /**
   * Reads a folder: "model.safetensors" with `embeddings` [rows, D] and maybe `weights` [V] and `mapping` [V], or
   * "0_StaticEmbedding/model.safetensors" with `embedding.weight`; and "tokenizer.json", "tokenizer_config.json" beside it,
   * "config.json" and "modules.json", of which none has to be there. Integer embeddings, whose scale is not in the file, are taken
   * as they are. RangeError or TypeError for files that are damaged or do not go together; then no memory is held.
   */
  static async fromModel2Vec(files: ModelFiles, options: StaticEmbeddingOptions = {}): Promise<StaticEmbedding> {
    const operation = "fromModel2Vec";
    checkOptions(operation, options, ["Tokenizer", "normalize"]);
    const { Tokenizer, normalize } = options;
    if (Tokenizer !== undefined && typeof Tokenizer !== "function") {
      throw wrongKind(operation, "Tokenizer", "a class", Tokenizer);
    }
    if (normalize !== undefined) checkBoolean(operation, "normalize", normalize);
    const { table, tokenizer, ...tokens } = await readModel(files);
    try {
      const made = Tokenizer === undefined ? null : makeTokenizer(Tokenizer, tokenizer);
      return new StaticEmbedding(table, { ...tokens, normalize: normalize ?? tokens.normalize }, made);
    } catch (error) {
      table.dispose();
      throw error;
    }
  }

  /** D */
  get embeddingDim(): number {
    return this.table.embeddingDim;
  }

  /** V: how many different tokens there are. */
  get numTokens(): number {
    return this.tokens.mapping?.length ?? this.table.numEmbeddings;
  }

  /**
   * [D] of one text or of its token ids, [B, D] of a list of B. Tokens that stand for unknown ones do not count; a text without
   * tokens has a vector of zeros. RangeError for a token id outside [0, numTokens), Error for a text without a Tokenizer.
   */
  encode(input: string | TokenIds | readonly (string | TokenIds)[], options: EncodeOptions = {}): Tensor {
    checkOptions("encode", options, ["maxLength"]);
    const { maxLength = 512 } = options;
    if (maxLength !== null) checkInteger("encode", "maxLength", maxLength);
    if (maxLength !== null && maxLength < 1) {
      throw new RangeError(`encode: maxLength must be at least 1 or null, but got ${maxLength}`);
    }
    const most = maxLength ?? Infinity;
    const bags = isList(input)
      ? input.map((text, i) => this.tokensOf(text, `input[${i}]`, most))
      : [this.tokensOf(input, "input", most)];
    return noGrad(() =>
      tidy(() => {
        const means = this.meansOf(bags);
        const vectors = this.normalize ? F.normalize(means) : means;
        return isList(input) ? vectors : vectors.at(0);
      }),
    );
  }

  /** The same model with a packed copy of the table; this one stays as it is. Error if it is packed already. */
  quantize(dtype: QuantizedDType): StaticEmbedding {
    if (!(this.table instanceof nn.EmbeddingBag)) throw new Error("quantize: the table is packed already");
    return new StaticEmbedding(this.table.quantize(dtype), this.tokens, this.tokenizer);
  }

  protected override typeName(): string {
    return "StaticEmbedding";
  }

  /** [B, D] of B lists of tokens. */
  private meansOf(bags: readonly number[][]): Tensor {
    const { weights, mapping } = this.tokens;
    const tokens = bags.flat();
    const rows = mapping === null ? tokens : tokens.map((token) => mapping[token]);
    const shares = weights && bags.flatMap((bag) => bag.map((token) => weights[token] / bag.length));
    let end = 0;
    const offsets = bags.map(({ length }) => {
      end += length;
      return end - length;
    });
    return this.table.forward(Int32Array.from(rows), {
      offsets: Int32Array.from(offsets),
      perSampleWeights: shares && Float32Array.from(shares),
    });
  }

  /** The tokens of a text that count. */
  private tokensOf(text: unknown, name: string, maxLength: number): number[] {
    const ids = typeof text === "string" ? this.tokenized(text, maxLength) : text;
    if (!Array.isArray(ids) && !ArrayBuffer.isView(ids)) throw wrongKind("encode", name, "a text or token ids", text);
    const { unknown } = this.tokens;
    const tokens = Array.from(ids as TokenIds).filter((id) => id !== unknown);
    if (tokens.length > maxLength) tokens.length = maxLength;
    for (const id of tokens) {
      if (!Number.isInteger(id))
        throw new TypeError(`encode: ${name}: a token id must be an integer, but got ${describe(id)}`);
      if (id >= 0 && id < this.numTokens) continue;
      throw new RangeError(`encode: ${name}: token id ${id} is outside of [0, ${this.numTokens})`);
    }
    return tokens;
  }

  /** Of a long text only as much is read as maxLength tokens of the median length take, as model2vec does. */
  private tokenized(text: string, maxLength: number): ArrayLike<number> {
    if (this.tokenizer === null) {
      throw new Error("encode: a text needs fromModel2Vec(files, { Tokenizer }), the class of @huggingface/tokenizers");
    }
    const most = maxLength * this.tokens.medianLength;
    const part = text.length > most ? [...text].slice(0, most).join("") : text;
    return this.tokenizer.encode(part, { add_special_tokens: false }).ids;
  }
}

function makeTokenizer(
  Tokenizer: NonNullable<StaticEmbeddingOptions["Tokenizer"]>,
  files: Model["tokenizer"],
): TokenizerLike {
  if (files === null) throw new RangeError("fromModel2Vec: there is no tokenizer.json for the Tokenizer");
  return new Tokenizer(files.json, files.config);
}

/** A list of texts or of their tokens; an array without elements is one. */
function isList(input: unknown): input is readonly unknown[] {
  return Array.isArray(input) && typeof input[0] !== "number";
}
