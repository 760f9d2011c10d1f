import { functional as F, longTensor, nn, ones, optim, type Tensor, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectError, numbers, tensorOf, valuesOf, type Words } from "../tensor/compare.js";
import { decode, type Encoded, golden } from "./load.js";

/** A block of the pool. */
interface Window {
  shape: number[];
  at: number;
}

/** Where a dense gradient lies in the pool; the rows looked up and where their values lie; none. */
type Gradient = number | { rows: number[]; at: number } | null;

type State = { step?: number } & Record<string, Encoded | number>;

interface Moment {
  param: Encoded;
  state: State;
}

interface Member {
  start: Window;
  grads: Gradient[];
  after1: Moment;
  after10: Moment;
}

type Kind = "Adam" | "AdamW" | "SparseAdam" | "RowwiseAdagrad";
type Form = "dense" | "rows";
type Options = Record<string, unknown>;

interface Steps {
  what: "steps";
  optimizer: Kind;
  form: Form;
  groups: { options: Options; params: Member[] }[];
}

interface StateDict {
  state: Record<string, Record<string, Encoded | number>>;
  param_groups: Record<string, unknown>[];
}

interface Resumed {
  what: "resumed";
  optimizer: Kind;
  form: Form;
  options: Options;
  start: Window;
  grads: Gradient[];
  steps: { param: Encoded; state_dict: StateDict }[];
}

interface Closure {
  what: "closure";
  optimizer: Kind;
  options: Options;
  start: Window;
  target: Window;
  losses: number[];
  param: Encoded;
}

interface Mistaken {
  what: string;
  type: string;
  message: string;
}

type Case = { pool: Encoded } | Steps | Resumed | Closure | Mistaken;

const { cases } = golden<Case>("adam");
const pool = decode((cases[0] as { pool: Encoded }).pool).data;
const named = <C extends Case>(what: string) => cases.filter((c) => "what" in c && c.what === what) as C[];

const ONE_STEP = 3e-7;
const TEN_STEPS = 2e-6;

/** A copy of n numbers of the pool. */
const cut = (at: number, n: number) => Float32Array.from(pool.subarray(at, at + n));

const numelOf = ({ shape }: Window) => shape.reduce((a, b) => a * b, 1);
const startOf = (start: Window) => cut(start.at, numelOf(start));
const textOf = ({ shape }: Window) => shape.join("x");

/** A dense gradient has zeros in one row, another one each step. */
function denseGradient(start: Window, at: number, step: number): Float32Array {
  const values = startOf({ ...start, at });
  const row = values.length / start.shape[0];
  const first = (step % start.shape[0]) * row;
  return values.fill(0, first, first + row);
}

/** |gradient|, what a row got in several parts added up. */
function sizeOfGradient(start: Window, grad: Gradient, step: number): Float64Array {
  if (grad === null) return new Float64Array(numelOf(start));
  if (typeof grad === "number") return Float64Array.from(denseGradient(start, grad, step), Math.abs);
  const [, dim] = start.shape;
  const sizes = new Float64Array(numelOf(start));
  for (const [k, row] of grad.rows.entries()) {
    for (let j = 0; j < dim; j++) sizes[row * dim + j] += Math.abs(pool[grad.at + k * dim + j]);
  }
  return sizes;
}

/** A parameter and the way it gets its gradients. */
interface Learner {
  readonly param: Tensor;
  receive(grad: Gradient, step: number): void;
}

function dense(start: Window): Learner {
  const param = tensor(startOf(start), { shape: start.shape, requiresGrad: true });
  return {
    param,
    receive: (grad, step) => {
      param.grad = grad === null ? null : tensor(denseGradient(start, grad as number, step), { shape: start.shape });
    },
  };
}

/** An Embedding, looked up at the rows of a gradient and sent its values. */
function looked(start: Window, sparse: boolean, readFirst: boolean): Learner {
  const [rows, dim] = start.shape;
  const weight = tensor(startOf(start), { shape: start.shape });
  const table = new nn.Embedding(rows, dim, { weight, sparse });
  return {
    param: table.weight,
    receive: (grad) => {
      table.zeroGrad();
      if (grad === null) return;
      const { rows: index, at } = grad as { rows: number[]; at: number };
      const values = tensor(cut(at, index.length * dim), { shape: [index.length, dim] });
      table.forward(Int32Array.from(index)).backward(values);
      if (readFirst) expect(table.weight.grad!.shape).toEqual(start.shape);
    },
  };
}

