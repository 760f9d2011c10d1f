// The bytes of a file that was given or fetched, counted as they come; gzip is unpacked.

import type { BlobLike, StreamLike } from "nn-embedding/tables";

export type Tell = (bytes: number, total: number | null) => void;

export interface Opened {
  readonly safetensors: boolean;
  /** All of it, once. */
  readonly stream: StreamLike;
  /** The same, for reading parts; instead of the stream. */
  blob(): Promise<BlobLike>;
}

/** So many bytes tell what a file is. */
const HEAD = 8;

export async function openSource(source: File | string, tell: Tell): Promise<Opened> {
  const [bytes, total] = source instanceof File ? [source.stream(), source.size] : await fetched(source);
  const counted = counting(bytes, total, tell);
  const [head, whole] = await peeked(counted);
  const packed = head[0] === 0x1f && head[1] === 0x8b;
  const [start, stream] = packed ? await peeked(whole.pipeThrough(new DecompressionStream("gzip"))) : [head, whole];
  if (start[0] === 0x50 && start[1] === 0x4b && start[2] === 3) {
    throw new Error("it is a zip archive: unpack it and open the file inside");
  }
  return {
    safetensors: isSafetensors(start),
    stream,
    async blob() {
      if (source instanceof File && !packed) {
        await stream.cancel();
        return countedBlob(source, source.size, tell);
      }
      return new Response(stream).blob();
    },
  };
}

/** The length of the header in 64 bits comes first, which is below 2^32; text has no zeros. */
function isSafetensors(head: Uint8Array): boolean {
  return head.length >= HEAD && head.subarray(4, 8).every((byte) => byte === 0);
}

async function fetched(address: string): Promise<[ReadableStream<Uint8Array<ArrayBuffer>>, number | null]> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch {
    throw new Error(
      "the address cannot be fetched: it is wrong, the network is away, or its server lets no other page read it (CORS)",
    );
  }
  if (!response.ok) throw new Error(`its server answered ${response.status} ${response.statusText}`.trim());
  if (response.body === null) throw new Error("its server sent nothing");
  const length = response.headers.get("content-length");
  // A compressed answer says how long it is before it is unpacked.
  const compressed = (response.headers.get("content-encoding") ?? "identity") !== "identity";
  return [response.body, length === null || compressed ? null : Number(length)];
}

function counting(stream: ReadableStream<Uint8Array<ArrayBuffer>>, total: number | null, tell: Tell) {
  let bytes = 0;
  return stream.pipeThrough(
    new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        bytes += chunk.length;
        tell(bytes, total);
        controller.enqueue(chunk);
      },
    }),
  );
}

/** A file of which parts are read one after the other. */
function countedBlob(whole: Blob, total: number, tell: Tell): BlobLike {
  let bytes = 0;
  const wrapped = (blob: Blob): BlobLike => ({
    size: blob.size,
    slice: (start, end) => wrapped(blob.slice(start, end)),
    arrayBuffer: () => blob.arrayBuffer(),
    stream: () =>
      blob.stream().pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            bytes += chunk.length;
            tell(Math.min(bytes, total), total);
            controller.enqueue(chunk);
          },
        }),
      ),
  });
  return wrapped(whole);
}

/** The first bytes of a stream, and a stream of all. */
async function peeked(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<[Uint8Array, ReadableStream<Uint8Array<ArrayBuffer>>]> {
  const reader = stream.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  while (length < HEAD) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    length += value.length;
  }
  const head = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    head.set(chunk, at);
    at += chunk.length;
  }
  const whole = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      if (length > 0) controller.enqueue(head);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return [head, whole];
}
