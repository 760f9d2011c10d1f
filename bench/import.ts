// From import to the first look-up, each time in a fresh process.

import { execFileSync } from "node:child_process";
import { type Summary, summaryOf } from "./measure.js";

export const IMPORT = "latency: import to first look-up";

const PROGRAM = `
const start = performance.now();
const { nn } = await import(process.argv[1]);
const [x] = new nn.Embedding(10, 4).forward([3]).array;
console.log(Number.isFinite(x) ? performance.now() - start : NaN);
`;

/** Milliseconds. */
export function importTime(processes: number): Summary {
  const library = import.meta.resolve("nn-embedding");
  const run = () =>
    execFileSync(process.execPath, ["--input-type=module", "--eval", PROGRAM, library], { encoding: "utf8" });
  return summaryOf(Array.from({ length: processes }, () => Number(run())));
}
