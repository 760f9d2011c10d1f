// Markdown tables that are also ones to the eye.

import { sizeText } from "./lines.js";
import type { Summary } from "./measure.js";

/** The first column is words, the others are numbers. */
export function tableOf(head: readonly string[], body: readonly (readonly string[])[]): string {
  const rows = [head, ...body];
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const pad = (cell: string, column: number) =>
    column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  const [top, ...below] = rows.map((row) => `| ${row.map(pad).join(" | ")} |`);
  const rule = widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [top, `| ${rule.join(" | ")} |`, ...below].join("\n");
}

/** median (first to third quartile), scaled */
export function summaryText(summary: Summary | undefined, scale = 1): string {
  if (summary === undefined) return "-";
  const [median, low, high] = [summary.median, summary.low, summary.high].map((x) => threeDigits(scale * x));
  return `${median} (${low}–${high})`;
}

export function ratioText(ratio: number | null): string {
  return ratio === null ? "-" : `${threeDigits(ratio)}x`;
}

export function threeDigits(x: number): string {
  return x >= 1000 ? sizeText(Math.round(x)) : x >= 100 ? x.toFixed(0) : x.toPrecision(3);
}
