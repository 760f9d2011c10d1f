import { describe, expect, it } from "vitest";
import { kernels } from "./wasm.js";

describe("cosine", () => {
  it("is within 2^-53 of the engine's own for angles up to a million", () => {
    for (let n = 1; n <= 300; n++) {
      for (const x of [(Math.PI * n) / 100, n ** 2 * 11, -n * 3e3, 1 / n ** 4]) {
        expect(Math.abs(kernels.cosine(x) - Math.cos(x)), `of ${x}`).toBeLessThanOrEqual(2 ** -53);
      }
    }
  });

  it("is exact where a schedule turns", () => {
    expect([0, -0, Math.PI, 3 * Math.PI].map(kernels.cosine)).toEqual([1, 1, -1, -1]);
    expect([NaN, Infinity].map(kernels.cosine)).toEqual([NaN, NaN]);
  });
});
