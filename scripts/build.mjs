// Builds everything into build/: the kernels (debug and release), the bundle around each, the type declarations.

import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a tool on this Node. Whatever it prints is an error: asc exits with 0 after warnings. */
async function run(file, ...args) {
  const command = [join(root, "node_modules", file), ...args];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd: root }).catch(
    (error) => error,
  );
  const printed = `${stdout ?? ""}${stderr ?? ""}`.trim();
  if (printed !== "") throw new Error(`${file} printed:\n${printed}`);
}

const compile = (target) => run("assemblyscript/bin/asc.js", "--config", "asconfig.json", "--target", target);

/** "debug" picks the debug kernels through the "imports" of package.json. */
const bundle = (outfile, conditions) =>
  build({
    absWorkingDir: root,
    entryPoints: ["js/index.ts"],
    outfile,
    conditions,
    bundle: true,
    format: "esm",
    target: "es2022",
    loader: { ".wasm": "binary" },
    sourcemap: true,
    logLevel: "warning",
  });

await rm(join(root, "build"), { recursive: true, force: true });
await Promise.all([compile("release"), compile("debug")]);
// Only its declarations are of use: js/wasm.ts instantiates the kernels.
await rm(join(root, "build/kernels.js"));
await Promise.all([
  bundle("build/index.js", []),
  bundle("build/debug/index.js", ["debug"]),
  run("typescript/bin/tsc", "-p", "tsconfig.types.json"),
]);
