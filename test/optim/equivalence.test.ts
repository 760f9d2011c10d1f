import fc from "fast-check";
import { nn, ones, optim, type Tensor, tensor, tidy } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, valuesOf, type Words } from "../tensor/compare.js";

const RUNS = { numRuns: 12, seed: 20260 };

/** A table, and for each step the rows looked up and the gradients sent to them. All are multiples of 1/64: sums are exact. */
interface Lesson {
  rows: number;
  dim: number;
  start: Float32Array;
  steps: { index: number[]; values: Float32Array }[];
}

const sixtyFourths = (n: number, nonZero = false) =>
  fc
    .array(fc.integer({ min: -256, max: 256 }), { minLength: n, maxLength: n })
    .map((x) => Float32Array.from(x, (i) => (nonZero && i === 0 ? 1 : i) / 64));

/** every: each step looks up every row once, and no gradient is 0. */
const lessons = ({ every = false, dims = { min: 1, max: 9 } } = {}): fc.Arbitrary<Lesson> =>
  fc.record({ rows: fc.integer({ min: 1, max: 5 }), dim: fc.integer(dims) }).chain(({ rows, dim }) => {
    const all = Array.from({ length: rows }, (_, row) => row);
    const index = every
      ? fc.shuffledSubarray(all, { minLength: rows, maxLength: rows })
      : fc.array(fc.nat(rows - 1), { maxLength: 8 });
    const step = index.chain((rowsOf) =>
      fc.record({ index: fc.constant(rowsOf), values: sixtyFourths(rowsOf.length * dim, every) }),
    );
    return fc.record({
      rows: fc.constant(rows),
      dim: fc.constant(dim),
      start: sixtyFourths(rows * dim),
      steps: fc.array(step, { minLength: 1, maxLength: 5 }),
    });
  });

type AnyOptimizer = optim.Optimizer<{ lr: number }, object>;
type Make = (params: Tensor[], more?: object) => AnyOptimizer;
type Form = "sparse" | "unread" | "read";

/** Each with options that make its every term matter, and the forms of gradient it takes. */
const KINDS: [string, Make, Form[]][] = [
  ["SGD", (params, more) => new optim.SGD(params, { lr: 0.1, ...more }), ["sparse", "unread", "read"]],
  [
    "SGD with momentum",
    (params, more) => new optim.SGD(params, { lr: 0.1, momentum: 0.9, nesterov: true, ...more }),
    ["sparse", "unread", "read"],
  ],
  [
    "SGD with weightDecay",
    (params, more) => new optim.SGD(params, { lr: 0.1, momentum: 0.9, weightDecay: 0.1, ...more }),
    ["unread", "read"],
  ],
  [
    "Adagrad",
    (params, more) => new optim.Adagrad(params, { lr: 0.1, lrDecay: 0.5, ...more }),
    ["sparse", "unread", "read"],
  ],
  [
    "Adagrad with weightDecay",
    (params, more) => new optim.Adagrad(params, { lr: 0.1, weightDecay: 0.1, ...more }),
    ["unread", "read"],
  ],
  [
    "RowwiseAdagrad",
    (params, more) => new optim.RowwiseAdagrad(params, { lr: 0.1, lrDecay: 0.5, ...more }),
    ["sparse", "unread", "read"],
  ],
  [
    "RowwiseAdagrad with weightDecay",
    (params, more) => new optim.RowwiseAdagrad(params, { lr: 0.1, weightDecay: 0.1, ...more }),
    ["unread", "read"],
  ],
  // 0 / 0 in the rows that were never touched.
  [
    "Adagrad without eps",
    (params, more) => new optim.Adagrad(params, { lr: 0.1, eps: 0, ...more }),
    ["unread", "read"],
  ],
  [
    "RowwiseAdagrad without eps",
    (params, more) => new optim.RowwiseAdagrad(params, { lr: 0.1, eps: 0, ...more }),
    ["unread", "read"],
  ],
  ["Adam", (params, more) => new optim.Adam(params, { lr: 0.1, ...more }), ["unread", "read"]],
  [
    "Adam with weightDecay and amsgrad",
    (params, more) => new optim.Adam(params, { lr: 0.1, weightDecay: 0.1, amsgrad: true, ...more }),
    ["unread", "read"],
  ],
  ["AdamW", (params, more) => new optim.AdamW(params, { lr: 0.1, weightDecay: 0.1, ...more }), ["unread", "read"]],
  ["SparseAdam", (params, more) => new optim.SparseAdam(params, { lr: 0.1, ...more }), ["sparse"]],
  [
    "SparseAdam with weightDecay",
    (params, more) => new optim.SparseAdam(params, { lr: 0.1, weightDecay: 0.1, ...more }),
    ["sparse"],
  ],
];

