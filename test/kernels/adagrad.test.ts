import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, distinctIndices, floats, SHIFTS, sweep, wildFloats } from "./data.js";
import { expectClose, expectNumbers, guarded, kernels } from "./wasm.js";

const RATES = [0.01, 1];
const EPSILONS = [1e-10, 1e-3, 0];
const ROWS = 40;

const magnitudes = (x: Float32Array) => x.map(Math.abs);

describe("adagrad", () => {
  it("updates sum and parameter, every operation rounded to float32", () => {
    sweep(
      { n: [...DIMS, 1000], lr: RATES, eps: EPSILONS, shift: SHIFTS, make: [floats, wildFloats] },
      ({ n, lr, eps, shift, make }) => {
        const param = make(n, n);
        const sum = magnitudes(make(n, n + 1));
        const grad = make(n, n + 2);
        const expected = reference.adagrad(param, sum, grad, lr, eps);
        guarded(
          { param, sum, grad },
          ["param", "sum"],
          (at) => {
            kernels.adagrad(at.param, at.sum, at.grad, n, lr, eps);
          },
          shift,
        );
        expectNumbers(sum, expected.sum);
        expectNumbers(param, expected.param);
      },
    );
  });

  it("leaves a parameter with gradient 0 where it is when eps is positive", () => {
    const param = floats(9, 1);
    const before = param.slice();
    const sum = new Float32Array(9);
    guarded({ param, sum, grad: new Float32Array(9) }, ["param", "sum"], (at) => {
      kernels.adagrad(at.param, at.sum, at.grad, 9, 0.01, 1e-10);
    });
    expectNumbers(param, before);
    expectNumbers(sum, new Float32Array(9));
  });
});

describe("adagradRows", () => {
  it("updates the listed rows of sum and parameter and no other", () => {
    sweep(
      { dim: DIMS, n: [0, 1, 2, 33], lr: [0.01], eps: [1e-10, 1e-3], shift: SHIFTS },
      ({ dim, n, lr, eps, shift }) => {
        const param = floats(ROWS * dim, dim);
        const sum = magnitudes(floats(ROWS * dim, dim + 1));
        const grad = floats(n * dim, n + 2);
        const index = distinctIndices(n, ROWS, n);
        const [expectedParam, expectedSum] = [param.slice(), sum.slice()];
        index.forEach((r, i) => {
          const [start, end] = [r * dim, (r + 1) * dim];
          const one = grad.slice(i * dim, (i + 1) * dim);
          const stepped = reference.adagrad(param.slice(start, end), sum.slice(start, end), one, lr, eps);
          expectedParam.set(stepped.param, start);
          expectedSum.set(stepped.sum, start);
        });
        guarded(
          { param, sum, grad, index },
          ["param", "sum"],
          (at) => {
            kernels.adagradRows(at.param, at.sum, at.grad, at.index, n, dim, lr, eps);
          },
          shift,
        );
        expectNumbers(sum, expectedSum);
        expectNumbers(param, expectedParam);
      },
    );
  });
});

describe("rowwiseAdagrad", () => {
  const inputs = (dim: number, n: number) => ({
    param: floats(ROWS * dim, dim),
    sum: magnitudes(floats(ROWS, dim + 1)),
    grad: floats(n * dim, n + 2),
  });

  /** Sums of squares are added in four parts, and everything after them follows. */
  const expectStep = (
    { param, sum }: { param: Float32Array; sum: Float32Array },
    before: Float32Array,
    expected: { param: ArrayLike<number>; sum: ArrayLike<number> },
  ) => {
    expectClose(sum, expected.sum, (r) => 1e-6 * expected.sum[r]);
    const moved = (j: number) => Math.max(Math.abs(before[j]), Math.abs(expected.param[j] - before[j]));
    expectClose(param, expected.param, (j) => 1e-6 * moved(j));
  };

  it("keeps one sum a row, of mean squares", () => {
    sweep({ dim: DIMS, lr: [0.01], eps: EPSILONS, shift: [0, 3] }, ({ dim, lr, eps, shift }) => {
      const { param, sum, grad } = inputs(dim, ROWS);
      const before = param.slice();
      const expected = reference.rowwiseAdagrad(param, sum, grad, dim, lr, eps);
      guarded(
        { param, sum, grad },
        ["param", "sum"],
        (at) => {
          kernels.rowwiseAdagrad(at.param, at.sum, at.grad, ROWS, dim, lr, eps);
        },
        shift,
      );
      expectStep({ param, sum }, before, expected);
    });
  });

  it("updates the listed rows and no other", () => {
    sweep({ dim: DIMS, n: [0, 1, 2, 33], lr: [0.01], shift: [0, 3] }, ({ dim, n, lr, shift }) => {
      const { param, sum, grad } = inputs(dim, n);
      const before = param.slice();
      const index = distinctIndices(n, ROWS, n);
      const rows = (x: Float32Array, width: number) =>
        Float32Array.from([...index].flatMap((r) => [...x.slice(r * width, (r + 1) * width)]));
      const stepped = reference.rowwiseAdagrad(rows(param, dim), rows(sum, 1), grad, dim, lr, 1e-10);
      const expected = { param: Float64Array.from(param), sum: Float64Array.from(sum) };
      index.forEach((r, i) => {
        expected.param.set(stepped.param.slice(i * dim, (i + 1) * dim), r * dim);
        expected.sum[r] = stepped.sum[i];
      });
      guarded(
        { param, sum, grad, index },
        ["param", "sum"],
        (at) => {
          kernels.rowwiseAdagradRows(at.param, at.sum, at.grad, at.index, n, dim, lr, 1e-10);
        },
        shift,
      );
      expectStep({ param, sum }, before, expected);
    });
  });
});
