import { functional as F, nn, type Tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectGolden, gradOf, largest, tensorOf, valuesOf } from "../tensor/compare.js";
import { decode, type Encoded, golden } from "./load.js";

interface Args {
  other: number;
  dim: number & number[];
  keepdim: boolean;
  dim0: number;
  dim1: number;
  shape: number[];
  index: number & number[];
  start: number;
  length: number;
  reduction: "none" | "mean" | "sum";
  numClasses: number;
  batchFirst: boolean;
  paddingValue: number;
  paddingSide: "left" | "right";
}

interface Case {
  op: string;
  args: Args;
  inputs: Encoded[];
  out: Encoded;
  grad_out: Encoded | null;
  grads: (Encoded | null)[];
}

type Operation = (inputs: Tensor[], args: Args) => Tensor;

/** The element or block at one index of any dimension: `at` has only leading ones. */
function select(x: Tensor, dim: number, index: number): Tensor {
  return x.narrow(dim, index, 1).reshape(x.shape.filter((_, i) => i !== dim));
}

/** To the bit: nothing is added up, or PyTorch adds in the same order. */
const EXACT: Record<string, Operation> = {
  add: ([a, b], { other }) => a.add(b ?? other),
  sub: ([a, b], { other }) => a.sub(b ?? other),
  mul: ([a, b], { other }) => a.mul(b ?? other),
  div: ([a, b], { other }) => a.div(b ?? other),
  neg: ([x]) => x.neg(),
  reshape: ([x], { shape }) => x.reshape(shape),
  transpose: ([x], { dim0, dim1 }) => x.transpose(dim0, dim1),
  at: ([x], { index }) => x.at(...index),
  select: ([x], { dim, index }) => select(x, dim, index),
  narrow: ([x], { dim, start, length }) => x.narrow(dim, start, length),
  one_hot: ([x], { numClasses }) => F.oneHot(x, numClasses),
  pad_sequence: (inputs, { batchFirst, paddingValue, paddingSide }) =>
    nn.utils.rnn.padSequence(inputs, { batchFirst, paddingValue, paddingSide }),
};

/** 1e-6 of each element, or of the smallest normal number. PyTorch's sqrt is off by one bit now and then. */
const CLOSE: Record<string, Operation> = {
  sqrt: ([x]) => x.sqrt(),
  exp: ([x]) => x.exp(),
  log: ([x]) => x.log(),
  logsigmoid: ([x]) => F.logSigmoid(x),
};

/** 1e-6 of the largest element: sums in another order than PyTorch's. */
const SUMMED: Record<string, Operation> = {
  sum: ([x], { dim, keepdim }) => x.sum(dim, { keepdim }),
  mean: ([x], { dim, keepdim }) => x.mean(dim, { keepdim }),
  matmul: ([a, b]) => a.matmul(b),
  linear: ([x, weight, bias]) => F.linear(x, weight, bias),
  binary_cross_entropy_with_logits: ([x, target], { reduction }) =>
    F.binaryCrossEntropyWithLogits(x, target, { reduction }),
};

const OPERATIONS = { ...EXACT, ...CLOSE, ...SUMMED };

const { cases } = golden<Case>("ops");
const titled = cases.map((c) => {
  const inputs = c.inputs.map(({ shape }) => `[${shape}]`).join(", ");
  return [c.op, inputs, JSON.stringify(c.args), c] as const;
});

/** Gradients of a broadcast operand are sums. */
function expectNear(actual: Tensor, expected: Encoded, op: string, isSum: boolean): void {
  const { shape, data } = decode(expected);
  expect(actual.shape).toEqual(shape);
  const whole = largest(data);
  if (op in EXACT && !isSum) expectGolden(actual, expected);
  else if (op in CLOSE) expectClose(valuesOf(actual), data, 1e-6, (i) => Math.max(Math.abs(data[i]), 2 ** -126));
  else expectClose(valuesOf(actual), data, 1e-6, () => whole);
}

const run = (c: Case): { inputs: Tensor[]; out: Tensor } => {
  const inputs = c.inputs.map((input, i) => tensorOf(input, c.grads[i] !== null));
  return { inputs, out: OPERATIONS[c.op](inputs, c.args) };
};

describe("an operation gives PyTorch's values", () => {
  it("every golden operation is here", () => {
    expect(Object.keys(OPERATIONS).sort()).toEqual([...new Set(cases.map((c) => c.op))].sort());
  });

  it.each(titled)("%s of %s, %s", (op, _inputs, _args, c) => {
    expectNear(run(c).out, c.out, op, false);
  });
});

describe("an operation gives PyTorch's gradients", () => {
  const differentiable = titled.filter(([, , , c]) => c.grad_out !== null);

  it.each(differentiable)("%s of %s, %s", (op, _inputs, _args, c) => {
    const { inputs, out } = run(c);
    out.backward(tensorOf(c.grad_out!));
    for (const [i, expected] of c.grads.entries()) {
      if (expected === null) expect(inputs[i].grad).toBeNull();
      else expectNear(inputs[i].grad!.toDense(), expected, op, String(expected.shape) !== String(c.out.shape));
    }
  });

  it.each(titled.filter(([op]) => op === "sqrt"))(
    "%s of %s is rounded correctly, and so is its gradient",
    (...[, , , c]) => {
      const { inputs, out } = run(c);
      out.backward(tensorOf(c.grad_out!));
      const roots = Float32Array.from(decode(c.inputs[0]).data, Math.sqrt);
      expectBits(valuesOf(out), roots);
      expectBits(
        gradOf(inputs[0]),
        decode(c.grad_out!).data.map((g, i) => g / (2 * roots[i])),
      );
    },
  );

  it("backward leaves values alone", () => {
    const c = cases.find((one) => one.op === "mul")!;
    const { inputs, out } = run(c);
    out.backward(tensorOf(c.grad_out!));
    expectGolden(out, c.out);
    for (const [i, input] of inputs.entries()) expectBits(valuesOf(input), decode(c.inputs[i]).data);
    expect(gradOf(inputs[0])).toHaveLength(inputs[0].numel);
  });
});
