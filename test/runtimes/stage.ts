// An empty project with the packed library installed, and the programs of project/ beside it: what a user would have.

import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type BuildOptions, build, transform } from "esbuild";
import { exec } from "./exec.js";
import { here } from "./install.js";

/**
 * Returns the project's folder. It goes when this process does, with what the runtimes have put beside it.
 * source: this repository, another package's folder, or a tarball.
 */
export async function stage(source: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nn-embedding-runtimes-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const project = join(folder, "project");
  await mkdir(project);
  const tarball = (await stat(source)).isDirectory() ? await pack(source, project) : resolve(source);
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await exec("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", tarball], { cwd: project });
  for (const file of await readdir(join(here, "project"))) {
    const { code } = await transform(await readFile(join(here, "project", file), "utf8"), {
      loader: "ts",
      target: "es2022",
    });
    await writeFile(join(project, file.replace(/\.ts$/, ".js")), code);
  }
  return project;
}

async function pack(source: string, destination: string): Promise<string> {
  const printed = await exec("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", destination], {
    cwd: source,
  });
  return join(destination, printed.trim());
}

/** Path of a file that the package exports: "nn-embedding/kernels.wasm". */
export const installedFile = (project: string, name: string) =>
  createRequire(join(project, "package.json")).resolve(name);

/**
 * One file made of a program and the installed library, for what cannot resolve "nn-embedding": shells, workers and
 * virtual machines have neither node_modules nor an import map. Returns its path, one-file/<name>.
 */
export async function oneFile(
  project: string,
  program: string,
  name: string,
  options: BuildOptions = {},
): Promise<string> {
  const outfile = join(project, "one-file", name);
  await mkdir(join(project, "one-file"), { recursive: true });
  await build({
    absWorkingDir: project,
    entryPoints: [program],
    outfile,
    bundle: true,
    format: "iife",
    target: "es2022",
    logLevel: "warning",
    ...options,
  });
  return outfile;
}
