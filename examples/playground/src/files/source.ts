// The bytes of a file that was given or fetched, counted as they come; gzip is unpacked.

import type { BlobLike, StreamLike } from "nn-embedding/tables";
import { HEAD, unpacked } from "../unpack.js";

export type Tell = (bytes: number, total: number | null) => void;

export interface Opened {
  readonly safetensors: boolean;
  /** All of it, once. */
  readonly stream: StreamLike;
  /** The same, for reading parts; instead of the stream. */
  blob(): Promise<BlobLike>;
}

export async function openSource(source: File | string, tell: Tell): Promise<Opened> {
  const [bytes, total] = source instanceof File ? [source.stream(), source.size] : await fetched(source);
  const counted = bytes.pipeThrough(counter(total, tell)());
  const { head: start, stream, packed } = await unpacked(counted);
  if (start[0] === 0x50 && start[1] === 0x4b && start[2] === 3) {
    throw new Error("it is a zip archive: unpack it and open the file inside");
  }
  return {
    safetensors: isSafetensors(start),
    stream,
    async blob() {
      if (source instanceof File && !packed) {
        await stream.cancel();
        return countedBlob(source, tell);
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

/** Tells of the bytes that pass through it, of all streams together. */
function counter(
  total: number | null,
  tell: Tell,
): () => TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return () =>
    new TransformStream({
      transform(chunk, controller) {
        bytes += chunk.length;
        // Parts of a file may be read twice.
        tell(total === null ? bytes : Math.min(bytes, total), total);
        controller.enqueue(chunk);
      },
    });
}

/** A file of which parts are read one after the other. */
function countedBlob(whole: Blob, tell: Tell): BlobLike {
  const counting = counter(whole.size, tell);
  const wrapped = (blob: Blob): BlobLike => ({
    size: blob.size,
    slice: (start, end) => wrapped(blob.slice(start, end)),
    arrayBuffer: () => blob.arrayBuffer(),
    stream: () => blob.stream().pipeThrough(counting()),
  });
  return wrapped(whole);
}
