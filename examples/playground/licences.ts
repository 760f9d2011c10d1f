// The licences of the packages of which something is in the page.

import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { licencesOf } from "../../scripts/licences.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A plugin that collects what is in its bundles, workers' among them, and one that writes what it collected. */
export function licences(): { collect(): Plugin; write(): Plugin } {
  const modules: Record<string, true> = {};
  const collect = (): Plugin => ({
    name: "licences: collect",
    apply: "build",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "asset") continue;
        for (const id of file.moduleIds) if (id.startsWith(root)) modules[id.slice(root.length)] = true;
      }
    },
  });
  const write = (): Plugin => ({
    name: "licences: write",
    apply: "build",
    async generateBundle() {
      this.emitFile({ type: "asset", fileName: "LICENSES.txt", source: await licencesOf(modules, root) });
    },
  });
  return { collect, write };
}
