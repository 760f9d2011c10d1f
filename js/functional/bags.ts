// Which entry lies in which bag: the forms an input can take, and the checks of PyTorch on them.

import { describe, holdsFloats, type Shape, sizeText, wrongKind } from "../check.js";
import type { IntegerArray } from "../tensor/create.js";
import type { NestedArray } from "../tensor/nested.js";
import { NO_ROW, placesWhere, rowNumbers } from "../tensor/rows.js";
import { sameShape, Tensor, transient } from "../tensor/tensor.js";
import { kernels } from "../wasm.js";
import { type Complaints, type Indices, toIndices, WRONG_TYPE } from "./indices.js";

/** PyTorch's name, with which its error texts begin. */
export const OPERATION = "embedding_bag";

/** A matrix [B, L] of indices, a list of bags of any lengths, or one row of entries that offsets divide. */
export type BagInput = Indices | readonly (NestedArray | IntegerArray | Tensor)[];

/** A weight for each entry, in the outline of the input; for a list of bags also one row of all weights. */
export type SampleWeights =
  | Tensor
  | NestedArray
  | Float32Array
  | Float64Array
  | readonly (NestedArray | Float32Array | Float64Array | Tensor)[];

/** The entries of all bags, one bag after the other. */
export interface Entries {
  /** int32 [n]: the row of each entry. */
  readonly index: Tensor;
  /** int32 [bags + 1]: starts[b] .. starts[b + 1] are the entries of bag b. */
  readonly starts: Tensor;
  readonly bags: number;
  /** float32 [n], or null where every entry weighs the same. */
  readonly weights: Tensor | null;
  /** int32 [n]: where each entry stood before padding was left out; null where nothing was. */
  readonly positions: Tensor | null;
}

/** Sizes, before any value is looked at. lengths: of the bags, where they come as a list. */
export interface Outline {
  readonly shape: Shape;
  readonly lengths: readonly number[] | null;
}

/** A list of 1-D tensors as a list of their values; everything else as it is. */
export function unwrapped<T>(argument: string, given: T): T {
  if (!Array.isArray(given) || !given.some((bag) => bag instanceof Tensor)) return given;
  return given.map((bag: unknown, b) => {
    if (!(bag instanceof Tensor)) return bag;
    if (bag.requiresGrad) {
      throw new Error(
        `${OPERATION}: ${argument}[${b}] requires a gradient, which does not flow through a list: pass one tensor, made by cat`,
      );
    }
    if (bag.ndim === 1) return bag.array.slice();
    throw new RangeError(
      `${OPERATION}: ${argument}[${b}] must be a 1D Tensor, but got Tensor of dimension ${bag.ndim}`,
    );
  }) as T;
}

export function outlineOf(argument: string, given: unknown): Outline {
  if (given instanceof Tensor) return { shape: given.shape, lengths: null };
  if (isTypedArray(given)) return { shape: [given.length], lengths: null };
  if (!Array.isArray(given)) {
    if (typeof given === "number") return { shape: [], lengths: null };
    throw wrongKind(OPERATION, argument, "a Tensor or an array", given);
  }
  if (!given.some(isList)) return { shape: [given.length], lengths: null };
  const lengths = Array.from(given, (bag, b) => {
    if (isList(bag)) return bag.length;
    throw new TypeError(`${OPERATION}: ${argument}[${b}] must be an array like the others, but got ${describe(bag)}`);
  });
  const inner = given.find((bag) => Array.isArray(bag) && bag.some(isList));
  const depth = inner === undefined ? [] : [inner.length];
  const longest = lengths.reduce((a, b) => Math.max(a, b));
  return { shape: [given.length, longest, ...depth], lengths };
}

function isTypedArray(value: unknown): value is IntegerArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function isList(value: unknown): value is { length: number } {
  return Array.isArray(value) || isTypedArray(value);
}

/** torch.Size([2, 3]), or the lengths of bags that differ. */
function outlineText({ shape, lengths }: Outline): string {
  const ragged = lengths?.some((length) => length !== shape[1]) ?? false;
  return ragged ? `bags of lengths ${sizeText(lengths!)}` : `torch.Size(${sizeText(shape)})`;
}

