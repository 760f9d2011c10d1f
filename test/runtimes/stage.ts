// An empty project with the packed library installed, and the programs of project/ beside it: what a user would have.

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type BuildOptions, build, transform } from "esbuild";
import { exec } from "./exec.js";
import { folder } from "./install.js";

/** source: this repository, another package's folder, or a tarball. */
export async function stage(source: string): Promise<string> {
  const project = join(await mkdtemp(join(tmpdir(), "nn-embedding-runtimes-")), "project");
  await mkdir(project);
  const tarball = (await stat(source)).isDirectory() ? await pack(source, project) : resolve(source);
  await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  await exec("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", tarball], { cwd: project });
  for (const file of await readdir(join(folder, "project"))) {
    const { code } = await transform(await readFile(join(folder, "project", file), "utf8"), {
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

/** Removes it, and what the runtimes have put beside it. */
export const unstage = (project: string) => rm(dirname(project), { recursive: true, force: true });

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
