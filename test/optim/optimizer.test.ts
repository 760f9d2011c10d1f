import { memory, nn, ones, optim, type SparseTensor, type Tensor, tensor, tidy } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectError, valuesOf } from "../tensor/compare.js";

const leaf = (data: Parameters<typeof tensor>[0]) => tensor(data, { requiresGrad: true });

const KINDS: [string, (params: Tensor[]) => optim.SGD | optim.Adagrad][] = [
  ["SGD", (params) => new optim.SGD(params, { lr: 0.5 })],
  ["SGD with momentum", (params) => new optim.SGD(params, { lr: 0.5, momentum: 0.5 })],
  ["Adagrad", (params) => new optim.Adagrad(params, { lr: 0.5 })],
];

describe.each(KINDS)("%s", (_, make) => {
  it("moves every parameter that has a gradient and leaves the others, without state", () => {
    const [a, b, c] = [leaf([1, 2]), leaf([[3]]), leaf([1, 2])];
    const optimizer = make([a, b, c]);
    const before = optimizer.state.size;
    a.add(c).mul(2).sum().backward();
    optimizer.step();
    expect(a.toArray()).not.toEqual([1, 2]);
    expect(c.toArray()).toEqual(a.toArray());
    expect(b.toArray()).toEqual([[3]]);
    expect(optimizer.state.get(b)).toEqual(before === 0 ? undefined : { step: 0, sum: expect.anything() });
  });

  it("zeroGrad clears every gradient", () => {
    const [a, b] = [leaf([1]), leaf([2])];
    const optimizer = make([a, b]);
    a.mul(b).sum().backward();
    expect([a.grad!.toArray(), b.grad!.toArray()]).toEqual([[2], [1]]);
    optimizer.zeroGrad();
    expect([a.grad, b.grad]).toEqual([null, null]);
  });

  it("step runs the closure first and returns its result", () => {
    const a = leaf([4]);
    const optimizer = make([a]);
    expect(optimizer.step()).toBeUndefined();
    const loss = optimizer.step(() => {
      optimizer.zeroGrad();
      const squares = a.mul(a).sum();
      squares.backward();
      return squares.item();
    });
    expect(loss).toBe(16);
    expect(a.item()).toBeLessThan(4);
  });

  it("refuses a closure that is async or no function, and changes nothing", () => {
    const a = leaf([4]);
    const optimizer = make([a]);
    a.mul(a).sum().backward();
    for (const closure of [async () => a.item(), () => Promise.resolve(1), 3, null]) {
      expectError(() => optimizer.step(closure as never), TypeError, "step: ");
    }
    expect(a.item()).toBe(4);
  });

  it("takes any iterable of parameters, and groups of them", () => {
    const table = new nn.Embedding(2, 2);
    for (const params of [table.parameters(), new Set(table.parameters()), [{ params: table.parameters() }]]) {
      const optimizer = make(params as never);
      expect(optimizer.paramGroups.map((group) => group.params)).toEqual([[table.weight]]);
    }
  });

  it("learns parameters that are added later", () => {
    const [a, b] = [leaf([1]), leaf([1])];
    const optimizer = make([a]);
    optimizer.addParamGroup({ params: [b], lr: 0 });
    for (const x of [a, b]) x.grad = tensor([1]);
    optimizer.step();
    expect(a.item()).not.toBe(1);
    expect(b.item()).toBe(1);
    expectError(() => optimizer.addParamGroup({ params: [a] }), RangeError, "more than one parameter group");
    expectError(
      () => optimizer.addParamGroup({ params: [leaf([1])], lr: -1 }),
      RangeError,
      "Invalid learning rate: -1",
    );
    expect(optimizer.paramGroups).toHaveLength(2);
  });

  it("keeps no memory but its state, and gives that back", () => {
    const table = new nn.Embedding(10, 3);
    const before = memory();
    const optimizer = tidy(() => {
      const made = make([table.weight]);
      for (let i = 0; i < 3; i++) {
        made.zeroGrad();
        table.forward([1, 2, 1]).sum().backward();
        made.step();
      }
      made.zeroGrad();
      return made;
    });
    optimizer.dispose();
    expect(memory()).toEqual(before);
    expect(table.weight.isDisposed).toBe(false);
    expect(() => optimizer[Symbol.dispose]()).not.toThrow();
  });

  it.each([[false], [true]])("touches only the rows looked up, sparse %s, whatever bits the others hold", (sparse) => {
    const values = Float32Array.of(1, 2, -0, NaN, Infinity, 1e-45, 3, 4);
    const table = new nn.Embedding(4, 2, { sparse, weight: tensor(values, { shape: [4, 2] }) });
    const optimizer = make([table.weight]);
    table.forward([3, 0, 3]).sum().backward();
    optimizer.step();
    expectBits(valuesOf(table.weight).subarray(2, 6), values.subarray(2, 6));
    expect(valuesOf(table.weight)[0]).toBeLessThan(1);
    expect(valuesOf(table.weight)[7]).toBeLessThan(4);
  });

  it("has nothing to do where an empty index was looked up", () => {
    for (const sparse of [false, true]) {
      const table = new nn.Embedding(2, 2, { sparse, weight: ones([2, 2]) });
      const optimizer = make([table.weight]);
      table.forward([]).sum().backward();
      optimizer.step();
      expect(table.weight.toArray()).toEqual([
        [1, 1],
        [1, 1],
      ]);
    }
  });

  it("never moves the padding row", () => {
    for (const sparse of [false, true]) {
      const table = new nn.Embedding(3, 2, { sparse, paddingIdx: 1 });
      const optimizer = make([table.weight]);
      for (let i = 0; i < 3; i++) {
        optimizer.zeroGrad();
        table.forward([0, 1, 1, 2]).sum().backward();
        optimizer.step();
      }
      expect(table.weight.at(1).toArray()).toEqual([0, 0]);
    }
  });

  it("moves the same parameter through a tensor that shares it", () => {
    const given = ones([2, 1]);
    const table = new nn.Embedding(2, 1, { weight: given });
    const optimizer = make([table.weight]);
    table.forward([0]).sum().backward();
    optimizer.step();
    expect(given.toArray()).toEqual(table.weight.toArray());
    expect(given.at(0, 0).item()).toBeLessThan(1);
  });

  it.each<[string, object, typeof TypeError | typeof RangeError, string]>([
    ["a negative lr", { lr: -0.1 }, RangeError, "Invalid learning rate: -0.1"],
    ["an lr of NaN", { lr: NaN }, RangeError, "Invalid learning rate: NaN"],
    ["an lr that is a string", { lr: "0.1" }, TypeError, "learning rate"],
    ["an lr that is a tensor", { lr: ones([]) }, TypeError, "learning rate"],
    ["a weightDecay that is null", { weightDecay: null }, TypeError, "weight_decay"],
    ["a maximize that is a number", { maximize: 1 }, TypeError, "maximize"],
  ])("refuses %s, and keeps nothing", (__, options, type, words) => {
    const param = leaf([1]);
    const before = memory();
    expectError(() => new optim.SGD([param], options), type, words);
    expectError(() => new optim.Adagrad([param], options), type, words);
    expect(memory()).toEqual(before);
  });

  it.each<[string, unknown, typeof TypeError | typeof RangeError | typeof Error]>([
    ["nothing", undefined, TypeError],
    ["a number", 5, TypeError],
    ["numbers", [5], TypeError],
    ["a tensor alone", leaf([1]), TypeError],
    ["a tensor among groups", [{ params: [leaf([1])] }, leaf([2])], TypeError],
    ["a group without parameters", [{ lr: 1 }], TypeError],
    ["no parameters", [], RangeError],
    ["a result", [leaf([1]).mul(2)], Error],
  ])("cannot be made of %s", (__, params, type) => {
    expectError(() => make(params as Tensor[]), type, "");
  });
});