type Maker = (start: Window) => Learner;

const FORMS: Record<string, Maker> = {
  "a dense gradient": dense,
  "a sparse gradient": (start) => looked(start, true, false),
  "a dense gradient of an Embedding, never read": (start) => looked(start, false, false),
  "a dense gradient of an Embedding, read before the step": (start) => looked(start, false, true),
};

/** The forms in which an optimizer takes the gradient of looked up rows. */
function formsOf(kind: Kind, form: Form, options: Options): string[] {
  const [whole, sparse, unread, read] = Object.keys(FORMS);
  if (form === "dense") return [whole];
  if (kind === "SparseAdam") return [sparse];
  // weightDecay needs a dense gradient, as Adagrad's.
  return kind === "RowwiseAdagrad" && !options.weightDecay ? [sparse, unread, read] : [unread, read];
}

type AnyOptimizer = optim.Adam | optim.AdamW | optim.SparseAdam | optim.RowwiseAdagrad;
type Groups = { params: Tensor[] }[];

const MAKE: Record<Kind, (groups: Groups, options?: Options) => AnyOptimizer> = {
  Adam: (groups, options) => new optim.Adam(groups, options),
  AdamW: (groups, options) => new optim.AdamW(groups, options),
  SparseAdam: (groups, options) => new optim.SparseAdam(groups, options),
  RowwiseAdagrad: (groups, options) => new optim.RowwiseAdagrad(groups, options),
};

/** The largest of several tensors' elements, place by place. */
const scaleOf =
  (...parts: ArrayLike<number>[]) =>
  (i: number) =>
    Math.max(...parts.map((part) => Math.abs(part[i])));

const minus = (a: Words, b: Words) => a.map((x, i) => x - b[i]) as Words;

const expectParam = (param: Tensor, expected: Encoded, before: Words, tolerance: number) => {
  const { data } = decode(expected);
  expectClose(valuesOf(param), data, tolerance, scaleOf(data, minus(data, before)));
};

const NAMES: Record<string, string> = {
  step: "step",
  exp_avg: "expAvg",
  exp_avg_sq: "expAvgSq",
  max_exp_avg_sq: "maxExpAvgSq",
  sum: "sum",
};

/** State against state: every name, every number. size: the largest |gradient + weightDecay p| so far, place by place. */
function expectState(
  optimizer: AnyOptimizer,
  param: Tensor,
  expected: State,
  size: ArrayLike<number>,
  tolerance: number,
) {
  const found = (optimizer.state as Map<Tensor, object>).get(param) as Record<string, Tensor | number> | undefined;
  expect(Object.keys(found ?? {}).sort()).toEqual(
    Object.keys(expected)
      .map((name) => NAMES[name])
      .sort(),
  );
  for (const [name, value] of Object.entries(expected)) {
    const ours = found![NAMES[name]];
    if (typeof value === "number") {
      expect(ours).toBe(value);
      continue;
    }
    const { shape, data } = decode(value);
    expect((ours as Tensor).shape).toEqual(shape);
    const group = optimizer.paramGroups.find(({ params }) => params.includes(param)) as { betas?: [number, number] };
    const beta2 = group.betas?.[1] ?? 0;
    const dim = param.numel / param.shape[0];
    const scale: Record<string, (i: number) => number> = {
      exp_avg: (i) => Math.max(Math.abs(data[i]), size[i]),
      exp_avg_sq: (i) => Math.max(data[i], (1 - beta2) * size[i] ** 2),
      max_exp_avg_sq: (i) => Math.max(data[i], (1 - beta2) * size[i] ** 2),
      // A row's mean of squares.
      sum: (i) =>
        Math.max(
          data[i],
          Array.from({ length: dim }, (_, j) => size[i * dim + j] ** 2 / dim).reduce((a, b) => a + b),
        ),
    };
    expectClose(valuesOf(ours as Tensor), data, tolerance, scale[name]);
  }
}

const titled = named<Steps>("steps").flatMap((c) =>
  formsOf(c.optimizer, c.form, c.groups[0].options).map((form) => {
    const text = c.groups.map(({ options }) => JSON.stringify(options)).join(" and ");
    const shapes = c.groups.flatMap(({ params }) => params.map(({ start }) => textOf(start))).join(", ");
    const without = c.groups.flatMap(({ params }) =>
      params.flatMap(({ grads }) => [...grads.keys()].filter((k) => grads[k] === null)),
    );
    const skips = without.length > 0 ? `, none in steps ${without}` : "";
    return [c.optimizer, text, shapes, form, skips, c] as const;
  }),
);

