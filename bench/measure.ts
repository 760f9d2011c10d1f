// The clock.

/** Something prepared so that only the operation itself is left to run. */
export interface Task {
  /** One operation. Returns a number out of its result, so that no engine can skip the work. */
  run(): number;
  /** Undoes what the operation changed where the next one must find it unchanged; not timed. */
  restore?(): void;
  /** Runs one operation and returns all it computed, to be compared at once. */
  outputs(): ArrayLike<number>[];
  dispose?(): void;
}

/** How long to measure one line, for each contender. */
export interface Effort {
  /** Contenders take turns this many times, so that all of them see the same moods of the machine. */
  readonly rounds: number;
  /** Samples in a round: at least, and at most within `seconds`. */
  readonly least: number;
  readonly most: number;
  readonly seconds: number;
  /** Seconds of running before the first sample. */
  readonly warmUp: number;
}

export const FULL: Effort = { rounds: 3, least: 3, most: 11, seconds: 0.6, warmUp: 0.15 };
export const QUICK: Effort = { rounds: 1, least: 3, most: 5, seconds: 0.03, warmUp: 0.03 };

const SAMPLE_MS = 5;
let sink = 0;

/** Until compilers have done their work; once at least. */
export function warmUp(task: Task, { warmUp: seconds }: Effort): void {
  const start = performance.now();
  do sample(task, 0);
  while (performance.now() - start < 1000 * seconds);
}

/** One round: milliseconds of one operation, a number for each sample. */
export function measure(task: Task, { least, most, seconds }: Effort): number[] {
  const samples: number[] = [];
  const start = performance.now();
  const goOn = () => samples.length < most && performance.now() - start < 1000 * seconds;
  while (samples.length < least || goOn()) samples.push(sample(task, SAMPLE_MS));
  return samples;
}

/** The mean over as many operations as last `ms` together. */
function sample(task: Task, ms: number): number {
  let spent = 0;
  let runs = 0;
  do {
    task.restore?.();
    const start = performance.now();
    sink += task.run();
    spent += performance.now() - start;
    runs++;
  } while (spent < ms);
  return spent / runs;
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
