import {
  Generator,
  getRngState,
  longTensor,
  manualSeed,
  nn,
  ones,
  rand,
  randint,
  randn,
  randperm,
  setRngState,
  type Tensor,
  zeros,
} from "nn-embedding";
import { describe, expect, it } from "vitest";
import {
  expectClose,
  expectDigest,
  expectError,
  expectGolden,
  gradOf,
  largest,
  numbers,
  tensorOf,
  valuesOf,
} from "../tensor/compare.js";
import { type Digest, decode, type Encoded, golden } from "./load.js";

interface Init extends Digest {
  op: string;
  shape: number[];
  options: Record<string, number | string>;
  seed: number;
  next: number;
}

interface Gain {
  args: [never, number?];
  gain: number;
}

interface LinearCase {
  args: [number, number];
  bias: boolean;
  seed: number;
  weight: Digest;
  bias_values: Digest | null;
  next: number;
}

interface Tree {
  name: string;
  modules: string[];
  children: string[];
  parameters: string[];
  state: string[] | null;
  applied: string[];
  text: string | null;
}

interface Model {
  name: string;
  seed: number;
  index: Encoded;
  parameters: Record<string, Encoded>;
  out: Encoded;
  grad_out: Encoded;
  grads: Record<string, Encoded>;
}

interface State {
  moment: string;
  seed: number;
  calls: { op: string; args: { size: number[]; n: number } }[];
  state: string;
  after: Digest[];
}

interface Clip {
  options: { maxNorm: number; normType?: number; clipValue: number };
  grads: (Encoded | null)[];
  total: number;
  clipped: (Encoded | null)[];
}

interface Unpad {
  padded: Encoded;
  lengths: number[];
  batch_first: boolean;
  outs: Encoded[];
  grad_outs: Encoded[];
  grad: Encoded | null;
  grad_fn: string | null;
}

interface Mistaken {
  code: string;
  message: string;
}

const { cases } = golden<{ what: string }>("modules");
const all = <C>(what: string) => cases.filter((c) => c.what === what) as unknown as C[];

describe("nn.init", () => {
  const { init } = nn;
  const inits: Record<string, (x: Tensor, options: never) => Tensor> = {
    xavier_uniform_: init.xavierUniform_,
    xavier_normal_: init.xavierNormal_,
    kaiming_uniform_: init.kaimingUniform_,
    kaiming_normal_: init.kaimingNormal_,
    uniform_: init.uniform_,
    normal_: init.normal_,
    constant_: (x, { val }: { val: number }) => init.constant_(x, val),
    ones_: init.ones_,
    zeros_: init.zeros_,
  };
  const modes: Record<string, string> = { fan_in: "fanIn", fan_out: "fanOut" };

  it.each(all<Init>("init").map((c) => [c.op, c.shape.join("x"), JSON.stringify(c.options), c.seed, c] as const))(
    "%s of %s, %s, seed %i",
    (op, _shape, _options, seed, c) => {
      const options = { ...c.options };
      if (options.mode !== undefined) options.mode = modes[options.mode];
      const x = new nn.Parameter(zeros(c.shape).fill_(7));
      manualSeed(seed);
      expect(inits[op](x, options as never)).toBe(x);
      expectDigest(x, c);
      expect(rand([1]).item()).toBe(c.next);
    },
  );

  it.each(all<Init>("init").filter((c) => c.seed === 7 && c.op.includes("_u")))(
    "$op with a generator of one's own, $options",
    ({ op, options, ...c }) => {
      const generator = new Generator().manualSeed(c.seed);
      const { mode, ...rest } = options;
      const x = inits[op](zeros(c.shape).fill_(7), {
        ...rest,
        ...(mode && { mode: modes[mode] }),
        generator,
      } as never);
      expectDigest(x, c);
      expect(rand([1], { generator }).item()).toBe(c.next);
    },
  );

  it.each(all<Gain>("gain"))("calculateGain of $args", ({ args, gain }) => {
    expect(init.calculateGain(...args)).toBe(gain);
  });
});

describe("a Linear starts with PyTorch's numbers", () => {
  it.each(all<LinearCase>("linear"))("$args, bias: $bias, seed $seed", ({ args, bias, seed, ...c }) => {
    const generator = new Generator().manualSeed(seed);
    manualSeed(seed);
    const layers = [new nn.Linear(...args, { bias, generator })];
    layers.push(new nn.Linear(...args, { bias }));
    expect([rand([1], { generator }).item(), rand([1]).item()]).toEqual([c.next, c.next]);
    const again = new nn.Linear(...args, { bias });
    again.resetParameters({ generator: generator.manualSeed(seed) });
    for (const layer of [...layers, again]) {
      expectDigest(layer.weight, c.weight);
      if (c.bias_values === null) expect(layer.bias).toBeNull();
      else expectDigest(layer.bias!, c.bias_values);
    }
  });
});

