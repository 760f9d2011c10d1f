import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Tensor } from "nn-embedding";
import type { Vectors } from "nn-embedding/verify";
import { afterEach, describe, expect, test, vi } from "vitest";
import { inputValues, outputValues } from "../../js/verify/inputs.js";
import { type Answers, changelogWith, changesBetween, renewed, summary, textOf } from "../../scripts/accept.js";

const file = readFileSync("test/golden/vectors.json", "utf8");
const vectors = JSON.parse(file) as Vectors;
const answers = JSON.parse(readFileSync("test/golden/vectors-torch.json", "utf8")) as Answers;
const only = <V extends Answers | Vectors>(all: V, ...names: string[]): V => ({
  ...all,
  cases: all.cases.filter(({ name }) => names.includes(name)),
});

/** Of the finite ones. */
const largest = (values: readonly number[]) => values.filter(Number.isFinite).reduce((a, b) => Math.max(a, b), 0);

afterEach(() => vi.restoreAllMocks());

describe("vectors.json", () => {
  test("holds exactly PyTorch's answers, and a hash and an error for each", () => {
    const bare = vectors.cases.map((one) => ({
      ...one,
      outputs: Object.fromEntries(
        Object.entries(one.outputs).map(([name, { sha256, error = 0, ...output }]) => {
          expect(sha256).toMatch(/^[0-9a-f]{64}$/);
          expect(error).toBeGreaterThanOrEqual(0);
          return [name, output];
        }),
      ),
    }));
    expect({ ...vectors, cases: bare }).toEqual(answers);
  });

  test("is what this build makes of them, byte for byte", () => {
    const { vectors: made, outside } = renewed(answers);
    expect(outside).toEqual([]);
    expect(textOf(made)).toBe(file);
  });

  test("is in the package, and small", () => {
    expect(readFileSync("build/vectors.json", "utf8")).toBe(file);
    expect(file.length).toBeLessThan(270_000);
  });

  test("an error is met by its tolerance, and exact outputs have none", () => {
    for (const { name, inputs = {}, outputs } of vectors.cases) {
      for (const [output, expected] of Object.entries(outputs)) {
        const { absolute = 0, relative = 0, error = 0, start } = expected;
        const theirs = [...outputValues(expected)];
        const from = start === undefined ? theirs : [...inputValues(inputs[start])];
        const scale = theirs.map((y, i) => Math.max(Math.abs(y), Math.abs(y - from[i])));
        expect(error, `${name}: ${output}`).toBeLessThanOrEqual(absolute + relative * largest(scale));
      }
    }
  });

  /** Of the largest number in an output; 0 means PyTorch's bits. An operation that is not named here has to have them. */
  const MOST: Record<string, number> = {
    embedding: 1e-6,
    embeddingBag: 4e-6,
    optimizer: 2e-6,
    binaryCrossEntropyWithLogits: 3e-6,
    mseLoss: 2e-6,
    crossEntropy: 2e-6,
    nllLoss: 1e-6,
    sigmoid: 3e-6,
    tanh: 1e-6,
    exp: 5e-7,
    log: 5e-7,
    sqrt: 5e-7,
    logSigmoid: 1e-6,
    softmax: 7e-6,
    logSoftmax: 6e-6,
    matmul: 2e-6,
    linear: 1e-6,
    cosineSimilarity: 4e-6,
    normalize: 8e-6,
    sum: 1.7e-5,
    mean: 6e-6,
    add: 1e-6,
    sub: 1e-6,
    mul: 2e-6,
    div: 2e-6,
    clipGradNorm_: 1e-6,
    scheduler: 2e-7,
    skipGram: 4e-5,
    classifier: 4e-5,
  };

  test("no tolerance is wider than its kind of operation needs", () => {
    for (const { name, operation, outputs } of vectors.cases) {
      for (const [output, expected] of Object.entries(outputs)) {
        const { absolute = 0, relative = 0 } = expected;
        const size = largest([...outputValues(expected)].map(Math.abs));
        const most = MOST[operation] ?? 0;
        expect(absolute + relative * size, `${name}: ${output}`).toBeLessThanOrEqual(most * size);
      }
    }
  });
});

