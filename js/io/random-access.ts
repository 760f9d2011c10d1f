// Files of which a part can be read without the rest: in memory, on disk, or behind HTTP.

import { describe } from "../internals.js";
import { type BlobLike, has, type ResponseLike, type Source, streamed } from "./source.js";

/** What is needed of Node's FileHandle: `await fs.promises.open(path)`. It stays open. */
export interface FileHandleLike {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  stat(): Promise<{ size: number }>;
}

/** A file of which parts can be read; a string or a URL is fetched with Range requests. */
export type RandomAccess = Uint8Array | ArrayBuffer | BlobLike | FileHandleLike | { readonly href: string } | string;

/** A file opened for reading parts. */
export interface Ranges {
  /** Bytes in all; null when a server has not said so, yet or ever. */
  size(): number | null;
  /** The bytes [start, end); a source that is too short is an error of who reads it. */
  range(start: number, end: number): Source;
}

/** Bytes asked of a file handle at a time. */
const PIECE_BYTES = 2 ** 20;

export async function openRanges(operation: string, file: RandomAccess): Promise<Ranges> {
  if (typeof file === "string") return new RemoteFile(operation, file);
  if (has(file, "href")) return new RemoteFile(operation, String(file));
  if (file instanceof ArrayBuffer) return openRanges(operation, new Uint8Array(file));
  if (file instanceof Uint8Array) {
    return { size: () => file.byteLength, range: (start, end) => file.subarray(start, end) };
  }
  if (has(file, "slice") && has(file, "stream")) {
    const blob = file as BlobLike;
    return { size: () => blob.size, range: (start, end) => blob.slice(start, end) };
  }
  if (has(file, "read") && has(file, "stat")) {
    const handle = file as FileHandleLike;
    const { size } = await handle.stat();
    return { size: () => size, range: (start, end) => piecesOf(handle, start, end) };
  }
  throw new TypeError(
    `${operation}: argument 'file' must be bytes, a Blob, a file handle or a URL, but got ${describe(file)}`,
  );
}

async function* piecesOf(handle: FileHandleLike, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const piece = new Uint8Array(Math.min(end - at, PIECE_BYTES));
    const { bytesRead } = await handle.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

/** A file behind a server that answers Range requests. Whatever else it answers is an error, never other bytes. */
class RemoteFile implements Ranges {
  private bytes: number | null = null;
  private tag: string | null = null;

  constructor(
    private readonly operation: string,
    private readonly url: string,
  ) {}

  size(): number | null {
    return this.bytes;
  }

  async *range(start: number, end: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (start === end) return;
    const answer = await this.ask(start, end);
    try {
      this.check(answer, start, end);
    } catch (error) {
      await answer.body?.cancel();
      throw error;
    }
    try {
      if (answer.body !== null) yield* streamed(answer.body);
    } catch (cause) {
      throw this.unreachable(cause);
    }
  }

  private async ask(start: number, end: number): Promise<Response> {
    try {
      return await fetch(this.url, { headers: { range: `bytes=${start}-${end - 1}` } });
    } catch (cause) {
      throw this.unreachable(cause);
    }
  }

  private unreachable(cause: unknown): Error {
    return new Error(`${this.operation}: cannot fetch ${this.url}: ${cause}`, { cause });
  }

  private check({ status, headers }: ResponseLike, start: number, end: number): void {
    if (status === 200) {
      throw this.refused("does not answer Range requests (status 200): read the whole file from its Response instead");
    }
    if (status !== 206) throw this.refused(`answered with status ${status} to a request for bytes ${start} to ${end}`);
    // Across origins a server may hide this header; then the number of bytes has to do.
    const given = headers.get("content-range");
    const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(given ?? "") ?? [];
    if (given !== null && (Number(first) !== start || Number(last) !== end - 1)) {
      throw this.refused(`answered with '${given}' to a request for bytes ${start} to ${end}`);
    }
    const bytes = total === undefined || total === "*" ? null : Number(total);
    const tag = headers.get("etag");
    if (differ(this.bytes, bytes) || differ(this.tag, tag)) throw this.refused("has another file by now");
    this.bytes ??= bytes;
    this.tag ??= tag;
  }

  private refused(what: string): Error {
    return new Error(`${this.operation}: the server of ${this.url} ${what}`);
  }
}

/** Whether both are known and not the same. */
function differ<T>(a: T | null, b: T | null): boolean {
  return a !== null && b !== null && a !== b;
}