class Inner extends nn.Module {
  readonly table = new nn.Embedding(2, 3);
  readonly scale = new nn.Parameter(ones([3]));
  protected override extraRepr(): string {
    return "a note";
  }
}

class Outer extends nn.Module {
  readonly words = new nn.Embedding(4, 3, { paddingIdx: 0 });
  readonly inner = new Inner();
  readonly tied = this.words.weight;
  readonly again = this.inner;
  readonly layers = new nn.ModuleList([this.inner, new nn.ReLU(), new nn.Linear(3, 2, { bias: false })]);
  readonly nothing = null;
  readonly label = "not a parameter";
  readonly last = new nn.Parameter(ones([2]));
  protected override extraRepr(): string {
    return "first line\nsecond line";
  }
}

class Tied extends nn.Module {
  readonly encoder = new nn.Embedding(6, 4);
  readonly decoder = new nn.Linear(4, 6);

  constructor() {
    super();
    this.decoder.weight = this.encoder.weight;
  }

  forward(index: Tensor): Tensor {
    return this.decoder.forward(this.encoder.forward(index));
  }
}

class Told extends nn.Module {
  protected override extraRepr(): string {
    return "first line\nsecond line";
  }
}

class Cycle extends nn.Module {
  readonly layer = new nn.Linear(2, 2);
  readonly self = this;
  readonly after = new nn.Parameter(ones([1]));
}

class Net extends nn.Sequential {}

const stack = (...sizes: number[]) =>
  new nn.Sequential(...sizes.slice(1).map((size, i) => new nn.Linear(sizes[i], size)));
const times = <T>(n: number, make: () => T) => Array.from({ length: n }, make);
const relu = () => new nn.ReLU();
const square = () => new nn.Linear(4, 4);

const TREES: Record<string, () => nn.Module> = {
  Outer: () => new Outer(),
  Tied: () => new Tied(),
  Told: () => new Told(),
  Cycle: () => new Cycle(),
  Linear: () => new nn.Linear(3, 2),
  "Linear without bias": () => new nn.Linear(3, 2, { bias: false }),
  ReLU: relu,
  Sequential: () => new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2)),
  "empty Sequential": () => new nn.Sequential(),
  "Sequential in Sequential": () => new nn.Sequential(stack(2, 3, 4), stack(4, 5)),
  "Sequential of one module twice": () => {
    const layer = new nn.Linear(2, 2);
    return new nn.Sequential(layer, new nn.ReLU(), layer);
  },
  "a subclass of Sequential": () => new Net(new nn.ReLU()),
  "empty ModuleList": () => new nn.ModuleList(),
  "ModuleList of equals": () => new nn.ModuleList(times(3, square)),
  "ModuleList of runs": () => new nn.ModuleList<nn.Module>([relu(), square(), square(), relu(), relu()]),
  "ModuleList of Sequentials": () => new nn.ModuleList([...times(3, () => stack(2, 2, 2)), stack(2, 2)]),
  "ModuleList of ModuleLists": () => new nn.ModuleList(times(2, () => new nn.ModuleList(times(11, relu)))),
  "ModuleList of one module twice": () => {
    const layer = new nn.ReLU();
    return new nn.ModuleList([layer, layer]);
  },
  "ModuleList of tables": () => new nn.ModuleList([new nn.Embedding(3, 2), new nn.Embedding(3, 2, { paddingIdx: 0 })]),
};

describe("a tree of modules has PyTorch's names", () => {
  it("every golden tree is here", () => {
    expect(Object.keys(TREES)).toEqual(all<Tree>("tree").map((c) => c.name));
  });

  const names = (named: Iterable<[string, unknown]>) => [...named].map(([name]) => name);

  it.each(all<Tree>("tree"))("$name", (c) => {
    const model = TREES[c.name]();
    expect(names(model.namedModules())).toEqual(c.modules);
    expect(names(model.namedChildren())).toEqual(c.children);
    expect(names(model.namedParameters())).toEqual(c.parameters);
    if (c.state === null) return;
    expect(Object.keys(model.stateDict())).toEqual(c.state);
    expect(String(model)).toBe(c.text);
    const applied: string[] = [];
    expect(model.apply((module) => void applied.push(String(module).split("(")[0]))).toBe(model);
    expect(applied).toEqual(c.applied);
  });
});

