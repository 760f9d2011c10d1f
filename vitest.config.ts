import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** The whole suite runs on both builds; tests import the built bundle by its package name. */
const project = (name: string, folder: string) => ({
  test: {
    name,
    include: ["test/**/*.test.ts"],
    env: { BUILD: folder },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
  resolve: { alias: { "nn-embedding": fileURLToPath(new URL(`${folder}/index.js`, import.meta.url)) } },
});

export default defineConfig({
  // One process a core: by default one core would stay idle.
  test: { maxWorkers: "100%", projects: [project("debug", "build/debug"), project("release", "build")] },
});
