import { cat, functional as F, longTensor, nn, ones, type Tensor, tensor, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectError, expectGolden, numbers, tensorOf, valuesOf } from "../tensor/compare.js";
import { decode, type Encoded, golden } from "./load.js";

/** Exact, or near: then `ulp` holds for every element the exponent of the unit that its error is counted in. */
type Result = Encoded & { ulp?: string };

interface Args {
  dim: number;
  keepdim: boolean;
  dim0: number;
  dim1: number;
  eps: number;
  p: number;
  other: number;
  shape: number[];
  start: number;
  length: number;
  numClasses: number;
  reduction: "none" | "mean" | "sum";
  ignoreIndex: number;
  lengths: number[];
  batchFirst: boolean;
}

interface Case {
  op: string;
  args: Args;
  inputs: Encoded[];
  target?: Encoded;
  out: Result;
  grad_fn: string | null;
  grad_out: Encoded | null;
  grads: (Result | null)[];
}

interface Unpadded {
  op: "unpad_sequence";
  args: Args;
  inputs: Encoded[];
  outs: Encoded[];
  grad_fns: (string | null)[];
  grad_outs: Encoded[];
  grads: (Encoded | null)[];
}

interface Printed {
  print: string;
  text: string;
}

interface Mistaken {
  what: string;
  message: string;
}

const { cases } = golden<Case | Unpadded | Printed | Mistaken>("functional");

/** What functional.py demands of PyTorch's own float32. */
const FEW = 4;

type Operation = (inputs: Tensor[], args: Args, target: Tensor) => Tensor;

const OPERATIONS: Record<string, Operation> = {
  relu: ([x]) => F.relu(x),
  tanh: ([x]) => F.tanh(x),
  sigmoid: ([x]) => F.sigmoid(x),
  log_sigmoid: ([x]) => F.logSigmoid(x),
  softmax: ([x], { dim }) => F.softmax(x, { dim }),
  log_softmax: ([x], { dim }) => F.logSoftmax(x, { dim }),
  cross_entropy: ([x], { ignoreIndex, reduction }, target) => F.crossEntropy(x, target, { ignoreIndex, reduction }),
  nll_loss: ([x], { ignoreIndex, reduction }, target) => F.nllLoss(x, target, { ignoreIndex, reduction }),
  mse_loss: ([x, y], { reduction }) => F.mseLoss(x, y, { reduction }),
  binary_cross_entropy_with_logits: ([x], { reduction }, target) =>
    F.binaryCrossEntropyWithLogits(x, target, { reduction }),
  cosine_similarity: ([x, y], { dim, eps }) => F.cosineSimilarity(x, y, { dim, eps }),
  normalize: ([x], { p, dim, eps }) => F.normalize(x, { p, dim, eps }),
  max: ([x]) => x.max(),
  max_values: ([x], { dim, keepdim }) => x.max(dim, { keepdim }).values,
  max_indices: ([x], { dim, keepdim }) => x.max(dim, { keepdim }).indices,
  argmax: ([x], { dim, keepdim }) => x.argmax(dim, { keepdim }),
  cat: (inputs, { dim }) => cat(inputs, dim),
  add: ([a, b], { other }) => a.add(b ?? other),
  sub: ([a, b], { other }) => a.sub(b ?? other),
  mul: ([a, b], { other }) => a.mul(b ?? other),
  div: ([a, b], { other }) => a.div(b ?? other),
  sum: ([x], { dim, keepdim }) => x.sum(dim, { keepdim }),
  mean: ([x], { dim, keepdim }) => x.mean(dim, { keepdim }),
  matmul: ([a, b]) => a.matmul(b),
  linear: ([x, weight, bias]) => F.linear(x, weight, bias),
  transpose: ([x], { dim0, dim1 }) => x.transpose(dim0, dim1),
  reshape: ([x], { shape }) => x.reshape(shape),
  narrow: ([x], { dim, start, length }) => x.narrow(dim, start, length),
  one_hot: ([x], { numClasses }) => F.oneHot(x, numClasses),
};

/** PyTorch folds a matrix times a batch into one product, and names the copy after it if the matrix requires a gradient. */
const nameOf = (theirs: string | null) => (theirs === "CloneBackward0" ? "UnsafeViewBackward0" : theirs);

