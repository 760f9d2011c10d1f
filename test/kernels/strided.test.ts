import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, garbage, SHIFTS, sweep, words } from "./data.js";
import { expectBits, guarded, kernels } from "./wasm.js";

/** Checks the view of x from `offset` on with these shape and strides against the reference. */
function check(x: Uint32Array, shape: number[], strides: number[], offset = 0, shift = 0): void {
  const out = garbage(new Uint32Array(shape.reduce((a, b) => a * b, 1)));
  const buffers = { out, x, shape: Int32Array.from(shape), strides: Int32Array.from(strides) };
  guarded(
    buffers,
    ["out"],
    (at) => {
      kernels.strided(at.out, at.x + offset * 4, at.shape, at.strides, shape.length);
    },
    shift,
  );
  expectBits(out, reference.strided(x, shape, strides, offset));
}

describe("strided", () => {
  it("copies a contiguous vector bit for bit", () => {
    sweep({ n: DIMS, shift: SHIFTS }, ({ n, shift }) => check(words(n, n), [n], [1], 0, shift));
  });

  it("transposes", () => {
    sweep({ rows: DIMS, dim: [0, 1, 2, 3, 4, 5, 8, 17], shift: SHIFTS }, ({ rows, dim, shift }) => {
      check(words(rows * dim, rows), [dim, rows], [1, dim], 0, shift);
    });
  });

  it("broadcasts a number, a row and a column", () => {
    sweep({ rows: DIMS, dim: [0, 1, 2, 3, 4, 5, 8, 17], shift: [0, 1] }, ({ rows, dim, shift }) => {
      check(words(1, 1), [rows, dim], [0, 0], 0, shift);
      check(words(dim, 2), [rows, dim], [0, 1], 0, shift);
      check(words(rows, 3), [rows, dim], [1, 0], 0, shift);
    });
  });

  it("takes every second element, a column, a window", () => {
    sweep({ n: DIMS, stride: [2, 3, 7], shift: SHIFTS }, ({ n, stride, shift }) => {
      check(words(n * stride + 1, n), [n], [stride], 1, shift);
      check(words(n * stride + 3, n), [n, 2], [stride, 1], 1, shift);
    });
  });

  it("runs backwards with negative strides", () => {
    sweep({ n: [1, 2, 5, 16, 33] }, ({ n }) => {
      check(words(n, n), [n], [-1], n - 1);
      check(words(n * 3, n), [n, 3], [-3, 1], (n - 1) * 3);
    });
  });

  it("permutes up to five dimensions", () => {
    const shape = [2, 3, 1, 4, 3];
    const strides = [36, 12, 12, 3, 1];
    const x = words(72, 5);
    for (const order of [
      [0, 1, 2, 3, 4],
      [4, 3, 2, 1, 0],
      [3, 0, 4, 1, 2],
      [1, 4, 0, 2, 3],
      [2, 1, 3, 4, 0],
    ]) {
      const permute = (values: number[]) => order.map((axis) => values[axis]);
      sweep({ rank: [1, 2, 3, 4, 5], shift: SHIFTS }, ({ rank, shift }) => {
        check(x, permute(shape).slice(0, rank), permute(strides).slice(0, rank), 0, shift);
      });
    }
  });

  it("writes nothing where a dimension is 0", () => {
    for (const shape of [[0], [0, 3], [3, 0], [2, 0, 3], [2, 3, 0]])
      check(
        words(18, 1),
        shape,
        shape.map(() => 1),
      );
  });
});
