// Which genre uses which words, learnt from counts of the Brown corpus: npm run example:factorisation -- --help

import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { GENRES, LETTERS } from "./brown.js";
import { nearest, readCounts, type Settings, train } from "./factorisation/model.js";
import { positive, wholeNumber } from "./flags.js";

interface Flags extends Settings {
  words: number;
}

const flags = new Command()
  .name("npm run example:factorisation --")
  .description("Factorises the matrix of how often each genre of the Brown corpus uses each word.")
  .option("--words <n>", "use the n most frequent words", positive, 3000)
  .option("--dim <n>", "numbers in a vector", positive, 8)
  .option("--epochs <n>", "passes over the matrix", positive, 15)
  .option("--seed <n>", "seed of the held-out cells, of the initial weights and of the order", wholeNumber, 1)
  .parse()
  .opts<Flags>();

const counts = readCounts(flags.words);
console.log(`Brown corpus: ${counts.words.length} words x ${LETTERS.length} genres, one cell of ten held out`);

const bar = new SingleBar({ format: "{bar} {percentage} % | {what}: loss {loss}", hideCursor: true });
bar.start(1, 0, { what: "-", loss: "-" });
const learn = (what: string, settings: Settings) =>
  train(counts, settings, ({ seen, total, loss }) => {
    bar.setTotal(total);
    bar.update(seen, { what, loss: loss.toFixed(4) });
  });
const baseline = learn("biases alone", { ...flags, dim: 0 });
const { model, rmse } = learn("with vectors", flags);
bar.stop();

console.log("\nWords that a genre uses more than the biases say");
for (const [i, words] of nearest(model, 8).entries()) {
  console.log(`${GENRES[LETTERS[i]].padStart(16)}: ${words.map((word) => counts.words[word]).join(", ")}`);
}
console.log(`\nroot mean square error of ln(1 + count) in held-out cells`);
console.log(`biases alone  ${baseline.rmse.toFixed(4)}`);
console.log(`with vectors  ${rmse.toFixed(4)}`);