describe("an optimizer moves its parameters as PyTorch's does and keeps the same state", () => {
  it.each(titled)("%s(%s) of %s with %s%s", (kind, _options, _shapes, form, _skips, c) => {
    const members = c.groups.flatMap(({ params }) =>
      params.map((member) => ({ ...member, ...FORMS[form](member.start) })),
    );
    let next = 0;
    const groups = c.groups.map(({ options, params }) => ({
      params: params.map(() => members[next++].param),
      ...numbers(options),
    }));
    const optimizer = MAKE[kind](groups);
    const decays = c.groups.flatMap(({ options, params }) => params.map(() => coupledDecay(kind, options)));
    const sizes = members.map(({ start }) => new Float64Array(numelOf(start)));
    for (let step = 0; step < 10; step++) {
      for (const [k, { param, start, grads, receive }] of members.entries()) {
        receive(grads[step], step);
        const [p, g] = [valuesOf(param), sizeOfGradient(start, grads[step], step)];
        for (const i of g.keys()) sizes[k][i] = Math.max(sizes[k][i], g[i] + decayedOf(decays[k], p[i]));
      }
      optimizer.step();
      if (step !== 0 && step !== 9) continue;
      for (const [k, { param, start, after1, after10 }] of members.entries()) {
        const [expected, tolerance] = step === 0 ? [after1, ONE_STEP] : [after10, TEN_STEPS];
        expectParam(param, expected.param, startOf(start), tolerance);
        expectState(optimizer, param, expected.state, sizes[k], tolerance);
      }
    }
  });

  it("every kind, form and number of columns is among them", () => {
    const kinds = new Map<string, Set<number>>();
    for (const [kind, , , , , { form, groups }] of titled) {
      const key = `${kind}, ${form}`;
      for (const { start } of groups.flatMap(({ params }) => params)) {
        kinds.set(key, (kinds.get(key) ?? new Set()).add(start.shape.at(-1)!));
      }
    }
    for (const key of [
      "Adam, dense",
      "AdamW, dense",
      "SparseAdam, rows",
      "RowwiseAdagrad, dense",
      "RowwiseAdagrad, rows",
    ]) {
      expect([key, ...[1, 3, 4, 5, 16, 17, 64, 300].filter((dim) => !kinds.get(key)?.has(dim))]).toEqual([key]);
    }
  });
});

/** What weightDecay adds to the size of a gradient; nothing if it is 0, even to p = NaN. */
const decayedOf = (decay: number, p: number) => (decay === 0 ? 0 : decay * Math.abs(p));

/** The weightDecay that goes into the gradient. */
function coupledDecay(kind: Kind, { weightDecay = 0, decoupledWeightDecay = false }: Options): number {
  return kind === "AdamW" || kind === "SparseAdam" || decoupledWeightDecay ? 0 : (weightDecay as number);
}

/** PyTorch's own checkpoint; step as a number or, as PyTorch's Adam has it, a tensor. */
function stateDictOf({ state, param_groups }: StateDict): object {
  const decoded = Object.entries(state).map(([i, values]) => [
    i,
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, typeof value === "number" ? value : tensorOf(value)]),
    ),
  ]);
  return { state: Object.fromEntries(decoded), param_groups };
}

const resumed = named<Resumed>("resumed").flatMap((c) =>
  formsOf(c.optimizer, c.form, c.options).map((form) => [c.optimizer, JSON.stringify(c.options), form, c] as const),
);

