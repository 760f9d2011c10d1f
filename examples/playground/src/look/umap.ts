import type { Vectors } from "../store.js";
import type { Points } from "../table/align.js";
import type { UmapReport, UmapStart } from "./umap-protocol.js";

/** As many words as UMAP gets through in well under a minute. */
export const UMAP_ROWS = 6000;

const STAGES = { neighbours: "looking for neighbours", graph: "making their graph", layout: "laying it out" };

export interface UmapListener {
  progress(text: string): void;
  points(points: Points, done: boolean): void;
  fail(error: Error): void;
}

/** Starts UMAP of the first rows in a worker of its own. Returns what ends it. */
export function startUmap({ matrix, dim }: Vectors, start: Points, listener: UmapListener): () => void {
  const worker = new Worker(new URL("./umap-worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<UmapReport>) => {
    if (data.type === "progress") {
      const part = data.stage === "graph" ? "" : `: ${Math.round(100 * data.part)} %`;
      listener.progress(`UMAP, ${STAGES[data.stage]}${part}`);
    } else if (data.type === "error") {
      worker.terminate();
      listener.fail(new Error(data.message));
    } else {
      if (data.done) worker.terminate();
      listener.points(data.points, data.done);
    }
  });
  worker.addEventListener("error", ({ message }) => listener.fail(new Error(message)));
  const values = matrix.slice(0, start.x.length * dim) as Float32Array<ArrayBuffer>;
  const message: UmapStart = { dim, values, start };
  worker.postMessage(message, [values.buffer]);
  return () => worker.terminate();
}
