// The same in plain JavaScript, rows packed beforehand.

import { packRow } from "../test/reference/packed.js";
import { BAG, type Data, NEAREST } from "./lines.js";
import type { Task } from "./measure.js";
import { task } from "./plain-task.js";

/** x = code * scale + bias, of each row. */
interface Packed {
  readonly codes: Uint8Array;
  readonly scales: Float32Array;
  readonly biases: Float32Array;
}

/** As torch's embedding_bag_byte_prepack. */
function pack({ V, D, weight }: Data): Packed {
  const codes = new Uint8Array(V * D);
  const scales = new Float32Array(V);
  const biases = new Float32Array(V);
  for (let r = 0; r < V; r++) {
    const bytes = packRow("int8", weight.subarray(r * D, (r + 1) * D))!;
    codes.set(bytes.subarray(0, D), r * D);
    [scales[r], biases[r]] = new Float32Array(bytes.slice(D).buffer);
  }
  return { codes, scales, biases };
}

function unpackRow(out: Float32Array, to: number, { codes, scales, biases }: Packed, row: number, dim: number): void {
  const [scale, bias] = [scales[row], biases[row]];
  for (let j = 0; j < dim; j++) out[to + j] = codes[row * dim + j] * scale + bias;
}

function addPackedRow(
  out: Float32Array,
  to: number,
  { codes, scales, biases }: Packed,
  row: number,
  dim: number,
): void {
  const [scale, bias] = [scales[row], biases[row]];
  for (let j = 0; j < dim; j++) out[to + j] += codes[row * dim + j] * scale + bias;
}

export function packedLookUp(data: Data): Task {
  const { N, D, index } = data;
  const table = pack(data);
  const out = new Float32Array(N * D);
  const run = () => {
    for (let i = 0; i < N; i++) unpackRow(out, i * D, table, index[i], D);
  };
  return task(run, () => [out]);
}

export function packedBag(data: Data): Task {
  const { N, D, index } = data;
  const table = pack(data);
  const out = new Float32Array((N / BAG) * D);
  const run = () => {
    out.fill(0);
    for (let i = 0; i < N; i++) addPackedRow(out, Math.floor(i / BAG) * D, table, index[i], D);
  };
  return task(run, () => [out]);
}

/** Norms beforehand, as ours are kept too. */
export function search(data: Data, dtype: "float32" | "int8"): Task {
  const { V, D, gradient } = data;
  const weight = dtype === "int8" ? new Float32Array(V * D) : data.weight;
  if (dtype === "int8") {
    const table = pack(data);
    for (let r = 0; r < V; r++) unpackRow(weight, r * D, table, r, D);
  }
  const norms = Float64Array.from({ length: V }, (_, r) => norm(weight, r * D, D));
  const length = norm(gradient, 0, D);
  const values = new Float64Array(NEAREST);
  const indices = new Int32Array(NEAREST);
  const run = () => {
    values.fill(-Infinity);
    for (let r = 0; r < V; r++) {
      let dot = 0;
      for (let j = 0; j < D; j++) dot += weight[r * D + j] * gradient[j];
      insert(values, indices, dot / (norms[r] * length), r);
    }
  };
  return task(run, () => [values, indices]);
}

function norm(x: Float32Array, from: number, n: number): number {
  let sum = 0;
  for (let j = from; j < from + n; j++) sum += x[j] * x[j];
  return Math.sqrt(sum);
}

/** Keeps the best, the best first. */
function insert(values: Float64Array, indices: Int32Array, value: number, index: number): void {
  let at = values.length;
  while (at > 0 && value > values[at - 1]) at--;
  if (at === values.length) return;
  values.copyWithin(at + 1, at);
  indices.copyWithin(at + 1, at);
  values[at] = value;
  indices[at] = index;
}
