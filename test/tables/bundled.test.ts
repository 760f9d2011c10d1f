// What bundlers make of a program that packs a table.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { rolldown } from "rolldown";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "nn-embedding-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function withEsbuild(program: string): Promise<string> {
  const stdin = { contents: program, resolveDir: "." };
  const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: "esm", write: false });
  return outputFiles[0].text;
}

async function withRolldown(program: string): Promise<string> {
  const plugin = {
    name: "entry",
    resolveId: (id: string) => (id === "entry" ? join(process.cwd(), id) : null),
    load: (id: string) => (id.endsWith("entry") ? program : null),
  };
  const bundle = await rolldown({ input: "entry", cwd: process.cwd(), plugins: [plugin] });
  return (await bundle.generate({ minify: true })).output[0].code;
}

/** What the bundled program prints. */
function run(code: string): string {
  const file = join(folder, "program.mjs");
  writeFileSync(file, code);
  return execFileSync(process.execPath, [file], { encoding: "utf8" }).trim();
}

const bundlers = { esbuild: withEsbuild, rolldown: withRolldown };
const packed = 'new nn.Embedding(3, 4).quantize("int8").packed.length';

describe.runIf(process.env.BUILD === "build").each(["esbuild", "rolldown"] as const)(
  "a program bundled by %s",
  (name) => {
    it("can pack a table when it imports nn-embedding/tables, whatever of it", async () => {
      for (const tables of [
        'import "nn-embedding/tables";',
        'import { nearest } from "nn-embedding/tables"; nearest;',
      ]) {
        const program = `import { nn } from "nn-embedding"; ${tables} console.log(${packed});`;
        expect(run(await bundlers[name](program))).toBe("36");
      }
    });

    it("is told what to import when it does not, and carries none of it", async () => {
      const program = `import { nn } from "nn-embedding"; try { ${packed} } catch (error) { console.log(String(error)); }`;
      const code = await bundlers[name](program);
      expect(run(code)).toBe("Error: quantize: nn-embedding/tables has to be imported first");
      expect(code).not.toContain("fromPacked");
    });
  },
);
