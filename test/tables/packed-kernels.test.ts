import { describe, expect, it } from "vitest";
import { DIMS, floats, indices, SHIFTS, sweep, wildFloats } from "../kernels/data.js";
import { expectBits } from "../kernels/wasm.js";
import { best, type Kind, packRow, rowBytes, score, unpackRow } from "../reference/packed.js";
import { bytes, guardedBytes, tableKernels as kernels } from "./wasm.js";

const ROWS = 6;
const PACKED = ["float16", "bfloat16", "int8", "int4"] as const;

const pack = {
  float16: kernels.packFloat16,
  bfloat16: kernels.packBfloat16,
  int8: kernels.packInt8,
  int4: kernels.packInt4,
};
const unpack = {
  float16: kernels.unpackFloat16,
  bfloat16: kernels.unpackBfloat16,
  int8: kernels.unpackInt8,
  int4: kernels.unpackInt4,
};
const bagSum = {
  float16: kernels.bagSumFloat16,
  bfloat16: kernels.bagSumBfloat16,
  int8: kernels.bagSumInt8,
  int4: kernels.bagSumInt4,
};
const scores = {
  float32: { dot: kernels.dotsFloat32, l2: kernels.closenessFloat32 },
  float16: { dot: kernels.dotsFloat16, l2: kernels.closenessFloat16 },
  bfloat16: { dot: kernels.dotsBfloat16, l2: kernels.closenessBfloat16 },
  int8: { dot: kernels.dotsInt8, l2: kernels.closenessInt8 },
  int4: { dot: kernels.dotsInt4, l2: kernels.closenessInt4 },
};

/** int4 holds pairs. */
const fits = (kind: Kind, dim: number) => kind !== "int4" || dim % 2 === 0;

const rowsOf = (x: Float32Array, dim: number) =>
  Array.from({ length: ROWS }, (_, r) => x.subarray(r * dim, (r + 1) * dim));

/** A table by the reference's packing, and its rows. */
function table(
  kind: Kind,
  dim: number,
  seed: number,
): { x: Uint8Array; row: (r: number, once?: boolean) => Float32Array } {
  const numbers = floats(ROWS * dim, seed);
  const size = rowBytes(kind, dim);
  const x = new Uint8Array(ROWS * size);
  for (const [r, row] of rowsOf(numbers, dim).entries()) {
    x.set(kind === "float32" ? bytes(row) : packRow(kind, row)!, r * size);
  }
  return { x, row: (r, once) => unpackRow(kind, x.subarray(r * size, (r + 1) * size), dim, once) };
}

describe("pack", () => {
  it("writes the bytes of the definition and nothing else", () => {
    sweep({ kind: PACKED, dim: DIMS, low: [0, 6, 14], shift: SHIFTS }, ({ kind, dim, low, shift }) => {
      if (!fits(kind, dim)) return;
      const x = floats(ROWS * dim, dim + low, low);
      const out = new Uint8Array(ROWS * rowBytes(kind, dim)).fill(0xee);
      const bad = guardedBytes({ out, x }, ["out"], (at) => pack[kind](at.out, at.x, ROWS, dim), shift);
      expect(bad).toBe(-1);
      const expected = rowsOf(x, dim).map((row) => packRow(kind, row)!);
      expect(Buffer.from(out)).toEqual(Buffer.concat(expected));
    });
  });

  it("names the first row that cannot be packed", () => {
    sweep({ kind: PACKED, dim: DIMS, seed: [1, 2, 3, 4, 5] }, ({ kind, dim, seed }) => {
      if (!fits(kind, dim)) return;
      const x = wildFloats(ROWS * dim, seed);
      const out = new Uint8Array(ROWS * rowBytes(kind, dim));
      const bad = guardedBytes({ out, x }, ["out"], (at) => pack[kind](at.out, at.x, ROWS, dim));
      expect(bad).toBe(rowsOf(x, dim).findIndex((row) => packRow(kind, row) === null));
    });
  });
});

