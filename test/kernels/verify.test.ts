import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { indices, SHIFTS, sweep } from "./data.js";
import { guarded, kernels } from "./wasm.js";

const firstBadIndex = (index: Int32Array, rows: number, shift = 0) =>
  guarded({ index }, [], (at) => kernels.firstBadIndex(at.index, index.length, rows), shift);

const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 64, 67];
const ROWS = 10;
const BAD = [-1, ROWS, ROWS + 1, -ROWS, 2 ** 31 - 1, -(2 ** 31)];

describe("firstBadIndex", () => {
  it("answers -1 when every index is a row", () => {
    sweep({ n: [0, ...LENGTHS, 300], rows: [1, 2, ROWS, 2 ** 31 - 1], shift: SHIFTS }, ({ n, rows, shift }) => {
      expect(firstBadIndex(indices(n, rows, n), rows, shift)).toBe(-1);
    });
  });

  it("finds one bad index at every position", () => {
    sweep({ n: LENGTHS, bad: BAD }, ({ n, bad }) => {
      for (let position = 0; position < n; position++) {
        const index = indices(n, ROWS, n);
        index[position] = bad;
        expect(firstBadIndex(index, ROWS, position & 3)).toBe(position);
      }
    });
  });

  it("names the first of several bad indices", () => {
    sweep({ n: LENGTHS, bad: BAD, other: BAD }, ({ n, bad, other }) => {
      for (let second = 1; second < n; second++) {
        const index = indices(n, ROWS, n);
        const first = Math.floor(second / 2);
        index[second] = other;
        index[first] = bad;
        expect(firstBadIndex(index, ROWS)).toBe(first);
      }
    });
  });

  it("finds every index bad in a table without rows", () => {
    expect(firstBadIndex(Int32Array.of(0, 0, 0, 0, 0), 0)).toBe(0);
    expect(firstBadIndex(new Int32Array(0), 0)).toBe(-1);
  });

  it("sees nothing behind the last index", () => {
    sweep({ n: LENGTHS, shift: SHIFTS }, ({ n, shift }) => {
      const index = indices(n + 1, ROWS, n);
      index[n] = -1;
      const found = guarded({ index }, [], (at) => kernels.firstBadIndex(at.index, n, ROWS), shift);
      expect(found).toBe(reference.firstBadIndex(index.subarray(0, n), ROWS));
      expect(found).toBe(-1);
    });
  });
});
