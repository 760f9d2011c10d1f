import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Tensor } from "nn-embedding";
import type { Vectors } from "nn-embedding/verify";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type Answers, changelogWith, changesBetween, renewed, summary, textOf } from "../../scripts/accept.js";

const file = readFileSync("test/golden/vectors.json", "utf8");
const vectors = JSON.parse(file) as Vectors;
const answers = JSON.parse(readFileSync("test/golden/vectors-torch.json", "utf8")) as Answers;
const only = <V extends Answers | Vectors>(all: V, ...names: string[]): V => ({
  ...all,
  cases: all.cases.filter(({ name }) => names.includes(name)),
});

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
    expect(file.length).toBeLessThan(250_000);
  });

  test("an error is met by its tolerance, and exact outputs have none", () => {
    for (const { name, outputs } of vectors.cases) {
      for (const { absolute = 0, relative = 0, error = 0 } of Object.values(outputs)) {
        if (absolute === 0 && relative === 0) expect(error, name).toBe(0);
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
    expect(run.stderr).toMatch(/^\w+: out\n1 output changed \(\w+\)\. Write it with --accept\.\n$/);
  });

  test("an output that changes needs a reason, which goes into the change log", () => {
    const refused = inFolder("reason", { vectors: stale() }, "--accept");
    expect(refused).toMatchObject({ status: 1, written: false, line: undefined });
    expect(refused.stderr).toContain("give a reason");
    const run = inFolder("reason", { vectors: stale() }, "--accept", "--because", "a better polynomial");
    expect(run).toMatchObject({ status: 0, written: true });
    expect(run.line).toMatch(/^- Test vectors: 1 output changed \(\w+\): a better polynomial\.$/);
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
    expect(summary({ added: names, changed: ["e: out"], removed: [] })).toBe(
      "5 outputs added (a; b; c and 1 more), 1 output changed (e)",
    );
    expect(summary({ added: [], changed: [], removed: ["e: out"] })).toBe("1 output removed (e)");
    expect(summary({ added: [], changed: [], removed: [] })).toBe("");
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
    });
    expect(changesBetween(before, only(vectors))).toEqual({
      added: [],
      changed: [],
      removed: ["tanh: out", "tanh: x.grad"],
    });
  });
});
