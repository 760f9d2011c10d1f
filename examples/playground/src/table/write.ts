import { strToU8, Zip, ZipDeflate } from "fflate";
import { type KeyedEmbedding, projectorFiles, writeKeyedEmbedding, writeWordVectors } from "nn-embedding/tables";
import type { FileFormat } from "./protocol.js";

/** A file of the vectors; the projector's three are in one zip. */
export function blobOf(vectors: KeyedEmbedding, format: FileFormat, name: string): Blob {
  if (format === "safetensors") return new Blob([...writeKeyedEmbedding(vectors)] as BlobPart[]);
  if (format === "word2vec") return new Blob([...writeWordVectors(vectors)], { type: "text/plain" });
  return zipped(Object.entries(projectorFiles(vectors, { name })));
}

function zipped(files: [name: string, content: string | Iterable<Uint8Array>][]): Blob {
  const pieces: BlobPart[] = [];
  const zip = new Zip((error, piece) => {
    if (error !== null) throw error;
    pieces.push(piece as Uint8Array<ArrayBuffer>);
  });
  for (const [name, content] of files) {
    const file = new ZipDeflate(name, { level: 6 });
    zip.add(file);
    for (const piece of typeof content === "string" ? [strToU8(content)] : content) file.push(piece);
    file.push(new Uint8Array(0), true);
  }
  zip.end();
  return new Blob(pieces, { type: "application/zip" });
}
