import { describe, it } from "vitest";
import { renorm } from "../reference/index.js";
import { DIMS, distinctIndices, floats, SHIFTS, sweep } from "./data.js";
import { bits, expectBits, expectClose, guarded, kernels } from "./wasm.js";

const POWERS = [2, 1, Infinity, -Infinity, 0, 0.5, 3, -1, 2.5, 0.1, 0.3, 7.3, -2.7];

/** Finite p, JSON-proof for the messages of a sweep. */
const NAMED = POWERS.map(String);

/** A copy of weight whose listed rows the kernel has renormalised. */
function renormed(weight: Float32Array, rows: Int32Array, dim: number, maxNorm: number, p: number, shift = 0) {
  const out = weight.slice();
  guarded(
    { weight: out, rows },
    ["weight"],
    (at) => {
      kernels.renorm(at.weight, at.rows, rows.length, dim, maxNorm, p);
    },
    shift,
  );
  return out;
}

/**
 * Rows the reference leaves alone keep their bits. The others may differ by 1e-6 of the value, as PyTorch's own norm is
 * a rounded sum of float32, and by one denormal step of the scale or of the result.
 */
function check(weight: Float32Array, rows: Int32Array, dim: number, maxNorm: number, p: number, shift = 0): void {
  const actual = renormed(weight, rows, dim, maxNorm, p, shift);
  const expected = renorm(weight, rows, dim, maxNorm, p);
  const [before, after] = [bits(weight), bits(expected)];
  for (let start = 0; start < weight.length; start += dim) {
    const row = actual.slice(start, start + dim);
    const expectedRow = expected.slice(start, start + dim);
    const same = expectedRow.every((_, d) => before[start + d] === after[start + d]);
    if (same) expectBits(row, expectedRow);
    const bound = (d: number) => 1e-6 * Math.abs(expectedRow[d]) + 2 ** -149 * (1 + Math.abs(weight[start + d]));
    if (!same) expectClose(row, expectedRow, bound);
  }
}

/** Row r of the result is row r of x times factors[r]. */
function scaled(x: Float32Array, dim: number, factors: number[]): Float32Array {
  return x.map((value, k) => value * factors[Math.floor(k / dim)]);
}

const table = (...rows: number[][]) => Float32Array.from(rows.flat());
const all = (rows: number) => Int32Array.from({ length: rows }, (_, r) => r);

