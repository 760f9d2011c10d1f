import { full, longTensor, memory, nn, ones, randn, type Tensor, tensor, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectError, gradOf, valuesOf } from "./compare.js";

type Data = Parameters<typeof tensor>[0];

describe("tensor", () => {
  it.each<[string, Data, "float32" | "int32", number[], unknown]>([
    ["a number", 2.5, "float32", [], 2.5],
    ["an integer too", 2, "float32", [], 2],
    ["a vector", [1, 2], "float32", [2], [1, 2]],
    [
      "a matrix",
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      "float32",
      [3, 2],
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ],
    ["rank 3", [[[1], [2]]], "float32", [1, 2, 1], [[[1], [2]]]],
    ["nothing", [], "float32", [0], []],
    ["empty rows", [[], []], "float32", [2, 0], [[], []]],
    ["a Float32Array", Float32Array.of(0.5), "float32", [1], [0.5]],
    ["a Float64Array, rounded", Float64Array.of(0.1), "float32", [1], [Math.fround(0.1)]],
    ["an Int8Array", Int8Array.of(-1, 2), "int32", [2], [-1, 2]],
    ["a Uint8Array", Uint8Array.of(255), "int32", [1], [255]],
    ["a Uint8ClampedArray", Uint8ClampedArray.of(300), "int32", [1], [255]],
    ["an Int16Array", Int16Array.of(-3), "int32", [1], [-3]],
    ["a Uint16Array", Uint16Array.of(65535), "int32", [1], [65535]],
    ["an Int32Array", Int32Array.of(-(2 ** 31)), "int32", [1], [-(2 ** 31)]],
    ["a Uint32Array", Uint32Array.of(2 ** 31 - 1), "int32", [1], [2 ** 31 - 1]],
    ["a BigInt64Array", BigInt64Array.of(-5n), "int32", [1], [-5]],
    ["a BigUint64Array", BigUint64Array.of(5n), "int32", [1], [5]],
    ["special numbers", [NaN, -0, Infinity, 1e-45, 1e39], "float32", [5], [NaN, -0, Infinity, 2 ** -149, Infinity]],
  ])("of %s", (_, data, dtype, shape, values) => {
    const x = tensor(data);
    expect([x.dtype, x.shape, x.toArray()]).toEqual([dtype, shape, values]);
    expect([x.ndim, x.numel]).toEqual([shape.length, shape.reduce((n, size) => n * size, 1)]);
    expect([x.requiresGrad, x.isLeaf, x.grad]).toEqual([false, true, null]);
  });

  it("takes the dtype and the shape it is told", () => {
    expect(tensor([1, 2], { dtype: "int32" }).dtype).toBe("int32");
    expect(tensor(Int8Array.of(1), { dtype: "float32" }).dtype).toBe("float32");
    expect(tensor(Float32Array.of(1, 2, 3, 4), { shape: [2, 2] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(tensor([1, 2, 3, 4], { shape: [4, 1] }).shape).toEqual([4, 1]);
    expect(tensor(Float32Array.of(7), { shape: [] }).item()).toBe(7);
    expect(tensor([], { shape: [3, 0] }).shape).toEqual([3, 0]);
    expect(tensor([1], { requiresGrad: true }).requiresGrad).toBe(true);
  });

  it("copies, and leaves its shape alone", () => {
    const [data, shape] = [Float32Array.of(1, 2), [2, 1]];
    const x = tensor(data, { shape });
    data.fill(9);
    shape[0] = 7;
    expect(x.toArray()).toEqual([[1], [2]]);
    expect(x.shape).toEqual([2, 1]);
  });

  it.each<[string, () => unknown, typeof TypeError | typeof RangeError, string]>([
    ["ragged nesting", () => tensor([[1, 2], [3]]), TypeError, "ragged"],
    ["a string", () => tensor("1" as never), TypeError, "tensor"],
    ["strings", () => tensor([1, "2"] as never), TypeError, "data[1]"],
    ["nothing", () => tensor(undefined as never), TypeError, "tensor"],
    ["booleans", () => tensor([true] as never), TypeError, "data[0]"],
    ["bigints", () => tensor([1n] as never), TypeError, "data[0]"],
    ["an object", () => tensor({} as never), TypeError, "tensor"],
    ["a DataView", () => tensor(new DataView(new ArrayBuffer(4)) as never), TypeError, "tensor"],
    ["a wrong shape", () => tensor([1, 2, 3], { shape: [2, 2] }), RangeError, "shape '[2, 2]' is invalid"],
    [
      "a wrong shape of a typed array",
      () => tensor(new Int8Array(3), { shape: [2] }),
      RangeError,
      "shape '[2]' is invalid",
    ],
    ["a negative size", () => tensor([1], { shape: [-1] }), RangeError, "negative dimension -1"],
    ["a fractional size", () => tensor([1], { shape: [0.5] }), TypeError, "tuple of ints"],
    ["a shape that is a number", () => tensor([1], { shape: 1 as never }), TypeError, "shape"],
    ["an unknown dtype", () => tensor([1], { dtype: "float64" as never }), TypeError, "dtype"],
    ["fractions as integers", () => tensor([1, 1.5], { dtype: "int32" }), TypeError, "data[1]"],
    ["NaN as an integer", () => longTensor([NaN]), TypeError, "data[0]"],
    ["a Float32Array of fractions as integers", () => longTensor(Float32Array.of(0.5) as never), TypeError, "data[0]"],
    ["integers beyond 32 bits", () => longTensor([0, 2 ** 31]), RangeError, "data[1] is 2147483648"],
    ["a Uint32Array beyond 32 bits", () => tensor(Uint32Array.of(2 ** 32 - 1)), RangeError, "data[0] is 4294967295"],
    ["a BigInt64Array beyond 32 bits", () => tensor(BigInt64Array.of(2n ** 32n)), RangeError, "data[0] is 4294967296"],
    ["a BigUint64Array beyond 32 bits", () => longTensor(BigUint64Array.of(2n ** 64n - 1n)), RangeError, "data[0]"],
    ["a gradient of integers", () => tensor(Int8Array.of(1), { requiresGrad: true }), TypeError, "floating point"],
    ["requiresGrad that is no boolean", () => tensor([1], { requiresGrad: 1 as never }), TypeError, "requiresGrad"],
    ["zeros of a fraction", () => zeros([1.5]), TypeError, "tuple of ints"],
    ["zeros of a negative size", () => zeros([2, -3]), RangeError, "negative dimension -3: [2, -3]"],
    ["zeros of a number", () => zeros(3 as never), TypeError, "shape must be an array"],
    ["full of a string", () => full([1], "1" as never), TypeError, "must be a number"],
    ["full of a fraction, as integers", () => full([1], 0.5, { dtype: "int32" }), TypeError, "integer"],
    [
      "ones of a gradient of integers",
      () => ones([1], { dtype: "int32", requiresGrad: true }),
      TypeError,
      "floating point",
    ],
  ])("refuses %s, and keeps nothing", (_, mistake, type, words) => {
    const before = memory();
    expectError(mistake, type, words);
    expect(memory()).toEqual(before);
  });
});

describe("tensors of one value", () => {
  it.each<[string, Tensor, unknown]>([
    ["zeros", zeros([2, 1]), [[0], [0]]],
    ["ones", ones([2]), [1, 1]],
    ["full", full([1, 2], -2.5), [[-2.5, -2.5]]],
    ["full of a 0-D shape", full([], 4), 4],
    ["full of no elements", full([0, 3], 4), []],
    ["integers", full([2], 7, { dtype: "int32" }), [7, 7]],
  ])("%s", (_, x, values) => {
    expect(x.toArray()).toEqual(values);
  });

  it("are float32 unless told, and may be leaves", () => {
    expect([zeros([1]).dtype, ones([1], { dtype: "int32" }).dtype]).toEqual(["float32", "int32"]);
    expect([zeros([1]).requiresGrad, ones([1], { requiresGrad: true }).requiresGrad]).toEqual([false, true]);
  });
});

describe("reading", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  it("item reads one element of any rank", () => {
    expect([tensor(3).item(), tensor([3]).item(), tensor([[3]]).item(), longTensor([[-3]]).item()]).toEqual([
      3, 3, 3, -3,
    ]);
    expectError(() => zeros([0]).item(), RangeError, "a Tensor with 0 elements cannot be converted to Scalar");
  });

  it("at counts from either end", () => {
    expect([x.at(0).toArray(), x.at(-1).toArray(), x.at(-1, -3).item(), x.at().toArray()]).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      4,
      x.toArray(),
    ]);
    for (const index of [2, -3]) expectError(() => x.at(index), RangeError, `index ${index} is out of bounds`);
    for (const index of [0.5, NaN, "0", undefined]) expectError(() => x.at(index as never), TypeError, "at");
    expectError(() => x.at(0, 3), RangeError, "index 3 is out of bounds for dimension 1 with size 3");
  });

  it("array is live", () => {
    const y = zeros([2]);
    y.array[1] = 5;
    expect(y.toArray()).toEqual([0, 5]);
    expect(y.at(1).array).toEqual(Float32Array.of(5));
    expect(longTensor([1]).array).toBeInstanceOf(Int32Array);
  });

  it("toDense of what is dense is itself", () => {
    expect(x.toDense()).toBe(x);
  });
});

