import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("verify needs no host API: it runs in a bare engine", async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: 'import { verify } from "nn-embedding/verify"; export const { total, equal } = verify();',
      resolveDir: process.cwd(),
    },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "report",
    alias: { "nn-embedding": `./${process.env.BUILD}/index.js`, "nn-embedding/verify": "./build/verify.js" },
  });
  const { total, equal } = runInNewContext(`${outputFiles[0].text}; report`);
  expect(total).toBeGreaterThan(500);
  expect(equal).toBe(total);
});
