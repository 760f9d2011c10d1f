import { nn, noGrad, Tensor, tidy } from "../index.js";
import { checkInteger, checkNumber, checkOptions, numbersFrom, sizeText, wrongKind } from "../internals.js";
import { nearest } from "./nearest.js";
import { type QuantizedDType, QuantizedEmbedding } from "./quantized.js";
import { toWords, Vocab } from "./vocab.js";

/** A vector of the table's width. */
export type Vector = Float32Array | Float64Array | readonly number[] | Tensor;

/** One word or vector, or several. */
export type Words = string | Vector | readonly (string | Vector)[];

export interface Neighbour {
  word: string;
  /** The cosine, at most 1. */
  score: number;
}

export interface SearchOptions {
  /** How many neighbours, the nearest first; fewer when the table has fewer. 10 unless given. */
  k?: number;
}

export interface SimilarOptions extends SearchOptions {
  positive?: Words;
  negative?: Words;
}

/**
 * A table whose rows have words: gensim's KeyedVectors. Row i of the table is the vector of word i.
 * A module around the table, which is trained, saved and disposed of with it. RangeError unless there are as many words as rows, and for words that are not there.
 * https://radimrehurek.com/gensim/models/keyedvectors.html
 */
export class KeyedEmbedding extends nn.Module {
  readonly vocab: Vocab;
  readonly table: nn.Embedding | QuantizedEmbedding;

  /** vocab: a Vocab, or words in the order of the rows. */
  constructor(vocab: Vocab | Iterable<string>, table: nn.Embedding | QuantizedEmbedding) {
    super();
    if (!(table instanceof nn.Embedding || table instanceof QuantizedEmbedding)) {
      throw wrongKind("KeyedEmbedding", "table", "an Embedding or a QuantizedEmbedding", table);
    }
    this.vocab = vocab instanceof Vocab ? vocab : new Vocab(vocab);
    this.table = table;
    if (this.vocab.size === table.numEmbeddings) return;
    throw new RangeError(`KeyedEmbedding: ${this.vocab.size} words for a table of ${table.numEmbeddings} rows`);
  }

  /** Number of words. */
  get size(): number {
    return this.vocab.size;
  }

  /** Length of a vector. */
  get dim(): number {
    return this.table.embeddingDim;
  }

  has(word: string): boolean {
    return this.vocab.has(word);
  }

  /** A copy of the vector of a word, or of the one that the vocabulary has for unknown words. */
  get(word: string): Float32Array<ArrayBuffer> {
    const [row] = this.vocab.rowsOf("get", [word]);
    return this.rows(row ?? this.rowOf("get", word), 1);
  }

  /** [n, dim]: the vectors of n words, through the table: trained with it, if it is. Unknown words as in `vocab.indices`. */
  lookup(words: Iterable<string>): Tensor {
    return this.inStep().forward(this.vocab.rowsOf("lookup", words));
  }

  /** The cosine of the angle between two words; 0 if one of them is a vector of zeros. */
  similarity(a: string, b: string): number {
    return dot(this.unit("similarity", a), this.unit("similarity", b));
  }

  /** The cosine of the angle between the means of two sets of words. */
  nSimilarity(a: Iterable<string>, b: Iterable<string>): number {
    const [left, right] = [a, b].map((words) => {
      const sum = new Float64Array(this.dim);
      for (const word of this.someOf("nSimilarity", words)) add(sum, this.vectorOf("nSimilarity", word), 1);
      return toUnit(sum);
    });
    return dot(left, right);
  }

  /** The word that is farthest from the mean of the unit vectors of all; the last of several. */
  doesntMatch(words: Iterable<string>): string {
    const list = this.someOf("doesntMatch", words);
    const units = list.map((word) => this.unit("doesntMatch", word));
    const mean = new Float64Array(this.dim);
    for (const unit of units) add(mean, unit, 1);
    toUnit(mean);
    const scores = units.map((unit) => dot(unit, mean));
    return list[scores.lastIndexOf(scores.reduce((least, score) => Math.min(least, score)))];
  }

