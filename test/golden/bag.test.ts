import { functional as F, manualSeed, nn, SparseTensor, type Tensor, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { embeddingBag, embeddingBagBackward } from "../reference/index.js";
import {
  expectBits,
  expectClose,
  expectGolden,
  gradOf,
  numbers,
  sparseGradOf,
  tensorOf,
  valuesOf,
  type Words,
} from "../tensor/compare.js";
import { decode, type Encoded, golden } from "./load.js";

interface Call {
  mode: "sum" | "mean" | "max";
  /** [B, L], or null where offsets divide a 1-D input. */
  rows: number[] | null;
  input: Encoded;
  lengths: number[];
  last: boolean;
  padding_idx: number | null;
  weights: Encoded | null;
  frozen: boolean;
  scale_grad_by_freq: boolean;
  sparse: boolean;
  max_norm?: number;
  norm_type?: number | string;
  weight_after?: Encoded;
  out: Encoded;
  exact?: boolean;
  grad?: Encoded;
  indices?: Encoded;
  values?: Encoded;
  weights_grad: Encoded | null;
}

interface Case {
  op: "module" | "embedding_bag" | "renorm" | "weighted mean";
  weight: Encoded;
  grad_out: Encoded;
  calls: Call[];
  seed: number;
  options: object;
  text: string;
}

/** A call with its table, and everything about it that the tests need. */
interface Prepared extends Call {
  weight: Encoded;
  gradOut: Words;
  index: Words;
  offsets: number[];
  dim: number;
}

const { cases } = golden<Case>("bag");

const prepared = (op: Case["op"]): [string, Prepared][] =>
  cases
    .filter((c) => c.op === op)
    .flatMap((c) => c.calls.map((call) => ({ ...call, table: c })))
    .map(({ table, ...call }) => {
      const [, dim] = table.weight.shape;
      const gradOut = decode(table.grad_out).data.slice(0, call.lengths.length * dim);
      let end = 0;
      const offsets = [0, ...call.lengths.map((length) => (end += length))];
      const what = [
        call.mode,
        `width ${dim}`,
        call.rows ? `input [${call.rows}]` : `bags of [${call.lengths}]`,
        call.last && "last offset given",
        call.padding_idx !== null && `padding ${call.padding_idx}`,
        call.weights && "weighted",
        call.frozen && "frozen",
        call.scale_grad_by_freq && "by frequency",
        call.sparse && "sparse",
        call.max_norm !== undefined && `norm ${call.norm_type} <= ${call.max_norm}`,
      ];
      const index = decode(call.input).data;
      return [what.filter(Boolean).join(", "), { ...call, weight: table.weight, gradOut, index, offsets, dim }];
    });

/** The call through the function, or through a module around the same table. */
function run(c: Prepared, through: "function" | "module"): { weight: Tensor; weights: Tensor | null; out: Tensor } {
  const input = tensorOf(c.input);
  const weights = c.weights && tensorOf(c.weights, true).detach().reshape(c.input.shape).clone().requiresGrad_();
  const division = {
    perSampleWeights: weights,
    ...(c.rows === null && { offsets: c.last ? c.offsets : c.offsets.slice(0, -1) }),
  };
  const options = {
    mode: c.mode,
    sparse: c.sparse,
    paddingIdx: c.padding_idx,
    scaleGradByFreq: c.scale_grad_by_freq,
    includeLastOffset: c.last,
    ...(c.max_norm !== undefined && { maxNorm: c.max_norm, normType: Number(c.norm_type) }),
  };
  if (through === "function") {
    const weight = tensorOf(c.weight, !c.frozen);
    return { weight, weights, out: F.embeddingBag(input, weight, { ...options, ...division }) };
  }
  const module = nn.EmbeddingBag.fromPretrained(tensorOf(c.weight), { ...options, freeze: c.frozen });
  return { weight: module.weight, weights, out: module.forward(input, division) };
}

/** Sends grad_out back where anything wants it. */
function backward(c: Prepared, through: "function" | "module" = "function") {
  const { weight, weights, out } = run(c, through);
  if (out.requiresGrad) out.backward(tensor(c.gradOut as Float32Array, { shape: out.shape }));
  return { weight, weights, out };
}

/** All that went into each element of the gradient, with plus signs: what roundings are measured by. */
function sizesOf(c: Prepared, values: Words = decode(c.weight).data) {
  const [table, gradOut] = [values, c.gradOut].map((x) => Array.from(x, Math.abs));
  const weights = c.weights && Array.from(decode(c.weights).data, Math.abs);
  const [rows] = c.weight.shape;
  const paddingIdx = c.padding_idx === null ? undefined : (c.padding_idx + rows) % rows;
  const options = { mode: c.mode, paddingIdx, weights, scaleGradByFreq: c.scale_grad_by_freq };
  const back = embeddingBagBackward(gradOut, table, c.index, c.offsets, rows, c.dim, options);
  const sum = embeddingBagBackward(gradOut, table, c.index, c.offsets, rows, c.dim, { ...options, mode: "sum" });
  return { table: back.table, weights: sum.weights, out: embeddingBag(table, c.index, c.offsets, c.dim, options) };
}

function expectTableGradient(c: Prepared, weight: Tensor): void {
  const close = (actual: Words, expected: Words, sizes: ArrayLike<number>) =>
    c.exact ? expectBits(actual, expected) : expectClose(actual, expected, 1e-6, (i) => sizes[i]);
  expect(weight.grad instanceof SparseTensor).toBe(c.sparse);
  if (c.grad) {
    close(gradOf(weight), decode(c.grad).data, sizesOf(c).table);
    return;
  }
  const grad = sparseGradOf(weight);
  expect(grad.isCoalesced).toBe(false);
  expectGolden(grad.indices, c.indices!);
  expect(grad.values.shape).toEqual(c.values!.shape);
  close(valuesOf(grad.values), decode(c.values!).data, decode(c.values!).data.map(Math.abs));
}

describe("a bag has PyTorch's bits", () => {
  it.each(prepared("embedding_bag"))("%s", (_, c) => {
    expectGolden(run(c, "function").out, c.out);
    expectGolden(run(c, "module").out, c.out);
  });
});

describe("so has the gradient of its table", () => {
  it.each(prepared("embedding_bag"))("%s", (_, c) => {
    for (const through of ["function", "module"] as const) {
      const { weight, out } = backward(c, through);
      expect(out.requiresGrad).toBe(!c.frozen || c.weights !== null);
      if (c.frozen) expect(weight.grad).toBeNull();
      else expectTableGradient(c, weight);
    }
  });
});

describe("the gradient of its weights is PyTorch's, to rounding", () => {
  it.each(prepared("embedding_bag").filter(([, c]) => c.weights))("%s", (_, c) => {
    const { weights } = backward(c);
    expect(weights!.grad!.shape).toEqual(c.input.shape);
    const sizes = sizesOf(c).weights;
    expectClose(gradOf(weights!), decode(c.weights_grad!).data, 1e-6, (i) => sizes[i]);
  });
});

describe("maxNorm scales the rows first", () => {
  it.each(prepared("renorm"))("%s", (_, c) => {
    for (const through of ["function", "module"] as const) {
      const { weight, weights, out } = backward(c, through);
      const [before, after] = [decode(c.weight).data, decode(c.weight_after!).data];
      expectClose(valuesOf(weight), after, 1e-6);
      const kept = Array.from(before.keys()).filter((i) => Object.is(before[i], after[i]));
      expectBits(
        kept.map((i) => weight.array[i]),
        kept.map((i) => before[i]),
      );
      const sizes = sizesOf(c, after);
      expect(out.shape).toEqual(c.out.shape);
      expectClose(valuesOf(out), decode(c.out).data, 1e-6, (i) => sizes.out[i]);
      expectTableGradient(c, weight);
      if (weights) expectClose(gradOf(weights), decode(c.weights_grad!).data, 2e-6, (i) => sizes.weights[i]);
    }
  });
});

describe("a weighted mean, which PyTorch lacks, is F.embedding and a division", () => {
  it.each(prepared("weighted mean"))("%s", (_, c) => {
    const { weight, weights, out } = backward(c);
    const values = decode(c.weights!).data;
    const table = decode(c.weight).data;
    expect(out.shape).toEqual(c.out.shape);
    // By how much the weights of a bag cancel out.
    const [rows] = c.weight.shape;
    const padding = c.padding_idx === null ? -1 : (c.padding_idx + rows) % rows;
    const worst = Math.max(
      1,
      ...c.lengths.map((length, b) => {
        const own = Array.from({ length }, (__, k) => c.offsets[b] + k).filter((i) => c.index[i] !== padding);
        const total = Math.abs(own.reduce((sum, i) => sum + values[i], 0));
        return own.reduce((sum, i) => sum + Math.abs(values[i]), 0) / (total || 1);
      }),
    );
    const reach = Math.max(...table.map(Math.abs)) * worst;
    expectClose(valuesOf(out), decode(c.out).data, 1e-6, () => reach);
    const sizes = sizesOf(c);
    if (c.frozen) expect(weight.grad).toBeNull();
    else expectClose(gradOf(weight), decode(c.grad!).data, 2e-6, (i) => sizes.table[i] * worst ** 2);
    const most = Math.max(0, ...sizes.weights) * worst ** 2;
    expectClose(gradOf(weights!), decode(c.weights_grad!).data, 2e-6, () => most);
  });
});

describe("max with a sparse gradient, which PyTorch lacks, is max with a dense one", () => {
  it.each(prepared("embedding_bag").filter(([, c]) => c.mode === "max"))("%s", (_, c) => {
    const { weight } = backward({ ...c, sparse: true });
    const grad = sparseGradOf(weight);
    expectBits(valuesOf(grad.toDense()), decode(c.grad!).data);
    const sums = grad.coalesce();
    const rows = [...valuesOf(sums.indices)];
    expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b));
    expectBits(valuesOf(sums.toDense()), decode(c.grad!).data);
  });
});

describe("a module", () => {
  const modules = cases.filter((c) => c.op === "module");

  it.each(modules)("starts with PyTorch's bits and prints as $text", ({ seed, options, text, weight }) => {
    manualSeed(seed);
    const module = new nn.EmbeddingBag(7, 5, numbers(options));
    expect(String(module)).toBe(text);
    expectGolden(module.weight, weight);
    expect(module.weight.requiresGrad).toBe(true);
    expect(Object.keys(module.stateDict())).toEqual(["weight"]);
  });
});
