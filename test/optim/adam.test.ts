import { memory, nn, ones, optim, type Tensor, tensor, tidy } from "nn-embedding";
import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { expectBits, expectClose, expectError, valuesOf } from "../tensor/compare.js";

const leaf = (data: Parameters<typeof tensor>[0]) => tensor(data, { requiresGrad: true });

/** Gradients of six numbers, step after step. */
const gradient = (step: number) => Float32Array.from({ length: 6 }, (_, j) => ((j * 7 + step * 5) % 11) / 4 - 1.25);

const START = Float32Array.of(1, -2, 3, 0.5, -0.25, 8);

interface Rules {
  lr: number;
  betas: [number, number];
  eps: number;
  shrink?: number;
}

/** What the oracle's kernels take at step t, counted from 1. */
const constants = ({ lr, betas: [beta1, beta2], eps, shrink = 0 }: Rules, t: number) => ({
  decay: 1 - lr * shrink,
  weight1: 1 - beta1,
  beta2,
  weight2: 1 - beta2,
  rate: lr / (1 - beta1 ** t),
  correction: Math.sqrt(1 - beta2 ** t),
  eps,
});

describe("Adam", () => {
  it.each([[false], [true]])("steps by the formula, amsgrad %s", (amsgrad) => {
    const rules: Rules = { lr: 0.1, betas: [0.8, 0.95], eps: 1e-6, shrink: 0.1 };
    const param = leaf(START);
    const { shrink: weightDecay, ...options } = rules;
    const adam = new optim.Adam([param], { ...options, amsgrad, weightDecay, decoupledWeightDecay: true });
    const nothing = new Float32Array(6);
    let state: ReturnType<typeof reference.adam> = { param: START, average: nothing, square: nothing, peak: nothing };
    for (let t = 1; t <= 20; t++) {
      param.grad = tensor(gradient(t));
      adam.step();
      const averages = amsgrad ? state : { ...state, peak: undefined };
      state = reference.adam(state.param, averages, gradient(t), constants(rules, t));
    }
    expectBits(valuesOf(param), state.param);
    const { step, expAvg, expAvgSq, maxExpAvgSq } = adam.state.get(param)!;
    expect(step).toBe(20);
    expectBits(valuesOf(expAvg), state.average);
    expectBits(valuesOf(expAvgSq), state.square);
    if (amsgrad) expectBits(valuesOf(maxExpAvgSq!), state.peak);
    else expect(maxExpAvgSq).toBeUndefined();
  });

  it("adds weightDecay to the gradient, or shrinks the parameter if that is decoupled", () => {
    const [joined, apart, plain] = [leaf([2]), leaf([2]), leaf([2])];
    new optim.Adam([joined], { lr: 1, weightDecay: 0.5 }).step();
    expect(joined.item()).toBe(2);
    for (const param of [joined, apart, plain]) param.grad = tensor([0]);
    new optim.Adam([joined], { lr: 0.25, weightDecay: 0.5 }).step();
    new optim.Adam([apart], { lr: 0.25, weightDecay: 0.5, decoupledWeightDecay: true }).step();
    new optim.Adam([plain], { lr: 0.25 }).step();
    // The first step has length lr, whatever the gradient is; there is none but the decay.
    expectClose([joined.item(), apart.item(), plain.item()], [1.75, 1.75, 2], 1e-6);
    expect(apart.item()).toBe(1.75);
  });

  it("is AdamW when the decay is decoupled and 0.01", () => {
    const [a, b] = [leaf(START), leaf(START)];
    const optimizers = [new optim.Adam([a], { weightDecay: 0.01, decoupledWeightDecay: true }), new optim.AdamW([b])];
    for (const maximize of [false, true, false]) {
      for (const param of [a, b]) param.grad = tensor(gradient(3));
      for (const optimizer of optimizers) {
        optimizer.paramGroups[0].maximize = maximize;
        optimizer.step();
      }
    }
    expectBits(valuesOf(a), valuesOf(b));
    expect(optimizers[1].paramGroups[0]).toMatchObject({ lr: 1e-3, weightDecay: 0.01, decoupledWeightDecay: true });
    expect(optimizers[1]).toBeInstanceOf(optim.Adam);
  });

  it("moves the other way to maximize", () => {
    const [up, down] = [leaf([0, 0]), leaf([0, 0])];
    for (const param of [up, down]) param.grad = tensor([3, -5]);
    new optim.Adam([up], { maximize: true }).step();
    new optim.Adam([down]).step();
    expectBits(valuesOf(up), valuesOf(down.neg()));
    expect(up.at(0).item()).toBeGreaterThan(0);
  });

  it("takes the gradient of an Embedding that nobody has read as if somebody had", () => {
    const run = (read: boolean) => {
      const table = new nn.Embedding(5, 3, { weight: ones([5, 3]) });
      const adam = new optim.Adam(table.parameters(), { lr: 0.1 });
      for (const rows of [[1, 1, 3], [4], []]) {
        adam.zeroGrad();
        table.forward(rows).sum().backward();
        if (read) expect(table.weight.grad!.shape).toEqual([5, 3]);
        adam.step();
      }
      return valuesOf(table.weight);
    };
    expectBits(run(false), run(true));
    // The second and the third step still move what the first one moved.
    expect(run(false)[3]).toBeLessThan(0.9);
  });

  it("keeps the largest square from when amsgrad is turned on", () => {
    const param = leaf([1]);
    const adam = new optim.Adam([param]);
    param.grad = tensor([2]);
    adam.step();
    expect(adam.state.get(param)!.maxExpAvgSq).toBeUndefined();
    adam.paramGroups[0].amsgrad = true;
    adam.step();
    const { expAvgSq, maxExpAvgSq } = adam.state.get(param)!;
    expect(maxExpAvgSq!.item()).toBe(expAvgSq.item());
  });

  it("takes beta1 = 0 for no average at all", () => {
    const param = leaf([0]);
    const adam = new optim.Adam([param], { betas: [0, 0.9] });
    for (const g of [1e6, 1e-6]) {
      param.grad = tensor([g]);
      adam.step();
      expect(adam.state.get(param)!.expAvg.item()).toBe(Math.fround(g));
    }
  });

  it("owns its betas: the array they came in may change", () => {
    const betas: [number, number] = [0.5, 0.5];
    const adam = new optim.Adam([{ params: [leaf([1])] }, { params: [leaf([1])], betas: [0.1, 0.2] }], { betas });
    betas[0] = 7;
    expect(adam.paramGroups.map((group) => group.betas)).toEqual([
      [0.5, 0.5],
      [0.1, 0.2],
    ]);
  });

  it.each([["Adam"], ["AdamW"]] as const)("%s refuses sparse gradients before anything moves", (kind) => {
    const dense = leaf([1]);
    const table = new nn.Embedding(2, 1, { sparse: true, weight: ones([2, 1]) });
    const optimizer = new optim[kind]([dense, table.weight]);
    dense.grad = tensor([1]);
    table.forward([0]).sum().backward();
    const words = "Adam does not support sparse gradients, please consider SparseAdam instead";
    expectError(() => optimizer.step(), Error, words);
    expect([dense.item(), table.weight.toArray(), optimizer.state.size]).toEqual([1, [[1], [1]], 0]);
  });

  it("AdamW cannot be told to put the decay into the gradient", () => {
    expectError(
      () => new optim.AdamW([leaf([1])], { decoupledWeightDecay: false }),
      Error,
      "decoupled_weight_decay is false",
    );
  });
});