describe("unpack", () => {
  it("gives the numbers of the listed rows, rounded once", () => {
    sweep({ kind: PACKED, dim: DIMS, n: [0, 1, 2, 33], shift: SHIFTS }, ({ kind, dim, n, shift }) => {
      if (!fits(kind, dim)) return;
      const { x, row } = table(kind, dim, dim + n);
      const index = indices(n, ROWS, n);
      const out = new Float32Array(n * dim).fill(7);
      guardedBytes({ out, x, index }, ["out"], (at) => unpack[kind](at.out, at.x, at.index, n, dim), shift);
      expectBits(out, Array.from(index, (r) => [...row(r, true)]).flat());
    });
  });

  it("rounds q * scale + bias once however far apart scale and bias are", () => {
    const dim = 16;
    sweep(
      {
        scale: [-149, -100, -60, -30, -8, 0, 20, 40, 90],
        apart: [-60, -33, -30, -28, -24, -8, 0, 19, 20, 21, 22, 26, 60],
      },
      (point) => {
        const next = floats(64, point.scale + 300 * point.apart, 0);
        for (let i = 0; i < next.length; i += 2) {
          const scale = Math.abs(next[i]) * 2 ** point.scale;
          const bias = next[i + 1] * 2 ** (point.scale - point.apart);
          if (!(Math.abs(bias) < 2 ** 120)) return;
          const x = new Uint8Array(dim + 8).map((_, d) => (d * 37 + i * 11) & 255);
          new DataView(x.buffer).setFloat32(dim, scale, true);
          new DataView(x.buffer).setFloat32(dim + 4, bias, true);
          const out = new Float32Array(dim);
          guardedBytes({ out, x, index: new Int32Array(1) }, ["out"], (at) =>
            kernels.unpackInt8(at.out, at.x, at.index, 1, dim),
          );
          expectBits(out, unpackRow("int8", x, dim, true));
        }
      },
    );
  });
});

describe("bagSum", () => {
  it("adds the rows of each bag in order to what is there", () => {
    const starts = Int32Array.of(0, 1, 1, 40, 150);
    const n = 150;
    sweep({ kind: PACKED, dim: DIMS, shift: SHIFTS }, ({ kind, dim, shift }) => {
      if (!fits(kind, dim)) return;
      const { x, row } = table(kind, dim, dim);
      const index = indices(n, ROWS, dim);
      const out = floats(4 * dim, dim + 1);
      const expected = out.slice();
      for (let b = 0; b < 4; b++) {
        for (let j = starts[b]; j < starts[b + 1]; j++)
          for (const [d, value] of row(index[j]).entries()) expected[b * dim + d] += value;
      }
      guardedBytes(
        { out, x, index, starts },
        ["out"],
        (at) => bagSum[kind](at.out, at.x, at.index, at.starts, n, 4, dim),
        shift,
      );
      expectBits(out, expected);
    });
  });
});

describe("scores", () => {
  it("compare every query with every row in an order of additions of their own", () => {
    const axes = {
      kind: ["float32", ...PACKED] as const,
      metric: ["dot", "l2"] as const,
      dim: DIMS,
      queries: [0, 1, 4, 7],
    };
    sweep({ ...axes, shift: [0, 1, 3] }, ({ kind, metric, dim, queries, shift }) => {
      if (!fits(kind, dim)) return;
      const { x, row } = table(kind, dim, dim);
      const query = floats(queries * dim, dim + 1);
      const out = new Float32Array(queries * ROWS).fill(7);
      guardedBytes(
        { out, x, query },
        ["out"],
        (at) => scores[kind][metric](at.out, at.x, at.query, ROWS, queries, dim),
        shift,
      );
      const expected = Array.from(out, (_, i) => {
        const q = Math.floor(i / ROWS);
        return score(metric, query.subarray(q * dim, (q + 1) * dim), row(i % ROWS));
      });
      expectBits(out, expected);
    });
  });
});

describe("the best", () => {
  it("are kept from block to block and sorted, the lower of equal rows first, NaN last", () => {
    sweep({ k: [0, 1, 2, 3, 7, 16, 40], n: [40, 100], few: [true, false], seed: [1, 2, 3] }, ({ k, n, few, seed }) => {
      const given = few ? wildFloats(n, seed).map((x) => Math.round(x) % 3) : wildFloats(n, seed);
      const values = new Float32Array(k);
      const rows = new Int32Array(k);
      let held = 0;
      for (let start = 0; start < n; start += 17) {
        const block = given.slice(start, start + 17);
        held = guardedBytes({ values, rows, block }, ["values", "rows"], (at) =>
          kernels.keepBest(at.values, at.rows, at.block, block.length, start, held, k),
        );
      }
      guardedBytes({ values, rows }, ["values", "rows"], (at) => kernels.sortBest(at.values, at.rows, k));
      expect([...rows]).toEqual(best(given, k));
      expect(values.map((x) => x + 0)).toEqual(
        Float32Array.from(rows, (r) => (Number.isNaN(given[r]) ? -Infinity : given[r] + 0)),
      );
    });
  });
});
