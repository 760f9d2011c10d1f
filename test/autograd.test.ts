import { functional as F, longTensor, nn, noGrad, ones, optim, type Tensor, tensor, tidy, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectError, gradOf, sparseGradOf, valuesOf } from "./tensor/compare.js";

const leaf = (data: Parameters<typeof tensor>[0]) => tensor(data, { requiresGrad: true });
const FORMS = [
  ["dense", false],
  ["sparse", true],
] as const;

describe("gradients accumulate", () => {
  it("over two backwards, until they are cleared", () => {
    const x = leaf([1, 2]);
    x.mul(3).sum().backward();
    expect(x.grad!.toArray()).toEqual([3, 3]);
    x.mul(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([5, 7]);
    x.grad = null;
    x.mul(2).sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 2]);
  });

  it.each(FORMS)("over two lookups in a %s table", (_, sparse) => {
    const table = new nn.Embedding(4, 2, { sparse });
    table.forward([1, 2]).sum().backward();
    table.forward([2, 2]).mul(10).sum().backward();
    expect(table.weight.grad!.toArray()).toEqual([
      [0, 0],
      [1, 1],
      [21, 21],
      [0, 0],
    ]);
    if (sparse) expect(sparseGradOf(table.weight).indices.toArray()).toEqual([[1, 2, 2, 2]]);
  });

  it("in a dense table whose gradient was read in between", () => {
    const table = new nn.Embedding(3, 1);
    table.forward([1]).sum().backward();
    const first = table.weight.grad!;
    table.forward([1, 2]).sum().backward();
    expect(table.weight.grad!.toArray()).toEqual([[0], [2], [1]]);
    expect(first.toArray()).toEqual([[0], [1], [0]]);
  });

  it("of a dense and a sparse lookup into a dense gradient", () => {
    const weight = leaf([[1], [2], [3]]);
    F.embedding([0], weight).sum().backward();
    F.embedding([0, 2], weight, { sparse: true }).sum().backward();
    expect(weight.grad).not.toHaveProperty("nnz");
    expect(weight.grad!.toArray()).toEqual([[2], [0], [1]]);
  });
});

