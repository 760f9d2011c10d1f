import { functional as F, nn, type SparseTensor, type Tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { sparseGradOf, tensorOf } from "../tensor/compare.js";
import { type Encoded, golden } from "./load.js";

interface Case {
  tensor?: Encoded;
  sparse?: { indices: Encoded; values: Encoded; size: number[]; coalesced: boolean };
  expr?: string;
  requires_grad: boolean;
  parameter: boolean;
  weight: Encoded;
  index: Encoded;
  expected: string;
}

const { cases } = golden<Case>("print");

describe("a tensor prints as in PyTorch", () => {
  it.each(cases.filter((c) => c.tensor !== undefined))("$expected", (c) => {
    const x = tensorOf(c.tensor!, c.requires_grad && !c.parameter);
    expect(String(c.parameter ? new nn.Parameter(x, c.requires_grad) : x)).toBe(c.expected);
  });
});

/** A gradient with these rows and values, the only way to a sparse tensor. */
function sparseOf({ indices, values, size, coalesced }: NonNullable<Case["sparse"]>): SparseTensor {
  const table = new nn.Embedding(size[0], size[1], { sparse: true });
  table.forward(tensorOf(indices).reshape([-1])).backward(tensorOf(values));
  const grad = sparseGradOf(table.weight);
  return coalesced ? grad.coalesce() : grad;
}

describe("a sparse tensor prints as in PyTorch", () => {
  // PyTorch can require gradients of a sparse tensor; here only tables and dense tensors have them.
  it.each(cases.filter((c) => c.sparse !== undefined && !c.requires_grad))("$expected", (c) => {
    expect(String(sparseOf(c.sparse!))).toBe(c.expected);
  });
});

interface Scope {
  emb: nn.Embedding;
  out: Tensor;
  idx: Tensor;
  grad: SparseTensor;
}

/** PyTorch's expressions in our grammar. `T` is `transpose(0, 1)`, `w[:, 0]` a narrow column reshaped. */
const EXPRESSIONS: Record<string, (scope: Scope) => unknown> = {
  "emb.weight": ({ emb }) => emb.weight,
  "emb.weight.data": ({ emb }) => emb.weight.data,
  "emb.weight[3]": ({ emb }) => emb.weight.at(3),
  out: ({ out }) => out,
  "out[0, 2]": ({ out }) => out.at(0, 2),
  "out[1]": ({ out }) => out.at(1),
  "out[0, 0, 1]": ({ out }) => out.at(0, 0, 1),
  "out.detach()": ({ out }) => out.detach(),
  "out.sum()": ({ out }) => out.sum(),
  "out.sum(1)": ({ out }) => out.sum(1),
  "out.mean()": ({ out }) => out.mean(),
  "out.mean(dim=-1, keepdim=True)": ({ out }) => out.mean(-1, { keepdim: true }),
  "out + out": ({ out }) => out.add(out),
  "out - 1": ({ out }) => out.sub(1),
  "out * 2": ({ out }) => out.mul(2),
  "out / 2": ({ out }) => out.div(2),
  "-out": ({ out }) => out.neg(),
  "out.exp()": ({ out }) => out.exp(),
  "out.log()": ({ out }) => out.log(),
  "out.sqrt()": ({ out }) => out.sqrt(),
  "out.reshape(6, 4)": ({ out }) => out.reshape([6, 4]),
  "out.transpose(0, 1)": ({ out }) => out.transpose(0, 1),
  "out.narrow(1, 0, 2)": ({ out }) => out.narrow(1, 0, 2),
  "out @ emb.weight.T": ({ out, emb }) => out.matmul(emb.weight.transpose(0, 1)),
  "out[0] @ emb.weight.T": ({ out, emb }) => out.at(0).matmul(emb.weight.transpose(0, 1)),
  "torch.matmul(out, out.transpose(1, 2))": ({ out }) => out.matmul(out.transpose(1, 2)),
  "F.linear(out, emb.weight)": ({ out, emb }) => F.linear(out, emb.weight),
  "F.linear(out[0], emb.weight, emb.weight[:, 0])": ({ out, emb }) =>
    F.linear(out.at(0), emb.weight, emb.weight.narrow(1, 0, 1).reshape([-1])),
  "F.embedding_bag(idx, emb.weight, mode='sum')": ({ emb, idx }) => F.embeddingBag(idx, emb.weight, { mode: "sum" }),
  "F.logsigmoid(out)": ({ out }) => F.logSigmoid(out),
  "F.binary_cross_entropy_with_logits(out, out.detach() * 0 + 1)": ({ out }) =>
    F.binaryCrossEntropyWithLogits(out, out.detach().mul(0).add(1)),
  "sparse_emb.weight.grad": ({ grad }) => grad,
  "sparse_emb.weight.grad.coalesce()": ({ grad }) => grad.coalesce(),
};

describe("an expression prints as in PyTorch", () => {
  const expressions = cases.filter((c) => c.expr !== undefined);

  it("every golden expression is here", () => {
    expect(Object.keys(EXPRESSIONS).sort()).toEqual(expressions.map((c) => c.expr).sort());
  });

  const known = expressions.map((c) => [c.expr!, c] as const);
  it.each(known)("%s", (expr, c) => {
    const weight = tensorOf(c.weight);
    const emb = nn.Embedding.fromPretrained(weight, { freeze: false, paddingIdx: 0 });
    const sparse = nn.Embedding.fromPretrained(weight, { freeze: false, sparse: true });
    const idx = tensorOf(c.index);
    sparse.forward(idx).sum().backward();
    const scope = { emb, out: emb.forward(idx), idx, grad: sparseGradOf(sparse.weight) };
    expect(String(EXPRESSIONS[expr](scope))).toBe(c.expected);
  });
});
