import { functional as F, memory, nn, optim, randn, setTransientBudget, tensor, tidy, zeros } from "nn-embedding";
import { type Metric, nearest } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { best } from "../reference/packed.js";
import { expectBits, expectClose, expectError, valuesOf, type Words } from "../tensor/compare.js";

const METRICS = ["cosine", "dot", "l2"] as const;
const KINDS = ["float16", "bfloat16", "int8", "int4"] as const;

/** Scores in double: larger is nearer. */
function scores(metric: Metric, query: Words, table: Words): number[] {
  const dim = query.length;
  const norm = (x: number[]) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0)) || 1;
  return Array.from({ length: table.length / dim }, (_, r) => {
    const row = [...table.subarray(r * dim, (r + 1) * dim)];
    if (metric === "l2") return -Math.sqrt(row.reduce((sum, v, d) => sum + (v - query[d]) ** 2, 0));
    const dot = row.reduce((sum, v, d) => sum + v * query[d], 0);
    return metric === "dot" ? dot : dot / norm([...query]) / norm(row);
  });
}

/** Demands the k best by the reference, as far as float32 can tell them apart. */
function expectBest(found: { values: Words; indices: Words }, metric: Metric, query: Words, table: Words): void {
  const all = scores(metric, query, table);
  const k = found.indices.length;
  const bound = 4 * (query.length + 8) * 2 ** -24 * (metric === "cosine" ? 1 : 64);
  const expected = best(all, k).map((r) => all[r]);
  const sign = metric === "l2" ? -1 : 1;
  expectClose(
    found.values,
    expected.map((value) => sign * value),
    bound,
    () => 1,
  );
  expectClose(
    Array.from(found.indices, (r) => all[r]),
    expected,
    2 * bound,
    () => 1,
  );
  expect(new Set(found.indices).size).toBe(k);
}

