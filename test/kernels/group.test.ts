import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { garbage, indices, randomNumbers, SHIFTS, sweep } from "./data.js";
import { expectBits, guarded, kernels } from "./wasm.js";

interface Groups {
  rows: Int32Array;
  starts: Int32Array;
  order: Int32Array;
}

/** Calls with room for exactly the rows that are there. */
function groupByRow(index: Int32Array, rowBits: number, digitBits: number, shift = 0): Groups {
  const n = index.length;
  const m = new Set(index).size;
  const rows = garbage(new Int32Array(m));
  const starts = garbage(new Int32Array(m + 1));
  const order = garbage(new Int32Array(n));
  const scratch = garbage(new Int32Array(4 * n + 2 ** digitBits));
  const found = guarded(
    { rows, starts, order, scratch, index },
    ["rows", "starts", "order", "scratch"],
    (at) => kernels.groupByRow(at.rows, at.starts, at.order, at.scratch, at.index, n, rowBits, digitBits),
    shift,
  );
  expect(found).toBe(m);
  return { rows, starts, order };
}

function checkGroups(index: Int32Array, rowBits: number, digitBits: number, shift = 0): void {
  const expected = reference.groups(index);
  const { rows, starts, order } = groupByRow(index, rowBits, digitBits, shift);
  expectBits(rows, expected.rows);
  expectBits(starts, expected.starts);
  expectBits(order, expected.order);
}

const COUNTS = [0, 1, 2, 3, 9, 33, 300];

describe("groupByRow", () => {
  it("lists rows ascending, and the entries of each in their order", () => {
    sweep({ n: COUNTS, rows: [1, 2, 10, 1000], digitBits: [4, 5, 11], shift: SHIFTS }, (point) => {
      const { n, rows, digitBits, shift } = point;
      checkGroups(indices(n, rows, n), 10, digitBits, shift);
    });
  });

  it("sorts by all digits, however many there are and wherever they end", () => {
    sweep({ rowBits: [1, 4, 7, 8, 12, 13, 20, 31], digitBits: [4, 7, 8, 11] }, ({ rowBits, digitBits }) => {
      const next = randomNumbers(rowBits);
      const index = new Int32Array(500).map(() => next() * 2 ** rowBits);
      index[400] = 2 ** rowBits - 1;
      checkGroups(index, rowBits, digitBits);
    });
  });

  it("copes with batches ascending, descending and of one row", () => {
    sweep({ n: COUNTS, digitBits: [4, 8] }, ({ n, digitBits }) => {
      for (const index of [(i: number) => i, (i: number) => n - i, () => 77]) {
        checkGroups(
          new Int32Array(n).map((_, i) => index(i)),
          9,
          digitBits,
        );
      }
    });
  });
});