describe("from PyTorch's own parameter and checkpoint, each of ten steps is one step away from PyTorch's", () => {
  it.each(resumed.flatMap((entry) => entry[3].steps.slice(1).map((_, k) => [k + 1, ...entry] as const)))(
    "step %i of %s(%s) with %s",
    (k, kind, _options, form, c) => {
      const { param, receive } = FORMS[form](c.start);
      // What is not in the checkpoint's groups must not matter: they replace the options.
      const optimizer = MAKE[kind]([{ params: [param] }], { lr: 0.5 });
      const before = decode(c.steps[k - 1].param).data;
      param.data.copy_(tensorOf(c.steps[k - 1].param));
      optimizer.loadStateDict(stateDictOf(c.steps[k - 1].state_dict) as never);
      expect(optimizer.paramGroups[0].lr).toBe(c.options.lr);
      receive(c.grads[k], k);
      optimizer.step();
      expectParam(param, c.steps[k].param, before, ONE_STEP);
    },
  );

  it.each(resumed)(
    "and after the last step the state dict has PyTorch's layout: %s(%s) with %s",
    (kind, _options, form, c) => {
      const { param, receive } = FORMS[form](c.start);
      const optimizer = MAKE[kind]([{ params: [param] }], numbers(c.options));
      for (const [k, grad] of c.grads.entries()) {
        receive(grad, k);
        optimizer.step();
      }
      const ours = optimizer.stateDict() as unknown as {
        state: Record<string, Record<string, unknown>>;
        param_groups: Options[];
      };
      const theirs = c.steps[9].state_dict;
      expect(Object.keys(ours)).toEqual(Object.keys(theirs));
      expect(Object.keys(ours.state)).toEqual(Object.keys(theirs.state));
      expect(Object.keys(ours.state[0]).sort()).toEqual(Object.keys(theirs.state[0]).sort());
      expect(ours.state[0].step).toBe(10);
      for (const [name, value] of Object.entries(theirs.state[0])) {
        if (name !== "step") expect((ours.state[0][name] as Tensor).shape).toEqual((value as Encoded).shape);
      }
      const [group] = ours.param_groups;
      // How a step is run is PyTorch's own affair, and lazy weight decay ours.
      const own = kind === "SparseAdam" ? ["weight_decay"] : [];
      expect(Object.keys(group).filter((name) => !own.includes(name) && !(name in theirs.param_groups[0]))).toEqual([]);
      for (const name of ["lr", "betas", "eps", "weight_decay", "amsgrad", "maximize", "params"]) {
        if (name in theirs.param_groups[0]) expect([name, group[name]]).toEqual([name, theirs.param_groups[0][name]]);
      }
    },
  );
});

describe("step(closure) makes the losses that PyTorch's makes", () => {
  const closures = named<Closure>("closure").map((c) => [c.optimizer, JSON.stringify(c.options), c] as const);

  it.each(closures)("%s(%s)", (kind, _options, c) => {
    const param = tensor(startOf(c.start), { shape: c.start.shape, requiresGrad: true });
    const target = tensor(startOf(c.target), { shape: c.target.shape });
    const every = longTensor(Array.from({ length: c.start.shape[0] }, (_, row) => row));
    const optimizer = MAKE[kind]([{ params: [param] }], numbers(c.options));
    const losses = c.losses.map(() =>
      optimizer.step(() => {
        optimizer.zeroGrad();
        const p = kind === "SparseAdam" ? F.embedding(every, param, { sparse: true }) : param;
        const off = p.sub(target);
        const loss = off.mul(off).sum();
        loss.backward();
        return loss.item();
      }),
    );
    expectClose(losses, c.losses, TEN_STEPS);
    expectParam(param, c.param, startOf(c.start), TEN_STEPS);
  });
});

// Mistakes

/** w, 3 x 2, a leaf; one with a sparse gradient, and one with a dense gradient of a lookup, never read. */
function scope() {
  const looked = (sparse: boolean) => {
    const table = new nn.Embedding(3, 2, { sparse });
    table.forward([0, 2]).sum().backward();
    return table.weight;
  };
  return { w: ones([3, 2], { requiresGrad: true }), sparse: looked(true), deferred: looked(false) };
}

type ErrorClass = typeof Error | typeof TypeError | typeof RangeError;
type Make = (params: unknown, options?: Options) => optim.Optimizer<never, never>;
type Do = (make: Make, given: ReturnType<typeof scope>) => unknown;
/** Our class, the first words of both messages, the mistake in our grammar. {0} is an optimizer. */
type Mistakes = Record<string, [ErrorClass, string, Do]>;

const emptyDict = { state: {}, param_groups: [] };
const dictOfTwo = { state: {}, param_groups: [{ params: [0, 1] }] };

