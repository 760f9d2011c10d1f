import { sentence } from "../faults.js";
import type { Vectors } from "../store.js";
import type { OpenProgress, OpenReport, OpenStart } from "./protocol.js";

export interface Opening {
  /** The vectors and what is to be said of them; null after `cancel`. */
  readonly result: Promise<{ vectors: Vectors; note: string } | null>;
  /** Ends the reading and gives its memory back. */
  cancel(): void;
}

/** Reads a file, or what is at an address, in a worker of its own. Error for a text that is no address. Its errors are sentences. */
export function openVectors(given: File | string, limit: number, progress: (at: OpenProgress) => void): Opening {
  const source = given instanceof File ? given : addressOf(given);
  const label = source instanceof File ? source.name : nameOf(source);
  const worker = new Worker(new URL("./reader.ts", import.meta.url), { type: "module" });
  let cancel = () => {};
  const result = new Promise<{ vectors: Vectors; note: string } | null>((resolve, reject) => {
    cancel = () => resolve(null);
    const words: string[] = [];
    worker.addEventListener("message", ({ data }: MessageEvent<OpenReport>) => {
      if (data.type === "progress") progress(data);
      else if (data.type === "words") for (const word of data.words.split("\n")) words.push(word);
      else if (data.type === "error") reject(unreadable(label, data.message));
      else {
        const { dim, matrix, note } = data;
        resolve({ vectors: { words, dim, matrix, from: "file", label, done: true }, note });
      }
    });
    worker.addEventListener("error", ({ message }) => reject(unreadable(label, message)));
    const start: OpenStart = { source, limit };
    worker.postMessage(start);
  });
  return { result: result.finally(() => worker.terminate()), cancel: () => cancel() };
}

function unreadable(label: string, cause: string): Error {
  return new Error(`${label} cannot be read: ${sentence(cause).replace(/\.*$/, "")}.`);
}

/** The whole address: one without a host is beside this page. */
function addressOf(text: string): string {
  const url = URL.canParse(text, location.href) ? new URL(text, location.href) : null;
  if (url === null || !/^(https?|blob|data):$/.test(url.protocol))
    throw new Error(`“${text}” is no address of a file.`);
  return url.href;
}

/** The last part of an address. */
function nameOf(address: string): string {
  const { pathname, host } = new URL(address);
  return pathname.split("/").filter(Boolean).at(-1) ?? host;
}
