// npm run test:playground: the built page in Chromium. No part of npm test, which needs no browser.

import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: file("../.."),
  test: {
    include: ["test/playground/*.spec.ts"],
    // One browser at a time: tests of how long the main thread is busy need the processor.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 600_000,
  },
  resolve: {
    alias: [
      { find: /^nn-embedding$/, replacement: file("../../build/index.js") },
      { find: /^nn-embedding\/tables$/, replacement: file("../../build/tables/index.js") },
    ],
  },
});
