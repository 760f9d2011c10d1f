// Reads a source piece by piece and knows at which byte it is. Holds one chunk, and no more than it is asked for.

import { wrongKind } from "../internals.js";
import { joined } from "./pieces.js";
import { chunksOf, type ReadOptions, type Source, totalOf } from "./source.js";

const EMPTY = /* @__PURE__ */ new Uint8Array(0);

/** Lets `read` read a source, and closes the source whatever happens. */
export async function reading<T>(
  operation: string,
  source: Source,
  options: ReadOptions,
  read: (reader: ByteReader) => Promise<T>,
): Promise<T> {
  const { onProgress, total } = options;
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw wrongKind(operation, "onProgress", "a function", onProgress);
  }
  if (total !== undefined && !(Number.isSafeInteger(total) && total >= 0)) {
    throw wrongKind(operation, "total", "a number of bytes", total);
  }
  const reader = new ByteReader(operation, source, options);
  try {
    return await read(reader);
  } finally {
    await reader.close();
  }
}

export class ByteReader {
  /** Bytes handed out. */
  position = 0;
  /** Bytes in all, null when nobody knows. */
  readonly total: number | null;
  private readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
  private chunk: Uint8Array = EMPTY;
  private readonly onProgress: ReadOptions["onProgress"];

  constructor(
    /** Who reads, for errors. */
    readonly operation: string,
    source: Source,
    options: ReadOptions = {},
  ) {
    this.chunks = chunksOf(operation, source);
    this.total = options.total ?? totalOf(source);
    this.onProgress = options.onProgress;
  }

  /** At most `limit` bytes, as many as lie ready, as a view to be used at once; null at the end. limit: at least 1. */
  async readSome(limit: number): Promise<Uint8Array | null> {
    return (await this.more()) ? this.take(limit) : null;
  }

  /** n bytes. RangeError where the file ends before. what: what they are, for the error. */
  async readExactly(n: number, what: string): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for (let missing = n; missing > 0; ) {
      const piece = await this.readSome(missing);
      if (piece === null) throw this.ended(`within ${what}: ${missing} of ${n} bytes are missing`);
      pieces.push(piece);
      missing -= piece.length;
    }
    return whole(pieces);
  }

  /**
   * The bytes before the next `stop`, which is skipped, or before the end; null at the end.
   * RangeError after `limit` bytes without one.
   */
  async readUntil(stop: number, limit: number, what: string): Promise<Uint8Array | null> {
    const start = this.position;
    const pieces: Uint8Array[] = [];
    while (await this.more()) {
      const found = this.chunk.indexOf(stop);
      const piece = this.take(found < 0 ? this.chunk.length : found);
      if (this.position - start > limit) {
        throw new RangeError(`${this.operation}: ${what} at byte ${start} is longer than ${limit} bytes`);
      }
      pieces.push(piece);
      if (found < 0) continue;
      this.take(1);
      return whole(pieces);
    }
    return pieces.length === 0 ? null : whole(pieces);
  }

  /** Takes the next byte if it is this one. */
  async skip(byte: number): Promise<void> {
    if ((await this.more()) && this.chunk[0] === byte) this.take(1);
  }

  /** The next `limit` bytes, fewer only at the end, which stay to be read. */
  async peek(limit: number): Promise<Uint8Array> {
    const start = this.position;
    const pieces: Uint8Array[] = [];
    while (this.position - start < limit) {
      const piece = await this.readSome(limit - (this.position - start));
      if (piece === null) break;
      pieces.push(piece);
    }
    const peeked = whole(pieces);
    this.chunk = whole([...pieces, this.chunk]);
    this.position = start;
    return peeked;
  }

  /** RangeError unless everything has been read. */
  async expectEnd(): Promise<void> {
    if (await this.more()) {
      throw new RangeError(`${this.operation}: the file should end at byte ${this.position}, but goes on`);
    }
  }

  /** The error for a file that ends too early. where: "within …" or "before …". */
  ended(where: string): RangeError {
    return new RangeError(`${this.operation}: the file ends at byte ${this.position}, ${where}`);
  }

  report(rows: number): void {
    this.onProgress?.({ rows, bytes: this.position, total: this.total });
  }

  async close(): Promise<void> {
    this.chunk = EMPTY;
    await this.chunks.return();
  }

  /** Whether there is a byte left; waits for it. */
  private async more(): Promise<boolean> {
    while (this.chunk.length === 0) {
      const { done, value } = await this.chunks.next();
      if (done) return false;
      this.chunk = value;
    }
    return true;
  }

  private take(n: number): Uint8Array {
    const taken = this.chunk.subarray(0, n);
    this.chunk = this.chunk.subarray(n);
    this.position += taken.length;
    return taken;
  }
}

/** The pieces as one: the only one as it is. */
function whole(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? pieces[0] : joined(pieces);
}
