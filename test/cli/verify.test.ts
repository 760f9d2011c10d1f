import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { run, temporaryFolder } from "./run.js";

const { version, bin } = JSON.parse(readFileSync("package.json", "utf8"));

/** A copy of the package in which one hash is wrong; the path of its command line. */
function broken(): string {
  const folder = join(temporaryFolder(), "node_modules/nn-embedding");
  mkdirSync(folder, { recursive: true });
  cpSync("package.json", join(folder, "package.json"));
  const names = ["cli.js", "cli", "node.js", "library.js", "verify.js", "nn", "optim", "functional"];
  for (const name of names) cpSync(`build/${name}`, join(folder, "build", name), { recursive: true });
  const { outputs } = JSON.parse(readFileSync("test/golden/vectors.json", "utf8")).cases.find(
    ({ name }: { name: string }) => name === "exp",
  );
  const file = join(folder, "build/verify.js");
  writeFileSync(file, readFileSync(file, "utf8").replace(outputs.out.sha256, "0".repeat(64)));
  return join(folder, "build/cli.js");
}

// The program uses the release build, whatever is under test.
describe.runIf(process.env.BUILD === "build")("nn-embedding verify", () => {
  test("says that all outputs are equal", () => {
    expect(bin["nn-embedding"]).toBe("./build/cli.js");
    const stdout = expect.stringMatching(new RegExp(`^nn-embedding ${version}: (\\d+) of \\1 outputs are equal\n$`));
    expect(run(["verify"])).toEqual({ status: 0, stdout, stderr: "" });
  });

  test("prints a line for each difference and exits with 1", () => {
    const { status, stdout, stderr } = run(["verify"], "", broken());
    expect([status, stderr]).toEqual([1, ""]);
    expect(stdout).toMatch(
      /^nn-embedding \S+: (\d+) of (\d+) outputs are equal\nexp: out: off by \S+, within tolerance\n$/,
    );
    const [, equal, total] = /(\d+) of (\d+)/.exec(stdout)!;
    expect(Number(equal)).toBe(Number(total) - 1);
  });
});