describe("other shapes", () => {
  const x = tensor([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  it("reshape finds the size that is left open", () => {
    expect(x.reshape([-1]).toArray()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(x.reshape([3, -1]).toArray()).toEqual([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    expect(x.reshape([1, 6, -1]).shape).toEqual([1, 6, 1]);
    expect(zeros([0, 3]).reshape([-1, 3]).shape).toEqual([0, 3]);
    expect(tensor(1).reshape([1, 1]).shape).toEqual([1, 1]);
    expect(zeros([2, 0]).reshape([0, 7]).shape).toEqual([0, 7]);
  });

  it.each<[unknown, typeof TypeError | typeof RangeError]>([
    [[4], RangeError],
    [[-1, 4], RangeError],
    [[-1, -1], RangeError],
    [[-2, 3], RangeError],
    [[0, -1], RangeError],
    [[1.5, 4], TypeError],
    [6, TypeError],
    ["6", TypeError],
  ])("reshape refuses %o", (shape, type) => {
    expectError(() => x.reshape(shape as number[]), type, "");
  });

  it("transpose swaps two dimensions, counted from either end", () => {
    expect(x.transpose(0, 1).toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(x.transpose(-1, 0).toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(x.transpose(1, 1).toArray()).toEqual(x.toArray());
    expect(
      longTensor([[1, 2]])
        .transpose(0, 1)
        .toArray(),
    ).toEqual([[1], [2]]);
    expect(zeros([2, 0, 3]).transpose(0, 2).shape).toEqual([3, 0, 2]);
    expect(tensor(5).transpose(0, -1).item()).toBe(5);
  });

  it("narrow takes a part of any dimension", () => {
    expect(x.narrow(0, 1, 1).toArray()).toEqual([[4, 5, 6]]);
    expect(x.narrow(1, 1, 2).toArray()).toEqual([
      [2, 3],
      [5, 6],
    ]);
    expect(x.narrow(-1, -1, 1).toArray()).toEqual([[3], [6]]);
    expect(x.narrow(1, 3, 0).shape).toEqual([2, 0]);
    expect(
      longTensor([
        [1, 2],
        [3, 4],
      ])
        .narrow(1, 1, 1)
        .toArray(),
    ).toEqual([[2], [4]]);
    expectError(() => x.narrow(1, 1.5, 1), TypeError, "narrow");
    expectError(() => tensor(1).narrow(0, 0, 1), RangeError, "narrow");
  });

  it("float makes integers float32 and leaves floats", () => {
    const y = longTensor([1, -(2 ** 31), 2 ** 24 + 1]).float();
    expect([y.dtype, y.toArray()]).toEqual(["float32", [1, -(2 ** 31), 2 ** 24]]);
    expect(x.float()).toBe(x);
  });
});

describe("arithmetic", () => {
  it("needs numbers or tensors, and float32 where integers have no answer", () => {
    const x = ones([2]);
    for (const operation of ["add", "sub", "mul", "div"] as const) {
      for (const other of ["1", null, undefined, [1, 2], 1n, true]) {
        expectError(() => x[operation](other as never), TypeError, operation, "other");
        expectError(() => longTensor([1, 2])[operation](other as never), TypeError, operation, "other");
      }
    }
    for (const operation of ["exp", "log", "sqrt", "sum", "mean"] as const) {
      expectError(() => longTensor([1, 2])[operation](), TypeError, operation, "float32");
    }
    expectError(() => x.matmul([1, 2] as never), TypeError, "matmul");
    expectError(() => x.matmul(longTensor([1, 2])), TypeError, "matmul");
  });

  it("sums nothing to zero and averages it to NaN", () => {
    expect(zeros([0]).sum().item()).toBe(0);
    expect(zeros([0]).mean().item()).toBeNaN();
    expect(zeros([0, 2]).sum(0).toArray()).toEqual([0, 0]);
    expect(zeros([2, 0]).sum(1).toArray()).toEqual([0, 0]);
  });

  it("adds many numbers pairwise: a million tenths", () => {
    const sum = full([2 ** 20], 0.1)
      .sum()
      .item();
    expect(Math.abs(sum / (2 ** 20 * Math.fround(0.1)) - 1)).toBeLessThan(1e-6);
  });

  it.each<[string, (x: Tensor) => Tensor, unknown]>([
    ["vector times vector", (x) => x.at(0).matmul(x.at(1)), 32],
    ["matrix times vector", (x) => x.matmul(tensor([1, 0, 2])), [7, 16]],
    ["vector times matrix", (x) => tensor([1, 2]).matmul(x), [9, 12, 15]],
    [
      "nothing times nothing",
      () => zeros([2, 0]).matmul(zeros([0, 2])),
      [
        [0, 0],
        [0, 0],
      ],
    ],
    ["no rows", (x) => zeros([0, 2]).matmul(x), []],
    ["a batch with a batch of vectors as columns", () => ones([2, 1, 3]).matmul(ones([2, 3, 1])), [[[3]], [[3]]]],
  ])("%s", (_, product, values) => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(product(x).toArray()).toEqual(values);
  });

  it.each<[string, (a: Tensor, b: Tensor) => Tensor, number[], number[]]>([
    ["vector times vector", (a, b) => a.matmul(b), [3], [3]],
    ["matrix times vector", (a, b) => a.matmul(b), [2, 3], [3]],
    ["vector times matrix", (a, b) => a.matmul(b), [3], [3, 2]],
    ["a batch", (a, b) => a.matmul(b), [2, 2, 3], [2, 3, 2]],
  ])("the gradient of %s is that of its sums of products", (_, product, left, right) => {
    // Small whole numbers: every sum is exact.
    const whole = (shape: number[]) =>
      tensor(
        Float32Array.from({ length: shape.reduce((n, s) => n * s, 1) }, (__, i) => ((i * 7) % 5) - 2),
        {
          shape,
          requiresGrad: true,
        },
      );
    const [a, b] = [whole(left), whole(right)];
    product(a, b).sum().backward();
    for (const x of [a, b]) {
      const slopes = Array.from(valuesOf(x), (_v, i) => {
        const [up, down] = [1, -1].map((step) => {
          x.data.array[i] += step;
          const sum = product(a, b).sum().item();
          x.data.array[i] -= step;
          return sum;
        });
        return (up - down) / 2;
      });
      expect([...gradOf(x)]).toEqual(slopes.map((s) => s + 0));
    }
  });

  it("sums over no hole in a list of dims", () => {
    const dims = Object.assign(Array<number>(2), { 1: 1 });
    expectError(() => ones([2, 3]).sum(dims), TypeError, "sum: argument 'dim' must be an integer");
  });
});

describe("copies", () => {
  it("clone has the values and passes gradients on", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const y = x.clone();
    expect([y.toArray(), y.requiresGrad]).toEqual([[1, 2], true]);
    y.mul(3).sum().backward();
    expect(x.grad!.toArray()).toEqual([3, 3]);
  });

  it("copy_ broadcasts and copies a part of itself", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    x.copy_(tensor([[5], [6]]));
    expect(x.toArray()).toEqual([
      [5, 5],
      [6, 6],
    ]);
    x.copy_(x.at(1));
    expect(x.toArray()).toEqual([
      [6, 6],
      [6, 6],
    ]);
    expectError(() => x.at(0).copy_(x), RangeError, "copy_");
    expect(longTensor([0, 0]).copy_([1, 2]).toArray()).toEqual([1, 2]);
    expectError(() => longTensor([0, 0]).copy_([1, 2.5]), TypeError, "copy_");
    expectError(() => longTensor([0, 0]).copy_([1, 2 ** 31]), RangeError, "copy_");
  });

  it("fill_ keeps to the dtype", () => {
    const x = longTensor([1, 2]);
    expect(x.fill_(-3).toArray()).toEqual([-3, -3]);
    expectError(() => x.fill_(0.5), TypeError, "fill_");
    expectError(() => x.fill_(2 ** 31), RangeError, "fill_");
    expectError(() => ones([1]).fill_("1" as never), TypeError, "fill_");
    expect(ones([1]).fill_(NaN).item()).toBeNaN();
    expect(x.zero_()).toBe(x);
    expect(x.toArray()).toEqual([0, 0]);
  });

  it("a copy of every element keeps every bit", () => {
    const x = randn([7, 5]);
    expectBits(valuesOf(zeros([7, 5]).copy_(x)), valuesOf(x));
    expectBits(valuesOf(x.transpose(0, 1).transpose(1, 0)), valuesOf(x));
  });
});

describe("what users add to a tensor", () => {
  it("changes nothing, however short its name is", () => {
    const letters = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"];
    const marks = Object.fromEntries(letters.map((letter) => [letter, letter]));
    const weight = Object.assign(new nn.Parameter(tensor([1, 2])), marks);
    const factor = Object.assign(tensor([3, 4]), marks);
    const out = Object.assign(weight.mul(factor), marks);
    out.sum().backward();
    expectBits(gradOf(weight), Float32Array.of(3, 4));
    expect([weight.shape, out.toArray(), factor.dtype]).toEqual([[2], [3, 8], "float32"]);
    out.dispose();
    expect(out.isDisposed).toBe(true);
  });
});
