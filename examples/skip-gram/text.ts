// Any text as sentences of words.

import { SentenceReader } from "./sentences.js";

/** Words: runs of letters, digits and marks, joined by apostrophes and hyphens. A sentence ends with . ! ? or an empty line. */
const TOKEN = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|[.!?。！？]|\n[^\S\n]*\n/gu;
const END = /^[.!?。！？\n]/u;
/** Words of a sentence at most, for texts without such ends. */
const LONGEST = 1000;
/** Characters that may come without white space between them. */
const STRETCH = 1 << 16;

/** Text in pieces; what is not UTF-8 is an error. */
export async function* textOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of chunks) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** The sentences of a text, given in pieces, in lower case. */
export async function readSentences(pieces: AsyncIterable<string>): Promise<SentenceReader> {
  const reader = new SentenceReader();
  let sentence: string[] = [];
  const end = () => {
    if (sentence.length > 0) reader.add(sentence);
    sentence = [];
  };
  for await (const text of wholeWords(pieces)) {
    for (const [token] of text.toLowerCase().matchAll(TOKEN)) {
      const ends = END.test(token);
      if (!ends) sentence.push(token);
      if (ends || sentence.length === LONGEST) end();
    }
  }
  end();
  return reader;
}

/** The same text, divided before white space. */
async function* wholeWords(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const piece of pieces) {
    const text = (rest + piece).replaceAll("\r\n", "\n");
    const at = lastBreak(text) || (text.length < STRETCH ? 0 : text.length);
    yield text.slice(0, at);
    rest = text.slice(at);
  }
  yield rest;
}

/** Where the white space before the last word begins; 0 if there is none. */
function lastBreak(text: string): number {
  const isSpace = (at: number) => /\s/.test(text[at]);
  let at = text.length;
  while (at > 0 && isSpace(at - 1)) at--;
  while (at > 0 && !isSpace(at - 1)) at--;
  while (at > 0 && isSpace(at - 1)) at--;
  return at;
}
