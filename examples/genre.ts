// Tells the genre of a paragraph of the Brown corpus: npm run example:genre -- --help

import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { GENRES, LETTERS } from "./brown.js";
import { positive, wholeNumber } from "./flags.js";
import { classify, readSamples, type Settings, train } from "./genre/model.js";

interface Flags extends Settings {
  texts?: number;
}

const flags = new Command()
  .name("npm run example:genre --")
  .description("Trains an EmbeddingBag on paragraphs of the Brown corpus and tests it on texts that it has not seen.")
  .option("--epochs <n>", "passes over the paragraphs", positive, 2)
  .option("--seed <n>", "seed of the initial weights and of the order", wholeNumber, 1)
  .option("--texts <n>", "use only the first n texts of each genre; every fifth is held out", positive)
  .parse()
  .opts<Flags>();

const samples = readSamples(flags.texts);
if (samples.test.length === 0) {
  console.error("No text is held out: give --texts a number from 5 on.");
  process.exit(1);
}
console.log(
  `Brown corpus: ${samples.train.length} paragraphs to learn from, ${samples.test.length} of other texts held out, ` +
    `${samples.words} different words`,
);

const bar = new SingleBar({ format: "{bar} {percentage} % | loss {loss}", hideCursor: true });
bar.start(flags.epochs * samples.train.length, 0, { loss: "-" });
const model = train(samples, flags, ({ seen, loss }) => bar.update(seen, { loss: loss.toFixed(4) }));
bar.stop();

const guesses = classify(model, samples.test);
/** table[i][j]: held-out paragraphs of genre i that were taken for genre j. */
const table = LETTERS.map(() => LETTERS.map(() => 0));
for (const [i, { genre }] of samples.test.entries()) table[genre][guesses[i]]++;
const sizes = table.map((row) => row.reduce((sum, n) => sum + n, 0));
const right = table.map((row, i) => row[i]).reduce((sum, n) => sum + n, 0);

console.log(`\nHeld-out paragraphs of a genre (rows) by the genre they were taken for (columns)\n`);
console.log(`${" ".repeat(18)}${columns(LETTERS)}    right`);
for (const [i, row] of table.entries()) {
  const share = `${((100 * row[i]) / sizes[i]).toFixed(0)} %`;
  console.log(`${LETTERS[i]} ${GENRES[LETTERS[i]].padEnd(16)}${columns(row)}${share.padStart(9)}`);
}
console.log(`\naccuracy        ${(right / samples.test.length).toFixed(3)}`);
console.log(`majority share  ${(Math.max(...sizes) / samples.test.length).toFixed(3)}`);

function columns(cells: readonly (string | number)[]): string {
  return cells.map((cell) => String(cell).padStart(5)).join("");
}
