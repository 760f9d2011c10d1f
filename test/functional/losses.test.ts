// nllLoss, crossEntropy, mseLoss.

import fc from "fast-check";
import { functional as F, longTensor, ones, type Tensor, tensor, tidy, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { coordinates, floats, sizeOf } from "../tensor/arbitrary.js";
import { expectBits, expectClose, expectError, gradOf, valuesOf } from "../tensor/compare.js";
import { alongDim, expectSlopes, operand } from "../tensor/gradcheck.js";

const REDUCTIONS = ["none", "sum", "mean"] as const;
type Reduction = (typeof REDUCTIONS)[number];

const reduce = (losses: number[], reduction: Reduction, count = losses.length) => {
  if (reduction === "none") return losses;
  const sum = losses.reduce((a, b) => a + b, 0);
  return [reduction === "sum" ? sum : sum / count];
};

/** -values[n, target[n, ..], ..] wherever target is not ignored, else 0. */
function picked(values: readonly number[], shape: readonly number[], target: readonly number[], ignored: number) {
  const whole = shape.length === 1 ? [1, ...shape] : shape;
  const places = [whole[0], ...whole.slice(2)];
  return target.map((wanted, i) => {
    if (wanted === ignored) return 0;
    const [sample, ...rest] = coordinates(i, places);
    const place = [sample, wanted, ...rest];
    return -values[place.reduce((at, p, dim) => at * whole[dim] + p, 0)];
  });
}

const logShares = (line: readonly number[]) => {
  const most = Math.max(...line);
  const rest = Math.log(line.reduce((sum, x) => sum + Math.exp(x - most), 0));
  return line.map((x) => x - most - rest);
};

const SHAPES = [[3], [4, 3], [2, 3, 4], [2, 3, 2, 2], [2, 3, 2, 1, 2]];
const targetShape = (shape: readonly number[]) => (shape.length === 1 ? [] : shape.filter((_, dim) => dim !== 1));
const classesOf = (shape: readonly number[]) => shape[shape.length === 1 ? 0 : 1];

describe.each(["nllLoss", "crossEntropy"] as const)("%s", (name) => {
  const loss = F[name];

  it("has the values and slopes of its formula, for every shape and reduction", () => {
    for (const shape of SHAPES) {
      for (const ignoreIndex of [-100, 1, 7]) {
        const wanted = Array.from({ length: sizeOf(targetShape(shape)) }, (_, i) => {
          return i % 4 === 3 ? ignoreIndex : (i * 2 + 1) % classesOf(shape);
        });
        // A 0-D target that is ignored has a test of its own.
        if (shape.length === 1 && ignoreIndex === 1) wanted[0] = 2;
        const target = longTensor(wanted, { shape: targetShape(shape) });
        const count = wanted.filter((t) => t !== ignoreIndex).length;
        for (const reduction of REDUCTIONS) {
          const oracle = (values: readonly number[]) => {
            const dim = shape.length === 1 ? 0 : 1;
            const logs = name === "nllLoss" ? values : alongDim({ shape, values }, dim, logShares).values;
            return reduce(picked(logs, shape, wanted, ignoreIndex), reduction, count);
          };
          expectSlopes((x) => loss(x, target, { ignoreIndex, reduction }), oracle, [operand(shape)]);
          const out = loss(tensor(Float32Array.from(operand(shape).values), { shape }), target, {
            reduction: "none",
            ignoreIndex,
          });
          expect(out.shape).toEqual(targetShape(shape));
        }
      }
    }
  });

  it("takes targets in every form of indices", () => {
    const x = tensor([
      [1, 2, 3],
      [3, 5, 4],
    ]);
    const expected = loss(x, longTensor([2, -100])).item();
    for (const target of [[2, -100], Int32Array.of(2, -100), Int16Array.of(2, -100), BigInt64Array.of(2n, -100n)]) {
      expect(loss(x, target).item()).toBe(expected);
    }
    const row = x.at(0);
    expect(loss(row, [1]).item()).toBe(loss(row, 1).item());
    expect(loss(x.reshape([2, 3, 1]), [[2], [-100]]).item()).toBe(expected);
  });

  it("is NaN on average and 0 in sum where every target is ignored, and no gradient flows", () => {
    for (const [shape, target] of [
      [
        [2, 3],
        [-100, -100],
      ],
      [[3], -100],
    ] as [number[], number[] | number][]) {
      for (const reduction of REDUCTIONS) {
        const x = ones(shape, { requiresGrad: true });
        const out = loss(x, target, { reduction });
        for (const value of valuesOf(out)) expect(value).toBe(reduction === "mean" ? NaN : 0);
        out.sum().backward();
        expect([...gradOf(x)].map(Math.abs)).toEqual(Array(x.numel).fill(0));
      }
    }
    for (const shape of [
      [0, 3],
      [2, 3, 0],
    ]) {
      const target = zeros(targetShape(shape), { dtype: "int32" });
      expect(loss(zeros(shape), target).item()).toBeNaN();
      expect(loss(zeros(shape), target, { reduction: "sum" }).item()).toBe(0);
      expect(loss(zeros(shape), target, { reduction: "none" }).shape).toEqual(targetShape(shape));
    }
  });

  it("permuting a batch permutes the losses", () => {
    const batches = fc.integer({ min: 1, max: 6 }).chain((n) =>
      fc.record({
        values: floats(n * 5),
        target: fc.array(fc.constantFrom(0, 1, 2, 3, 4, -100), { minLength: n, maxLength: n }),
        order: fc.shuffledSubarray([...Array(n).keys()], { minLength: n }),
      }),
    );
    fc.assert(
      fc.property(batches, ({ values, target, order }) =>
        tidy(() => {
          const x = tensor(Float32Array.from(values), { shape: [target.length, 5] });
          const plain = loss(x, target, { reduction: "none" });
          const wanted = order.map((i) => target[i]);
          const permuted = loss(F.embedding(order, x), wanted, { reduction: "none" });
          const before = valuesOf(plain);
          expectBits(
            valuesOf(permuted),
            order.map((i) => before[i]),
          );
        }),
      ),
      { numRuns: 150, seed: 20260 },
    );
  });

  it.each<[string, number[], Parameters<typeof F.nllLoss>[1], typeof TypeError | typeof RangeError, string]>([
    ["a number as input", [], [0], RangeError, "Expected 1 or more dimensions (got 0)"],
    ["too many targets for a vector", [3], [0, 1], RangeError, "For 1D input, 1D target must have size 1"],
    ["a matrix of targets for a vector", [3], [[0]], RangeError, "0D or 1D target tensor expected, multi-target not"],
    ["one target for a matrix", [2, 3], 0, RangeError, "Expected input batch_size (2) to match target batch_size (0)."],
    [
      "too many targets",
      [2, 3],
      [0, 1, 2],
      RangeError,
      "Expected input batch_size (2) to match target batch_size (3).",
    ],
    ["a matrix of targets", [2, 3], [[0], [1]], RangeError, "0D or 1D target tensor expected, multi-target not"],
    ["a row of targets missing", [2, 3, 4], [[0], [1]], RangeError, "Expected target size [2, 4], got [2, 1]"],
    ["targets without their dims", [2, 3, 4], [0, 1], RangeError, "Expected target size [2, 4], got [2]"],
    ["targets for fewer pixels", [1, 3, 1, 2], [[[0]]], RangeError, "size mismatch (got input: [1, 3, 1, 2] , target:"],
    ["a target too large", [2, 3], [0, 3], RangeError, "Target 3 is out of bounds"],
    ["a negative target", [2, 3], Int8Array.of(-1, 0), RangeError, "target[0] is -1, valid range is [0, 3)"],
    ["a target where there are no classes", [1, 0], [0], RangeError, "Target 0 is out of bounds"],
    ["a tensor of floats as target", [2, 3], tensor([0, 1]), TypeError, "expected target dtype to be Long or Byte"],
    ["a fraction as target", [2, 3], [0, 0.5], TypeError, "target[1] is 0.5"],
    ["a Float32Array as target", [2, 3], Float32Array.of(0, 1) as never, TypeError, "target"],
  ])("refuses %s", (_, shape, target, type, words) => {
    expectError(() => loss(zeros(shape), target), type, `${name}: `, words);
  });

  it("refuses odd options and inputs", () => {
    const x = zeros([2, 3]);
    expectError(
      () => loss(x, [0, 1], { reduction: "avg" as never }),
      TypeError,
      "avg is not a valid value for reduction",
    );
    expectError(() => loss(x, [0, 1], { ignoreIndex: 1.5 }), TypeError, "ignoreIndex");
    expectError(() => loss(x, [0, 1], { ignoreIndex: 2 ** 40 }), RangeError, "ignoreIndex is 1099511627776");
    expectError(() => loss(x, [0, 1], { weight: x } as never), TypeError, "weight");
    expectError(() => loss(longTensor([[1, 2]]), [0]), TypeError, `${name}: argument 'input' must be a float32 tensor`);
    expectError(() => loss([[1]] as never, [0]), TypeError, `${name}: argument 'input' must be Tensor`);
  });

  it("has the names that PyTorch gives its nodes", () => {
    const nameOf = (shape: number[], reduction: Reduction) => {
      const target = zeros(targetShape(shape), { dtype: "int32" });
      return loss(zeros(shape, { requiresGrad: true }), target, { reduction }).gradFn!.name;
    };
    for (const reduction of REDUCTIONS) {
      expect([nameOf([3], reduction), nameOf([2, 3], reduction)]).toEqual(Array(2).fill("NllLossBackward0"));
      expect(nameOf([2, 3, 1, 1], reduction)).toBe("NllLoss2DBackward0");
      for (const shape of [
        [2, 3, 1],
        [2, 3, 1, 1, 1],
      ]) {
        expect(nameOf(shape, reduction)).toBe(reduction === "none" ? "ViewBackward0" : "NllLoss2DBackward0");
      }
    }
  });
});

describe("crossEntropy", () => {
  it("is the loss of the other classes' mask: an ignored row of -Infinity leaves the others alone", () => {
    const x = tensor(
      [
        [1, 2, 3],
        [-Infinity, -Infinity, -Infinity],
      ],
      { requiresGrad: true },
    );
    const loss = F.crossEntropy(x, [2, -100]);
    expectClose([loss.item()], [-logShares([1, 2, 3])[2]], 1e-6);
    loss.backward();
    const shares = logShares([1, 2, 3]).map(Math.exp);
    expectClose(gradOf(x).subarray(0, 3), [shares[0], shares[1], shares[2] - 1], 1e-6);
  });

  it("does not overflow", () => {
    const x = tensor([[1e30, -1e30]]);
    expect([F.crossEntropy(x, [0]).item(), F.crossEntropy(x, [1]).item()]).toEqual([0, Math.fround(2e30)]);
  });
});

describe("mseLoss", () => {
  const squares = (a: readonly number[], b: readonly number[]) => {
    const n = Math.max(a.length, b.length);
    return Array.from({ length: n }, (_, i) => (a[i % a.length] - b[i % b.length]) ** 2);
  };

  it("has the values and slopes of its formula, for both arguments, broadcast too", () => {
    for (const [left, right] of [
      [[], []],
      [[5], [5]],
      [
        [2, 3],
        [2, 3],
      ],
      [[2, 3], [3]],
      [[], [4]],
    ]) {
      for (const reduction of REDUCTIONS) {
        expectSlopes(
          (x, y) => F.mseLoss(x, y, { reduction }),
          (a, b) => reduce(squares(a, b), reduction),
          [operand(left), operand(right, 3)],
        );
      }
    }
  });

  it("gives a gradient to whoever needs one", () => {
    const loss = (a: Tensor, b: Tensor) => F.mseLoss(a, b).backward();
    const x = tensor([1, 2], { requiresGrad: true });
    loss(tensor([3, 5]), x);
    expect(x.grad!.toArray()).toEqual([-2, -3]);
    loss(x, x.detach());
    expect(x.grad!.toArray()).toEqual([-2, -3]);
  });

  it("of nothing is NaN on average and 0 in sum", () => {
    const none = zeros([0]);
    expect(F.mseLoss(none, none).item()).toBeNaN();
    expect(F.mseLoss(none, none, { reduction: "sum" }).item()).toBe(0);
  });

  it("refuses sizes that do not fit, integers and odd options", () => {
    const words = "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 1";
    expectError(() => F.mseLoss(zeros([2, 3]), zeros([2])), RangeError, "mseLoss: ", words);
    expectError(() => F.mseLoss(longTensor([1]), zeros([1])), TypeError, "mseLoss: argument 'input'");
    expectError(() => F.mseLoss(zeros([1]), longTensor([1])), TypeError, "mseLoss: argument 'target'");
    expectError(() => F.mseLoss(zeros([1]), 1 as never), TypeError, "mseLoss: argument 'target' must be Tensor");
    expectError(
      () => F.mseLoss(zeros([1]), zeros([1]), { reduction: "avg" as never }),
      TypeError,
      "avg is not a valid",
    );
    expectError(() => F.mseLoss(zeros([1]), zeros([1]), { weight: 1 } as never), TypeError, "weight");
  });

  it("has PyTorch's name for its node", () => {
    expect(F.mseLoss(ones([2], { requiresGrad: true }), ones([2])).gradFn!.name).toBe("MseLossBackward0");
  });
});

describe("binaryCrossEntropyWithLogits", () => {
  const bce = F.binaryCrossEntropyWithLogits;

  it("has the values and slopes of its formula, for both operands and every reduction", () => {
    for (const reduction of REDUCTIONS) {
      expectSlopes(
        (x, y) => bce(x, y, { reduction }),
        (x, y) =>
          reduce(
            x.map((value, i) => Math.log1p(Math.exp(value)) - value * y[i]),
            reduction,
          ),
        [operand([3, 4]), operand([3, 4], 3)],
      );
    }
  });

  it("gives PyTorch's gradient to a target, also where the input needs none", () => {
    const logits = [
      [-1.5, 0.25],
      [2, -0.5],
    ];
    for (const requiresGrad of [true, false]) {
      for (const [reduction, gradient, expected] of [
        [
          "none",
          [
            [1, 2],
            [3, -4],
          ],
          [
            [1.5, -0.5],
            [-6, -2],
          ],
        ],
        [
          "mean",
          2,
          [
            [0.75, -0.125],
            [-1, 0.25],
          ],
        ],
        [
          "sum",
          2,
          [
            [3, -0.5],
            [-4, 1],
          ],
        ],
      ] as const) {
        const x = tensor(logits, { requiresGrad });
        const target = tensor(
          [
            [0.25, 1],
            [0, 0.75],
          ],
          { requiresGrad: true },
        );
        bce(x, target, { reduction }).backward(tensor(gradient));
        expect(target.grad!.toArray()).toEqual(expected);
        expect(x.grad === null).toBe(!requiresGrad);
      }
    }
  });
});

describe("a target of the wrong shape", () => {
  it("is a TypeError where it is an array that contains itself, or a DataView", () => {
    const endless: unknown[] = [];
    endless.push(endless);
    const words = "crossEntropy: target is nested deeper than 64 levels";
    expectError(() => F.crossEntropy(zeros([2, 3]), endless as number[]), TypeError, words);
    const view = new DataView(new ArrayBuffer(8)) as unknown as Int32Array;
    expectError(() => F.crossEntropy(zeros([2, 3]), view), TypeError, "crossEntropy: Expected argument 'target'");
  });

  it("is told of its shape, though its values are no classes either", () => {
    const logits = zeros([2, 5, 7]);
    const target = [
      [6, 6, 6, 6, 6],
      [6, 6, 6, 6, 6],
    ];
    expectError(() => F.crossEntropy(logits, target), RangeError, "Expected target size [2, 7], got [2, 5]");
    expectError(
      () => F.crossEntropy(logits, longTensor(target)),
      RangeError,
      "Expected target size [2, 7], got [2, 5]",
    );
  });
});
