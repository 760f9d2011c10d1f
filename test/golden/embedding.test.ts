import { functional as F, nn, type Tensor, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import {
  expectBits,
  expectClose,
  expectGolden,
  gradOf,
  largest,
  sparseGradOf,
  tensorOf,
  valuesOf,
} from "../tensor/compare.js";
import { decode, type Encoded, golden } from "./load.js";

interface Call {
  index: Encoded;
  out: Encoded;
  grad_out: Encoded;
  sparse: boolean;
}

interface Case extends Call {
  op: "embedding" | "accumulate" | "shared";
  weight: Encoded;
  padding_idx: number | null;
  scale_grad_by_freq: boolean;
  calls: Call[];
  grad?: Encoded;
  indices: Encoded;
  values: Encoded;
  coalesced_indices: Encoded;
  coalesced_values: Encoded;
}

const { cases } = golden<Case>("embedding");
const titled = (chosen: Case[]) =>
  chosen.map((c) => {
    const how = [`padding ${c.padding_idx}`, c.scale_grad_by_freq ? "by frequency" : "", c.sparse ? "sparse" : "dense"];
    return [`[${c.weight.shape}] at [${c.index?.shape}], ${how.filter(Boolean).join(", ")}`, c] as const;
  });
const single = titled(cases.filter((c) => c.op === "embedding"));

const optionsOf = (c: Case, call: Call = c) => ({
  paddingIdx: c.padding_idx,
  scaleGradByFreq: c.scale_grad_by_freq,
  sparse: call.sparse,
});

/** PyTorch adds repeated rows in an order of its own, so sums agree to rounding: relative to all that went into them. */
function expectCoalesced(weight: Tensor, c: Case): void {
  const sums = sparseGradOf(weight).coalesce();
  expect(sums.isCoalesced).toBe(true);
  expectGolden(sums.indices, c.coalesced_indices);
  const rows = decode(c.indices).data;
  const terms = decode(c.values).data;
  const kept = decode(c.coalesced_indices).data;
  const [, dim] = c.weight.shape;
  const magnitude = (i: number) => {
    let sum = 0;
    for (const [k, row] of rows.entries()) {
      if (row === kept[Math.floor(i / dim)]) sum += Math.abs(terms[k * dim + (i % dim)]);
    }
    return sum;
  };
  expectClose(valuesOf(sums.values), decode(c.coalesced_values).data, 1e-6, magnitude);
}

describe("one lookup has PyTorch's bits", () => {
  it.each(single)("F.embedding: %s", (_, c) => {
    const weight = tensorOf(c.weight, true);
    const out = F.embedding(tensorOf(c.index), weight, optionsOf(c));
    expectGolden(out, c.out);
    out.backward(tensorOf(c.grad_out));
    if (c.grad) {
      expect(weight.grad).not.toHaveProperty("nnz");
      expectBits(gradOf(weight), decode(c.grad).data);
    } else {
      const grad = sparseGradOf(weight);
      expect(grad.shape).toEqual(c.weight.shape);
      expectGolden(grad.indices, c.indices);
      expectGolden(grad.values, c.values);
      expectCoalesced(weight, c);
    }
  });

  it.each(single)("nn.Embedding: %s", (_, c) => {
    const [rows, dim] = c.weight.shape;
    const table = new nn.Embedding(rows, dim, { ...optionsOf(c), weight: tensorOf(c.weight) });
    const out = table.forward(tensorOf(c.index));
    expectGolden(out, c.out);
    out.backward(tensorOf(c.grad_out));
    if (c.grad) expectBits(gradOf(table.weight), decode(c.grad).data);
    else expectCoalesced(table.weight, c);
  });
});

describe("the gradient of a sparse lookup, written out, is that of the dense one", () => {
  it.each(single.filter(([, c]) => c.sparse))("%s", (_, c) => {
    const [sparse, dense] = [true, false].map((form) => {
      const weight = tensorOf(c.weight, true);
      F.embedding(tensorOf(c.index), weight, { ...optionsOf(c), sparse: form }).backward(tensorOf(c.grad_out));
      return weight;
    });
    expectBits(gradOf(sparse), gradOf(dense));
  });
});

describe("a table used more than once", () => {
  const repeated = cases
    .filter((c) => c.op !== "embedding")
    .map((c) => {
      const forms = c.calls.map((call) => (call.sparse ? "sparse" : "dense")).join(" + ");
      const how = `padding ${c.padding_idx}${c.scale_grad_by_freq ? ", by frequency" : ""}`;
      return [c.op === "shared" ? "in one graph" : "by one backward each", forms, how, c] as const;
    });

  it.each(repeated)("%s: %s, %s", (_, _forms, _how, c) => {
    const weight = tensorOf(c.weight, true);
    const lookUp = (call: Call) => {
      const out = F.embedding(tensorOf(call.index), weight, optionsOf(c, call));
      expectGolden(out, call.out);
      return out;
    };
    if (c.op === "accumulate") {
      for (const call of c.calls) lookUp(call).backward(tensorOf(call.grad_out));
    } else {
      // Every lookup before the first product: what was looked up last comes first in the sum.
      const outs = c.calls.map(lookUp);
      const losses = outs.map((out, i) => out.mul(tensorOf(c.calls[i].grad_out)).sum());
      losses.reduce((total, loss) => total.add(loss), tensor(0)).backward();
    }
    const forms = new Set(c.calls.map((call) => call.sparse));
    if (!c.grad) expectCoalesced(weight, c);
    else if (forms.size === 1) expectBits(gradOf(weight), decode(c.grad).data);
    // Both forms: PyTorch adds the sparse entries to the dense gradient one by one, in no promised order.
    else expectClose(gradOf(weight), decode(c.grad).data, 1e-6, () => largest(decode(c.grad!).data));
  });
});
