// The Brown corpus as the page gets it: its words, a line a sentence, gzipped.

import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { brownSentences } from "../skip-gram/corpus.js";

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

function brownText(): string {
  const lines = Array.from(brownSentences(), (sentence) => sentence.map(({ word }) => word).join(" "));
  return lines.filter((line) => line !== "").join("\n");
}
