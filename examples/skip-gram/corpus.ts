// The Brown corpus as sentences of word numbers.

import { brownTexts, isWord, type Token } from "../brown.js";

export interface Corpus {
  /** By falling frequency, equally frequent ones as they first appear. */
  readonly words: readonly string[];
  readonly counts: readonly number[];
  /** The most frequent part of speech of each word. */
  readonly tags: readonly string[];
  /** Sentences as word numbers; rare words are left out. */
  readonly sentences: readonly Int32Array[];
  /** Length of all sentences together. */
  readonly size: number;
}

const MIN_COUNT = 5;

/** The first `limit` words of the corpus, lower-cased, those with a letter in them. */
export function readCorpus(limit = Infinity): Corpus {
  const tagCounts = new Map<string, Map<string, number>>();
  const texts: string[][] = [];
  let read = 0;
  for (const sentence of brownSentences()) {
    if (read >= limit) break;
    const words = sentence.filter(isWord).slice(0, limit - read);
    for (const { word, tag } of words) {
      const tags = tagCounts.get(word) ?? new Map<string, number>();
      tagCounts.set(word, tags);
      const plain = plainTag(tag);
      tags.set(plain, (tags.get(plain) ?? 0) + 1);
    }
    read += words.length;
    texts.push(words.map(({ word }) => word));
  }
  return index(texts, tagCounts);
}

function* brownSentences(): Iterable<Token[]> {
  for (const { paragraphs } of brownTexts()) for (const sentences of paragraphs) yield* sentences;
}

/** Numbers the words that are frequent enough. */
function index(texts: readonly string[][], tagCounts: ReadonlyMap<string, Map<string, number>>): Corpus {
  const entries = [...tagCounts].map(([word, tags]) => {
    const count = [...tags.values()].reduce((sum, n) => sum + n, 0);
    const [tag] = [...tags].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
    return { word, tag, count };
  });
  const frequent = entries.filter(({ count }) => count >= MIN_COUNT).sort((a, b) => b.count - a.count);
  const numbers = new Map(frequent.map(({ word }, i) => [word, i]));
  const sentences = texts.map((text) => Int32Array.from(text.flatMap((word) => numbers.get(word) ?? [])));
  return {
    words: frequent.map(({ word }) => word),
    counts: frequent.map(({ count }) => count),
    tags: frequent.map(({ tag }) => tag),
    sentences,
    size: sentences.reduce((sum, { length }) => sum + length, 0),
  };
}

/** "nn-tl" (in a title) and "nn$" (possessive) are both "nn". */
function plainTag(tag: string): string {
  return /^[a-z]+/.exec(tag)?.[0] ?? tag;
}
