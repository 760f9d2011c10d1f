import { nn, optim, type SparseTensor, Tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, tensorOf, valuesOf } from "../tensor/compare.js";
import { decode, type Encoded, golden } from "./load.js";

interface Rows {
  indices: Encoded;
  values: Encoded;
}

type Value = Encoded | Rows | number | boolean | null | number[];

interface Case {
  optimizer: "SGD" | "Adagrad" | "Adam" | "AdamW" | "SparseAdam";
  sparse: boolean;
  weights: Encoded[];
  state_dict: { state: Record<number, Record<string, Value>>; param_groups: Record<string, Value>[] };
  grads: (Encoded | Rows | null)[][];
  after: Encoded[];
}

/** What only PyTorch has use for. */
const THEIRS = ["foreach", "fused", "capturable", "differentiable"];

/** A sparse gradient such as an Embedding makes. */
function sparseTensor({ indices, values }: Rows, rows: number): SparseTensor {
  const dim = values.shape[1];
  const table = new nn.Embedding(rows, dim, { sparse: true });
  table.forward(decode(indices).data as Int32Array).backward(tensorOf(values));
  return table.weight.grad as SparseTensor;
}

/** The dict as a program would hold it after reading it from a file. */
function revived(value: Value, rows: number): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return "indices" in value ? sparseTensor(value, rows) : tensorOf(value);
}

function stateDict({ state_dict: { state, param_groups }, weights }: Case): optim.OptimizerStateDict {
  const all = (fields: Record<string, Value>, rows = 0) =>
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, revived(value, rows)]));
  return {
    state: Object.fromEntries(Object.entries(state).map(([i, fields]) => [i, all(fields, weights[+i].shape[0])])),
    param_groups: param_groups.map((group) => all(group)),
  } as optim.OptimizerStateDict;
}

/** The optimizer of a case with its two groups, as new: everything else must come out of the dict. */
function fresh({ optimizer, weights, sparse }: Case): {
  params: Tensor[];
  made: optim.Optimizer<{ lr: number }, object>;
} {
  const params = weights.map((weight) =>
    sparse
      ? new nn.Embedding(weight.shape[0], weight.shape[1], { sparse, weight: tensorOf(weight) }).weight
      : tensorOf(weight, true),
  );
  return { params, made: new optim[optimizer]([{ params: params.slice(0, 2) }, { params: params.slice(2) }]) };
}

function goOn({ grads }: Case, { params, made }: ReturnType<typeof fresh>, from = 0): void {
  for (const step of grads.slice(from)) {
    params.forEach((param, i) => {
      const grad = step[i];
      param.grad = grad === null ? null : "indices" in grad ? sparseTensor(grad, param.shape[0]) : tensorOf(grad);
    });
    made.step();
  }
}

const { cases } = golden<Case>("optim_checkpoint");
const titled = cases.map((c, i) => [i, c.optimizer, c.sparse ? "sparse" : "dense", c] as const);

describe("a checkpoint of PyTorch's optimizer", () => {
  it.each(titled)("is gone on from with PyTorch's weights: %i, %s, %s gradients", (_i, _kind, _form, c) => {
    const learner = fresh(c);
    learner.made.loadStateDict(stateDict(c));
    goOn(c, learner);
    learner.params.forEach((param, i) => {
      const [before, expected] = [c.weights[i], c.after[i]].map((weight) => decode(weight).data);
      const scale = (j: number) => Math.max(Math.abs(expected[j]), Math.abs(expected[j] - before[j]));
      expectClose(valuesOf(param), expected, 2e-6, scale);
    });
  });

  it.each(titled)("comes out of stateDict as it went in: %i, %s, %s", (_i, _kind, _form, c) => {
    const given = stateDict(c);
    const { made } = fresh(c);
    made.loadStateDict(given);
    const { state, param_groups } = made.stateDict();
    given.param_groups.forEach((group, k) => {
      for (const [name, value] of Object.entries(group)) {
        if (THEIRS.includes(name)) continue;
        expect(param_groups[k][name], name).toEqual(value instanceof Tensor ? value.item() : value);
      }
    });
    expect(Object.keys(state)).toEqual(Object.keys(given.state));
    for (const [i, fields] of Object.entries(given.state)) {
      for (const [name, value] of Object.entries(fields)) {
        const mine = state[+i][name];
        if (name === "step") expect(mine).toBe(value instanceof Tensor ? value.item() : value);
        else expectBits(valuesOf(mine as Tensor), valuesOf((value as Tensor | SparseTensor).toDense()));
      }
    }
  });

  it.each(titled)("survives another round through our own dict, bit for bit: %i, %s, %s", (_i, _kind, _form, c) => {
    const [straight, stopped] = [fresh(c), fresh(c)];
    for (const learner of [straight, stopped]) learner.made.loadStateDict(stateDict(c));
    goOn({ ...c, grads: c.grads.slice(0, 2) }, straight);
    goOn({ ...c, grads: c.grads.slice(0, 2) }, stopped);
    const resumed = fresh(c);
    for (const [i, param] of resumed.params.entries()) param.data.copy_(stopped.params[i].data);
    resumed.made.loadStateDict(stopped.made.stateDict());
    stopped.made.dispose();
    for (const learner of [straight, resumed]) goOn(c, learner, 2);
    straight.params.forEach((param, i) => {
      expectBits(valuesOf(resumed.params[i]), valuesOf(param));
    });
  });
});
