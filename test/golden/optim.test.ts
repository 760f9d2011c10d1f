import { nn, optim, type Tensor, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectClose, numbers, tensorOf, valuesOf, type Words } from "../tensor/compare.js";
import { decode, type Encoded, golden } from "./load.js";

interface Rows {
  indices: Encoded;
  values: Encoded;
}

interface State {
  momentum_buffer?: Encoded;
  sum?: Encoded;
  step?: number;
}

interface Case {
  optimizer: "SGD" | "Adagrad";
  options: Record<string, number | boolean>;
  sparse: boolean;
  tensor_lr: boolean;
  param0: Encoded;
  grads: (Encoded | Rows)[];
  param1: Encoded;
  param10: Encoded;
  state: State;
  steps?: Encoded[];
  states?: State[];
}

const ONE_STEP = 3e-7;
const TEN_STEPS = 2e-6;

/** A parameter and the way it gets its gradients. */
interface Learner {
  readonly param: Tensor;
  receive(grad: Encoded | Rows): void;
}

function dense(start: Encoded): Learner {
  const param = tensorOf(start, true);
  return {
    param,
    receive: (grad) => {
      param.grad = tensorOf(grad as Encoded);
    },
  };
}

/** An Embedding, looked up at the rows of a golden gradient and sent its values. */
function looked(start: Encoded, sparse: boolean, readFirst: boolean): Learner {
  const [rows, dim] = start.shape;
  const table = new nn.Embedding(rows, dim, { weight: tensorOf(start), sparse });
  return {
    param: table.weight,
    receive: (grad) => {
      const { indices, values } = grad as Rows;
      table.zeroGrad();
      table.forward(decode(indices).data as Int32Array).backward(tensorOf(values));
      if (readFirst) expect(table.weight.grad!.shape).toEqual(start.shape);
    },
  };
}

const FORMS: Record<string, (start: Encoded) => Learner> = {
  "a dense gradient": dense,
  "a sparse gradient": (start) => looked(start, true, false),
  "a dense gradient of an Embedding, never read": (start) => looked(start, false, false),
  "a dense gradient of an Embedding, read before the step": (start) => looked(start, false, true),
};

function optimizerOf(c: Case, param: Tensor): optim.SGD | optim.Adagrad {
  const options = numbers(c.options);
  return c.optimizer === "SGD" ? new optim.SGD([param], options) : new optim.Adagrad([param], options);
}

/** The largest of several tensors' elements, place by place. */
const scaleOf =
  (...parts: Words[]) =>
  (i: number) =>
    Math.max(...parts.map((part) => Math.abs(part[i])));

const minus = (a: Words, b: Words) => a.map((x, i) => x - b[i]) as Words;

/** A gradient in full, added up in float64. */
function written(grad: Encoded | Rows, [, dim]: number[], length: number): Words {
  if (!("indices" in grad)) return decode(grad).data;
  const out = new Float64Array(length);
  const values = decode(grad.values).data;
  for (const [k, row] of decode(grad.indices).data.entries()) {
    for (let j = 0; j < dim; j++) out[row * dim + j] += values[k * dim + j];
  }
  return Float32Array.from(out);
}

const { cases } = golden<Case>("optim");
const titled = cases.flatMap((c) =>
  Object.entries(FORMS)
    .filter(([form]) => (form === "a dense gradient") !== c.sparse)
    .map(
      ([form, learner]) =>
        [c.optimizer, JSON.stringify(c.options), c.param0.shape.join("x"), form, c, learner] as const,
    ),
);

