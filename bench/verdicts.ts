// Which targets a run met.

import { SHAPES, sizeText, tableText } from "./lines.js";
import type { Run } from "./run.js";
import { tableOf, threeDigits } from "./table.js";
import { type Bound, SHAPES_TARGETS, SINGLE_TARGETS, verdictOf } from "./targets.js";

/** Those that the run measured something of. */
export function verdicts(run: Run): string {
  const tables = SHAPES.map(tableText);
  const all: string[] = [];
  const shown = (number: number, verdict: string, limit: number | null = null) => {
    all.push(verdict);
    // Of interest only where something is missing.
    const allowed = limit === null || verdict === "goal" ? "" : ` (${threeDigits(limit)})`;
    return `${threeDigits(number)} ${verdict}${allowed}`;
  };
  const rows = SHAPES_TARGETS.map((target) => {
    const limits = target.limits(run.results);
    const cells = target
      .reached(run.results)
      .map((number, i) => (number === null ? "-" : shown(number, verdictOf(target, number, tables[i]), limits[i])));
    return [target.what, boundText(target.floor), boundText(target.goal), ...cells];
  }).filter(([, , , ...cells]) => cells.some((cell) => cell !== "-"));
  const singles = SINGLE_TARGETS.flatMap((target) => {
    const number = target.reached(run);
    if (number === null) return [];
    const cell = shown(number, verdictOf(target, number), target.limit?.(run));
    return [[target.what, boundText(target.floor), boundText(target.goal), cell]];
  });
  if (all.length === 0) return "";
  const count = (verdict: string) => all.filter((one) => one === verdict).length;
  return [
    "Times as fast as torch on one thread, unless the line says what else. In brackets, where a goal is missed: what the machine " +
      "allows, measured in the same run (C in the place of ours; without tidy the step inside it and one copy of its result).",
    rows.length === 0 ? "" : tableOf(["target", "floor", "goal", ...tables], rows),
    singles.length === 0 ? "" : tableOf(["target", "floor", "goal", "reached"], singles),
    `Of ${all.length}, ${count("goal")} reach the goal, ${count("floor")} the floor alone, ${count("missed")} neither.`,
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function boundText([everywhere, exceptions = {}]: Bound): string {
  const others = Object.entries(exceptions).map(([table, bound]) => `${bound} at ${table}`);
  return [sizeText(everywhere), ...others].join("; ");
}