describe("--accept", () => {
  test("takes new bits within the tolerance, and refuses a wrong kernel", () => {
    const exp = Tensor.prototype.exp;
    const scaled = (factor: number) =>
      vi.spyOn(Tensor.prototype, "exp").mockImplementation(function (this: Tensor) {
        return exp.call(this).mul(factor);
      });
    scaled(1 + 2 ** -23);
    const near = renewed(only(answers, "exp", "tanh"));
    expect(near.outside).toEqual([]);
    const { changed } = changesBetween(only(vectors, "exp", "tanh"), near.vectors);
    expect(changed).toContain("exp: out");
    expect(changed.filter((name) => name.startsWith("tanh"))).toEqual([]);
    scaled(1.00001);
    const wrong = renewed(only(answers, "exp", "tanh"));
    expect(wrong.outside.map(({ name, output }) => `${name}: ${output}`)).toEqual(["exp: out", "exp: x.grad"]);
  });

  test("refuses a value of PyTorch's that ours is not near to, and the last bit where it has to be exact", () => {
    const [one] = only(answers, "look-up, [5] x 33").cases;
    const bytes = Buffer.from(one.outputs["weight.grad"].values, "base64");
    bytes[0] ^= 1;
    const output = { ...one.outputs["weight.grad"], values: bytes.toString("base64") };
    const changed = { ...one, outputs: { ...one.outputs, "weight.grad": output } };
    const { outside } = renewed({ ...answers, cases: [changed] });
    expect(outside.map(({ name, output }) => `${name}: ${output}`)).toEqual([`${one.name}: weight.grad`]);
  });
});

// The program uses the release build, whatever is under test.
describe.runIf(process.env.BUILD === "build")("npm run vectors", () => {
  test("says that nothing changed", () => {
    const printed = execFileSync(process.execPath, ["scripts/run.mjs", "scripts/vectors.ts"], { encoding: "utf8" });
    expect(printed).toBe("Nothing changed.\n");
  });

  /** The program in a folder of its own, with other answers or vectors; what it printed and what it left there. */
  function inFolder(name: string, given: { answers?: Answers; vectors?: Vectors }, ...flags: string[]) {
    const folder = `build/vectors/${name}`;
    mkdirSync(`${folder}/test/golden`, { recursive: true });
    const before = textOf(given.vectors ?? only(vectors, "tanh", "exp"));
    const log = "# Changelog\n\n## Unreleased\n\n- One.\n\n## 0.1.0\n\nFirst.\n";
    writeFileSync(
      `${folder}/test/golden/vectors-torch.json`,
      JSON.stringify(given.answers ?? only(answers, "tanh", "exp")),
    );
    writeFileSync(`${folder}/test/golden/vectors.json`, before);
    writeFileSync(`${folder}/CHANGELOG.md`, log);
    const program = `${process.cwd()}/build/scripts/vectors.js`;
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...flags], {
      cwd: folder,
      encoding: "utf8",
    });
    const [after, changelog] = ["test/golden/vectors.json", "CHANGELOG.md"].map((path) =>
      readFileSync(`${folder}/${path}`, "utf8"),
    );
    return {
      status,
      stdout,
      stderr,
      written: after !== before,
      vectors: after,
      line: changelog.match(/- Test vec.*/)?.[0],
    };
  }

  const stale = (): Vectors => {
    const cases = structuredClone(only(vectors, "tanh", "exp").cases) as never as { outputs: Record<string, object> }[];
    Object.assign(cases[0].outputs.out, { sha256: "0".repeat(64) });
    return { ...vectors, cases: cases as never };
  };

  test("without the flag nothing is written: exit code 1 and what would change", () => {
    const run = inFolder("compare", { vectors: stale() });
    expect(run).toMatchObject({ status: 1, written: false, line: undefined });
    expect(run.stderr).toMatch(/^\w+: out\n1 output changed \(\w+\) in 1 hash\. Write it with --accept\.\n$/);
  });

  test("an output that changes needs a reason, which goes into the change log", () => {
    for (const none of [[], ["--because", ""], ["--because", " "]]) {
      const refused = inFolder("reason", { vectors: stale() }, "--accept", ...none);
      expect(refused).toMatchObject({ status: 1, written: false, line: undefined });
      expect(refused.stderr).toContain("give a reason");
    }
    const run = inFolder("reason", { vectors: stale() }, "--accept", "--because", "a better polynomial");
    expect(run).toMatchObject({ status: 0, written: true });
    expect(run.line).toMatch(/^- Test vectors: 1 output changed \(\w+\) in 1 hash: a better polynomial\.$/);
    expect(run.vectors).toBe(textOf(only(vectors, "tanh", "exp")));
  });

  test("new outputs need none", () => {
    const run = inFolder("new", { vectors: only(vectors, "tanh") }, "--accept");
    expect(run).toMatchObject({ status: 0, written: true, line: "- Test vectors: 2 outputs added (exp)." });
    expect(run.vectors).toBe(textOf(only(vectors, "tanh", "exp")));
  });

  test("nothing is written when one output is outside its tolerance", () => {
    const wrong = structuredClone(only(answers, "tanh", "exp"));
    const { out } = wrong.cases[1].outputs as Record<string, { values: string }>;
    const bytes = Buffer.from(out.values, "base64");
    bytes[2] ^= 0x10;
    out.values = bytes.toString("base64");
    const run = inFolder("outside", { answers: wrong, vectors: stale() }, "--accept", "--because", "it is mine");
    expect(run).toMatchObject({ status: 1, written: false, line: undefined });
    expect(run.stderr).toMatch(/^exp: out: off by .*\nOutside the tolerance: 1\. Nothing is written\./);
  });
});

