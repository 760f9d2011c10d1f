// Tables that are read and not trained: packed to int8, and searched.

import { longTensor, nn, tensor, tidy } from "nn-embedding";
import { nearest } from "nn-embedding/tables";
import { BAG, type Data, NEAREST } from "./lines.js";
import type { Task } from "./measure.js";

export const packed = { lookUp, bag, search };

function lookUp({ V, D, weight, index }: Data): Task {
  const emb = new nn.Embedding(V, D, { weight });
  const table = emb.quantize("int8");
  emb.dispose();
  const input = longTensor(index);
  return {
    run: () => tidy(() => table.forward(input).array[0]),
    outputs: () => tidy(() => [table.forward(input).array.slice()]),
    dispose: () => [table.dispose(), input.dispose()],
  };
}

function bag({ V, D, N, weight, index }: Data): Task {
  const emb = new nn.EmbeddingBag(V, D, { weight, mode: "sum" });
  const table = emb.quantize("int8");
  emb.dispose();
  const input = longTensor(index, { shape: [N / BAG, BAG] });
  return {
    run: () => tidy(() => table.forward(input).array[0]),
    outputs: () => tidy(() => [table.forward(input).array.slice()]),
    dispose: () => [table.dispose(), input.dispose()],
  };
}

function search({ V, D, weight, gradient }: Data, dtype: "float32" | "int8"): Task {
  const emb = new nn.Embedding(V, D, { weight });
  const table = dtype === "int8" ? emb.quantize("int8") : emb;
  const query = tensor(gradient.subarray(0, D));
  const find = () => nearest(table, query, { k: NEAREST });
  return {
    run: () => tidy(() => find().values.array[0]),
    outputs: () =>
      tidy(() => {
        const { values, indices } = find();
        return [values.array.slice(), indices.array.slice()];
      }),
    dispose: () => [table.dispose(), emb.dispose(), query.dispose()],
  };
}