const forms = KINDS.flatMap(([name, make, taken]) => taken.map((form) => [name, form, make] as const));

const tableOf = ({ start, rows, dim }: Lesson, form: Form) =>
  new nn.Embedding(rows, dim, { sparse: form === "sparse", weight: tensor(start, { shape: [rows, dim] }) });

/** One backward; sign -1 sends the negated gradients. */
function send(table: nn.Embedding, form: Form, { index, values }: Lesson["steps"][number], sign = 1): void {
  table.zeroGrad();
  const gradient = tensor(
    values.map((g) => sign * g),
    { shape: [index.length, table.embeddingDim] },
  );
  table.forward(Int32Array.from(index)).backward(gradient);
  if (form === "read") expect(table.weight.grad).not.toBeNull();
}

/** The table after the lesson; before(t) runs ahead of step t, counted from 1. */
function learned(
  lesson: Lesson,
  form: Form,
  make: Make,
  sign = 1,
  before = (_o: AnyOptimizer, _t: number) => {},
): Words {
  const table = tableOf(lesson, form);
  const optimizer = make([table.weight]);
  for (const [k, step] of lesson.steps.entries()) {
    send(table, form, step, sign);
    before(optimizer, k + 1);
    optimizer.step();
  }
  return valuesOf(table.weight);
}

const holds = (lesson: fc.Arbitrary<Lesson>, property: (lesson: Lesson) => void) =>
  fc.assert(
    fc.property(lesson, (one) => tidy(() => property(one))),
    RUNS,
  );

/** Zeros of either sign are alike. */
const positive = (x: Words) => x.map((v) => v + 0);

/** Roundings of a few steps of at most 0.1 from start. */
const expectAlike = (a: Words, b: Words, { start }: Lesson) =>
  expectClose(a, b, 2e-6, (i) => Math.max(Math.abs(start[i]), Math.abs(b[i]), 0.5));

describe("for any table, rows and gradients", () => {
  it.each(forms)("%s, %s gradients: maximize is the step for negated gradients, to the bit", (_name, form, make) => {
    holds(lessons(), (lesson) => {
      const upwards = learned(lesson, form, (params) => make(params, { maximize: true }));
      expectBits(positive(upwards), positive(learned(lesson, form, make, -1)));
    });
  });

  it.each(KINDS.filter(([, , taken]) => taken.length > 1))(
    "%s: every form of gradient makes the same step",
    (_name, make, taken) => {
      holds(lessons(), (lesson) => {
        const [first, ...others] = taken.map((form) => learned(lesson, form, make));
        for (const other of others) expectAlike(other, first, lesson);
      });
    },
  );

  it.each(forms)("%s, %s gradients: repeated rows are one row with their sum", (_name, form, make) => {
    holds(lessons(), (lesson) => {
      const { dim } = lesson;
      const steps = lesson.steps.map(({ index, values }) => {
        const once = [...new Set(index)];
        const sums = new Float32Array(once.length * dim);
        for (const [k, row] of index.entries()) {
          for (let j = 0; j < dim; j++) sums[once.indexOf(row) * dim + j] += values[k * dim + j];
        }
        return { index: once, values: sums };
      });
      // SGD adds sparse entries one by one, as PyTorch does.
      expectAlike(learned(lesson, form, make), learned({ ...lesson, steps }, form, make), lesson);
    });
  });

  it.each(forms)("%s, %s gradients: a step without a gradient is no step", (_name, form, make) => {
    holds(lessons(), (lesson) => {
      const table = tableOf(lesson, form);
      const optimizer = make([table.weight]);
      for (const step of lesson.steps) {
        send(table, form, step);
        optimizer.step();
        optimizer.zeroGrad();
        optimizer.step();
      }
      expectBits(valuesOf(table.weight), learned(lesson, form, make));
    });
  });

  it.each(forms)("%s, %s gradients: two groups are two optimizers", (_name, form, make) => {
    const other = { lr: 0.01 };
    holds(lessons(), (lesson) => {
      const [a, b] = [tableOf(lesson, form), tableOf(lesson, form)];
      const optimizer = make([a.weight]);
      optimizer.addParamGroup({ params: [b.weight], ...other });
      for (const step of lesson.steps) {
        send(a, form, step);
        send(b, form, step);
        optimizer.step();
      }
      expectBits(valuesOf(a.weight), learned(lesson, form, make));
      expectBits(
        valuesOf(b.weight),
        learned(lesson, form, (params) => make(params, other)),
      );
    });
  });

  it.each(forms)(
    "%s, %s gradients: from a loaded state dict it goes on as if nothing had been",
    (_name, form, make) => {
      holds(lessons(), (lesson) => {
        const table = tableOf(lesson, form);
        let optimizer = make([table.weight]);
        for (const step of lesson.steps) {
          const next = make([table.weight], { lr: 7 });
          next.loadStateDict(optimizer.stateDict());
          optimizer.dispose();
          optimizer = next;
          send(table, form, step);
          optimizer.step();
        }
        expectBits(valuesOf(table.weight), learned(lesson, form, make));
      });
    },
  );
});

