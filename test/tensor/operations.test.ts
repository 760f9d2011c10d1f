// relu, sigmoid, tanh, max, argmax, cat, and arithmetic with integers.

import fc from "fast-check";
import { cat, functional as F, full, longTensor, noGrad, ones, type Tensor, tensor, tidy, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { floats, sizeOf, wholes } from "./arbitrary.js";
import { expectBits, expectClose, expectError, gradOf, valuesOf } from "./compare.js";
import { alongDim, expectSlopes, operand } from "./gradcheck.js";

const leaf = (data: Parameters<typeof tensor>[0]) => tensor(data, { requiresGrad: true });
const [INF, LIMITS] = [Infinity, [0, -0, Infinity, -Infinity, NaN, 200, -200]];
const SHAPES = [[], [1], [5], [3, 4], [2, 3, 4], [0], [0, 3]];

describe("functions of every element", () => {
  const functions = {
    relu: { ours: (x: Tensor) => x.relu(), again: F.relu, oracle: (x: number) => Math.max(x, 0) },
    sigmoid: { ours: (x: Tensor) => x.sigmoid(), again: F.sigmoid, oracle: reference.sigmoid },
    tanh: { ours: (x: Tensor) => x.tanh(), again: F.tanh, oracle: Math.tanh },
  };

  it.each(Object.entries(functions))("%s has the value and the slope of its formula", (_, { ours, oracle }) => {
    for (const shape of SHAPES) expectSlopes(ours, (x) => x.map(oracle), [operand(shape)]);
  });

  it.each(Object.entries(functions))("%s of F is the same function", (_, { ours, again }) => {
    const x = leaf([-1, 0.5, 3]);
    expectBits(valuesOf(again(x)), valuesOf(ours(x)));
    expect(again(x).gradFn!.name).toBe(ours(x).gradFn!.name);
  });

  it("have their limits, and gradients there", () => {
    const grads = (f: (x: Tensor) => Tensor) => {
      const x = leaf(LIMITS);
      const y = f(x);
      y.backward(full([7], 2));
      return [y.toArray(), x.grad!.toArray()];
    };
    expect(grads((x) => x.relu())).toEqual([
      [0, -0, INF, 0, NaN, 200, 0],
      [0, 0, 2, 0, 2, 2, 0],
    ]);
    expect(grads((x) => x.sigmoid())).toEqual([
      [0.5, 0.5, 1, 0, NaN, 1, 0],
      [0.5, 0.5, 0, 0, NaN, 0, 0],
    ]);
    expect(grads((x) => x.tanh())).toEqual([
      [0, -0, 1, -1, NaN, 1, -1],
      [2, 2, 0, 0, NaN, 0, 0],
    ]);
  });

  it("tanh keeps the digits of its slope where it is almost flat", () => {
    const x = leaf([3, 5, -7]);
    x.tanh().sum().backward();
    // The slope that belongs to the rounded value.
    const slopes = Array.from(valuesOf(x.tanh()), (y) => (1 - y) * (1 + y));
    expectClose(gradOf(x), slopes, 2e-7);
  });

  it("refuse integers and what is no tensor", () => {
    for (const name of ["relu", "sigmoid", "tanh"] as const) {
      expectError(() => longTensor([1])[name](), TypeError, `${name}: argument 'input' must be a float32 tensor`);
      expectError(() => F[name]([1] as never), TypeError, `${name}: argument 'input' must be Tensor, not an array`);
    }
  });
});

/** The largest of a line with the first place of it; NaN is the largest. */
const first = (line: number[]) => {
  const nan = line.findIndex(Number.isNaN);
  return nan >= 0 ? nan : line.indexOf(Math.max(...line));
};

describe("max", () => {
  it("of all is the largest, and its gradient goes there", () => {
    for (const shape of SHAPES.filter((s) => sizeOf(s) > 0)) {
      expectSlopes(
        (x) => x.max(),
        (x) => [Math.max(...x)],
        [operand(shape)],
      );
    }
  });

  it("of all divides its gradient among equals, NaN being equal to NaN", () => {
    const grad = (data: number[]) => {
      const x = leaf(data);
      x.max().mul(3).backward();
      return x.grad!.toArray();
    };
    expect(grad([1, 3, 3, 2])).toEqual([0, 1.5, 1.5, 0]);
    expect(grad([0, -0, -1])).toEqual([1.5, 1.5, 0]);
    expect(grad([1, NaN, 5, NaN])).toEqual([0, 1.5, 0, 1.5]);
    expect(grad([-INF, -INF])).toEqual([1.5, 1.5]);
  });

  it("over a dim has values and places, and sends the gradient to the places", () => {
    for (const shape of SHAPES.filter((s) => sizeOf(s) > 0 && s.length > 0)) {
      for (let dim = -shape.length; dim < shape.length; dim++) {
        const x = operand(shape);
        const largest = (values: readonly number[]) =>
          alongDim({ shape, values }, dim, (line) => [Math.max(...line)]).values;
        expectSlopes((t) => t.max(dim).values, largest, [x]);
        const places = alongDim(x, dim, (line) => [first(line)]);
        const kept = tensor(Float32Array.from(x.values), { shape }).max(dim, { keepdim: true });
        expect([kept.indices.dtype, kept.indices.shape, kept.values.shape]).toEqual([
          "int32",
          places.shape,
          places.shape,
        ]);
        expect([...valuesOf(kept.indices)]).toEqual(places.values);
      }
    }
  });

  it("over a dim takes the first of equals, and the first NaN before all", () => {
    const x = leaf([
      [1, 3, 3, 2],
      [NaN, 1, NaN, 2],
      [-INF, -INF, -INF, -INF],
    ]);
    const { values, indices } = x.max(-1);
    expect([values.toArray(), indices.toArray()]).toEqual([
      [3, NaN, -INF],
      [1, 0, 0],
    ]);
    values.backward(tensor([1, 2, 3]));
    expect(x.grad!.toArray()).toEqual([
      [0, 1, 0, 0],
      [2, 0, 0, 0],
      [3, 0, 0, 0],
    ]);
  });

  it("works on integers, exactly", () => {
    const x = longTensor([
      [2 ** 24, 2 ** 24 + 1],
      [-(2 ** 31), -1],
    ]);
    expect([x.max().item(), x.max().dtype, x.argmax().item()]).toEqual([2 ** 24 + 1, "int32", 1]);
    const { values, indices } = x.max(0);
    expect([values.toArray(), indices.toArray(), values.dtype]).toEqual([[2 ** 24, 2 ** 24 + 1], [0, 0], "int32"]);
  });

  it("works on a number and on what is empty beside the dim", () => {
    const { values, indices } = tensor(3).max(-1);
    expect([values.toArray(), indices.toArray()]).toEqual([3, 0]);
    expect([zeros([0, 3]).max(1).values.shape, zeros([0, 3]).argmax(1).shape]).toEqual([[0], [0]]);
  });

  it("refuses what has no largest element, and odd arguments, in PyTorch's words", () => {
    const words = "max: Expected reduction dim to be specified for input.numel() == 0.";
    expectError(() => zeros([0]).max(), RangeError, words);
    expectError(() => zeros([2, 0]).max(1), RangeError, "max: Expected reduction dim 1 to have non-zero size.");
    expectError(() => zeros([0, 3]).max(0), RangeError, "max: Expected reduction dim 0 to have non-zero size.");
    expectError(() => ones([2]).max(1), RangeError, "Dimension out of range (expected to be in range of [-1, 0]");
    expectError(() => ones([2]).max([0] as never), TypeError, "max", "dim");
    expectError(() => ones([2]).max(undefined as never, { keepdim: true }), TypeError, "max() received an invalid");
    expectError(() => ones([2]).max(0, { keepdim: 1 as never }), TypeError, "keepdim");
    expectError(() => ones([2]).max(0, { keepDim: true } as never), TypeError, "keepDim");
  });
});

describe("argmax", () => {
  it("is the first place of the largest, in row-major order or in a dim", () => {
    for (const shape of SHAPES.filter((s) => sizeOf(s) > 0)) {
      const x = operand(shape);
      const ours = tensor(Float32Array.from(x.values), { shape });
      expect(ours.argmax().item()).toBe(first([...x.values]));
      expect(ours.argmax(undefined, { keepdim: true }).shape).toEqual(shape.map(() => 1));
      for (let dim = 0; dim < shape.length; dim++) {
        const expected = alongDim(x, dim, (line) => [first(line)]);
        const out = ours.argmax(dim, { keepdim: true });
        expect([out.dtype, out.shape, [...valuesOf(out)]]).toEqual(["int32", expected.shape, expected.values]);
        expect(ours.argmax(dim).shape).toEqual(shape.filter((_, k) => k !== dim));
      }
    }
    expect(ones([1000]).argmax().item()).toBe(0);
    expect(leaf([1, 2]).argmax().requiresGrad).toBe(false);
  });

  it("refuses what is empty", () => {
    expectError(
      () => zeros([0]).argmax(),
      RangeError,
      "argmax: Expected reduction dim to be specified for input.numel() == 0.",
    );
    expectError(() => zeros([2, 0]).argmax(1), RangeError, "argmax: Expected reduction dim 1 to have non-zero size.");
  });
});

describe("cat", () => {
  it("then narrow gives the parts back, and their gradients", () => {
    const lists = fc
      .record({
        shape: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }),
        sizes: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 4 }),
        dim: fc.nat(3),
        fromEnd: fc.boolean(),
      })
      .chain(({ shape, sizes, dim, fromEnd }) => {
        const axis = dim % shape.length;
        const shapes = sizes.map((size) => shape.map((other, k) => (k === axis ? size : other)));
        const values = shapes.map((one) => floats(sizeOf(one)));
        return fc.record({
          axis: fc.constant(axis),
          dim: fc.constant(fromEnd ? axis - shape.length : axis),
          shapes: fc.constant(shapes),
          values: fc.tuple(...values),
        });
      });
    fc.assert(
      fc.property(lists, ({ axis, dim, shapes, values }) =>
        tidy(() => {
          const parts = shapes.map((shape, i) =>
            tensor(Float32Array.from(values[i]), { shape, requiresGrad: i % 2 === 0 }),
          );
          const whole = cat(parts, dim);
          // A vector of nothing adds nothing wherever it stands.
          whole.backward(whole.detach().mul(2));
          let start = 0;
          for (const [i, part] of parts.entries()) {
            const size = shapes[i][axis];
            expectBits(valuesOf(whole.narrow(axis, start, size)), values[i]);
            if (i % 2 === 0)
              expectBits(
                gradOf(part),
                values[i].map((v) => v * 2),
              );
            start += size;
          }
          expect(whole.shape[axis]).toBe(start);
        }),
      ),
      { numRuns: 200, seed: 20260 },
    );
  });

  it("keeps integers, and makes them float32 beside float32", () => {
    const whole = cat([longTensor([1]), longTensor([2 ** 31 - 1])]);
    expect([whole.dtype, whole.toArray()]).toEqual(["int32", [1, 2 ** 31 - 1]]);
    const x = leaf([0.5]);
    const mixed = cat([longTensor([[2]]).reshape([1]), x]);
    expect([mixed.dtype, mixed.toArray(), mixed.gradFn!.name]).toEqual(["float32", [2, 0.5], "CatBackward0"]);
    mixed.backward(tensor([3, 4]));
    expect(x.grad!.toArray()).toEqual([4]);
  });

  it("adds up the gradients of a tensor that stands twice", () => {
    const x = leaf([1, 2]);
    cat([x, x]).backward(tensor([1, 2, 3, 4]));
    expect(x.grad!.toArray()).toEqual([4, 6]);
  });

  it("lets vectors of nothing stand beside anything, as PyTorch does", () => {
    const x = leaf([[1, 2]]);
    const nothing = leaf([]);
    const out = cat([nothing, x], 1);
    expect(out.toArray()).toEqual([[1, 2]]);
    out.sum().backward();
    expect([nothing.grad!.shape, x.grad!.toArray()]).toEqual([[0], [[1, 1]]]);
    expect(cat([zeros([0]), zeros([0])], 1).shape).toEqual([0]);
    expect(cat([zeros([2, 0]), zeros([2, 3])], 1).shape).toEqual([2, 3]);
  });

  it("is a copy, also of one tensor", () => {
    const x = ones([2]);
    cat([x]).fill_(7);
    expect(x.toArray()).toEqual([1, 1]);
  });

  it.each<[string, () => unknown, typeof TypeError | typeof RangeError, string]>([
    ["no list", () => cat(ones([2]) as never), TypeError, "argument 'tensors' (position 1) must be tuple of Tensors"],
    ["no tensors", () => cat([]), RangeError, "expected a non-empty list of Tensors"],
    [
      "a number among them",
      () => cat([ones([2]), 3 as never]),
      TypeError,
      "expected Tensor as element 1 in argument 0",
    ],
    ["numbers of 0 dims", () => cat([tensor(1)]), RangeError, "zero-dimensional tensor (at position 0) cannot be"],
    [
      "different ranks",
      () => cat([ones([2, 3]), ones([3])]),
      RangeError,
      "Tensors must have same number of dimensions: got 2 and 1",
    ],
    [
      "different sizes",
      () => cat([ones([2, 3]), ones([3, 2])]),
      RangeError,
      "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2 for tensor number 1 in the list",
    ],
    ["a dim too large", () => cat([ones([2, 3])], 2), RangeError, "Dimension out of range"],
    ["a fraction as dim", () => cat([ones([2, 3])], 0.5), TypeError, "dim"],
    ["a hole among tensors", () => cat(Array(1)), TypeError, "expected Tensor as element 0"],
  ])("refuses %s", (_, mistake, type, words) => {
    expectError(mistake, type, "cat: ", words);
  });
});