describe("a model gives PyTorch's values and gradients from a seed", () => {
  it.each(all<Model>("model"))("$name, seed $seed", (c) => {
    manualSeed(c.seed);
    const model =
      c.name === "Tied"
        ? new Tied()
        : new nn.Sequential(new nn.Embedding(9, 5), new nn.Linear(5, 7), new nn.ReLU(), stack(7, 3, 2));
    for (const [name, parameter] of model.namedParameters()) expectGolden(parameter, c.parameters[name]);
    const out = model.forward(longTensor(decode(c.index).data as Int32Array, { shape: c.index.shape }));
    expectNear(out, c.out);
    out.backward(tensorOf(c.grad_out));
    const grads = Object.fromEntries([...model.namedParameters()].map(([name, p]) => [name, p.grad!.toDense()]));
    expect(Object.keys(grads)).toEqual(Object.keys(c.grads));
    for (const [name, grad] of Object.entries(c.grads)) expectNear(grads[name], grad);
  });
});

/** Within 1e-6 of the largest element. */
function expectNear(actual: Tensor, expected: Encoded): void {
  const { shape, data } = decode(expected);
  expect(actual.shape).toEqual(shape);
  expectClose(valuesOf(actual), data, 1e-6, () => largest(data));
}

const bytesOf = (text: string) => Uint8Array.from(Buffer.from(text, "base64"));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

describe("the state of a generator", () => {
  const draws: Record<string, (args: { size: number[]; n: number }, generator: Generator) => Tensor> = {
    rand: ({ size }, generator) => rand(size, { generator }),
    randn: ({ size }, generator) => randn(size, { generator }),
    randperm: ({ n }, generator) => randperm(n, { generator }),
  };
  const follow = (generator?: Generator) => [
    randn([5], { generator }),
    rand([700], { generator }),
    randn([20], { generator }),
    randint(0, 1000, [5], { generator }),
  ];
  const states = all<State>("state");

  it.each(states)("has PyTorch's bytes: $moment, seed $seed", ({ seed, calls, state }) => {
    const generator = new Generator().manualSeed(seed);
    for (const { op, args } of calls) draws[op](args, generator);
    expect(textOf(generator.getState())).toBe(state);
  });

  it.each(states)("set from PyTorch's bytes goes on with its numbers: $moment, seed $seed", (c) => {
    const generator = new Generator();
    expect(generator.setState(bytesOf(c.state))).toBe(generator);
    expect(generator.initialSeed()).toBe(BigInt.asUintN(64, BigInt(c.seed)));
    expect(textOf(generator.getState())).toBe(c.state);
    for (const [i, drawn] of follow(generator).entries()) expectDigest(drawn, c.after[i]);
    // The same once more, with a state of its own behind it, and by the default generator.
    generator.setState(bytesOf(c.state));
    for (const [i, drawn] of follow(generator).entries()) expectDigest(drawn, c.after[i]);
    setRngState(bytesOf(c.state));
    expect(textOf(getRngState())).toBe(c.state);
    for (const [i, drawn] of follow().entries()) expectDigest(drawn, c.after[i]);
    expect(textOf(getRngState())).toBe(textOf(generator.getState()));
  });

  it("of a generator nobody has seeded is PyTorch's too", () => {
    expect(textOf(new Generator().getState())).toBe(all<{ state: string }>("default")[0].state);
  });
});

describe("clipping gives PyTorch's gradients", () => {
  const withGrads = (grads: (Encoded | null)[]) =>
    grads.map((grad) => {
      const param = zeros(grad === null ? [2] : grad.shape, { requiresGrad: true });
      if (grad !== null) param.grad = tensorOf(grad);
      return param;
    });
  const titled = (what: string) =>
    all<Clip>(what).map((c) => [JSON.stringify(c.options), c.grads.length, numbers(c.options), c] as const);

  it.each(titled("clip_norm"))("clipGradNorm_, %s, of %i", (_, _n, { maxNorm, normType }, c) => {
    const params = withGrads(c.grads);
    const total = nn.utils.clipGradNorm_(params, maxNorm, { normType });
    expectClose([total], [Number(c.total)], 1e-6);
    for (const [i, param] of params.entries()) {
      const expected = c.clipped[i];
      if (expected === null) expect(param.grad).toBeNull();
      else expectClose(gradOf(param), decode(expected).data, 1e-6);
    }
  });

  it.each(titled("clip_value"))("clipGradValue_, %s, of %i", (_, _n, { clipValue }, c) => {
    const params = withGrads(c.grads);
    expect(nn.utils.clipGradValue_(params, clipValue)).toBeUndefined();
    for (const [i, param] of params.entries()) {
      const expected = c.clipped[i];
      if (expected === null) expect(param.grad).toBeNull();
      else expectGolden(param.grad as Tensor, expected);
    }
  });
});