describe("renorm", () => {
  it("scales listed rows with too large a norm and leaves every other bit, for every p", () => {
    sweep({ p: NAMED, dim: DIMS, n: [0, 1, 2, 7], shift: SHIFTS }, ({ p, dim, n, shift }) => {
      const weight = scaled(floats(9 * dim, dim, 2), dim, [0, 0.01, 10, 1, 1, 100, 3, -1, 0.1]);
      check(weight, distinctIndices(n, 9, n + dim), dim, 1, Number(p), shift);
    });
  });

  it("holds where norms or their powers would overflow or underflow float32", () => {
    const factors = [1e30, 1e-30, 1e-38, 1e-42, 1e38, 1e20, 1];
    sweep({ p: NAMED, dim: DIMS, maxNorm: [1, 1e30, 1e-30, 1e-8, 1e-41, 1e35] }, ({ p, dim, maxNorm }) => {
      check(scaled(floats(7 * dim, dim, 1), dim, factors), all(7), dim, maxNorm, Number(p));
    });
  });

  it("brings rows of 1e30 to the greatest norm instead of zeroing them", () => {
    const weight = table([3e30, 4e30, 0, 0, 0]);
    expectClose(renormed(weight, all(1), 5, 10, 2), [6, 8, 0, 0, 0], () => 1e-5);
  });

  it("divides by the norm plus 1e-7, which shows in rows as small as that", () => {
    const row = [0, 0, 0, 0, 2e-8];
    for (const p of POWERS.filter((power) => power > 0)) {
      const [last] = renormed(table(row), all(1), 5, 1e-9, p).slice(4);
      expectClose(Float32Array.of(last), [(2e-8 * 1e-9) / (2e-8 + 1e-7)], () => 1e-6 * 1.67e-10);
    }
  });

  it("handles a greatest norm that is 0, negative, infinite or not a number", () => {
    sweep({ p: NAMED, dim: DIMS, maxNorm: ["0", "-1", "-0.001", "Infinity", "-Infinity", "NaN"] }, (point) => {
      const weight = scaled(floats(5 * point.dim, point.dim, 2), point.dim, [1, 0, 100, -0.01, 1]);
      check(weight, Int32Array.of(3, 1, 0, 2), point.dim, Number(point.maxNorm), Number(point.p));
    });
  });

  it("turns -1 times the zero row into -0", () => {
    sweep({ p: ["2", "1", "Infinity", "-Infinity", "0"], dim: DIMS }, ({ p, dim }) => {
      const rows = renormed(new Float32Array(dim), all(1), dim, -1, Number(p));
      expectBits(rows, new Float32Array(dim).fill(-0));
    });
  });

  it("leaves zero rows alone when the greatest norm is 0", () => {
    sweep({ p: ["2", "1", "Infinity", "-Infinity", "0", "0.5", "3"], dim: DIMS }, ({ p, dim }) => {
      const weight = new Float32Array(dim).map((_, d) => (d % 2 ? 0 : -0));
      expectBits(renormed(weight, all(1), dim, 0, Number(p)), weight);
    });
  });

  it("leaves a row whose norm is exactly the greatest norm", () => {
    const exactly: [string, number, number[]][] = [
      ["2", 5, [3, 4]],
      ["2", 3, [2, 0, -1, 0, 2]],
      ["2", 1e30, [0, 0, 0, 0, Math.fround(1e30)]],
      ["1", 6, [1, -2, 3]],
      ["1", 9, [1, 1, 1, 1, 1, -1, 1, 1, 1]],
      ["Infinity", 2, [1, -2, 2, 0.5, 1]],
      ["-Infinity", 0.5, [1, -2, 2, -0.5, 1, 7]],
      ["0", 3, [1, 0, -2, 0, 1e-45]],
      ["3", 2, [2, 0, 0, 0, 0]],
      ["0.5", 4, [0, 0, 0, 0, 4]],
      ["-1", 0.5, [1, 1]],
      ["2", 1, [1, 1e-5, 1e-5, 1e-5, 1e-5]], // exact after rounding to float32
      ["1", 1, [1, 1e-10, 0, 0, 1e-10]],
    ];
    sweep({ row: exactly }, ({ row: [p, maxNorm, row] }) => {
      const limit = maxNorm === 1e30 ? Math.fround(1e30) : maxNorm;
      expectBits(renormed(table(row), all(1), row.length, limit, Number(p)), row);
      check(table(row), all(1), row.length, limit * 0.999, Number(p));
      check(table(row), all(1), row.length, limit * 1.001, Number(p));
    });
  });

  it("counts the last elements of a row like the first", () => {
    sweep({ p: NAMED, dim: DIMS.filter((dim) => dim > 0 && dim <= 64), maxNorm: [0.3, 4] }, ({ p, dim, maxNorm }) => {
      for (let d = 0; d < dim; d++) {
        const weight = new Float32Array(dim).fill(Number(p) < 0 ? 8 : 0);
        weight[d] = 5;
        check(weight, all(1), dim, maxNorm, Number(p), d & 3);
      }
    });
  });

  it("leaves rows with NaN alone, except that p = 0 counts NaN like a number", () => {
    sweep({ p: NAMED, dim: [1, 2, 3, 4, 5, 7, 8, 9, 17] }, ({ p, dim }) => {
      for (let d = 0; d < dim; d++) {
        const weight = new Float32Array(dim).fill(10);
        weight[d] = NaN;
        check(weight, all(1), dim, 0.1, Number(p));
      }
    });
  });

  it("makes of an infinite entry NaN and of its finite neighbours 0 where the norm is infinite", () => {
    sweep({ p: NAMED, dim: [1, 2, 3, 4, 5, 7, 8, 9, 17], infinity: ["Infinity", "-Infinity"] }, (point) => {
      for (let d = 0; d < point.dim; d++) {
        const weight = floats(point.dim, point.dim, 1);
        weight[d] = Number(point.infinity);
        check(weight, all(1), point.dim, 0.1, Number(point.p));
      }
      check(new Float32Array(point.dim).fill(Number(point.infinity)), all(1), point.dim, 0.1, Number(point.p));
    });
  });
});
