// Compares test/golden/vectors.json with what this build computes, and alone writes it: npm run vectors -- --help

import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import type { Vectors } from "nn-embedding/verify";
import { type Answers, changelogWith, changesBetween, renewed, summary, textOf } from "./accept.js";

const ANSWERS = "test/golden/vectors-torch.json";
const VECTORS = "test/golden/vectors.json";
const CHANGELOG = "CHANGELOG.md";

interface Flags {
  accept?: boolean;
  because?: string;
}

const flags = new Command()
  .name("npm run vectors --")
  .description(`Says what would change in ${VECTORS}, which follows from ${ANSWERS} and this build.`)
  .option("--accept", `write it, and a line in ${CHANGELOG}`)
  .option("--because <reason>", "why; has to be given when outputs change or go")
  .parse()
  .opts<Flags>();

const read = <T>(file: string) => JSON.parse(readFileSync(file, "utf8")) as T;

function stop(text: string): never {
  console.error(text);
  process.exit(1);
}

const { vectors, outside } = renewed(read<Answers>(ANSWERS));
for (const { name, output, error, actual } of outside) {
  console.error(`${name}: ${output}: ${Number.isFinite(error) ? `off by ${error}` : actual}`);
}
if (outside.length > 0) stop(`Outside the tolerance: ${outside.length}. Nothing is written.`);

const changes = changesBetween(read<Vectors>(VECTORS), vectors);
const { added, changed, removed } = changes;
const text = summary(changes);
const reason = flags.because?.trim();
if (text === "") {
  console.log("Nothing changed.");
} else if (!flags.accept) {
  stop(`${[...added, ...changed, ...removed].join("\n")}\n${text}. Write it with --accept.`);
} else {
  if (changed.length + removed.length > 0 && !reason) stop(`${text}: give a reason, --because "…"`);
  writeFileSync(VECTORS, textOf(vectors));
  const line = `Test vectors: ${text}${reason ? `: ${reason}` : ""}.`;
  writeFileSync(CHANGELOG, changelogWith(readFileSync(CHANGELOG, "utf8"), line));
  console.log(line);
}
