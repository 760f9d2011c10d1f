// Weighs what users download, minified and gzipped, against the budgets: node scripts/size.mjs

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { rolldown } from "rolldown";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The program as Vite makes it: its bundler drops what nobody uses of a namespace. */
async function withRolldown(program) {
  const entry = {
    name: "entry",
    resolveId: (id) => (id === "entry" ? join(root, id) : null),
    load: (id) => (id.endsWith("entry") ? program : null),
  };
  const bundle = await rolldown({ input: "entry", cwd: root, plugins: [entry] });
  const { output } = await bundle.generate({ minify: true });
  return output[0].code;
}

/** The program as esbuild makes it: whoever touches a namespace that was imported by name has all of it. */
async function withEsbuild(program) {
  const stdin = { contents: program, resolveDir: root };
  const { outputFiles } = await build({ stdin, bundle: true, minify: true, format: "esm", write: false });
  return outputFiles[0].text;
}

const zipped = (text) => gzipSync(text, { level: 9 }).length;

const training = "console.log(new nn.Embedding(9, 4), new optim.SGD([], { lr: 1 }));";
const named = 'import { nn, optim } from "nn-embedding";';
const namespaces = 'import * as nn from "nn-embedding/nn"; import * as optim from "nn-embedding/optim";';

const KB = 1024;

/** What is weighed, its bytes, and the most it may weigh. */
const weights = [
  ["kernels.wasm, as it is", (await readFile(join(root, "build/kernels.wasm"))).length, 24 * KB],
  ["an Embedding trained with SGD, by rolldown", zipped(await withRolldown(named + training)), 30 * KB],
  ["the same by esbuild, from nn-embedding/nn and /optim", zipped(await withEsbuild(namespaces + training)), 31 * KB],
  ["all of nn and optim, by esbuild", zipped(await withEsbuild(`${named} console.log(nn, optim);`)), 41 * KB],
  [
    "tensor() alone, by esbuild",
    zipped(await withEsbuild('import { tensor } from "nn-embedding"; console.log(tensor);')),
    24 * KB,
  ],
];

for (const [what, bytes, budget] of weights) {
  console.log(`${bytes > budget ? "OVER " : ""}${what}: ${bytes} bytes of ${budget}`);
}
if (weights.some(([, bytes, budget]) => bytes > budget)) process.exit(1);
