// The clock. Runs in browsers too.

import { checkSame, type Expected } from "./compare.js";

/** Something prepared so that only the operation itself is left to run. */
export interface Task {
  /** One operation. Returns a number out of its result, so that no engine can skip the work. */
  run(): number | Promise<number>;
  /** Before each operation, not timed: what it needs and uses up. */
  prepare?(): void;
  /** Runs one operation and returns all it computed, to be compared at once. */
  outputs(): ArrayLike<number>[] | Promise<ArrayLike<number>[]>;
  dispose?(): unknown;
}

/** One who takes part, in this process or in another. */
export interface Contender {
  readonly name: string;
  /** Gets ready, runs one operation and returns all it computed, to be compared at once. */
  outputs(): Promise<ArrayLike<number>[]>;
  /** Until compilers have done their work; once at least. */
  warmUp(effort: Effort): Promise<void>;
  /** One round: milliseconds of one operation, a number for each sample. */
  measure(effort: Effort): Promise<number[]>;
  dispose?(): unknown;
}

/** How long to measure one line, for each contender. */
export interface Effort {
  /** Contenders take turns this many times, so that all of them see the same moods of the machine. */
  readonly rounds: number;
  /** Samples in a round: one, up to `least` within `patience`, up to `most` within `seconds`. */
  readonly least: number;
  readonly patience: number;
  readonly most: number;
  readonly seconds: number;
  /** Seconds of running before the first sample. */
  readonly warmUp: number;
}

export const FULL: Effort = { rounds: 3, least: 3, patience: 1, most: 11, seconds: 0.4, warmUp: 0.15 };
export const QUICK: Effort = { rounds: 1, least: 3, patience: 0.3, most: 5, seconds: 0.03, warmUp: 0.03 };

/** Milliseconds by the name of who took them. */
export type Times = ReadonlyMap<string, Summary>;

/** Everybody's result is compared with what is expected; then they run in turn. */
export async function race(
  title: string,
  contenders: readonly Contender[],
  expected: Expected,
  effort: Effort,
  tolerance?: number,
): Promise<Times> {
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (const one of contenders) checkSame(title, one.name, await one.outputs(), expected, tolerance);
  for (const one of contenders) await one.warmUp(effort);
  for (let round = 0; round < effort.rounds; round++) {
    for (const one of contenders) {
      // Lets finalizers of what others left behind run.
      await new Promise((resolve) => setTimeout(resolve));
      samples.get(one.name)!.push(...(await one.measure(effort)));
    }
  }
  for (const one of contenders) await one.dispose?.();
  return new Map([...samples].map(([name, taken]) => [name, summaryOf(taken)]));
}

const SAMPLE_MS = 5;
/** Beside this long, reading the clock costs nothing. */
const CHUNK_MS = 0.1;
let sink = 0;

/** A task in this process. */
export function local(name: string, task: Task): Contender {
  /** Operations between two looks at the clock. */
  let chunk = 1;

  /** The mean over as many operations as last `ms` together. */
  async function sample(ms: number): Promise<number> {
    let spent = 0;
    let runs = 0;
    do {
      task.prepare?.();
      spent += await time(task, chunk);
      runs += chunk;
    } while (spent < ms);
    return spent / runs;
  }

  return {
    name,
    outputs: async () => task.outputs(),
    async warmUp({ warmUp }) {
      const start = performance.now();
      do {
        const each = await sample(0);
        if (task.prepare === undefined && each * chunk < CHUNK_MS) chunk *= 2;
      } while (performance.now() - start < 1000 * warmUp);
    },
    async measure({ least, patience, most, seconds }) {
      const samples: number[] = [];
      const start = performance.now();
      const goesOn = (count: number, limit: number) =>
        samples.length < count && performance.now() - start < 1000 * limit;
      do samples.push(await sample(SAMPLE_MS));
      while (goesOn(least, patience) || goesOn(most, seconds));
      return samples;
    },
    dispose: () => task.dispose?.(),
  };
}

/** Milliseconds of `runs` operations together. */
async function time(task: Task, runs: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < runs; i++) {
    const out = task.run();
    sink += typeof out === "number" ? out : await out;
  }
  return performance.now() - start;
}

/** Sum of all numbers that operations returned. To be printed: what nobody reads need not be computed. */
export function sunk(): number {
  return sink;
}

export interface Summary {
  readonly median: number;
  /** First and third quartile. */
  readonly low: number;
  readonly high: number;
}

export function summaryOf(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const quantile = (q: number) => {
    const at = q * (sorted.length - 1);
    const below = Math.floor(at);
    return sorted[below] + (sorted[Math.ceil(at)] - sorted[below]) * (at - below);
  };
  return { median: quantile(0.5), low: quantile(0.25), high: quantile(0.75) };
}
