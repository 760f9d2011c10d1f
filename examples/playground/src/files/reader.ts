// Reads a file beside the page and hands its words and its matrix over.

import { nn, tidy } from "nn-embedding";
import { KeyedEmbedding, openSafetensors, readKeyedEmbedding, readWordVectors } from "nn-embedding/tables";
import { withoutOperation } from "../faults.js";
import type { OpenReport, OpenStart } from "./protocol.js";
import { type Opened, openSource } from "./source.js";

/** Milliseconds between two reports. */
const PAUSE = 100;
/** Words that are sent together. */
const STRETCH = 4000;
const TABLE = "embedding.weight";

addEventListener("message", ({ data }: MessageEvent<OpenStart>) => {
  read(data).catch((error) => report({ type: "error", message: withoutOperation(error) }));
});

async function read({ source, limit }: OpenStart): Promise<void> {
  let told = 0;
  let rows = 0;
  const tell = (bytes: number, total: number | null) => {
    const now = performance.now();
    if (now - told < PAUSE) return;
    told = now;
    report({ type: "progress", rows, bytes, total });
  };
  const opened = await openSource(source, tell);
  const only = limit === Number.POSITIVE_INFINITY ? {} : { limit };
  const [vectors, note] = opened.safetensors
    ? await fromSafetensors(opened, limit)
    : [await readWordVectors(opened.stream, { ...only, onProgress: (progress) => (rows = progress.rows) }), ""];
  send(vectors, note);
}

/** Words and table as this library writes them, or else a table of another program, whose words are the numbers of its rows. */
async function fromSafetensors({ blob }: Opened, limit: number): Promise<[KeyedEmbedding, string]> {
  const file = await blob();
  const tensors = await openSafetensors(file);
  const { names } = tensors;
  if (names.includes(TABLE) && names.includes("vocab")) {
    return [await readKeyedEmbedding(file, limit === Number.POSITIVE_INFINITY ? {} : { limit }), ""];
  }
  const height = (name: string) => tensors.info(name).shape[0];
  const tables = names.filter((name) => tensors.info(name).shape.length === 2);
  const table = names.includes(TABLE) ? TABLE : tables.sort((a, b) => height(b) - height(a)).at(0);
  if (table === undefined) {
    throw new Error(`there is no table among its tensors, which are ${names.join(", ") || "none"}`);
  }
  const rows = Math.min(limit, height(table));
  const weight = (await tensors.rows(table, 0, rows)).float();
  const words = Array.from({ length: rows }, (_, row) => String(row));
  const note = `The file has no words: “${table}” is shown by the numbers of its rows.`;
  return [new KeyedEmbedding(words, nn.Embedding.fromPretrained(weight)), note];
}

function send(vectors: KeyedEmbedding, note: string): void {
  const { vocab, table, dim } = vectors;
  const words = [...vocab];
  if (words.length === 0) throw new Error("there are no vectors in it");
  for (let start = 0; start < words.length; start += STRETCH) {
    report({ type: "words", words: words.slice(start, start + STRETCH).join("\n") });
  }
  const matrix = tidy(() => (table instanceof nn.Embedding ? table.weight : table.dequantize()).array.slice());
  const done: OpenReport = { type: "done", dim, matrix: matrix as Float32Array<ArrayBuffer>, note };
  postMessage(done, { transfer: [done.matrix.buffer] });
}

function report(message: OpenReport): void {
  postMessage(message);
}