describe("arithmetic with integers", () => {
  const int32 = (x: number) => Number(BigInt.asIntN(32, BigInt(x)));

  it("int32 with int32 stays int32 and wraps around", () => {
    const [a, b] = [longTensor([2 ** 31 - 1, -(2 ** 31), 7, 65_537]), longTensor([1, 1, -9, 65_537])];
    expect([a.add(b).dtype, a.add(b).toArray()]).toEqual(["int32", [-(2 ** 31), -(2 ** 31) + 1, -2, 131_074]]);
    expect(a.sub(b).toArray()).toEqual([2 ** 31 - 2, 2 ** 31 - 1, 16, 0]);
    expect(a.mul(b).toArray()).toEqual([2 ** 31 - 1, -(2 ** 31), -63, int32(65_537 * 65_537)]);
    expect(a.neg().toArray()).toEqual([-(2 ** 31) + 1, -(2 ** 31), -7, -65_537]);
  });

  it("broadcasts", () => {
    expect(
      longTensor([[1], [2]])
        .mul(longTensor([10, 20]))
        .toArray(),
    ).toEqual([
      [10, 20],
      [20, 40],
    ]);
    expect(longTensor([1, 2]).add(longTensor(5)).toArray()).toEqual([6, 7]);
    expect(zeros([0, 2], { dtype: "int32" }).add(longTensor([1, 2])).shape).toEqual([0, 2]);
  });

  it("takes whole numbers of 32 bits", () => {
    const x = longTensor([1, -(2 ** 31)]);
    expect([x.add(2).dtype, x.add(2).toArray()]).toEqual(["int32", [3, 2 - 2 ** 31]]);
    expect(x.sub(-(2 ** 31)).toArray()).toEqual([1 - 2 ** 31, 0]);
    expect(x.mul(-1).toArray()).toEqual([-1, -(2 ** 31)]);
    for (const operation of ["add", "sub", "mul"] as const) {
      expectError(() => x[operation](0.5), TypeError, `${operation}: argument 'other' must be an integer`);
      expectError(() => x[operation](NaN), TypeError, operation);
      expectError(() => x[operation](2 ** 31), RangeError, `${operation}: other is 2147483648, valid range of int32`);
    }
  });

  it("quotients are float32", () => {
    const x = longTensor([1, 0, -1, 2 ** 31 - 1]);
    expect([x.div(longTensor([3, 0, 0, 3])).dtype, x.div(2).toArray()]).toEqual(["float32", [0.5, 0, -0.5, 2 ** 30]]);
    expect(x.div(longTensor([4, 0, 0, 1])).toArray()).toEqual([0.25, NaN, -INF, 2 ** 31]);
    expect(x.div(0.5).toArray()).toEqual([2, 0, -2, 2 ** 32]);
  });

  it("beside float32 they become float32, and gradients pass", () => {
    const [n, x] = [longTensor([2, 3]), leaf([0.5, 1.5])];
    expect([n.add(x).toArray(), x.sub(n).toArray()]).toEqual([
      [2.5, 4.5],
      [-1.5, -1.5],
    ]);
    const grad = (f: () => Tensor) => {
      x.grad = null;
      f().sum().backward();
      return [...gradOf(x)];
    };
    expect(grad(() => n.mul(x))).toEqual([2, 3]);
    expect(grad(() => x.mul(n))).toEqual([2, 3]);
    expect(grad(() => x.div(n))).toEqual([0.5, Math.fround(1 / 3)]);
    expect(grad(() => n.div(x))).toEqual([-8, -Math.fround(Math.fround(2) / Math.fround(1.5))]);
    expect(
      longTensor([2 ** 24 + 1])
        .add(tensor([0]))
        .toArray(),
    ).toEqual([2 ** 24]);
  });

  it("is the plain loop, whatever broadcasts", () => {
    const pairs = fc
      .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.boolean(), fc.boolean())
      .chain(([rows, columns, flat, one]) =>
        fc.record({
          rows: fc.constant(rows),
          columns: fc.constant(columns),
          left: fc.constant(flat ? [columns] : [rows, columns]),
          right: fc.constant(one ? [rows, 1] : [rows, columns]),
          a: wholes(rows * columns),
          b: wholes(rows * columns),
        }),
      );
    fc.assert(
      fc.property(pairs, ({ rows, columns, left, right, a, b }) =>
        tidy(() => {
          const x = longTensor(a.slice(0, sizeOf(left)), { shape: left });
          const y = longTensor(b.slice(0, sizeOf(right)), { shape: right });
          const plain = (f: (p: number, q: number) => number) =>
            Array.from({ length: rows * columns }, (_, k) => {
              const [i, j] = [Math.floor(k / columns), k % columns];
              return f(a[left.length === 1 ? j : k], b[right[1] === columns ? k : i]);
            });
          expect([...valuesOf(x.add(y))]).toEqual(plain((p, q) => p + q));
          expect([...valuesOf(x.sub(y))]).toEqual(plain((p, q) => p - q));
          expect([...valuesOf(x.mul(y))]).toEqual(plain((p, q) => p * q + 0));
        }),
      ),
      { numRuns: 150, seed: 20260 },
    );
  });
});

