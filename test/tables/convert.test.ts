import { describe, expect, it } from "vitest";
import { DIMS, garbage, randomNumbers, SHIFTS, SPECIAL, sweep } from "../kernels/data.js";
import { expectNumbers } from "../kernels/wasm.js";
import { guardedBytes, tableKernels } from "./wasm.js";

describe("fromFloat64", () => {
  it("is rounded to nearest, ties to even", () => {
    sweep({ n: DIMS, shift: SHIFTS }, ({ n, shift }) => {
      const next = randomNumbers(n);
      const x = Float64Array.from(
        { length: n },
        (_, j) => SPECIAL[(3 * j) % 40] ?? (next() - 0.5) * 2 ** (300 * (next() - 0.5)),
      );
      const out = garbage(new Float32Array(n));
      guardedBytes({ out, x }, ["out"], (at) => tableKernels.fromFloat64(at.out, at.x, n), shift);
      expectNumbers(out, x);
    });
  });

  it("a tie between two float32 numbers goes to the even one", () => {
    const x = Float64Array.of(1 + 2 ** -24, 1 + 3 * 2 ** -24, 1 + 2 ** -24 + 2 ** -50, 2 ** -150, 3 * 2 ** -150);
    const out = new Float32Array(5);
    guardedBytes({ out, x }, ["out"], (at) => tableKernels.fromFloat64(at.out, at.x, 5));
    expect(Array.from(out)).toEqual([1, 1 + 2 ** -22, 1 + 2 ** -23, 0, 2 ** -148]);
  });
});

describe.each([
  { name: "fromInt8", Kind: Int8Array },
  { name: "fromUint8", Kind: Uint8Array },
] as const)("$name", ({ name, Kind }) => {
  it("keeps every value", () => {
    sweep({ n: [...DIMS, 256], shift: SHIFTS }, ({ n, shift }) => {
      const x = new Kind(n).map((_, j) => j);
      const out = new Int32Array(n);
      guardedBytes({ out, x }, ["out"], (at) => tableKernels[name](at.out, at.x, n), shift);
      expect(Array.from(out)).toEqual(Array.from(x));
    });
  });
});

describe("fromInt64", () => {
  const LIMITS = [0n, -1n, 1n, 2n ** 31n - 1n, -(2n ** 31n)];
  const call = (x: BigInt64Array, out: Int32Array, shift = 0) =>
    guardedBytes({ out, x }, ["out"], (at) => tableKernels.fromInt64(at.out, at.x, x.length), shift);

  it("keeps every value that fits", () => {
    sweep({ n: DIMS, shift: SHIFTS }, ({ n, shift }) => {
      const x = BigInt64Array.from({ length: n }, (_, j) => LIMITS[j % 7] ?? BigInt(j * 7919));
      const out = new Int32Array(n);
      expect(call(x, out, shift)).toBe(-1);
      expect(Array.from(out, BigInt)).toEqual(Array.from(x));
    });
  });

  it("says where the first is that does not fit", () => {
    const tooLarge = [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 32n, 2n ** 63n - 1n, -(2n ** 63n)];
    sweep({ n: [1, 2, 5, 33], bad: tooLarge.map(String) }, ({ n, bad }) => {
      for (let place = 0; place < n; place++) {
        const x = BigInt64Array.from({ length: n }, (_, j) => (j >= place ? BigInt(bad) : 5n));
        expect(call(x, new Int32Array(n))).toBe(place);
      }
    });
  });
});
