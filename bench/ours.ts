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
import { packed } from "./packed.js";

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
  "bag sum": (data, scope) => bag(data, "sum", scope),
  "bag mean": (data, scope) => bag(data, "mean", scope),
  "bag max": (data, scope) => bag(data, "max", scope),
  "bag sum backward": (data) => bagBackward(data, "sum"),
  "bag max backward": (data) => bagBackward(data, "max"),
  normal_: normal,
  "copy to a new array": copy,
  "look-up, int8": packed.lookUp,
  "bag sum, int8": packed.bag,
  nearest: (data) => packed.search(data, "float32"),
  "nearest, int8": (data) => packed.search(data, "int8"),
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

/**
 * Of a forward that is not timed. finish: what else belongs to the operation, a number out of it; results: one's that `finish`
 * has ended.
 */
function backward(
  { emb, input, g, dispose }: { emb: nn.Embedding | nn.EmbeddingBag; input: Tensor; g: Tensor; dispose(): void },
  finish: () => number,
  results: () => ArrayLike<number>[],
): Task {
  let out: Tensor | null = null;
  const prepare = () => {
    emb.zeroGrad();
    out?.dispose();
    out = emb.forward(input);
  };
  return {
    prepare,
    run: () =>
      tidy(() => {
        out!.backward(g);
        return finish();
      }),
    outputs: () => {
      prepare();
      return tidy(() => {
        out!.backward(g);
        return results();
      });
    },
    dispose: () => [out?.dispose(), dispose()],
  };
}

function denseBackward(data: Data, read: boolean): Task {
  const held = setUp(data);
  const { weight } = held.emb;
  // Reading grad writes out its V x D numbers.
  const finish = () => (read ? weight.grad!.at(0, 0).item() : memory().numBytes);
  return backward(held, finish, () => [weight.grad!.toDense().array]);
}

function sparseBackward(data: Data): Task {
  const held = setUp(data, { sparse: true });
  const coalesced = () => {
    const { grad } = held.emb.weight;
    if (!(grad instanceof SparseTensor)) throw new Error("the gradient should be sparse");
    return grad.coalesce();
  };
  const results = () => {
    const { indices, values } = coalesced();
    return [indices.array.slice(), values.array.slice()];
  };
  return backward(held, () => coalesced().values.array[0], results);
}

function renorm(data: Data): Task {
  const { emb, input, dispose } = setUp(data, { maxNorm: MAX_NORM });
  return {
    run: () => tidy(() => emb.forward(input).array[0]),
    prepare: () => void emb.weight.data.copy_(data.weight),
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
function setUpBags({ V, D, N, weight, index, gradient }: Data, mode: F.BagMode) {
  const emb = new nn.EmbeddingBag(V, D, { weight, mode });
  const input = longTensor(index, { shape: [N / BAG, BAG] });
  const g = tensor(gradient.subarray(0, (N / BAG) * D), { shape: [N / BAG, D] });
  const dispose = () => {
    for (const held of [emb, input, g]) held.dispose();
  };
  return { emb, input, g, dispose };
}

function bag(data: Data, mode: F.BagMode, scope: Scope): Task {
  const { emb, input, dispose } = setUpBags(data, mode);
  return {
    run: () => scope(() => emb.forward(input).array[0]),
    outputs: () => tidy(() => [emb.forward(input).array.slice()]),
    dispose,
  };
}

function bagBackward(data: Data, mode: F.BagMode): Task {
  const held = setUpBags(data, mode);
  return backward(
    held,
    () => memory().numBytes,
    () => [held.emb.weight.grad!.toDense().array],
  );
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

/** What a result costs that leaves linear memory. */
function copy({ N, D, gradient }: Data): Task {
  const x = tensor(gradient, { shape: [N, D] });
  const newest = () => new Float32Array(x.array);
  return { run: () => newest()[0], outputs: () => [newest()], dispose: () => x.dispose() };
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
