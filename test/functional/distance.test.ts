import fc from "fast-check";
import { functional as F, longTensor, ones, tensor, tidy, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { floats } from "../tensor/arbitrary.js";
import { expectBits, expectClose, expectError, gradOf, valuesOf } from "../tensor/compare.js";
import { alongDim, expectSlopes, operand } from "../tensor/gradcheck.js";

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const cosine = (a: readonly number[], b: readonly number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

describe("cosineSimilarity", () => {
  it("has the values and slopes of its formula", () => {
    for (const [shape, dim] of [
      [[5], 0],
      [[3, 4], 1],
      [[3, 4], -2],
      [[2, 3, 4], 1],
    ] as const) {
      const oracle = (a: readonly number[], b: readonly number[]) => {
        const lines: number[][] = [];
        const keep = (line: number[]) => {
          lines.push(line);
          return line;
        };
        alongDim({ shape, values: a }, dim, keep);
        return alongDim({ shape, values: b }, dim, (line) => [cosine(lines.shift()!, line)]).values;
      };
      expectSlopes((x, y) => F.cosineSimilarity(x, y, { dim }), oracle, [operand(shape), operand(shape, 3)]);
    }
  });

  it("broadcasts", () => {
    const oracle = (a: readonly number[], b: readonly number[]) => [cosine(a.slice(0, 3), b), cosine(a.slice(3), b)];
    expectSlopes((x, y) => F.cosineSimilarity(x, y), oracle, [operand([2, 3]), operand([3], 3)]);
    expect(F.cosineSimilarity(ones([5, 1, 4]), ones([3, 4]), { dim: -1 }).shape).toEqual([5, 3]);
    expect(F.cosineSimilarity(zeros([2, 0]), zeros([2, 0])).toArray()).toEqual([0, 0]);
  });

  it("is 0 beside a vector of zeros, with PyTorch's gradients", () => {
    const [x, y] = [tensor([[0, 0]], { requiresGrad: true }), tensor([[3, 4]], { requiresGrad: true })];
    const out = F.cosineSimilarity(x, y);
    expect(out.toArray()).toEqual([0]);
    out.sum().backward();
    // b / eps for the one, 0 for the other.
    expectClose(gradOf(x), [0.6e8, 0.8e8], 1e-6);
    expect([...gradOf(y)]).toEqual([0, 0]);
  });

  it("divides by eps where a vector is shorter, of which the gradient takes no account", () => {
    const x = tensor([[3, 4]], { requiresGrad: true });
    const out = F.cosineSimilarity(x, tensor([[10, 0]]), { eps: 10 });
    expectClose(valuesOf(out), [0.3], 1e-6);
    out.sum().backward();
    // (b - cos x / |x|) / eps, the direction of x being that of its true length.
    expectClose(gradOf(x), [(1 - 0.3 * 0.6) / 10, (0 - 0.3 * 0.8) / 10], 1e-6);
  });

  it("knows vectors whose squares overflow or vanish", () => {
    const x = tensor([
      [3e30, 4e30],
      [3e-30, 4e-30],
    ]);
    expectClose(valuesOf(F.cosineSimilarity(x, x, { eps: 0 })), [1, 1], 1e-6);
  });

  it("has PyTorch's name for its last node", () => {
    expect(F.cosineSimilarity(ones([1, 2], { requiresGrad: true }), ones([1, 2])).gradFn!.name).toBe("SumBackward1");
  });

  it("refuses what does not fit", () => {
    const x = ones([2, 3]);
    expectError(() => F.cosineSimilarity(x, ones([2, 2])), RangeError, "The size of tensor a (3) must match the size");
    expectError(() => F.cosineSimilarity(ones([3]), ones([3])), RangeError, "Dimension out of range", "but got 1");
    expectError(() => F.cosineSimilarity(x, x, { eps: -1 }), RangeError, "eps must be non-negative, got: -1");
    expectError(() => F.cosineSimilarity(x, x, { eps: NaN }), RangeError, "eps must be non-negative, got: NaN");
    expectError(() => F.cosineSimilarity(x, x, { eps: "0" as never }), TypeError, "eps");
    expectError(() => F.cosineSimilarity(x, x, { p: 2 } as never), TypeError, "'p'");
    expectError(
      () => F.cosineSimilarity(longTensor([[1]]), ones([1, 1])),
      TypeError,
      "cosineSimilarity: argument 'x1'",
    );
    expectError(() => F.cosineSimilarity(x, [1] as never), TypeError, "cosineSimilarity: argument 'x2' must be Tensor");
  });

  it("is symmetric, between -1 and 1, and knows no lengths", () => {
    const vectors = fc.integer({ min: 1, max: 20 }).chain((n) => fc.record({ a: floats(n), b: floats(n) }));
    fc.assert(
      fc.property(vectors, ({ a, b }) =>
        tidy(() => {
          const [x, y] = [a, b].map((values) => tensor(Float32Array.from(values)));
          const [one, other, longer] = [
            F.cosineSimilarity(x, y, { dim: 0 }),
            F.cosineSimilarity(y, x, { dim: 0 }),
            F.cosineSimilarity(x.mul(1024), y.mul(1024), { dim: 0 }),
          ].map((c) => c.item());
          expect(one).toBe(other);
          expect(Math.abs(one)).toBeLessThanOrEqual(1 + 1e-6);
          // Unless eps is longer than one of them.
          if (Math.min(dot(a, a), dot(b, b)) > 1e-12) expect(longer).toBe(one);
        }),
      ),
      { numRuns: 150, seed: 20260 },
    );
  });
});

describe("normalize", () => {
  it("has the values and slopes of its formula, for every p", () => {
    for (const p of [2, 1, Infinity, -Infinity, 0, 0.5, 3, -1, 2.5]) {
      for (const [shape, dim] of [
        [[5], 0],
        [[3, 4], 1],
        [[3, 4], 0],
        [[2, 3, 4], 1],
      ] as const) {
        const oracle = (values: readonly number[]) =>
          alongDim({ shape, values }, dim, (line) => line.map((x) => x / reference.norm(line, p))).values;
        expectSlopes((x) => F.normalize(x, { p, dim }), oracle, [operand(shape)], 2e-5);
      }
    }
  });

  it("divides by eps where a vector is shorter, and then its length has no slope", () => {
    const x = tensor([[3, -4]], { requiresGrad: true });
    const out = F.normalize(x, { eps: 10 });
    expectClose(valuesOf(out), [0.3, -0.4], 1e-6);
    out.backward(tensor([[1, 2]]));
    expectClose(gradOf(x), [0.1, 0.2], 1e-6);
    const zero = zeros([1, 2], { requiresGrad: true });
    F.normalize(zero).sum().backward();
    expectClose(gradOf(zero), [1e12, 1e12], 1e-6);
  });

  it("shares the slope of the largest magnitude among equals", () => {
    const x = tensor([[3, -3, 1]], { requiresGrad: true });
    const out = F.normalize(x, { p: Infinity });
    out.backward(tensor([[0, 0, 1]]));
    // x3 / m: 1 / 3 for the third, -x3 / m^2 / 2 for each of the largest, with its sign.
    expectClose(gradOf(x), [-1 / 18, 1 / 18, 1 / 3], 1e-6);
  });

  it("knows vectors whose squares overflow or vanish, infinities and NaN", () => {
    const x = tensor([
      [3e30, 4e30],
      [3e-9, 4e-9],
      [NaN, 1],
      [Infinity, 0],
    ]);
    const out = F.normalize(x).toArray() as number[][];
    expectClose(out.flat().slice(0, 4), [0.6, 0.8, 0.6, 0.8], 1e-6);
    expect(out.slice(2)).toEqual([
      [NaN, NaN],
      [NaN, 0],
    ]);
    expect(F.normalize(ones([1, 2]), { p: NaN }).toArray()).toEqual([[NaN, NaN]]);
  });

  it("leaves its own result alone, within a rounding", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }).chain(floats), (values) =>
        tidy(() => {
          const once = F.normalize(tensor(Float32Array.from(values)), { dim: 0 });
          if (values.some((value) => Math.abs(value) > 1e-6)) {
            expectClose(valuesOf(F.normalize(once, { dim: 0 })), valuesOf(once), 3e-7);
          } else expectBits(valuesOf(F.normalize(zeros([3]), { dim: 0 })), [0, 0, 0]);
        }),
      ),
      { numRuns: 150, seed: 20260 },
    );
  });

  it("has PyTorch's names for its nodes", () => {
    let node = F.normalize(ones([1, 2], { requiresGrad: true })).gradFn;
    const names: string[] = [];
    for (; node !== null; node = node.parents[1] ?? node.parents[0] ?? null) names.push(node.name);
    expect(names).toEqual(["DivBackward0", "ClampMinBackward0", "LinalgVectorNormBackward0", "AccumulateGrad"]);
  });

  it("refuses what does not fit", () => {
    expectError(() => F.normalize(ones([3])), RangeError, "Dimension out of range", "but got 1");
    expectError(() => F.normalize(ones([1, 1]), { p: "fro" as never }), TypeError, "normalize", "'p'");
    expectError(() => F.normalize(ones([1, 1]), { eps: null as never }), TypeError, "eps");
    expectError(
      () => F.normalize(longTensor([[1]])),
      TypeError,
      "normalize: argument 'input' must be a float32 tensor",
    );
    for (const p of [Infinity, -Infinity, -1]) {
      expectError(
        () => F.normalize(zeros([2, 0]), { p }),
        RangeError,
        `linalg.vector_norm cannot compute the ${p} norm on the dimension 1`,
      );
    }
    expect(F.normalize(zeros([2, 0])).shape).toEqual([2, 0]);
    expect(F.normalize(zeros([0, 2]), { p: Infinity }).shape).toEqual([0, 2]);
  });
});
