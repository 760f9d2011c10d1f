import { longTensor, memory, nn, ones, optim, type Tensor, tensor, tidy, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectError, valuesOf } from "../tensor/compare.js";

type Kind = "SGD" | "Adagrad" | "RowwiseAdagrad" | "Adam" | "AdamW" | "SparseAdam";
type Dict = optim.OptimizerStateDict;
// biome-ignore lint/suspicious/noExplicitAny: dicts are tried that the types forbid
type Loose = any;

const KINDS: [Kind, object, string[]][] = [
  ["SGD", { momentum: 0.5, lr: 0.1 }, ["momentum_buffer"]],
  ["Adagrad", { lr: 0.1 }, ["step", "sum"]],
  ["RowwiseAdagrad", { lr: 0.1 }, ["step", "sum"]],
  ["Adam", { amsgrad: true, lr: 0.1 }, ["exp_avg", "exp_avg_sq", "max_exp_avg_sq", "step"]],
  ["AdamW", { lr: 0.1 }, ["exp_avg", "exp_avg_sq", "step"]],
  ["SparseAdam", { lr: 0.1 }, ["exp_avg", "exp_avg_sq", "step"]],
];

/** Two tables in a group each, and a way to train them. */
function trainer(kind: Kind, options: object = {}) {
  const tables = [3, 4].map(
    (rows) => new nn.Embedding(rows, 2, { sparse: kind === "SparseAdam", weight: ones([rows, 2]) }),
  );
  const made = new optim[kind](
    tables.map(({ weight }) => ({ params: [weight] })),
    options,
  ) as optim.Optimizer<{ lr: number }, object>;
  const train = (steps: number) => {
    for (let i = 0; i < steps; i++) {
      tidy(() => {
        made.zeroGrad();
        const [a, b] = tables.map((table) => table.forward([i % 3, 1]));
        a.mul(a).sum().add(b.mul(b).sum().mul(3)).backward();
        made.step();
      });
    }
    made.zeroGrad();
  };
  return {
    made,
    train,
    weights: tables.map(({ weight }) => weight),
    of: (i: number) => made.state.get(tables[i].weight),
  };
}

const numbersOf = (dict: Dict) =>
  Object.values(dict.state).map((fields) =>
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "number" ? value : [...valuesOf(value as Tensor)],
    ]),
  );

describe.each(KINDS)("the stateDict of %s", (kind, options, names) => {
  it("has PyTorch's layout and spelling, and shares its tensors with the state", () => {
    const { made, train, weights } = trainer(kind, options);
    train(3);
    const dict = made.stateDict();
    expect(Object.keys(dict)).toEqual(["state", "param_groups"]);
    expect(dict.param_groups.map(({ params }) => params)).toEqual([[0], [1]]);
    expect(dict.param_groups[0]).toMatchObject({ lr: 0.1 });
    for (const name of Object.keys(dict.param_groups[0])) expect(name).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(Object.keys(dict.state)).toEqual(["0", "1"]);
    for (const fields of Object.values(dict.state)) expect(Object.keys(fields).sort()).toEqual(names);
    if (names.includes("step")) expect(dict.state[1].step).toBe(3);
    const before = JSON.stringify(numbersOf(dict));
    train(1);
    expect(JSON.stringify(numbersOf(dict))).not.toBe(before);
    made.dispose();
    for (const value of Object.values(dict.state[0]))
      if (typeof value === "object") expect((value as Tensor).isDisposed).toBe(true);
    expect(weights[0].isDisposed).toBe(false);
  });

  it("goes on bit for bit in a new optimizer", () => {
    const [straight, stopped, resumed] = [trainer(kind, options), trainer(kind, options), trainer(kind)];
    straight.train(6);
    stopped.train(6);
    for (const [i, weight] of resumed.weights.entries()) weight.data.copy_(stopped.weights[i].data);
    resumed.made.loadStateDict(stopped.made.stateDict());
    stopped.train(1);
    stopped.made.dispose();
    straight.train(6);
    resumed.train(6);
    for (const [i, weight] of resumed.weights.entries()) expectBits(valuesOf(weight), valuesOf(straight.weights[i]));
  });

  it("is copied into the tensors that there are, and takes no other memory", () => {
    const { made, train, of } = trainer(kind, options);
    train(2);
    const other = trainer(kind, options);
    other.train(5);
    const dict = other.made.stateDict();
    const tensors = Object.values(of(0)!).filter((value) => typeof value === "object");
    const before = memory();
    made.loadStateDict(dict);
    made.loadStateDict(made.stateDict());
    expect(memory()).toEqual(before);
    expect(Object.values(of(0)!).filter((value) => typeof value === "object")).toEqual(tensors);
    expect(numbersOf(made.stateDict())).toEqual(numbersOf(dict));
    other.train(1);
    expect(numbersOf(made.stateDict())).not.toEqual(numbersOf(dict));
  });
});

