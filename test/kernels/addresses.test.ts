// Addresses above 2 GiB are negative to whoever takes them for signed.

import { beforeAll, describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { distinctIndices, floats, garbage, indices } from "./data.js";
import { expectBits, expectClose, expectNumbers, guarded as guardedOn, load, type Words } from "./wasm.js";

const kernels = load();

/** The guarded call, in an instance whose free memory begins at 2 GiB. */
const guarded = <K extends string, R>(
  buffers: Record<K, Words>,
  outputs: NoInfer<K>[],
  call: (at: Record<K, number>) => R,
) => guardedOn(buffers, outputs, call, 0, kernels);

describe("kernels beyond 2 GiB", () => {
  const [n, rows, dim] = [9, 12, 7];
  const weight = floats(rows * dim, 1);
  const index = indices(n, rows, 2);
  const grad = floats(n * dim, 3);

  beforeAll(() => {
    expect(kernels.allocate(2 ** 31) >>> 0).toBeGreaterThan(0);
    expect(kernels.allocate(1000) >>> 0).toBeGreaterThan(2 ** 31);
  });

  it("gather, verify, scatter and coalesce", () => {
    const out = garbage(new Float32Array(n * dim));
    guarded({ out, weight, index }, ["out"], (at) => {
      expect(at.out >>> 0).toBeGreaterThan(2 ** 31);
      kernels.gather(at.out, at.weight, at.index, n, dim);
      expect(kernels.firstBadIndex(at.index, n, rows)).toBe(-1);
      expect(kernels.firstBadIndex(at.index, n, rows - 1)).toBe(0);
    });
    expectBits(out, reference.embedding(weight, index, dim));

    const sums = weight.slice();
    guarded({ sums, grad, index }, ["sums"], (at) => {
      kernels.scatterAdd(at.sums, at.grad, at.index, n, dim, 3);
    });
    expectBits(sums, reference.scatterAdd(weight, grad, index, dim, 3));

    const [found, slots, table] = [new Int32Array(n), new Int32Array(n), new Int32Array(32)];
    const m = guarded({ rows: found, slots, table, index }, ["rows", "slots", "table"], (at) =>
      kernels.coalesce(at.rows, at.slots, at.table, at.index, n, 5, -1),
    );
    const expected = reference.distinct(index);
    expectBits(found.slice(0, m), expected.rows);
    expectBits(slots, expected.slots);
  });

  it("renorm, sgd and adagrad", () => {
    const listed = distinctIndices(5, rows, 4);
    const clipped = weight.slice();
    guarded({ weight: clipped, rows: listed }, ["weight"], (at) => {
      kernels.renorm(at.weight, at.rows, 5, dim, 0.5, 2);
    });
    const expected = reference.renorm(weight, listed, dim, 0.5);
    expectClose(clipped, expected, (k) => 1e-6 * Math.abs(expected[k]));

    const stepped = weight.slice();
    guarded({ param: stepped, step: grad.slice(0, rows * dim) }, ["param"], (at) => {
      kernels.sgd(at.param, at.step, n * dim, 0.1);
    });
    expectBits(stepped.slice(0, n * dim), reference.sgd(weight.slice(0, n * dim), grad, 0.1));

    const [param, sum] = [weight.slice(0, n * dim), new Float32Array(n * dim)];
    guarded({ param, sum, grad }, ["param", "sum"], (at) => {
      kernels.adagrad(at.param, at.sum, at.grad, n * dim, 0.1, 1e-10);
    });
    expectBits(param, reference.adagrad(weight.slice(0, n * dim), new Float32Array(n * dim), grad, 0.1, 1e-10).param);
  });

  it("elementwise, sums, products, views, normals", () => {
    const [sum, view, total] = [new Float32Array(n * dim), new Float32Array(n * dim), new Float32Array(n)];
    guarded({ sum, view, total, grad, x: Int32Array.of(dim, n, 1, dim) }, ["sum", "view", "total"], (at) => {
      kernels.add(at.sum, at.grad, at.grad, n * dim);
      kernels.strided(at.view, at.grad, at.x, at.x + 8, 2);
      kernels.sumRows(at.total, at.grad, n, dim);
    });
    expectBits(sum, reference.add(grad, grad));
    expectBits(view, reference.strided(grad, [dim, n], [1, dim]));
    const magnitudes = reference.sumRows(grad.map(Math.abs), n, dim);
    expectClose(total, reference.sumRows(grad, n, dim), (i) => 8 * 2 ** -24 * magnitudes[i]);

    const [out, a, b] = [new Float32Array(9), floats(15, 1).map(Math.round), floats(15, 2).map(Math.round)];
    guarded({ out, a, b }, ["out"], (at) => {
      kernels.matmul(at.out, at.a, at.b, 3, 5, 3, 5, 1, 3, 1);
    });
    expectNumbers(
      out.map((x) => x + 0),
      reference.matmul(a, b, 3, 5, 3).map((x) => x + 0),
    );

    const generator = new Uint32Array(kernels.GENERATOR_BYTES.value / 4);
    const normals = new Float32Array(35);
    guarded({ normals, generator }, ["normals", "generator"], (at) => {
      kernels.seedGenerator(at.generator, 42);
      kernels.normal(at.normals, at.generator, 35, 0, 1);
    });
    expectBits(normals, reference.normal(new reference.MersenneTwister(42), 35));
  });
});