describe("unpadSequence gives PyTorch's sequences and gradients", () => {
  it.each(all<Unpad>("unpad").map((c) => [c.padded.shape, c.padded.dtype, c.lengths, c] as const))(
    "of %j, %s, lengths %j",
    (_shape, _dtype, lengths, c) => {
      const padded = tensorOf(c.padded, c.grad !== null);
      const outs = nn.utils.rnn.unpadSequence(padded, lengths, { batchFirst: c.batch_first });
      expect(outs.length).toBe(c.outs.length);
      for (const [i, out] of outs.entries()) expectGolden(out, c.outs[i]);
      expectGolden(padded, c.padded);
      if (c.grad === null) return;
      expect(outs[0].gradFn?.name).toBe(c.grad_fn);
      for (const [i, out] of outs.entries()) out.backward(tensorOf(c.grad_outs[i]));
      expectGolden(padded.grad as Tensor, c.grad);
    },
  );
});

/** Arguments that the types forbid. */
const wrong = (value: unknown) => value as never;

type ErrorClass = typeof Error | typeof TypeError | typeof RangeError;

const { init } = nn;
const w = () => ones([3, 2], { requiresGrad: true });
const NON_FINITE = "is non-finite, so it cannot be clipped. To disable this error and scale the gradients by";

function clipped(value: number, normType?: number): number {
  const param = w();
  param.grad = zeros([3, 2]).fill_(value);
  return nn.utils.clipGradNorm_(param, 1, { normType, errorIfNonfinite: true });
}

