// Files and standard input and output, "-".

import { once } from "node:events";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { textOf } from "../../examples/skip-gram/text.js";
import { HEAD_BYTES, type Kind, kindOf } from "./formats.js";

/** Something that is read. */
export interface Input {
  /** For messages. */
  readonly name: string;
  readonly kind: Kind;
  /** Bytes in all, null for a pipe. */
  readonly total: number | null;
  /** Its bytes from the first on; once. */
  stream(): AsyncIterable<Uint8Array>;
  /** A file of which parts can be read; a pipe is read to its end for it. */
  ranges(): Promise<FileHandle | Uint8Array>;
}

/** Opens a file, lets `use` read it, and closes it. What `use` finds wrong is said with the name of the file. */
export async function withInput<T>(path: string, use: (input: Input) => Promise<T>): Promise<T> {
  const named = async (input: Input) => {
    try {
      return await use(input);
    } catch (cause) {
      throw new Error(`${input.name}: ${cause instanceof Error ? cause.message : cause}`, { cause });
    }
  };
  if (path === "-") return named(await piped("standard input", process.stdin));
  const handle = await open(path);
  try {
    return await named(await opened(path, handle));
  } finally {
    await handle.close();
  }
}

async function opened(name: string, handle: FileHandle): Promise<Input> {
  const stat = await handle.stat();
  if (stat.isDirectory()) throw new Error(`${name} is a folder`);
  // A named pipe, or what a shell's <(…) gives.
  if (!stat.isFile()) return piped(name, handle.createReadStream({ autoClose: false }));
  const head = new Uint8Array(HEAD_BYTES);
  const { bytesRead } = await handle.read(head, 0, HEAD_BYTES, 0);
  return {
    name,
    kind: kindOf(head.subarray(0, bytesRead)),
    total: stat.size,
    stream: () => handle.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 }),
    ranges: async () => handle,
  };
}

async function piped(name: string, source: AsyncIterable<Uint8Array>): Promise<Input> {
  const chunks = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < HEAD_BYTES) {
    const { done, value } = await chunks.next();
    if (done) break;
    first.push(value);
    length += value.length;
  }
  async function* stream(): AsyncGenerator<Uint8Array> {
    yield* first;
    yield* { [Symbol.asyncIterator]: () => chunks };
  }
  return {
    name,
    kind: kindOf(Buffer.concat(first).subarray(0, HEAD_BYTES)),
    total: null,
    stream,
    ranges: () => collected(stream()),
  };
}

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return new Uint8Array(Buffer.concat(all));
}

/** The lines of a text. */
export async function linesOf(input: Input): Promise<string[]> {
  let text = "";
  for await (const piece of textOf(input.stream())) text += piece;
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** Writes a file under another name and renames it when it is whole. */
export async function writeOutput(path: string, chunks: Iterable<Uint8Array | string>): Promise<void> {
  if (path === "-") return writeStandardOutput(chunks);
  const part = `${path}.part-${process.pid}`;
  const handle = await open(part, "w");
  try {
    try {
      for (const chunk of chunks) await handle.writeFile(chunk);
    } finally {
      await handle.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function writeStandardOutput(chunks: Iterable<Uint8Array | string>): Promise<void> {
  for (const chunk of chunks) if (!process.stdout.write(chunk)) await once(process.stdout, "drain");
}
