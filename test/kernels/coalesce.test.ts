import { describe, expect, it } from "vitest";
import { distinct } from "../reference/index.js";
import { garbage, indices, randomNumbers, SHIFTS, sweep } from "./data.js";
import { expectBits, guarded, kernels } from "./wasm.js";

/** The fewest bits that make a table of at least 2 n words. */
const tableBitsFor = (n: number) => Math.ceil(Math.log2(Math.max(2 * n, 1)));

/** Calls with room for exactly the rows that are there, and compares with the reference. */
function checkCoalesce(index: Int32Array, skip: number, moreBits = 0, shift = 0): void {
  const n = index.length;
  const expected = distinct(index, skip);
  const tableBits = tableBitsFor(n) + moreBits;
  const rows = garbage(new Int32Array(expected.rows.length));
  const slots = garbage(new Int32Array(n));
  const table = garbage(new Int32Array(2 ** tableBits));
  table.forEach((_, k) => {
    if (k % 3 === 0) table[k] = k % 5;
  });
  const m = guarded(
    { rows, slots, table, index },
    ["rows", "slots", "table"],
    (at) => kernels.coalesce(at.rows, at.slots, at.table, at.index, n, tableBits, skip),
    shift,
  );
  expect(m).toBe(expected.rows.length);
  expectBits(rows, expected.rows);
  expectBits(slots, expected.slots);
}

const COUNTS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33, 64, 300];

describe("coalesce", () => {
  it("lists distinct rows in first-seen order and points every index at its row", () => {
    sweep({ n: COUNTS, rows: [1, 2, 10, 1000], skip: [-1, 0, 7], moreBits: [0, 1, 4], shift: SHIFTS }, (point) => {
      checkCoalesce(indices(point.n, point.rows, point.n), point.skip, point.moreBits, point.shift);
    });
  });

  it("copes with a batch in which no index repeats", () => {
    sweep({ n: COUNTS, step: [1, -1], skip: [-1, 0, 5] }, ({ n, step, skip }) => {
      const first = step < 0 ? n - 1 : 0;
      checkCoalesce(
        new Int32Array(n).map((_, i) => first + i * step),
        skip,
      );
    });
  });

  it("copes with a batch of one index, skipped or not", () => {
    sweep({ n: COUNTS, value: [0, 5, 2 ** 31 - 1], skip: [-1, 0, 5, 2 ** 31 - 1] }, ({ n, value, skip }) => {
      checkCoalesce(new Int32Array(n).fill(value), skip);
    });
  });

  it("skips indices of -1", () => {
    sweep({ n: COUNTS }, ({ n }) => {
      const index = indices(n, 20, n).map((r) => r - 1);
      checkCoalesce(index, -1);
    });
  });

  it("keeps apart indices that differ in a few bits only, in which any hash may collide", () => {
    sweep({ n: [33, 300, 3000], bit: [4, 8, 10, 12, 16, 20] }, ({ n, bit }) => {
      checkCoalesce(
        new Int32Array(n).map((_, i) => ((i % 1000) << bit) & 0x7fffffff),
        -1,
      );
      checkCoalesce(
        new Int32Array(n).map((_, i) => Math.imul(i, 0x9e3779b1 + bit) & 0x7fffffff),
        -1,
      );
    });
  });

  it("works through large random batches", () => {
    sweep({ seed: [1, 2, 3], rows: [50, 20_000, 2 ** 31 - 1] }, ({ seed, rows }) => {
      const next = randomNumbers(seed);
      checkCoalesce(
        new Int32Array(20_000).map(() => next() * rows),
        17,
      );
    });
  });
});
