// The page as static files for any host: paths are relative, nothing comes from elsewhere. The library has been built before.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { licences } from "./licences.js";
import { offline } from "./offline.js";
import { packedCorpus } from "./packed-corpus.js";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const { version } = JSON.parse(readFileSync(file("../../package.json"), "utf8"));

const packages = licences();

export default defineConfig({
  root: file("."),
  base: "./",
  logLevel: "warn",
  build: {
    outDir: file("../../build/playground"),
    emptyOutDir: true,
    // The parts that are loaded on demand would be fetched with the page otherwise.
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 2000,
    // The corpus takes a second to pack, of which it would warn.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  define: { VERSION: JSON.stringify(version) },
  worker: { format: "es", plugins: () => [packages.collect()] },
  resolve: {
    alias: [
      { find: /^nn-embedding$/, replacement: file("../../build/index.js") },
      { find: /^nn-embedding\/tables$/, replacement: file("../../build/tables/index.js") },
      { find: /^nn-embedding\/verify$/, replacement: file("../../build/verify.js") },
    ],
  },
  plugins: [packedCorpus(), packages.collect(), packages.write(), offline()],
});
