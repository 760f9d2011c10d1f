export interface OpenStart {
  /** A file, or the address of one. */
  readonly source: File | string;
  /** Only the first so many rows; Infinity for all. */
  readonly limit: number;
}

export interface OpenProgress {
  readonly rows: number;
  readonly bytes: number;
  /** Bytes in all, null when nobody knows. */
  readonly total: number | null;
}

/** Words come in stretches, so that the page takes them in a few at a time. */
export type OpenReport =
  | ({ readonly type: "progress" } & OpenProgress)
  | { readonly type: "words"; readonly words: string }
  | { readonly type: "done"; readonly dim: number; readonly matrix: Float32Array<ArrayBuffer>; readonly note: string }
  | { readonly type: "error"; readonly message: string };
