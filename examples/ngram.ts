// PyTorch's N-gram language model learns a sonnet by heart: npm run example:ngram -- --help

import { Command } from "commander";
import { positive, positiveNumber, wholeNumber } from "./flags.js";
import { NGRAMS, predict, type Settings, TEXT, train, WORDS } from "./ngram/model.js";

const flags = new Command()
  .name("npm run example:ngram --")
  .description("Trains the language model of PyTorch's embedding tutorial on Shakespeare's second sonnet.")
  .option("--epochs <n>", "passes over the sonnet", positive, 15)
  .option("--lr <x>", "learning rate; the tutorial has 0.001, and 10 epochs", positiveNumber, 0.05)
  .option("--seed <n>", "seed of the initial weights", wholeNumber, 1)
  .parse()
  .opts<Settings>();

console.log(`Sonnet 2: ${TEXT.length} words, ${WORDS.length} different ones`);
let sum = 0;
const model = train(flags, ({ seen, loss }) => {
  sum += loss;
  if (seen % NGRAMS.length > 0) return;
  console.log(`epoch ${String(seen / NGRAMS.length).padStart(3)}   loss ${(sum / NGRAMS.length).toFixed(4)}`);
  sum = 0;
});

const right = NGRAMS.filter(({ context, target }) => predict(model, context) === target);
console.log(`words guessed from the two before them: ${right.length} of ${NGRAMS.length}`);
const recited = [...NGRAMS[0].context];
while (recited.length < 25) recited.push(predict(model, recited.slice(-2)));
console.log(`recited from the first two: ${recited.map((word) => WORDS[word]).join(" ")} ...`);
console.log(`vector of "beauty": ${model.embeddings.weight.detach().at(WORDS.indexOf("beauty"))}`);
