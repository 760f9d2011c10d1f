import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, garbage, randomNumbers, SHIFTS, sweep } from "./data.js";
import { expectBits, guarded, kernels } from "./wasm.js";

const LENGTHS = [...DIMS, 1000];
const LIMITS = [0, 1, -1, 2, 2 ** 31 - 1, -(2 ** 31), 65_537, -65_536, 2 ** 30];

/** Limits first, then integers of every size. */
const integers = (n: number, seed: number) => {
  const next = randomNumbers(seed);
  return new Int32Array(n).map((_, j) => LIMITS[(j * (seed + 1)) % 13] ?? (next() - 0.5) * 2 ** (next() * 32));
};

const OPERATIONS = [
  { name: "addIntegers", expected: reference.addIntegers },
  { name: "subIntegers", expected: reference.subIntegers },
  { name: "mulIntegers", expected: reference.mulIntegers },
] as const;

describe.each(OPERATIONS)("$name", ({ name, expected }) => {
  it("wraps around at 32 bits", () => {
    sweep({ n: LENGTHS, shift: SHIFTS }, ({ n, shift }) => {
      const [out, a, b] = [garbage(new Int32Array(n)), integers(n, n), integers(n, n + 1)];
      guarded({ out, a, b }, ["out"], (at) => kernels[name](at.out, at.a, at.b, n), shift);
      expectBits(out, expected(a, b));
    });
  });
});

describe("affineIntegers", () => {
  it("wraps around at 32 bits", () => {
    sweep({ n: LENGTHS, factor: LIMITS, term: LIMITS, shift: [0, 1] }, ({ n, factor, term, shift }) => {
      const [out, x] = [garbage(new Int32Array(n)), integers(n, n)];
      guarded({ out, x }, ["out"], (at) => kernels.affineIntegers(at.out, at.x, n, factor, term), shift);
      expectBits(out, reference.affineIntegers(x, factor, term));
    });
  });
});
