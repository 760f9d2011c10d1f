import type { Points } from "../table/align.js";

/** The first rows of the table, and where their points start from. */
export interface UmapStart {
  readonly dim: number;
  readonly values: Float32Array<ArrayBuffer>;
  readonly start: Points;
}

export type UmapReport =
  | { readonly type: "progress"; readonly stage: "neighbours" | "graph" | "layout"; readonly part: number }
  | { readonly type: "points"; readonly points: Points; readonly done: boolean }
  | { readonly type: "error"; readonly message: string };
