import { functional as F, type Tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectGolden, tensorOf, valuesOf } from "../tensor/compare.js";
import { decode, type Encoded, golden } from "./load.js";

interface Case {
  what: string;
  weight: Encoded;
  index: Encoded;
  max_norm: number | string;
  norm_type: number | string;
  sane: boolean[];
  weight_after: Encoded;
  out: Encoded;
  grad_out: Encoded;
  grad: Encoded;
}

const cases = golden<Case>("renorm").cases.map((c) => {
  const [maxNorm, normType] = [Number(c.max_norm), Number(c.norm_type)];
  return { ...c, maxNorm, normType, dim: c.weight.shape[1] };
});
type Prepared = (typeof cases)[number];

function run(c: Prepared): { weight: Tensor; out: Tensor } {
  const weight = tensorOf(c.weight, true);
  const out = F.embedding(tensorOf(c.index), weight, { maxNorm: c.maxNorm, normType: c.normType });
  return { weight, out };
}

const rowOf = (x: Float32Array | Int32Array, row: number, dim: number) => x.subarray(row * dim, (row + 1) * dim);

/** The rule for norms of any size: w * f32(maxNorm / (norm + 1e-7)) where norm > maxNorm, all else in float64. */
function renormed(row: ArrayLike<number>, maxNorm: number, p: number): number[] {
  const sizes = Array.from(row, Math.abs);
  const norm = p === 2 ? Math.hypot(...sizes) : sizes.reduce((sum, x) => sum + x ** p, 0) ** (1 / p);
  return Array.from(row, (x) => (norm > maxNorm ? Math.fround(x * Math.fround(maxNorm / (norm + 1e-7))) : x));
}

describe.each(cases)("maxNorm $maxNorm, normType $normType, dim $dim ($what)", (c) => {
  const before = decode(c.weight).data;
  const expected = decode(c.weight_after).data;
  const index = decode(c.index).data;

  it("scales the rows looked up to PyTorch's, or where PyTorch overflows, to the formula's", () => {
    const after = valuesOf(run(c).weight);
    for (const [row, sane] of c.sane.entries()) {
      const goal = sane ? rowOf(expected, row, c.dim) : renormed(rowOf(before, row, c.dim), c.maxNorm, c.normType);
      expectClose(rowOf(after, row, c.dim), goal, 1e-6);
    }
  });

  const unchanged = (row: number) =>
    rowOf(before, row, c.dim).every((x, i) => Object.is(x, rowOf(expected, row, c.dim)[i]));
  const kept = c.sane.flatMap((sane, row) => (!index.includes(row) || (sane && unchanged(row)) ? [row] : []));

  it.runIf(kept.length > 0)("leaves every other row, and every row that is short enough, as it was", () => {
    const after = valuesOf(run(c).weight);
    for (const row of kept) expectBits(rowOf(after, row, c.dim), rowOf(before, row, c.dim));
  });

  it("returns the rows as they are afterwards", () => {
    const { weight, out } = run(c);
    const after = valuesOf(weight);
    expect(out.shape).toEqual(c.out.shape);
    expectBits(
      valuesOf(out),
      Array.from(index).flatMap((row) => [...rowOf(after, row, c.dim)]),
    );
  });

  it("passes gradients on as if nothing had been scaled", () => {
    const { weight, out } = run(c);
    out.backward(tensorOf(c.grad_out));
    expectGolden(weight.grad!.toDense(), c.grad);
  });
});