describe("Adam on dense gradients is SparseAdam on sparse ones where every row is touched every step", () => {
  /** Adam adds eps to sqrt(v) / sqrt(1 - beta2^t), SparseAdam to sqrt(v). */
  const adapted = (eps: number, beta2: number) => (optimizer: AnyOptimizer, t: number) => {
    (optimizer as optim.SparseAdam).paramGroups[0].eps = eps * Math.sqrt(1 - beta2 ** t);
  };

  it.each<[Partial<optim.SparseAdamOptions>]>([
    [{ lr: 0.1 }],
    [{ lr: 0.1, eps: 0.1 }],
    [{ lr: 0.1, betas: [0.5, 0.75], eps: 1e-3 }],
    [{ lr: 0.1, maximize: true }],
  ])("with %o", (options) => {
    const [, beta2] = options.betas ?? [0.9, 0.999];
    holds(lessons({ every: true }), (lesson) => {
      const adam = learned(lesson, "unread", (params) => new optim.Adam(params, options));
      const ours = (params: Tensor[]) => new optim.SparseAdam(params, options);
      expectAlike(learned(lesson, "sparse", ours, 1, adapted(options.eps ?? 1e-8, beta2)), adam, lesson);
    });
  });

  it("and AdamW is SparseAdam with weightDecay", () => {
    const options = { lr: 0.1, weightDecay: 0.5, eps: 1e-3 };
    holds(lessons({ every: true }), (lesson) => {
      const adam = learned(lesson, "unread", (params) => new optim.AdamW(params, options));
      const ours = (params: Tensor[]) => new optim.SparseAdam(params, options);
      expectAlike(learned(lesson, "sparse", ours, 1, adapted(1e-3, 0.999)), adam, lesson);
    });
  });

  it("and AdamW is Adam with decoupledWeightDecay, to the bit", () => {
    holds(lessons(), (lesson) => {
      const w = learned(lesson, "unread", (params) => new optim.AdamW(params, { lr: 0.1, amsgrad: true }));
      const options = { lr: 0.1, amsgrad: true, weightDecay: 0.01, decoupledWeightDecay: true };
      expectBits(
        learned(lesson, "unread", (params) => new optim.Adam(params, options)),
        w,
      );
    });
  });
});

describe("an Adam without eps", () => {
  const rules: [string, Form, Make][] = [
    ["Adam", "unread", (params) => new optim.Adam(params, { lr: 0.1, eps: 0 })],
    ["AdamW", "unread", (params) => new optim.AdamW(params, { lr: 0.1, eps: 0, weightDecay: 0, amsgrad: true })],
    // Of SparseAdam eps must be above 0.
    ["SparseAdam", "sparse", (params) => new optim.SparseAdam(params, { lr: 0.1, eps: 1e-38 })],
  ];

  it.each(rules)("%s: does not feel the scale of the gradients, to the bit", (_name, form, make) => {
    holds(lessons({ every: true }), (lesson) => {
      const scaled = (factor: number) => ({
        ...lesson,
        steps: lesson.steps.map(({ index, values }) => ({ index, values: values.map((g) => g * factor) })),
      });
      for (const factor of [2 ** 20, 2 ** -20]) {
        expectBits(learned(scaled(factor), form, make), learned(lesson, form, make));
      }
    });
  });

  it.each(rules)("%s: first goes lr against the gradient, whatever its size", (_name, form, make) => {
    holds(lessons({ every: true }), ({ steps: [first], ...lesson }) => {
      const after = learned({ ...lesson, steps: [first] }, form, make);
      const expected = new Float32Array(after.length);
      for (const [k, row] of first.index.entries()) {
        for (let j = 0; j < lesson.dim; j++) {
          const i = row * lesson.dim + j;
          expected[i] = lesson.start[i] - 0.1 * Math.sign(first.values[k * lesson.dim + j]);
        }
      }
      expectClose(after, expected, 3e-7, (i) => Math.max(Math.abs(expected[i]), 0.1));
    });
  });
});

