// The tables of a run, and the file that keeps them.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { OURS, PLAIN, TORCH, TORCH_DEFAULT, UNTIDIED } from "./contenders.js";
import { Gather } from "./gather.js";
import { GROWING, type Group, SHAPES, shapeText, sizeText, tableText } from "./lines.js";
import type { Summary } from "./measure.js";
import { Onnx } from "./onnx.js";
import { type Result, type Run, ratioOf, spreadOf } from "./run.js";
import { PAIRS_IN_ALL, STEPS, TRAINING } from "./skip-gram.js";
import { ratioText, summaryText, tableOf, threeDigits } from "./table.js";
import { type Bound, SHAPES_TARGETS, SINGLE_TARGETS, verdictOf } from "./targets.js";
import { Tfjs } from "./tfjs.js";

export const NOTES = `Milliseconds of one operation: median (first to third quartile). A ratio above 1 means that ours is faster.
A table of V x D floats, N uniform indices; the same numbers for all, who take turns. Every result of everybody is compared with
plain JS, element by element, before the clock starts.

- ours: through the public API, inside \`tidy\` unless it says without; every index is checked.
- backward: zeroGrad, forward, \`out.backward(g)\`. step: zeroGrad, forward, backward, step. renorm: a look-up in which maxNorm
  clips every row; the table is restored outside the clock.
- plain JS: typed arrays and loops. Its buffers are made beforehand and it checks no index; ours and torch check, and make
  their results anew.
- torch: on one thread, and on as many as it chooses; its defaults, int64 indices. MALLOC_MMAP_THRESHOLD_ and
  MALLOC_TRIM_THRESHOLD_ are 4294967296 (4 GiB), so that page faults of fresh results do not count against it.
- C memcpy: a row a call into one buffer, without checks, gcc -O3 -march=native. onnxruntime-web: Gather on one thread, the
  table a constant of the model, int32 indices.
- bag: N / 16 bags of 16 entries each, their backward with the first N / 16 rows of the gradient.
- matmul: [N, D] times a square [V, D]. linear: [N, D] through a weight of V x D, there and, with the result as its own
  gradient, back.
- dense: torch and plain JS have gradients of V x D; ours holds the rows touched, unless somebody has read \`.grad\` ("grad read").
- growth: D = 32 and N = 1,024, so that the smallest table too has as many rows as a batch. A step holds the rows that it touched
  and their gradient; a sparse gradient shares what flowed back. import: fresh processes, from before the import on.
- skip-gram: the model of \`npm start\` (window 5, five negatives, D = 100, Brown corpus, sparse SGD) on batches made beforehand,
  the loss read after each; torch with the same batches, its tables compared with ours. Whole epochs of \`npm start\`, which makes its batches while it trains,
  beside the original word2vec tool of 2013 on one thread: its words a second are those of the corpus alone, while the tool
  counts ends of sentences too. What both have learnt: of the ten nearest words of 400, the share that are usually the same part
  of speech; 0.17 is chance.`;

/** Of the minute before the run: how many others were at work. */
const [load] = loadavg();

/** By name; null: took no part. */
export type Versions = Readonly<Record<string, string | number | null>>;

