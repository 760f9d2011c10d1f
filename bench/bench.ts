// npm run bench: ours, plain JavaScript and PyTorch on the same operations, shapes and numbers.

import { fileURLToPath } from "node:url";
import { SingleBar } from "cli-progress";
import { program } from "commander";
import { checkMeans, checkSame, meanMagnitude } from "./compare.js";
import { type Data, dataOf, type Line, linesOf, SEED, shapeText, titleOf } from "./lines.js";
import { type Effort, FULL, measure, QUICK, summaryOf, sunk, warmUp } from "./measure.js";
import { ours } from "./ours.js";
import { plain } from "./plain.js";
import { NOTES, type Result, record, reportOf } from "./report.js";
import { Torch } from "./torch.js";

/** This runs as build/bench/bench.js. */
const here = (name: string) => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));

const options = program
  .name("npm run bench --")
  .description(
    "Times the library beside plain JavaScript and, where it can be imported, PyTorch.\n" +
      "A whole run is written to bench/RESULTS.md. The environment variable PYTHON names the interpreter that has torch.",
  )
  .option("--filter <text>", 'only lines whose title contains the text, like "look-up" or "100,000 x 64"', "")
  .option("--quick", "few samples and two shapes", false)
  .parse()
  .opts<{ filter: string; quick: boolean }>();

async function measureLine(line: Line, data: Data, torch: Torch | null, effort: Effort): Promise<Result> {
  const title = titleOf(line);
  const theirs = plain[line.op](data);
  const expected = theirs.outputs();
  const our = ours[line.op](data);
  checkSame(title, our.outputs(), expected);
  const means = expected.map(meanMagnitude);
  warmUp(theirs, effort);
  warmUp(our, effort);
  if (torch !== null) checkMeans(title, await torch.prepare(line, effort), means);
  const samples: Record<"ours" | "plain" | "torch", number[]> = { ours: [], plain: [], torch: [] };
  for (let round = 0; round < effort.rounds; round++) {
    samples.ours.push(...measure(our, effort));
    samples.plain.push(...measure(theirs, effort));
    if (torch !== null) samples.torch.push(...(await torch.measure(effort)));
  }
  our.dispose?.();
  return {
    line,
    ours: summaryOf(samples.ours),
    plain: summaryOf(samples.plain),
    torch: torch === null ? null : summaryOf(samples.torch),
  };
}

/** All lines of one shape before the next, for they share its data. */
async function measureAll(lines: readonly Line[], torch: Torch | null, effort: Effort): Promise<Result[]> {
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: "{bar} {value}/{total} {title}", hideCursor: true })
    : null;
  bar?.start(lines.length, 0, { title: "" });
  const results = new Map<Line, Result>();
  try {
    for (const shape of new Set(lines.map(shapeText))) {
      const same = lines.filter((line) => shapeText(line) === shape);
      const data = dataOf(same[0]);
      for (const line of same) {
        bar?.update({ title: titleOf(line) });
        results.set(line, await measureLine(line, data, torch, effort));
        bar?.increment();
      }
    }
  } finally {
    bar?.stop();
    torch?.stop();
  }
  return lines.map((line) => results.get(line)!);
}

const lines = linesOf(options.filter, options.quick);
if (lines.length === 0) program.error(`no line's title contains "${options.filter}"`);
const torch = await Torch.start(here("torch_bench.py"));
const results = await measureAll(lines, torch, options.quick ? QUICK : FULL);
const args = process.argv.slice(2).map((arg) => (/^[\w=-]+$/.test(arg) ? arg : JSON.stringify(arg)));
const command = ["npm run bench", ...(args.length > 0 ? ["--"] : []), ...args].join(" ");
const report = reportOf(results, torch?.version ?? null, command);
console.log(`${report}\n\n${NOTES}\n\nseed ${SEED}, sink ${sunk()}`);
if (!options.quick && options.filter === "") record(here("RESULTS.md"), report);