describe("RowwiseAdagrad", () => {
  const rowwise = (params: Tensor[]) => new optim.RowwiseAdagrad(params, { lr: 0.1, lrDecay: 0.5, eps: 1e-3 });
  const adagrad = (params: Tensor[]) => new optim.Adagrad(params, { lr: 0.1, lrDecay: 0.5, eps: 1e-3 });

  it.each(["sparse", "unread", "read"] as const)("of one column is Adagrad, %s gradients", (form) => {
    holds(lessons({ dims: { min: 1, max: 1 } }), (lesson) => {
      expectAlike(learned(lesson, form, rowwise), learned(lesson, form, adagrad), lesson);
    });
  });

  it.each(["sparse", "unread", "read"] as const)("is Adagrad where all columns are alike, %s gradients", (form) => {
    holds(lessons(), (lesson) => {
      const alike = (x: Float32Array) => x.map((_, i) => x[i - (i % lesson.dim)]);
      const steps = lesson.steps.map(({ index, values }) => ({ index, values: alike(values) }));
      const same = { ...lesson, start: alike(lesson.start), steps };
      expectAlike(learned(same, form, rowwise), learned(same, form, adagrad), same);
    });
  });

  it("keeps one number a row", () => {
    const table = new nn.Embedding(7, 5);
    const optimizer = rowwise([table.weight]);
    table.forward([1, 1, 3]).sum().backward();
    optimizer.step();
    expect(optimizer.state.get(table.weight)).toMatchObject({ step: 1 });
    expect(optimizer.state.get(table.weight)!.sum.toArray()).toEqual([0, 4, 0, 1, 0, 0, 0]);
  });
});

describe("rows that no gradient names keep every bit, and so does what is kept for them", () => {
  it.each(forms.filter(([name, form]) => form === "sparse" && name !== "SGD with momentum"))(
    "%s, %s gradients",
    (_name, form, make) => {
      const odd = Float32Array.of(NaN, -0, Infinity, 1e-45, -Infinity, 3e38);
      holds(lessons(), (lesson) => {
        const { rows, dim } = lesson;
        // Rows of odd numbers below the table.
        const start = Float32Array.from({ length: (rows + 2) * dim }, (_, i) => lesson.start[i] ?? odd[i % odd.length]);
        const after = learned({ ...lesson, rows: rows + 2, start }, form, make);
        expectBits(after.subarray(rows * dim), start.subarray(rows * dim));
        expectBits(after.subarray(0, rows * dim), learned(lesson, form, make));
      });
    },
  );

  it("SparseAdam's averages of other rows do not fade, its step counts for all", () => {
    const table = new nn.Embedding(3, 2, { sparse: true });
    const optimizer = new optim.SparseAdam([table.weight]);
    const states: Words[] = [];
    for (const index of [[0, 1], [2], [], [2, 2]]) {
      table.zeroGrad();
      table.forward(Int32Array.from(index)).sum().backward();
      optimizer.step();
      const { expAvg, expAvgSq } = optimizer.state.get(table.weight)!;
      states.push(valuesOf(expAvg).slice(0, 4), valuesOf(expAvgSq).slice(0, 4));
    }
    for (let k = 2; k < states.length; k++) expectBits(states[k], states[k % 2]);
    expect(states[0].every((m) => m > 0)).toBe(true);
    expect(optimizer.state.get(table.weight)!.step).toBe(4);
  });
});

describe("a parameter without a gradient keeps every bit", () => {
  const odd = Float32Array.of(1, -0, NaN, Infinity, 1e-45, -2);

  it.each(forms)("%s, %s gradients: frozen, or just not used", (_name, form, make) => {
    const weight = () => tensor(odd, { shape: [3, 2] });
    const frozen = nn.Embedding.fromPretrained(weight());
    const unused = new nn.Embedding(3, 2, { weight: weight() });
    const used = new nn.Embedding(3, 2, { weight: ones([3, 2]), sparse: form === "sparse" });
    const optimizer = make([frozen.weight, unused.weight, used.weight]);
    const untouched = optimizer.state.get(unused.weight);
    const states = [...optimizer.state.keys()];
    for (let k = 0; k < 3; k++) {
      optimizer.zeroGrad();
      const out = frozen.forward([0, 1]).add(used.forward([0, 1]));
      out.sum().backward();
      optimizer.step();
    }
    expectBits(valuesOf(frozen.weight), odd);
    expectBits(valuesOf(unused.weight), odd);
    expect(used.weight.toArray()).not.toEqual(ones([3, 2]).toArray());
    expect(optimizer.state.get(unused.weight)).toEqual(untouched);
    expect([...optimizer.state.keys()].filter((param) => param !== used.weight)).toEqual(
      states.filter((param) => param !== used.weight),
    );
  });

  it.each(forms)("%s, %s gradients: one that froze later", (_name, form, make) => {
    const table = new nn.Embedding(3, 2, { weight: ones([3, 2]), sparse: form === "sparse" });
    const optimizer = make([table.weight]);
    table.forward([0, 1]).sum().backward();
    optimizer.step();
    const before = valuesOf(table.weight);
    table.weight.requiresGrad_(false);
    optimizer.zeroGrad();
    for (let k = 0; k < 3; k++) optimizer.step();
    expectBits(valuesOf(table.weight), before);
  });
});
