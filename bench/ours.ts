// The operations through the public API, as a program would call it.

import {
  functional as F,
  Generator,
  longTensor,
  memory,
  nn,
  optim,
  SparseTensor,
  setTransientBudget,
  Tensor,
  tensor,
  tidy,
} from "nn-embedding";
import { BAG, type Data, LEARNING_RATE, MAX_NORM, type Operation, SEED } from "./lines.js";
import type { Task } from "./measure.js";

/** Moves out of linear memory what nobody has disposed of, which the next to allocate would have to do. */
export function clearTransients(): void {
  setTransientBudget(setTransientBudget(0));
}

/** What a program wraps around its work: `tidy`, or nothing. */
export type Scope = <T>(work: () => T) => T;

export const untidied: Scope = (work) => work();

export const ours: Record<Operation, (data: Data, scope: Scope) => Task> = {
  "look-up": (data, scope) => lookUp(data, longTensor(data.index), scope),
  "look-up of an Int32Array": (data, scope) => lookUp(data, data.index, scope),
  "dense backward": (data) => denseBackward(data, false),
  "dense backward, grad read": (data) => denseBackward(data, true),
  "sparse backward + coalesce": sparseBackward,
  renorm,
  "step: sparse SGD": (data, scope) => step(data, optim.SGD, { sparse: true }, scope),
  "step: dense SGD": (data, scope) => step(data, optim.SGD, {}, scope),
  "step: dense SGD, grad read": (data, scope) => step(data, optim.SGD, { read: true }, scope),
  "step: sparse Adagrad": (data, scope) => step(data, optim.Adagrad, { sparse: true }, scope),
  "step: dense Adagrad": (data, scope) => step(data, optim.Adagrad, {}, scope),
  "step: SparseAdam": (data, scope) => step(data, optim.SparseAdam, { sparse: true }, scope),
  "step: dense Adam": (data, scope) => step(data, optim.Adam, {}, scope),
  "bag sum": (data, scope) => bag(data, "sum", false, scope),
  "bag mean": (data, scope) => bag(data, "mean", false, scope),
  "bag max": (data, scope) => bag(data, "max", false, scope),
  "bag sum + backward": (data, scope) => bag(data, "sum", true, scope),
  "bag max + backward": (data, scope) => bag(data, "max", true, scope),
  normal_: normal,
  "one-hot product": oneHotProduct,
  matmul,
  "linear + backward": linearBackward,
};

/** The table, indices and the result's gradient; what is frozen is not differentiated, so all tables are trained here. */
function setUp({ V, D, N, weight, index, gradient }: Data, options: { sparse?: boolean; maxNorm?: number } = {}) {
  const emb = new nn.Embedding(V, D, { weight, ...options });
  const input = longTensor(index);
  const g = tensor(gradient, { shape: [N, D] });
  const dispose = () => {
    for (const held of [emb, input, g]) held.dispose();
  };
  return { emb, input, g, dispose };
}

function lookUp({ V, D, weight }: Data, input: Tensor | Int32Array, scope: Scope): Task {
  const emb = new nn.Embedding(V, D, { weight });
  return {
    run: () => scope(() => emb.forward(input).array[0]),
    outputs: () => tidy(() => [emb.forward(input).array.slice()]),
    dispose: () => [emb.dispose(), input instanceof Tensor && input.dispose()],
  };
}

function denseBackward(data: Data, read: boolean): Task {
  const { emb, input, g, dispose } = setUp(data);
  const backward = () => {
    emb.zeroGrad();
    emb.forward(input).backward(g);
  };
  return {
    run: () =>
      tidy(() => {
        backward();
        // Reading grad would write out its V x D numbers.
        return read ? emb.weight.grad!.at(0, 0).item() : memory().numBytes;
      }),
    outputs: () =>
      tidy(() => {
        backward();
        return [emb.weight.grad!.toDense().array];
      }),
    dispose,
  };
}

function sparseBackward(data: Data): Task {
  const { emb, input, g, dispose } = setUp(data, { sparse: true });
  const backward = () => {
    emb.zeroGrad();
    emb.forward(input).backward(g);
    if (!(emb.weight.grad instanceof SparseTensor)) throw new Error("the gradient should be sparse");
    return emb.weight.grad.coalesce();
  };
  return {
    run: () => tidy(() => backward().values.array[0]),
    outputs: () =>
      tidy(() => {
        const { indices, values } = backward();
        return [indices.array.slice(), values.array.slice()];
      }),
    dispose,
  };
}

