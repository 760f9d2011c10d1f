import {
  cat,
  functional as F,
  longTensor,
  manualSeed,
  memory,
  multinomial,
  nn,
  ones,
  optim,
  rand,
  randint,
  randn,
  randperm,
  type SparseTensor,
  setTransientBudget,
  type Tensor,
  tensor,
  tidy,
  zeros,
} from "nn-embedding";
import { afterEach, describe, expect, it } from "vitest";
import { bitsOf, expectError, gradOf, sparseGradOf, valuesOf } from "./compare.js";

const DEFAULT_BUDGET = 64 * 1024 * 1024;
const leaf = (data: Parameters<typeof tensor>[0]) => tensor(data, { requiresGrad: true });

/** What is held after `fn`, relative to before: tensors and bytes. */
function held(fn: () => void): { numTensors: number; numBytes: number } {
  const before = memory();
  fn();
  const after = memory();
  return { numTensors: after.numTensors - before.numTensors, numBytes: after.numBytes - before.numBytes };
}

const NOTHING = { numTensors: 0, numBytes: 0 };

describe("memory", () => {
  it("counts storages and their bytes, not the tensors that share them", () => {
    let x: Tensor | null = null;
    expect(held(() => (x = zeros([10, 5])))).toEqual({ numTensors: 1, numBytes: 200 });
    const views: Tensor[] = [];
    expect(
      held(() => {
        views.push(x!.at(1), x!.reshape([50]), x!.narrow(0, 2, 3), x!.detach(), x!.data, new nn.Parameter(x!));
      }),
    ).toEqual(NOTHING);
    expect(held(() => x!.dispose())).toEqual(NOTHING);
    expect(views[0].toArray()).toEqual([0, 0, 0, 0, 0]);
    expect(
      held(() => {
        for (const view of views) view.dispose();
      }),
    ).toEqual({ numTensors: -1, numBytes: -200 });
  });

  it("claims memory in advance and never less than it holds", () => {
    const big = zeros([2 ** 20]);
    const { numBytes, reservedBytes } = memory();
    expect(reservedBytes).toBeGreaterThanOrEqual(numBytes);
    expect(reservedBytes % 65536).toBe(0);
    big.dispose();
    expect(memory().reservedBytes).toBe(reservedBytes);
  });

  it("uses what was freed again", () => {
    zeros([2 ** 20]).dispose();
    const { reservedBytes } = memory();
    for (let i = 0; i < 100; i++) zeros([2 ** 20]).dispose();
    expect(memory().reservedBytes).toBe(reservedBytes);
  });
});

