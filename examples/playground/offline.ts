// The service worker: after the page is there it fetches the rest of it, so that nothing needs the network any more.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";

/** Writes sw.js with the names of all files of the page. */
export function offline(): Plugin {
  return {
    name: "offline",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const files = Object.values(bundle).filter(({ fileName }) => !fileName.endsWith(".map"));
      const hash = createHash("sha256");
      for (const file of files) hash.update(file.fileName).update(file.type === "chunk" ? file.code : file.source);
      const names = files.map(({ fileName }) => fileName).sort();
      const program = readFileSync(fileURLToPath(new URL("src/sw.js", import.meta.url)), "utf8");
      const source = `const VERSION = "${hash.digest("hex").slice(0, 16)}";\nconst FILES = ${JSON.stringify(names)};\n${program}`;
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}
