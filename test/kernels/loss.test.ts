import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, garbage, randomNumbers, SHIFTS, sweep } from "./data.js";
import { expectClose, expectNumbers, guarded, kernels, ulp } from "./wasm.js";

const LENGTHS = [...DIMS, 1000];

/** Logits of every size that matters, and small ones. */
const logits = (n: number, seed: number) => {
  const next = randomNumbers(seed);
  return new Float32Array(n).map(() => (next() - 0.5) * 2 ** (next() * 16 - 8));
};

const targets = (n: number, seed: number) => {
  const next = randomNumbers(seed + 7);
  return new Float32Array(n).map((_, j) => [0, 1, next()][(j + seed) % 3]);
};

const logSigmoid = (x: Float32Array, shift = 0) => {
  const out = garbage(new Float32Array(x.length));
  guarded(
    { out, x },
    ["out"],
    (at) => {
      kernels.logSigmoid(at.out, at.x, x.length);
    },
    shift,
  );
  return out;
};

const logSigmoidBackward = (x: Float32Array, grad: Float32Array, shift = 0) => {
  const out = garbage(new Float32Array(x.length));
  guarded(
    { out, x, grad },
    ["out"],
    (at) => {
      kernels.logSigmoidBackward(at.out, at.x, at.grad, x.length);
    },
    shift,
  );
  return out;
};

const crossEntropy = (x: Float32Array, target: Float32Array, shift = 0) => {
  const out = garbage(new Float32Array(x.length));
  guarded(
    { out, x, target },
    ["out"],
    (at) => {
      kernels.crossEntropyWithLogits(at.out, at.x, at.target, x.length);
    },
    shift,
  );
  return out;
};

const crossEntropyBackward = (x: Float32Array, target: Float32Array, grad: Float32Array, shift = 0) => {
  const out = garbage(new Float32Array(x.length));
  guarded(
    { out, x, target, grad },
    ["out"],
    (at) => {
      kernels.crossEntropyWithLogitsBackward(at.out, at.x, at.target, at.grad, x.length);
    },
    shift,
  );
  return out;
};

/** exp and log are off by 2 ulp each, the operations between by half an ulp each. */
const ULPS = 6;

const LIMITS = Float32Array.of(0, -0, Infinity, -Infinity, NaN, 200, -200, 1e30, -1e30);

describe("logSigmoid", () => {
  it("keeps its digits for logits of either sign, however small the result", () => {
    sweep({ n: [...LENGTHS, 50_001], shift: SHIFTS }, ({ n, shift }) => {
      const x = logits(n, n);
      const expected = reference.logSigmoid(x);
      expectClose(logSigmoid(x, shift), expected, (j) => ULPS * ulp(expected[j]));
    });
  });

  it("has the limits 0 and x", () => {
    const out = logSigmoid(LIMITS)
      .slice(2)
      .map((value) => value + 0);
    expectNumbers(out, [0, -Infinity, NaN, 0, -200, 0, -Math.fround(1e30)]);
  });
});

describe("logSigmoidBackward", () => {
  it("keeps its digits for logits of either sign, however small the result", () => {
    sweep({ n: [...LENGTHS, 50_001], shift: SHIFTS }, ({ n, shift }) => {
      const [x, grad] = [logits(n, n), floats(n, n + 1)];
      const expected = reference.logSigmoidBackward(x, grad);
      const bound = (j: number) => ULPS * (Math.abs(grad[j]) * ulp(reference.sigmoid(-x[j])) + ulp(expected[j]));
      expectClose(logSigmoidBackward(x, grad, shift), expected, bound);
    });
  });

  it("has the limits grad and 0", () => {
    const out = logSigmoidBackward(LIMITS, new Float32Array(9).fill(3));
    expectNumbers(out, [1.5, 1.5, 0, 3, NaN, 0, 3, 0, 3]);
  });
});

describe("crossEntropyWithLogits", () => {
  it("is off by a few ulp of the two terms at most", () => {
    sweep({ n: [...LENGTHS, 50_001], shift: SHIFTS }, ({ n, shift }) => {
      const [x, target] = [logits(n, n), targets(n, n)];
      const expected = reference.crossEntropyWithLogits(x, target);
      const bound = (j: number) => ULPS * (ulp(reference.softplus(x[j])) + ulp(x[j] * target[j]));
      expectClose(crossEntropy(x, target, shift), expected, bound);
    });
  });

  it("is the logit or 0 where the logit is great", () => {
    const x = Float32Array.of(200, 200, -200, -200, 1e30, -1e30, NaN);
    const out = crossEntropy(x, Float32Array.of(0, 1, 0, 1, 0, 0, 1));
    expectNumbers(out, [200, 0, 0, 200, Math.fround(1e30), 0, NaN]);
  });
});

describe("crossEntropyWithLogitsBackward", () => {
  it("is off by a few ulp of the two terms at most", () => {
    sweep({ n: [...LENGTHS, 50_001], shift: SHIFTS }, ({ n, shift }) => {
      const [x, target, grad] = [logits(n, n), targets(n, n), floats(n, n + 1)];
      const expected = reference.crossEntropyWithLogitsBackward(x, target, grad);
      const bound = (j: number) =>
        ULPS * Math.abs(grad[j]) * (ulp(reference.sigmoid(x[j])) + ulp(target[j])) + ULPS * ulp(expected[j]);
      expectClose(crossEntropyBackward(x, target, grad, shift), expected, bound);
    });
  });

  it("has the limits of the sigmoid", () => {
    const out = crossEntropyBackward(LIMITS, new Float32Array(9), new Float32Array(9).fill(3));
    expectNumbers(out, [1.5, 1.5, 3, 0, NaN, 3, 0, 3, 0]);
  });
});