describe("one tensor used more than once in a graph", () => {
  it.each(FORMS)("a %s table looked up twice gets both gradients", (_, sparse) => {
    const table = new nn.Embedding(4, 1, { sparse, weight: tensor([[1], [2], [3], [4]]) });
    table
      .forward([0, 1])
      .mul(table.forward([1, 2]))
      .sum()
      .backward();
    // d(w0 w1 + w1 w2)
    expect(table.weight.grad!.toArray()).toEqual([[2], [1 + 3], [2], [0]]);
  });

  it("a diamond sends one gradient to its top", () => {
    const x = leaf([2, -3]);
    const y = x.mul(x);
    y.add(y.mul(3)).add(y.mul(y)).sum().backward();
    // d(4 x^2 + x^4) = 8 x + 4 x^3
    expect(x.grad!.toArray()).toEqual([16 + 32, -24 - 108]);
  });

  it("a diamond whose arms differ in length waits for the longer one", () => {
    const x = leaf([1]);
    const y = x.mul(2);
    let long = y;
    for (let i = 0; i < 50; i++) long = long.add(1);
    y.mul(long).sum().backward();
    // d(2x (2x + 50)) = 8 x + 100
    expect(x.grad!.toArray()).toEqual([108]);
  });

  it("a ladder of diamonds costs as many steps as it has nodes", () => {
    const x = leaf([1]);
    let y: Tensor = x;
    for (let i = 0; i < 60; i++) y = y.add(y);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([2 ** 60]);
  });

  it("an operand on both sides", () => {
    const x = leaf([3, 5]);
    x.sub(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([0, 0]);
    x.grad = null;
    x.div(x).sum().backward();
    expectClose(gradOf(x), [0, 0], 1e-6, () => 1);
  });

  it.each(FORMS)("a weight tied between a %s lookup and a product", (_, sparse) => {
    const values = Float32Array.from({ length: 12 }, (__, i) => Math.fround(0.3 * i - 1.7));
    const table = new nn.Embedding(4, 3, { sparse, weight: tensor(values, { shape: [4, 3] }) });
    const rows = [2, 0, 2];
    table.forward(rows).matmul(table.weight.transpose(0, 1)).sum().backward();
    // out = sum over i, v of w[rows[i]] . w[v]; dw[r] = count(r) * sum_v w[v] + sum_i w[rows[i]]
    const expected = new Float64Array(12);
    for (let j = 0; j < 3; j++) {
      const all = [0, 1, 2, 3].reduce((sum, v) => sum + values[v * 3 + j], 0);
      const looked = rows.reduce((sum, r) => sum + values[r * 3 + j], 0);
      for (const r of rows) expected[r * 3 + j] += all;
      for (let v = 0; v < 4; v++) expected[v * 3 + j] += looked;
    }
    expectClose(gradOf(table.weight), expected, 1e-6, () => 10);
  });
});

describe("a table that is a result", () => {
  it.each(FORMS)("passes the gradient of a %s lookup on", (_, sparse) => {
    const w = leaf([
      [1, 2],
      [3, 4],
    ]);
    const tables: [Tensor, number[][]][] = [
      [
        w.mul(3),
        [
          [6, 6],
          [0, 0],
        ],
      ],
      [
        w.transpose(0, 1),
        [
          [2, 0],
          [2, 0],
        ],
      ],
      [
        w.reshape([4, 1]),
        [
          [2, 0],
          [0, 0],
        ],
      ],
      [
        w.at(0).reshape([2, 1]),
        [
          [2, 0],
          [0, 0],
        ],
      ],
      [
        w.sub(w),
        [
          [0, 0],
          [0, 0],
        ],
      ],
      [
        w.add(w.mul(2)),
        [
          [6, 6],
          [0, 0],
        ],
      ],
    ];
    for (const [table, expected] of tables) {
      w.grad = null;
      F.embedding([0, 0], table, { sparse }).sum().backward();
      expect(w.grad!.toArray()).toEqual(expected);
    }
  });
});

describe("the walk through a graph", () => {
  it("goes down a chain of 100,000 operations", () => {
    const x = leaf([1, 2]);
    let y = x.mul(1);
    for (let i = 0; i < 100_000; i++) y = y.add(1);
    expect(y.toArray()).toEqual([100_001, 100_002]);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([1, 1]);
  });

  it("goes down a chain of 20,000 products that each keep what they need", () => {
    const x = leaf([3]);
    const one = tensor([1]);
    let y = x.mul(1);
    for (let i = 0; i < 20_000; i++) y = y.mul(one);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([1]);
  });

  it("leaves alone what needs no gradient", () => {
    const [x, fixed] = [leaf([2, 3]), tensor([5, 7])];
    const y = x.mul(fixed);
    y.sum().backward();
    expect(x.grad!.toArray()).toEqual([5, 7]);
    expect([fixed.grad, y.grad]).toEqual([null, null]);
  });

  it("stops at detach", () => {
    const x = leaf([2, 3]);
    x.mul(x.detach()).sum().backward();
    expect(x.grad!.toArray()).toEqual([2, 3]);
    expect(x.detach().requiresGrad).toBe(false);
  });

  it("starts at a leaf too", () => {
    const x = leaf(4);
    x.backward();
    expect(x.grad!.toArray()).toBe(1);
    const y = leaf([1, 2]);
    y.backward(tensor([3, 4]));
    y.backward(tensor([3, 4]));
    expect(y.grad!.toArray()).toEqual([6, 8]);
  });

  it("does not need the tensors in between, disposed or not", () => {
    const x = leaf([2, 3]);
    const y = x.mul(2);
    const z = y.mul(y);
    const loss = z.sum();
    y.dispose();
    z.dispose();
    loss.backward();
    expect(x.grad!.toArray()).toEqual([16, 24]);
  });

  it("treats one element of any rank as a scalar", () => {
    const x = leaf([[3]]);
    x.mul(x).backward();
    expect(x.grad!.toArray()).toEqual([[6]]);
  });
});

describe("a graph is freed by backward", () => {
  it("a second backward through what was saved is an Error", () => {
    const x = leaf([2]);
    const loss = x.mul(x).sum();
    loss.backward();
    expectError(
      () => loss.backward(),
      Error,
      "Trying to backward through the graph a second time",
      "retainGraph: true",
    );
    expect(x.grad!.toArray()).toEqual([4]);
  });

  it("so is one through a part that another graph has freed", () => {
    const x = leaf([2]);
    const y = x.mul(x);
    const [a, b] = [y.sum(), y.mul(2).sum()];
    a.backward();
    expectError(() => b.backward(), Error, "Trying to backward through the graph a second time");
    expect(x.grad!.toArray()).toEqual([4]);
  });

  it("where nothing was saved it may run again, as in PyTorch", () => {
    const x = leaf([2, 3]);
    const loss = x.add(1).sum();
    loss.backward();
    loss.backward();
    expect(x.grad!.toArray()).toEqual([2, 2]);
  });

  it("unless told retainGraph", () => {
    const x = leaf([2]);
    const loss = x.mul(x).sum();
    loss.backward(null, { retainGraph: true });
    loss.backward(undefined, { retainGraph: true });
    loss.backward();
    expect(x.grad!.toArray()).toEqual([12]);
    expectError(() => loss.backward(), Error, "a second time");
  });

  it.each(FORMS)("retainGraph holds for a %s lookup", (_, sparse) => {
    const table = new nn.Embedding(3, 1, { sparse });
    const out = table.forward([1, 1]);
    out.backward(tensor([[1], [2]]), { retainGraph: true });
    out.backward(tensor([[10], [20]]));
    expect(table.weight.grad!.toArray()).toEqual([[0], [33], [0]]);
    expectError(() => out.backward(tensor([[1], [2]])), Error, "a second time");
  });
});

describe("a saved tensor that has changed makes backward an Error", () => {
  const changes: [string, (x: Tensor) => void][] = [
    ["fill_", (x) => void x.data.fill_(7)],
    ["zero_", (x) => void x.data.zero_()],
    ["copy_", (x) => void x.data.copy_([[5, 6]])],
    ["uniform_", (x) => void x.data.uniform_()],
    ["normal_", (x) => void x.data.normal_()],
    ["an in-place change under noGrad", (x) => void noGrad(() => x.fill_(1))],
    ["an initializer", (x) => void nn.init.constant_(x, 3)],
    ["a change of a row", (x) => void x.data.at(0).fill_(1)],
    ["a change of a reshaped view", (x) => void x.data.reshape([2]).fill_(1)],
    ["maxNorm", (x) => void F.embedding([0], x, { maxNorm: 1e-3 })],
    ["maxNorm that clips nothing, as in PyTorch", (x) => void F.embedding([0], x, { maxNorm: 1e3 })],
  ];

  it.each(changes)("%s", (_, change) => {
    const [x, other] = [leaf([[1, 2]]), leaf([[3, 4]])];
    const loss = x.mul(x).add(other.mul(2)).sum();
    change(x);
    expectError(
      () => loss.backward(),
      Error,
      "one of the variables needed for gradient computation has been modified by an inplace operation: [torch.FloatTensor [1, 2]]",
      "is at version 1; expected version 0 instead",
    );
    expect([x.grad, other.grad]).toEqual([null, null]);
  });

  it("an optimizer's step", () => {
    const x = leaf([1, 2]);
    const sgd = new optim.SGD([x], { lr: 0.1 });
    const loss = x.mul(x).sum();
    loss.backward(null, { retainGraph: true });
    sgd.step();
    expectError(() => loss.backward(), Error, "modified by an inplace operation");
  });

  it("an index tensor changed before backward", () => {
    const [weight, index] = [leaf([[1], [2]]), longTensor([0, 1])];
    const out = F.embedding(index, weight);
    index.fill_(1);
    expectError(() => out.sum().backward(), Error, "[torch.IntTensor [2]]");
    expect(weight.grad).toBeNull();
  });

  it("but a change of what was not saved is none", () => {
    const x = leaf([1, 2]);
    const loss = x.add(1).mul(3).sum();
    x.data.fill_(9);
    loss.backward();
    expect(x.grad!.toArray()).toEqual([3, 3]);
  });

  it("nor is one that another storage has seen", () => {
    const x = leaf([1, 2]);
    const loss = x.mul(x).sum();
    x.clone().detach().fill_(9);
    loss.backward();
    expect(x.grad!.toArray()).toEqual([2, 4]);
  });
});

describe("a change in place of what needs a gradient is an Error", () => {
  const changes: [string, (x: Tensor) => unknown][] = [
    ["fill_", (x) => x.fill_(1)],
    ["zero_", (x) => x.zero_()],
    ["copy_", (x) => x.copy_([1, 2])],
    ["uniform_", (x) => x.uniform_()],
    ["normal_", (x) => x.normal_()],
  ];

  it.each(changes)("%s on a leaf, which stays as it was", (name, change) => {
    const x = leaf([5, 6]);
    const words = "a leaf Variable that requires grad is being used in an in-place operation.";
    expectError(() => change(x), Error, name, words);
    expect(x.toArray()).toEqual([5, 6]);
    expect(x.isLeaf).toBe(true);
  });

  it.each(changes)("%s on a result, which stays as it was", (_, change) => {
    const y = leaf([5, 6]).mul(2);
    expectError(() => change(y), Error, "requires grad is being used in an in-place operation");
    expect(y.toArray()).toEqual([10, 12]);
  });

  it.each(changes)("but %s goes through .data, under noGrad, or where no gradient is needed", (_, change) => {
    for (const x of [leaf([5, 6]).data, leaf([5, 6]).detach(), tensor([5, 6]), leaf([5, 6]).requiresGrad_(false)]) {
      change(x);
      expect(x.toArray()).not.toEqual([5, 6]);
    }
    const x = leaf([5, 6]);
    noGrad(() => change(x));
    expect(x.toArray()).not.toEqual([5, 6]);
    expect(x.requiresGrad).toBe(true);
  });
});

describe(".data", () => {
  it("is a detached tensor on the same storage", () => {
    const x = leaf([
      [1, 2],
      [3, 4],
    ]);
    expect([x.data.requiresGrad, x.data.gradFn]).toEqual([false, null]);
    x.data.at(1).fill_(9);
    expect(x.toArray()).toEqual([
      [1, 2],
      [9, 9],
    ]);
  });

  it.each([
    ["a tensor", tensor([[7, 8]])],
    ["a typed array", Float32Array.of(7, 8)],
    ["nested arrays", [[7, 8]]],
    ["a row to broadcast", tensor([7, 8])],
  ])("copy_ takes %s", (_, source) => {
    const x = leaf([[1, 2]]);
    expect(x.data.copy_(source)).toBe(x.data);
    expect(x.toArray()).toEqual([[7, 8]]);
    x.mul(x).sum().backward();
    expect(x.grad!.toArray()).toEqual([[14, 16]]);
  });

  it.each([
    ["of another size", [1, 2, 3], RangeError],
    ["of another shape", [[1], [2]], RangeError],
    ["of another dtype", longTensor([[1, 2]]), TypeError],
    ["that is ragged", [[1, 2], [3]], TypeError],
    ["of 64-bit integers", BigInt64Array.of(1n, 2n), TypeError],
    ["that is a string", "12", TypeError],
    ["that is nothing", null, TypeError],
  ])("copy_ refuses a source %s and changes nothing", (_, source, type) => {
    const x = leaf([[1, 2]]);
    const squares = x.mul(x).sum();
    expectError(() => x.data.copy_(source as never), type, "copy_");
    expect(x.toArray()).toEqual([[1, 2]]);
    expect(() => squares.backward()).not.toThrow();
  });
});

describe("noGrad", () => {
  it("records nothing and returns what its function returns", () => {
    const x = leaf([2]);
    const y = noGrad(() => x.mul(x));
    expect([y.requiresGrad, y.isLeaf, y.item()]).toEqual([false, true, 4]);
    expect(noGrad(() => "done")).toBe("done");
  });

  it("holds for lookups, but what is made inside may still be a leaf", () => {
    const table = new nn.Embedding(3, 2);
    const out = noGrad(() => table.forward([1]));
    expect(out.requiresGrad).toBe(false);
    const x = noGrad(() => leaf([1]));
    x.mul(2).sum().backward();
    expect(x.grad!.toArray()).toEqual([2]);
  });

  it("nests, and ends when its function throws", () => {
    const x = leaf([2]);
    noGrad(() => {
      noGrad(() => {});
      expect(x.mul(2).requiresGrad).toBe(false);
    });
    expect(() =>
      noGrad(() => {
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(x.mul(2).requiresGrad).toBe(true);
  });

  it("refuses what would be a second-hand graph: nothing made inside has one", () => {
    const x = leaf([2]);
    const y = noGrad(() => x.mul(x));
    expectError(() => y.backward(), Error, "element 0 of tensors does not require grad");
  });
});

describe("a function that would go on later is a TypeError", () => {
  const later: [string, () => unknown][] = [
    ["an async function", async () => zeros([1])],
    ["a function that returns a promise", () => Promise.resolve(1)],
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about
    ["a function that returns a thenable", () => ({ then: () => {} })],
  ];

  it.each(later)("%s", (_, fn) => {
    const x = leaf([1]);
    expectError(() => noGrad(fn), TypeError, "noGrad", "async");
    expectError(() => tidy(fn), TypeError, "tidy", "async");
    expect(x.mul(2).requiresGrad).toBe(true);
  });

  it("an async function is not even started", () => {
    let started = false;
    const fn = async () => {
      started = true;
    };
    expectError(() => noGrad(fn), TypeError);
    expectError(() => tidy(fn), TypeError);
    expect(started).toBe(false);
  });

  it("so is something that is no function", () => {
    expectError(() => noGrad(5 as never), TypeError, "noGrad", "5");
    expectError(() => tidy(undefined as never), TypeError, "tidy", "undefined");
  });
});

describe("the gradient given to backward", () => {
  it.each([
    [
      "of another shape",
      tensor([[1, 2]]),
      RangeError,
      "Mismatch in shape: grad_output[0] has a shape of torch.Size([1, 2])",
    ],
    ["of another length", tensor([1, 2, 3]), RangeError, "output[0] has a shape of torch.Size([2])."],
    ["of integers", longTensor([1, 2]), TypeError, "backward"],
    ["that is an array", [1, 2], TypeError, "backward"],
    ["that is a number", 1, TypeError, "backward"],
  ])("%s is refused and costs nothing", (_, gradient, type, words) => {
    const x = leaf([1, 2]);
    const y = x.mul(x);
    expectError(() => y.backward(gradient as never), type, words);
    expect(x.grad).toBeNull();
    y.backward(tensor([1, 1]));
    expect(x.grad!.toArray()).toEqual([2, 4]);
  });

  const uses: [string, (weight: Tensor) => Tensor][] = [
    ["a dense leaf that takes it over", (weight) => weight.add(tensor(0))],
    ["a reshaped leaf", (weight) => weight.reshape([3, 1])],
    ["the leaf itself", (weight) => weight],
    ["a dense table", (weight) => F.embedding([0, 1, 2], weight)],
    ["a sparse table", (weight) => F.embedding([0, 1, 2], weight, { sparse: true })],
    [
      "a sparse table by frequency",
      (weight) => F.embedding([0, 1, 2], weight, { sparse: true, scaleGradByFreq: true }),
    ],
  ];

  it.each(uses)("may be disposed of at once: %s", (_, use) => {
    const weight = leaf([[1], [2], [3]]);
    const sgd = new optim.SGD([weight], { lr: 1 });
    const g = tensor([[4], [5], [6]]);
    use(weight).backward(g);
    g.dispose();
    // Whatever is freed is likely to be used again.
    const scratch = Array.from({ length: 20 }, () => ones([3, 1]));
    sgd.step();
    expect(weight.toArray()).toEqual([[-3], [-3], [-3]]);
    for (const t of scratch) t.dispose();
  });

  it.each(uses)("is not changed by the step or by zeroGrad: %s", (_, use) => {
    const weight = leaf([[1], [2], [3]]);
    const sgd = new optim.SGD([weight], { lr: 1, momentum: 0.5 });
    const g = tensor([[4], [5], [6]]);
    for (let i = 0; i < 3; i++) {
      sgd.zeroGrad();
      use(weight).backward(g);
      sgd.step();
    }
    expect(g.toArray()).toEqual([[4], [5], [6]]);
  });

  it.each(uses.filter(([name]) => !name.startsWith("a sparse table")))(
    "may be changed afterwards without changing what was collected: %s",
    (_, use) => {
      const weight = leaf([[1], [2], [3]]);
      const g = tensor([[4], [5], [6]]);
      use(weight).backward(g);
      g.fill_(100);
      expect(weight.grad!.toArray()).toEqual([[4], [5], [6]]);
    },
  );
});

describe("a gradient somebody has read is never reused", () => {
  const uses: [string, (weight: Tensor) => Tensor, Record<string, number>][] = [
    ["dense", (weight) => weight.mul(2), {}],
    ["dense, with momentum", (weight) => weight.mul(2), { momentum: 0.9 }],
    ["of a dense table", (weight) => F.embedding([1, 0, 1], weight), {}],
    ["of a sparse table", (weight) => F.embedding([1, 0, 1], weight, { sparse: true }), {}],
  ];

  it.each(uses)("%s: it survives zeroGrad, steps and later backwards", (_, use, options) => {
    const weight = leaf([[1], [2], [3]]);
    const sgd = new optim.SGD([weight], { lr: 0.1, ...options });
    use(weight).sum().backward();
    const held = weight.grad!;
    const before = valuesOf(held.toDense());
    expect(weight.grad).toBe(held);
    for (let i = 0; i < 3; i++) {
      sgd.step();
      expectBits(valuesOf(held.toDense()), before);
      sgd.zeroGrad();
      expect(weight.grad).toBeNull();
      use(weight).mul(5).sum().backward();
      expect(weight.grad).not.toBe(held);
    }
    expectBits(valuesOf(held.toDense()), before);
    expectBits(
      gradOf(weight),
      before.map((x) => 5 * x),
    );
  });

  it.each(uses)("%s: it survives the addition of a second one", (_, use) => {
    const weight = leaf([[1], [2], [3]]);
    use(weight).sum().backward();
    const held = weight.grad!;
    const before = valuesOf(held.toDense());
    use(weight).sum().backward();
    expectBits(valuesOf(held.toDense()), before);
    expectBits(
      gradOf(weight),
      before.map((x) => 2 * x),
    );
  });

  it.each(uses)("%s: a step without a gradient changes nothing", (_, use, options) => {
    const weight = leaf([[1], [2], [3]]);
    const sgd = new optim.SGD([weight], { lr: 0.1, ...options });
    use(weight).sum().backward();
    sgd.zeroGrad();
    sgd.step();
    expect(weight.toArray()).toEqual([[1], [2], [3]]);
  });
});

describe("a gradient set by hand", () => {
  it("is the user's own copy of values: changing the source later changes nothing", () => {
    const [x, g] = [leaf([1, 2]), tensor([3, 4])];
    x.grad = g;
    g.fill_(9);
    expect(x.grad.toArray()).toEqual([3, 4]);
    g.dispose();
    new optim.SGD([x], { lr: 1 }).step();
    expect(x.toArray()).toEqual([-2, -2]);
  });

  it("may be the sparse one of another table", () => {
    const table = new nn.Embedding(2, 1, { sparse: true });
    table.forward([1]).sum().backward();
    const x = leaf([[5], [5]]);
    x.grad = table.weight.grad;
    table.dispose();
    new optim.SGD([x], { lr: 1 }).step();
    expect(x.toArray()).toEqual([[5], [4]]);
  });

  it("may be made from the one before, or be the one before", () => {
    for (const sparse of [false, true]) {
      const table = new nn.Embedding(2, 1, { sparse });
      table.forward([1]).sum().backward();
      const { weight } = table;
      const own = weight.grad;
      weight.grad = own;
      expect(weight.grad!.toArray()).toEqual([[0], [1]]);
      weight.grad = weight.grad!.toDense().mul(0.5);
      expect(weight.grad.toArray()).toEqual([[0], [0.5]]);
    }
  });

  it("inside tidy outlives it", () => {
    const x = leaf([1, 2]);
    tidy(() => {
      x.grad = tensor([3, 4]).mul(2);
    });
    expect(x.grad!.toArray()).toEqual([6, 8]);
  });

  it.each([
    ["of another shape", tensor([1, 2, 3]), RangeError],
    ["of integers", longTensor([1, 2]), TypeError],
    ["that is an array", [1, 2], TypeError],
    ["that is a number", 1, TypeError],
  ])("%s is refused", (_, gradient, type) => {
    const x = leaf([1, 2]);
    expectError(
      () => {
        x.grad = gradient as never;
      },
      type,
      "grad",
    );
    expect(x.grad).toBeNull();
  });
});
