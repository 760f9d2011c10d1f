// UMAP of some thousand words (arXiv 1802.03426). It starts from the principal components, so that both maps have the same sides.

import { Generator, rand, tensor, tidy } from "nn-embedding";
import { nearest } from "nn-embedding/tables";
import { UMAP } from "umap-js";
import { aligned } from "../table/align.js";
import type { UmapReport, UmapStart } from "./umap-protocol.js";

/** Neighbours of a word, itself among them. */
const NEIGHBOURS = 15;
/** Words whose neighbours are looked for together. */
const BLOCK = 256;
/** umap-js starts within 10 of the middle; the given points have a mean square distance of 2 from it. */
const SCALE = 4;
/** Milliseconds between two reports. */
const PAUSE = 700;

addEventListener("message", ({ data }: MessageEvent<UmapStart>) => {
  try {
    run(data);
  } catch (error) {
    report({ type: "error", message: error instanceof Error ? error.message : String(error) });
  }
});

function run({ dim, values, start }: UmapStart): void {
  const rows = values.length / dim;
  const neighbours = Math.min(NEIGHBOURS, rows - 1);
  const umap = new UMAP({ nNeighbors: neighbours, minDist: 0.1, random: chance() });
  umap.setPrecomputedKNN(...neighboursOf(values, dim, neighbours));
  report({ type: "progress", stage: "graph", part: 0 });
  const epochs = umap.initializeFit(Array.from({ length: rows }, () => []));
  const layout = umap.getEmbedding();
  for (const [row, place] of layout.entries()) {
    place[0] = SCALE * start.x[row];
    place[1] = SCALE * start.y[row];
  }
  let told = performance.now();
  for (let epoch = 1; epoch <= epochs; epoch++) {
    umap.step();
    const now = performance.now();
    if (now - told < PAUSE && epoch < epochs) continue;
    told = now;
    report({ type: "progress", stage: "layout", part: epoch / epochs });
    const column = (j: number) => Float32Array.from(layout, (place) => place[j]);
    const [x, y] = aligned(column(0), column(1), start);
    report({ type: "points", points: { x, y }, done: epoch === epochs });
  }
}

/** For each row the nearest ones, itself first, and how far they are: 1 - cosine. */
function neighboursOf(values: Float32Array, dim: number, k: number): [number[][], number[][]] {
  const rows = values.length / dim;
  const table = tensor(values, { shape: [rows, dim] });
  const [indices, distances]: [number[][], number[][]] = [[], []];
  for (let start = 0; start < rows; start += BLOCK) {
    tidy(() => {
      const found = nearest(table, table.narrow(0, start, Math.min(BLOCK, rows - start)), { k, metric: "cosine" });
      const [places, scores] = [found.indices.toArray() as number[][], found.values.toArray() as number[][]];
      for (const [i, list] of places.entries()) {
        const order = list.map((row, at) => ({
          row,
          distance: row === start + i ? -1 : Math.max(0, 1 - scores[i][at]),
        }));
        order.sort((a, b) => a.distance - b.distance);
        indices.push(order.map(({ row }) => row));
        distances.push(order.map(({ distance }) => Math.max(0, distance)));
      }
    });
    report({ type: "progress", stage: "neighbours", part: Math.min(1, (start + BLOCK) / rows) });
  }
  table.dispose();
  return [indices, distances];
}

/** Numbers in [0, 1), the same ones every time. */
function chance(): () => number {
  const generator = new Generator().manualSeed(1);
  let values: Float32Array = new Float32Array(0);
  let at = 0;
  return () => {
    if (at === values.length) {
      values = tidy(() => rand([1 << 16], { generator }).array.slice() as Float32Array);
      at = 0;
    }
    return values[at++];
  };
}

function report(message: UmapReport): void {
  postMessage(message);
}