/** PyTorch's mistake: our class, the words both messages share, the mistake in our grammar. */
const MISTAKES: Record<string, [ErrorClass, string, () => unknown]> = {
  "nn.Linear(-1, 2)": [RangeError, "negative dimension -1: [2, -1]", () => new nn.Linear(-1, 2)],
  "nn.Linear(2, -1)": [RangeError, "negative dimension -1: [-1, 2]", () => new nn.Linear(2, -1)],
  "nn.Linear(2, 2)(torch.ones(3))": [
    RangeError,
    "mat1 and mat2 shapes cannot be multiplied (",
    () => new nn.Linear(2, 2).forward(ones([3])),
  ],
  "nn.Linear(2, 2).train(1)": [
    TypeError,
    "training mode is expected to be boolean",
    () => new nn.Linear(2, 2).train(wrong(1)),
  ],
  "nn.ModuleList(3)": [
    TypeError,
    "ModuleList.extend should be called with an iterable, but got ",
    () => new nn.ModuleList(wrong(3)),
  ],
  "nn.ModuleList([3])": [TypeError, " is not a Module subclass", () => new nn.ModuleList(wrong([3]))],
  "nn.ModuleList([torch.ones(2)])": [
    TypeError,
    " is not a Module subclass",
    () => new nn.ModuleList(wrong([ones([2])])),
  ],
  "nn.Sequential(3)": [TypeError, " is not a Module subclass", () => new nn.Sequential(wrong(3))],
  "nn.Sequential(nn.ReLU)": [TypeError, " is not a Module subclass", () => new nn.Sequential(wrong(nn.ReLU))],
  "nn.Sequential(nn.ModuleList())(w)": [
    Error,
    'Module [ModuleList] is missing the required "forward" function',
    () => new nn.Sequential(wrong(new nn.ModuleList())).forward(w()),
  ],
  "nn.ModuleList()[0]": [RangeError, "index 0 is out of range", () => new nn.ModuleList().at(0)],
  "nn.Sequential(nn.ReLU())[1]": [RangeError, "index 1 is out of range", () => new nn.Sequential(relu()).at(1)],
  "nn.Sequential().insert(4, nn.ReLU())": [
    RangeError,
    "Index out of range: 4",
    () => new nn.Sequential<nn.Layer[]>().insert(4, relu()),
  ],
  "nn.init.xavier_uniform_(torch.ones(3))": [
    RangeError,
    "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions",
    () => init.xavierUniform_(ones([3])),
  ],
  "nn.init.xavier_normal_(torch.ones(()))": [
    RangeError,
    "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions",
    () => init.xavierNormal_(ones([])),
  ],
  "nn.init.kaiming_uniform_(torch.ones(3))": [
    RangeError,
    "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions",
    () => init.kaimingUniform_(ones([3])),
  ],
  "nn.init.kaiming_normal_(torch.ones(3))": [
    RangeError,
    "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions",
    () => init.kaimingNormal_(ones([3])),
  ],
  'nn.init.kaiming_uniform_(w, mode="fan")': [
    TypeError,
    "Mode fan not supported, please use one of ",
    () => init.kaimingUniform_(w(), { mode: wrong("fan") }),
  ],
  'nn.init.kaiming_normal_(w, nonlinearity="gelu")': [
    TypeError,
    "Unsupported nonlinearity gelu",
    () => init.kaimingNormal_(w(), { nonlinearity: wrong("gelu") }),
  ],
  'nn.init.calculate_gain("gelu")': [
    TypeError,
    "Unsupported nonlinearity gelu",
    () => init.calculateGain(wrong("gelu")),
  ],
  'nn.init.calculate_gain("leaky_relu", "x")': [
    TypeError,
    " not a valid number",
    () => init.calculateGain("leaky_relu", wrong("x")),
  ],
  "nn.init.xavier_uniform_(w, gain=-1)": [
    RangeError,
    "uniform_ expects to return a [from, to) range, but found from=1.09",
    () => init.xavierUniform_(w(), { gain: -1 }),
  ],
  "nn.init.xavier_normal_(w, gain=-1)": [
    RangeError,
    "normal expects std >= 0.0, but found std -0.63245",
    () => init.xavierNormal_(w(), { gain: -1 }),
  ],
  "nn.init.normal_(w, std=-1)": [
    RangeError,
    "normal expects std >= 0.0, but found std -1",
    () => init.normal_(w(), { std: -1 }),
  ],
  "nn.init.uniform_(w, 1, 0)": [
    RangeError,
    "uniform_ expects to return a [from, to) range, but found from=1 > to=0",
    () => init.uniform_(w(), { a: 1, b: 0 }),
  ],
  'w.grad = torch.full((3, 2), float("nan")); nn.utils.clip_grad_norm_(w, 1, error_if_nonfinite=True)': [
    Error,
    `The total norm of order 2.0 for gradients from \`parameters\` ${NON_FINITE}`,
    () => clipped(NaN),
  ],
  'w.grad = torch.full((3, 2), float("inf")); nn.utils.clip_grad_norm_(w, 1, float("inf"), error_if_nonfinite=True)': [
    Error,
    `The total norm of order inf for gradients from \`parameters\` ${NON_FINITE}`,
    () => clipped(Infinity, Infinity),
  ],
  'w.grad = torch.full((3, 2), float("inf")); nn.utils.clip_grad_norm_([w], 1, 0.5, error_if_nonfinite=True)': [
    Error,
    `The total norm of order 0.5 for gradients from \`parameters\` ${NON_FINITE}`,
    () => clipped(Infinity, 0.5),
  ],
  "torch.Generator().set_state(torch.zeros(10, dtype=torch.uint8))": [
    RangeError,
    "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be 10",
    () => new Generator().setState(new Uint8Array(10)),
  ],
  "torch.Generator().set_state(torch.zeros(5056, dtype=torch.uint8))": [
    RangeError,
    "Invalid mt19937 state",
    () => new Generator().setState(new Uint8Array(5056)),
  ],
  "torch.Generator().set_state([1, 2])": [TypeError, "torch.ByteTensor", () => new Generator().setState(wrong([1, 2]))],
  "torch.set_rng_state(torch.zeros(5056))": [
    TypeError,
    "RNG state must be a torch.ByteTensor",
    () => setRngState(wrong(new Float32Array(5056))),
  ],
  "nn.Sequential(nn.Linear(2, 2)).load_state_dict({})": [
    Error,
    'Error(s) in loading state_dict for Sequential:\n\tMissing key(s) in state_dict: "0.weight", "0.bias". ',
    () => new nn.Sequential(new nn.Linear(2, 2)).loadStateDict({}),
  ],
};

describe("a mistake is reported in PyTorch's words", () => {
  const mistaken = all<Mistaken>("error");

  it("every mistake of PyTorch's list is here", () => {
    expect(Object.keys(MISTAKES)).toEqual(mistaken.map((c) => c.code));
  });

  it.each(mistaken)("$code", ({ code, message }) => {
    const [type, words, mistake] = MISTAKES[code];
    expect(message).toContain(words);
    expectError(mistake, type, words);
  });
});