describe("SparseAdam", () => {
  const rules: Rules = { lr: 0.1, betas: [0.8, 0.95], eps: 1e-6, shrink: 0.5 };

  it("steps by the formula on the rows touched, repeated ones added first", () => {
    const weight = Float32Array.of(1, -2, 3, 0.5, -0.25, 8, 4, 4);
    const table = new nn.Embedding(4, 2, { sparse: true, weight: tensor(weight, { shape: [4, 2] }) });
    const { shrink: weightDecay, ...options } = rules;
    const adam = new optim.SparseAdam(table.parameters(), { ...options, weightDecay });
    const expected = { param: weight, average: new Float32Array(8), square: new Float32Array(8) };
    const batches = [[2, 0, 2], [1, 1, 1], [], [0, 2, 0]];
    batches.forEach((rows, i) => {
      adam.zeroGrad();
      const grad = gradient(i).slice(0, 2 * rows.length);
      table.forward(rows).backward(tensor(grad, { shape: [rows.length, 2] }));
      adam.step();
      for (const row of new Set(rows)) {
        const at = (x: Float32Array) => x.slice(2 * row, 2 * row + 2);
        const sum = new Float32Array(2);
        rows.forEach((other, k) => {
          if (other === row) for (const j of [0, 1]) sum[j] += grad[2 * k + j];
        });
        const { rate, correction, ...others } = constants(rules, i + 1);
        const stepped = reference.sparseAdam(
          at(expected.param),
          { average: at(expected.average), square: at(expected.square) },
          sum,
          { ...others, rate: rate * correction },
        );
        for (const name of ["param", "average", "square"] as const) expected[name].set(stepped[name], 2 * row);
      }
    });
    expectBits(valuesOf(table.weight), expected.param);
    const { step, expAvg, expAvgSq } = adam.state.get(table.weight)!;
    expectBits(valuesOf(expAvg), expected.average);
    expectBits(valuesOf(expAvgSq), expected.square);
    expect(step).toBe(4);
  });

  it("counts a step with an empty gradient", () => {
    const table = new nn.Embedding(2, 2, { sparse: true, weight: ones([2, 2]) });
    const adam = new optim.SparseAdam(table.parameters(), { weightDecay: 1 });
    table.forward([]).sum().backward();
    adam.step();
    expect(adam.state.get(table.weight)).toMatchObject({ step: 1 });
    expect(table.weight.sum().item()).toBe(4);
  });

  it("leaves the other rows alone, whatever bits they hold", () => {
    const values = Float32Array.of(1, 2, -0, NaN, Infinity, 1e-45, 3, 4);
    const table = new nn.Embedding(4, 2, { sparse: true, weight: tensor(values, { shape: [4, 2] }) });
    const adam = new optim.SparseAdam(table.parameters(), { weightDecay: 0.5, maximize: true });
    table.forward([3, 0, 3]).sum().backward();
    adam.step();
    expectBits(valuesOf(table.weight).subarray(2, 6), values.subarray(2, 6));
    // Shrunk by lr / 2, then one step of length lr uphill.
    expectClose(valuesOf(table.weight).subarray(6), [3 * 0.9995 + 0.001, 4 * 0.9995 + 0.001], 1e-6);
  });

  it.each<[string, (table: nn.Embedding) => unknown]>([
    ["written by the user", ({ weight }) => (weight.grad = ones([2, 1]))],
    ["of an Embedding that is not sparse, never read", (table) => table.forward([1]).sum().backward()],
    ["of such an Embedding, read", (table) => [table.forward([1]).sum().backward(), table.weight.grad]],
    [
      "of such an Embedding, set to zero",
      (table) => {
        table.forward([1]).sum().backward();
        new optim.SGD(table.parameters()).zeroGrad({ setToNone: false });
      },
    ],
  ])("refuses a dense gradient %s, before anything moves", (_, make) => {
    const sparse = new nn.Embedding(2, 1, { sparse: true, weight: ones([2, 1]) });
    const dense = new nn.Embedding(2, 1, { weight: ones([2, 1]) });
    const adam = new optim.SparseAdam([sparse.weight, dense.weight]);
    sparse.forward([0]).sum().backward();
    make(dense);
    expectError(() => adam.step(), Error, "SparseAdam does not support dense gradients, please consider Adam instead");
    expect([sparse.weight.toArray(), adam.state.size]).toEqual([[[1], [1]], 0]);
  });
});