/** RangeError unless every entry has one weight. */
export function checkWeightsShape(given: Outline, input: Outline): void {
  const inRows = given.shape.length === 2 && input.shape.length === 2;
  const inOneRow = input.lengths !== null && given.shape.length === 1;
  const fits = inRows
    ? sameShape(bagLengths(given), bagLengths(input))
    : sameShape(given.shape, inOneRow ? [total(input.lengths)] : input.shape);
  if (fits) return;
  throw new RangeError(
    `${OPERATION}: If per_sample_weights (${outlineText(given)}) is not None, ` +
      `then it must have the same shape as the input (${outlineText(input)})`,
  );
}

/** How many entries each bag of a matrix or a list has. */
function bagLengths({ shape, lengths }: Outline): readonly number[] {
  return lengths ?? Array(shape[0]).fill(shape[1]);
}

function total(lengths: readonly number[]): number {
  return lengths.reduce((sum, length) => sum + length, 0);
}

/** The complaints of PyTorch about sizes and offsets that do not go together. */
export function checkDivision({ shape }: Outline, offsets: unknown): void {
  const none = offsets === undefined || offsets === null;
  if (shape.length === 2) {
    if (none) return;
    throw new Error(
      `${OPERATION}: if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length ` +
        `sequences. However, found offsets of type ${describe(offsets)}`,
    );
  }
  if (shape.length !== 1) {
    throw new RangeError(`${OPERATION}: input has to be 1D or 2D Tensor, but got Tensor of dimension ${shape.length}`);
  }
  if (none) throw new TypeError(`${OPERATION}: offsets has to be a 1D Tensor but got None`);
  const given = outlineOf("offsets", offsets).shape;
  if (given.length !== 1) {
    throw new RangeError(`${OPERATION}: offsets has to be a 1D Tensor, but got Tensor of dimension ${given.length}`);
  }
}

/** starts[b] .. starts[b + 1] are the entries of bag b. */
export function startsOf({ shape, lengths }: Outline, offsets: unknown, includeLastOffset: boolean): Int32Array {
  const [bags, length] = shape;
  if (shape.length === 1) return checkOffsets(offsets, bags, includeLastOffset);
  const starts = new Int32Array(bags + 1);
  for (let b = 0; b < bags; b++) starts[b + 1] = starts[b] + (lengths?.[b] ?? length);
  return starts;
}

/** No input is this long. */
const MAX_ENTRIES = 2 ** 31 - 1;

const OFFSETS: Complaints = {
  outOfRange: () => "offsets are positions in input",
  wrongType: /* @__PURE__ */ WRONG_TYPE.replace("indices", "offsets"),
  argument: "offsets",
};

/** Where PyTorch looks at the first and the last offset only, all are checked: from 0, never descending, within the input. */
function checkOffsets(offsets: unknown, n: number, includeLastOffset: boolean): Int32Array {
  const given = toIndices(OPERATION, offsets, MAX_ENTRIES, OFFSETS).array.slice() as Int32Array;
  const fail = (problem: string): never => {
    throw new RangeError(`${OPERATION}: ${problem}`);
  };
  const [first = n === 0 ? 0 : "none"] = given;
  if (includeLastOffset && given.length === 0) fail("include_last_offset: number of offset should be at least 1");
  if (first !== 0) {
    fail(
      "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. " +
        `However, got ${first}`,
    );
  }
  const last = given.at(-1) ?? 0;
  if (last > n) {
    fail(`offsets[-1] can not be greater than input's length ${n} but got offsets[-1] of ${last}`);
  }
  const bad = given.findIndex((start, b) => start < given[b - 1]);
  if (bad >= 0) fail(`offsets must not descend: offsets[${bad}] is ${given[bad]} after ${given[bad - 1]}`);
  if (includeLastOffset) {
    if (last !== n) fail(`include_last_offset: offsets[-1] has to be the input's length ${n}, but got ${last}`);
    return given;
  }
  const starts = new Int32Array(given.length + 1).fill(n);
  starts.set(given);
  return starts;
}

