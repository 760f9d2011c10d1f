import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, randomNumbers, SHIFTS, sweep, wildFloats } from "./data.js";
import { expectClose, expectNumbers, kernels, outputOf, ulp } from "./wasm.js";

const LENGTHS = [...DIMS, 1000];

type Kernel = (out: number, x: number, n: number) => void;
const unary = (kernel: Kernel, x: Float32Array, shift = 0) =>
  outputOf(x.length, [x], (out, at) => kernel(out, at, x.length), shift);

/** Numbers of either sign and of every size from 2^-40 to 2^8, where these functions go from their tangent to their limits. */
const spread = (n: number, seed: number) => {
  const next = randomNumbers(seed);
  return new Float32Array(n).map(() => (next() - 0.5) * 2 ** (next() * 48 - 39));
};

/** Zeros of either sign and the ends of the number line. */
const LIMITS = Float32Array.of(0, -0, Infinity, -Infinity, NaN, 200, -200, 1e30, -1e30);

describe("relu", () => {
  it("leaves what is not below zero as it is, NaN and -0 too", () => {
    sweep({ n: LENGTHS, shift: SHIFTS, make: [floats, wildFloats] }, ({ n, shift, make }) => {
      const x = make(n, n);
      expectNumbers(unary(kernels.relu, x, shift), reference.relu(x));
    });
    expectNumbers(unary(kernels.relu, LIMITS), [0, -0, Infinity, 0, NaN, 200, 0, Math.fround(1e30), 0]);
  });

  it("lets gradients through where its result is not 0", () => {
    sweep({ n: LENGTHS, shift: SHIFTS, make: [floats, wildFloats] }, ({ n, shift, make }) => {
      const [y, grad] = [Float32Array.from(reference.relu(make(n, n))), wildFloats(n, n + 1)];
      const out = outputOf(
        n,
        [y, grad],
        (at, result, gradient) => kernels.reluBackward(at, result, gradient, n),
        shift,
      );
      expectNumbers(out, reference.reluBackward(y, grad));
    });
  });
});

describe("sigmoid", () => {
  const check = (x: Float32Array, shift = 0) => {
    const expected = reference.sigmoids(x);
    expectClose(unary(kernels.sigmoid, x, shift), expected, (j) => 3 * ulp(expected[j]));
  };

  it("is within 3 ulp, also far out where it is small", () => {
    sweep({ n: [...LENGTHS, 20_001], shift: SHIFTS }, ({ n, shift }) => check(spread(n, n), shift));
    check(Float32Array.of(-80, -87, -88, -90, -100, -103, 17, 18));
  });

  it("has the limits 0, 1/2 and 1", () => {
    expectNumbers(unary(kernels.sigmoid, LIMITS), [0.5, 0.5, 1, 0, NaN, 1, 0, 1, 0]);
  });
});

describe("tanh", () => {
  const check = (x: Float32Array, shift = 0) => {
    const expected = reference.tanh(x);
    expectClose(unary(kernels.tanh, x, shift), expected, (j) => 2 * ulp(expected[j]));
  };

  it("is within 2 ulp, also near 0 where it is x", () => {
    sweep({ n: [...LENGTHS, 20_001], shift: SHIFTS }, ({ n, shift }) => check(spread(n, n), shift));
    check(Float32Array.of(2 ** -149, -(2 ** -126), 1e-10, 0.62, 0.6249999, 0.625, -0.6250001, 0.63, 9, 9.01, 9.1, 10));
  });

  it("has the limits -1, 0 with its sign, and 1", () => {
    expectNumbers(unary(kernels.tanh, LIMITS), [0, -0, 1, -1, NaN, 1, -1, 1, -1]);
  });
});
