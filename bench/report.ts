// The table, and the file that keeps it.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { type Line, sizeText } from "./lines.js";
import type { Summary } from "./measure.js";

export interface Result {
  readonly line: Line;
  readonly ours: Summary;
  readonly plain: Summary;
  readonly torch: Summary | null;
}

const HEAD = ["operation", "V x D", "N", "ours", "plain JS", "torch", "plain / ours", "torch / ours"];

export const NOTES = `Milliseconds of one operation: median (first to third quartile). A ratio above 1 means that ours is faster.
A table of V x D floats, N uniform indices; the same numbers for all three, who take turns. Every result of ours is compared
with plain JS, and its mean with torch, before the clock starts.

- backward: zeroGrad, forward, \`out.backward(g)\`. renorm: a look-up in which maxNorm clips every row; the table is restored
  outside the clock. step: again and again with one gradient.
- plain JS: typed arrays and loops. Its buffers are made beforehand and it checks no index; ours and torch check, and make
  their results anew.
- torch: one thread, its defaults, int64 indices. MALLOC_MMAP_THRESHOLD_ and MALLOC_TRIM_THRESHOLD_ are 4294967296 (4 GiB),
  so that page faults of fresh results do not count against it.
- bag: N / 16 bags of 16 entries each, their backward with the first N / 16 rows of the gradient.
- matmul: [N, D] times a square [V, D]. linear: [N, D] through a weight of V x D, there and, with the result as its own
  gradient, back.
- dense: torch and plain JS have gradients of V x D; ours holds the rows touched, unless somebody has read \`.grad\` ("read").`;

/** A Markdown table that is also one to the eye. */
export function tableOf(results: readonly Result[]): string {
  const rows = [HEAD, ...results.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  const [head, ...body] = rows.map((row) => `| ${row.map(pad).join(" | ")} |`);
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [head, `| ${rule.join(" | ")} |`, ...body].join("\n");
}

function cellsOf({ line: { op, V, D, N }, ours, plain, torch }: Result): string[] {
  return [
    op,
    `${sizeText(V)} x ${D}`,
    op === "normal_" ? "-" : sizeText(N),
    summaryText(ours),
    summaryText(plain),
    torch === null ? "-" : summaryText(torch),
    ratioText(plain, ours),
    torch === null ? "-" : ratioText(torch, ours),
  ];
}

function summaryText({ median, low, high }: Summary): string {
  return `${threeDigits(median)} (${threeDigits(low)}–${threeDigits(high)})`;
}

function ratioText(theirs: Summary, ours: Summary): string {
  return `${threeDigits(theirs.median / ours.median)}x`;
}

function threeDigits(x: number): string {
  return x >= 100 ? x.toFixed(0) : x.toPrecision(3);
}

/** How much the look-up saves, when both have been measured. */
function oneHotText(results: readonly Result[]): string {
  const product = results.find(({ line }) => line.op === "one-hot product");
  const lookUp = results.find(({ line }) => line.op === "look-up" && line.N === product?.line.N);
  if (product === undefined || lookUp === undefined) return "";
  const { V, D, N } = product.line;
  const times = sizeText(Math.round(product.ours.median / lookUp.ours.median));
  return `\n\nOurs: looking up ${N} of ${sizeText(V)} x ${D} is ${times} times as fast as the one-hot product.`;
}

/** The table, and what it was measured on and with. */
export function reportOf(results: readonly Result[], torchVersion: string | null, command: string): string {
  const { model } = cpus()[0];
  const torch = torchVersion === null ? "no torch" : `torch ${torchVersion}`;
  const machine = `${model.trim()}, ${cpus().length} cores; Node ${process.versions.node}; ${torch}; \`${command}\``;
  return `${machine}\n\n${tableOf(results)}${oneHotText(results)}`;
}

const TITLE = "# Benchmark\n\nWritten by `npm run bench`, newest run first.";
const REFUSED = "## Refused ideas\n\nVersions that did not win 20 % anywhere that matters, with their numbers.\n";

/** Puts a run above the older ones and "Refused ideas"; what stands before the first run is written anew. */
export function record(path: string, report: string): void {
  const file = existsSync(path) ? readFileSync(path, "utf8") : "";
  const first = file.search(/^## /m);
  const older = first < 0 ? REFUSED : file.slice(first);
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  writeFileSync(path, `${TITLE}\n\n${NOTES}\n\n## ${date} UTC, commit ${commit()}\n\n${report}\n\n${older}`);
}

/** Short hash; "dirty" when anything but the results themselves has been changed since. */
function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim();
  try {
    const changes = git("status", "--porcelain", "--", ":/", ":(top,exclude)bench/RESULTS.md");
    return git("rev-parse", "--short", "HEAD") + (changes === "" ? "" : ", dirty");
  } catch {
    return "unknown";
  }
}
