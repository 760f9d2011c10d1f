import { readFileSync } from "node:fs";
import {
  getRngState,
  manualSeed,
  memory,
  noGrad,
  ones,
  optim,
  randn,
  setRngState,
  setTransientBudget,
  Tensor,
  tidy,
} from "nn-embedding";
import { type Case, type Vectors, verify } from "nn-embedding/verify";
import { afterEach, describe, expect, test, vi } from "vitest";
import { expectError } from "../tensor/compare.js";

const vectors = JSON.parse(readFileSync("test/golden/vectors.json", "utf8")) as Vectors;
const named = (name: string): Case => vectors.cases.find((one) => one.name === name)!;

/** The vectors with one output of one case changed. */
function tampered(name: string, output: string, change: object): Vectors {
  const one = named(name);
  const outputs = { ...one.outputs, [output]: { ...one.outputs[output], ...change } };
  return { ...vectors, cases: [named("tanh"), { ...one, outputs }, named("sigmoid")] };
}

const only = (...names: string[]): Vectors => ({ ...vectors, cases: names.map(named) });

afterEach(() => vi.restoreAllMocks());

describe("verify", () => {
  test("finds every output equal, twice", () => {
    const total = vectors.cases.reduce((n, { outputs }) => n + Object.keys(outputs).length, 0);
    for (let i = 0; i < 2; i++) expect(verify()).toEqual({ total, equal: total, differences: [] });
  });

  test("knows a case of every operation that vectors were promised for", () => {
    const labels = (pick: (one: Case) => unknown[] | null) => [
      ...new Set(
        vectors.cases.flatMap((one) => {
          const words = pick(one)?.filter((word) => word !== undefined && word !== false);
          return words === undefined ? [] : [words.join(" ")];
        }),
      ),
    ];
    const has = (name: string, { inputs = {} }: Case) => (name in inputs ? name : undefined);
    const slope = ({ outputs }: Case) =>
      "weight.grad" in outputs ? "dense" : "weight.grad.values" in outputs ? "sparse" : undefined;

    const drawn = vectors.cases.flatMap(({ options }) => (options.draws as { call: string }[] | undefined) ?? []);
    const fills = ["uniform_", "normal_", "xavierUniform_", "xavierNormal_", "kaimingUniform_", "kaimingNormal_"];
    const others = ["Embedding", "randn", "rand", "randint", "randperm", "multinomial"];
    expect(new Set(drawn.map(({ call }) => call))).toEqual(new Set([...fills, ...others]));

    const operations = labels(({ operation }) => [operation]);
    const told = readFileSync("README.md", "utf8")
      .split("\n## ")
      .find((section) => section.startsWith("Test vectors"))!;
    expect(operations.filter((operation) => !told.includes(`\`${operation}\``))).toEqual([]);
    expect(operations).toEqual(
      expect.arrayContaining(["draws", "newLinear", "scheduler", "clipGradNorm_", "clipGradValue_"]),
    );
    expect(operations).toEqual(expect.arrayContaining(["skipGram", "classifier"]));

    const lookUps = labels((one) =>
      one.operation !== "embedding" || one.options.maxNorm !== undefined
        ? null
        : [
            slope(one),
            one.options.paddingIdx !== undefined && "padding",
            one.options.scaleGradByFreq && "by frequency",
          ],
    );
    const forms = ["dense", "sparse"];
    expect(lookUps.sort()).toEqual(
      [...forms, ...forms.map((form) => `${form} padding`), ...forms.map((form) => `${form} by frequency`)]
        .concat("dense padding by frequency")
        .sort(),
    );

    const bags = labels((one) =>
      one.operation !== "embeddingBag" || one.options.maxNorm !== undefined
        ? null
        : [
            has("perSampleWeights", one) && "weighted",
            one.options.mode,
            has("offsets", one),
            one.options.sparse ? "sparse" : slope(one),
            one.options.paddingIdx !== undefined && "padding",
            one.options.includeLastOffset && "last offset",
            one.options.scaleGradByFreq && "by frequency",
          ],
    );
    const modes = ["sum", "mean", "max"];
    expect(bags.sort()).toEqual(
      [
        ...modes.flatMap((mode) => [`${mode} dense`, `${mode} offsets dense`]),
        ...modes.flatMap((mode) => [`${mode} offsets dense padding`, `${mode} offsets dense last offset`]),
        ...["sum offsets sparse", "mean offsets sparse", "max sparse", "mean dense by frequency"],
        ...["weighted sum dense", "weighted sum offsets dense", "weighted sum offsets sparse"],
        ...["weighted mean dense", "weighted mean offsets dense", "weighted mean offsets sparse"],
        ...["weighted sum offsets dense padding", "weighted mean dense padding"],
      ].sort(),
    );

    const norms = vectors.cases.filter(({ operation, options }) => operation === "embedding" && "normType" in options);
    expect(norms.map(({ options }) => options.normType)).toEqual([2, 1, 0.5, 3, "Infinity", "-Infinity", 0, -1]);
    const renormed = labels((one) =>
      one.options.maxNorm === undefined || !one.operation.startsWith("embedding") || slope(one) === undefined
        ? null
        : [one.operation, one.options.mode, slope(one)],
    );
    expect(renormed.sort()).toEqual(
      ["embedding dense", "embedding sparse", "embeddingBag max dense", "embeddingBag sum dense"].sort(),
    );

    const steps = labels((one) => {
      const { optimizer, sparse } = one.options;
      if (optimizer === undefined) return null;
      expect(Object.keys(one.outputs), one.name).toEqual(expect.arrayContaining(["step1", "step10"]));
      return [optimizer, sparse ? "sparse" : (has("index", one) ?? "dense")];
    });
    const offered = Object.entries(optim).filter(([, value]) => typeof value === "function" && "prototype" in value);
    const rules = offered.map(([name]) => name).filter((name) => name !== "Optimizer");
    const inForms = (rule: string) =>
      ["dense", "index", "sparse"].filter((form) =>
        form === "sparse" ? !["Adam", "AdamW"].includes(rule) : rule !== "SparseAdam",
      );
    expect(steps.sort()).toEqual(rules.flatMap((rule) => inForms(rule).map((form) => `${rule} ${form}`)).sort());
    const schedules = Object.keys(optim.lrScheduler).filter((name) => !/^(LR)?Scheduler$/.test(name));
    expect(labels(({ options }) => (options.scheduler === undefined ? null : [options.scheduler])).sort()).toEqual(
      schedules.sort(),
    );

    const losses = ["binaryCrossEntropyWithLogits", "mseLoss", "crossEntropy", "nllLoss"];
    const reduced = labels(({ operation, options }) =>
      losses.includes(operation) ? [operation, options.reduction] : null,
    );
    expect(reduced.sort()).toEqual(
      losses.flatMap((loss) => ["none", "mean", "sum"].map((word) => `${loss} ${word}`)).sort(),
    );
  });

  test("leaves memory, the generator and the transient budget as they were", () => {
    const before = setTransientBudget(1000);
    try {
      manualSeed(5);
      randn([3]);
      const state = getRngState();
      const { numTensors, numBytes } = memory();
      verify();
      expect(memory()).toMatchObject({ numTensors, numBytes });
      expect(getRngState()).toEqual(state);
      expect(setTransientBudget(1000)).toBe(1000);
    } finally {
      setTransientBudget(before);
    }
  });

  test("restores the generator when there is nothing to run, and gives the tensors of a running tidy back", () => {
    const state = getRngState();
    setRngState(state);
    tidy(() => {
      const mine = ones([2]);
      expect(verify({ ...vectors, cases: [] })).toEqual({ total: 0, equal: 0, differences: [] });
      verify(only("tanh"));
      expect(mine.isDisposed).toBe(false);
    });
    expect(getRngState()).toEqual(state);
  });

  test("reports a hash that differs, and that the values are still PyTorch's", () => {
    const { sha256: actual } = named("exp").outputs.out;
    const expected = actual.replace(/^./, actual[0] === "0" ? "1" : "0");
    const report = verify(tampered("exp", "out", { sha256: expected }));
    expect(report).toMatchObject({ total: 6, equal: 5 });
    const [difference] = report.differences;
    expect(difference).toMatchObject({ name: "exp", output: "out", expected, actual, withinTolerance: true });
    expect(difference.error).toBe(named("exp").outputs.out.error ?? 0);
  });

  test("reports a result that is off, by how much, and whether that is within the tolerance", () => {
    const exp = Tensor.prototype.exp;
    vi.spyOn(Tensor.prototype, "exp").mockImplementation(function (this: Tensor) {
      return exp.call(this).mul(1 + 2 ** -23);
    });
    const [near] = verify(only("exp", "tanh")).differences;
    expect(near).toMatchObject({ name: "exp", output: "out", withinTolerance: true });
    vi.spyOn(Tensor.prototype, "exp").mockImplementation(function (this: Tensor) {
      return exp.call(this).mul(1.00001);
    });
    const report = verify(only("exp", "tanh"));
    expect(report).toMatchObject({ total: 4, equal: 2 });
    for (const { name, error, withinTolerance } of report.differences) {
      expect({ name, withinTolerance }).toEqual({ name: "exp", withinTolerance: false });
      expect(error).toBeGreaterThan(1e-6);
      expect(error).toBeLessThan(1e-2);
    }
  });

  test("an exact output has no tolerance for the sign of zero", () => {
    vi.spyOn(Tensor.prototype, "sqrt").mockImplementation(function (this: Tensor) {
      return this.clone().copy_([-0]);
    });
    const zero = { values: Buffer.alloc(4).toString("base64"), shape: [1], dtype: "float32" } as const;
    const one: Case = {
      name: "root of zero",
      operation: "sqrt",
      options: {},
      inputs: { x: { dtype: "float32", shape: [1], values: [0] } },
      outputs: { out: { ...zero, sha256: "" }, x: { ...zero, sha256: "" } },
    };
    const [out, x] = verify({ ...vectors, cases: [one] }).differences;
    expect(out).toMatchObject({ error: 0, withinTolerance: false });
    expect(x).toMatchObject({ error: 0, withinTolerance: true });
    const loose = { ...one, outputs: { out: { ...zero, sha256: "", absolute: 1e-9 } } };
    expect(verify({ ...vectors, cases: [loose] }).differences[0].withinTolerance).toBe(true);
  });

  test("the tolerance of an optimizer is of the larger of parameter and change", () => {
    const base = { dtype: "float32", shape: [1], sha256: "", relative: 1e-3 } as const;
    const values = (x: number) => Buffer.from(Float32Array.of(x).buffer).toString("base64");
    const one = (output: object): Case => ({
      name: "moved",
      operation: "add",
      options: {},
      inputs: { a: { dtype: "float32", shape: [1], values: [1] }, b: { dtype: "float32", shape: [1], values: [-1] } },
      outputs: { out: { ...base, values: values(0.0009), ...output } },
    });
    const within = (output: object) => verify({ ...vectors, cases: [one(output)] }).differences[0].withinTolerance;
    expect(within({})).toBe(false);
    expect(within({ start: "a" })).toBe(true);
    expect(within({ start: "a", values: values(0.0011) })).toBe(false);
  });

  test("another shape, another dtype and a NaN out of place are infinitely far", () => {
    const nan = Buffer.from(Float32Array.of(...Array(21).fill(Number.NaN)).buffer).toString("base64");
    for (const change of [{ shape: [21] }, { dtype: "int32" }, { values: nan }]) {
      const { differences } = verify(tampered("exp", "out", { ...change, sha256: "" }));
      expect(differences).toHaveLength(1);
      expect(differences[0]).toMatchObject({ error: Infinity, withinTolerance: false });
    }
  });

  test.each([4, 16, 4 * 20, 4 * 22])(
    "values that are not as many as the shape says are infinitely far: %i bytes",
    (n) => {
      const values = Buffer.from(named("exp").outputs.out.values, "base64");
      const others = Buffer.concat([values, values]).subarray(0, n).toString("base64");
      const { differences } = verify(tampered("exp", "out", { values: others }));
      expect(differences).toHaveLength(1);
      expect(differences[0]).toMatchObject({ output: "out", error: Infinity, withinTolerance: false });
    },
  );

  test.each<[string, object, string]>([
    ["values of 5 bytes", { values: Buffer.alloc(5).toString("base64") }, "RangeError"],
    ["no values", { values: undefined }, "TypeError"],
    ["a start that is no input", { start: "nope" }, "TypeError"],
  ])("a tampered output is a difference, not an error: %s", (_, change, text) => {
    const report = verify(tampered("exp", "out", change));
    expect(report).toMatchObject({ total: 6, equal: 5 });
    expect(report.differences[0]).toMatchObject({
      name: "exp",
      output: "out",
      error: Infinity,
      withinTolerance: false,
    });
    expect(report.differences[0].actual).toContain(text);
  });

  test.each<[string, object]>([
    ["no options", { options: undefined }],
    ["inputs that are none", { inputs: 3 }],
    ["an input that is none", { inputs: { x: null } }],
    ["no operation", { operation: undefined }],
    ["an operation of every object", { operation: "toString" }],
  ])("a tampered case is a difference, not an error: %s", (_, change) => {
    const report = verify({ ...vectors, cases: [named("tanh"), { ...named("exp"), ...change }] as Case[] });
    expect(report).toMatchObject({ total: 4, equal: 2 });
    for (const { actual } of report.differences) expect(actual).toContain("Error");
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["a number", 3],
    ["an object without cases", {}],
    ["cases that are no array", { cases: {} }],
    ["a case that is none", { cases: [null] }],
    ["a case without outputs", { cases: [{ name: "one" }] }],
    ["an output that is none", { cases: [{ name: "one", outputs: { out: null } }] }],
  ])("what is no file of vectors is a TypeError: %s", (_, given) => {
    expectError(() => verify(given as Vectors), TypeError, "verify: argument 'vectors' must be");
  });

  test("inside noGrad it says so", () => {
    const { numTensors } = memory();
    expectError(() => noGrad(() => verify()), Error, "verify: call it outside noGrad");
    expect(memory().numTensors).toBe(numTensors);
  });

  test("no finite number is near to an infinity, and no infinity to the other", () => {
    const values = Buffer.from(Float32Array.of(Infinity, 1, Infinity).buffer).toString("base64");
    const one: Case = {
      name: "infinities",
      operation: "relu",
      options: {},
      inputs: { x: { dtype: "float32", shape: [3], values: ["Infinity", 1, 3e38] } },
      outputs: { out: { dtype: "float32", shape: [3], values, relative: 1e-6, sha256: "" } },
    };
    expect(verify({ ...vectors, cases: [one] }).differences[0]).toMatchObject({
      error: Infinity,
      withinTolerance: false,
    });
  });

  test("shape and dtype count even where the bytes are equal", () => {
    for (const change of [{ shape: [7, 3] }, { dtype: "int32" }]) {
      const { differences } = verify(tampered("exp", "out", change));
      expect(differences).toHaveLength(1);
      expect(differences[0].error).toBe(Infinity);
    }
  });

  test("a case that throws is a difference with the error's text, and leaves no tensor behind", () => {
    const { numTensors } = memory();
    const broken: Case = {
      ...named("SGD, sparse, momentum 0.9"),
      options: { ...named("SGD, sparse, momentum 0.9").options },
    };
    const momentum = { ...(broken.options.options as object), momentum: -1 };
    const report = verify({
      ...vectors,
      cases: [
        { ...broken, options: { ...broken.options, options: momentum } },
        { ...named("exp"), operation: "none" },
        named("tanh"),
      ],
    });
    expect(report).toMatchObject({ total: 7, equal: 2 });
    const texts = report.differences.map(({ actual }) => actual);
    expect(texts.slice(0, 3)).toEqual(Array(3).fill("RangeError: Invalid momentum value: -1"));
    expect(texts.slice(3)).toEqual(Array(2).fill("Error: there is no operation 'none'"));
    for (const { error, withinTolerance } of report.differences)
      expect([error, withinTolerance]).toEqual([Infinity, false]);
    expect(memory().numTensors).toBe(numTensors);
  });
});