const operations = cases.filter((c): c is Case => "op" in c && c.op !== "unpad_sequence");
const shapesOf = (c: { inputs: Encoded[] }) => c.inputs.map(({ shape, dtype }) => `${dtype}[${shape}]`).join(", ");
const titled = operations.map((c) => [c.op, shapesOf(c), JSON.stringify(c.args), c] as const);

function run(c: Case): { inputs: Tensor[]; out: Tensor } {
  const inputs = c.inputs.map((input, i) => tensorOf(input, c.grads[i] !== null));
  const target = c.target && tensorOf(c.target);
  return { inputs, out: OPERATIONS[c.op](inputs, numbers(c.args), target as Tensor) };
}

/** The bits, or within FEW units of what float64 says. */
function expectResult(actual: Tensor, expected: Result): void {
  if (expected.ulp === undefined) {
    expectGolden(actual, expected);
    return;
  }
  const exponents = new Int8Array(Uint8Array.from(Buffer.from(expected.ulp, "base64")).buffer);
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const { data } = decode(expected);
  expect(exponents).toHaveLength(data.length);
  expectClose(valuesOf(actual), data, FEW, (i) => (exponents[i] === -128 ? 0 : 2 ** (exponents[i] - 23)));
}

describe("a function gives PyTorch's values, and its name to the graph", () => {
  it("every golden operation is here", () => {
    expect(Object.keys(OPERATIONS).sort()).toEqual([...new Set(operations.map((c) => c.op))].sort());
  });

  it.each(titled)("%s of %s, %s", (...[, , , c]) => {
    const { out } = run(c);
    expectResult(out, c.out);
    expect(out.gradFn?.name ?? null).toBe(nameOf(c.grad_fn));
  });

  it.each(["relu", "tanh", "sigmoid"] as const)("%s is a method too", (name) => {
    for (const c of operations.filter(({ op }) => op === name)) {
      const x = tensorOf(c.inputs[0], true);
      expectBits(valuesOf(x[name]()), valuesOf(F[name](x)));
      expect(x[name]().gradFn?.name).toBe(c.grad_fn);
    }
  });
});

describe("a function gives PyTorch's gradients", () => {
  const differentiable = titled.filter(([, , , c]) => c.grad_out !== null);

  it.each(differentiable)("%s of %s, %s", (...[, , , c]) => {
    const { inputs, out } = run(c);
    out.backward(tensorOf(c.grad_out!));
    for (const [i, expected] of c.grads.entries()) {
      if (expected === null) expect(inputs[i].grad).toBeNull();
      else expectResult(inputs[i].grad!.toDense(), expected);
      expectBits(valuesOf(inputs[i]), decode(c.inputs[i]).data);
    }
  });

  it.each(titled.filter(([, , , c]) => c.grad_out === null))("%s of %s, %s has none", (...[, , , c]) => {
    const { out } = run(c);
    expect([out.requiresGrad, out.gradFn]).toEqual([false, null]);
  });
});

describe("a class target", () => {
  /** [[0, 2]] from the flat numbers and the shape. */
  function nestedOf({ shape, data }: { shape: number[]; data: ArrayLike<number> }): unknown {
    if (shape.length === 0) return data[0];
    const [first, ...rest] = shape;
    const size = rest.reduce((a, b) => a * b, 1);
    return Array.from({ length: first }, (_, i) =>
      nestedOf({ shape: rest, data: Array.from(data).slice(i * size, (i + 1) * size) }),
    );
  }

  const losses = titled.filter(([op]) => op === "cross_entropy" || op === "nll_loss");

  it.each(losses.filter(([, , , c]) => !c.target!.shape.includes(0)))(
    "of %s for %s, %s may be an array",
    (op, ...[, , c]) => {
      const x = tensorOf(c.inputs[0]);
      const { ignoreIndex, reduction } = c.args;
      const target = nestedOf(decode(c.target!)) as never;
      const loss = op === "nll_loss" ? F.nllLoss : F.crossEntropy;
      expectResult(loss(x, target, { ignoreIndex, reduction }), c.out);
    },
  );
});