describe("tidy frees everything that was made inside", () => {
  const table = new nn.Embedding(20, 4, { paddingIdx: 0 });
  const sparse = new nn.Embedding(20, 4, { sparse: true, maxNorm: 1 });
  const uses: [string, () => unknown][] = [
    ["constants", () => [zeros([3]), ones([3]), tensor([1, 2]), longTensor([1])]],
    ["random tensors", () => [rand([9]), randn([9]), randint(0, 5, [9]), randperm(9), multinomial([1, 2, 3], 2)]],
    ["multinomial with replacement", () => void multinomial(tensor([1, 2, 3]), 20, { replacement: true })],
    [
      "arithmetic",
      () =>
        void randn([3, 4])
          .add(1)
          .mul(randn([4]))
          .sub(2)
          .div(randn([3, 1]))
          .neg()
          .exp()
          .log()
          .sqrt(),
    ],
    [
      "reductions",
      () =>
        void randn([3, 4])
          .sum(0)
          .mean()
          .add(randn([3, 4]).sum([0, 1], { keepdim: true })),
    ],
    ["views", () => void randn([3, 4]).transpose(0, 1).narrow(1, 0, 2).narrow(0, 1, 1).reshape([-1]).at(1)],
    ["products", () => void F.linear(randn([3, 4]).matmul(randn([4, 2])), randn([5, 2]), randn([5]))],
    [
      "vectors times matrices",
      () =>
        void randn([4])
          .matmul(randn([4, 4]))
          .matmul(randn([4])),
    ],
    ["batches of products", () => void randn([2, 3, 4]).matmul(randn([2, 4, 5]))],
    ["functions of every element", () => void randn([3, 4]).relu().sigmoid().tanh()],
    [
      "maxima",
      () =>
        void randn([3, 4])
          .max(0, { keepdim: true })
          .values.add(randn([3, 4]).max())
          .add(randn([3, 4]).argmax(0)),
    ],
    ["cat", () => void cat([randn([2, 3]), longTensor([[1], [2]]), zeros([0])], 1)],
    [
      "integers",
      () =>
        void longTensor([1, 2])
          .add(longTensor([[3], [4]]))
          .mul(2)
          .div(longTensor([5, 6]))
          .sub(longTensor([1])),
    ],
    ["softmax", () => void F.softmax(randn([3, 4]), { dim: 0 }).add(F.logSoftmax(randn([3, 4]), { dim: 1 }))],
    [
      "losses of classes",
      () =>
        void F.crossEntropy(randn([3, 4]), [1, -100, 3]).add(
          F.nllLoss(randn([3, 4, 2]), zeros([3, 2], { dtype: "int32" })),
        ),
    ],
    ["a loss that refuses its target", () => expectError(() => F.crossEntropy(randn([3, 4]), [1, 2]), RangeError)],
    [
      "distances",
      () =>
        void F.cosineSimilarity(F.normalize(randn([3, 4]), { p: 3 }), randn([4])).add(
          F.mseLoss(randn([3, 4]), randn([4])),
        ),
    ],
    [
      "a backward through all of these",
      () => {
        const x = randn([3, 4], { requiresGrad: true });
        const y = cat([x.relu(), x.sigmoid(), x.tanh(), x.mul(longTensor([1, 2, 3, 4]))], 1);
        const [maxima, weights] = [y.max(0), F.softmax(y, { dim: 0 }).mul(F.logSoftmax(y, { dim: 1 }))];
        F.crossEntropy(weights, [1, 2, -100])
          .add(F.nllLoss(y, [0, 1, 2], { reduction: "sum" }))
          .add(F.cosineSimilarity(y, maxima.values).sum())
          .add(F.mseLoss(F.normalize(y), maxima.values))
          .add(F.normalize(y, { p: Infinity, dim: 0 }).max())
          .add(F.normalize(y, { p: 3 }).sum())
          .backward();
      },
    ],
    ["losses", () => void F.binaryCrossEntropyWithLogits(F.logSigmoid(randn([5])), rand([5]))],
    [
      "lookups",
      () =>
        void table
          .forward([
            [1, 2],
            [0, 3],
          ])
          .add(sparse.forward(Int32Array.of(1, 2))),
    ],
    [
      "one-hot and padding",
      () => void F.oneHot(nn.utils.rnn.padSequence([Int8Array.of(1, 2), Int8Array.of(3)])).float(),
    ],
    ["copies and texts", () => String(randn([3]).clone().detach())],
    [
      "a graph that nobody runs",
      () =>
        void table
          .forward([1, 2])
          .mul(table.forward([3, 4]))
          .sum(),
    ],
    [
      "a step of training",
      () => {
        table
          .forward([1, 2, 1, 0])
          .mul(sparse.forward([4, 4, 5, 6]))
          .sum()
          .backward();
        String(sparseGradOf(sparse.weight).coalesce());
        gradOf(table.weight);
        table.zeroGrad();
        sparse.zeroGrad();
      },
    ],
    [
      "gradients that were read and added to",
      () => {
        for (const module of [table, sparse]) {
          for (let i = 0; i < 3; i++) {
            module.forward([1, 2, 1]).sum().backward();
            gradOf(module.weight);
          }
          module.zeroGrad();
        }
      },
    ],
    [
      "retained graphs",
      () => {
        const loss = table
          .forward([1, 2])
          .mul(table.forward([3, 4]))
          .sum();
        loss.backward(null, { retainGraph: true });
        loss.backward(null, { retainGraph: true });
        table.zeroGrad();
      },
    ],
  ];

  it.each(uses)("%s", (_, use) => {
    expect(held(() => void tidy(() => void use()))).toEqual(NOTHING);
  });

  it.each(uses)("%s, also when the function throws", (_, use) => {
    const failing = () =>
      tidy(() => {
        use();
        throw new Error("stop");
      });
    expect(held(() => expect(failing).toThrow("stop"))).toEqual(NOTHING);
    expect(tidy(() => 1)).toBe(1);
  });

  it.each(uses)("%s, also with no room for results", (_, use) => {
    const before = setTransientBudget(0);
    try {
      expect(held(() => void tidy(() => void use()))).toEqual(NOTHING);
    } finally {
      setTransientBudget(before);
    }
  });
});

