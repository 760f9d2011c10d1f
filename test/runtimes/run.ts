// npm run test:runtimes: the packed library in every runtime and bundler, one table.

import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { browsers } from "./browsers.js";
import { bundlers } from "./bundlers.js";
import { edge } from "./edge.js";
import { exec } from "./exec.js";
import { type Entry, matrix, parseReport, type Row } from "./matrix.js";
import { node } from "./node.js";
import { shells } from "./shells.js";
import { stage, unstage } from "./stage.js";
import { table } from "./table.js";

const all: Entry[] = [...node, ...edge, ...browsers, ...shells, ...bundlers];

const options = new Command("npm run test:runtimes --")
  .description("Installs the packed library and runs its vectors and a smoke program in every runtime and bundler.")
  .option("--fast", "system Node, Deno, Bun, workerd and Chromium; there a skip is a failure")
  .option("--only <names...>", "these rows alone")
  .option("--package <path>", "a package's folder or tarball instead of this repository", ".")
  .option("--json <file>", "write the rows to a file, too")
  .option("--list", "print the names of the rows")
  .parse()
  .opts<{ fast?: boolean; only?: string[]; package: string; json?: string; list?: boolean }>();

function chosen(): Entry[] {
  const { fast, only } = options;
  const unknown = only?.filter((name) => all.every((entry) => entry.name !== name)) ?? [];
  if (unknown.length > 0) throw new Error(`--only: no row is called ${unknown.join(", ")}; see --list`);
  return all.filter((entry) => (only ? only.includes(entry.name) : !fast || entry.fast));
}

function say({ name, status, note, seconds, differences }: Row): void {
  process.stderr.write(`${name}: ${status} ${note}${status === "skipped" ? "" : ` (${seconds.toFixed(1)} s)`}\n`);
  for (const difference of differences) process.stderr.write(`  ${JSON.stringify(difference)}\n`);
}

async function main(): Promise<void> {
  if (options.list) return console.log(all.map(({ name }) => name).join("\n"));
  const entries = chosen();
  const project = await stage(options.package);
  try {
    // What the others are compared with: the vectors that this Node counts, and the bits that it trains.
    const expected = parseReport(await exec(process.execPath, ["print.js"], { cwd: project }));
    const rows = await matrix(entries, project, expected, say);
    console.log(table(rows));
    if (options.json) await writeFile(options.json, JSON.stringify(rows, null, 2));
    const red = rows.filter(({ status }) => status === "failed" || (options.fast && status === "skipped"));
    process.exitCode = red.length > 0 ? 1 : 0;
  } finally {
    await unstage(project);
  }
}

await main();