describe("nn.utils.rnn.unpadSequence gives PyTorch's parts and gradient", () => {
  const unpadded = cases.filter((c): c is Unpadded => "outs" in c);

  it.each(unpadded.map((c) => [shapesOf(c), JSON.stringify(c.args), c] as const))("of %s, %s", (_shapes, _args, c) => {
    const [input] = c.inputs;
    const padded = tensorOf(input, c.grads[0] !== null);
    const { lengths, batchFirst } = c.args;
    const outs = nn.utils.rnn.unpadSequence(padded, lengths, { batchFirst });
    expect(outs).toHaveLength(c.outs.length);
    for (const [i, out] of outs.entries()) {
      expectGolden(out, c.outs[i]);
      expect(out.gradFn?.name ?? null).toBe(c.grad_fns[i]);
    }
    for (const [i, grad] of c.grad_outs.entries()) outs[i].backward(tensorOf(grad));
    const [grad] = c.grads;
    if (grad === null) expect(padded.grad).toBeNull();
    else expectGolden(padded.grad!.toDense(), grad);
    // PyTorch transposes its input in place.
    expectGolden(padded, input);
  });
});

// Printing

const printedScope = () => ({
  x: tensor(
    [
      [1.5, -2, 0.25],
      [3, -0.5, 1],
    ],
    { requiresGrad: true },
  ),
  i: longTensor([
    [1, -2, 3],
    [4, 5, -6],
  ]),
  target: longTensor([2, 0]),
});

