// Bundlers, told nothing but what to bundle and where to: no plugin, no configuration. What they make runs outside the
// project, where no node_modules would help a bundle that left something out.

import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { chromium, visit, WATCH } from "./browsers.js";
import { exec } from "./exec.js";
import { fromNpm, npmVersion } from "./install.js";
import type { Context, Entry } from "./matrix.js";
import { denoHome } from "./node.js";

async function emptyFolder({ project }: Context, name: string): Promise<string> {
  const folder = join(dirname(project), "bundled", name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return folder;
}

/** A program for Node. args: the command line, given the program and the folder for bundle.js. */
function bundler(name: string, file: string, args: (program: string, out: string) => string[]): Entry {
  return {
    name,
    install: () => fromNpm(file),
    async run(context) {
      const { project, signal } = context;
      const out = await emptyFolder(context, name);
      await exec(await fromNpm(file), args("./print.js", out), { cwd: project, signal, env: denoHome });
      return {
        output: await exec(process.execPath, ["bundle.js"], { cwd: out, signal }),
        version: await npmVersion(name.split(" ")[0]),
      };
    },
  };
}

/** Vite bundles pages: its own runs in Chromium. */
const vite: Entry = {
  name: "vite build",
  async install() {
    await fromNpm(".bin/vite");
    await chromium.install();
  },
  async run(context) {
    const { project, signal } = context;
    const out = await emptyFolder(context, "vite");
    await writeFile(join(project, "index.html"), `<!doctype html><script type="module" src="/page.js"></script>`);
    await exec(await fromNpm(".bin/vite"), ["build", "--outDir", out, "--emptyOutDir"], { cwd: project, signal });
    await copyFile(join(project, "watch.js"), join(out, "watch.js"));
    const page = WATCH + (await readFile(join(out, "index.html"), "utf8"));
    const { version, ...answer } = await visit(chromium, out, page, context);
    return { ...answer, version: await npmVersion("vite") };
  },
};

export const bundlers = [
  vite,
  bundler("esbuild", ".bin/esbuild", (program, out) => [program, "--bundle", `--outfile=${out}/bundle.js`]),
  bundler("webpack", ".bin/webpack-cli", (program, out) => [
    ...["build", "--mode", "production", "--entry", program],
    ...["--output-path", out, "--output-filename", "bundle.js"],
  ]),
  bundler("rolldown", ".bin/rolldown", (program, out) => [program, "--file", `${out}/bundle.js`]),
  bundler("bun build", "bun/bin/bun", (program, out) => ["build", program, "--outfile", `${out}/bundle.js`]),
  bundler("deno bundle", "deno/deno", (program, out) => ["bundle", program, "-o", `${out}/bundle.js`]),
];
