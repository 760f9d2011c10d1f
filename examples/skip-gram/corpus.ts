// The Brown corpus as sentences of word numbers.

import { brownTexts, isWord, type Token } from "../brown.js";
import { firstWords, MIN_COUNT, SentenceReader, type Sentences } from "./sentences.js";

export interface Corpus extends Sentences {
  /** The most frequent part of speech of each word. */
  readonly tags: readonly string[];
}

/** The first `limit` words of the corpus, lower-cased, those with a letter in them. */
export function readCorpus(limit = Infinity): Corpus {
  const tagCounts = new Map<string, Map<string, number>>();
  const reader = new SentenceReader();
  for (const words of firstWords(brownSentences(), limit)) {
    for (const { word, tag } of words) {
      const tags = tagCounts.get(word) ?? new Map<string, number>();
      tagCounts.set(word, tags);
      const plain = plainTag(tag);
      tags.set(plain, (tags.get(plain) ?? 0) + 1);
    }
    reader.add(words.map(({ word }) => word));
  }
  const corpus = reader.numbered(MIN_COUNT);
  return { ...corpus, tags: corpus.words.map((word) => mostFrequent(tagCounts.get(word)!)) };
}

/** The sentences of the corpus without what is no word. */
export function* brownSentences(): Iterable<Token[]> {
  for (const { paragraphs } of brownTexts()) {
    for (const sentence of paragraphs.flat()) yield sentence.filter(isWord);
  }
}

function mostFrequent(tags: ReadonlyMap<string, number>): string {
  const [tag] = [...tags].reduce((best, entry) => (entry[1] > best[1] ? entry : best));
  return tag;
}

/** "nn-tl" (in a title) and "nn$" (possessive) are both "nn". */
function plainTag(tag: string): string {
  return /^[a-z]+/.exec(tag)?.[0] ?? tag;
}
