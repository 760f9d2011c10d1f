import { describe, elementName, type Shape } from "../check.js";
import type { Words } from "./storage.js";

/** Numbers in nested arrays, all branches equally long; a bare number is 0-D. */
export type NestedArray = number | readonly NestedArray[];

/** An array that contains itself has no bottom. */
const MAX_DIMS = 64;

/** Row-major values and shape of nested arrays. TypeError where they are ragged or hold something else. */
export function flatten(operation: string, argument: string, data: unknown): { shape: number[]; values: number[] } {
  const shape: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0]) {
    if (shape.length === MAX_DIMS)
      throw new TypeError(`${operation}: ${argument} is nested deeper than ${MAX_DIMS} levels`);
    shape.push(level.length);
  }
  const values: number[] = [];
  gather(operation, argument, data, shape, 0, values);
  return { shape, values };
}

function gather(operation: string, path: string, data: unknown, shape: Shape, dim: number, values: number[]): void {
  if (dim === shape.length) {
    if (typeof data === "number") {
      values.push(data);
      return;
    }
    if (Array.isArray(data)) throw ragged(operation, path, `a number at dim ${dim} (got an array)`);
    throw new TypeError(`${operation}: ${path} must be a number, but got ${describe(data)}`);
  }
  if (!Array.isArray(data))
    throw ragged(operation, path, `sequence of length ${shape[dim]} at dim ${dim} (got ${describe(data)})`);
  if (data.length !== shape[dim]) {
    throw ragged(operation, path, `sequence of length ${shape[dim]} at dim ${dim} (got ${data.length})`);
  }
  for (let i = 0; i < data.length; i++) {
    gather(operation, elementName(path, [data.length], i), data[i], shape, dim + 1, values);
  }
}

function ragged(operation: string, path: string, problem: string): TypeError {
  return new TypeError(`${operation}: expected ${problem}: ${path} makes the nesting ragged`);
}

/** The opposite: nested arrays of row-major values. */
export function nest(values: Words, shape: Shape): NestedArray {
  let position = 0;
  const build = (dim: number): NestedArray =>
    dim === shape.length ? values[position++] : Array.from({ length: shape[dim] }, () => build(dim + 1));
  return build(0);
}
