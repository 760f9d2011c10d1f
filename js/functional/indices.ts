import { describe, elementName, holdsFloats, MAX_DIMS, type Shape } from "../check.js";
import type { IntegerArray } from "../tensor/create.js";
import { flatten, type NestedArray } from "../tensor/nested.js";
import { Tensor, transient } from "../tensor/tensor.js";
import { kernels, lasting } from "../wasm.js";

/** Row numbers: a number (0-D), nested arrays, any integer typed array (1-D) or an int32 tensor of any rank. */
export type Indices = number | NestedArray | IntegerArray | Tensor;

/** PyTorch's words for what is wrong with an index. */
export interface Complaints {
  /** "index out of range in self" unless given. */
  outOfRange?(value: number | bigint): string;
  /** WRONG_TYPE unless given. */
  readonly wrongType?: string;
  /** What is let through although it is no index. */
  readonly allowed?: number;
  /** The argument's name; "input" unless given. */
  readonly argument?: string;
  /** The element at a position of the flattened indices; "input[1][2]" unless given. */
  element?(shape: Shape, position: number): string;
}

export const WRONG_TYPE =
  "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; " +
  "but got torch.FloatTensor instead";

/**
 * The indices as an int32 tensor of their own shape, every one in [0, rows).
 * TypeError for anything that is no integer, RangeError naming the first index outside, before anything is changed.
 */
export function toIndices(operation: string, input: unknown, rows: number, complaints: Complaints = {}): Tensor {
  const { argument = "input", wrongType = WRONG_TYPE, allowed } = complaints;
  const element = complaints.element ?? ((shape: Shape, position: number) => elementName(argument, shape, position));
  const fail = (shape: Shape, position: number, value: number | bigint): never => {
    const problem = complaints.outOfRange?.(value) ?? "index out of range in self";
    throw new RangeError(
      `${operation}: ${problem}: ${element(shape, position)} is ${value}, valid range is [0, ${rows})`,
    );
  };
  if (input instanceof Tensor) {
    if (input.dtype === "float32") {
      throw new TypeError(
        `${operation}: ${wrongType}: make index tensors with longTensor(data), or pass the numbers as an array`,
      );
    }
    checkRange(input, rows, fail, allowed);
    return input;
  }
  if (input instanceof Int32Array) {
    const out = copied(lasting(input), [input.length]);
    try {
      checkRange(out, rows, fail, allowed);
    } catch (error) {
      out.dispose();
      throw error;
    }
    return out;
  }
  if (input instanceof BigInt64Array || input instanceof BigUint64Array) {
    const limit = BigInt(rows);
    const bad = input.findIndex((value) => (value < 0n || value >= limit) && Number(value) !== allowed);
    if (bad >= 0) fail([input.length], bad, input[bad]);
    return copied(Array.from(input as BigInt64Array, Number), [input.length]);
  }
  const { shape, values } = ArrayBuffer.isView(input)
    ? integers(operation, argument, input)
    : flatten(operation, argument, input);
  for (let i = 0; i < values.length; i++) {
    if (!Number.isInteger(values[i])) {
      throw new TypeError(`${operation}: ${element(shape, i)} is ${values[i]}, an index must be an integer`);
    }
    if ((values[i] < 0 || values[i] >= rows) && values[i] !== allowed) fail(shape, i, values[i]);
  }
  return copied(values, shape);
}

/** The shape that indices say they have, before anything is checked; null for what can be none. */
export function shapeOf(input: unknown): Shape | null {
  const outer: number[] = [];
  let level = input;
  for (; Array.isArray(level); level = level[0]) {
    // An array that contains itself has no bottom.
    if (outer.length === MAX_DIMS) return null;
    outer.push(level.length);
  }
  if (level instanceof Tensor) return [...outer, ...level.shape];
  if (ArrayBuffer.isView(level)) return level instanceof DataView ? null : [...outer, (level as Int32Array).length];
  return outer.length > 0 || typeof level === "number" ? outer : null;
}

type Fail = (shape: Shape, position: number, value: number) => never;

function checkRange(input: Tensor, rows: number, fail: Fail, allowed?: number): void {
  const bad =
    allowed === undefined
      ? kernels.firstBadIndex(input.address, input.numel, rows)
      : input.array.findIndex((value) => (value < 0 || value >= rows) && value !== allowed);
  if (bad >= 0) fail(input.shape, bad, input.array[bad]);
}

function integers(
  operation: string,
  argument: string,
  input: ArrayBufferView,
): { shape: Shape; values: ArrayLike<number> } {
  if (input instanceof DataView || holdsFloats(input)) {
    throw new TypeError(
      `${operation}: Expected argument '${argument}' to hold integers, but got ${describe(input)}: use an integer typed array`,
    );
  }
  const values = input as unknown as ArrayLike<number>;
  return { shape: [values.length], values };
}

function copied(values: ArrayLike<number>, shape: Shape): Tensor {
  const out = transient(shape, "int32");
  // A detached array has no elements left to copy.
  if (values.length > 0) out.array.set(values);
  return out;
}
