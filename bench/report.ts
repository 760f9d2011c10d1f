// The tables of a run.

import { cpus, loadavg } from "node:os";
import { OURS, PLAIN, TORCH, TORCH_DEFAULT, UNTIDIED } from "./contenders.js";
import { Limits } from "./limits.js";
import { GROWING, type Group, shapeText, sizeText, tableText } from "./lines.js";
import type { Summary } from "./measure.js";
import { Onnx } from "./onnx.js";
import { type Result, type Run, ratioOf, spreadOf } from "./run.js";
import { PAIRS_IN_ALL, STEPS, TRAINING } from "./skip-gram.js";
import { ratioText, summaryText, tableOf } from "./table.js";
import { Tfjs } from "./tfjs.js";
import { verdicts } from "./verdicts.js";

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
    titled("Targets", verdicts(run)),
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
  const names = [OURS, UNTIDIED, PLAIN, TORCH, TORCH_DEFAULT, Limits.title];
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
  const others = [Limits.title, Onnx.title];
  const rows = results
    .filter(({ line }) => line.op === "look-up")
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
