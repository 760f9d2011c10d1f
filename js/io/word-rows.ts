import { nn } from "../index.js";
import { KeyedEmbedding } from "../tables/keyed-embedding.js";
import { Vocab } from "../tables/vocab.js";
import type { ByteReader } from "./byte-reader.js";
import { asciiOf } from "./decimal.js";
import { RowCollector } from "./row-collector.js";

/** What the formats of word vectors have in common, once the options have been checked. */
export interface WordSettings {
  readonly limit: number;
  readonly duplicates: "first" | "error";
  readonly errors: "strict" | "replace";
}

/** Progress is told after so many bytes. */
const STRETCH = 1 << 20;

/** Words and their rows as they come out of a file. */
export class WordRows {
  private readonly rows: RowCollector;
  /** Where each word stood, in the order of the rows. */
  private readonly places = new Map<string, number>();
  private readonly decoder: TextDecoder;
  private told = 0;

  /** expected: how many rows come at most, null when nobody knows. unit: what places count, "line" or "byte". */
  constructor(
    private readonly reader: ByteReader,
    private readonly settings: WordSettings,
    dim: number,
    expected: number | null,
    private readonly unit: "line" | "byte",
  ) {
    this.decoder = new TextDecoder("utf-8", { fatal: settings.errors === "strict", ignoreBOM: true });
    this.rows = new RowCollector(dim, expected === null ? null : Math.min(expected, settings.limit));
  }

  /** Whether as many rows have been read as are wanted. */
  get isFull(): boolean {
    return this.rows.length === this.settings.limit;
  }

  /** Takes a word, or not, if it has a row already. */
  add(word: string, row: Float32Array, place: number): void {
    const first = this.places.get(word);
    if (first === undefined) {
      this.places.set(word, place);
      this.rows.add(row);
    } else if (this.settings.duplicates === "error") {
      throw this.refused(place, `${JSON.stringify(word)} stood at ${this.unit} ${first} already`);
    }
    if (this.reader.position < this.told + STRETCH) return;
    this.told = this.reader.position;
    this.reader.report(this.rows.length);
  }

  /** UTF-8. RangeError for bytes that are none, unless they are to be replaced. */
  decode(word: Uint8Array, place: number): string {
    try {
      return this.decoder.decode(word);
    } catch (cause) {
      const text = JSON.stringify(asciiOf(word, 0, Math.min(word.length, 40)));
      const error = this.refused(place, `the word ${text} is not UTF-8; errors: "replace" reads it with U+FFFD`);
      error.cause = cause;
      throw error;
    }
  }

  refused(place: number, problem: string): RangeError {
    return new RangeError(`${this.reader.operation}: ${this.unit} ${place}: ${problem}`);
  }

  finish(): KeyedEmbedding {
    const table = this.rows.finish();
    try {
      this.reader.report(table.shape[0]);
      return new KeyedEmbedding(new Vocab(this.places.keys()), nn.Embedding.fromPretrained(table));
    } finally {
      table.dispose();
    }
  }

  dispose(): void {
    this.rows.dispose();
  }
}
