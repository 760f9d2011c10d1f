// Where runtimes come from: npm, as the lock files of npm/ and npm-arm64/ say, and, as root on Debian, apt-get. Nothing is
// put on PATH, and no source file stands beside those node_modules: packages bring a `node` and other versions of tools.

import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { exec } from "./exec.js";

/** Thrown by what this machine cannot have; its text is the reason. */
export class Skip extends Error {}

export const here = resolve("test/runtimes");
export const packages = join(here, "npm");

/** Ten minutes. */
const patience = () => AbortSignal.timeout(600_000);

const say = (text: string) => process.stderr.write(`${text}\n`);

/** `npm ci` in a folder, unless what is there came from the same lock file. */
async function npmCi(inside: string, flags: string[]): Promise<void> {
  const lock = await readFile(join(inside, "package-lock.json"), "utf8");
  const stamp = join(inside, "node_modules/.installed-from");
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === lock) return;
  say(`npm ci in ${inside}`);
  // None of these packages needs its install script, and a lock file does not cover what one downloads.
  await exec("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", ...flags], {
    cwd: inside,
    signal: patience(),
  });
  await writeFile(stamp, lock);
}

const installed = new Map<string, Promise<void>>();

/** Path of a file of an npm package, after installation. */
async function file(inside: string, path: string, flags: string[] = []): Promise<string> {
  if (!installed.has(inside)) installed.set(inside, npmCi(inside, flags));
  await installed.get(inside);
  const found = join(inside, "node_modules", path);
  const [name] = path.split("/");
  if (!existsSync(found)) throw new Skip(`npm has no ${name} here for ${process.platform} ${process.arch}`);
  return found;
}

/** Path of a file of one of the packages of npm/package.json. */
export const fromNpm = (path: string) => file(packages, path);

/** Version of one of them. */
export async function npmVersion(name: string): Promise<string> {
  return JSON.parse(await readFile(await fromNpm(`${name}/package.json`), "utf8")).version;
}

/** Path of a file of a package for linux on arm64, whatever this machine is. */
export const fromNpmArm64 = (path: string) =>
  file(join(here, "npm-arm64"), path, ["--os=linux", "--cpu=arm64", "--libc=glibc", "--force"]);

/** Path of a file that Debian packages bring. */
export async function fromDebian(path: string, ...names: string[]): Promise<string> {
  if (existsSync(path)) return path;
  if (!existsSync("/usr/bin/apt-get")) throw new Skip(`no ${path}, and no apt-get to install ${names.join(" ")}`);
  if (process.getuid?.() !== 0) throw new Skip(`no ${path}; root would install ${names.join(" ")}`);
  say(`apt-get install ${names.join(" ")}`);
  const apt = (...args: string[]) =>
    exec("apt-get", args, { env: { DEBIAN_FRONTEND: "noninteractive" }, signal: patience() });
  const install = () => apt("install", "-y", "--no-install-recommends", ...names);
  try {
    // The first attempt fails where the lists are missing, or older than the mirror.
    await install().catch(() => apt("update").then(install));
  } catch (error) {
    throw new Skip(`${names.join(" ")}: ${error}`);
  }
  if (!existsSync(path)) throw new Skip(`${names.join(" ")} brought no ${path}`);
  return path;
}
