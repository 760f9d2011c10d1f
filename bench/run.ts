// All that was measured.

import type { Line, Operation } from "./lines.js";
import type { Summary, Times } from "./measure.js";
import type { Training } from "./skip-gram.js";

export interface Result {
  readonly line: Line;
  readonly times: Times;
  /** Of lines of growth: bytes of linear memory that a step holds at its end, optimizer and table apart. */
  readonly stepBytes: number | null;
}

/** null or missing: not measured. */
export interface Run {
  readonly results: readonly Result[];
  readonly skipGram: Times | null;
  readonly training: Training | null;
  /** Milliseconds from import to the first look-up. */
  readonly import: Summary | null;
}

/** How many times as long `slow` takes as `fast`. */
export function ratioOf(times: Times | null | undefined, slow: string, fast: string): number | null {
  const [a, b] = [times?.get(slow), times?.get(fast)];
  return a === undefined || b === undefined ? null : a.median / b.median;
}

/** How many times as long the slowest table takes as the fastest, among the lines of growth. */
export function spreadOf(results: readonly Result[], op: Operation, name: string): number | null {
  const lines = results.filter(({ line }) => line.group === "growth" && line.op === op);
  const times = lines.flatMap(({ times }) => times.get(name)?.median ?? []);
  return times.length < 2 ? null : Math.max(...times) / Math.min(...times);
}
