import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { run } from "./run.js";

const COMMANDS = ["info", "convert", "nearest", "analogy", "project", "train", "verify"];
const GLOVE = "test/fixtures/glove.txt";

describe.runIf(process.env.BUILD === "build")("nn-embedding explains itself", () => {
  test("all of it", () => {
    const { status, stdout, stderr } = run(["--help"]);
    expect([status, stderr]).toEqual([0, ""]);
    for (const command of COMMANDS) expect(stdout).toMatch(new RegExp(`^  ${command} `, "m"));
    expect(stdout).toContain("Examples:\n  $ nn-embedding convert ");
    expect(stdout).toContain("Exit code: 0 when all went well");
    expect(run(["-V"]).stdout).toBe(`${JSON.parse(readFileSync("package.json", "utf8")).version}\n`);
  });

  test.each(COMMANDS)("%s, with examples", (command) => {
    const { status, stdout, stderr } = run([command, "--help"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(new RegExp(`^Usage: nn-embedding ${command} `));
    if (command !== "verify") expect(stdout).toContain(`\nExamples:\n  $ nn-embedding ${command} `);
    expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(120);
  });
});

describe.runIf(process.env.BUILD === "build")("a wrong command line is exit code 2, and nothing on stdout", () => {
  test.each<[string[], RegExp]>([
    [[], /^Usage: nn-embedding \[options\] \[command\]\n/],
    [["check"], /^error: unknown command 'check'\n$/],
    [["verify", "more"], /^error: too many arguments for 'verify'/],
    [["nearest"], /^error: missing required argument 'file'\n$/],
    [["nearest", GLOVE], /^error: missing required argument 'word'\n$/],
    [["nearest", GLOVE, "king", "-k", "0"], /It must be at least 1\.\n$/],
    [["nearest", GLOVE, "king", "-k", "1e3"], /It must be a whole number\.\n$/],
    [["nearest", GLOVE, "king", "--colour"], /^error: unknown option '--colour'\n$/],
    [["analogy", GLOVE, "man", "king"], /^error: missing required argument 'c'\n$/],
    [
      ["convert", GLOVE, "out.safetensors", "--dtype", "int2"],
      /Allowed choices are float32, float16, bfloat16, int8, int4/,
    ],
    [["convert", GLOVE, "out.zip"], /^nn-embedding: out\.zip: its name tells no format, which is one of \.txt /],
    [["convert", GLOVE, "-"], /^nn-embedding: -: its name tells no format/],
    [
      ["convert", GLOVE, "out.txt", "--dtype", "int8"],
      /^nn-embedding: --dtype int8: only safetensors files hold it, not glove\n$/,
    ],
    [["train", "text", "out.zip"], /^nn-embedding: out\.zip: its name tells no format/],
  ])("%j", (args, message) => {
    expect(run(args)).toEqual({ status: 2, stdout: "", stderr: expect.stringMatching(message) });
  });
});
