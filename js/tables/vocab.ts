import { checkInteger, checkNumber, checkOptions, wrongKind } from "../internals.js";

export interface VocabOptions {
  /**
   * What stands for words that are not there: the row of this word, such as "<unk>", or with null nothing, they are left out.
   * Unless given they are a RangeError.
   */
  unknown?: string | null | undefined;
}

export interface CountOptions extends VocabOptions {
  /** Words that occur less often are left out. 1 unless given. */
  minCount?: number;
  /** At most so many words in all, specials included; all unless given. */
  maxSize?: number;
  /** Words such as "<pad>" and "<unk>", which come first, in this order, however often they occur. */
  specials?: Iterable<string>;
}

const OPTIONS = ["unknown"];
const COUNT_OPTIONS = ["minCount", "maxSize", "specials", ...OPTIONS];

/**
 * Words and the rows of a table, 0 … size - 1. Any string is a word: "", "__proto__" and lone surrogates too.
 * RangeError for a word that comes twice. Iterating gives the words in the order of their rows.
 */
export class Vocab implements Iterable<string> {
  /** As the option of this name. */
  readonly unknown: string | null | undefined;
  private readonly words: readonly string[];
  private readonly rows = new Map<string, number>();

  constructor(words: Iterable<string>, options: VocabOptions = {}) {
    checkOptions("Vocab", options, OPTIONS);
    this.words = toWords("Vocab", words);
    for (const [row, word] of this.words.entries()) {
      const before = this.rows.get(word);
      if (before !== undefined) {
        throw new RangeError(`Vocab: ${JSON.stringify(word)} is the word of row ${before} and of row ${row}`);
      }
      this.rows.set(word, row);
    }
    this.unknown = options.unknown;
    if (typeof this.unknown === "string") {
      if (this.rows.has(this.unknown)) return;
      throw new RangeError(`Vocab: unknown is ${JSON.stringify(this.unknown)}, which is not among the words`);
    }
    if (this.unknown !== undefined && this.unknown !== null) {
      throw wrongKind("Vocab", "unknown", "a word or null", this.unknown);
    }
  }

  /**
   * The words of a text, the most frequent first; of equally frequent ones, that which came first.
   * RangeError for a minCount or maxSize below the rule, or for more specials than maxSize.
   */
  static fromTokens(tokens: Iterable<string>, options: CountOptions = {}): Vocab {
    const counts = new Map<string, number>();
    for (const token of iterable("fromTokens", "tokens", tokens)) {
      checkWordIs("fromTokens", "token", counts.size, token);
      counts.set(token, (counts.get(token) ?? 0) + 1);
    }
    return fromCounted("fromTokens", counts, options);
  }

  /** The same from words and how often they occur: a Map, or pairs. RangeError for a count that is negative or no number. */
  static fromCounts(counts: Iterable<readonly [word: string, count: number]>, options: CountOptions = {}): Vocab {
    const checked = new Map<string, number>();
    for (const pair of iterable("fromCounts", "counts", counts)) {
      if (!Array.isArray(pair)) throw wrongKind("fromCounts", "counts", "pairs of a word and a number", pair);
      const [word, count] = pair as unknown[];
      checkWordIs("fromCounts", "word", checked.size, word);
      checkNumber("fromCounts", `the count of ${JSON.stringify(word)}`, count);
      if (!(count >= 0)) {
        throw new RangeError(`fromCounts: the count of ${JSON.stringify(word)} must be >= 0, but it is ${count}`);
      }
      if (checked.has(word)) throw new RangeError(`fromCounts: ${JSON.stringify(word)} is counted twice`);
      checked.set(word, count);
    }
    return fromCounted("fromCounts", checked, options);
  }

  /** Number of words, the height of the table. */
  get size(): number {
    return this.words.length;
  }

  /** The row of a word, undefined when it is not there, whatever `unknown` is. */
  get(word: string): number | undefined {
    return this.rows.get(word);
  }

  has(word: string): boolean {
    return this.rows.has(word);
  }

  /** The word of a row. RangeError for a row outside [0, size). */
  word(row: number): string {
    checkInteger("word", "row", row);
    if (row >= 0 && row < this.size) return this.words[row];
    throw new RangeError(`word: row is ${row}, valid range is [0, ${this.size})`);
  }

  /** The rows of words, which are what an Embedding takes; `unknown` says what becomes of words that are not there. */
  indices(words: Iterable<string>): Int32Array<ArrayBuffer> {
    return this.rowsOf("indices", words);
  }

  /** @internal */
  rowsOf(operation: string, words: Iterable<string>): Int32Array<ArrayBuffer> {
    const wanted = toWords(operation, words);
    const standIn = typeof this.unknown === "string" ? this.rows.get(this.unknown) : this.unknown;
    const rows = wanted.map((word, position) => {
      const row = this.rows.get(word) ?? standIn;
      if (row !== undefined) return row;
      throw new RangeError(
        `${operation}: words[${position}] is ${JSON.stringify(word)}, which is not in the vocabulary`,
      );
    });
    return Int32Array.from(rows.filter((row) => row !== null));
  }

  [Symbol.iterator](): IterableIterator<string> {
    return this.words.values();
  }

  /** The words in the order of their rows: `new Vocab(JSON.parse(text))` reads them back. */
  toJSON(): string[] {
    return [...this.words];
  }
}

function fromCounted(operation: string, counts: ReadonlyMap<string, number>, options: CountOptions): Vocab {
  checkOptions(operation, options, COUNT_OPTIONS);
  const { minCount = 1, maxSize = Infinity, specials = [], unknown } = options;
  const first = toWords(operation, specials, "specials");
  checkNumber(operation, "minCount", minCount);
  if (!(minCount >= 0)) throw new RangeError(`${operation}: minCount must be >= 0, but it is ${minCount}`);
  if (maxSize !== Infinity) checkInteger(operation, "maxSize", maxSize);
  if (maxSize < 0) throw new RangeError(`${operation}: maxSize must be >= 0, but it is ${maxSize}`);
  if (maxSize < first.length) {
    throw new RangeError(`${operation}: maxSize is ${maxSize}, but there are ${first.length} specials`);
  }
  const special = new Set(first);
  const kept = [...counts].filter(([word, count]) => count >= minCount && !special.has(word));
  kept.sort(([, a], [, b]) => b - a);
  const words = kept.slice(0, maxSize - first.length).map(([word]) => word);
  return new Vocab([...first, ...words], { unknown });
}

/** Words as an array. A bare string is an iterable of strings as well, but of its letters. */
export function toWords(operation: string, words: Iterable<string>, argument = "words"): readonly string[] {
  const list = [...iterable(operation, argument, words)];
  for (const [position, word] of list.entries()) checkWordIs(operation, argument, position, word);
  return list;
}

function iterable<T>(operation: string, argument: string, value: Iterable<T>): Iterable<T> {
  if (typeof value === "object" && typeof value?.[Symbol.iterator] === "function") return value;
  throw wrongKind(operation, argument, "an array or another iterable", value);
}

function checkWordIs(operation: string, argument: string, position: number, word: unknown): asserts word is string {
  if (typeof word !== "string") throw wrongKind(operation, `${argument}[${position}]`, "a string", word);
}
