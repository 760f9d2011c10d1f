#!/usr/bin/env node
// npx nn-embedding <command>. Each command is a file of its own, loaded when it is called.

import { Command, CommanderError, Option } from "commander";
import { positive, wholeNumber } from "../../examples/flags.js";
import { DTYPES, FORMATS, UsageError } from "./formats.js";

/** Of package.json, put in by the build. */
declare const VERSION: string;

const program = new Command("nn-embedding")
  .description("Tables of vectors: looked at, converted, shrunk, searched, drawn and trained.")
  .version(VERSION)
  .exitOverride()
  .addHelpText(
    "after",
    `${examples(
      "convert glove.6B.100d.txt glove.safetensors --top 20000 --dtype int8",
      "nearest glove.safetensors king -k 5",
      "analogy glove.safetensors man king woman",
      "<command> --help",
    )}

Exit code: 0 when all went well, 1 when something could not be done, 2 when the command line is wrong.`,
  );

table("info", "Tells the format, the tensors, their shapes and dtypes, without reading the numbers.", [
  "info model.safetensors",
  "info - < cc.en.300.vec",
]).action(async (file) => (await import("./info.js")).info(file));

withRows(
  table("convert", "Writes a table in another format. A file appears under its name when it is whole.", [
    "convert glove.txt glove.safetensors --dtype int8",
    "convert glove.safetensors - --to word2vec --top 100 | less",
  ]),
)
  .argument("<out>", "where to; .txt .vec .bin .safetensors .npy; - is standard output")
  .addOption(dtypeOption())
  .addOption(formatOption())
  .action(async (file, out, flags) => (await import("./convert.js")).convert(file, out, flags));

withRows(
  table("nearest", "Prints the words whose vectors are nearest to a word's, and the cosines.", [
    "nearest glove.safetensors king queen -k 3",
    "nearest glove.safetensors - < words.txt",
  ]),
)
  .argument("<word...>", "which words; - reads them from standard input, a line each")
  .addOption(neighboursOption())
  .action(async (file, words, flags) => (await import("./nearest.js")).nearest(file, words, flags));

withRows(
  table("analogy", "a is to b as c is to what? Prints the words nearest to b - a + c, and the cosines.", [
    "analogy glove.safetensors man king woman -k 1",
  ]),
)
  .argument("<a>")
  .argument("<b>")
  .argument("<c>")
  .addOption(neighboursOption())
  .action(async (file, a, b, c, flags) => (await import("./nearest.js")).analogy(file, [a, b, c], flags));

withRows(
  table(
    "project",
    "Draws rows in the plane of their first two principal components, or writes a TensorBoard projector folder.",
    ["project glove.txt animals.svg --only cat dog cow horse", "project glove.txt projector --top 10000"],
  ),
)
  .argument("<out>", "a picture, if its name ends with .svg, otherwise a folder")
  .option("--only <word...>", "the rows of these words; unless told, a picture has the first 200 rows, a folder all")
  .action(async (file, out, flags) => (await import("./project.js")).project(file, out, flags));

program
  .command("train")
  .description("Learns vectors of the words of a text by skip-gram with negative sampling.")
  .argument("<corpus>", "a text in UTF-8; - is standard input")
  .argument("<out>", "where to; .txt .vec .bin .safetensors; - is standard output")
  .option("--epochs <n>", "passes over the text", positive, 5)
  .option("--dim <n>", "numbers in a vector", positive, 100)
  .option("--min-count <n>", "words that occur less often are left out", positive, 5)
  .option("--seed <n>", "of every random number; the same seed gives the same file", wholeNumber, 1)
  .addOption(dtypeOption())
  .addOption(formatOption())
  .addHelpText(
    "after",
    examples("train moby-dick.txt moby-dick.safetensors", "train - - --to word2vec < moby-dick.txt"),
  )
  .action(async (corpus, out, flags) => (await import("./train.js")).train(corpus, out, flags));

program
  .command("verify")
  .description("Computes the test vectors of this version in this runtime and tells which outputs differ.")
  .addHelpText("after", "\nExit code: 1 when some differ.")
  .action(async () => (await import("./verify.js")).report(VERSION));

/** A command that reads a table. */
function table(name: string, description: string, lines: readonly string[]): Command {
  return program
    .command(name)
    .description(description)
    .argument("<file>", "safetensors, .npy, GloVe, word2vec or fastText .vec, whatever its name; - is standard input")
    .addHelpText("after", examples(...lines));
}

/** Which of its rows, and what they are called. */
function withRows(command: Command): Command {
  return command
    .option("--top <n>", "only the first n rows: the most frequent words in most files", positive)
    .option("--tensor <name>", "the table in a safetensors file", "embedding.weight")
    .option("--words <file>", "the words of the rows, a line each, for a file without words");
}

function dtypeOption(): Option {
  return new Option("--dtype <dtype>", "how a safetensors file keeps the numbers").choices(DTYPES).default("float32");
}

function formatOption(): Option {
  return new Option("--to <format>", "the format of <out>, unless its name tells").choices(FORMATS);
}

function neighboursOption(): Option {
  return new Option("-k, --k <n>", "how many neighbours").argParser(positive).default(10);
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ nn-embedding ${line}`).join("\n")}`;
}

/** What is wrong with the command line or a file is said in one line; how the program came to know it helps nobody. */
function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    return;
  }
  console.error(`nn-embedding: ${error instanceof Error ? error.message : error}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

// Whoever reads what we write may stop: then the rest is not needed.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") fail(error);
  process.exit();
});

await program.parseAsync().catch(fail);
