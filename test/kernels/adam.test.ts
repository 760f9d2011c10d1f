import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, distinctIndices, floats, SHIFTS, sweep, wildFloats } from "./data.js";
import { expectNumbers, guarded, kernels, type Words } from "./wasm.js";

const ROWS = 13;

/** Usual ones; a first average that is the gradient itself; a decay; a late step, where nothing is corrected. */
const CONSTANTS = [
  { decay: 1, weight1: 1 - 0.9, beta2: 0.999, weight2: 1 - 0.999, rate: 0.01, correction: 0.0316, eps: 1e-8 },
  { decay: 0.99, weight1: 1, beta2: 0, weight2: 1, rate: 1, correction: 1, eps: 1e-3 },
  { decay: 1, weight1: 0.7, beta2: 0.5, weight2: 0.5, rate: 0.1, correction: 0.7, eps: 0 },
];

const magnitudes = (x: Float32Array) => x.map(Math.abs);

describe("adam", () => {
  const at = (address: Record<string, number>, n: number, peak: number, c: (typeof CONSTANTS)[number]) =>
    kernels.adam(
      address.param,
      address.average,
      address.square,
      peak,
      address.grad,
      n,
      c.decay,
      c.weight1,
      c.beta2,
      c.weight2,
      c.rate,
      c.correction,
      c.eps,
    );

  it("updates averages and parameter, every operation rounded as in PyTorch", () => {
    sweep({ n: [...DIMS, 1000], c: CONSTANTS, shift: SHIFTS, make: [floats, wildFloats] }, ({ n, c, shift, make }) => {
      const [param, average, grad] = [make(n, n), make(n, n + 1), make(n, n + 2)];
      const square = magnitudes(make(n, n + 3));
      const expected = reference.adam(param, { average, square }, grad, c);
      const buffers = { param, average, square, grad };
      guarded(buffers, ["param", "average", "square"], (address) => at(address, n, address.square, c), shift);
      expectNumbers(average, expected.average);
      expectNumbers(square, expected.square);
      expectNumbers(param, expected.param);
    });
  });

  it("divides by the largest square so far when it is given a place for it", () => {
    sweep({ n: [...DIMS, 1000], c: CONSTANTS, shift: SHIFTS, make: [floats, wildFloats] }, ({ n, c, shift, make }) => {
      const [param, average, grad] = [make(n, n), make(n, n + 1), make(n, n + 2)];
      const [square, peak] = [magnitudes(make(n, n + 3)), magnitudes(make(n, n + 4))];
      const expected = reference.adam(param, { average, square, peak }, grad, c);
      const buffers = { param, average, square, peak, grad };
      guarded(buffers, ["param", "average", "square", "peak"], (address) => at(address, n, address.peak, c), shift);
      expectNumbers(average, expected.average);
      expectNumbers(square, expected.square);
      expectNumbers(peak, expected.peak);
      expectNumbers(param, expected.param);
    });
  });

  it("forgets the old average to the last bit at weight 1", () => {
    const [param, square, grad] = [floats(7, 1), magnitudes(floats(7, 2)), floats(7, 3)];
    const average = floats(7, 4).map((x) => x * 1e6);
    guarded({ param, average, square, grad }, ["param", "average", "square"], (address) =>
      at(address, 7, address.square, CONSTANTS[1]),
    );
    expect(average).toEqual(grad);
  });
});

describe("sparseAdam", () => {
  it("updates the listed rows of averages and parameter and no other", () => {
    sweep(
      { dim: DIMS, n: [0, 1, 2, 9], c: CONSTANTS.slice(0, 2), shift: [0, 3], make: [floats, wildFloats] },
      ({ dim, n, c, shift, make }) => {
        const [param, average] = [make(ROWS * dim, dim), make(ROWS * dim, dim + 1)];
        const square = magnitudes(make(ROWS * dim, dim + 2));
        const grad = make(n * dim, n + 3);
        const index = distinctIndices(n, ROWS, n);
        const expected = { param: param.slice(), average: average.slice(), square: square.slice() };
        index.forEach((r, i) => {
          const part = (x: Float32Array) => x.slice(r * dim, (r + 1) * dim);
          const averages = { average: part(average), square: part(square) };
          const stepped = reference.sparseAdam(part(param), averages, grad.slice(i * dim, (i + 1) * dim), c);
          for (const name of ["param", "average", "square"] as const) expected[name].set(stepped[name], r * dim);
        });
        const buffers: Record<string, Words> = { param, average, square, grad, index };
        guarded(
          buffers,
          ["param", "average", "square"],
          (at) => {
            const { decay, weight1, weight2, rate, eps } = c;
            const { param: p, average: m, square: v } = at;
            kernels.sparseAdam(p, m, v, at.grad, at.index, n, dim, decay, weight1, weight2, rate, eps);
          },
          shift,
        );
        expectNumbers(average, expected.average);
        expectNumbers(square, expected.square);
        expectNumbers(param, expected.param);
      },
    );
  });
});
