// What packages want to be told beside their code.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The licences and notices of all npm packages of which something is in a bundle. inputs: of esbuild's metafile. */
export async function licencesOf(inputs, root) {
  const found = Object.keys(inputs).map((file) => /.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  const folders = [...new Set(found)].filter((folder) => folder !== undefined).sort();
  const texts = await Promise.all(folders.map((folder) => licenceOf(join(root, folder))));
  return texts.join("\n\n");
}

async function licenceOf(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const isNotice = (file) => /^(licenses\/)?(licen[cs]e|notice)[^/]*$/i.test(file) && file !== "licenses";
  const files = (await readdir(folder, { recursive: true })).filter(isNotice).sort();
  if (files.length === 0 && license === undefined) throw new Error(`${name} ${version} has no licence`);
  if (files.length === 0) return `${name} ${version}: https://spdx.org/licenses/${license}.html`;
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  return [`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join("\n\n");
}
