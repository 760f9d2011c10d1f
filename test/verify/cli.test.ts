import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const { version, bin } = JSON.parse(readFileSync("package.json", "utf8"));

/** Exit code and what was printed. */
function run(file: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

// The program uses the release build, whatever is under test.
describe.runIf(process.env.BUILD === "build")("npx nn-embedding", () => {
  test("verify says that all outputs are equal", () => {
    const stdout = expect.stringMatching(new RegExp(`^nn-embedding ${version}: (\\d+) of \\1 outputs are equal\n$`));
    expect(run(bin["nn-embedding"], "verify")).toEqual({ status: 0, stdout, stderr: "" });
  });

  test("prints a line for each difference and exits with 1", () => {
    const folder = "build/cli";
    mkdirSync(folder, { recursive: true });
    copyFileSync("build/cli.js", `${folder}/cli.js`);
    const source = readFileSync("build/verify.js", "utf8");
    const { outputs } = JSON.parse(readFileSync("test/golden/vectors.json", "utf8")).cases.find(
      ({ name }: { name: string }) => name === "exp",
    );
    writeFileSync(`${folder}/verify.js`, source.replace(outputs.out.sha256, "0".repeat(64)));
    const { status, stdout, stderr } = run(`${folder}/cli.js`, "verify");
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(
      /^nn-embedding \S+: (\d+) of (\d+) outputs are equal\nexp: out: off by \S+, within tolerance\n$/,
    );
    const [, equal, total] = /(\d+) of (\d+)/.exec(stdout)!;
    expect(Number(equal)).toBe(Number(total) - 1);
  });

  test("explains itself, and does not know other commands", () => {
    const help = run(bin["nn-embedding"], "--help");
    expect(help).toEqual({ status: 0, stdout: expect.stringMatching(/^Usage: nn-embedding verify\n/), stderr: "" });
    for (const args of [[], ["check"], ["verify", "more"]]) {
      expect(run(bin["nn-embedding"], ...args)).toEqual({ status: 2, stdout: "", stderr: help.stdout });
    }
  });
});