describe("loadStateDict", () => {
  it("matches parameters by position, whatever their numbers are", () => {
    const { made, train } = trainer("Adam");
    train(2);
    const { state, param_groups } = made.stateDict();
    const renamed = {
      state: { 7: state[0], 3: state[1] },
      param_groups: param_groups.map((group, k) => ({ ...group, params: [[7], [3]][k] })),
    };
    const { made: other } = trainer("Adam");
    other.loadStateDict(renamed);
    expect(numbersOf(other.stateDict())).toEqual(numbersOf({ state, param_groups }));
  });

  it("takes its own tensors in other places", () => {
    const params = [ones([2]), ones([2])];
    const adam = new optim.Adam(params);
    for (const [i, param] of params.entries()) param.grad = tensor([i + 1, i + 1]);
    adam.step();
    const { state, param_groups } = adam.stateDict();
    const [first, second] = numbersOf({ state, param_groups });
    adam.loadStateDict({ state: { 0: state[1], 1: state[0] }, param_groups });
    expect(numbersOf(adam.stateDict())).toEqual([second, first]);
  });

  it("knows no state where the dict has none: Adagrad starts again, the others as well", () => {
    const adam = trainer("Adam");
    const adagrad = trainer("Adagrad", { initialAccumulatorValue: 0.5 });
    const before = memory().numBytes;
    for (const { made, train } of [adam, adagrad]) {
      train(2);
      const { param_groups, state } = made.stateDict();
      made.loadStateDict({ param_groups, state: { 1: state[1] } });
    }
    expect(adam.of(0)).toBeUndefined();
    expect(adam.of(1)).toMatchObject({ step: 2 });
    expect(adagrad.of(0)).toMatchObject({ step: 0 });
    expect((adagrad.of(0) as { sum: Tensor }).sum.toArray()).toEqual([
      [0.5, 0.5],
      [0.5, 0.5],
      [0.5, 0.5],
    ]);
    // The two averages of the second table are what is left.
    expect(memory().numBytes - before).toBe(2 * 4 * 8);
  });

  it("takes empty entries and null buffers for no state", () => {
    const { made, of, train } = trainer("SGD", { momentum: 0.5 });
    train(1);
    const { param_groups } = made.stateDict();
    made.loadStateDict({ param_groups, state: { 0: { momentum_buffer: null }, 1: {} } });
    expect([of(0), of(1)]).toEqual([undefined, undefined]);
  });

  it("leaves options that the dict does not have, and overlooks those that are PyTorch's own", () => {
    const { made } = trainer("SparseAdam", { weightDecay: 0.25, lr: 0.5 });
    const group = {
      betas: [0.1, 0.2],
      maximize: true,
      foreach: null,
      fused: true,
      capturable: false,
      differentiable: false,
      param_names: ["a"],
      swa_lr: 1,
    };
    made.loadStateDict({
      state: {},
      param_groups: [
        { ...group, params: [0] },
        { initial_lr: 3, params: [1] },
      ],
    });
    expect(made.paramGroups).toMatchObject([
      { lr: 0.5, weightDecay: 0.25, betas: [0.1, 0.2], maximize: true },
      { lr: 0.5, weightDecay: 0.25, betas: [0.9, 0.999], maximize: false, initialLr: 3 },
    ]);
    expect(Object.keys(made.paramGroups[0]).sort()).toEqual([
      "betas",
      "eps",
      "lr",
      "maximize",
      "params",
      "weightDecay",
    ]);
    expect(made.stateDict().param_groups[1].initial_lr).toBe(3);
  });

  it("takes numbers in tensors of one element", () => {
    const { made, train, of } = trainer("Adam");
    train(1);
    const { state, param_groups } = made.stateDict();
    const steps = [tensor(5), longTensor([6])];
    made.loadStateDict({
      state: { 0: { ...state[0], step: steps[0] }, 1: { ...state[1], step: steps[1] } },
      param_groups: param_groups.map((group) => ({ ...group, lr: tensor([0.5]) })),
    });
    expect([of(0), of(1)]).toMatchObject([{ step: 5 }, { step: 6 }]);
    expect(made.paramGroups[1].lr).toBe(0.5);
  });

  it("takes an lr that a schedule has brought to 0", () => {
    const { made } = trainer("SparseAdam");
    made.loadStateDict({
      state: {},
      param_groups: [
        { lr: 0, params: [0] },
        { lr: 0, params: [1] },
      ],
    });
    expect(made.paramGroups[0].lr).toBe(0);
  });

  it("makes AdamW no Adam, and Adam an AdamW", () => {
    const [adam, adamW] = [trainer("Adam").made, trainer("AdamW").made];
    expectError(() => adamW.loadStateDict(adam.stateDict()), Error, "AdamW: decoupled_weight_decay is false");
    adam.loadStateDict(adamW.stateDict());
    expect(adam.paramGroups[0]).toMatchObject({ weightDecay: 0.01, decoupledWeightDecay: true });
  });

  const [E, R, T] = [Error, RangeError, TypeError];
  const GONE = Symbol("gone");
  const group = ["param_groups", 1];
  const entry = ["state", 1];

  it.each<[string, (string | number)[], unknown, typeof E | typeof R | typeof T, string]>([
    ["nothing", [], undefined, T, "expected an object { state, param_groups }"],
    ["a number", [], 5, T, "expected an object"],
    ["no state", ["state"], GONE, T, "expected an object"],
    ["no groups", ["param_groups"], GONE, T, "expected an object"],
    ["a group less", ["param_groups"], [{}], R, "loaded state dict has a different number of parameter groups"],
    ["a group that is null", group, null, T, "param_groups[1] needs params"],
    ["a hole for each group", ["param_groups"], Array(2), T, "param_groups[0] needs params"],
    ["a hole for a number", [...group, "params"], Array(1), T, "param_groups[1].params[0]"],
    ["a group without params", [...group, "params"], GONE, T, "param_groups[1] needs params"],
    [
      "a parameter more",
      [...group, "params"],
      [1, 2],
      R,
      "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
    ],
    ["a parameter without number", [...group, "params"], ["w"], T, "param_groups[1].params[0]"],
    ["an lr below 0", [...group, "lr"], -1, R, "Invalid learning rate: -1"],
    ["an lr that is a string", [...group, "lr"], "1", T, "learning rate"],
    ["an lr for each of two", [...group, "lr"], zeros([2]), T, "learning rate"],
    ["an lr that is null", [...group, "lr"], null, T, "learning rate"],
    ["betas of 1", [...group, "betas"], [1, 1], R, "Invalid beta parameter at index 0: 1"],
    ["an initial_lr that is a string", [...group, "initial_lr"], "1", T, "initial_lr"],
    ["state of nobody", ["state", 2], {}, R, "state has 2, which is in no parameter group"],
    ["an entry that is a number", entry, 1, T, "state[1] must be an object"],
    ["state of another optimizer", entry, { sum: 1 }, E, "state[1] has 'sum', known are step, exp_avg"],
    [
      "state by the name of what every object has",
      [...entry, "constructor"],
      tensor([1]),
      E,
      "state[1] has 'constructor'",
    ],
    ["half a state", [...entry, "exp_avg_sq"], GONE, E, "state[1] lacks 'exp_avg_sq'"],
    ["averages without a count", [...entry, "step"], GONE, E, "state[1] lacks 'step'"],
    ["no maximum for amsgrad", [...group, "amsgrad"], true, E, "state[1] lacks 'max_exp_avg_sq'"],
    [
      "another shape",
      [...entry, "exp_avg"],
      zeros([2, 4]),
      R,
      "state[1].exp_avg is [2, 4], but the parameter needs [4, 2]",
    ],
    ["an average of integers", [...entry, "exp_avg"], longTensor([1]), T, "state[1].exp_avg"],
    ["an average in an array of another shape", [...entry, "exp_avg"], [[1]], R, "state[1].exp_avg is [1, 1]"],
    ["an average that is a word", [...entry, "exp_avg"], "1", T, "state[1].exp_avg"],
    ["a disposed average", [...entry, "exp_avg"], disposed([4, 2]), E, "after it was disposed"],
    ["a step below 0", [...entry, "step"], -1, R, "state[1].step is -1"],
    ["half a step", [...entry, "step"], tensor(0.5), T, "state[1].step"],
    ["a step of no number", [...entry, "step"], zeros([2]), T, "state[1].step"],
  ])("refuses %s, and changes nothing", (_, path, value, type, words) => {
    const { made, train } = trainer("Adam", { lr: 0.25 });
    train(2);
    const other = trainer("Adam", { lr: 0.5 });
    other.train(3);
    const { state, param_groups } = other.made.stateDict();
    const root: Loose = { dict: { state: { ...state, 1: { ...state[1] } }, param_groups: [...param_groups] } };
    const names = ["dict", ...path];
    const last = names.pop()!;
    const inner = names.reduce((object, name) => object[name], root);
    if (value === GONE) delete inner[last];
    else inner[last] = value;
    const seen = () => [memory(), numbersOf(made.stateDict()), JSON.stringify(made.stateDict().param_groups)];
    const before = seen();
    expectError(() => made.loadStateDict(root.dict), type, words);
    expect(seen()).toEqual(before);
  });

  it("is over when the optimizer is disposed of, and so is stateDict", () => {
    const { made } = trainer("Adam");
    const dict = made.stateDict();
    made.dispose();
    expectError(() => made.stateDict(), Error, "disposed");
    expectError(() => made.loadStateDict(dict), Error, "disposed");
  });
});

function disposed(shape: number[]): Tensor {
  const gone = zeros(shape);
  gone.dispose();
  return gone;
}