const PRINTS: Record<string, (scope: ReturnType<typeof printedScope>) => Tensor> = {
  "x.relu()": ({ x }) => x.relu(),
  "F.relu(x)": ({ x }) => F.relu(x),
  "x.tanh()": ({ x }) => x.tanh(),
  "F.tanh(x)": ({ x }) => F.tanh(x),
  "x.sigmoid()": ({ x }) => x.sigmoid(),
  "F.sigmoid(x)": ({ x }) => F.sigmoid(x),
  "F.logsigmoid(x)": ({ x }) => F.logSigmoid(x),
  "F.softmax(x, dim=1)": ({ x }) => F.softmax(x, { dim: 1 }),
  "F.softmax(x, dim=0)": ({ x }) => F.softmax(x, { dim: 0 }),
  "F.log_softmax(x, dim=-1)": ({ x }) => F.logSoftmax(x, { dim: -1 }),
  "F.cross_entropy(x, target)": ({ x, target }) => F.crossEntropy(x, target),
  'F.cross_entropy(x, target, reduction="none")': ({ x, target }) => F.crossEntropy(x, target, { reduction: "none" }),
  "F.cross_entropy(x[0], target[0])": ({ x, target }) => F.crossEntropy(x.at(0), target.at(0)),
  "F.cross_entropy(x[None], target[:1, None].expand(1, 3) * 0)": ({ x }) =>
    F.crossEntropy(x.reshape([1, 2, 3]), [[0, 0, 0]]),
  "F.cross_entropy(x, target * 0 - 100)": ({ x }) => F.crossEntropy(x, [-100, -100]),
  "F.nll_loss(x, target)": ({ x, target }) => F.nllLoss(x, target),
  'F.nll_loss(x, target, reduction="sum")': ({ x, target }) => F.nllLoss(x, target, { reduction: "sum" }),
  "F.mse_loss(x, x.detach() * 2)": ({ x }) => F.mseLoss(x, x.detach().mul(2)),
  'F.mse_loss(x, x.detach() * 2, reduction="none")': ({ x }) => F.mseLoss(x, x.detach().mul(2), { reduction: "none" }),
  "F.binary_cross_entropy_with_logits(x, torch.ones(2, 3))": ({ x }) => F.binaryCrossEntropyWithLogits(x, ones([2, 3])),
  'F.binary_cross_entropy_with_logits(x, torch.ones(2, 3), reduction="sum")': ({ x }) =>
    F.binaryCrossEntropyWithLogits(x, ones([2, 3]), { reduction: "sum" }),
  'F.binary_cross_entropy_with_logits(x, torch.ones(2, 3), reduction="none")': ({ x }) =>
    F.binaryCrossEntropyWithLogits(x, ones([2, 3]), { reduction: "none" }),
  "F.cosine_similarity(x, torch.ones(3))": ({ x }) => F.cosineSimilarity(x, ones([3])),
  "F.cosine_similarity(x, torch.ones(2, 3), dim=0)": ({ x }) => F.cosineSimilarity(x, ones([2, 3]), { dim: 0 }),
  "F.normalize(x)": ({ x }) => F.normalize(x),
  "F.normalize(x, p=1, dim=0)": ({ x }) => F.normalize(x, { p: 1, dim: 0 }),
  "F.normalize(x, p=INF)": ({ x }) => F.normalize(x, { p: Infinity }),
  "F.linear(x, torch.ones(2, 3), torch.ones(2))": ({ x }) => F.linear(x, ones([2, 3]), ones([2])),
  "F.linear(x, torch.ones(2, 3))": ({ x }) => F.linear(x, ones([2, 3])),
  "F.linear(x[0], torch.ones(2, 3), torch.ones(2))": ({ x }) => F.linear(x.at(0), ones([2, 3]), ones([2])),
  "F.linear(x[None], torch.ones(2, 3), torch.ones(2))": ({ x }) =>
    F.linear(x.reshape([1, 2, 3]), ones([2, 3]), ones([2])),
  "x.max()": ({ x }) => x.max(),
  "x.max(1).values": ({ x }) => x.max(1).values,
  "x.max(1).indices": ({ x }) => x.max(1).indices,
  "x.max(0, keepdim=True).values": ({ x }) => x.max(0, { keepdim: true }).values,
  "x.argmax()": ({ x }) => x.argmax(),
  "x.argmax(1)": ({ x }) => x.argmax(1),
  "x.argmax(1, keepdim=True)": ({ x }) => x.argmax(1, { keepdim: true }),
  "torch.cat([x, x])": ({ x }) => cat([x, x]),
  "torch.cat([x, x], dim=1)": ({ x }) => cat([x, x], 1),
  "torch.cat([i, i])": ({ i }) => cat([i, i]),
  "x + i": ({ x, i }) => x.add(i),
  "x - i": ({ x, i }) => x.sub(i),
  "x * i": ({ x, i }) => x.mul(i),
  "x / i": ({ x, i }) => x.div(i),
  "i + i": ({ i }) => i.add(i),
  "i - i": ({ i }) => i.sub(i),
  "i * i": ({ i }) => i.mul(i),
  "i / i": ({ i }) => i.div(i),
  "i * 2": ({ i }) => i.mul(2),
  "i + 1": ({ i }) => i.add(1),
  "i / 2": ({ i }) => i.div(2),
  "x @ torch.ones(3)": ({ x }) => x.matmul(ones([3])),
  "torch.ones(2) @ x": ({ x }) => ones([2]).matmul(x),
  "x[0] @ torch.ones(3)": ({ x }) => x.at(0).matmul(ones([3])),
  "x[None] @ torch.ones(3)": ({ x }) => x.reshape([1, 2, 3]).matmul(ones([3])),
  "torch.ones(2) @ x[None]": ({ x }) => ones([2]).matmul(x.reshape([1, 2, 3])),
  "x.sum([0, 1])": ({ x }) => x.sum([0, 1]),
  "x.mean(0)": ({ x }) => x.mean(0),
  "x.sum(1, keepdim=True)": ({ x }) => x.sum(1, { keepdim: true }),
  "x.transpose(0, 1)": ({ x }) => x.transpose(0, 1),
  "x.reshape(3, 2)": ({ x }) => x.reshape([3, 2]),
  "x.narrow(1, 1, 2)": ({ x }) => x.narrow(1, 1, 2),
  "x[1]": ({ x }) => x.at(1),
  "unpad_sequence(x, torch.tensor([2, 1]), True)[1]": ({ x }) =>
    nn.utils.rnn.unpadSequence(x, [2, 1], { batchFirst: true })[1],
};

describe("a result prints as in PyTorch", () => {
  const printed = cases.filter((c): c is Printed => "print" in c);

  it("every golden expression is here", () => {
    expect(Object.keys(PRINTS).sort()).toEqual(printed.map((c) => c.print).sort());
  });

  it.each(printed.map((c) => [c.print, c.text] as const))("%s", (what, text) => {
    expect(String(PRINTS[what](printedScope()))).toBe(text);
  });
});

// Mistakes

const mistakenScope = () => ({
  w: ones([3, 2], { requiresGrad: true }),
  i: ones([3, 2], { dtype: "int32" }),
  x: ones([2, 3, 4]),
});

