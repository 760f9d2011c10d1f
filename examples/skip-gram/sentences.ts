// Text as sentences of word numbers.

/** What skip-gram learns from. */
export interface Sentences {
  /** By falling frequency, equally frequent ones as they first appear. */
  readonly words: readonly string[];
  readonly counts: readonly number[];
  /** Sentences as word numbers; rare words are left out. */
  readonly sentences: readonly Int32Array[];
  /** Length of all sentences together. */
  readonly size: number;
}

/** Words that occur less often are left out, unless told otherwise. */
export const MIN_COUNT = 5;

/** The first `limit` words, sentence by sentence. */
export function* firstWords<Word>(sentences: Iterable<readonly Word[]>, limit: number): Iterable<readonly Word[]> {
  let left = limit;
  for (const sentence of sentences) {
    if (left <= 0) return;
    const words = sentence.slice(0, left);
    left -= words.length;
    yield words;
  }
}

/** Takes sentences one after the other, and numbers the words when all are there. */
export class SentenceReader {
  private readonly places = new Map<string, number>();
  private readonly counts: number[] = [];
  private readonly texts: Int32Array[] = [];

  add(words: readonly string[]): void {
    this.texts.push(Int32Array.from(words, (word) => this.place(word)));
  }

  /** Everything read, without the words that occur less than minCount times. */
  numbered(minCount: number): Sentences {
    const { counts, texts } = this;
    const names = [...this.places.keys()];
    const frequent = [...counts.keys()].filter((place) => counts[place] >= minCount);
    frequent.sort((a, b) => counts[b] - counts[a]);
    const numbers = new Int32Array(counts.length).fill(-1);
    for (const [number, place] of frequent.entries()) numbers[place] = number;
    const sentences = texts.map((text) => text.map((place) => numbers[place]).filter((number) => number >= 0));
    return {
      words: frequent.map((place) => names[place]),
      counts: frequent.map((place) => counts[place]),
      sentences,
      size: sentences.reduce((sum, { length }) => sum + length, 0),
    };
  }

  /** Counts a word; its place among the different ones in order of appearance. */
  private place(word: string): number {
    let place = this.places.get(word);
    if (place === undefined) {
      place = this.counts.push(0) - 1;
      this.places.set(word, place);
    }
    this.counts[place]++;
    return place;
  }
}