describe("what an operation saves must not change before backward", () => {
  const spoiled = (y: Tensor, changed: Tensor) => {
    noGrad(() => changed.fill_(1));
    expectError(() => y.sum().backward(), Error, "has been modified by an inplace operation");
  };

  it.each<[string, (x: Tensor) => Tensor]>([
    ["relu", (x) => x.relu()],
    ["sigmoid", (x) => x.sigmoid()],
    ["tanh", (x) => x.tanh()],
    ["softmax", (x) => F.softmax(x, { dim: 0 })],
    ["logSoftmax", (x) => F.logSoftmax(x, { dim: 0 })],
    ["max", (x) => x.max()],
  ])("%s saves its result", (_, f) => {
    const y = f(leaf([1, 2]));
    spoiled(y, y);
  });

  it.each<[string, (x: Tensor) => Tensor]>([
    ["max", (x) => x.max()],
    ["mseLoss", (x) => F.mseLoss(x, ones([2]))],
    ["normalize", (x) => F.normalize(x, { dim: 0 })],
    ["cosineSimilarity", (x) => F.cosineSimilarity(x, ones([2]), { dim: 0 })],
  ])("%s saves its input", (_, f) => {
    const x = leaf([1, 2]);
    spoiled(f(x), x);
  });

  it("max over a dim saves its indices, nllLoss and crossEntropy their target", () => {
    const { values, indices } = leaf([1, 2]).max(0);
    spoiled(values, indices);
    const target = longTensor([0]);
    spoiled(F.nllLoss(leaf([[1, 2]]), target), target);
    const other = longTensor([0]);
    spoiled(F.crossEntropy(leaf([[1, 2]]), other), other);
  });

  it("indices and targets that were written to unseen are checked before they are trusted", () => {
    const { values, indices } = leaf([1, 2]).max(0);
    indices.array[0] = 2;
    expectError(() => values.backward(), RangeError, "indices is 2, valid range is [0, 2)");
    const target = longTensor([0]);
    const loss = F.nllLoss(leaf([[1, 2]]), target);
    target.array[0] = -1;
    expectError(() => loss.backward(), RangeError, "nllLoss: Target -1 is out of bounds", "target[0] is -1");
  });
});
