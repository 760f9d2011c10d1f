import fc from "fast-check";
import { functional as F, longTensor, type Tensor, tensor, tidy, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { floats } from "../tensor/arbitrary.js";
import { expectBits, expectClose, expectError, gradOf, valuesOf } from "../tensor/compare.js";
import { alongDim, expectSlopes, operand } from "../tensor/gradcheck.js";

const SHAPES = [[1], [5], [3, 4], [2, 3, 4], [2, 1, 3, 2], [3, 0], [0, 3]];

const shares = (line: readonly number[]) => {
  const most = Math.max(...line);
  const powers = line.map((x) => Math.exp(x - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
};

const FUNCTIONS = {
  softmax: { ours: F.softmax, line: shares },
  logSoftmax: { ours: F.logSoftmax, line: (x: readonly number[]) => shares(x).map(Math.log) },
};

describe.each(Object.entries(FUNCTIONS))("%s", (name, { ours, line }) => {
  it("has the values and slopes of its formula along every dim", () => {
    for (const shape of SHAPES) {
      for (let dim = -shape.length; dim < shape.length; dim++) {
        const oracle = (values: readonly number[]) => alongDim({ shape, values }, dim, line).values;
        expectSlopes((x) => ours(x, { dim }), oracle, [operand(shape)]);
      }
    }
  });

  it("of a number is that of a vector of one", () => {
    for (const dim of [0, -1]) expect(ours(tensor(5), { dim }).toArray()).toBe(name === "softmax" ? 1 : 0);
    expectError(() => ours(tensor(5), { dim: 1 }), RangeError, "Dimension out of range", "[-1, 0], but got 1");
  });

  it("needs a dim, a float32 tensor and nothing else", () => {
    const words = `${name}() missing 1 required positional arguments: "dim"`;
    for (const options of [undefined, null, {}, { dim: undefined }]) {
      expectError(() => ours(zeros([2]), options as never), TypeError, words);
    }
    expectError(() => ours(zeros([2]), { dim: 0.5 }), TypeError, name, "dim");
    expectError(() => ours(zeros([2]), { dim: 2 }), RangeError, "Dimension out of range");
    expectError(() => ours(zeros([2]), { dim: 0, dtype: 1 } as never), TypeError, "dtype");
    expectError(() => ours(longTensor([1, 2]), { dim: 0 }), TypeError, `${name}: argument 'input' must be a float32`);
    expectError(() => ours([1, 2] as never, { dim: 0 }), TypeError, `${name}: argument 'input' must be Tensor`);
  });

  it("makes what is masked 0 and rows without a number NaN", () => {
    const x = tensor([
      [1000, 1000, -1000],
      [-Infinity, 3, 3],
      [-Infinity, -Infinity, -Infinity],
      [Infinity, 0, 0],
      [0, NaN, 0],
    ]);
    const rows = [
      [0.5, 0.5, 0],
      [0, 0.5, 0.5],
      [NaN, NaN, NaN],
      [NaN, NaN, NaN],
      [NaN, NaN, NaN],
    ];
    const logs = rows.map((row) => row.map((share) => Math.fround(Math.log(share))));
    logs[0][2] = Math.fround(-2000 - Math.fround(Math.LN2));
    expect(ours(x, { dim: -1 }).toArray()).toEqual(name === "softmax" ? rows : logs);
    expect(ours(x.transpose(0, 1), { dim: 0 }).transpose(0, 1).toArray()).toEqual(name === "softmax" ? rows : logs);
  });

  it("gives what is masked no share of the gradient", () => {
    const x = tensor([-Infinity, 0, 0], { requiresGrad: true });
    const y = ours(x, { dim: 0 });
    y.backward(tensor([0, 1, 3]));
    const grad = [...gradOf(x)].map((slope) => slope + 0);
    expect(grad).toEqual(name === "softmax" ? [0, -0.5, 0.5] : [0, -1, 1]);
  });
});

describe("for any logits", () => {
  const matrices = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 40 })).chain(([rows, columns]) =>
    fc.record({
      shape: fc.constant([rows, columns]),
      values: floats(rows * columns),
      order: fc.shuffledSubarray([...Array(rows).keys()], { minLength: rows }),
      level: fc.integer({ min: -512, max: 512 }),
    }),
  );
  type Logits = typeof matrices extends fc.Arbitrary<infer T> ? T : never;
  const holds = (property: (x: Tensor, c: Logits) => void) =>
    fc.assert(
      fc.property(matrices, (c) => tidy(() => property(tensor(Float32Array.from(c.values), { shape: c.shape }), c))),
      { numRuns: 150, seed: 20260 },
    );

  it("rows of softmax sum to 1, and logSoftmax is its logarithm", () => {
    holds((x) => {
      const y = F.softmax(x, { dim: 1 });
      expectClose(valuesOf(y.sum(1)), new Float64Array(x.shape[0]).fill(1), 1e-6);
      expectClose(valuesOf(F.logSoftmax(x, { dim: 1 }).exp()), valuesOf(y), 1e-6, (k) => valuesOf(y)[k] * 100 + 1);
    });
  });

  it("softmax does not change when all logits move together", () => {
    holds((x, { level }) => {
      // Whole numbers: the sum is exact.
      const whole = tensor(valuesOf(x).map(Math.round), { shape: x.shape });
      for (const f of [F.softmax, F.logSoftmax]) {
        expectBits(valuesOf(f(whole.add(level), { dim: 1 })), valuesOf(f(whole, { dim: 1 })));
      }
    });
  });

  it("permuting the rows permutes the result", () => {
    holds((x, { order }) => {
      for (const f of [F.softmax, F.logSoftmax]) {
        const [plain, permuted] = [f(x, { dim: 1 }), f(F.embedding(order, x), { dim: 1 })];
        expectBits(valuesOf(permuted), valuesOf(F.embedding(order, plain)));
      }
    });
  });

  it("the rows of a transposed matrix are its columns", () => {
    holds((x) => {
      for (const f of [F.softmax, F.logSoftmax]) {
        const turned = f(x.transpose(0, 1), { dim: 0 }).transpose(0, 1);
        expectBits(valuesOf(turned), valuesOf(f(x, { dim: 1 })));
      }
    });
  });
});
