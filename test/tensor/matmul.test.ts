import { functional as F, memory, tensor, tidy } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { floats } from "../kernels/data.js";
import { matmul, type Numbers, transpose } from "../reference/index.js";
import { gradOf, valuesOf } from "./compare.js";

/** [n, k] times [k, m]: thin every way, on both sides of where tiles begin, and larger than what is packed at once. */
const SIZES = [
  [1, 1, 1],
  [1, 40, 1],
  [1, 40, 30],
  [30, 40, 1],
  [30, 1, 40],
  [30, 2, 40],
  [30, 3, 40],
  [8, 40, 30],
  [9, 40, 30],
  [6, 100, 1],
  [6, 40, 7],
  [7, 40, 6],
  [7, 40, 7],
  [30, 40, 5],
  [33, 65, 17],
  [140, 290, 35],
  [0, 3, 2],
  [3, 0, 2],
  [3, 2, 0],
] as const;

const leaf = (values: Float32Array, shape: number[]) => tensor(values, { shape, requiresGrad: true });

/** Within 2^-24 of the magnitudes per operation of a [n, k] times b [k, m] in float64. */
function expectProduct(actual: ArrayLike<number>, a: Numbers, b: Numbers, n: number, k: number, m: number): void {
  const expected = matmul(a, b, n, k, m);
  const magnitudes = matmul(Float64Array.from(a, Math.abs), Float64Array.from(b, Math.abs), n, k, m);
  expect(actual.length).toBe(expected.length);
  const near = (value: number, i: number) => Math.abs(actual[i] - value) <= (k + 1) * 2 ** -24 * magnitudes[i];
  const position = expected.findIndex((value, i) => !near(value, i));
  if (position >= 0) expect.fail(`element ${position} is ${actual[position]}, expected ${expected[position]}`);
}

describe("a product and both its gradients are the plain loops", () => {
  it.each(SIZES)("[%i, %i] times [.., %i]", (n, k, m) => {
    tidy(() => {
      const [x, y, g] = [floats(n * k, n + 1, 3), floats(k * m, m + 2, 3), floats(n * m, k + 3, 3)];
      const [a, b] = [leaf(x, [n, k]), leaf(y, [k, m])];
      const out = a.matmul(b);
      expectProduct(valuesOf(out), x, y, n, k, m);
      out.backward(tensor(g, { shape: [n, m] }));
      expectProduct(gradOf(a), g, transpose(y, k, m), n, m, k);
      expectProduct(gradOf(b), transpose(x, n, k), g, k, n, m);
    });
  });

  it.each(SIZES)("batches of [%i, %i] times [.., %i]", (n, k, m) => {
    tidy(() => {
      const [x, y, g] = [floats(3 * n * k, n, 3), floats(3 * k * m, m, 3), floats(3 * n * m, k, 3)];
      const [a, b] = [leaf(x, [3, n, k]), leaf(y, [3, k, m])];
      const out = a.matmul(b);
      out.backward(tensor(g, { shape: [3, n, m] }));
      const [values, da, db] = [valuesOf(out), gradOf(a), gradOf(b)];
      for (let batch = 0; batch < 3; batch++) {
        const part = (all: ArrayLike<number>) =>
          Float64Array.from(all).slice(batch * (all.length / 3), (batch + 1) * (all.length / 3));
        const [xs, ys, gs] = [part(x), part(y), part(g)];
        expectProduct(part(values), xs, ys, n, k, m);
        expectProduct(part(da), gs, transpose(ys, k, m), n, m, k);
        expectProduct(part(db), transpose(xs, n, k), gs, k, n, m);
      }
    });
  });

  it.each(SIZES)("linear of [%i, %i] by a weight of %i rows", (n, k, m) => {
    tidy(() => {
      const [x, y, g] = [floats(n * k, n + 1, 3), floats(m * k, m + 2, 3), floats(n * m, k + 3, 3)];
      const [input, weight] = [leaf(x, [n, k]), leaf(y, [m, k])];
      const out = F.linear(input, weight);
      expectProduct(valuesOf(out), x, transpose(y, m, k), n, k, m);
      out.backward(tensor(g, { shape: [n, m] }));
      expectProduct(gradOf(input), g, y, n, m, k);
      expectProduct(gradOf(weight), transpose(g, n, m), x, m, n, k);
    });
  });
});

describe("a product", () => {
  it("has the same rows when others stand around them, from nine rows on", () => {
    tidy(() => {
      const [x, y] = [floats(40 * 300, 1), floats(300 * 21, 2)];
      const whole = valuesOf(tensor(x, { shape: [40, 300] }).matmul(tensor(y, { shape: [300, 21] })));
      for (const [start, count] of [
        [0, 9],
        [1, 10],
        [3, 37],
      ]) {
        const rows = tensor(x, { shape: [40, 300] }).narrow(0, start, count);
        const part = valuesOf(rows.matmul(tensor(y, { shape: [300, 21] })));
        expect(Array.from(part)).toEqual(Array.from(whole.subarray(start * 21, (start + count) * 21)));
      }
    });
  });

  it("leaves no memory behind but its result", () => {
    // The packed pieces lie in static memory: only the result is a tensor.
    tidy(() => {
      const [a, b] = [
        tensor(floats(300 * 300, 1), { shape: [300, 300] }),
        tensor(floats(300 * 300, 2), { shape: [300, 300] }),
      ];
      const before = memory();
      a.matmul(b);
      expect(memory().numTensors).toBe(before.numTensors + 1);
      expect(memory().numBytes).toBe(before.numBytes + 300 * 300 * 4);
    });
  });
});
