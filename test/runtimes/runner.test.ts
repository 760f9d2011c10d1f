import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode } from "../../scripts/wasm-text.mjs";
import { exec } from "./exec.js";
import { Skip } from "./install.js";
import { type Answer, type Entry, isRed, matrix, type Row } from "./matrix.js";
import type { Report } from "./project/smoke.js";
import { checkFlat } from "./requests.js";
import { table } from "./table.js";

const report: Report = {
  version: "1.2",
  engine: "E 3",
  trained: [0.5],
  fault: "",
  total: 2,
  equal: 2,
  differences: [],
};
const difference = { name: "add", output: "out", expected: "1", actual: "2" };

/** The row of one runtime. */
async function rowOf(run: Entry["run"], rest: Partial<Entry> = {}): Promise<Row> {
  const [row] = await matrix([{ name: "fake", run, ...rest }], "nowhere", report);
  return row;
}

const printing = (output: unknown) => rowOf(async () => ({ output: `warning\n${JSON.stringify(output)}\n` }));

// The code under test is this folder's, whichever build of the library runs beside it.
describe.runIf(process.env.BUILD === "build")("the matrix", () => {
  it("believes a whole report", async () => {
    expect(await printing(report)).toMatchObject({ status: "ok", version: "1.2", engine: "E 3", equal: 2, total: 2 });
  });

  it.each([
    ["a vector that differs", { ...report, equal: 1, differences: [difference] }, "1 vectors differ"],
    ["a vector that differs though all are counted", { ...report, differences: [difference] }, "vectors differ"],
    ["vectors that did not run", { ...report, total: 1, equal: 1 }, "1 vectors of 2 ran"],
    ["no vectors", { ...report, total: 0, equal: 0 }, "0 vectors of 2 ran"],
    ["other bits of trained weights", { ...report, trained: [0.25] }, "the smoke program trained to other bits"],
    ["a fault of the smoke program", { ...report, fault: "Error: y" }, "the smoke program: Error: y"],
    ["no word on faults", { ...report, fault: undefined }, "no report"],
    ["an error", { error: "RangeError: x" }, "RangeError: x"],
    ["counts that are no numbers", { ...report, equal: "2" }, "no report"],
    ["null", null, "no report"],
    ["a number", 2, "no report"],
  ])("fails a runtime that reports %s", async (_, output, reason) => {
    const row = await printing(output);
    expect(row.status).toBe("failed");
    expect(row.note).toContain(reason);
  });

  it.each(["", "Segmentation fault", "equal equal equal", `${JSON.stringify(report)}\nthen it went on`])(
    "fails a runtime that prints garbage: %j",
    async (output) => {
      expect(await rowOf(async () => ({ output }))).toMatchObject({ status: "failed" });
    },
  );

  it("fails a runtime that crashes, even after its report", async () => {
    const crash = `console.log(${JSON.stringify(JSON.stringify(report))}); console.error("why"); process.abort()`;
    const row = await rowOf(async () => ({ output: await exec(process.execPath, ["-e", crash]) }));
    expect(row).toMatchObject({ status: "failed", equal: 0 });
    expect(row.note).toMatch(/^node ended with SIGABRT: why/);
  });

  it("fails a runtime that is not there", async () => {
    const row = await rowOf(async () => ({ output: await exec("/nowhere/at-all", []) }));
    expect(row).toMatchObject({ status: "failed" });
    expect(row.note).toMatch(/^at-all: .*ENOENT/);
  });

  it("ends a runtime that hangs, with its children, and goes on", async () => {
    const hang = `
      const child = require("child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
      require("fs").writeFileSync(process.argv[1], String(child.pid));
      setInterval(() => {}, 1000)`;
    const pidFile = join(mkdtempSync(join(tmpdir(), "runner-")), "pid");
    const hanging = ({ signal }: { signal: AbortSignal }) => exec(process.execPath, ["-e", hang, pidFile], { signal });
    const deaf = () => new Promise<Answer>(() => {});
    const rows = await matrix(
      [
        { name: "hangs", limit: 1, run: async (context) => ({ output: await hanging(context) }) },
        { name: "does not even listen", limit: 0.1, run: deaf },
        { name: "works", run: async () => ({ output: JSON.stringify(report) }) },
      ],
      "nowhere",
      report,
    );
    expect(rows.map(({ status }) => status)).toEqual(["failed", "failed", "ok"]);
    expect(rows[0].note).toBe("no answer in 1 s");
    const pid = Number(readFileSync(pidFile, "utf8"));
    expect(isAlive(pid)).toBe(false);
  });

  it("skips what cannot be installed; only a fast run is red for it", async () => {
    const install = async () => {
      throw new Skip("no such machine");
    };
    const skipped = await rowOf(async () => ({ output: "" }), { install });
    expect(skipped).toMatchObject({ status: "skipped", note: "no such machine" });
    const failed = await rowOf(async () => ({ output: "" }), { install: () => Promise.reject(new Error("broken")) });
    expect(failed).toMatchObject({ status: "failed", note: "broken" });
    const ok = await printing(report);
    expect([isRed([ok, skipped], false), isRed([ok, skipped], true)]).toEqual([false, true]);
    expect([isRed([ok], true), isRed([ok, failed], false)]).toEqual([false, true]);
  });

  it("installs from lock files that name no registry", () => {
    for (const folder of ["npm", "npm-arm64"]) {
      expect(readFileSync(`test/runtimes/${folder}/package-lock.json`, "utf8")).not.toContain('"resolved"');
    }
  });

  it("prints one table", async () => {
    const rows = [
      await printing(report),
      await printing({ ...report, equal: 1, differences: [difference] }),
      await rowOf(() => Promise.reject(new Skip("a | b"))),
    ].map((row) => ({ ...row, seconds: 1.25 }));
    expect(table(rows)).toBe(
      [
        "| runtime | version | engine | vectors equal / total | seconds |",
        "| - | - | - | - | -: |",
        "| fake | 1.2 | E 3 | 2 / 2 | 1.3 |",
        "| fake | 1.2 | E 3 | **failed** 1 / 2: 1 vectors differ | 1.3 |",
        "| fake |  |  | skipped: a \\| b |  |",
      ].join("\n"),
    );
  });

  it("tells flat memory from memory that grows", () => {
    const samples = (f: (i: number) => number) => Array.from({ length: 100 }, (_, i) => f(i));
    expect(() =>
      checkFlat(
        "RSS",
        samples((i) => Math.min(i, 10) * 1e7),
      ),
    ).not.toThrow();
    expect(() =>
      checkFlat(
        "RSS",
        samples((i) => 1e8 + i * 1e5),
      ),
    ).not.toThrow();
    expect(() =>
      checkFlat(
        "RSS",
        samples((i) => 1e8 + i * 1e6),
      ),
    ).toThrow(/^RSS grew from 119000000 to 199000000 bytes$/);
    expect(() =>
      checkFlat(
        "RSS",
        samples((i) => 1e8 + i * 1e6),
        6e7,
      ),
    ).not.toThrow();
  });
});

