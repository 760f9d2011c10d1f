// Tab Prove: the vectors and the benchmark in this browser.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { place } from "./visits.js";

const here = place();

/** Outputs of all cases. */
const TOTAL: number = JSON.parse(readFileSync("build/vectors.json", "utf8")).cases.reduce(
  (sum: number, { outputs }: { outputs: object }) => sum + Object.keys(outputs).length,
  0,
);

describe("proving", () => {
  test("every output is equal, the browser is named, and the text can be copied", async () => {
    await here.visiting(async (visit) => {
      await visit.tab("prove");
      await visit.click("prove-run");
      const [, equal, total, engine] = await visit.until("prove-result", /^(\d+) \/ (\d+) outputs are equal.* — (\S+)/);
      expect([Number(equal), Number(total)]).toEqual([TOTAL, TOTAL]);
      expect(engine).toBe("Chrome");
      const version = JSON.parse(readFileSync("package.json", "utf8")).version;
      expect(await visit.text("prove-text")).toContain(`nn-embedding ${version} in Chrome`);
      await visit.page.evaluate(() => {
        Object.defineProperty(navigator, "clipboard", { value: { writeText: async () => {} } });
      });
      await visit.click("prove-copy");
      await visit.until("prove-copy", /^Copied$/);
      await visit.click("prove-run");
      await visit.until("prove-copy", /^Copy as text$/);
      await visit.page.waitForSelector("#prove-copy:not([hidden])");
    });
  });

  test("the benchmark has figures of ours, plain JavaScript and TensorFlow.js, as a table, a chart and a text", async () => {
    await here.visiting(async (visit) => {
      await visit.tab("prove");
      await visit.click("bench-run");
      await visit.until("bench-state", /^Measured in Chrome/);
      const text = await visit.text("bench-result");
      for (const name of ["nn-embedding", "plain JavaScript", "tfjs (cpu)"]) {
        expect(text).toMatch(new RegExp(`${name.replace(/[()]/g, "\\$&")} [\\d.e+-]+ ms`));
      }
      const rows = await visit.page.$$eval("#bench-table tbody tr", (found) => found.length);
      expect(rows).toBe(text.split("\n").length - 1);
    });
  });
});
