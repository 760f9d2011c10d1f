// npm run fuzz [-- RUNS [READER]]: the properties of fuzz.test.ts 200,000 times, or RUNS times, from a seed of the day.

import fc from "fast-check";
import { property } from "./property.js";
import { READERS } from "./readers.js";

const [runs = "200000", only = ""] = process.argv.slice(2);
const numRuns = Number(runs);
/** Runs between two lines of progress. */
const STRETCH = 20_000;

if (!Number.isInteger(numRuns) || numRuns < 1) {
  console.error(`fuzz: the number of runs must be a whole number above 0, but got ${runs}`);
  process.exit(2);
}

for (const reader of READERS.filter(({ name }) => name.includes(only))) {
  const started = Date.now();
  const first = started % 2 ** 31;
  for (let done = 0; done < numRuns; done += STRETCH) {
    const stretch = Math.min(STRETCH, numRuns - done);
    await fc.assert(property(reader), { numRuns: stretch, seed: (first + done) | 0 });
    console.error(`${reader.name}: ${done + stretch} of ${numRuns}`);
  }
  console.log(`${reader.name}: ${numRuns} runs, seed ${first}, ${Math.round((Date.now() - started) / 1000)} s: held`);
}
