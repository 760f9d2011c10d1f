// Runs a TypeScript program of this repository: node scripts/run.mjs examples/skip-gram.ts --epochs 1
// Node 20 cannot read TypeScript, so the program is bundled into build/ first; packages stay where they are.

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [program, ...args] = process.argv.slice(2);
const outfile = join(root, "build", program.replace(/\.ts$/, ".js"));

await build({
  entryPoints: [join(root, program)],
  outfile,
  bundle: true,
  packages: "external",
  platform: "node",
  format: "esm",
  target: "es2022",
  logLevel: "warning",
});
const { status, signal } = spawnSync(process.execPath, ["--enable-source-maps", outfile, ...args], {
  stdio: "inherit",
});
if (signal !== null) console.error(`${program} was ended by ${signal}`);
process.exit(status ?? 1);
