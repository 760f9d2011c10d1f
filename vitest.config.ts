import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The whole suite runs on both builds; tests import the built bundle by its package name. */
const project = (name: string, folder: string) => ({
  test: {
    name,
    include: ["test/**/*.test.ts"],
    env: { BUILD: folder },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
  resolve: {
    alias: [
      { find: /^nn-embedding$/, replacement: file(`${folder}/index.js`) },
      { find: /^nn-embedding\/tables$/, replacement: file(`${folder}/tables/index.js`) },
      { find: /^nn-embedding\/verify$/, replacement: file("build/verify.js") },
    ],
  },
});

export default defineConfig({
  // One process a core: by default one core would stay idle.
  test: { maxWorkers: "100%", projects: [project("debug", "build/debug"), project("release", "build")] },
});
