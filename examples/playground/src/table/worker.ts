// Holds the table beside the page, so that the page never waits: the map's points, searches, packed rows, files.

import { nn, tensor, tidy, zeros } from "nn-embedding";
import { KeyedEmbedding, nearest, type QuantizedEmbedding } from "nn-embedding/tables";
import { Projector } from "./pca.js";
import type { Call, Calls, Found, FromWorker, ToWorker } from "./protocol.js";
import { blobOf } from "./write.js";

let table = new nn.Embedding(0, 1);
let packed: QuantizedEmbedding | null = null;
let projector = new Projector();

/** The answers, by what is asked. */
const answers: { [C in Call]: (ask: Calls[C]["ask"]) => Calls[C]["answer"] | Promise<Calls[C]["answer"]> } = {
  project: ({ rows }) => projector.project(table.weight.detach(), rows),
  nearest: ({ positive, negative, k, packed }) => tidy(() => search(packed ? int8() : table, positive, negative, k)),
  sizes: () => ({
    float32: 4 * table.numEmbeddings * table.embeddingDim,
    int8: int8().numEmbeddings * int8().rowBytes,
  }),
  write: ({ format, words, packed, name }) =>
    blobOf(new KeyedEmbedding(words.split("\n"), packed ? int8() : table), format, name),
};

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "begin") begin(data.rows, data.dim, data.same);
  else if (data.type === "rows") fill(data.start, data.values);
  else void answer(data.id, () => (answers[data.call] as (ask: object) => unknown)(data.ask));
});

function begin(rows: number, dim: number, same: boolean): void {
  packed?.dispose();
  packed = null;
  if (!same) projector = new Projector();
  if (table.numEmbeddings === rows && table.embeddingDim === dim) return;
  table.dispose();
  const weight = zeros([rows, dim]);
  table = nn.Embedding.fromPretrained(weight);
  weight.dispose();
}

function fill(start: number, values: Float32Array): void {
  const shape = [values.length / table.embeddingDim, table.embeddingDim];
  tidy(() => {
    table.weight.detach().narrow(0, start, shape[0]).copy_(tensor(values, { shape }));
  });
}

async function answer(id: number, work: () => unknown): Promise<void> {
  try {
    send({ id, answer: (await work()) as Calls[Call]["answer"] });
  } catch (error) {
    send({ id, error: error instanceof Error ? error.message : String(error) });
  }
}

function send(message: FromWorker): void {
  postMessage(message);
}

function int8(): QuantizedEmbedding {
  packed ??= table.quantize("int8");
  return packed;
}

/** As KeyedEmbedding.mostSimilar, by rows. */
function search(
  rows: nn.Embedding | QuantizedEmbedding,
  positive: readonly number[],
  negative: readonly number[],
  k: number,
): Found[] {
  const query = new Float64Array(rows.embeddingDim);
  for (const row of positive) addUnit(query, rows.forward([row]).array as Float32Array, 1);
  for (const row of negative) addUnit(query, rows.forward([row]).array as Float32Array, -1);
  const given = new Set([...positive, ...negative]);
  const wanted = Math.min(k + given.size, rows.numEmbeddings);
  const { values, indices } = nearest(rows, query, { k: wanted, metric: "cosine" });
  const found = Array.from(indices.array, (row, i) => ({ row, score: values.array[i] }));
  return found.filter(({ row }) => !given.has(row)).slice(0, k);
}

/** sum += sign * vector / its length, unless that is 0. */
function addUnit(sum: Float64Array, vector: Float32Array, sign: number): void {
  let squares = 0;
  for (const value of vector) squares += value * value;
  const scale = squares > 0 ? sign / Math.sqrt(squares) : 0;
  for (let j = 0; j < sum.length; j++) sum[j] += vector[j] * scale;
}