describe("an operation leaves its results and nothing else", () => {
  const x = randn([3, 4]);
  const n = longTensor([1, 2, 3, 4]);
  it.each<[string, () => Tensor[]]>([
    ["relu", () => [x.relu()]],
    ["sigmoid", () => [x.sigmoid()]],
    ["tanh", () => [x.tanh()]],
    ["max", () => [x.max()]],
    ["max over a dim", () => Object.values(x.max(0))],
    ["argmax", () => [x.argmax(), x.argmax(0), n.argmax()]],
    ["cat", () => [cat([x, x]), cat([x, n.reshape([1, 4])])]],
    ["arithmetic with integers", () => [n.add(n), n.sub(x), n.mul(2), n.div(2), n.div(n), x.add(n), n.neg()]],
    ["softmax", () => [F.softmax(x, { dim: 0 }), F.softmax(x, { dim: 1 })]],
    ["logSoftmax", () => [F.logSoftmax(x, { dim: 0 }), F.logSoftmax(x, { dim: 1 })]],
    ["nllLoss", () => [F.nllLoss(x, [1, 2, 3]), F.nllLoss(x, [1, 2, 3], { reduction: "none" })]],
    ["crossEntropy", () => [F.crossEntropy(x, [1, 2, 3]), F.crossEntropy(x.at(0), 1, { reduction: "sum" })]],
    ["mseLoss", () => [F.mseLoss(x, x), F.mseLoss(x, x.at(0), { reduction: "none" })]],
    ["cosineSimilarity", () => [F.cosineSimilarity(x, x), F.cosineSimilarity(x, x.at(0), { dim: 0 })]],
    ["normalize", () => [F.normalize(x), F.normalize(x, { dim: 0, p: 1 })]],
  ])("%s", (_, use) => {
    let results: Tensor[] = [];
    expect(held(() => (results = use())).numTensors).toBe(results.length);
    const before = memory().numTensors;
    for (const result of results) result.dispose();
    expect(memory().numTensors - before).toBe(-results.length);
  });
});