const BAG_LOOK_UP: Complaints = {
  outOfRange: (value) => `Expected idx >= 0 && idx < num_embeddings but found idx to be ${value}`,
};

/** The rows of all entries, each in [0, rows): an int32 tensor [n]. */
export function entriesOf(input: unknown, { lengths }: Outline, rows: number): Tensor {
  if (lengths === null) {
    const index = toIndices(OPERATION, input, rows, BAG_LOOK_UP);
    return index.alias([index.numel]);
  }
  for (const [b, bag] of (input as unknown[]).entries()) {
    if (ArrayBuffer.isView(bag) && holdsFloats(bag)) {
      throw new TypeError(`${OPERATION}: input[${b}] must hold integers, but got ${describe(bag)}`);
    }
  }
  const element = (_: Shape, position: number) => bagElement("input", lengths, position);
  return toIndices(OPERATION, joined("input", input, lengths), rows, { ...BAG_LOOK_UP, element });
}

/** The weights of all entries in a row: the tensor's own elements, or a copy. */
export function toWeights(given: SampleWeights): Tensor {
  if (given instanceof Tensor) {
    if (given.dtype !== "float32") {
      throw new TypeError(
        `${OPERATION}: Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 ` +
          `'per_sample_weights'; but type torch.FloatTensor does not equal torch.IntTensor`,
      );
    }
    return given.alias([given.numel]);
  }
  const { shape, lengths } = outlineOf("perSampleWeights", given);
  const values = joined("perSampleWeights", lengths === null ? [given] : given, lengths ?? shape);
  const out = transient([values.length]);
  out.array.set(values);
  return out;
}

/** The numbers of all bags, one bag after the other. */
function joined(argument: string, bags: unknown, lengths: readonly number[]): number[] {
  const values: number[] = [];
  for (const bag of bags as readonly ArrayLike<unknown>[]) {
    for (let i = 0; i < bag.length; i++) {
      const value = bag[i];
      if (typeof value !== "number" && typeof value !== "bigint") {
        const element = bagElement(argument, lengths, values.length);
        throw new TypeError(`${OPERATION}: ${element} must be a number, but got ${describe(value)}`);
      }
      values.push(Number(value));
    }
  }
  return values;
}

/** "input[2][0]" for a position among all entries. */
function bagElement(argument: string, lengths: readonly number[], position: number): string {
  let rest = position;
  let bag = 0;
  while (rest >= lengths[bag]) rest -= lengths[bag++];
  return `${argument}[${bag}][${rest}]`;
}

/** The entries without those of the padding row, if there is one. */
export function withoutPadding(index: Tensor, starts: Int32Array, weights: Tensor | null, paddingIdx: number): Entries {
  const bags = starts.length - 1;
  const rows = index.array;
  if (paddingIdx === NO_ROW || !rows.includes(paddingIdx)) {
    return { index, starts: rowNumbers(starts), bags, weights, positions: null };
  }
  const kept = placesWhere(rows, (row) => row !== paddingIdx);
  const before = starts.slice();
  for (let b = 0, n = 0; b <= bags; b++) {
    while (kept[n] < starts[b]) n++;
    before[b] = n;
  }
  const positions = rowNumbers(kept);
  return {
    index: picked(index, positions),
    starts: rowNumbers(before),
    bags,
    weights: weights === null ? null : picked(weights, positions),
    positions,
  };
}

/** x[positions[i]] */
function picked(x: Tensor, positions: Tensor): Tensor {
  const out = transient(positions.shape, x.dtype);
  kernels.gather(out.address, x.address, positions.address, positions.numel, 1);
  return out;
}

/** int32 [n]: the bag of each of n entries. */
export function bagNumbers(starts: Tensor, n: number): Tensor {
  const out = transient([n], "int32");
  const [numbers, ends] = [out.array, starts.array];
  for (let b = 0, j = 0; j < n; b++) while (j < ends[b + 1]) numbers[j++] = b;
  return out;
}