/** A process that has ended but that nobody has waited for counts as ended. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe.runIf(process.env.BUILD === "build")("npm run test:runtimes", () => {
  const folder = mkdtempSync(join(tmpdir(), "runner-"));
  const copy = join(folder, "package");

  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["scripts/run.mjs", "test/runtimes/run.ts", ...args], { encoding: "utf8" });

  beforeAll(async () => {
    await exec("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder]);
    await exec("tar", ["-xzf", readdirSync(folder)[0]], { cwd: folder });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is green for the package as it is", () => {
    const { status, stdout, stderr } = run("--package", copy, "--only", "node");
    expect(stderr).toMatch(/^node: ok/);
    expect(stdout).toMatch(/^\| node \| [\d.]+ \| V8 \S+ \| (\d+) \/ \1 \|/m);
    expect(status).toBe(0);
  });

  it("is red when one kernel subtracts where it should add, and names the vectors that differ", () => {
    breakKernel();
    const { status, stdout, stderr } = run("--package", copy, "--only", "node");
    expect(stdout).toMatch(/^\| node \| .* \| \*\*failed\*\* \d+ \/ \d+: /m);
    expect(stderr).toMatch(/^ {2}\{"name":"/m);
    expect(status).toBe(1);
  });

  it("knows no row that is not in its list", () => {
    expect(run("--only", "netscape")).toMatchObject({ status: 1, stdout: "" });
    expect(run("--list").stdout.split("\n")).toEqual(expect.arrayContaining(["node", "deno", "firefox", "vite build"]));
  });

  /** Turns the first f32x4.add of the kernels into f32x4.sub, wherever the package has them. */
  function breakKernel(): void {
    const kernels = readFileSync(join(copy, "build/kernels.wasm"));
    const broken = Buffer.from(kernels);
    broken[kernels.indexOf(Buffer.from([0xfd, 0xe4, 0x01])) + 1] = 0xe5;
    writeFileSync(join(copy, "build/kernels.wasm"), broken);
    const library = join(copy, "build/library.js");
    const text = readFileSync(library, "utf8");
    const inlined = text.replace(encode(kernels), () => encode(broken));
    expect(inlined).not.toBe(text);
    writeFileSync(library, inlined);
  }
});