describe("tidy leaves alone", () => {
  it.each<[string, (x: Tensor, y: Tensor) => unknown, (result: never) => Tensor[]]>([
    ["a tensor that it returns", (x) => x, (x: Tensor) => [x]],
    ["tensors in an array", (x, y) => [x, [y]], ([x, [y]]: [Tensor, [Tensor]]) => [x, y]],
    [
      "tensors in an object",
      (x, y) => ({ x, deep: { y: [y] } }),
      (o: { x: Tensor; deep: { y: [Tensor] } }) => [o.x, o.deep.y[0]],
    ],
    ["a view of what it frees", (x) => x.at(1), (x: Tensor) => [x]],
  ])("%s", (_, pick, tensors) => {
    let result: Tensor[] = [];
    const before = memory().numTensors;
    tidy(() => {
      const inner = tidy(() => pick(randn([2, 2]), ones([3]).mul(2)));
      result = tensors(inner as never);
      for (const t of result) expect(valuesOf(t)).toHaveLength(t.numel);
    });
    // The outer one has freed them.
    for (const t of result) expect(t.isDisposed).toBe(true);
    expect(memory().numTensors).toBe(before);
  });

  it("a sparse gradient that it returns", () => {
    const table = new nn.Embedding(3, 1, { sparse: true });
    const grad = tidy(() => {
      table.forward([2, 1, 2]).sum().backward();
      return sparseGradOf(table.weight).coalesce();
    });
    table.dispose();
    expect([grad.indices.toArray(), grad.values.toArray()]).toEqual([[[1, 2]], [[1], [2]]]);
    expect(held(() => grad.dispose()).numTensors).toBe(-2);
  });

  it("the same tensor returned twice", () => {
    const [x, y] = tidy(() => {
      const made = ones([2]);
      return [made, made];
    });
    expect(x).toBe(y);
    expect(x.toArray()).toEqual([1, 1]);
  });

  it("what was made outside, whatever is done with it inside", () => {
    const [x, y] = [ones([2]), ones([2])];
    tidy(() => {
      x.add(1);
      y.dispose();
      return x;
    });
    expect([x.toArray(), y.isDisposed]).toEqual([[1, 1], true]);
  });

  it("a graph that it returns: backward runs later", () => {
    const x = leaf([2, 3]);
    const before = memory().numTensors;
    const loss = tidy(() => {
      const y = x.mul(x);
      y.exp();
      return y.mul(y).sum();
    });
    loss.backward();
    expect(x.grad!.toArray()).toEqual([32, 108]);
    loss.dispose();
    x.grad = null;
    expect(memory().numTensors).toBeLessThanOrEqual(before + 1);
  });

  it("the graph of a lookup that it returns", () => {
    const table = new nn.Embedding(3, 2);
    const out = tidy(() =>
      table.forward([
        [0, 1],
        [1, 2],
      ]),
    );
    out.sum().backward();
    expect(table.weight.grad!.toArray()).toEqual([
      [1, 1],
      [2, 2],
      [1, 1],
    ]);
  });

  it.each([[false], [true]])("gradients and optimizer state made inside, sparse %s", (sparse) => {
    const table = new nn.Embedding(3, 1, { sparse, weight: [[1], [2], [3]] });
    const sgd = new optim.SGD(table.parameters(), { lr: 1, momentum: 0.5 });
    const adagrad = tidy(() => ({ made: [new optim.Adagrad(table.parameters(), { lr: 1 })] })).made[0];
    for (let i = 0; i < 2; i++) {
      tidy(() => {
        sgd.zeroGrad();
        table.forward([0, 2, 2]).sum().backward();
        sgd.step();
      });
    }
    expect(sgd.state.get(table.weight)!.momentumBuffer.toArray()).toEqual([[1.5], [0], [3]]);
    expect(table.weight.toArray()).toEqual([[-1.5], [2], [-2]]);
    expect(table.weight.grad!.toArray()).toEqual([[1], [0], [2]]);
    tidy(() => adagrad.step());
    expect(adagrad.state.get(table.weight)!.sum.toArray()).toEqual([[1], [0], [4]]);
  });

  it("a gradient that was read inside and is still the parameter's", () => {
    const x = leaf([1, 2]);
    tidy(() => {
      x.mul(3).sum().backward();
      expect(x.grad!.toArray()).toEqual([3, 3]);
    });
    expect(x.grad!.toArray()).toEqual([3, 3]);
  });

  it("modules and generators made inside", () => {
    const kept: nn.Embedding[] = [];
    tidy(() => {
      kept.push(
        new nn.Embedding(2, 2, {
          weight: [
            [1, 2],
            [3, 4],
          ],
        }),
      );
      manualSeed(3);
    });
    expect(kept[0].forward(1).toArray()).toEqual([3, 4]);
    expect(rand([2]).shape).toEqual([2]);
  });
});

