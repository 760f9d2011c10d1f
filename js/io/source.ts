// What a reader reads: bytes that come in pieces, once, from front to back.

import { describe } from "../internals.js";

/** What a reader needs of a ReadableStream. */
export interface StreamLike {
  getReader(): {
    read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/** What a reader needs of a Blob or a File. */
export interface BlobLike {
  readonly size: number;
  slice(start: number, end: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
  stream(): StreamLike;
}

/** What a reader needs of the Response of a fetch. */
export interface ResponseLike {
  readonly ok: boolean;
  readonly status: number;
  readonly body: StreamLike | null;
  readonly headers: { get(name: string): string | null };
}

/**
 * A file in memory or in pieces: what `fetch`, `file.stream()`, `fs.createReadStream(path)`, `process.stdin` and the writers of
 * this library give. A chunk is not written to again by whoever gave it, as long as the file is read.
 */
export type Source =
  | Uint8Array
  | ArrayBuffer
  | BlobLike
  | ResponseLike
  | StreamLike
  | AsyncIterable<Uint8Array>
  | Iterable<Uint8Array>;

/** How far a reader has come. */
export interface Progress {
  /** Rows read in whole. */
  readonly rows: number;
  readonly bytes: number;
  /** Bytes in all, null when nobody knows. */
  readonly total: number | null;
}

export interface ReadOptions {
  /** Called now and then while bytes come in, and once at the end. What it throws ends the reading. */
  onProgress?: (progress: Progress) => void;
  /** Bytes in all, for a source that does not say so itself. */
  total?: number;
}

/** Bytes in all, null when the source does not say. */
export function totalOf(source: Source): number | null {
  if (source instanceof Uint8Array || source instanceof ArrayBuffer) return source.byteLength;
  if (has(source, "stream") && has(source, "size")) return (source as BlobLike).size;
  if (!has(source, "headers")) return null;
  const { headers } = source as ResponseLike;
  const length = headers.get("content-length");
  // A compressed answer says how long it is before it is unpacked.
  const compressed = (headers.get("content-encoding") ?? "identity") !== "identity";
  return length === null || compressed || !/^\d+$/.test(length) ? null : Number(length);
}

/** The pieces of a source, each a Uint8Array. Leaving early cancels a stream. operation: who reads, for errors. */
export async function* chunksOf(operation: string, source: Source): AsyncGenerator<Uint8Array, void, undefined> {
  let count = 0;
  for await (const chunk of piecesOf(operation, source)) {
    if (!(chunk instanceof Uint8Array)) {
      throw new TypeError(
        `${operation}: chunk ${count} of the source must be a Uint8Array, but got ${describe(chunk)}` +
          (typeof chunk === "string" ? ": open the stream without an encoding" : ""),
      );
    }
    count++;
    yield chunk;
  }
}

function piecesOf(operation: string, source: Source): AsyncIterable<unknown> | Iterable<unknown> {
  if (source instanceof Uint8Array) return [source];
  if (source instanceof ArrayBuffer) return [new Uint8Array(source)];
  if (has(source, "getReader")) return streamed(source as StreamLike);
  if (has(source, "headers")) return answered(operation, source as ResponseLike);
  if (has(source, "stream")) return streamed((source as BlobLike).stream());
  if (has(source, Symbol.asyncIterator) || has(source, Symbol.iterator)) return source as AsyncIterable<unknown>;
  throw new TypeError(
    `${operation}: argument 'source' must be bytes, a Blob, a Response, a stream or an iterable of Uint8Arrays, ` +
      `but got ${describe(source)}`,
  );
}

function answered(operation: string, { ok, status, body }: ResponseLike): AsyncIterable<unknown> | Iterable<unknown> {
  if (!ok) throw new Error(`${operation}: the server answered with status ${status}`);
  return body === null ? [] : streamed(body);
}

/** A stream, which not every engine can iterate over. */
export async function* streamed(stream: StreamLike): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let done = false;
  try {
    for (;;) {
      const piece = await reader.read();
      done = piece.done;
      if (done) return;
      if (piece.value !== undefined) yield piece.value;
    }
  } finally {
    // A stream that has failed gives its error a second time.
    if (!done) await reader.cancel().catch(() => {});
  }
}

/** Whether a value is an object with such a member. */
export function has(value: unknown, name: PropertyKey): boolean {
  return typeof value === "object" && value !== null && name in value;
}
