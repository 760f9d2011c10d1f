// Values and gradients of an operation against an oracle in float64 and its central differences.

import { type Tensor, tensor, tidy } from "nn-embedding";
import { expect } from "vitest";
import { coordinates, positionOf, sizeOf } from "./arbitrary.js";
import { expectClose, gradOf, largest, valuesOf } from "./compare.js";

/** Row-major values and their shape. */
export interface Operand {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** float32 values of either sign, none near 0 or near another: slopes have no corners within a step of the differences. */
export function operand(shape: readonly number[], seed = 0): Operand {
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => {
    const x = (((i * 7 + seed) % 11) - 5.3) / 4 + i / 64;
    return Math.fround(Math.abs(x) < 0.1 ? x + 0.26 : x);
  });
  return { shape, values };
}

const replaced = (x: readonly number[], at: number, value: number) => x.map((old, k) => (k === at ? value : old));

type Oracle = (...x: (readonly number[])[]) => ArrayLike<number>;

/** Half the distance between the points of a difference. */
const STEP = 2 ** -20;

/**
 * `ours` of leaves with these values is `oracle` of the values, and its gradients are the slopes of the oracle: both within
 * `tolerance` of the largest element, or of 1 if that is less.
 */
export function expectSlopes(
  ours: (...x: Tensor[]) => Tensor,
  oracle: Oracle,
  operands: readonly Operand[],
  tolerance = 1e-5,
): void {
  tidy(() => {
    const leaves = operands.map(({ shape, values }) =>
      tensor(Float32Array.from(values), { shape, requiresGrad: true }),
    );
    const out = ours(...leaves);
    const values = operands.map((x) => x.values);
    const expected = Array.from(oracle(...values));
    expectClose(valuesOf(out), expected, tolerance, () => Math.max(1, largest(expected)));

    const weights = Float32Array.from(expected, (_, k) => ((k * 5) % 7) / 4 - 0.6);
    out.backward(tensor(weights, { shape: out.shape }));
    const weighted = (x: readonly (readonly number[])[]) =>
      Array.from(oracle(...x)).reduce((sum, value, k) => sum + weights[k] * value, 0);
    for (const [i, leaf] of leaves.entries()) {
      const slopes = values[i].map((_, k) => {
        const [up, down] = [STEP, -STEP].map((step) =>
          weighted(values.map((x, j) => (j === i ? replaced(x, k, x[k] + step) : x))),
        );
        return (up - down) / (2 * STEP);
      });
      expect(leaf.grad!.shape).toEqual(leaf.shape);
      expectClose(gradOf(leaf), slopes, tolerance, () => Math.max(1, largest(slopes)));
    }
  });
}

/** f of every line of values along one dimension, put back in its place; f may return fewer or more values. */
export function alongDim(
  { shape, values }: Operand,
  dim: number,
  f: (line: number[]) => readonly number[],
): { shape: number[]; values: number[] } {
  const axis = dim < 0 ? dim + shape.length : dim;
  const lead = shape.map((size, k) => (k === axis ? 1 : size));
  const lines = Array.from({ length: sizeOf(lead) }, (_, k) => {
    const place = coordinates(k, lead);
    const at = (i: number) => values[positionOf(replaced(place, axis, i), shape)];
    return f(Array.from({ length: shape[axis] }, (__, i) => at(i)));
  });
  const out = shape.map((size, k) => (k === axis ? (lines[0]?.length ?? size) : size));
  const result = Array.from({ length: sizeOf(out) }, (_, k) => {
    const place = coordinates(k, out);
    return lines[positionOf(replaced(place, axis, 0), lead)][place[axis]];
  });
  return { shape: out, values: result };
}