describe("nearest", () => {
  it.each(METRICS)("finds the k best rows of any table for one query or many: %s", (metric) => {
    for (const dim of [1, 3, 4, 7, 8, 50]) {
      const table = nn.Embedding.fromPretrained(randn([600, dim]));
      const tables = [
        table,
        table.weight,
        ...KINDS.filter((kind) => kind !== "int4" || dim % 2 === 0).map((kind) => table.quantize(kind)),
      ];
      const queries = randn([6, dim]);
      for (const searched of tables) {
        const rows = valuesOf("dequantize" in searched ? searched.dequantize() : table.weight);
        const many = nearest(searched, queries, { k: 12, metric });
        expect([many.values.shape, many.indices.shape, many.indices.dtype]).toEqual([[6, 12], [6, 12], "int32"]);
        for (let q = 0; q < 6; q++) {
          const one = nearest(searched, queries.at(q), { k: 12, metric });
          expect(one.values.shape).toEqual([12]);
          expectBits(valuesOf(one.values), valuesOf(many.values.at(q)));
          expectBits(valuesOf(one.indices), valuesOf(many.indices.at(q)));
          const found = { values: valuesOf(one.values), indices: valuesOf(one.indices) };
          expectBest(found, metric, valuesOf(queries.at(q)), rows);
        }
      }
    }
  });

  it("reads queries that had left linear memory, where bringing them back makes memory grow", () => {
    const table = new nn.Embedding(50, 300);
    // More than memory grows by at a time.
    const rows = randn([Math.ceil((memory().reservedBytes / 4 + 2 ** 22) / 1200), 300]);
    const queries = rows.add(0);
    const expected = nearest(table, rows, { k: 3 });
    const [values, indices] = [valuesOf(expected.values), valuesOf(expected.indices)];
    setTransientBudget(setTransientBudget(0));
    const { reservedBytes } = memory();
    const fill = [zeros([1])];
    while (memory().reservedBytes === reservedBytes) fill.push(zeros([16384]));
    const found = nearest(table, queries, { k: 3 });
    expectBits(valuesOf(found.values), values);
    expectBits(valuesOf(found.indices), indices);
    for (const tensor of [...fill, rows]) tensor.dispose();
  });

  it("takes a query in any form, and 10 rows by cosine unless told otherwise", () => {
    const table = new nn.Embedding(30, 3);
    const packed = table.quantize("int8");
    const { indices } = nearest(table, [1, 2, 3]);
    expect(indices.shape).toEqual([10]);
    for (const query of [Float32Array.of(1, 2, 3), tensor([1, 2, 3]), [2, 4, 6]]) {
      expect(nearest(table, query).indices.toArray()).toEqual(indices.toArray());
    }
    expect(nearest(table, [[1, 2, 3]], { k: 2 }).indices.shape).toEqual([1, 2]);
    expect(packed.nearest([1, 2, 3], { k: 3 }).indices.toArray()).toEqual(
      nearest(packed, [1, 2, 3], { k: 3 }).indices.toArray(),
    );
    const bag = nn.EmbeddingBag.fromPretrained(table.weight);
    expect(bag.quantize("int8").nearest([1, 2, 3]).indices.toArray()).toEqual(
      packed.nearest([1, 2, 3]).indices.toArray(),
    );
    expect(nearest(bag, [1, 2, 3]).indices.toArray()).toEqual(indices.toArray());
  });

  it("puts the lower of equally near rows first, through every block", () => {
    const table = tensor(
      Float32Array.from({ length: 1000 }, (_, r) => (r % 5 === 0 ? 2 : 1)),
      { shape: [1000, 1] },
    );
    const first = Array.from({ length: 200 }, (_, i) => 5 * i);
    const found = nearest(table, [1], { k: 203, metric: "dot" });
    expect(found.indices.toArray()).toEqual([...first, 1, 2, 3]);
    expect(nearest(table, [1], { k: 4, metric: "l2" }).indices.toArray()).toEqual([1, 2, 3, 4]);
    expect(nearest(table, [1], { k: 4, metric: "cosine" }).indices.toArray()).toEqual([0, 1, 2, 3]);
  });

  it("has 0 for the cosine of a row or a query without a length", () => {
    const found = nearest(
      tensor([
        [-1, 0],
        [0, 0],
        [1, 0],
      ]),
      [2, 0],
      { k: 3 },
    );
    expect([found.indices.toArray(), found.values.toArray()]).toEqual([
      [2, 1, 0],
      [1, 0, -1],
    ]);
    expect(nearest(zeros([3, 2]), [0, 0], { k: 3 }).values.toArray()).toEqual([0, 0, 0]);
  });

  it("measures lengths that float32 could not square", () => {
    const found = nearest(
      tensor([
        [1e-30, 1e-30],
        [1e25, -1e25],
        [3e30, 3e30],
      ]),
      [2e-25, 2e-25],
      { k: 3 },
    );
    expect(found.indices.toArray()).toEqual([0, 2, 1]);
    expectClose(valuesOf(found.values), [1, 1, 0], 2 ** -22, () => 1);
  });

  it("puts rows with NaN last, as far away as can be", () => {
    const table = tensor([
      [NaN, 1],
      [1, 1],
      [Infinity, -Infinity],
      [-1, -1],
    ]);
    for (const metric of METRICS) {
      const { values, indices } = nearest(table, [1, 1], { k: 4, metric });
      expect((indices.toArray() as number[]).slice(0, 2)).toEqual([1, 3]);
      expect((values.toArray() as number[])[3]).toBe(metric === "l2" ? Infinity : -Infinity);
    }
  });

  it("knows when a table has changed: by a step, in place, by maxNorm, by a new height", () => {
    const table = new nn.Embedding(5, 2);
    const cosines = () => valuesOf(nearest(table, [1, 1], { k: table.numEmbeddings }).values);
    const expected = () => [...scores("cosine", Float32Array.of(1, 1), valuesOf(table.weight))].sort((a, b) => b - a);
    const check = () => expectClose(cosines(), expected(), 2 ** -20, () => 1);
    check();
    const sgd = new optim.SGD(table.parameters(), { lr: 1 });
    table.forward([0, 3]).sum().backward();
    sgd.step();
    check();
    table.weight.data.copy_(randn([5, 2]));
    check();
    table.weight.data.at(2).fill_(4);
    check();
    F.embedding([1, 2], table.weight, { maxNorm: 0.5 });
    check();
    table.resize(9);
    check();
    table.resetParameters();
    check();
    table.loadStateDict(new nn.Embedding(9, 2).stateDict());
    check();
  });

  it("keeps nothing in linear memory but its results, whatever goes wrong", () => {
    const before = memory().numTensors;
    const table = new nn.Embedding(70, 4);
    const packed = table.quantize("int8");
    for (const metric of METRICS)
      tidy(() => void [nearest(table, [1, 2, 3, 4], { metric }), packed.nearest([1, 2, 3, 4], { metric })]);
    expect(memory().numTensors - before).toBe(2);
    const { values, indices } = nearest(table, [1, 2, 3, 4]);
    expect(memory().numTensors - before).toBe(4);
    for (const result of [values, indices, table, packed]) result.dispose();
    expect(memory().numTensors - before).toBe(0);
  });

  it("searches views of a table, each with its own norms", () => {
    const table = tensor([
      [3, 0],
      [0, 1],
      [5, 5],
    ]);
    for (const view of [
      table,
      table.narrow(0, 0, 2),
      table.narrow(0, 1, 2),
      table.reshape([1, 6]),
      table.narrow(0, 0, 1),
      table,
    ]) {
      const query = view.at(0);
      expectClose(valuesOf(nearest(view, query, { k: 1 }).values), [1], 2 ** -22);
    }
  });

  it("finds nothing where nothing is asked for", () => {
    expect(nearest(zeros([0, 3]), [1, 2, 3], { k: 0 }).indices.shape).toEqual([0]);
    expect(nearest(zeros([4, 3]), zeros([0, 3]), { k: 2 }).values.shape).toEqual([0, 2]);
    expect(nearest(zeros([4, 0]), zeros([2, 0]), { k: 2 }).indices.toArray()).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  it("refuses another shape, another kind, a bad k and numbers without an end", () => {
    const table = new nn.Embedding(3, 2);
    const before = memory().numTensors;
    expectError(() => nearest(table, [1, 2, 3], { k: 1 }), RangeError, "query must be [2] or [queries, 2]", "[3]");
    expectError(() => nearest(table, [[[1, 2]]] as never, { k: 1 }), RangeError, "[1, 1, 2]");
    expectError(() => nearest(table, 1 as never, { k: 1 }), RangeError, "query");
    expectError(() => nearest(table, [1, NaN], { k: 1 }), RangeError, "query[1] is NaN", "finite");
    expectError(
      () =>
        nearest(
          table,
          [
            [1, 1],
            [1, Infinity],
          ],
          { k: 1 },
        ),
      RangeError,
      "query[1][1] is Infinity",
    );
    expectError(() => nearest(table, tensor(Int32Array.of(1, 2)), { k: 1 }), TypeError, "float32", "int32");
    tidy(() => expect(nearest(table, [1, 2]).indices.shape).toEqual([3]));
    expectError(
      () => nearest(table, [1, 2], { k: 4 }),
      RangeError,
      "selected index k out of range",
      "k is 4",
      "[0, 3]",
    );
    expectError(() => nearest(table, [1, 2], { k: -1 }), RangeError, "k is -1");
    expectError(() => nearest(table, [1, 2], { k: 1.5 }), TypeError, "k", "1.5");
    expectError(() => nearest(table, [1, 2], { metric: "L2" as never }), TypeError, "L2", "cosine, dot, l2");
    expectError(() => nearest(table, [1, 2], { n: 1 } as never), TypeError, "'n'");
    expectError(() => nearest([[1, 2]] as never, [1, 2]), TypeError, "table must be a Tensor or a module with a table");
    expectError(() => nearest(zeros([3]), [1]), RangeError, "table must be 2-D", "[3]");
    expectError(() => nearest(zeros([3, 1], { dtype: "int32" }), [1]), TypeError, "table", "int32");
    expect(memory().numTensors - before).toBeLessThanOrEqual(3);
  });
});
