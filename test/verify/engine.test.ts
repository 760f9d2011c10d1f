import { readdirSync, readFileSync } from "node:fs";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { describe, expect, test } from "vitest";

/** A program with the library in it, run in a bare engine after `before`; what it exports. */
async function inBareEngine<Exports>(program: string, before = "", globals: object = {}): Promise<Exports> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: process.cwd() },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "exported",
    alias: { "nn-embedding": `./${process.env.BUILD}/index.js`, "nn-embedding/verify": "./build/verify.js" },
  });
  return runInNewContext(`${before}\n${outputFiles[0].text}; exported`, globals) as Exports;
}

const VERIFY = 'import { verify } from "nn-embedding/verify"; export const { total, equal } = verify();';

describe("verify", () => {
  test("needs no host API: it runs in a bare engine", async () => {
    const { total, equal } = await inBareEngine<{ total: number; equal: number }>(VERIFY);
    expect(total).toBeGreaterThan(500);
    expect(equal).toBe(total);
  });

  test("takes no chance, and leaves a generator without a seed without one", async () => {
    const program = `${VERIFY}
      import { rand } from "nn-embedding";
      export const before = [...drawn];
      rand([1]);
      rand([1]);`;
    const drawn: string[] = [];
    const chance = "Math.random = () => (drawn.push('chance'), 0.5);";
    const { total, equal, before } = await inBareEngine<{ total: number; equal: number; before: string[] }>(
      program,
      chance,
      { drawn },
    );
    expect(equal).toBe(total);
    expect([...before]).toEqual([]);
    expect(drawn).toEqual(["chance"]);
  });

  test("calls every kernel that the library calls", async () => {
    const count = `
      const { Instance } = WebAssembly;
      const called = new Set();
      WebAssembly.Instance = function (module, imports) {
        const exports = Object.entries(new Instance(module, imports).exports).map(([name, value]) => [
          name,
          typeof value === "function" ? (...args) => (called.add(name), value(...args)) : value,
        ]);
        return { exports: Object.fromEntries(exports) };
      };`;
    const program = `${VERIFY} export const names = [...called].sort();`;
    const { names } = await inBareEngine<{ names: string[] }>(program, count);
    const sources = readdirSync("js", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const text = sources.map((name) => readFileSync(`js/${name}`, "utf8")).join("\n");
    const offered = new Set([...text.matchAll(/\bkernels\.(\w+)/g)].map(([, name]) => name));
    for (const name of ["memory", "wasm", "js", "GENERATOR_BYTES"]) offered.delete(name);
    expect([...offered].filter((name) => !names.includes(name))).toEqual([]);
  });
});