type ErrorClass = typeof Error | typeof TypeError | typeof RangeError;
/** Our class, the first words of both messages, the mistake in our grammar. */
type Mistakes = Record<string, [ErrorClass, string, (scope: ReturnType<typeof mistakenScope>) => unknown]>;

/** Arguments that the types forbid. */
const wrong = (value: unknown) => value as never;

const outOfRange = (low: number, high: number, dim: number) =>
  `Dimension out of range (expected to be in range of [${low}, ${high}], but got ${dim})`;

const MISTAKES: Mistakes = {
  "F.softmax(w, dim=2)": [RangeError, outOfRange(-2, 1, 2), ({ w }) => F.softmax(w, { dim: 2 })],
  "F.softmax(w, dim=-3)": [RangeError, outOfRange(-2, 1, -3), ({ w }) => F.softmax(w, { dim: -3 })],
  "F.log_softmax(w, dim=2)": [RangeError, outOfRange(-2, 1, 2), ({ w }) => F.logSoftmax(w, { dim: 2 })],
  "F.cross_entropy(w, torch.tensor([0, 1, 5]))": [
    RangeError,
    "Target 5 is out of bounds",
    ({ w }) => F.crossEntropy(w, [0, 1, 5]),
  ],
  "F.cross_entropy(w, torch.tensor([0, 1, -1]))": [
    RangeError,
    "Target -1 is out of bounds",
    ({ w }) => F.crossEntropy(w, longTensor([0, 1, -1])),
  ],
  "F.cross_entropy(w, torch.tensor([0, -1, 5]), ignore_index=-1)": [
    RangeError,
    "Target 5 is out of bounds",
    ({ w }) => F.crossEntropy(w, [0, -1, 5], { ignoreIndex: -1 }),
  ],
  "F.cross_entropy(w, torch.tensor([0, 1]))": [
    RangeError,
    "Expected input batch_size (3) to match target batch_size (2)",
    ({ w }) => F.crossEntropy(w, [0, 1]),
  ],
  "F.cross_entropy(w, torch.tensor([[0, 1, 1]]))": [
    RangeError,
    "Expected input batch_size (3) to match target batch_size (1)",
    ({ w }) => F.crossEntropy(w, [[0, 1, 1]]),
  ],
  "F.cross_entropy(w, torch.tensor([0.0, 1.0, 1.0]))": [
    TypeError,
    "expected target dtype to be Long or Byte, but got Float",
    ({ w }) => F.crossEntropy(w, tensor([0, 1, 1])),
  ],
  "F.cross_entropy(w[0], torch.tensor(2))": [
    RangeError,
    "Target 2 is out of bounds",
    ({ w }) => F.crossEntropy(w.at(0), 2),
  ],
  'F.cross_entropy(w, torch.tensor([0, 1, 1]), reduction="x")': [
    TypeError,
    "x is not a valid value for reduction",
    ({ w }) => F.crossEntropy(w, [0, 1, 1], { reduction: wrong("x") }),
  ],
  "F.cross_entropy(torch.zeros(3, 0), torch.zeros(3).long())": [
    RangeError,
    "Target 0 is out of bounds",
    () => F.crossEntropy(zeros([3, 0]), [0, 0, 0]),
  ],
  "F.cross_entropy(x, torch.zeros(2, 3).long())": [
    RangeError,
    "Expected target size [2, 4], got [2, 3]",
    ({ x }) => F.crossEntropy(x, zeros([2, 3], { dtype: "int32" })),
  ],
  "F.cross_entropy(x, torch.full((2, 4), 7))": [
    RangeError,
    "Target 7 is out of bounds",
    ({ x }) => F.crossEntropy(x, zeros([2, 4], { dtype: "int32" }).fill_(7)),
  ],
  "F.cross_entropy(x, torch.zeros(3, 4).long())": [
    RangeError,
    "Expected input batch_size (2) to match target batch_size (3)",
    ({ x }) => F.crossEntropy(x, zeros([3, 4], { dtype: "int32" })),
  ],
  "F.nll_loss(w, torch.tensor([0, 1, 5]))": [
    RangeError,
    "Target 5 is out of bounds",
    ({ w }) => F.nllLoss(w, Int32Array.of(0, 1, 5)),
  ],
  "F.nll_loss(w, torch.tensor([0, 1, -1]))": [
    RangeError,
    "Target -1 is out of bounds",
    ({ w }) => F.nllLoss(w, [0, 1, -1]),
  ],
  "F.nll_loss(w, torch.tensor([0, 1]))": [
    RangeError,
    "Expected input batch_size (3) to match target batch_size (2)",
    ({ w }) => F.nllLoss(w, [0, 1]),
  ],
  "F.nll_loss(w, torch.tensor([0.0, 1.0, 1.0]))": [
    TypeError,
    "expected target dtype to be Long or Byte, but got Float",
    ({ w }) => F.nllLoss(w, tensor([0, 1, 1])),
  ],
  "F.nll_loss(w[0, 0], torch.tensor(0))": [
    RangeError,
    "Expected 1 or more dimensions (got 0)",
    ({ w }) => F.nllLoss(w.at(0, 0), 0),
  ],
  'F.nll_loss(w, torch.tensor([0, 1, 1]), reduction="x")': [
    TypeError,
    "x is not a valid value for reduction",
    ({ w }) => F.nllLoss(w, [0, 1, 1], { reduction: wrong("x") }),
  ],
  "F.nll_loss(x, torch.zeros(2, 5).long())": [
    RangeError,
    "Expected target size [2, 4], got [2, 5]",
    ({ x }) => F.nllLoss(x, zeros([2, 5], { dtype: "int32" })),
  ],
  "F.nll_loss(x, torch.full((2, 4), 7))": [
    RangeError,
    "Target 7 is out of bounds",
    ({ x }) => F.nllLoss(x, zeros([2, 4], { dtype: "int32" }).fill_(7)),
  ],
  'F.mse_loss(w, torch.zeros(3, 2), reduction="x")': [
    TypeError,
    "x is not a valid value for reduction",
    ({ w }) => F.mseLoss(w, zeros([3, 2]), { reduction: wrong("x") }),
  ],
  "F.cosine_similarity(w, torch.ones(3))": [
    RangeError,
    "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 1",
    ({ w }) => F.cosineSimilarity(w, ones([3])),
  ],
  "F.cosine_similarity(w, torch.ones(3, 2), dim=2)": [
    RangeError,
    outOfRange(-2, 1, 2),
    ({ w }) => F.cosineSimilarity(w, ones([3, 2]), { dim: 2 }),
  ],
  "F.cosine_similarity(w[0], torch.ones(2))": [
    RangeError,
    outOfRange(-1, 0, 1),
    ({ w }) => F.cosineSimilarity(w.at(0), ones([2])),
  ],
  "F.normalize(w, dim=2)": [RangeError, outOfRange(-2, 1, 2), ({ w }) => F.normalize(w, { dim: 2 })],
  "F.normalize(w[0])": [RangeError, outOfRange(-1, 0, 1), ({ w }) => F.normalize(w.at(0))],
  "w.max(2)": [RangeError, outOfRange(-2, 1, 2), ({ w }) => w.max(2)],
  "w.argmax(2)": [RangeError, outOfRange(-2, 1, 2), ({ w }) => w.argmax(2)],
  "torch.zeros(0).max()": [
    RangeError,
    "Expected reduction dim to be specified for input.numel() == 0.",
    () => zeros([0]).max(),
  ],
  "torch.zeros(0, 3).max(0)": [
    RangeError,
    "Expected reduction dim 0 to have non-zero size.",
    () => zeros([0, 3]).max(0),
  ],
  "torch.zeros(3, 0).max(1)": [
    RangeError,
    "Expected reduction dim 1 to have non-zero size.",
    () => zeros([3, 0]).max(1),
  ],
  "torch.zeros(0).argmax()": [
    RangeError,
    "Expected reduction dim to be specified for input.numel() == 0.",
    () => zeros([0]).argmax(),
  ],
  "torch.zeros(0, 3).argmax(0)": [
    RangeError,
    "Expected reduction dim 0 to have non-zero size.",
    () => zeros([0, 3]).argmax(0),
  ],
  "torch.cat([])": [RangeError, "expected a non-empty list of Tensors", () => cat([])],
  "torch.cat([w, 5])": [
    TypeError,
    "expected Tensor as element 1 in argument 0, but got ",
    ({ w }) => cat([w, wrong(5)]),
  ],
  "torch.cat(w)": [
    TypeError,
    "argument 'tensors' (position 1) must be tuple of Tensors, not ",
    ({ w }) => cat(wrong(w)),
  ],
  "torch.cat([w, torch.ones(2, 3)])": [
    RangeError,
    "Sizes of tensors must match except in dimension 0. Expected size 2 but got size 3 for tensor number 1 in the list",
    ({ w }) => cat([w, ones([2, 3])]),
  ],
  "torch.cat([w, torch.ones(2)])": [
    RangeError,
    "Tensors must have same number of dimensions: got 2 and 1",
    ({ w }) => cat([w, ones([2])]),
  ],
  "torch.cat([w, torch.ones(3, 2)], 2)": [RangeError, outOfRange(-2, 1, 2), ({ w }) => cat([w, ones([3, 2])], 2)],
  "torch.cat([torch.tensor(1.0), torch.tensor(2.0)])": [
    RangeError,
    "zero-dimensional tensor (at position 0) cannot be concatenated",
    () => cat([tensor(1), tensor(2)]),
  ],
  "w.int() + torch.ones(5).int()": [
    RangeError,
    "The size of tensor a (2) must match the size of tensor b (5) at non-singleton dimension 1",
    ({ i }) => i.add(ones([5], { dtype: "int32" })),
  ],
  "torch.ones(2) @ w": [
    RangeError,
    "mat1 and mat2 shapes cannot be multiplied (1x2 and 3x2)",
    ({ w }) => ones([2]).matmul(w),
  ],
  "w @ torch.tensor(1.0)": [
    RangeError,
    "both arguments to matmul need to be at least 1D, but they are 2D and 0D",
    ({ w }) => w.matmul(tensor(1)),
  ],
  "F.linear(w, torch.ones(4, 3))": [
    RangeError,
    "mat1 and mat2 shapes cannot be multiplied (3x2 and 3x4)",
    ({ w }) => F.linear(w, ones([4, 3])),
  ],
  "x.transpose(0, 3)": [RangeError, outOfRange(-3, 2, 3), ({ x }) => x.transpose(0, 3)],
  "x.reshape(5, -1)": [RangeError, "shape '[5, -1]' is invalid for input of size 24", ({ x }) => x.reshape([5, -1])],
  "x.narrow(3, 0, 1)": [RangeError, outOfRange(-3, 2, 3), ({ x }) => x.narrow(3, 0, 1)],
  "x.narrow(1, 2, 2)": [RangeError, "start (2) + length (2) exceeds dimension size (3).", ({ x }) => x.narrow(1, 2, 2)],
  "x.sum(3)": [RangeError, outOfRange(-3, 2, 3), ({ x }) => x.sum(3)],
  "x.mean((0, 0))": [RangeError, "dim 0 appears multiple times in the list of dims", ({ x }) => x.mean([0, 0])],
  "F.one_hot(torch.tensor([5]), 5)": [
    RangeError,
    "Class values must be smaller than num_classes",
    () => F.oneHot([5], 5),
  ],
  "F.one_hot(torch.tensor([-1]), 5)": [RangeError, "Class values must be non-negative", () => F.oneHot([-1], 5)],
};

