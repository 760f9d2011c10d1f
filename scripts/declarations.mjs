// What tsc declares, made fit for users.

import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** An option may be given as undefined, also to those who compile with exactOptionalPropertyTypes. */
function withUndefined(text) {
  const optional = (_, name, type) => `${name}${type.includes("=>") ? `(${type})` : type} | undefined;`;
  return text.replace(/^( +(?:readonly )?\w+\?: )(.+[^)]);$/gm, optional);
}

/** Constructors that are internal have left none behind, which would mean one without parameters that anybody may call. */
function withoutConstructors(text) {
  return text.replace(/^export declare class (?:Tensor|SparseTensor) .*\{$/gm, "$&\n    protected constructor();");
}

/** Finishes the entries of a folder and all that they import, and removes the other files. */
export async function finishDeclarations(folder, entries) {
  const reached = new Set(entries.map((entry) => join(folder, entry)));
  for (const file of reached) {
    const text = withoutConstructors(withUndefined(await readFile(file, "utf8")));
    await writeFile(file, text);
    for (const [, path] of text.matchAll(/(?:from |import\()"(\..*?)\.js"/g))
      reached.add(join(dirname(file), `${path}.d.ts`));
  }
  for (const name of await readdir(folder, { recursive: true })) {
    if (name.endsWith(".ts") && !reached.has(join(folder, name))) await rm(join(folder, name));
  }
}
