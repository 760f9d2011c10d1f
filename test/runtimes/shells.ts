// Engines without a browser around them. They know neither modules nor consoles alike, so they get one classic script.

import { exec } from "./exec.js";
import { fromDebian } from "./install.js";
import type { Entry } from "./matrix.js";
import { oneFile } from "./stage.js";

function shell(file: string, debian: string, engine: string): Entry {
  return {
    name: file.slice(file.lastIndexOf("/") + 1),
    install: () => fromDebian(file, debian),
    run: async ({ project, signal }) => ({
      output: await exec(file, [await oneFile(project, "print.js", "print.js")], { signal }),
      version: await debianVersion(debian),
      engine,
    }),
  };
}

/** The version that Debian packaged. */
export async function debianVersion(name: string): Promise<string> {
  // "chromium<tab>156.0.8078.108-1~deb12u1"
  const line = await exec("dpkg-query", ["--show", name]);
  return line.split("\t")[1].split("-")[0];
}

export const shells = [
  shell("/usr/bin/jsc", "libjavascriptcoregtk-4.0-bin", "JavaScriptCore"),
  shell("/usr/bin/js102", "libmozjs-102-dev", "SpiderMonkey"),
];
