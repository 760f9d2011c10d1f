// What is not ours: npm packages, which stand in peers/ with a lock file of their own, and C programs. Whoever cannot be had is
// left out, and the reason is printed.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { inBench, inBuild } from "./paths.js";

const folder = inBench("peers/");
const require = createRequire(`${folder}package.json`);

/** Of npm packages, by path below node_modules. */
export function peerFile(path: string): string {
  install();
  return `${folder}node_modules/${path}`;
}

export async function importPeer(name: string): Promise<unknown> {
  install();
  const module = await import(pathToFileURL(require.resolve(name)).href);
  return module.default ?? module;
}

export function peerVersion(name: string): string {
  return JSON.parse(readFileSync(peerFile(`${name}/package.json`), "utf8")).version;
}

/** `npm ci`, unless what is there came from the same lock file. No package needs its install script. */
function install(): void {
  const lock = readFileSync(`${folder}package-lock.json`, "utf8");
  const stamp = `${folder}node_modules/.installed-from`;
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  console.error("npm ci in bench/peers");
  const flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  execFileSync("npm", flags, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  writeFileSync(stamp, lock);
}

/** Path of a program, built anew; the environment variable CFLAGS has the last word. */
export function compile(name: string, source: string, ...flags: string[]): string {
  const program = inBuild(name);
  const last = process.env.CFLAGS?.split(" ") ?? [];
  const args = ["-O3", "-march=native", ...flags, ...last, source, "-o", program, "-lm", "-pthread"];
  execFileSync("gcc", args, { stdio: "pipe" });
  return program;
}

export function compilerVersion(): string {
  return execFileSync("gcc", ["-dumpfullversion"], { encoding: "utf8" }).trim();
}

/** What can be had, or null after saying why not. */
export async function orSkip<T>(name: string, make: () => T | Promise<T>): Promise<T | null> {
  try {
    return await make();
  } catch (error) {
    console.error(`without ${name}: ${String(error).split("\n")[0]}`);
    return null;
  }
}