const OF_ALL: Mistakes = {
  "optim.{0}([])": [RangeError, "optimizer got an empty parameter list", (make) => make([])],
  "optim.{0}(w)": [
    TypeError,
    "params argument given to the optimizer should be an iterable of Tensors or dicts, but got torch.FloatTensor",
    (make, { w }) => make(w),
  ],
  "optim.{0}([1])": [TypeError, "optimizer can only optimize Tensors, but one of the params is ", (make) => make([1])],
  "optim.{0}([w * 2])": [Error, "can't optimize a non-leaf Tensor", (make, { w }) => make([w.mul(2)])],
  'optim.{0}([{"params": [w]}, {"params": [w]}])': [
    RangeError,
    "some parameters appear in more than one parameter group",
    (make, { w }) => make([{ params: [w] }, { params: [w] }]),
  ],
  "optim.{0}([w, w])": [
    RangeError,
    "optimizer contains a parameter group with duplicate parameters",
    (make, { w }) => make([w, w]),
  ],
  "optim.{0}([w], lr=-0.1)": [RangeError, "Invalid learning rate: -0.1", (make, { w }) => make([w], { lr: -0.1 })],
  'optim.{0}([w]).add_param_group({"params": [w]})': [
    RangeError,
    "some parameters appear in more than one parameter group",
    (make, { w }) => make([w]).addParamGroup({ params: [w] } as never),
  ],
  'optim.{0}([w]).load_state_dict({"state": {}, "param_groups": []})': [
    RangeError,
    "loaded state dict has a different number of parameter groups",
    (make, { w }) => make([w]).loadStateDict(emptyDict),
  ],
  'optim.{0}([w]).load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]})': [
    RangeError,
    "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
    (make, { w }) => make([w]).loadStateDict(dictOfTwo as never),
  ],
};

/** An option outside its rule. */
const bad =
  (options: Options): Do =>
  (make, { w }) =>
    make([w], options);

const NOT_A_RATE: Mistakes = {
  'optim.{0}([w], lr=float("nan"))': [RangeError, "Invalid learning rate: ", bad({ lr: NaN })],
};

const OF_ADAMS: Mistakes = {
  ...NOT_A_RATE,
  "optim.{0}([w], eps=-1)": [RangeError, "Invalid epsilon value: -1", bad({ eps: -1 })],
  "optim.{0}([w], betas=(-0.1, 0.999))": [
    RangeError,
    "Invalid beta parameter at index 0: -0.1",
    bad({ betas: [-0.1, 0.999] }),
  ],
  "optim.{0}([w], betas=(1.0, 0.999))": [
    RangeError,
    "Invalid beta parameter at index 0: 1",
    bad({ betas: [1, 0.999] }),
  ],
  "optim.{0}([w], betas=(0.9, 1.0))": [RangeError, "Invalid beta parameter at index 1: 1", bad({ betas: [0.9, 1] })],
  "optim.{0}([w], betas=(0.9, -0.1))": [
    RangeError,
    "Invalid beta parameter at index 1: -0.1",
    bad({ betas: [0.9, -0.1] }),
  ],
  'optim.{0}([w], betas=(float("nan"), 0.999))': [
    RangeError,
    "Invalid beta parameter at index 0: ",
    bad({ betas: [NaN, 0.999] }),
  ],
};

const ADAM: Mistakes = {
  ...OF_ADAMS,
  "optim.{0}([w], weight_decay=-1)": [RangeError, "Invalid weight_decay value: -1", bad({ weightDecay: -1 })],
  "w.grad = sparse; optim.{0}([w]).step()": [
    Error,
    "Adam does not support sparse gradients, please consider SparseAdam instead",
    (make, { sparse }) => make([sparse]).step(),
  ],
};

const ADAGRAD: Mistakes = {
  ...NOT_A_RATE,
  "optim.{0}([w], lr_decay=-1)": [RangeError, "Invalid lr_decay value: -1", bad({ lrDecay: -1 })],
  "optim.{0}([w], weight_decay=-1)": [RangeError, "Invalid weight_decay value: -1", bad({ weightDecay: -1 })],
  "optim.{0}([w], initial_accumulator_value=-1)": [
    RangeError,
    "Invalid initial_accumulator_value value: -1",
    bad({ initialAccumulatorValue: -1 }),
  ],
  "optim.{0}([w], eps=-1)": [RangeError, "Invalid epsilon value: -1", bad({ eps: -1 })],
  "w.grad = sparse; optim.{0}([w], weight_decay=0.1).step()": [
    Error,
    "weight_decay option is not compatible with sparse gradients",
    (make, { sparse }) => make([sparse], { weightDecay: 0.1 }).step(),
  ],
};

const nesterov = "Nesterov momentum requires a momentum and zero dampening";

