// npm run test:runtimes: the packed library in every runtime and bundler, one table.

import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { browsers } from "./browsers.js";
import { bundlers } from "./bundlers.js";
import { edge } from "./edge.js";
import { exec } from "./exec.js";
import { type Entry, isRed, matrix, parseReport, type Row } from "./matrix.js";
import { nearest } from "./nearest.js";
import { node } from "./node.js";
import { playground } from "./playground.js";
import { requests } from "./requests.js";
import { shells } from "./shells.js";
import { stage } from "./stage.js";
import { table } from "./table.js";

const all = (count: number): Entry[] => [
  ...node,
  ...edge,
  ...browsers,
  ...playground,
  ...shells,
  ...bundlers,
  nearest,
  requests(count),
];

/** Before a hundred thousand requests the heap of workerd has not reached its size. */
function many(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 100_000) throw new InvalidArgumentError("It must be at least 100000.");
  return count;
}

const options = new Command("npm run test:runtimes --")
  .description("Installs the packed library and runs its vectors and a smoke program in every runtime and bundler.")
  .option("--fast", "system Node, Deno, Bun, workerd and Chromium; there a skip is a failure")
  .option("--only <names...>", "these rows alone")
  .option("--package <path>", "a package's folder or tarball instead of this repository", ".")
  .option("--requests <count>", "how many the loop of requests sends, at least 100000", many, 1_000_000)
  .option("--json <file>", "write the rows to a file, too")
  .option("--list", "print the names of the rows")
  .parse()
  .opts<{ fast?: boolean; only?: string[]; package: string; requests: number; json?: string; list?: boolean }>();

const entries = all(options.requests);

function chosen(): Entry[] {
  const { fast, only } = options;
  const unknown = only?.filter((name) => entries.every((entry) => entry.name !== name)) ?? [];
  if (unknown.length > 0) throw new Error(`--only: no row is called ${unknown.join(", ")}; see --list`);
  return entries.filter((entry) => (only ? only.includes(entry.name) : !fast || entry.fast));
}

function say({ name, status, note, seconds, differences }: Row): void {
  process.stderr.write(`${name}: ${status} ${note}${status === "skipped" ? "" : ` (${seconds.toFixed(1)} s)`}\n`);
  for (const difference of differences) process.stderr.write(`  ${JSON.stringify(difference)}\n`);
}

async function main(): Promise<void> {
  if (options.list) return console.log(entries.map(({ name }) => name).join("\n"));
  const selected = chosen();
  const project = await stage(options.package);
  // What the others are compared with: the vectors that this Node counts, and the bits that it trains.
  const expected = parseReport(await exec(process.execPath, ["print.js"], { cwd: project }));
  const rows = await matrix(selected, project, expected, say);
  console.log(table(rows));
  if (options.json) await writeFile(options.json, JSON.stringify(rows, null, 2));
  process.exitCode = isRed(rows, options.fast ?? false) ? 1 : 0;
}

await main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