describe("dispose", () => {
  it("frees at once, and once", () => {
    const x = ones([100]);
    expect(held(() => x.dispose())).toEqual({ numTensors: -1, numBytes: -400 });
    expect(held(() => x.dispose())).toEqual(NOTHING);
    expect(x.isDisposed).toBe(true);
    const y = ones([100]);
    expect(held(() => y[Symbol.dispose]())).toEqual({ numTensors: -1, numBytes: -400 });
  });

  it("frees the gradient too", () => {
    const x = leaf([1, 2]);
    x.mul(2).sum().backward();
    expect(held(() => x.dispose()).numBytes).toBe(-16);
  });

  it("leaves a gradient that somebody holds", () => {
    const x = leaf([1, 2]);
    x.mul(2).sum().backward();
    const { grad } = x;
    x.dispose();
    expect(grad!.toArray()).toEqual([2, 2]);
  });

  it("of a sparse gradient frees its parts", () => {
    const table = new nn.Embedding(4, 2, { sparse: true });
    table.forward([1]).sum().backward();
    const copy: SparseTensor = tidy(() => sparseGradOf(table.weight).coalesce());
    copy.dispose();
    expectError(() => copy.values.toArray(), Error, "disposed");
    expect(sparseGradOf(table.weight).values.toArray()).toEqual([[1, 1]]);
  });

  const uses: [string, (x: Tensor) => unknown][] = [
    ["add", (x) => x.add(1)],
    ["being added", (x) => ones([2, 2]).add(x)],
    ["mul", (x) => x.mul(x)],
    ["div by a number", (x) => x.div(2)],
    ["neg", (x) => x.neg()],
    ["exp", (x) => x.exp()],
    ["relu", (x) => x.relu()],
    ["max", (x) => x.max()],
    ["max of a dimension", (x) => x.max(0)],
    ["argmax", (x) => x.argmax()],
    ["cat", (x) => cat([x])],
    ["matmul", (x) => x.matmul(ones([2, 2]))],
    ["being multiplied", (x) => ones([2, 2]).matmul(x)],
    ["sum", (x) => x.sum()],
    ["mean of a dimension", (x) => x.mean(0)],
    ["at", (x) => x.at(0)],
    ["reshape", (x) => x.reshape([4])],
    ["transpose", (x) => x.transpose(0, 1)],
    ["narrow", (x) => x.narrow(0, 0, 1)],
    ["clone", (x) => x.clone()],
    ["float", (x) => x.float()],
    ["detach", (x) => x.detach()],
    ["data", (x) => x.data],
    ["array", (x) => x.array],
    ["dtype", (x) => x.dtype],
    ["toArray", (x) => x.toArray()],
    ["toString", (x) => String(x)],
    ["fill_", (x) => x.fill_(1)],
    [
      "copy_",
      (x) =>
        x.copy_([
          [1, 2],
          [3, 4],
        ]),
    ],
    ["being copied", (x) => zeros([2, 2]).copy_(x)],
    ["uniform_", (x) => x.uniform_()],
    ["normal_", (x) => x.normal_()],
    ["backward", (x) => x.requiresGrad_().backward(ones([2, 2]))],
    [
      "being a gradient",
      (x) =>
        leaf([
          [1, 1],
          [1, 1],
        ])
          .mul(2)
          .backward(x),
    ],
    ["being a table", (x) => F.embedding([0], x)],
    ["being an index", (x) => F.embedding(x, ones([2, 2]))],
    ["linear", (x) => F.linear(x, ones([2, 2]))],
    ["logSigmoid", (x) => F.logSigmoid(x)],
    ["softmax", (x) => F.softmax(x, { dim: 0 })],
    ["crossEntropy", (x) => F.crossEntropy(x, [0, 1])],
    ["nllLoss", (x) => F.nllLoss(x, [0, 1])],
    ["mseLoss", (x) => F.mseLoss(x, ones([2, 2]))],
    ["being a target", (x) => F.mseLoss(ones([2, 2]), x)],
    ["cosineSimilarity", (x) => F.cosineSimilarity(x, ones([2, 2]))],
    ["normalize", (x) => F.normalize(x)],
    ["a loss", (x) => F.binaryCrossEntropyWithLogits(x, ones([2, 2]))],
    ["oneHot", (x) => F.oneHot(x)],
    ["padSequence", (x) => nn.utils.rnn.padSequence([x])],
    ["multinomial", (x) => multinomial(x, 1)],
    ["Parameter", (x) => new nn.Parameter(x)],
    ["fromPretrained", (x) => nn.Embedding.fromPretrained(x)],
    [
      "being grad",
      (x) =>
        (leaf([
          [1, 1],
          [1, 1],
        ]).grad = x),
    ],
  ];

  it.each(uses)("makes a later use an Error: %s", (_, use) => {
    const x = ones([2, 2]);
    x.dispose();
    expectError(() => use(x), Error, "tensor of shape [2, 2] was used after it was disposed");
  });

  it("makes a later item() an Error", () => {
    const x = ones([]);
    x.dispose();
    expectError(() => x.item(), Error, "tensor of shape [] was used after it was disposed");
  });
});