describe("options", () => {
  type Kind = "Adam" | "AdamW" | "SparseAdam";
  const make = (kind: Kind, options: object) => new optim[kind]([leaf([[1]])], options);

  it.each<[Kind, object, typeof RangeError | typeof TypeError, string]>([
    ["Adam", { lr: -1, eps: -1, betas: [2, 2], weightDecay: -1 }, RangeError, "Invalid learning rate: -1"],
    ["Adam", { eps: -1, betas: [2, 2], weightDecay: -1 }, RangeError, "Invalid epsilon value: -1"],
    ["Adam", { betas: [1, 2], weightDecay: -1 }, RangeError, "Invalid beta parameter at index 0: 1"],
    ["Adam", { betas: [0, 2], weightDecay: -1 }, RangeError, "Invalid beta parameter at index 1: 2"],
    ["Adam", { betas: [-0.1, 0.9] }, RangeError, "Invalid beta parameter at index 0: -0.1"],
    ["Adam", { betas: [NaN, 0.9] }, RangeError, "Invalid beta parameter at index 0: NaN"],
    ["AdamW", { weightDecay: -1 }, RangeError, "Invalid weight_decay value: -1"],
    ["AdamW", { lr: -1 }, RangeError, "Invalid learning rate: -1"],
    ["SparseAdam", { lr: 0, eps: 0 }, RangeError, "Invalid learning rate: 0"],
    ["SparseAdam", { eps: 0, betas: [1, 1] }, RangeError, "Invalid epsilon value: 0"],
    ["SparseAdam", { betas: [1, 1] }, RangeError, "Invalid beta parameter at index 0: 1"],
    ["SparseAdam", { weightDecay: -1 }, RangeError, "Invalid weight_decay value: -1"],
    ["Adam", { betas: 0.9 }, TypeError, "betas"],
    ["Adam", { betas: [0.9] }, TypeError, "betas"],
    ["Adam", { betas: ["0.9", 0.9] }, TypeError, "betas[0]"],
    ["Adam", { amsgrad: 1 }, TypeError, "amsgrad"],
    ["Adam", { maximize: null }, TypeError, "maximize"],
    ["AdamW", { decoupledWeightDecay: "yes" }, TypeError, "decoupledWeightDecay"],
    ["SparseAdam", { amsgrad: true }, TypeError, "amsgrad"],
    ["SparseAdam", { maximize: 0 }, TypeError, "maximize"],
    ["Adam", { beta1: 0.9 }, TypeError, "unexpected keyword argument 'beta1'"],
  ])("%s refuses %o", (kind, options, type, words) => {
    const before = memory();
    const param = leaf([[1]]);
    expectError(() => new optim[kind]([param], options), type, words);
    param.dispose();
    expect(memory()).toEqual(before);
  });

  it("come before parameters, as in PyTorch", () => {
    expectError(() => new optim.Adam([], { lr: -1 }), RangeError, "Invalid learning rate: -1");
    expectError(() => new optim.SGD([], { momentum: -1 }), RangeError, "Invalid momentum value: -1");
  });

  it("at their limits are taken", () => {
    for (const kind of ["Adam", "AdamW"] as const) make(kind, { lr: 0, eps: 0, betas: [0, 0], weightDecay: 0 });
    expect(make("SparseAdam", { lr: 1e-30, eps: 1e-30 }).paramGroups[0].lr).toBe(1e-30);
  });

  it("a sparse tensor is no parameter", () => {
    const table = new nn.Embedding(2, 1, { sparse: true });
    table.forward([1]).sum().backward();
    const params = [leaf([1]), table.weight.grad] as Tensor[];
    const words = "Sparse params at indices [[0, 1]]: SparseAdam requires dense parameter tensors";
    expectError(() => new optim.SparseAdam(params), TypeError, words);
    expectError(() => new optim.SparseAdam([{ params: [leaf([1])] }, { params: [params[1]] }]), TypeError, "[[1, 0]]");
  });
});