const MISTAKES: Record<string, Mistakes> = {
  SGD: {
    "optim.{0}([w], momentum=-1)": [RangeError, "Invalid momentum value: -1", bad({ momentum: -1 })],
    "optim.{0}([w], weight_decay=-1)": [RangeError, "Invalid weight_decay value: -1", bad({ weightDecay: -1 })],
    "optim.{0}([w], nesterov=True)": [RangeError, nesterov, bad({ nesterov: true })],
    "optim.{0}([w], momentum=0.9, dampening=0.5, nesterov=True)": [
      RangeError,
      nesterov,
      bad({ momentum: 0.9, dampening: 0.5, nesterov: true }),
    ],
    "w.grad = sparse; optim.{0}([w], weight_decay=0.1).step()": [
      Error,
      "add(sparse, dense) is not supported. Use add(dense, sparse) instead",
      (make, { sparse }) => make([sparse], { weightDecay: 0.1 }).step(),
    ],
  },
  Adagrad: ADAGRAD,
  // PyTorch has none: Adagrad's words.
  RowwiseAdagrad: ADAGRAD,
  Adam: ADAM,
  AdamW: ADAM,
  SparseAdam: {
    ...OF_ADAMS,
    "optim.{0}([w], lr=0)": [RangeError, "Invalid learning rate: 0", bad({ lr: 0 })],
    "optim.{0}([sparse])": [
      TypeError,
      "Sparse params at indices [[0, 0]]: SparseAdam requires dense parameter tensors",
      (make, { sparse }) => make([sparse.grad]),
    ],
    "optim.{0}([w], eps=0)": [RangeError, "Invalid epsilon value: 0", bad({ eps: 0 })],
    "w.grad = torch.ones(3, 2); optim.{0}([w]).step()": [
      Error,
      "SparseAdam does not support dense gradients, please consider Adam instead",
      (make, { w }) => {
        w.grad = ones([3, 2]);
        make([w]).step();
      },
    ],
    "F.embedding(idx, w).sum().backward(); optim.{0}([w]).step()": [
      Error,
      "SparseAdam does not support dense gradients, please consider Adam instead",
      (make, { deferred }) => make([deferred]).step(),
    ],
  },
};

/** Where PyTorch has one of Python's texts, or none. */
const OWN_WORDS: Mistakes = {
  'optim.{0}([w], lr="0.1")': [TypeError, "learning rate", bad({ lr: "0.1" })],
  "optim.{0}([w], weights_decay=1)": [
    TypeError,
    "got an unexpected keyword argument 'weights_decay'",
    bad({ weights_decay: 1 }),
  ],
  "optim.{0}([w]).add_param_group({})": [TypeError, "params", (make, { w }) => make([w]).addParamGroup({} as never)],
};

const NO_BETAS: Mistakes = {
  "optim.{0}([w], betas=0.9)": [TypeError, "betas", bad({ betas: 0.9 })],
  "optim.{0}([w], betas=(0.9,))": [TypeError, "betas", bad({ betas: [0.9] })],
};

/** Options that PyTorch's do not have; our AdamW has the one that its groups have, always true. */
const UNKNOWN: Mistakes = {
  "optim.SparseAdam([w], amsgrad=True)": [
    TypeError,
    "got an unexpected keyword argument 'amsgrad'",
    bad({ amsgrad: true }),
  ],
  "optim.AdamW([w], decoupled_weight_decay=False)": [
    Error,
    "decoupled_weight_decay",
    bad({ decoupledWeightDecay: false }),
  ],
};

/** What this interface cannot even say: a learning rate is a number, and so are betas. */
const NOT_EXPRESSIBLE = ["optim.{0}([w], lr=torch.ones(2))", "optim.Adam([w], betas=(torch.tensor(0.9), 0.999))"];

const KINDS: Record<string, new (params: never, options?: never) => unknown> = {
  SGD: optim.SGD,
  Adagrad: optim.Adagrad,
  RowwiseAdagrad: optim.RowwiseAdagrad,
  Adam: optim.Adam,
  AdamW: optim.AdamW,
  SparseAdam: optim.SparseAdam,
};

const makerOf =
  (kind: string): Make =>
  (params, options) =>
    new KINDS[kind](params as never, options as never) as ReturnType<Make>;

