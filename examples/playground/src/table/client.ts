import type { Store, Vectors } from "../store.js";
import type { Call, Calls, FromWorker, ToWorker } from "./protocol.js";

/** Numbers in a stretch: copying it takes a few milliseconds, and then the page may do something else. */
const STRETCH = 1 << 18;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** The vectors of the store in a worker, which is asked about them; they are sent there when a question needs them. */
export class Table {
  /** Started by the first question: it is no part of what the page loads first. */
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  private sent: Vectors | null = null;
  private sending: Promise<void> | null = null;

  constructor(private readonly store: Store) {}

  /** Asks about vectors, of which the store may have a newer state; null where it has other ones by now. */
  async ask<C extends Call>(vectors: Vectors, call: C, ask: Calls[C]["ask"]): Promise<Calls[C]["answer"] | null> {
    await this.send();
    if (!sameTable(vectors, this.store.vectors)) return null;
    const id = this.calls++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      this.post({ type: "call", id, call, ask });
    });
  }

  private async send(): Promise<void> {
    while (this.sent !== this.store.vectors) {
      const { vectors } = this.store;
      if (vectors === null) throw new Error("there are no vectors yet");
      this.sending ??= this.deliver(vectors).finally(() => {
        this.sending = null;
      });
      await this.sending;
    }
  }

  private async deliver(vectors: Vectors): Promise<void> {
    const { words, dim, matrix } = vectors;
    const same = sameTable(this.sent, vectors);
    this.post({ type: "begin", rows: words.length, dim, same });
    const height = Math.max(1, Math.floor(STRETCH / dim));
    for (let start = 0; start < words.length; start += height) {
      const values = matrix.slice(start * dim, (start + height) * dim) as Float32Array<ArrayBuffer>;
      this.post({ type: "rows", start, values }, [values.buffer]);
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.sent = vectors;
  }

  private post(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker ??= this.start();
    this.worker.postMessage(message, transfer);
  }

  private start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => this.answered(data));
    worker.addEventListener("error", ({ message }) => this.failed(message));
    return worker;
  }

  private answered(message: FromWorker): void {
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if ("error" in message) waiting?.reject(new Error(message.error));
    else waiting?.resolve(message.answer);
  }

  /** The next question starts another worker. */
  private failed(message: string): void {
    this.worker?.terminate();
    this.worker = null;
    this.sent = null;
    for (const { reject } of this.waiting.values())
      reject(new Error(message || "the part of the page that searches could not be loaded"));
    this.waiting.clear();
  }
}

const tables = new WeakMap<Store, Table>();

/** The one table of a store. */
export function tableOf(store: Store): Table {
  const known = tables.get(store) ?? new Table(store);
  tables.set(store, known);
  return known;
}

/** Whether two states are of the same words and so many numbers for each. */
export function sameTable(a: Vectors | null, b: Vectors | null): boolean {
  if (a === null || b === null || a.dim !== b.dim || a.words.length !== b.words.length) return false;
  return a.words === b.words || a.words.every((word, row) => word === b.words[row]);
}