describe("200 steps", () => {
  const KINDS: [string, boolean, (params: Tensor[]) => { step(): unknown; zeroGrad(): void; dispose(): void }][] = [
    ["Adam", false, (params) => new optim.Adam(params, { weightDecay: 0.1 })],
    ["AdamW with amsgrad", false, (params) => new optim.AdamW(params, { amsgrad: true, maximize: true })],
    ["SparseAdam", true, (params) => new optim.SparseAdam(params, { weightDecay: 0.1, maximize: true })],
    ["RowwiseAdagrad", true, (params) => new optim.RowwiseAdagrad(params, { maximize: true })],
    ["RowwiseAdagrad, dense", false, (params) => new optim.RowwiseAdagrad(params, { weightDecay: 0.1 })],
  ];

  it.each(KINDS)("of %s take no memory, and dispose gives back the state", (_, sparse, make) => {
    const table = new nn.Embedding(20, 5, { sparse });
    const before = memory();
    const optimizer = make([table.weight]);
    const step = (i: number) =>
      tidy(() => {
        table
          .forward([i % 20, 3, 3])
          .sum()
          .backward();
        optimizer.step();
        optimizer.zeroGrad();
      });
    step(0);
    const early = memory();
    for (let i = 1; i <= 200; i++) step(i);
    expect(memory()).toEqual(early);
    optimizer.dispose();
    expect(memory()).toEqual(before);
  });
});
