// test/test_optim.py of PyTorch with the configurations of testing/_internal/common_optimizers.py, in our words.
// https://github.com/pytorch/pytorch/blob/main/test/test_optim.py

import { longTensor, nn, ones, optim, randint, randn, type Tensor, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectError, valuesOf } from "../tensor/compare.js";
import { drawFrom } from "./slopes.js";

drawFrom(20260);

const { sqrt } = Math;

/** p after one step with gradient g. Keeps the state of one element; t counts the steps of the whole parameter from 1. */
type Element = (p: number, g: number, t: number) => number;

interface Options {
  lr: number;
  momentum: number;
  dampening: number;
  weightDecay: number;
  nesterov: boolean;
  maximize: boolean;
  lrDecay: number;
  initialAccumulatorValue: number;
  eps: number;
  betas: readonly [number, number];
  amsgrad: boolean;
}

// The definitions, element by element in float64.

function sgd(o: Partial<Options>): Element {
  const { lr = 1e-3, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false, maximize = false } = o;
  let buffer: number | null = null;
  return (p, g) => {
    let d = (maximize ? -g : g) + weightDecay * p;
    if (momentum !== 0) {
      buffer = buffer === null ? d : momentum * buffer + (1 - dampening) * d;
      d = nesterov ? d + momentum * buffer : buffer;
    }
    return p - lr * d;
  };
}

function adagrad(o: Partial<Options>): Element {
  const { lr = 1e-2, lrDecay = 0, weightDecay = 0, initialAccumulatorValue = 0, eps = 1e-10, maximize = false } = o;
  let sum = initialAccumulatorValue;
  return (p, g, t) => {
    const d = (maximize ? -g : g) + weightDecay * p;
    sum += d * d;
    return p - ((lr / (1 + (t - 1) * lrDecay)) * d) / (sqrt(sum) + eps);
  };
}

function adam(o: Partial<Options>, decoupled = false): Element {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, weightDecay = decoupled ? 0.01 : 0 } = o;
  let [mean, square, most] = [0, 0, 0];
  return (p, g, t) => {
    const from = decoupled ? p * (1 - lr * weightDecay) : p;
    const d = (o.maximize ? -g : g) + (decoupled ? 0 : weightDecay * p);
    mean = betas[0] * mean + (1 - betas[0]) * d;
    square = betas[1] * square + (1 - betas[1]) * d * d;
    most = Math.max(most, square);
    const root = sqrt(o.amsgrad ? most : square) / sqrt(1 - betas[1] ** t);
    return from - ((lr / (1 - betas[0] ** t)) * mean) / (root + eps);
  };
}

/** The corrections stand outside: eps is added to a root that is not corrected yet. */
function sparseAdam(o: Partial<Options>): Element {
  const { lr = 1e-3, betas = [0.9, 0.999], eps = 1e-8, maximize = false } = o;
  let [mean, square] = [0, 0];
  return (p, g, t) => {
    const d = maximize ? -g : g;
    mean = betas[0] * mean + (1 - betas[0]) * d;
    square = betas[1] * square + (1 - betas[1]) * d * d;
    return p - (((lr * sqrt(1 - betas[1] ** t)) / (1 - betas[0] ** t)) * mean) / (sqrt(square) + eps);
  };
}

interface Kind {
  make: (params: Tensor[], options: Partial<Options>) => { step(): void; zeroGrad(): void };
  element: (options: Partial<Options>) => Element;
  /** Which gradients it takes: an optimizer with weightDecay takes no sparse ones. */
  forms: (options: Partial<Options>) => Form[];
  configurations: [name: string, options: Partial<Options>][];
}

const FORMS = ["dense", "of bags", "of bags, read", "sparse"] as const;
type Form = (typeof FORMS)[number];

const withoutDecay = ({ weightDecay = 0 }: Partial<Options>) =>
  FORMS.filter((form) => form !== "sparse" || weightDecay === 0);
const onlyDense = () => FORMS.filter((form) => form !== "sparse");
const onlySparse = (): Form[] => ["sparse"];

const ADAM: Kind["configurations"] = [
  ["default", {}],
  ["non-default lr", { lr: 0.01 }],
  ["nonzero weight_decay", { weightDecay: 0.1 }],
  ["maximize", { weightDecay: 0.1, maximize: true }],
  ["amsgrad", { weightDecay: 0.1, amsgrad: true }],
  ["amsgrad, eps as for float16", { weightDecay: 0.1, amsgrad: true, eps: 0.1 }],
];

