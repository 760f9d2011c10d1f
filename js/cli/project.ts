import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { nn } from "nn-embedding";
import { KeyedEmbedding, projectorFiles } from "nn-embedding/tables";
import { writeOutput } from "./files.js";
import { checkWords } from "./nearest.js";
import { readVectors, type TableFlags } from "./vectors.js";

export interface ProjectFlags extends TableFlags {
  only?: string[];
}

/** Rows of a picture unless told otherwise: more cannot be read. */
const PICTURE_ROWS = 200;

/** Writes a picture or a folder for TensorBoard's projector. */
export async function project(file: string, out: string, { only, top, ...flags }: ProjectFlags): Promise<void> {
  const picture = out.endsWith(".svg");
  const rows = top ?? (picture && only === undefined ? PICTURE_ROWS : undefined);
  const all = await readVectors(file, rows === undefined ? flags : { ...flags, top: rows });
  if (only !== undefined) checkWords(file, all, only);
  const vectors = only === undefined ? all : chosen(all, [...new Set(only)]);
  if (picture) return writeOutput(out, [(await import("./picture.js")).pictureOf(vectors)]);
  await mkdir(out, { recursive: true });
  for (const [name, content] of Object.entries(projectorFiles(vectors))) {
    await writeOutput(join(out, name), typeof content === "string" ? [content] : content);
  }
}

/** These words alone. */
function chosen(vectors: KeyedEmbedding, words: string[]): KeyedEmbedding {
  return new KeyedEmbedding(words, nn.Embedding.fromPretrained(vectors.lookup(words).detach()));
}