  /**
   * The words whose vectors are nearest to the mean of the unit vectors of `positive` and of the negated ones of `negative`, best
   * first, without those words themselves. Vectors, in place of words, are taken as they are and not made unit vectors.
   */
  mostSimilar(options: SimilarOptions): Neighbour[] {
    checkOptions("mostSimilar", options, ["positive", "negative", "k"]);
    return this.search(
      "mostSimilar",
      toList("positive", options.positive),
      toList("negative", options.negative),
      options.k,
    );
  }

  /** The words nearest to a vector. */
  similarByVector(vector: Vector, options: SearchOptions = {}): Neighbour[] {
    checkOptions("similarByVector", options, ["k"]);
    if (!isVector(vector)) throw wrongKind("similarByVector", "vector", "a vector", vector);
    return this.search("similarByVector", [vector], [], options.k);
  }

  /** a is to b as c is to what? The words nearest to b - a + c: of "man", "king" and "woman", "queen". */
  analogy(a: string, b: string, c: string, options: SearchOptions = {}): Neighbour[] {
    checkOptions("analogy", options, ["k"]);
    for (const word of [a, b, c]) this.rowOf("analogy", word);
    return this.search("analogy", [b, c], [a], options.k);
  }

  /** The first n words with a copy of their vectors: the most frequent, as most files are sorted. */
  head(n: number): KeyedEmbedding {
    checkInteger("head", "n", n);
    if (n < 0 || n > this.size) throw new RangeError(`head: n is ${n}, valid range is [0, ${this.size}]`);
    return new KeyedEmbedding([...this.vocab].slice(0, n), firstRows(this.inStep(), n));
  }

  /** The same words with a packed copy of the table; this one stays as it is. Error if it is packed already. */
  quantize(dtype: QuantizedDType): KeyedEmbedding {
    const table = this.inStep();
    if (table instanceof QuantizedEmbedding) throw new Error("quantize: the table is packed already");
    return new KeyedEmbedding(this.vocab, table.quantize(dtype));
  }

  override dispose(): void {
    this.table.dispose();
  }

  protected override typeName(): string {
    return "KeyedEmbedding";
  }

  /** @internal A copy of `count` rows from `start`, one after the other. */
  rows(start: number, count: number): Float32Array<ArrayBuffer> {
    const table = this.inStep();
    return tidy(() => {
      const rows =
        table instanceof QuantizedEmbedding
          ? noGrad(() => table.forward(numbersFrom(start, count)))
          : table.weight.detach().narrow(0, start, count);
      return rows.array.slice() as Float32Array<ArrayBuffer>;
    });
  }

  private search(operation: string, positive: Item[], negative: Item[], k = 10): Neighbour[] {
    checkInteger(operation, "k", k);
    if (k < 1) throw new RangeError(`${operation}: k must be at least 1, but got ${k}`);
    if (positive.length + negative.length === 0) throw new RangeError(`${operation}: there is no word to search by`);
    const query = new Float64Array(this.dim);
    const given = new Set<number>();
    for (const [items, sign] of [
      [positive, 1],
      [negative, -1],
    ] as const) {
      for (const item of items) {
        if (typeof item === "string") given.add(this.rowOf(operation, item));
        add(query, typeof item === "string" ? this.unit(operation, item) : this.checked(operation, item), sign);
      }
    }
    return this.nearestWords(toUnit(query), k, given);
  }

  /** The table, as long as it has a row for each word. */
  private inStep(): nn.Embedding | QuantizedEmbedding {
    const { table, size } = this;
    if (table.numEmbeddings === size) return table;
    throw new Error(
      `KeyedEmbedding: the table was resized to ${table.numEmbeddings} rows, but there are ${size} words`,
    );
  }