describe("a step that one parameter cannot make", () => {
  it.each<[string, (params: Tensor[]) => optim.SGD | optim.Adagrad]>([
    ["SGD", (params) => new optim.SGD(params, { lr: 1, weightDecay: 0.1 })],
    ["Adagrad", (params) => new optim.Adagrad(params, { lr: 1, weightDecay: 0.1 })],
  ])("moves none: %s with weightDecay and a sparse gradient behind a dense one", (_, make) => {
    const dense = leaf([1, 2]);
    const table = new nn.Embedding(2, 1, { sparse: true, weight: ones([2, 1]) });
    const optimizer = make([dense, table.weight]);
    dense.mul(2).sum().backward();
    table.forward([1]).sum().backward();
    expectError(() => optimizer.step(), Error, "sparse");
    expect([dense.toArray(), table.weight.toArray()]).toEqual([
      [1, 2],
      [[1], [1]],
    ]);
    table.sparse = false;
    table.zeroGrad();
    table.forward([1]).sum().backward();
    optimizer.step();
    expect(dense.at(0).item()).toBeLessThan(1);
  });

  it("is an Error after dispose, not the engine's TypeError", () => {
    const param = leaf([1]);
    const adagrad = new optim.Adagrad([param]);
    adagrad.dispose();
    param.grad = tensor([1]);
    expectError(() => adagrad.step(), Error, "disposed");
    expect(param.item()).toBe(1);
  });
});

