import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Runs `npm start` with flags, without building anew. */
function start(...flags: string[]): string {
  return execFileSync(process.execPath, ["scripts/run.mjs", "examples/skip-gram.ts", ...flags], {
    encoding: "utf8",
    stdio: "pipe",
  });
}

test.runIf(process.env.BUILD === "build")(
  "npm start trains on a slice, reports it, and repeats itself byte for byte",
  () => {
    const files = [0, 1].map((i) => `build/test-${i}.vec`);
    const printed = files.map((out) => start("--words", "20000", "--epochs", "1", "--out", out));
    const [first, second] = files.map((file) => readFileSync(file, "utf8"));
    expect(second).toBe(first);
    const [header, ...lines] = first.trimEnd().split("\n");
    const [rows, dim] = header.split(" ").map(Number);
    expect(dim).toBe(100);
    expect(lines).toHaveLength(rows);
    for (const line of lines) {
      const [word, ...numbers] = line.split(" ");
      expect(word).toMatch(/[a-z]/);
      expect(numbers).toHaveLength(dim);
      expect(numbers.every((x) => Number.isFinite(Number(x)))).toBe(true);
    }
    expect(printed[0]).toMatch(/^Brown corpus: [\d,]+ words, \d+ different ones at least 5 times\n/);
    expect(printed[0]).toMatch(/loss a pair +\d\.\d{4}\nwords a second +[\d,]+ /);
    expect(printed[0]).toContain(createHash("sha256").update(first).digest("hex"));
    expect(printed[0]).toMatch(/same part of speech among the ten nearest words: 0\.\d{3}/);
  },
);

test.runIf(process.env.BUILD === "build")(
  "npm start explains its flags and refuses what is no number, or one too large",
  () => {
    const help = start("--help");
    const flags = [
      "epochs",
      "dim",
      "seed",
      "words",
      "window",
      "negatives",
      "optimizer",
      "learning-rate",
      "out",
      "help",
    ];
    for (const flag of flags) expect(help).toContain(`--${flag}`);
    expect(() => start("--epochs", "many")).toThrow(/It must be a whole number/);
    expect(() => start("--dim", "0")).toThrow(/It must be at least 1/);
    const diverging = ["--words", "60000", "--dim", "20", "--epochs", "6", "--learning-rate", "10"];
    expect(() => start(...diverging)).toThrow(/diverges: choose a smaller learning rate\.\n$/);
  },
);
