// Changes in place, and fresh tensors full of one value.

import { checkInteger, checkNumber, checkOptions, describe, type Shape, sizeText, wrongKind } from "../check.js";
import { defaultGenerator, Generator } from "../random.js";
import { kernels, lasting } from "../wasm.js";
import { broadcastShape } from "./arithmetic.js";
import { flatten, type NestedArray } from "./nested.js";
import type { Words } from "./storage.js";
import { checkFloat, numelOf, sameShape, Tensor, transient } from "./tensor.js";
import { expanded } from "./views.js";

/** target[at ..] = the elements of source. */
export function copyElements(target: Tensor, source: Tensor, at = 0): void {
  target.array.set(source.array, at);
}

/** Block i of source goes to target[at + i * step ..], for all of its blocks of `block` elements. */
export function copyBlocks(target: Tensor, source: Tensor, block: number, step: number, at: number): void {
  const [to, from] = [target.array, source.array];
  for (let i = 0; i * block < from.length; i++) {
    const [start, end, place] = [i * block, (i + 1) * block, i * step + at];
    // A short block is moved before a view of it could be made.
    if (block < 32) for (let k = start; k < end; k++) to[place + k - start] = from[k];
    else to.set(from.subarray(start, end), place);
  }
}

/** A transient float32 tensor of one value. */
export function filled(shape: Shape, value: number): Tensor {
  const out = transient(shape);
  out.array.fill(value);
  return out;
}

export function fill_<T extends Tensor>(x: T, value: number, operation = "fill_"): T {
  checkNumber(operation, "value", value);
  if (x.dtype === "int32") checkInt32(operation, "value", value);
  x.checkInPlace(operation);
  x.array.fill(value);
  x.storage.version++;
  return x;
}

export function copy_<T extends Tensor>(x: T, source: Tensor | Words | Float64Array | NestedArray): T {
  x.checkInPlace("copy_");
  const from = source instanceof Tensor ? source : literal("copy_", "source", source, x.shape);
  if (from instanceof Tensor) {
    if (from.dtype !== x.dtype) throw new TypeError(`copy_: source is ${from.dtype}, but the tensor is ${x.dtype}`);
    if (!sameShape(broadcastShape("copy_", from.shape, x.shape), x.shape)) throw sizeMismatch(from.shape, x.shape);
    const spread = expanded(from, x.shape);
    copyElements(x, spread);
    if (spread !== from) spread.dispose();
  } else {
    if (!sameShape(from.shape, x.shape)) throw sizeMismatch(from.shape, x.shape);
    if (x.dtype === "int32") checkAllInt32("copy_", "source", from.values);
    x.array.set(from.values);
  }
  x.storage.version++;
  return x;
}

function sizeMismatch(source: Shape, target: Shape): RangeError {
  return new RangeError(
    `copy_: source of shape ${sizeText(source)} does not fit a tensor of shape ${sizeText(target)}`,
  );
}

/** Values and shape of an argument that is no tensor; a typed array takes the shape asked for. */
export function literal(
  operation: string,
  argument: string,
  source: unknown,
  shape: Shape | undefined,
): { shape: Shape; values: ArrayLike<number> } {
  if (!ArrayBuffer.isView(source)) return flatten(operation, argument, source);
  if (!isNumeric(source)) throw new TypeError(`${operation}: argument '${argument}' must not be ${describe(source)}`);
  const wanted = shape ?? [source.length];
  if (numelOf(wanted) !== source.length) {
    throw new RangeError(
      `${operation}: shape '${sizeText(wanted)}' is invalid for argument '${argument}' with ${source.length} elements`,
    );
  }
  return { shape: wanted, values: lasting(source) };
}

function isNumeric(view: ArrayBufferView): view is Float32Array {
  return !(view instanceof DataView) && !(view instanceof BigInt64Array) && !(view instanceof BigUint64Array);
}

export function checkAllInt32(operation: string, argument: string, values: ArrayLike<number>): void {
  if (values instanceof Int32Array) return;
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== (values[i] | 0)) checkInt32(operation, `${argument}[${i}]`, values[i]);
  }
}

/** A whole number that 32 bits can hold. */
export function checkInt32(operation: string, argument: string, value: number): void {
  checkInteger(operation, argument, value);
  if (value !== (value | 0)) {
    throw new RangeError(`${operation}: ${argument} is ${value}, valid range of int32 is [-2147483648, 2147483647]`);
  }
}

export interface DrawOptions {
  /** The default generator unless given. */
  generator?: Generator;
}

export function uniform_<T extends Tensor>(x: T, from: number, to: number, options: DrawOptions): T {
  checkNumber("uniform_", "from", from);
  checkNumber("uniform_", "to", to);
  if (!(from <= to)) {
    throw new RangeError(`uniform_ expects to return a [from, to) range, but found from=${from} > to=${to}`);
  }
  if (!Number.isFinite(Math.fround(Math.fround(to) - Math.fround(from)))) {
    throw new RangeError(
      `uniform_: uniform_ expects to-from <= std::numeric_limits<float>::max(), but found to=${to} and from=${from}`,
    );
  }
  return drawInto("uniform_", x, options, (address, state) => kernels.uniform(address, state, x.numel, from, to));
}

export function normal_<T extends Tensor>(x: T, mean: number, std: number, options: DrawOptions): T {
  checkNumber("normal_", "mean", mean);
  checkNumber("normal_", "std", std);
  if (!(std >= 0)) throw new RangeError(`normal_: normal expects std >= 0.0, but found std ${std}`);
  return drawInto("normal_", x, options, (address, state) => kernels.normal(address, state, x.numel, mean, std));
}

function drawInto<T extends Tensor>(
  operation: string,
  x: T,
  options: DrawOptions,
  draw: (address: number, state: number) => void,
): T {
  checkFloat(operation, "input", x);
  checkOptions(operation, options, ["generator"]);
  const source = checkGenerator(operation, options.generator);
  x.checkInPlace(operation);
  const state = source.address;
  draw(x.address, state);
  x.storage.version++;
  return x;
}

/** The generator given, or the default one. */
export function checkGenerator(operation: string, generator: unknown): Generator {
  if (generator === undefined) return defaultGenerator();
  if (!(generator instanceof Generator)) {
    throw wrongKind(operation, "generator", "a Generator", generator);
  }
  return generator;
}