describe("zeroGrad with setToNone false", () => {
  it("leaves zeros where there was a gradient, and null where there was none", () => {
    const [a, b] = [leaf([1, 2]), leaf([3])];
    const sgd = new optim.SGD([a, b], { lr: 1, momentum: 0.5 });
    a.mul(2).sum().backward();
    const held = a.grad!;
    sgd.step();
    sgd.zeroGrad({ setToNone: false });
    expect([a.grad!.toArray(), b.grad, held.toArray()]).toEqual([[0, 0], null, [2, 2]]);
    // A step with a gradient of zeros is a step: momentum goes on.
    sgd.step();
    expect([a.toArray(), b.toArray()]).toEqual([[-2, -1], [3]]);
    a.sum().backward();
    expect(a.grad!.toArray()).toEqual([1, 1]);
  });

  it("empties a sparse gradient", () => {
    const table = new nn.Embedding(3, 2, { sparse: true });
    const sgd = new optim.SGD(table.parameters());
    table.forward([1, 1]).sum().backward();
    sgd.zeroGrad({ setToNone: false });
    const { nnz, shape, isCoalesced } = table.weight.grad as SparseTensor;
    expect({ nnz, shape, isCoalesced }).toEqual({ nnz: 0, shape: [3, 2], isCoalesced: true });
    sgd.step();
    table.forward([2]).sum().backward();
    expect((table.weight.grad as SparseTensor).indices.toArray()).toEqual([[2]]);
  });

  it("does not write out what was never read", () => {
    const table = new nn.Embedding(1000, 8);
    const sgd = new optim.SGD(table.parameters());
    const before = memory().numBytes;
    tidy(() => table.forward([5]).sum().backward());
    sgd.zeroGrad({ setToNone: false });
    expect(memory().numBytes - before).toBe(0);
    sgd.step();
    tidy(() => table.forward([7]).sum().backward());
    expect(memory().numBytes - before).toBeLessThan(100);
    expect(table.weight.grad!.at(7).toArray()).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
    expect(table.weight.grad!.at(5).toArray()).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("takes nothing else", () => {
    const sgd = new optim.SGD([leaf([1])]);
    expectError(() => sgd.zeroGrad({ setToNone: 0 as never }), TypeError, "setToNone");
    expectError(() => sgd.zeroGrad({ set_to_none: false } as never), TypeError, "set_to_none");
    expectError(() => sgd.zeroGrad(false as never), TypeError, "options");
  });
});

describe("weightDecay shrinks every row, the padding row too, as in PyTorch", () => {
  it.each<[string, (table: nn.Embedding) => unknown]>([
    ["never read", () => {}],
    ["read before the step", (table) => table.weight.grad],
  ])("gradient %s", (_, look) => {
    const table = new nn.Embedding(3, 1, { paddingIdx: 0, weight: ones([3, 1]) });
    const sgd = new optim.SGD(table.parameters(), { lr: 0.5, weightDecay: 0.5 });
    table.forward([0, 1]).sum().backward();
    look(table);
    sgd.step();
    expect(table.weight.toArray()).toEqual([[0.75], [0.25], [0.75]]);
  });
});

describe("state", () => {
  it("of Adagrad is there from the start, of SGD with momentum after the first step", () => {
    const param = leaf([1, 2]);
    const adagrad = new optim.Adagrad([param], { initialAccumulatorValue: 0.5 });
    expect(adagrad.state.get(param)!.sum.toArray()).toEqual([0.5, 0.5]);
    expect(adagrad.state.get(param)!.step).toBe(0);
    const sgd = new optim.SGD([param], { momentum: 0.9 });
    expect(sgd.state.size).toBe(0);
    param.grad = tensor([3, 4]);
    sgd.step();
    expect(sgd.state.get(param)!.momentumBuffer.toArray()).toEqual([3, 4]);
    expect(new optim.SGD([param]).state.size).toBe(0);
  });

  it("is the optimizer's own: neither the gradient nor the user's view of it changes with later steps", () => {
    const param = leaf([0]);
    const sgd = new optim.SGD([param], { lr: 1, momentum: 0.5 });
    const g = tensor([8]);
    param.grad = g;
    const read = param.grad;
    sgd.step();
    sgd.step();
    expect(sgd.state.get(param)!.momentumBuffer.toArray()).toEqual([12]);
    expect([g.toArray(), read.toArray()]).toEqual([[8], [8]]);
    expect(param.toArray()).toEqual([-20]);
  });
});
