// What is measured: operations by shapes, and the data they work on.

import { Generator, randint, randn, type Tensor } from "nn-embedding";

/** At each of the SHAPES. A backward is without its forward, a step is a whole one: zeroGrad, forward, backward, step. */
export const OPERATIONS = [
  "look-up",
  "dense backward",
  "dense backward, grad read",
  "sparse backward + coalesce",
  "renorm",
  "step: sparse SGD",
  "step: dense SGD",
  "step: dense SGD, grad read",
  "step: sparse Adagrad",
  "step: dense Adagrad",
  "step: SparseAdam",
  "step: dense Adam",
  "bag sum",
  "bag mean",
  "bag max",
  "bag sum backward",
  "bag max backward",
  "normal_",
  "copy to a new array",
] as const;

export type Operation =
  | (typeof OPERATIONS)[number]
  | "look-up of an Int32Array"
  | "look-up, int8"
  | "bag sum, int8"
  | "nearest"
  | "nearest, int8"
  | "one-hot product"
  | "matmul"
  | "linear + backward";

/** A table of V rows of D floats, looked up N times. */
export interface Shape {
  readonly V: number;
  readonly D: number;
  readonly N: number;
}

/** operations: the SHAPES and three more. latency: so little that the call is what costs. growth: one batch, ever larger tables. */
export type Group = "operations" | "latency" | "growth" | "tfjs";

export interface Line extends Shape {
  readonly group: Group;
  readonly op: Operation;
}

export const SHAPES: readonly Shape[] = [
  { V: 10_000, D: 300, N: 16_384 },
  { V: 100_000, D: 64, N: 65_536 },
  { V: 1_000_000, D: 64, N: 65_536 },
  { V: 50_000, D: 128, N: 65_536 },
  { V: 30_000, D: 768, N: 8_192 },
  { V: 1_000, D: 16, N: 65_536 },
];

export const SEED = 20_260;
export const LEARNING_RATE = 0.01;
export const EPS = 1e-10;
/** Of Adam and SparseAdam. */
export const BETAS = [0.9, 0.999] as const;
export const ADAM_EPS = 1e-8;
/** Entries of a bag. */
export const BAG = 16;
/** Rows found by a search. */
export const NEAREST = 10;
/** Rows of normal numbers are longer than this, all of them. */
export const MAX_NORM = 1;

/** A product with a one-hot matrix costs so much that it gets a small batch, and the look-up the same one beside it. */
const ONE_HOT: Shape = { V: 10_000, D: 300, N: 64 };
/** [N, D] times [V, D], which are square. */
const SQUARE: Shape = { V: 256, D: 256, N: 256 };
/** [N, D] through a weight of V x D: a batch of words on its way to the scores of a vocabulary. */
const OUTPUT: Shape = { V: 14_000, D: 128, N: 512 };

const OTHERS: readonly Line[] = [
  { group: "operations", op: "look-up", ...ONE_HOT },
  { group: "operations", op: "one-hot product", ...ONE_HOT },
  { group: "operations", op: "matmul", ...SQUARE },
  { group: "operations", op: "linear + backward", ...OUTPUT },
  { group: "operations", op: "look-up, int8", ...SHAPES[1] },
  { group: "operations", op: "bag sum, int8", ...SHAPES[1] },
  { group: "operations", op: "nearest", ...SHAPES[1] },
  { group: "operations", op: "nearest, int8", ...SHAPES[1] },
];

const LATENCY: readonly Line[] = [
  { group: "latency", op: "look-up", V: 10_000, D: 64, N: 1 },
  { group: "latency", op: "look-up of an Int32Array", V: 10_000, D: 64, N: 1 },
  { group: "latency", op: "bag sum", V: 10_000, D: 64, N: BAG },
];

export const GROWING = ["step: sparse SGD", "step: dense SGD", "step: sparse Adagrad", "step: dense Adagrad"] as const;
export const HEIGHTS = [1_000, 4_000, 16_000, 64_000, 250_000, 1_000_000, 4_000_000];

/** The one shape at which a step of tfjs ends within minutes. */
const TFJS: Line = { group: "tfjs", op: "step: dense SGD", V: 10_000, D: 64, N: 1_024 };

/** Lines whose title contains `filter`; when `quick`, the first and last shape and small tables only. */
export function linesOf(filter: string, quick: boolean): Line[] {
  const shapes = quick ? [SHAPES[0], SHAPES[SHAPES.length - 1]] : SHAPES;
  const heights = quick ? [HEIGHTS[0], HEIGHTS[3]] : HEIGHTS;
  const lines: Line[] = [
    // While the heap is young, as that of a program that looks up a row.
    ...LATENCY,
    ...OPERATIONS.flatMap((op) => shapes.map((shape) => ({ group: "operations" as const, op, ...shape }))),
    ...(quick ? [] : OTHERS),
    ...GROWING.flatMap((op) => heights.map((V) => ({ group: "growth" as const, op, V, D: 32, N: 1_024 }))),
    TFJS,
  ];
  return lines.filter((line) => matches(titleOf(line), filter));
}

export function matches(title: string, filter: string): boolean {
  return title.toLowerCase().includes(filter.toLowerCase());
}

export function titleOf(line: Line): string {
  const title = `${line.op} ${shapeText(line)}`;
  return line.group === "operations" ? title : `${line.group}: ${title}`;
}

export function shapeText({ V, D, N }: Shape): string {
  return `${tableText({ V, D })}, ${sizeText(N)}`;
}

export function tableText({ V, D }: Omit<Shape, "N">): string {
  return `${sizeText(V)} x ${D}`;
}

export function sizeText(size: number): string {
  return size.toLocaleString("en-US");
}

export interface Data extends Shape {
  /** V x D */
  readonly weight: Float32Array;
  /** N */
  readonly index: Int32Array;
  /** N x D, of the look-up's result */
  readonly gradient: Float32Array;
}

/** The same numbers for everybody: torch_bench.py draws them from PyTorch's generator with the same seed. */
export function dataOf({ V, D, N }: Shape): Data {
  const generator = new Generator().manualSeed(SEED);
  const weight = taken(randn([V, D], { generator })) as Float32Array;
  const index = taken(randint(0, V, [N], { generator })) as Int32Array;
  const gradient = taken(randn([N, D], { generator })) as Float32Array;
  return { V, D, N, weight, index, gradient };
}

function taken(x: Tensor): Float32Array | Int32Array {
  const values = x.array.slice();
  x.dispose();
  return values;
}
