import { describe, it } from "vitest";
import { embedding } from "../reference/index.js";
import { DIMS, garbage, indices, SHIFTS, sweep, words } from "./data.js";
import { expectBits, guarded, kernels } from "./wasm.js";

function gather(weight: Uint32Array, index: Int32Array, dim: number, shift = 0): Uint32Array {
  const out = garbage(new Uint32Array(index.length * dim));
  guarded(
    { out, weight, index },
    ["out"],
    (at) => {
      kernels.gather(at.out, at.weight, at.index, index.length, dim);
    },
    shift,
  );
  return out;
}

describe("gather", () => {
  it("copies the listed rows bit for bit, whatever the bits mean", () => {
    sweep({ dim: DIMS, n: [0, 1, 2, 33], shift: SHIFTS }, ({ dim, n, shift }) => {
      const weight = words(7 * dim, dim);
      const index = indices(n, 7, n);
      expectBits(gather(weight, index, dim, shift), embedding(weight, index, dim));
    });
  });

  it("copies out of a table of one row as often as it is asked", () => {
    sweep({ dim: DIMS }, ({ dim }) => {
      const weight = words(dim, dim);
      const index = new Int32Array(17);
      expectBits(gather(weight, index, dim), embedding(weight, index, dim));
    });
  });
});