describe("views share their storage", () => {
  it.each<[string, (x: Tensor) => Tensor, number[]]>([
    ["at", (x) => x.at(1), [2, 3]],
    ["at, twice", (x) => x.at(1, 1), [3]],
    ["reshape", (x) => x.reshape([3, 2]), [0, 1, 2, 3, 4, 5]],
    ["narrow of the first dimension", (x) => x.narrow(0, 1, 2), [2, 3, 4, 5]],
    ["data", (x) => x.data, [0, 1, 2, 3, 4, 5]],
    ["detach", (x) => x.detach(), [0, 1, 2, 3, 4, 5]],
  ])("%s", (_, view, places) => {
    const x = zeros([3, 2]);
    view(x).fill_(7);
    expect([...valuesOf(x)]).toEqual([0, 1, 2, 3, 4, 5].map((i) => (places.includes(i) ? 7 : 0)));
  });

  it.each<[string, (x: Tensor) => Tensor]>([
    ["clone", (x) => x.clone()],
    ["transpose", (x) => x.transpose(0, 1)],
    ["narrow of another dimension", (x) => x.narrow(1, 0, 1)],
    ["add", (x) => x.add(0)],
  ])("but %s has its own", (_, copy) => {
    const x = zeros([3, 2]);
    copy(x).fill_(7);
    expect([...valuesOf(x)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it("also while they are outside linear memory", () => {
    const y = ones([4]).mul(1);
    const view = y.at(2);
    const before = setTransientBudget(0);
    try {
      y.add(1);
      view.fill_(5);
      zeros([4]).add(1);
      expect(y.toArray()).toEqual([1, 1, 5, 1]);
      y.fill_(6);
      zeros([4]).add(1);
      expect(view.item()).toBe(6);
    } finally {
      setTransientBudget(before);
    }
  });
});

describe("a live view given as input", () => {
  it.each<[string, (x: Tensor) => Tensor]>([
    ["tensor", (x) => tensor(x.array as Float32Array)],
    ["copy_", (x) => zeros([2 ** 20]).copy_(x.array)],
    ["a table", (x) => new nn.Embedding(2 ** 10, 2 ** 10, { weight: x.array as Float32Array }).weight],
  ])("is read before memory grows: %s", (_, use) => {
    const x = zeros([2 ** 20]);
    x.array[2 ** 20 - 1] = 7;
    const { reservedBytes } = memory();
    const made: Tensor[] = [];
    // Until memory has grown, at least once on the way.
    while (memory().reservedBytes === reservedBytes) made.push(use(x));
    for (const y of made) {
      expect([y.array[0], y.array[2 ** 20 - 1]]).toEqual([0, 7]);
      y.dispose();
    }
    x.dispose();
  });

  it("is read before memory grows: an index", () => {
    const index = longTensor(Int32Array.from({ length: 2 ** 20 }, (__, i) => i % 3));
    const table = tensor([[5], [6], [7]]);
    const { reservedBytes } = memory();
    const outs: Tensor[] = [];
    while (memory().reservedBytes === reservedBytes) outs.push(F.embedding(index.array as Int32Array, table));
    for (const out of outs) {
      expect([out.array[0], out.array[2 ** 20 - 1]]).toEqual([5, 5]);
      out.dispose();
    }
    index.dispose();
  });
});

describe("the budget for results", () => {
  afterEach(() => void setTransientBudget(DEFAULT_BUDGET));

  it("is 64 MiB unless set, and setting it tells the old one", () => {
    expect(setTransientBudget(123)).toBe(DEFAULT_BUDGET);
    expect(setTransientBudget(Infinity)).toBe(123);
    expect(setTransientBudget(DEFAULT_BUDGET)).toBe(Infinity);
  });

  it.each([
    [-1, RangeError],
    [NaN, RangeError],
    ["1", TypeError],
    [null, TypeError],
    [undefined, TypeError],
  ])("of %o is refused", (bytes, type) => {
    expectError(() => setTransientBudget(bytes as never), type, "setTransientBudget");
    expect(setTransientBudget(DEFAULT_BUDGET)).toBe(DEFAULT_BUDGET);
  });

  it.each([0, 1000, 10_000])("of %i bytes loses no value that is still held", (budget) => {
    setTransientBudget(budget);
    const results = Array.from({ length: 300 }, (_, i) => tensor([i, i]).mul(2));
    for (const [i, x] of results.entries()) expect(x.toArray()).toEqual([2 * i, 2 * i]);
    for (const [i, x] of results.entries()) expect(x.add(x).toArray()).toEqual([4 * i, 4 * i]);
    expect(memory().numTensors).toBeGreaterThan(0);
    for (const x of results) x.dispose();
  });

  it("holds: what linear memory keeps of results is never more", () => {
    const results: Tensor[] = [];
    const x = zeros([1000]);
    setTransientBudget(0);
    setTransientBudget(20_000);
    const before = memory().numBytes;
    for (let i = 0; i < 100; i++) results.push(x.add(i));
    expect(memory().numBytes - before).toBeLessThanOrEqual(20_000);
    for (const [i, result] of results.entries()) expect(result.at(999).item()).toBe(i);
  });

  it("is nothing that forgotten results can exhaust", () => {
    const x = zeros([2 ** 20]);
    x.add(1);
    const { reservedBytes } = memory();
    for (let i = 0; i < 60; i++) x.add(i);
    expect(memory().reservedBytes - reservedBytes).toBeLessThanOrEqual(DEFAULT_BUDGET + 2 ** 24);
  });

  it("thousands of small results are held like few large ones", () => {
    const results = Array.from({ length: 5000 }, (_, i) => tensor(i).add(1));
    expect(results.every((x, i) => x.item() === i + 1)).toBe(true);
  });

  it.each([0, 2000])("of %i bytes gives the right gradient", (budget) => {
    setTransientBudget(budget);
    const x = leaf(Array.from({ length: 50 }, (_, i) => i / 10));
    let y: Tensor = x;
    for (let i = 0; i < 5; i++) y = y.mul(y).div(4).add(0.5);
    const slopes = Array.from(valuesOf(x), (start) => {
      let [value, slope] = [start, 1];
      for (let i = 0; i < 5; i++) [value, slope] = [(value * value) / 4 + 0.5, (slope * value) / 2];
      return slope;
    });
    y.sum().backward();
    for (const [i, slope] of slopes.entries()) expect(gradOf(x)[i] / slope || 1).toBeCloseTo(1, 4);
  });

  /** Skip-gram with negative samples and a linear head; the bits of everything that was learned. */
  function train(sparse: boolean, kind: "SGD" | "Adagrad", tidied: boolean): number[][] {
    manualSeed(17);
    const centre = new nn.Embedding(50, 8, { sparse, paddingIdx: 0 });
    const context = new nn.Embedding(50, 8, { sparse, maxNorm: 2 });
    const head = new nn.Parameter(randn([3, 8]));
    const params = [centre.weight, context.weight, head];
    const optimizer =
      kind === "SGD" ? new optim.SGD(params, { lr: 0.1, momentum: 0.9 }) : new optim.Adagrad(params, { lr: 0.1 });
    const losses: number[] = [];
    const step = () => {
      optimizer.zeroGrad();
      const x = centre.forward(randint(0, 50, [6]));
      const y = context.forward(randint(0, 50, [6, 5]));
      const scores = y.matmul(x.reshape([6, 8, 1])).reshape([6, 5]);
      const target = F.oneHot(randint(0, 5, [6]), 5).float();
      const loss = F.binaryCrossEntropyWithLogits(scores, target).add(F.linear(x, head).exp().mean().log());
      loss.backward();
      optimizer.step();
      losses.push(loss.item());
    };
    for (let i = 0; i < 12; i++) tidied ? tidy(step) : step();
    return [losses, ...params.map(valuesOf)].map((values) => [...bitsOf(values)]);
  }

  const loops = (["SGD", "Adagrad"] as const).flatMap((kind) => [true, false].map((sparse) => [kind, sparse] as const));
  it.each(loops)("changes no bit of a training loop: %s, sparse %s", (kind, sparse) => {
    const expected = train(sparse, kind, false);
    expect(new Set(expected[0]).size).toBe(12);
    for (const budget of [0, 500, 5000]) {
      setTransientBudget(budget);
      for (const tidied of [false, true]) expect(train(sparse, kind, tidied)).toEqual(expected);
    }
    setTransientBudget(DEFAULT_BUDGET);
    expect(train(sparse, kind, true)).toEqual(expected);
  });
});

describe("more than linear memory can hold", () => {
  const requests: [string, () => unknown][] = [
    ["a table of 5 GiB", () => new nn.Embedding(2 ** 25, 40)],
    ["zeros", () => zeros([5 * 2 ** 28])],
    ["a table of more rows than 32 bits count", () => new nn.Embedding(2 ** 33, 1)],
    ["a tensor of 2 to the 52 elements", () => zeros([2 ** 26, 2 ** 26])],
    ["a tensor of more elements than numbers can count", () => zeros([2 ** 50, 2 ** 50, 2 ** 50])],
    ["random integers", () => randint(0, 5, [2 ** 31])],
    ["a product", () => zeros([2 ** 16, 1]).matmul(zeros([1, 2 ** 15]))],
    ["a sum of everything with everything", () => zeros([2 ** 16, 1]).add(zeros([2 ** 15]))],
    ["one-hot rows", () => F.oneHot([2 ** 30])],
  ];

  it.each(requests)("is a RangeError that names the limit: %s", (_, request) => {
    // Results of other tests would have to make room, and be counted no more.
    setTransientBudget(setTransientBudget(0));
    manualSeed(4);
    const first = rand([1]).item();
    manualSeed(4);
    const words = ["out of linear memory: asked for", "the limit is 4 GiB"];
    expect(held(() => tidy(() => expectError(request, RangeError, ...words)))).toEqual(NOTHING);
    expect(rand([1]).item()).toBe(first);
    expect(ones([3]).add(1).toArray()).toEqual([2, 2, 2]);
  });

  it("says how much was asked for and how much is held", () => {
    expectError(() => zeros([5 * 2 ** 28]), RangeError, "asked for 5368709120 bytes while", " tensors hold ");
  });
});
