import { describe, expect, it } from "vitest";
import { norm } from "../reference/index.js";
import { DIMS, floats, SHIFTS, sweep, wildFloats } from "./data.js";
import { guarded, kernels } from "./wasm.js";

/** JSON-proof for the messages of a sweep. */
const POWERS = ["2", "1", "Infinity", "0.5", "3", "2.5", "0.1", "10"];
const LENGTHS = [...DIMS, 1000];

/** The norm by the kernel; nothing in memory may change. */
const normOf = (x: Float32Array, p: number, shift = 0): number =>
  guarded({ x }, [], (at) => kernels.norm(at.x, x.length, p), shift);

function check(x: Float32Array, p: number, shift = 0, expected = norm(x, p)): void {
  const actual = normOf(x, p, shift);
  if (Object.is(actual, expected)) return;
  if (!(Math.abs(actual - expected) <= 1e-11 * expected)) throw new Error(`${actual} instead of ${expected}`);
}

describe("the norms", () => {
  it("agree with plain float64 sums, for every p and length", () => {
    sweep({ p: POWERS, n: LENGTHS, shift: SHIFTS }, ({ p, n, shift }) => check(floats(n, n, 3), Number(p), shift));
  });

  it("of nothing are 0", () => {
    for (const p of POWERS) expect(normOf(new Float32Array(0), Number(p))).toBe(0);
  });

  it("neither overflow nor underflow where the squares and powers of float32 would", () => {
    sweep({ p: POWERS, n: LENGTHS, scale: [1e35, 1e-35, 1e-44] }, ({ p, n, scale }) => {
      const x = floats(n, n, 1).map((value) => value * scale);
      const largest = x.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      const parts = Array.from(x, (value) => value / (largest || 1));
      check(x, Number(p), 0, largest * norm(parts, Number(p)));
    });
  });

  it("count an element at any place", () => {
    sweep({ p: POWERS, n: [1, 2, 3, 4, 5, 7, 8, 9, 17] }, ({ p, n }) => {
      for (let j = 0; j < n; j++) {
        const x = new Float32Array(n);
        x[j] = -5;
        check(x, Number(p), j & 3, 5);
      }
    });
  });

  it("are NaN with a NaN anywhere, infinite with an infinity and no NaN", () => {
    sweep({ p: POWERS, n: [1, 2, 3, 4, 5, 9, 17], special: ["NaN", "Infinity", "-Infinity"] }, (point) => {
      for (let j = 0; j < point.n; j++) {
        const x = floats(point.n, point.n, 1);
        x[j] = Number(point.special);
        expect(normOf(x, Number(point.p))).toBe(Math.abs(Number(point.special)));
        if (point.n === 1) continue;
        x[(j + 1) % point.n] = NaN;
        expect(normOf(x, Number(point.p))).toBeNaN();
      }
    });
  });

  it("of any bits are not negative", () => {
    sweep({ p: POWERS, n: LENGTHS }, ({ p, n }) => {
      const length = normOf(wildFloats(n, n), Number(p));
      if (!(length >= 0 || Number.isNaN(length))) throw new Error(`the norm is ${length}`);
    });
  });
});