describe("the change log and the summary", () => {
  test("the line goes to the end of Unreleased", () => {
    const log = "# Changelog\n\n## Unreleased\n\n- One\n  and more.\n\n## 0.1.0\n\n- Old.\n";
    expect(changelogWith(log, "Two.")).toBe(log.replace("more.\n", "more.\n- Two.\n"));
    expect(changelogWith("# Changelog\n\n## Unreleased\n\n## 0.1.0\n", "Two.")).toBe(
      "# Changelog\n\n## Unreleased\n\n- Two.\n\n## 0.1.0\n",
    );
    expect(changelogWith("# Changelog\n\n## Unreleased\n\n- One.\n", "Two.")).toBe(
      "# Changelog\n\n## Unreleased\n\n- One.\n- Two.\n",
    );
    expect(() => changelogWith("# Changelog\n", "Two.")).toThrow("Unreleased");
  });

  test("a summary counts outputs and names the first three cases", () => {
    const names = ["a: out", "a: x.grad", "b: out", "c: out", "d: out"];
    const none = { added: [], changed: [], removed: [], parts: {} };
    expect(summary({ ...none, added: names, changed: ["e: out"], parts: { hash: 1 } })).toBe(
      "5 outputs added (a; b; c and 1 more), 1 output changed (e) in 1 hash",
    );
    expect(summary({ ...none, changed: names, parts: { hash: 2, tolerance: 1, question: 5 } })).toBe(
      "5 outputs changed (a; b; c and 1 more) in 2 hashes and 1 tolerance and 5 questions",
    );
    expect(summary({ ...none, removed: ["e: out"] })).toBe("1 output removed (e)");
    expect(summary(none)).toBe("");
  });

  test("an output changes with its case's inputs, too", () => {
    const before = only(vectors, "tanh");
    const [one] = before.cases;
    const after = {
      ...before,
      cases: [{ ...one, inputs: { ...one.inputs, gradient: { ...one.inputs!.gradient, seed: 1 } } }],
    };
    expect(changesBetween(before, after as Vectors)).toEqual({
      added: [],
      removed: [],
      changed: ["tanh: out", "tanh: x.grad"],
      parts: { question: 2 },
    });
    expect(changesBetween(before, only(vectors))).toEqual({
      added: [],
      changed: [],
      removed: ["tanh: out", "tanh: x.grad"],
      parts: {},
    });
  });

  test.each([
    ["hash", { sha256: "0".repeat(64) }],
    ["expected result", { values: "AAAA" }],
    ["expected result", { shape: [21] }],
    ["tolerance", { absolute: 1 }],
    ["tolerance", { start: "x" }],
  ])("a change of the %s is told as such: %o", (name, change) => {
    const before = only(vectors, "tanh");
    const [one] = before.cases;
    const outputs = { ...one.outputs, out: { ...one.outputs.out, ...change } };
    const { changed, parts } = changesBetween(before, { ...before, cases: [{ ...one, outputs }] });
    expect({ changed, parts }).toEqual({ changed: ["tanh: out"], parts: { [name]: 1 } });
  });
});
