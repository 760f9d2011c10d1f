// The Brown corpus as the page gets it: its words, a line a sentence, gzipped.

import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { brownTexts, isWord } from "../brown.js";

/** Not ".gz": some hosts would say that the browser is to unpack it, others not. */
const NAME = "corpus/brown.bin";

/** Puts the packed corpus beside the page. */
export function packedCorpus(): Plugin {
  return {
    name: "packed corpus",
    apply: "build",
    buildStart() {
      this.emitFile({ type: "asset", fileName: NAME, source: gzipSync(brownText(), { level: 9 }) });
    },
  };
}

/** The words that examples/skip-gram/corpus.ts reads, in lower case; punctuation and numbers are left out. */
function brownText(): string {
  const lines: string[] = [];
  for (const { paragraphs } of brownTexts()) {
    for (const sentences of paragraphs) {
      for (const sentence of sentences) {
        const words = sentence.filter(isWord).map(({ word }) => word);
        if (words.length > 0) lines.push(words.join(" "));
      }
    }
  }
  return lines.join("\n");
}