function renorm(data: Data): Task {
  const { emb, input, dispose } = setUp(data, { maxNorm: MAX_NORM });
  return {
    run: () => tidy(() => emb.forward(input).array[0]),
    restore: () => void emb.weight.data.copy_(data.weight),
    outputs: () => tidy(() => [emb.forward(input).array.slice(), emb.weight.array]),
    dispose,
  };
}

/** zeroGrad, forward, backward, step. read: the gradient's V x D numbers are written out before the step. */
function step(
  data: Data,
  Optimizer: new (
    params: Iterable<Tensor>,
    options: { lr: number },
  ) => { zeroGrad(): void; step(): void; dispose(): void },
  { sparse = false, read = false },
  scope: Scope,
): Task {
  const { emb, input, g, dispose } = setUp(data, { sparse });
  const optimizer = new Optimizer(emb.parameters(), { lr: LEARNING_RATE });
  const train = () => {
    optimizer.zeroGrad();
    emb.forward(input).backward(g);
    if (read && emb.weight.grad === null) throw new Error("there should be a gradient");
    optimizer.step();
    return emb.weight.array;
  };
  return {
    run: () => scope(() => train()[0]),
    outputs: () => [tidy(train)],
    dispose: () => [optimizer.dispose(), dispose()],
  };
}

/** Bytes of linear memory that a step holds at its end: the rows looked up, and their gradient. */
export function stepBytes(data: Data, sparse: boolean): number {
  const { emb, input, g, dispose } = setUp(data, { sparse });
  clearTransients();
  const before = memory().numBytes;
  const bytes = tidy(() => {
    emb.forward(input).backward(g);
    return memory().numBytes - before;
  });
  dispose();
  return bytes;
}

/** Bags of BAG entries; the gradient is that of the first N / BAG rows. */
function bag(data: Data, mode: F.BagMode, backward: boolean, scope: Scope): Task {
  const { V, D, N, weight, index, gradient } = data;
  const module = new nn.EmbeddingBag(V, D, { weight, mode });
  const input = longTensor(index, { shape: [N / BAG, BAG] });
  const g = tensor(gradient.subarray(0, (N / BAG) * D), { shape: [N / BAG, D] });
  const run = () => {
    module.zeroGrad();
    const out = module.forward(input);
    if (backward) out.backward(g);
    return out;
  };
  return {
    run: () => scope(() => run().array[0]),
    outputs: () =>
      tidy(() => {
        const out = run().array.slice();
        return backward ? [module.weight.grad!.toDense().array] : [out];
      }),
    dispose: () => {
      for (const held of [module, input, g]) held.dispose();
    },
  };
}

function normal({ V, D, weight }: Data): Task {
  const emb = new nn.Embedding(V, D, { weight });
  const generator = new Generator().manualSeed(SEED + 1);
  const run = () => tidy(() => nn.init.normal_(emb.weight, { generator }).array[0]);
  const outputs = () => {
    run();
    return [emb.weight.array];
  };
  return { run, outputs, dispose: () => emb.dispose() };
}

/** The same rows as a look-up's, by linear algebra. */
function oneHotProduct(data: Data): Task {
  const { emb, input, dispose } = setUp(data);
  const transposed = emb.weight.data.transpose(0, 1);
  const product = () => F.linear(F.oneHot(input, data.V).float(), transposed).array;
  return {
    run: () => tidy(() => product()[0]),
    outputs: () => tidy(() => [product().slice()]),
    dispose: () => [transposed.dispose(), dispose()],
  };
}

function matmul({ V, D, N, weight, gradient }: Data): Task {
  const [a, b] = [tensor(gradient, { shape: [N, D] }), tensor(weight, { shape: [V, D] })];
  return {
    run: () => tidy(() => a.matmul(b).array[0]),
    outputs: () => tidy(() => [a.matmul(b).array.slice()]),
    dispose: () => [a.dispose(), b.dispose()],
  };
}

/** The result is its own gradient. */
function linearBackward({ V, D, N, weight, gradient }: Data): Task {
  const x = tensor(gradient, { shape: [N, D], requiresGrad: true });
  const w = tensor(weight, { shape: [V, D], requiresGrad: true });
  const thereAndBack = () => {
    x.grad = null;
    w.grad = null;
    const out = F.linear(x, w);
    out.backward(out.detach());
    return [out, x.grad!, w.grad!].map((result) => result.toDense().array);
  };
  return {
    run: () => tidy(() => thereAndBack()[2][0]),
    outputs: () => tidy(() => thereAndBack().map((result) => result.slice())),
    dispose: () => [x.dispose(), w.dispose()],
  };
}
