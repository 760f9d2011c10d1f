// What the measurements ought to reach. A floor missed is a defect, a goal missed needs a measured reason.

import { OURS, TORCH, UNTIDIED } from "./contenders.js";
import { Limits } from "./limits.js";
import { GROWING, type Operation, SHAPES, tableText } from "./lines.js";
import type { Times } from "./measure.js";
import { type Result, type Run, ratioOf, spreadOf } from "./run.js";
import { DENSE, SPARSE, TOOL } from "./skip-gram.js";
import { Tfjs } from "./tfjs.js";

/** The same everywhere, but for the tables named. */
export type Bound = readonly [number, Readonly<Record<string, number>>?];

export interface Target {
  readonly what: string;
  readonly floor: Bound;
  readonly goal: Bound;
  /** The smaller, the better. */
  readonly atMost?: boolean;
}

/** Has one number for each of the SHAPES. */
export interface ShapesTarget extends Target {
  reached(results: readonly Result[]): (number | null)[];
  /** What the machine would allow: ours at the speed of C, or with nothing but the copy of a result on top. */
  limits(results: readonly Result[]): (number | null)[];
}

export interface SingleTarget extends Target {
  reached(run: Run): number | null;
  limit?(run: Run): number | null;
}

const [WIDE, , MILLION, MIDDLE, WIDEST, SMALL] = SHAPES.map(tableText);

/** How many times as fast as one-thread PyTorch ours is, and C. */
function torchTimes(floor: Bound, goal: Bound, ...ops: Operation[]): ShapesTarget[] {
  const times = (op: Operation, name: string) => (results: readonly Result[]) =>
    atShapes(results, op).map((result) => ratioOf(result?.times, TORCH, name));
  return ops.map((op) => ({ what: op, floor, goal, reached: times(op, OURS), limits: times(op, Limits.title) }));
}

/** The clipping alone: nobody has a look-up's without the look-up. */
function renormTimes(name: string): (results: readonly Result[]) => (number | null)[] {
  return (results) => {
    const [both, lookUps] = [atShapes(results, "renorm"), atShapes(results, "look-up")];
    return both.map((result, i) => {
      const alone = (who: string) => {
        const [all, less] = [result?.times.get(who), lookUps[i]?.times.get(who)];
        return all === undefined || less === undefined ? null : all.median - less.median;
      };
      const [torch, other] = [alone(TORCH), alone(name)];
      return torch === null || other === null ? null : torch / other;
    });
  };
}

/** How much longer a step takes whose results leave linear memory one by one. */
function untidied(op: Operation): ShapesTarget {
  return {
    what: `${op}, without tidy / inside it`,
    floor: [1.3],
    goal: [1.3],
    atMost: true,
    reached: (results) => atShapes(results, op).map((result) => ratioOf(result?.times, UNTIDIED, OURS)),
    limits: (results) => {
      const copies = atShapes(results, "copy to a new array");
      return atShapes(results, op).map((result, i) => {
        const [step, copy] = [result?.times.get(OURS), copies[i]?.times.get(OURS)];
        return step === undefined || copy === undefined ? null : (step.median + copy.median) / step.median;
      });
    },
  };
}

function atShapes(results: readonly Result[], op: Operation): (Result | undefined)[] {
  return SHAPES.map(({ V, D, N }) =>
    results.find(
      ({ line }) => line.group === "operations" && line.op === op && line.V === V && line.D === D && line.N === N,
    ),
  );
}

const STEPS: readonly Operation[] = [
  "step: sparse SGD",
  "step: dense SGD",
  "step: sparse Adagrad",
  "step: dense Adagrad",
  "step: SparseAdam",
  "step: dense Adam",
];

export const SHAPES_TARGETS: readonly ShapesTarget[] = [
  ...torchTimes([0.7, { [MIDDLE]: 0.5 }], [1, { [SMALL]: 1.2 }], "look-up"),
  ...torchTimes([2, { [MILLION]: 10 }], [4, { [MILLION]: 30 }], "dense backward"),
  ...torchTimes([1.5], [3], "sparse backward + coalesce"),
  {
    what: "renorm beyond its look-up",
    floor: [15, { [WIDEST]: 4 }],
    goal: [25, { [WIDEST]: 6 }],
    reached: renormTimes(OURS),
    limits: renormTimes(Limits.title),
  },
  ...torchTimes([0.25, { [WIDE]: 0.5, [WIDEST]: 0.5, [SMALL]: 0.5 }], [0.5, { [SMALL]: 1 }], "bag sum", "bag mean"),
  ...torchTimes([5], [10], "bag max", "bag sum backward"),
  ...torchTimes([1.5], [3], "step: sparse SGD"),
  ...torchTimes([2.5], [5], "step: sparse Adagrad"),
  ...torchTimes([2], [5], "step: SparseAdam"),
  ...torchTimes([4, { [MILLION]: 15 }], [8, { [MILLION]: 40 }], "step: dense SGD"),
  ...torchTimes([1.2], [3], "step: dense Adam"),
  ...torchTimes([0.3], [0.6], "normal_"),
  ...STEPS.map(untidied),
];

export const SINGLE_TARGETS: readonly SingleTarget[] = [
  {
    what: "skip-gram steps, torch / ours (torch's better one, 1 thread)",
    floor: [4],
    goal: [8],
    reached: ({ skipGram }) => stepsTimes(skipGram, OURS),
    limit: ({ skipGram }) => stepsTimes(skipGram, Limits.title),
  },
  {
    what: "skip-gram of npm start, words a second, ours / word2vec in C",
    floor: [0.4],
    goal: [0.8],
    reached: ({ training }) => ratioOf(training?.times, TOOL, OURS),
  },
  {
    what: "dense SGD step 10,000 x 64, 1,024, tfjs / ours",
    floor: [10_000],
    goal: [30_000],
    reached: ({ results }) => ratioOf(results.find(({ line }) => line.group === "tfjs")?.times, Tfjs.title, OURS),
  },
  {
    what: "look-up of one row, µs",
    floor: [1],
    goal: [0.5],
    atMost: true,
    reached: ({ results }) => {
      const result = results.find(({ line }) => line.group === "latency" && line.op === "look-up");
      return result === undefined ? null : 1000 * result.times.get(OURS)!.median;
    },
  },
  {
    what: "import to first look-up, ms",
    floor: [15],
    goal: [8],
    atMost: true,
    reached: (run) => run.import?.median ?? null,
  },
  ...GROWING.map((op) => ({
    what: `growth: ${op}, slowest / fastest table`,
    floor: [3] as const,
    goal: [3] as const,
    atMost: true,
    reached: ({ results }: Run) => spreadOf(results, op, OURS),
  })),
];

/** How many times as fast as PyTorch's better way through the steps of skip-gram. */
function stepsTimes(times: Times | null, name: string): number | null {
  const ratios = [SPARSE, DENSE].map((kind) => ratioOf(times, TORCH + kind, name)).filter((ratio) => ratio !== null);
  return ratios.length === 0 ? null : Math.min(...ratios);
}

function boundAt([everywhere, exceptions = {}]: Bound, table: string): number {
  return exceptions[table] ?? everywhere;
}

type Verdict = "goal" | "floor" | "missed";

export function verdictOf({ floor, goal, atMost = false }: Target, reached: number, table = ""): Verdict {
  const meets = (bound: Bound) => (atMost ? reached <= boundAt(bound, table) : reached >= boundAt(bound, table));
  if (meets(goal)) return "goal";
  return meets(floor) ? "floor" : "missed";
}
