// What the page and the worker that holds the table say to each other.

/** Where the words lie on the map: the points of the first rows, and a shade in [0, 1] for each. */
export interface Projection {
  readonly x: Float32Array<ArrayBuffer>;
  readonly y: Float32Array<ArrayBuffer>;
  readonly shade: Float32Array<ArrayBuffer>;
  /** The share of the variance along x and y, at most 1. */
  readonly share: number;
}

export interface Found {
  readonly row: number;
  /** The cosine. */
  readonly score: number;
}

export type FileFormat = "safetensors" | "word2vec" | "projector";

/** What the table can be asked, and what it answers. */
export interface Calls {
  project: { ask: { rows: number }; answer: Projection };
  /** The rows nearest to the sum of the unit vectors of `positive` and the negated ones of `negative`, without these. */
  nearest: {
    ask: { positive: readonly number[]; negative: readonly number[]; k: number; packed: boolean };
    answer: readonly Found[];
  };
  /** Bytes of the table, as float32 and packed. */
  sizes: { ask: object; answer: { float32: number; int8: number } };
  /** words: with a line feed between two. */
  write: { ask: { format: FileFormat; words: string; packed: boolean; name: string }; answer: Blob };
}

export type Call = keyof Calls;

/** The rows of a new table follow in stretches, front to back. same: it has the words of the one before. */
export type ToWorker =
  | { readonly type: "begin"; readonly rows: number; readonly dim: number; readonly same: boolean }
  | { readonly type: "rows"; readonly start: number; readonly values: Float32Array<ArrayBuffer> }
  | { readonly type: "call"; readonly id: number; readonly call: Call; readonly ask: Calls[Call]["ask"] };

export type FromWorker =
  | { readonly id: number; readonly answer: Calls[Call]["answer"] }
  | { readonly id: number; readonly error: string };
