// Streams of bytes that may be gzipped.

/** So many bytes tell what a file is. */
export const HEAD = 8;

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

/** A stream without its gzip, if it has any, and its first bytes. */
export async function unpacked(bytes: Bytes): Promise<{ head: Uint8Array; stream: Bytes; packed: boolean }> {
  const [head, stream] = await peeked(bytes);
  if (head[0] !== 0x1f || head[1] !== 0x8b) return { head, stream, packed: false };
  const [start, plain] = await peeked(stream.pipeThrough(new DecompressionStream("gzip")));
  return { head: start, stream: plain, packed: true };
}

/** The first bytes of a stream, and a stream of all. */
async function peeked(stream: Bytes): Promise<[Uint8Array, Bytes]> {
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
  const whole: Bytes = new ReadableStream({
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
