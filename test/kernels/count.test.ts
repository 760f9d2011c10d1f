import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { garbage, indices, SHIFTS, sweep } from "./data.js";
import { expectBits, guarded, kernels } from "./wasm.js";

const COUNTS = [0, 1, 2, 3, 4, 5, 8, 17, 300, 5000];
const HEIGHTS = [1, 2, 3, 4, 5, 8, 17, 300];

/** Indices with -1 (padding) among them. */
const withNegatives = (n: number, rows: number) => indices(n, rows, n).map((r, i) => (i % 5 === 2 ? -1 - (i % 3) : r));

describe("count", () => {
  it("tells how often every row occurs, whatever stood there before", () => {
    sweep({ n: COUNTS, rows: [0, ...HEIGHTS], shift: SHIFTS }, ({ n, rows, shift }) => {
      const index = rows === 0 ? new Int32Array(n).fill(-1) : withNegatives(n, rows);
      const counts = garbage(new Int32Array(rows));
      guarded(
        { counts, index },
        ["counts"],
        (at) => {
          kernels.count(at.counts, at.index, n, rows);
        },
        shift,
      );
      expectBits(counts, reference.count(index, rows));
    });
  });
});

describe("inverseCount", () => {
  it("is the correctly rounded reciprocal of each index's count, and 0 for a negative index", () => {
    sweep({ n: COUNTS, rows: HEIGHTS, shift: SHIFTS }, ({ n, rows, shift }) => {
      const index = withNegatives(n, rows);
      const counts = reference.count(index, rows);
      const scale = garbage(new Float32Array(n));
      guarded(
        { scale, counts, index },
        ["scale"],
        (at) => {
          kernels.inverseCount(at.scale, at.counts, at.index, n);
        },
        shift,
      );
      expectBits(scale, reference.inverseCount(index, rows));
    });
  });

  it("divides before it rounds, where no float holds the count", () => {
    const counts = Int32Array.of(2 ** 24 + 1, 2 ** 31 - 1, 3, 49);
    const scale = new Float32Array(4);
    guarded({ scale, counts, index: Int32Array.of(0, 1, 2, 3) }, ["scale"], (at) => {
      kernels.inverseCount(at.scale, at.counts, at.index, 4);
    });
    expectBits(
      scale,
      Float32Array.from(counts, (c) => 1 / c),
    );
  });
});
