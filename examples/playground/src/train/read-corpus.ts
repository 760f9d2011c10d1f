// The chosen corpus as sentences of word numbers.

import { firstWords, SentenceReader, type Sentences } from "../../../skip-gram/sentences.js";
import { readSentences, textOf } from "../../../skip-gram/text.js";
import { unpacked } from "../unpack.js";
import type { Job } from "./protocol.js";

export async function readCorpus({ corpus, minCount }: Job): Promise<Sentences> {
  const reader = corpus.kind === "brown" ? await readBrown(corpus) : await readSentences(piecesOf(corpus.text));
  const sentences = reader.numbered(minCount);
  if (sentences.words.length < 2) {
    const found = sentences.words.length === 0 ? "No word occurs" : "Only one word occurs";
    throw new Error(
      `${found} at least ${minCount === 1 ? "once" : `${minCount} times`}: give a longer text, or a smaller least count.`,
    );
  }
  return sentences;
}

async function readBrown({ url, limit }: { url: string; limit: number }): Promise<SentenceReader> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The built-in corpus could not be loaded: the server says ${response.status}.`);
  // Some servers have it unpacked by the browser.
  const { stream } = await unpacked((await response.blob()).stream());
  const lines = (await new Response(stream).text()).split("\n");
  const reader = new SentenceReader();
  const sentences = lines.map((line) => line.split(" "));
  for (const words of firstWords(sentences, limit)) reader.add(words);
  return reader;
}

async function* piecesOf(text: string | Blob): AsyncIterable<string> {
  if (typeof text === "string") yield text;
  else yield* textOf(chunksOf((await unpacked(text.stream())).stream));
}

/** Not every browser's streams can be iterated. */
async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
