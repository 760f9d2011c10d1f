import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import * as factorisation from "../examples/factorisation/model.js";
import * as genre from "../examples/genre/model.js";
import * as ngram from "../examples/ngram/model.js";
import type { Progress } from "../examples/progress.js";
import { decode, type Encoded, golden } from "./golden/load.js";

interface Case {
  example: keyof typeof EXAMPLES;
  settings: Settings;
  losses: Encoded;
}

/** What the examples take, and the slices of the corpus. */
interface Settings {
  epochs: number;
  seed: number;
  lr: number;
  dim: number;
  limit: number;
  words: number;
}

type Report = (progress: Progress) => void;

const EXAMPLES = {
  ngram: (settings: Settings, report: Report) => ngram.train(settings, report),
  genre: (settings: Settings, report: Report) => genre.train(genre.readSamples(settings.limit), settings, report),
  factorisation: (settings: Settings, report: Report) =>
    factorisation.train(factorisation.readCounts(settings.words, settings.limit), settings, report),
};

describe("the losses of the examples are PyTorch's at every step", () => {
  for (const { example, settings, losses } of golden<Case>("examples").cases) {
    test(`${example} ${JSON.stringify(settings)}`, () => {
      const expected = decode(losses).data;
      const told: Progress[] = [];
      EXAMPLES[example](settings, (progress) => told.push(progress));
      expect(told).toHaveLength(expected.length);
      const errors = told.map(({ loss }, step) => Math.abs(loss / expected[step] - 1));
      expect(Math.max(...errors)).toBeLessThan(1e-4);
      expect(told.at(-1)!.seen).toBe(told.at(-1)!.total);
    });
  }
});

/** Runs a program of examples/ with flags, without building anew. */
function run(program: string, ...flags: string[]): string {
  return execFileSync(process.execPath, ["scripts/run.mjs", `examples/${program}.ts`, ...flags], {
    encoding: "utf8",
    stdio: "pipe",
  });
}

/** The number after a name that begins a line. */
function printed(output: string, name: string): number {
  return Number(new RegExp(`^${name} +(\\S+)`, "m").exec(output)?.[1]);
}

describe.runIf(process.env.BUILD === "build")("the programs print what they learnt", () => {
  test("ngram knows the sonnet by heart", () => {
    const output = run("ngram");
    const losses = [...output.matchAll(/^epoch +\d+ {3}loss (\S+)$/gm)].map(([, loss]) => Number(loss));
    expect(losses).toHaveLength(15);
    expect(losses[14]).toBeLessThan(losses[0] / 10);
    expect(output).toContain("words guessed from the two before them: 111 of 113\n");
    expect(output).toContain("recited from the first two: When forty winters shall besiege thy brow,");
  });

  test("genre is right at least twice as often as the commonest genre is", () => {
    const output = run("genre", "--texts", "10");
    const table = [...output.matchAll(/^[a-r] [a-z ]{16}(.*) \d+ %$/gm)].map(([, row]) =>
      row.trim().split(/ +/).map(Number),
    );
    expect(table.map((row) => row.length)).toEqual(Array(15).fill(15));
    const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
    const heldOut = sum(table.flat());
    expect(output).toContain(`, ${heldOut} of other texts held out`);
    const accuracy = sum(table.map((row, i) => row[i])) / heldOut;
    const majority = Math.max(...table.map(sum)) / heldOut;
    expect(printed(output, "accuracy")).toBeCloseTo(accuracy, 3);
    expect(printed(output, "majority share")).toBeCloseTo(majority, 3);
    expect(accuracy).toBeGreaterThanOrEqual(2 * majority);
  });

  test("factorisation is nearer to the held-out counts than biases are", () => {
    const output = run("factorisation", "--words", "500");
    expect(output).toMatch(/^ +religion: (\S+, ){7}\S+$/m);
    expect(printed(output, "with vectors")).toBeLessThan(0.95 * printed(output, "biases alone"));
  });

  test("the flags are explained, and refused where they make no sense", () => {
    const flags = { ngram: "--lr", genre: "--texts", factorisation: "--dim" };
    for (const [program, own] of Object.entries(flags)) {
      const help = run(program, "--help");
      for (const flag of [own, "--epochs", "--seed"]) expect(help).toContain(flag);
    }
    expect(() => run("ngram", "--lr", "0")).toThrow(/It must be a number above 0/);
    expect(() => run("genre", "--texts", "4")).toThrow(/No text is held out/);
  });
});
