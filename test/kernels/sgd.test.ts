import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, indices, SHIFTS, sweep, wildFloats } from "./data.js";
import { expectNumbers, guarded, kernels } from "./wasm.js";

const RATES = [0.1, 1, 0, 1e-3, 3.7];
const ROWS = 7;

describe("sgd", () => {
  it("subtracts the rounded product of rate and step", () => {
    sweep({ n: [...DIMS, 1000], lr: RATES, shift: SHIFTS, make: [floats, wildFloats] }, ({ n, lr, shift, make }) => {
      const param = make(n, n);
      const step = make(n, n + 1);
      const expected = reference.sgd(param, step, lr);
      guarded(
        { param, step },
        ["param"],
        (at) => {
          kernels.sgd(at.param, at.step, n, lr);
        },
        shift,
      );
      expectNumbers(param, expected);
    });
  });
});

describe("sgdRows", () => {
  it("steps the listed rows in index order and no other", () => {
    sweep({ dim: DIMS, n: [0, 1, 2, 33], lr: RATES, shift: SHIFTS }, ({ dim, n, lr, shift }) => {
      const param = floats(ROWS * dim, dim);
      const step = floats(n * dim, n + 1);
      const index = indices(n, ROWS, n).map((r) => (r === 3 ? 2 : r));
      const expected = param.slice();
      index.forEach((r, i) => {
        const stepped = reference.sgd(expected.slice(r * dim, (r + 1) * dim), step.slice(i * dim, (i + 1) * dim), lr);
        expected.set(stepped, r * dim);
      });
      guarded(
        { param, step, index },
        ["param"],
        (at) => {
          kernels.sgdRows(at.param, at.step, at.index, n, dim, lr);
        },
        shift,
      );
      expectNumbers(param, expected);
    });
  });
});