/** All tables, and what they were measured on and with. */
export function reportOf(run: Run, versions: Versions, command: string): string {
  const named = Object.entries(versions).filter(([, version]) => version !== null);
  const peers = named.map((words) => words.join(" ")).join(", ");
  const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, load ${load.toFixed(1)} before; Node ${process.versions.node}; ${peers}; \`${command}\``;
  const parts = [
    machine,
    titled("Targets", targets(run)),
    titled("Operations", operations(of(run, "operations"))),
    titled("Look-ups beside others", lookUps(of(run, "operations"))),
    titled("Skip-gram", skipGram(run)),
    titled("Latency, µs", latency(run)),
    titled("A step over ever larger tables", growth(of(run, "growth"))),
    titled("TensorFlow.js", tfjs(of(run, "tfjs"))),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function titled(title: string, text: string): string {
  return text === "" ? "" : `### ${title}\n\n${text}`;
}

const of = ({ results }: Run, group: Group) => results.filter(({ line }) => line.group === group);

function operations(results: readonly Result[]): string {
  if (results.length === 0) return "";
  const names = [OURS, UNTIDIED, PLAIN, TORCH, TORCH_DEFAULT];
  const peers = names.slice(1);
  const head = ["operation", "V x D", "N", ...names, ...peers.map((name) => `${name} / ours`)];
  const rows = results.map(({ line, times }) => [
    line.op,
    tableText(line),
    line.op === "normal_" ? "-" : sizeText(line.N),
    ...names.map((name) => summaryText(times.get(name))),
    ...peers.map((name) => ratioText(ratioOf(times, name, OURS))),
  ]);
  return tableOf(head, rows) + oneHotText(results);
}

/** How much the look-up saves, when both have been measured. */
function oneHotText(results: readonly Result[]): string {
  const product = results.find(({ line }) => line.op === "one-hot product");
  const lookUp = results.find(({ line }) => line.op === "look-up" && line.N === product?.line.N);
  if (product === undefined || lookUp === undefined) return "";
  const { V, D, N } = product.line;
  const times = sizeText(Math.round(product.times.get(OURS)!.median / lookUp.times.get(OURS)!.median));
  return `\n\nOurs: looking up ${N} of ${sizeText(V)} x ${D} is ${times} times as fast as the one-hot product.`;
}

function lookUps(results: readonly Result[]): string {
  const others = [Gather.title, Onnx.title];
  const rows = results
    .filter(({ times }) => others.some((name) => times.has(name)))
    .map(({ line, times }) => [
      shapeText(line),
      ...[OURS, ...others].map((name) => summaryText(times.get(name))),
      ...others.map((name) => ratioText(ratioOf(times, name, OURS))),
    ]);
  if (rows.length === 0) return "";
  return tableOf(["V x D, N", OURS, ...others, ...others.map((name) => `${name} / ours`)], rows);
}

function skipGram({ skipGram, training }: Run): string {
  const perSecond = (count: number, { median, low, high }: Summary) => ({
    median: (1000 * count) / median,
    low: (1000 * count) / high,
    high: (1000 * count) / low,
  });
  const rows: string[][] = [];
  for (const [name, time] of skipGram ?? []) {
    rows.push([name, STEPS, summaryText(perSecond(PAIRS_IN_ALL, time)), "-", ratioText(ratioOf(skipGram, name, OURS))]);
  }
  for (const [name, time] of training?.times ?? []) {
    const quality = training!.qualities.get(name);
    const share = quality === null || quality === undefined ? "-" : quality.toFixed(3);
    const speed = summaryText(perSecond(training!.words, time));
    rows.push([name, TRAINING, "-", speed, ratioText(ratioOf(training!.times, name, OURS)), share]);
  }
  if (rows.length === 0) return "";
  const head = ["", "what", "pairs a second", "words a second", "time / ours", "same part of speech"];
  return tableOf(
    head,
    rows.map((row) => [...row, "-"].slice(0, head.length)),
  );
}

function latency(run: Run): string {
  const names = [OURS, UNTIDIED, PLAIN, TORCH];
  const rows = of(run, "latency").map(({ line, times }) => [
    `${line.op} ${shapeText(line)}`,
    ...names.map((name) => summaryText(times.get(name), 1000)),
  ]);
  if (run.import !== null) rows.push(["import to first look-up", summaryText(run.import, 1000), "-", "-", "-"]);
  return rows.length === 0 ? "" : tableOf(["operation", ...names], rows);
}

function growth(results: readonly Result[]): string {
  if (results.length === 0) return "";
  const names = [OURS, TORCH];
  const head = ["operation", "V x D", "N", ...names, `${TORCH} / ours`, "bytes that a step of ours holds"];
  const rows = results.map(({ line, times, stepBytes }) => [
    line.op,
    tableText(line),
    sizeText(line.N),
    ...names.map((name) => summaryText(times.get(name))),
    ratioText(ratioOf(times, TORCH, OURS)),
    stepBytes === null ? "-" : sizeText(stepBytes),
  ]);
  const spreads = GROWING.map((op) => [op, ...names.map((name) => ratioText(spreadOf(results, op, name)))]);
  return `${tableOf(head, rows)}\n\n${tableOf(["slowest table / fastest", ...names], spreads)}`;
}

function tfjs(results: readonly Result[]): string {
  const names = [OURS, PLAIN, TORCH, Tfjs.title];
  const rows = results.map(({ line, times }) => [
    `${line.op} ${shapeText(line)}`,
    ...names.map((name) => summaryText(times.get(name))),
    ratioText(ratioOf(times, Tfjs.title, OURS)),
  ]);
  return rows.length === 0 ? "" : tableOf(["operation", ...names, `${Tfjs.title} / ours`], rows);
}

/** Those that the run measured something of. */
function targets(run: Run): string {
  const tables = SHAPES.map(tableText);
  const verdicts: string[] = [];
  const shown = (number: number, verdict: string) => {
    verdicts.push(verdict);
    return `${threeDigits(number)} ${verdict}`;
  };
  const rows = SHAPES_TARGETS.map((target) => [
    target.what,
    boundText(target.floor),
    boundText(target.goal),
    ...target
      .reached(run.results)
      .map((number, i) => (number === null ? "-" : shown(number, verdictOf(target, number, tables[i])))),
  ]).filter(([, , , ...cells]) => cells.some((cell) => cell !== "-"));
  const singles = SINGLE_TARGETS.flatMap((target) => {
    const number = target.reached(run);
    if (number === null) return [];
    const cell = shown(number, verdictOf(target, number));
    return [[target.what, boundText(target.floor), boundText(target.goal), cell]];
  });
  if (verdicts.length === 0) return "";
  const count = (verdict: string) => verdicts.filter((one) => one === verdict).length;
  return [
    "Times as fast as torch on one thread, unless the line says what else. A floor missed is a defect; a goal missed needs a measured reason.",
    rows.length === 0 ? "" : tableOf(["target", "floor", "goal", ...tables], rows),
    singles.length === 0 ? "" : tableOf(["target", "floor", "goal", "reached"], singles),
    `Of ${verdicts.length}, ${count("goal")} reach the goal, ${count("floor")} the floor, ${count("missed")} miss it.`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function boundText([everywhere, exceptions = {}]: Bound): string {
  const others = Object.entries(exceptions).map(([table, bound]) => `${bound} at ${table}`);
  return [sizeText(everywhere), ...others].join("; ");
}

const TITLE = "# Benchmark\n\nWritten by `npm run bench`, newest run first.";
const CHARTS = "![How many times as fast as PyTorch](ratios.svg)\n\n![A step over ever larger tables](growth.svg)";
const REFUSED = "## Refused ideas\n\nVersions that did not win 20 % anywhere that matters, with their numbers.\n";

/** Puts a run above the older ones and "Refused ideas"; what stands before the first run is written anew. */
export function record(path: string, report: string): void {
  const file = existsSync(path) ? readFileSync(path, "utf8") : "";
  const first = file.search(/^## /m);
  const older = first < 0 ? REFUSED : file.slice(first);
  const date = new Date().toISOString().slice(0, 16).replace("T", " ");
  writeFileSync(
    path,
    `${TITLE}\n\n${CHARTS}\n\n${NOTES}\n\n## ${date} UTC, commit ${commit()}\n\n${report}\n\n${older}`,
  );
}

/** Short hash; "dirty" when anything but the results themselves has been changed since. */
function commit(): string {
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim();
  const results = ["RESULTS.md", "ratios.svg", "growth.svg"].map((name) => `:(top,exclude)bench/${name}`);
  try {
    const changes = git("status", "--porcelain", "--", ":/", ...results);
    return git("rev-parse", "--short", "HEAD") + (changes === "" ? "" : ", dirty");
  } catch {
    return "unknown";
  }
}