const KINDS: Record<string, Kind> = {
  SGD: {
    make: (params, options) => new optim.SGD(params, options),
    element: sgd,
    forms: withoutDecay,
    configurations: [
      ["default", {}],
      ["non-default lr", { lr: 1e-2 }],
      ["non-zero weight_decay", { weightDecay: 0.5 }],
      ["momentum", { momentum: 0.9 }],
      ["maximize", { weightDecay: 0.1, maximize: true }],
      ["dampening", { momentum: 0.9, dampening: 0.5 }],
      ["weight_decay w/ momentum", { momentum: 0.9, weightDecay: 0.1 }],
      ["nesterov", { momentum: 0.9, nesterov: true, weightDecay: 0.1 }],
    ],
  },
  Adagrad: {
    make: (params, options) => new optim.Adagrad(params, options),
    element: adagrad,
    forms: withoutDecay,
    configurations: [
      ["default", {}],
      ["nonzero weight_decay", { weightDecay: 0.1 }],
      ["maximize", { weightDecay: 0.1, maximize: true }],
      ["non-default lr", { lr: 0.1 }],
      ["initial_accumulator_value", { initialAccumulatorValue: 0.1, weightDecay: 0.1 }],
      ["lr_decay", { lr: 0.1, lrDecay: 0.5, weightDecay: 0.1 }],
    ],
  },
  Adam: {
    make: (params, options) => new optim.Adam(params, options),
    element: adam,
    forms: onlyDense,
    configurations: ADAM,
  },
  AdamW: {
    make: (params, options) => new optim.AdamW(params, options),
    element: (options) => adam(options, true),
    forms: onlyDense,
    configurations: ADAM,
  },
  SparseAdam: {
    make: (params, options) => new optim.SparseAdam(params, options),
    element: sparseAdam,
    forms: onlySparse,
    configurations: [
      ["default", {}],
      ["non-default lr", { lr: 0.01 }],
      ["maximize", { maximize: true }],
      ["eps as for float16", { eps: 0.1 }],
    ],
  },
};

const all = Object.entries(KINDS).flatMap(([kind, { configurations }]) =>
  configurations.map(([name, options]) => [kind, name, options] as const),
);
const inEveryForm = all.flatMap(([kind, name, options]) =>
  KINDS[kind].forms(options).map((form) => [kind, name, form, options] as const),
);

const [ROWS, DIM] = [6, 4];

/** A table and a way to send it a gradient: rows looked up in bags of one, with a gradient each. */
function learner(form: Form): { param: Tensor; send(index: number[], gradient: Tensor): void } {
  if (form === "dense") {
    const param = randn([ROWS, DIM], { requiresGrad: true });
    return {
      param,
      send: (index, gradient) => {
        const whole = new Float32Array(ROWS * DIM);
        for (const [i, row] of index.entries())
          for (let d = 0; d < DIM; d++) whole[row * DIM + d] += gradient.at(i, d).item();
        param.grad = tensor(whole, { shape: [ROWS, DIM] });
      },
    };
  }
  const bag = new nn.EmbeddingBag(ROWS, DIM, { mode: "sum", sparse: form === "sparse" });
  return {
    param: bag.weight,
    send: (index, gradient) => {
      bag.zeroGrad();
      bag.forward(longTensor(index, { shape: [index.length, 1] })).backward(gradient);
      if (form === "of bags, read") expect(bag.weight.grad!.shape).toEqual([ROWS, DIM]);
    },
  };
}