/** Where PyTorch names one of its kernels, has one of Python's texts, or only warns. */
const OWN_WORDS: Mistakes = {
  "F.softmax(w)": [TypeError, "dim", ({ w }) => F.softmax(w, wrong({}))],
  "F.log_softmax(w)": [TypeError, "dim", ({ w }) => F.logSoftmax(w, wrong({}))],
  'F.softmax(w, dim="0")': [TypeError, "dim", ({ w }) => F.softmax(w, { dim: wrong("0") })],
  "F.softmax(w.int(), dim=0)": [TypeError, "float32", ({ i }) => F.softmax(i, { dim: 0 })],
  "F.log_softmax(w.int(), dim=0)": [TypeError, "float32", ({ i }) => F.logSoftmax(i, { dim: 0 })],
  "F.logsigmoid(w.int())": [TypeError, "float32", ({ i }) => F.logSigmoid(i)],
  "F.cross_entropy(w[0, 0], torch.tensor(0))": [
    RangeError,
    "Expected 1 or more dimensions (got 0)",
    ({ w }) => F.crossEntropy(w.at(0, 0), 0),
  ],
  "F.cross_entropy(w.int(), torch.tensor([0, 1, 1]))": [TypeError, "float32", ({ i }) => F.crossEntropy(i, [0, 1, 1])],
  "F.cross_entropy(w, torch.tensor([0, 1, 1]), ignore_index=0.5)": [
    TypeError,
    "ignoreIndex",
    ({ w }) => F.crossEntropy(w, [0, 1, 1], { ignoreIndex: 0.5 }),
  ],
  "F.nll_loss(w.int(), torch.tensor([0, 1, 1]))": [TypeError, "float32", ({ i }) => F.nllLoss(i, [0, 1, 1])],
  "F.mse_loss(w, torch.zeros(3))": [
    RangeError,
    "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 1",
    ({ w }) => F.mseLoss(w, zeros([3])),
  ],
  "F.mse_loss(w.int(), torch.zeros(3, 2).int())": [TypeError, "float32", ({ i }) => F.mseLoss(i, i)],
  "F.binary_cross_entropy_with_logits(w, torch.zeros(3, 2).int())": [
    TypeError,
    "float32",
    ({ w, i }) => F.binaryCrossEntropyWithLogits(w, i),
  ],
  "F.cosine_similarity(w.int(), torch.ones(3, 2).int())": [TypeError, "float32", ({ i }) => F.cosineSimilarity(i, i)],
  "F.normalize(w.int())": [TypeError, "float32", ({ i }) => F.normalize(i)],
  'F.normalize(w, p="2")': [TypeError, "p", ({ w }) => F.normalize(w, { p: wrong("2") })],
  "torch.tensor([1, 2]).int().mean()": [TypeError, "float32", ({ i }) => i.mean()],
  "w @ torch.ones(3)": [RangeError, "shapes cannot be multiplied (3x2 and 3x1)", ({ w }) => w.matmul(ones([3]))],
  "torch.ones(2) @ torch.ones(3)": [RangeError, "shapes cannot be multiplied", () => ones([2]).matmul(ones([3]))],
  "x @ torch.ones(5)": [RangeError, "shapes cannot be multiplied", ({ x }) => x.matmul(ones([5]))],
  "x @ torch.ones(3, 5)": [RangeError, "shapes cannot be multiplied", ({ x }) => x.matmul(ones([3, 5]))],
  "F.linear(w, torch.ones(4, 2), torch.ones(3))": [RangeError, "bias", ({ w }) => F.linear(w, ones([4, 2]), ones([3]))],
};

