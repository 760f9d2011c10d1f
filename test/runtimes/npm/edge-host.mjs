// Runs a bundle in Vercel's edge runtime: node edge-host.mjs bundle.js kernels.wasm
// Compiling from bytes is forbidden, as it is in production; the local runtime would allow it.

import { readFileSync } from "node:fs";
import { EdgeRuntime } from "edge-runtime";

const [bundle, wasm] = process.argv.slice(2);
const KERNELS = new WebAssembly.Module(readFileSync(wasm));
const runtime = new EdgeRuntime({
  codeGeneration: { strings: false, wasm: false },
  extend: (context) => Object.assign(context, { KERNELS }),
});
runtime.evaluate(readFileSync(bundle, "utf8"));