describe("each configuration of common_optimizers.py", () => {
  it.each(inEveryForm)(
    "optim_inputs_func, %s, %s, gradient %s: six steps follow the formula",
    (kind, _, form, options) => {
      const { param, send } = learner(form);
      const optimizer = KINDS[kind].make([param], options);
      const elements = Array.from(param.array, () => KINDS[kind].element(options));
      const expected = Float64Array.from(param.array);
      const sizes = Float64Array.from(expected, Math.abs);
      for (let t = 1; t <= 6; t++) {
        // Row 5 is never looked up, row 0 always; one step has nothing at all.
        const index = t === 4 ? [] : [0, ...valuesOf(randint(0, 5, [4])), 2];
        const gradient = randn([index.length, DIM]);
        send(index, gradient);
        optimizer.step();
        const sums = new Float64Array(ROWS * DIM);
        for (const [i, row] of index.entries())
          for (let d = 0; d < DIM; d++) sums[row * DIM + d] += gradient.at(i, d).item();
        for (const [k, element] of elements.entries()) {
          const touched = index.includes(Math.floor(k / DIM));
          if (kind === "SparseAdam" && !touched) continue;
          const before = expected[k];
          expected[k] = element(before, sums[k], t);
          sizes[k] = Math.max(sizes[k], Math.abs(expected[k] - before), Math.abs(expected[k]));
        }
      }
      expectClose(valuesOf(param), expected, 2e-6, (k) => sizes[k]);
    },
  );

  it.each(all)("test_forloop_goes_right_direction: %s, %s", (kind, _, options) => {
    const sparse = kind === "SparseAdam";
    const bag = new nn.EmbeddingBag(10, 5, { sparse });
    const target = randn([3, 5]);
    const optimizer = KINDS[kind].make([bag.weight], options);
    const loss = () => {
      const difference = bag.forward([[1, 2, 3], [4], [5, 6]]).sub(target);
      return difference.mul(difference).sum();
    };
    const first = loss().item();
    for (let i = 0; i < 20; i++) {
      optimizer.zeroGrad();
      loss().backward();
      optimizer.step();
    }
    const last = loss().item();
    // Decay pulls towards zero whatever the loss says; here it is weak enough.
    if (options.maximize) expect(last).toBeGreaterThan(first);
    else expect(last).toBeLessThan(first);
  });

  it.each(all)("test_step_is_noop_when_params_have_no_grad: %s, %s", (kind, _, options) => {
    const param = randn([3, 2], { requiresGrad: true });
    const before = valuesOf(param);
    const optimizer = KINDS[kind].make([param], options);
    optimizer.step();
    expectBits(valuesOf(param), before);
  });

  it.each(all.filter(([, , { weightDecay = 0 }]) => weightDecay === 0))(
    "test_step_is_noop_for_zero_grads: %s, %s",
    (kind, _, options) => {
      const decay = kind === "AdamW" ? { weightDecay: 0 } : {};
      const table = new nn.Embedding(3, 2, { sparse: kind === "SparseAdam" });
      const before = valuesOf(table.weight);
      const optimizer = KINDS[kind].make([table.weight], { ...options, ...decay });
      table.forward([0, 2, 2]).mul(0).sum().backward();
      optimizer.step();
      expectBits(valuesOf(table.weight), before);
    },
  );
});

