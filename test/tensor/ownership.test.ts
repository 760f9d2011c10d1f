// Who holds what: nothing is kept, moved, shared or trusted that need not be.

import {
  functional as F,
  longTensor,
  memory,
  nn,
  ones,
  optim,
  type SparseTensor,
  setTransientBudget,
  tensor,
  tidy,
  zeros,
} from "nn-embedding";
import { afterEach, describe, expect, it } from "vitest";

const MIB = 2 ** 20;

describe("an operation saves only what a gradient will need", () => {
  const weight = () => ones([2, 2], { requiresGrad: true });
  const constant = () =>
    tensor([
      [1, 2],
      [3, 4],
    ]);
  const products: [string, (w: ReturnType<typeof weight>) => ReturnType<typeof weight>][] = [
    ["a product with a constant", (w) => w.mul(constant())],
    ["a constant's product", (w) => constant().mul(w)],
    ["a quotient by a constant", (w) => w.div(constant())],
    ["a matrix product with a constant", (w) => w.matmul(constant())],
    ["a constant's matrix product", (w) => constant().matmul(w)],
    ["a linear layer on constants", (w) => F.linear(constant(), w)],
  ];

  it.each(products)("so a step between forward and backward does not spoil %s", (_, product) => {
    const w = weight();
    const sgd = new optim.SGD([w], { lr: 1 });
    const [first, second] = [product(w).sum(), product(w).sum()];
    first.backward();
    const gradient = w.grad!.toArray();
    sgd.step();
    sgd.zeroGrad();
    second.backward();
    expect(w.grad!.toArray()).toEqual(gradient);
  });

  it("but what it needs must not change", () => {
    const w = weight();
    const loss = w.mul(w).sum();
    w.data.fill_(2);
    expect(() => loss.backward()).toThrow(/modified by an inplace operation/);
  });
});

describe("kernels are never given rows that are not there", () => {
  it("when a sparse gradient's indices were overwritten", () => {
    const embedding = new nn.Embedding(4, 4, { sparse: true });
    const before = Array.from(embedding.weight.array);
    embedding.forward([1, 2]).sum().backward();
    const gradient = embedding.weight.grad as SparseTensor;
    gradient.indices.fill_(6000);
    for (const optimizer of [new optim.SGD(embedding.parameters()), new optim.Adagrad(embedding.parameters())]) {
      expect(() => optimizer.step()).toThrow(/indices\[0\]\[0\] is 6000, valid range is \[0, 4\)/);
    }
    expect(() => gradient.toDense()).toThrow(RangeError);
    expect(Array.from(embedding.weight.array)).toEqual(before);
  });

  it.each([true, false])("when an index was overwritten between forward and backward (sparse: %s)", (sparse) => {
    const embedding = new nn.Embedding(4, 4, { sparse });
    const index = longTensor([1, 2]);
    const loss = embedding.forward(index).sum();
    index.array[1] = 2 ** 29;
    expect(() => loss.backward()).toThrow(/indices\[1\] is 536870912/);
    expect(embedding.weight.grad).toBeNull();
  });

  it("when somebody would change a shape", () => {
    const shape = [2, 3];
    const x = zeros(shape);
    shape[0] = 1000;
    expect(x.shape).toEqual([2, 3]);
    expect(() => (x.shape as number[]).reverse()).toThrow(TypeError);
    expect(x.add(1).shape).toEqual([2, 3]);
  });
});

describe("gradients of two leaves", () => {
  it("are apart, also where one sparse gradient flowed to both", () => {
    const [a, b] = [new nn.Embedding(4, 3, { sparse: true }), new nn.Embedding(4, 3, { sparse: true })];
    a.forward([1])
      .add(b.forward([2]))
      .sum()
      .backward();
    (a.weight.grad as SparseTensor).values.fill_(7);
    expect((b.weight.grad as SparseTensor).values.toArray()).toEqual([[1, 1, 1]]);
  });

  it("are apart after one was assigned to the other", () => {
    const [a, b] = [new nn.Embedding(4, 3, { sparse: true }), new nn.Embedding(4, 3, { sparse: true })];
    a.forward([1]).sum().backward();
    b.weight.grad = a.weight.grad;
    (a.weight.grad as SparseTensor).values.fill_(7);
    expect((b.weight.grad as SparseTensor).values.toArray()).toEqual([[1, 1, 1]]);
  });
});

describe("results that are held", () => {
  const usual = setTransientBudget(64 * MIB);
  afterEach(() => void setTransientBudget(usual));

  it("are read where they are: reading brings nothing back into linear memory", () => {
    setTransientBudget(MIB);
    const one = ones([MIB / 4]);
    const held = Array.from({ length: 20 }, (_, i) => one.mul(i));
    const before = memory().numBytes;
    for (const [i, x] of held.entries()) {
      expect(x.array[12_345]).toBe(i);
      expect(x.at(7).item()).toBe(i);
    }
    expect(memory().numBytes).toBe(before);
    expect(held[3].add(held[4]).array[99]).toBe(7);
    for (const x of [one, ...held]) x.dispose();
  });

  it("can be written to where they are", () => {
    setTransientBudget(0);
    const x = ones([3]).mul(2);
    ones([3]).mul(3).dispose();
    x.array[1] = 5;
    expect(x.add(1).toArray()).toEqual([3, 6, 3]);
  });

  it("do not make a freed table move: what is larger than the budget stays for its last view", () => {
    setTransientBudget(MIB);
    const embedding = new nn.Embedding(MIB, 1);
    const view = embedding.weight.at(5);
    const value = view.item();
    embedding.dispose();
    const before = memory().numBytes;
    ones([4]).add(1).dispose();
    expect(memory().numBytes).toBeGreaterThanOrEqual(before - MIB);
    expect(view.item()).toBe(value);
    view.dispose();
    expect(memory().numBytes).toBeLessThan(before - 3 * MIB);
  });

  it("inside tidy are gone afterwards even when their graph was long", () => {
    const before = memory().numTensors;
    const w = ones([2, 2], { requiresGrad: true });
    tidy(() => {
      let x = w.mul(1);
      for (let i = 0; i < 500; i++) x = x.matmul(w).mul(0.5);
      x.sum().backward();
    });
    w.dispose();
    expect(memory().numTensors).toBe(before);
  });
});

describe("a parameter", () => {
  const weightOf = () => new nn.Embedding(3, 2, { weight: [1, 2, 3, 4, 5, 6].map((x) => [x, -x]).slice(0, 3) });

  it("gives out its data anew once somebody has disposed of it, in a state dict too", () => {
    const embedding = weightOf();
    embedding.weight.data.fill_(7).dispose();
    for (const value of Object.values(embedding.stateDict())) value.dispose();
    embedding.weight.data.fill_(1);
    embedding.loadStateDict(embedding.stateDict());
    expect(embedding.weight.toArray()).toEqual(Array(3).fill([1, 1]));
    embedding.dispose();
  });

  it("that is frozen between forward and backward gets no gradient, as in PyTorch", () => {
    const embedding = weightOf();
    const other = weightOf();
    const loss = tidy(() =>
      embedding
        .forward([0])
        .add(other.forward([1]))
        .sum(),
    );
    embedding.requiresGrad_(false);
    loss.backward();
    expect(embedding.weight.grad).toBeNull();
    expect(other.weight.grad!.toDense().toArray()).toEqual([
      [0, 0],
      [1, 1],
      [0, 0],
    ]);
    for (const owner of [embedding, other]) owner.dispose();
  });
});
