import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, randomNumbers, SHIFTS, sweep } from "./data.js";
import { expectClose, expectNumbers, kernels, outputOf } from "./wasm.js";

const WIDTHS = [...DIMS, 1000];
const HEIGHTS = [0, 1, 3];

const forward = (name: "softmax" | "logSoftmax", x: Float32Array, rows: number, dim: number, shift = 0) =>
  outputOf(rows * dim, [x], (out, at) => kernels[name](out, at, rows, dim), shift);

const backward = (
  name: "softmaxBackward" | "logSoftmaxBackward",
  y: Float32Array,
  grad: Float32Array,
  rows: number,
  dim: number,
  shift: number,
) => outputOf(rows * dim, [y, grad], (out, at, g) => kernels[name](out, at, g, rows, dim), shift);

/** Logits up to 2^7 apart, on a level of their own in each row. */
const logits = (rows: number, dim: number, seed: number) => {
  const next = randomNumbers(seed);
  return new Float32Array(rows * dim).map(
    (_, k) => (next() - 0.5) * 2 ** (next() * 12 - 5) + Math.floor(k / dim) * 100,
  );
};

/** A half unit in the last place of 1. */
const HALF = 2 ** -24;

/** Roundings that a pairwise sum of a row can add up: those of its blocks' quarters, and one for each halving. */
const roundings = (dim: number) => Math.log2(dim + 1) + 36;

/** How far each element is below the largest of its row: the error of the difference comes through exponentials. */
function depths(x: Float32Array, rows: number, dim: number): number[] {
  const { values } = reference.maxRows(x, rows, dim);
  return Array.from(x, (value, k) => values[Math.floor(k / dim)] - value);
}

describe("softmax", () => {
  it("is off by its roundings at most", () => {
    sweep({ dim: WIDTHS, rows: HEIGHTS, shift: SHIFTS }, ({ dim, rows, shift }) => {
      const x = logits(rows, dim, dim);
      const expected = reference.softmax(x, rows, dim);
      const below = dim > 0 ? depths(x, rows, dim) : [];
      const bound = (k: number) => HALF * (below[k] + 6 + roundings(dim)) * expected[k] + 2 ** -149;
      expectClose(forward("softmax", x, rows, dim, shift), expected, bound);
    });
  });

  const cases: [number[], number[]][] = [
    [
      [1e30, 1e30, -1e30],
      [0.5, 0.5, 0],
    ],
    [
      [-Infinity, 7, 7],
      [0, 0.5, 0.5],
    ],
    [
      [-Infinity, -Infinity, -3e38],
      [0, 0, 1],
    ],
    [
      [-Infinity, -Infinity, -Infinity],
      [NaN, NaN, NaN],
    ],
    [
      [Infinity, 0, 0],
      [NaN, NaN, NaN],
    ],
    [
      [0, NaN, 0],
      [NaN, NaN, NaN],
    ],
  ];

  it("neither overflows nor trips over a mask of -Infinity; NaN and rows without a number make NaN", () => {
    for (const [x, y] of cases) {
      // In the vector part of a row and in its tail.
      for (const dim of [3, 4, 5, 8, 11]) {
        const row = new Float32Array(dim).fill(-Infinity);
        row.set(x, dim - 3);
        const expected = new Float32Array(dim).fill(y.includes(NaN) ? NaN : 0);
        expected.set(y, dim - 3);
        expectNumbers(forward("softmax", row, 1, dim), expected);
        expectNumbers(forward("softmax", row.reverse(), 1, dim), expected.reverse());
        expectNumbers(
          forward("logSoftmax", row, 1, dim).map((log) => (log === -Math.fround(Math.LN2) ? 0.5 : Math.exp(log))),
          expected,
        );
      }
    }
  });

  it("sends back gradients that are off by their roundings at most", () => {
    sweep({ dim: WIDTHS, rows: HEIGHTS, shift: SHIFTS }, ({ dim, rows, shift }) => {
      const y = Float32Array.from(reference.softmax(logits(rows, dim, dim), rows, dim));
      const grad = floats(rows * dim, dim + 1);
      const magnitudes = reference.sumRows(
        y.map((value, k) => Math.abs(value * grad[k])),
        rows,
        dim,
      );
      const bound = (k: number) =>
        HALF * y[k] * (3 * Math.abs(grad[k]) + (3 + roundings(dim)) * magnitudes[Math.floor(k / dim)]) + 2 ** -148;
      expectClose(
        backward("softmaxBackward", y, grad, rows, dim, shift),
        reference.softmaxBackward(y, grad, rows, dim),
        bound,
      );
    });
  });
});

describe("logSoftmax", () => {
  it("is off by its roundings at most", () => {
    sweep({ dim: WIDTHS, rows: HEIGHTS, shift: SHIFTS }, ({ dim, rows, shift }) => {
      const x = logits(rows, dim, dim);
      const expected = reference.logSoftmax(x, rows, dim);
      const below = dim > 0 ? depths(x, rows, dim) : [];
      const bound = (k: number) => HALF * (below[k] + Math.abs(expected[k]) + 6 + roundings(dim));
      expectClose(forward("logSoftmax", x, rows, dim, shift), expected, bound);
    });
  });

  it("sends back gradients that are off by their roundings at most", () => {
    sweep({ dim: WIDTHS, rows: HEIGHTS, shift: SHIFTS }, ({ dim, rows, shift }) => {
      const y = Float32Array.from(reference.logSoftmax(logits(rows, dim, dim), rows, dim));
      const grad = floats(rows * dim, dim + 1);
      const magnitudes = reference.sumRows(grad.map(Math.abs), rows, dim);
      const bound = (k: number) =>
        HALF * (2 * Math.abs(grad[k]) + Math.exp(y[k]) * (4 + roundings(dim)) * magnitudes[Math.floor(k / dim)]) +
        2 ** -148;
      expectClose(
        backward("logSoftmaxBackward", y, grad, rows, dim, shift),
        reference.logSoftmaxBackward(y, grad, rows, dim),
        bound,
      );
    });
  });
});