/** Runs a mistake and demands that parameters and memory are as before. */
function expectRefused(kind: string, mistake: Do, check: (run: () => unknown) => void): void {
  const given = scope();
  const before = Object.values(given).map((param) => valuesOf(param));
  check(() => mistake(makerOf(kind), given));
  for (const [i, param] of Object.values(given).entries()) expectBits(valuesOf(param), before[i]);
}

describe("a mistake is answered in PyTorch's words", () => {
  const mistakes = cases.filter((c): c is Mistaken => "message" in c);
  const templated = mistakes.map((c) => {
    const [, kind] = /optim\.(\w+)/.exec(c.what)!;
    return { kind, template: c.what.replace(/optim\.\w+/, "optim.{0}"), ...c };
  });
  const rowwise = templated.filter(({ kind }) => kind === "Adagrad").map((c) => ({ ...c, kind: "RowwiseAdagrad" }));
  const all = [...templated, ...rowwise].map((c) => [c.kind, c.template, c] as const);
  const ownWords = (kind: string): Mistakes => ({ ...OWN_WORDS, ...(/Adam/.test(kind) ? NO_BETAS : {}) });

  it("every golden mistake is here", () => {
    const unknown = all.filter(
      ([kind, template, { what }]) =>
        ![OF_ALL, MISTAKES[kind], ownWords(kind)].some((known) => template in known) &&
        ![...NOT_EXPRESSIBLE, ...Object.keys(UNKNOWN)].some((known) => known === what || known === template),
    );
    expect(unknown).toEqual([]);
  });

  const inTheirWords = all.filter(([kind, template]) => template in OF_ALL || template in MISTAKES[kind]);
  it.each(inTheirWords)("%s: %s", (kind, template, { message }) => {
    const [type, words, mistake] = { ...OF_ALL, ...MISTAKES[kind] }[template];
    expect(message.startsWith(words)).toBe(true);
    expectRefused(kind, mistake, (run) => expectError(run, type, words));
    expectRefused(kind, mistake, (run) => {
      // What stands before PyTorch's words is the name of the operation at most.
      expect(run).toThrow(new RegExp(`^(\\w+: )?${words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`));
    });
  });

  const inOurs = all.filter(([kind, template]) => template in ownWords(kind));
  it.each(inOurs)("%s: %s, in our words", (kind, template) => {
    const [type, words, mistake] = ownWords(kind)[template];
    expectRefused(kind, mistake, (run) => expectError(run, type, words));
  });

  it.each(Object.entries(UNKNOWN))("%s", (what, [type, words, mistake]) => {
    const [, kind] = /optim\.(\w+)/.exec(what)!;
    expectRefused(kind, mistake, (run) => expectError(run, type, words));
  });

  it.each(Object.keys(KINDS))("%s refuses a sparse tensor as a parameter, and a bad option in a group", (kind) => {
    const asParam: Do = (make, { sparse }) => make([sparse.grad]);
    expectRefused(kind, asParam, (run) => expectError(run, TypeError, "requires dense parameter tensors"));
    const inGroup: Do = (make, { w }) => make([{ params: [w], lr: -0.1 }]);
    expectRefused(kind, inGroup, (run) => expectError(run, RangeError, "Invalid learning rate: -0.1"));
  });

  it.each(["Adam", "AdamW", "SparseAdam"])("%s takes betas at the ends of their range", (kind) => {
    const { w } = scope();
    expect(makerOf(kind)([w], { betas: [0, 0] }).paramGroups).toMatchObject([{ betas: [0, 0] }]);
  });

  it("RowwiseAdagrad needs rows: a parameter of one or three dimensions is refused", () => {
    for (const shape of [[3], [2, 3, 4], []]) {
      const param = ones(shape, { requiresGrad: true });
      expectError(() => new optim.RowwiseAdagrad([param]), RangeError, "2");
    }
  });

  it.each([
    ["Adam", "sparse"],
    ["AdamW", "sparse"],
    ["SparseAdam", "deferred"],
  ] as const)("%s moves no parameter when one of them has a %s gradient", (kind, form) => {
    const given = scope();
    const [good, other] = form === "sparse" ? [given.deferred, given.sparse] : [given.sparse, given.deferred];
    const optimizer = makerOf(kind)([good, other]);
    const before = [good, other].map((param) => valuesOf(param));
    expectError(() => optimizer.step(), Error, "please consider");
    for (const [i, param] of [good, other].entries()) expectBits(valuesOf(param), before[i]);
    expect(optimizer.state.size).toBe(0);
  });
});
