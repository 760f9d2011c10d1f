// Learns word vectors from the Brown corpus and shows what it learnt: npm start -- --help

import { SingleBar } from "cli-progress";
import { Command, Option } from "commander";
import { positive, positiveNumber, wholeNumber } from "./flags.js";
import { readCorpus } from "./skip-gram/corpus.js";
import { DivergenceError, type Progress, type SkipGram, train } from "./skip-gram/model.js";
import { nearest, quality, writeVectors } from "./skip-gram/report.js";
import { LEARNING_RATES, type Settings } from "./skip-gram/settings.js";

const QUERIES = ["government", "church", "house", "money", "john", "war", "she", "two", "water", "night"];

interface Flags extends Settings {
  words?: number;
  out: string;
}

const flags = new Command()
  .name("npm start --")
  .description("Trains skip-gram word vectors with negative sampling on the Brown corpus (1.0 M words of English).")
  .option("--epochs <n>", "passes over the corpus", positive, 5)
  .option("--dim <n>", "numbers in a vector", positive, 100)
  .option("--seed <n>", "seed of every random number; the same seed gives the same file", wholeNumber, 1)
  .option("--words <n>", "use only the first n words of the corpus", positive)
  .option("--window <n>", "how many words to each side are neighbours at most", positive, 5)
  .option("--negatives <n>", "words drawn by chance for each neighbour", positive, 5)
  .addOption(
    new Option("--optimizer <name>", "what takes the steps").choices(Object.keys(LEARNING_RATES)).default("sgd"),
  )
  .option("--learning-rate <x>", "at the start; 0.025 for sgd, 0.05 for adagrad unless given", positiveNumber)
  .option("--out <file>", "where to write the vectors, as word2vec text", "build/brown.vec")
  .parse()
  .opts<Flags>();

const corpus = readCorpus(flags.words);
if (corpus.words.length < 2) {
  console.error(`Only ${corpus.words.length} words occur at least 5 times: give --words a larger number.`);
  process.exit(1);
}
console.log(
  `Brown corpus: ${number(corpus.size)} words, ${number(corpus.words.length)} different ones at least 5 times`,
);

const bar = new SingleBar({
  format: "{bar} {percentage} % | loss {loss} | {speed} words/s | {left} s left",
  hideCursor: true,
});
bar.start(flags.epochs * corpus.size, 0, { loss: "-", speed: "-", left: "-" });
const start = performance.now();
let last: Progress | undefined;
const model = training((progress) => {
  last = progress;
  const speed = progress.words / seconds();
  const left = Math.ceil((progress.total - progress.words) / speed);
  bar.update(progress.words, { loss: progress.loss.toFixed(4), speed: number(speed), left });
});
const elapsed = seconds();
bar.stop();

const vectors = model.center.weight.detach();
const queries = QUERIES.map((word) => corpus.words.indexOf(word)).filter((word) => word >= 0);
for (const [i, list] of nearest(vectors, queries).entries()) {
  console.log(`${corpus.words[queries[i]].padStart(12)}: ${list.map((word) => corpus.words[word]).join(", ")}`);
}
const sha256 = await writeVectors(flags.out, vectors, corpus.words);
console.log(`loss a pair      ${last?.loss.toFixed(4) ?? "-"}`);
console.log(`words a second   ${number((flags.epochs * corpus.size) / elapsed)} (${elapsed.toFixed(1)} s)`);
console.log(`same part of speech among the ten nearest words: ${share(quality(vectors, corpus))} (by chance 0.17)`);
console.log(`vectors          ${flags.out}`);
console.log(`SHA-256 of it    ${sha256}`);

/** Ends the program where the learning rate is too large. */
function training(report: (progress: Progress) => void): SkipGram {
  try {
    return train(corpus, flags, report);
  } catch (error) {
    bar.stop();
    if (!(error instanceof DivergenceError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

function seconds(): number {
  return (performance.now() - start) / 1000;
}

/** A share, or a dash where the vocabulary is too small to have one. */
function share(x: number | null): string {
  return x === null ? "-" : x.toFixed(3);
}

function number(x: number): string {
  return Math.round(x).toLocaleString("en-US");
}