  private nearestWords(query: Float64Array, k: number, except: ReadonlySet<number>): Neighbour[] {
    return tidy(() => {
      const wanted = Math.min(k + except.size, this.size);
      const { values, indices } = nearest(this.inStep(), Float32Array.from(query), { k: wanted, metric: "cosine" });
      const scores = values.array;
      const found = Array.from(indices.array, (row, i) => ({ row, score: scores[i] }));
      const others = found.filter(({ row }) => !except.has(row)).slice(0, k);
      return others.map(({ row, score }) => ({ word: this.vocab.word(row), score }));
    });
  }

  private rowOf(operation: string, word: string): number {
    if (typeof word !== "string") throw wrongKind(operation, "word", "a string", word);
    const row = this.vocab.get(word);
    if (row !== undefined) return row;
    throw new RangeError(`${operation}: ${JSON.stringify(word)} is not in the vocabulary`);
  }

  private vectorOf(operation: string, word: string): Float32Array {
    return this.rows(this.rowOf(operation, word), 1);
  }

  private unit(operation: string, word: string): Float64Array {
    return toUnit(Float64Array.from(this.vectorOf(operation, word)));
  }

  private someOf(operation: string, words: Iterable<string>): readonly string[] {
    const list = toWords(operation, words);
    if (list.length > 0) return list;
    throw new RangeError(`${operation}: there must be at least one word`);
  }

  /** The values of a vector of this table's width. */
  private checked(operation: string, vector: Vector): ArrayLike<number> {
    const values = vector instanceof Tensor ? vector.array : vector;
    const shape = vector instanceof Tensor ? vector.shape : [vector.length];
    if (shape.length !== 1 || shape[0] !== this.dim) {
      throw new RangeError(`${operation}: a vector must be of shape [${this.dim}], but got ${sizeText(shape)}`);
    }
    for (let j = 0; j < this.dim; j++) {
      checkNumber(operation, `vector[${j}]`, values[j]);
      if (!Number.isFinite(values[j]))
        throw new RangeError(`${operation}: vector[${j}] is ${values[j]}, not a finite number`);
    }
    return values;
  }
}

type Item = string | Vector;

/** A table with a copy of the first n rows. */
function firstRows(table: nn.Embedding | QuantizedEmbedding, n: number): nn.Embedding | QuantizedEmbedding {
  const paddingIdx = table.paddingIdx !== null && table.paddingIdx < n ? table.paddingIdx : null;
  if (table instanceof QuantizedEmbedding) {
    const { embeddingDim, dtype, rowBytes } = table;
    const packed = table.packed.slice(0, n * rowBytes);
    return QuantizedEmbedding.fromPacked(packed, { numEmbeddings: n, embeddingDim, dtype, paddingIdx });
  }
  return tidy(() => nn.Embedding.fromPretrained(table.weight.detach().narrow(0, 0, n).clone(), { paddingIdx }));
}

/** One item is a list of one. */
function toList(argument: string, items: Words | undefined): Item[] {
  if (items === undefined) return [];
  if (typeof items === "string" || isVector(items)) return [items];
  if (!Array.isArray(items)) throw wrongKind("mostSimilar", argument, "words or vectors", items);
  for (const [i, item] of items.entries()) {
    const known = typeof item === "string" || isVector(item);
    if (!known) throw wrongKind("mostSimilar", `${argument}[${i}]`, "a word or a vector", item);
  }
  return items;
}

/** Whether it has the form of a vector; an array begins with a number. */
function isVector(value: unknown): value is Vector {
  if (Array.isArray(value)) return typeof value[0] === "number";
  return value instanceof Tensor || value instanceof Float32Array || value instanceof Float64Array;
}

/** sum[j] += x[j] * factor */
function add(sum: Float64Array, x: ArrayLike<number>, factor: number): void {
  for (let j = 0; j < sum.length; j++) sum[j] += x[j] * factor;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, j) => sum + value * b[j], 0);
}

/** Divides x by its length, unless that is 0. */
function toUnit(x: Float64Array): Float64Array {
  const length = Math.sqrt(dot(x, x));
  if (length > 0) for (let j = 0; j < x.length; j++) x[j] /= length;
  return x;
}