describe("an optimizer moves its parameter as PyTorch's does", () => {
  it.each(titled)("%s(%s) of %s with %s", (_kind, _options, _shape, _form, c, learner) => {
    const { param, receive } = learner(c.param0);
    const optimizer = optimizerOf(c, param);
    const [p0, p1, p10] = [c.param0, c.param1, c.param10].map((p) => decode(p).data);
    for (const [step, grad] of c.grads.entries()) {
      receive(grad);
      optimizer.step();
      if (step === 0) expectClose(valuesOf(param), p1, ONE_STEP, scaleOf(p1, minus(p1, p0)));
    }
    expectClose(valuesOf(param), p10, TEN_STEPS, scaleOf(p10, minus(p10, p0)));
  });

  it.each(titled)("and keeps the same state: %s(%s) of %s with %s", (_kind, _options, _shape, _form, c, learner) => {
    const { param, receive } = learner(c.param0);
    const optimizer = optimizerOf(c, param);
    for (const grad of c.grads) {
      receive(grad);
      optimizer.step();
    }
    const state = optimizer.state.get(param);
    const { momentum_buffer, sum, step } = c.state;
    expect(Object.keys(state ?? {}).sort()).toEqual(
      [momentum_buffer && "momentumBuffer", step !== undefined && "step", sum && "sum"].filter(Boolean),
    );
    const grads = c.grads.map((grad) => written(grad, c.param0.shape, param.numel));
    if (state && "momentumBuffer" in state) {
      const expected = decode(momentum_buffer!).data;
      expectClose(valuesOf(state.momentumBuffer), expected, TEN_STEPS, scaleOf(expected, ...grads));
    }
    if (state && "sum" in state) {
      expectClose(valuesOf(state.sum), decode(sum!).data, TEN_STEPS);
      expect(state.step).toBe(step);
    }
  });
});

describe("from PyTorch's own parameter and state, each of ten steps is one step away from PyTorch's", () => {
  const watched = titled.filter(([, , , , c]) => c.steps !== undefined);
  const steps = watched.flatMap((entry) => entry[4].grads.map((_, k) => [k, ...entry] as const));

  it.each(steps)("step %i of %s(%s) of %s with %s", (k, _kind, _options, _shape, _form, c, learner) => {
    const { param, receive } = learner(c.param0);
    const optimizer = optimizerOf(c, param);
    if (k > 0) {
      // Any step makes the state; then all of it is replaced.
      receive(c.grads[k - 1]);
      optimizer.step();
      const state = optimizer.state.get(param)!;
      const { momentum_buffer, sum, step } = c.states![k - 1];
      if ("momentumBuffer" in state) state.momentumBuffer.data.copy_(tensorOf(momentum_buffer!));
      else {
        state.sum.data.copy_(tensorOf(sum!));
        state.step = step!;
      }
      param.data.copy_(tensorOf(c.steps![k - 1]));
    }
    const before = valuesOf(param);
    receive(c.grads[k]);
    optimizer.step();
    const expected = decode(c.steps![k]).data;
    expectClose(valuesOf(param), expected, ONE_STEP, scaleOf(expected, minus(expected, before)));
  });
});

describe("a parameter group", () => {
  const [c] = cases.filter((one) => one.optimizer === "SGD" && one.options.momentum === 0.9 && !one.sparse);

  it("has options of its own, those of the constructor otherwise", () => {
    const [inner, outer] = [dense(c.param0), dense(c.param0)];
    const group = { params: [inner.param], ...numbers(c.options) };
    const optimizer = new optim.SGD([group, { params: [outer.param] }], { lr: 0 });
    for (const learner of [inner, outer]) learner.receive(c.grads[0]);
    optimizer.step();
    const [p0, p1] = [c.param0, c.param1].map((p) => decode(p).data);
    expectClose(valuesOf(inner.param), p1, ONE_STEP, scaleOf(p1, minus(p1, p0)));
    expect(valuesOf(outer.param)).toEqual(p0);
  });

  it("learns at another rate as soon as its lr is changed", () => {
    const param = tensor([1, 2], { requiresGrad: true });
    const optimizer = new optim.SGD([param], { lr: 1 });
    param.grad = tensor([1, 1]);
    optimizer.step();
    optimizer.paramGroups[0].lr = 0.25;
    optimizer.step();
    expect(param.toArray()).toEqual([-0.25, 0.75]);
  });
});
