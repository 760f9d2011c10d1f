import { type nn as Nn, nn, type optim as Optim, optim, type Tensor, tensor } from "nn-embedding";
import { type FlatState, flattenState, readSafetensors, unflattenState, writeSafetensors } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";

interface Checkpoint {
  model: Nn.StateDict;
  optimizer: Optim.OptimizerStateDict;
  epoch: number;
}

const OPTIMIZERS = [
  { name: "Adam", make: (params: Tensor[]) => new optim.Adam(params, { lr: 0.1, amsgrad: true }) },
  { name: "SparseAdam", make: (params: Tensor[]) => new optim.SparseAdam(params, { lr: 0.1 }) },
  { name: "Adagrad", make: (params: Tensor[]) => new optim.Adagrad(params, { lr: 0.1 }) },
  { name: "SGD", make: (params: Tensor[]) => new optim.SGD(params, { lr: 0.1, momentum: 0.9 }) },
] as const;

describe.each(OPTIMIZERS)("a checkpoint of $name", ({ name, make }) => {
  const sparse = name === "SparseAdam";
  const start = () => {
    const model = new nn.Embedding(5, 3, { sparse });
    return { model, optimizer: make([...model.parameters()]) };
  };
  const train = ({ model, optimizer }: ReturnType<typeof start>, input: number[]) => {
    optimizer.zeroGrad();
    const out = model.forward(input);
    out.mul(out).sum().backward();
    optimizer.step();
  };

  it("goes on as if it had never been interrupted", async () => {
    const run = start();
    train(run, [0, 1, 1]);
    train(run, [1, 4]);
    const { tensors, metadata } = flattenState({
      model: run.model.stateDict(),
      optimizer: run.optimizer.stateDict(),
      epoch: 2,
    });
    const file = writeSafetensors(tensors, { metadata });
    train(run, [4, 2]);

    const read = await readSafetensors(file);
    const checkpoint = unflattenState<Checkpoint>(read);
    const again = start();
    again.model.loadStateDict(checkpoint.model);
    again.optimizer.loadStateDict(checkpoint.optimizer);
    expect(checkpoint.epoch).toBe(2);
    train(again, [4, 2]);
    expect(again.model.weight.toArray()).toEqual(run.model.weight.toArray());
    for (const each of Object.values(read.tensors)) each.dispose();
    for (const { model, optimizer } of [run, again]) {
      optimizer.dispose();
      model.dispose();
    }
  });
});

describe("flattenState", () => {
  it("names tensors by their path, and keeps the rest", () => {
    const [a, b] = [tensor([1]), tensor([2])];
    const state = {
      model: { "0.weight": a },
      list: [b, null, { deep: [true, "x", -1.5] }],
      __proto__: 1,
      none: undefined,
    };
    const flat = flattenState(state);
    expect(flat.tensors).toEqual({ "model.0.weight": a, "list.0": b });
    expect(unflattenState(flat)).toEqual(state);
    expect(flattenState(a).tensors[""]).toBe(a);
  });

  it("refuses what a file cannot hold", () => {
    const one = tensor([1]);
    expect(() => flattenState({ a: { "b.c": one }, "a.b": { c: one } })).toThrow('two tensors have the path "a.b.c"');
    expect(() => flattenState({ lr: NaN })).toThrow('flattenState: "lr" is NaN, which a checkpoint cannot hold');
    expect(() => flattenState({ lr: 1n })).toThrow(TypeError);
    expect(() => flattenState({ map: new Map() })).toThrow("an object of class Map");
    expect(() => flattenState({ a: { $tensor: "x" } })).toThrow("which a checkpoint cannot hold");
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => flattenState(circle)).toThrow("nested deeper than 64 levels");
  });
});

describe("unflattenState", () => {
  const read = (state: string) => () => unflattenState({ tensors: {}, metadata: { state } } as FlatState);

  it("refuses what flattenState did not write", () => {
    expect(() => unflattenState({ tensors: {}, metadata: {} })).toThrow(TypeError);
    for (const flat of [undefined, null, 1, {}, { tensors: {} }, { metadata: { state: "{}" } }]) {
      expect(() => unflattenState(flat as never)).toThrow(
        "unflattenState: argument 'flat' must be { tensors, metadata }",
      );
    }
    expect(read(null as never)).toThrow('unflattenState: metadata "state" must be a string, but got null');
    expect(read("{oops")).toThrow('metadata "state" is not valid JSON');
    expect(read('{"a":{"$tensor":"w"}}')).toThrow('the file has no tensor "w"');
    expect(read('{"a":{"$tensor":"toString"}}')).toThrow('the file has no tensor "toString"');
    expect(read('{"a":{"$tensor":{}}}')).toThrow("an object of class Object");
    expect(read("[".repeat(5000) + "]".repeat(5000))).toThrow("nested deeper than 64 levels");
  });
});
