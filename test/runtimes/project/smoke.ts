// What a user's first hour does, in one function that needs nothing of its host; then the package's own vectors.

import { manualSeed, memory, nn, optim, tensor, tidy } from "nn-embedding";
import { verify } from "nn-embedding/verify";

export type Report = ReturnType<typeof report>;

function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: expected ${expected}, got ${actual}`);
}

/** README's first program. What it prints is what PyTorch prints. */
function firstExample(): void {
  manualSeed(42);
  const emb = new nn.Embedding(10, 4, { paddingIdx: 0 });
  const sgd = new optim.SGD(emb.parameters(), { lr: 0.1 });
  const out = emb.forward([
    [1, 2, 0],
    [3, 0, 0],
  ]);
  const loss = out.sum();
  sgd.zeroGrad();
  loss.backward();
  sgd.step();
  expect("loss", String(loss), "tensor(-4.3971, grad_fn=<SumBackward0>)");
  expect("padding", String(out.at(0, 2)), "tensor([0., 0., 0., 0.], grad_fn=<SelectBackward0>)");
  expect("module", String(emb), "Embedding(10, 4, padding_idx=0)");
}

/** Ten steps towards `target`; returns the trained weights, which have the same bits in every runtime. */
function train(
  module: nn.Embedding | nn.EmbeddingBag,
  optimizer: optim.SGD | optim.SparseAdam,
  input: number[][],
): number[] {
  const target = tensor([0.5, -1, 2]);
  const losses = Array.from({ length: 10 }, () =>
    tidy(() => {
      optimizer.zeroGrad();
      const error = module.forward(input).sub(target);
      const loss = error.mul(error).mean();
      loss.backward();
      optimizer.step();
      return loss.item();
    }),
  );
  for (let i = 1; i < losses.length; i++) {
    expect(`loss ${losses[i]} after ${losses[i - 1]} falls`, losses[i] < losses[i - 1], true);
  }
  return [...module.weight.array];
}

function badIndex(): void {
  const emb = new nn.Embedding(10, 4);
  const words = "embedding: index out of range in self: input[0][1] is 12, valid range is [0, 10)";
  try {
    emb.forward([[1, 12]]);
  } catch (error) {
    expect("kind of a bad index", error instanceof RangeError, true);
    expect("text of a bad index", (error as Error).message, words);
    return;
  }
  throw new Error("a bad index was accepted");
}

function smoke(): number[] {
  firstExample();
  badIndex();
  manualSeed(7);
  const emb = new nn.Embedding(7, 3);
  const bag = new nn.EmbeddingBag(7, 3, { mode: "sum", sparse: true });
  const input = [
    [1, 2, 2, 6],
    [5, 1, 0, 3],
  ];
  const before = memory();
  const trained = [
    ...train(emb, new optim.SGD(emb.parameters(), { lr: 0.5 }), input),
    ...train(bag, new optim.SparseAdam(bag.parameters(), { lr: 0.01 }), input),
  ];
  expect("memory grew", memory().reservedBytes, before.reservedBytes);
  return trained;
}

/** Everything the matrix wants to know of a runtime. A fault in the smoke program does not keep the vectors from running. */
export function report() {
  let trained: number[] = [];
  let fault = "";
  try {
    trained = smoke();
  } catch (error) {
    fault = String(error);
  }
  return { ...host(), trained, fault, ...verify() };
}

/** What runs this program, in its own words, so that the table cannot name another. A shell or a page has none: "". */
function host(): { version: string; engine: string } {
  const { Deno, Bun, process } = globalThis as unknown as Hosts;
  if (Deno) return { version: Deno.version.deno, engine: `V8 ${Deno.version.v8}` };
  if (Bun) return { version: Bun.version, engine: `JavaScriptCore ${process?.versions?.webkit.slice(0, 7)}` };
  if (process?.versions) return { version: process.versions.node, engine: `V8 ${process.versions.v8}` };
  return { version: "", engine: "" };
}

interface Hosts {
  Deno?: { version: Record<string, string> };
  Bun?: { version: string };
  process?: { versions?: Record<string, string> };
}
