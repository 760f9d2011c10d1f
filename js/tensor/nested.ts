import { describe, MAX_DIMS, type Shape } from "../check.js";
import type { Words } from "./storage.js";

/** Numbers in nested arrays, all branches equally long; a bare number is 0-D. */
export type NestedArray = number | readonly NestedArray[];

/** Row-major values and shape of nested arrays. TypeError where they are ragged or hold something else. */
export function flatten(operation: string, argument: string, data: unknown): { shape: number[]; values: number[] } {
  const shape: number[] = [];
  for (let level = data; Array.isArray(level); level = level[0]) {
    // An array that contains itself has no bottom.
    if (shape.length === MAX_DIMS)
      throw new TypeError(`${operation}: ${argument} is nested deeper than ${MAX_DIMS} levels`);
    shape.push(level.length);
  }
  const values: number[] = [];
  const path: number[] = [];
  const name = () => argument + path.map((i) => `[${i}]`).join("");
  const ragged = (problem: string) =>
    new TypeError(`${operation}: expected ${problem}: ${name()} makes the nesting ragged`);
  const collect = (item: unknown): void => {
    const dim = path.length;
    if (dim === shape.length) {
      if (typeof item === "number") values.push(item);
      else if (Array.isArray(item)) throw ragged(`a number at dim ${dim} (got an array)`);
      else throw new TypeError(`${operation}: ${name()} must be a number, but got ${describe(item)}`);
      return;
    }
    if (!Array.isArray(item) || item.length !== shape[dim]) {
      const got = Array.isArray(item) ? item.length : describe(item);
      throw ragged(`sequence of length ${shape[dim]} at dim ${dim} (got ${got})`);
    }
    for (let i = 0; i < item.length; i++) {
      path.push(i);
      collect(item[i]);
      path.pop();
    }
  };
  collect(data);
  return { shape, values };
}

/** The opposite: nested arrays of row-major values. */
export function nest(values: Words, shape: Shape): NestedArray {
  let position = 0;
  const build = (dim: number): NestedArray =>
    dim === shape.length ? values[position++] : Array.from({ length: shape[dim] }, () => build(dim + 1));
  return build(0);
}