/** A message without the name of the function before it, ours or PyTorch's. */
const withoutName = (message: string) => message.replace(/^((torch\.)?\w+(\(\))?: )+/, "");

describe("a mistake is answered in PyTorch's words", () => {
  const mistakes = cases.filter((c): c is Mistaken => "message" in c);

  it("every golden mistake is here, once", () => {
    const known = [MISTAKES, OWN_WORDS].flatMap((list) => Object.keys(list));
    expect(known.sort()).toEqual(mistakes.map((c) => c.what).sort());
  });

  it.each(mistakes.filter((c) => c.what in MISTAKES).map((c) => [c.what, c.message] as const))(
    "%s",
    (what, message) => {
      const [type, words, mistake] = MISTAKES[what];
      expect(withoutName(message).startsWith(words)).toBe(true);
      const given = mistakenScope();
      expectError(() => mistake(given), type, words);
      try {
        mistake(given);
      } catch (error) {
        expect(withoutName((error as Error).message).slice(0, words.length)).toBe(words);
      }
    },
  );

  it.each(Object.entries(OWN_WORDS))("%s, in our words", (_, [type, words, mistake]) => {
    const given = mistakenScope();
    expectError(() => mistake(given), type, words);
  });

  it.each<[string, (i: Tensor) => unknown]>([
    ["add", (i) => i.add(0.5)],
    ["sub", (i) => i.sub(0.5)],
    ["mul", (i) => i.mul(NaN)],
    ["mul", (i) => i.mul(Infinity)],
  ])("int32 takes no fraction: %s", (_, mistake) => {
    expectError(() => mistake(ones([2], { dtype: "int32" })), TypeError, "integer");
  });
});
