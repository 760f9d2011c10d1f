import { h } from "../dom.js";
import type { Store } from "../store.js";
import { tableOf } from "../table/client.js";
import type { FileFormat } from "../table/protocol.js";

const ENDINGS: Readonly<Record<FileFormat, string>> = {
  safetensors: ".safetensors",
  word2vec: ".vec",
  projector: "-projector.zip",
};

/** Writes the vectors of the store and hands the file to the browser. Returns its name and its bytes. */
export async function download(
  store: Store,
  format: FileFormat,
  packed: boolean,
): Promise<{ name: string; bytes: number }> {
  const { vectors } = store;
  if (vectors === null) throw new Error("there are no vectors yet");
  const stem = stemOf(vectors.label);
  const words = vectors.words.join("\n");
  const blob = await tableOf(store).ask(vectors, "write", { format, words, packed, name: stem });
  if (blob === null) throw new Error("other vectors have taken their place");
  const name = `${stem}${packed && format === "safetensors" ? "-int8" : ""}${ENDINGS[format]}`;
  save(name, blob);
  return { name, bytes: blob.size };
}

function save(name: string, blob: Blob): void {
  const href = URL.createObjectURL(blob);
  h("a", { href, download: name }).click();
  // The browser needs the address until it has begun to save.
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}

/** "Brown corpus" as "brown-corpus", "glove.6B.50d.txt" as "glove.6b.50d". */
function stemOf(label: string): string {
  const plain = label.replace(/(\.(txt|vec|bin|gz|glove|safetensors))+$/i, "").toLowerCase();
  return plain.replace(/[^\p{L}\p{N}._]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "") || "vectors";
}