describe("test_optim.py", () => {
  it.each(Object.keys(KINDS).filter((kind) => KINDS[kind].forms({}).includes("sparse")))(
    "test_rosenbrock_sparse: %s with a sparse gradient goes the way of the dense one",
    (kind) => {
      // SparseAdam takes no dense gradient: its dense counterpart is the formula.
      const path = (sparse: boolean) => {
        const table = new nn.Embedding(2, 1, { sparse, weight: [[1.5], [1.5]] });
        const optimizer = KINDS[kind].make([table.weight], { lr: 5e-4 });
        for (let t = 0; t < 50; t++) {
          const [[x], [y]] = table.weight.toArray() as number[][];
          const slope = [-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)];
          optimizer.zeroGrad();
          table.forward([t % 2]).backward(tensor([[slope[t % 2]]]));
          optimizer.step();
        }
        return valuesOf(table.weight);
      };
      const end = path(true);
      if (kind !== "SparseAdam") expectClose(end, path(false), 1e-5);
      const height = ([x, y]: number[]) => 100 * (y - x * x) ** 2 + (1 - x) ** 2;
      expect(height([...end])).toBeLessThan(height([1.5, 1.5]));
    },
  );

  it.each(Object.keys(KINDS))("test_param_groups_lr: a group of %s learns at its own rate", (kind) => {
    const tables = [0, 1].map(() => new nn.Embedding(2, 1, { sparse: kind === "SparseAdam", weight: [[1], [1]] }));
    const groups = [{ params: [tables[0].weight] }, { params: [tables[1].weight], lr: 0.5 }];
    const optimizer = KINDS[kind].make(groups as never, { lr: 0.125, ...(kind === "AdamW" && { weightDecay: 0 }) });
    for (const table of tables) table.forward([1]).sum().backward();
    optimizer.step();
    const [slow, fast] = tables.map((table) => 1 - table.weight.at(1, 0).item());
    expectClose([fast], [4 * slow], 1e-5);
    expect(tables.map((table) => table.weight.at(0, 0).item())).toEqual([1, 1]);
  });

  it.each(Object.keys(KINDS).filter((kind) => kind !== "SparseAdam"))(
    "test_param_groups_weight_decay: a group of %s decays by its own measure",
    (kind) => {
      const tables = [0, 1].map(() => ones([2, 1], { requiresGrad: true }));
      const groups = [
        { params: [tables[0]], weightDecay: 0 },
        { params: [tables[1]], weightDecay: 0.5 },
      ];
      const optimizer = KINDS[kind].make(groups as never, { lr: 0.125 });
      for (const table of tables) table.grad = tensor([[0], [0]]);
      optimizer.step();
      expect(tables[0].toArray()).toEqual([[1], [1]]);
      expect(tables[1].at(0, 0).item()).toBeLessThan(1);
    },
  );

  it.each<[string, object, string]>([
    ["SGD", { lr: -0.1 }, "Invalid learning rate: -0.1"],
    ["SGD", { momentum: -0.5 }, "Invalid momentum value: -0.5"],
    ["SGD", { weightDecay: -1 }, "Invalid weight_decay value: -1"],
    ["SGD", { nesterov: true }, "Nesterov momentum requires a momentum and zero dampening"],
    [
      "SGD",
      { nesterov: true, momentum: 0.9, dampening: 0.5 },
      "Nesterov momentum requires a momentum and zero dampening",
    ],
    ["Adagrad", { lrDecay: -0.5 }, "Invalid lr_decay value: -0.5"],
    ["Adagrad", { lr: -1 }, "Invalid learning rate: -1"],
    ["Adagrad", { eps: -1 }, "Invalid epsilon value: -1"],
    ["Adagrad", { initialAccumulatorValue: -1 }, "Invalid initial_accumulator_value value: -1"],
    ["Adam", { betas: [1, 0] }, "Invalid beta parameter at index 0: 1"],
    ["Adam", { betas: [0.9, -0.5] }, "Invalid beta parameter at index 1: -0.5"],
    ["Adam", { weightDecay: -1 }, "Invalid weight_decay value: -1"],
    ["AdamW", { betas: [1, 0] }, "Invalid beta parameter at index 0: 1"],
    ["AdamW", { weightDecay: -1 }, "Invalid weight_decay value: -1"],
    ["SparseAdam", { betas: [1, 0] }, "Invalid beta parameter at index 0: 1"],
    ["SparseAdam", { lr: 0 }, "Invalid learning rate: 0"],
    ["SparseAdam", { eps: 0 }, "Invalid epsilon value: 0"],
  ])("test_errors: %s(%o): %s", (kind, options, words) => {
    expectError(() => KINDS[kind].make([ones([1], { requiresGrad: true })], options), RangeError, words);
  });

  it.each(Object.keys(KINDS))("test_errors: %s of a tensor, of nothing, of one parameter twice", (kind) => {
    const param = ones([1], { requiresGrad: true });
    const { make } = KINDS[kind];
    const words =
      "params argument given to the optimizer should be an iterable of Tensors or dicts, but got torch.FloatTensor";
    expectError(() => make(param as never, {}), TypeError, words);
    expectError(() => make([], {}), RangeError, "optimizer got an empty parameter list");
    const twice = [{ params: [param] }, { params: [param] }];
    expectError(() => make(twice as never, {}), RangeError, "some parameters appear in more than one parameter group");
    expectError(() => make([param.mul(2)], {}), Error, "can't optimize a non-leaf Tensor");
  });

  it.each<[string, boolean, object, string]>([
    ["Adam", true, {}, "Adam does not support sparse gradients, please consider SparseAdam instead"],
    ["AdamW", true, {}, "does not support sparse gradients, please consider SparseAdam instead"],
    ["SparseAdam", false, {}, "SparseAdam does not support dense gradients, please consider Adam instead"],
    ["SGD", true, { weightDecay: 0.5 }, "add(sparse, dense) is not supported"],
    ["Adagrad", true, { weightDecay: 0.1 }, "weight_decay option is not compatible with sparse gradients"],
  ])("test_errors: %s, gradient sparse %s, %o: %s", (kind, sparse, options, words) => {
    const bag = new nn.EmbeddingBag(3, 2, { sparse });
    const before = valuesOf(bag.weight);
    const optimizer = KINDS[kind].make([bag.weight], options);
    bag
      .forward([[0, 1]])
      .sum()
      .backward();
    expectError(() => optimizer.step(), Error, words);
    expectBits(valuesOf(bag.weight), before);
  });
});
