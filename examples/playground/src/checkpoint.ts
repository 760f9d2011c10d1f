// The state of a training in IndexedDB, so that a closed tab costs no more than an epoch.

import type { TrainingState } from "../../skip-gram/model.js";
import { type Job, labelOf } from "./train/protocol.js";

/** What is told of a training that can go on. */
export interface About {
  readonly label: string;
  readonly words: number;
  readonly total: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const DATABASE = "nn-embedding playground";
const STORE = "training";
/** Held by the tab that trains: another one neither writes over its state nor offers to go on with it. */
const LOCK = "nn-embedding playground: training";

/** Keeps the state of one training; of none, if another tab's is kept. */
export class Keeper {
  private constructor(
    private readonly job: Job,
    private readonly release: (() => void) | null,
  ) {}

  static async start(job: Job, isKept: boolean): Promise<Keeper> {
    const keeper = new Keeper(job, await lock());
    if (!isKept) await keeper.write((store) => [store.clear()]);
    return keeper;
  }

  /** All three or none: a page that is closed in the middle leaves the state before. */
  async keep(state: TrainingState, total: number): Promise<void> {
    const about: About = { label: labelOf(this.job.corpus), words: state.place.words, total, at: Date.now() };
    await this.write((store) => [store.put(this.job, "job"), store.put(state, "state"), store.put(about, "about")]);
  }

  /** There is nothing left to go on with. */
  async end(): Promise<void> {
    await this.write((store) => [store.clear()]);
    this.release?.();
  }

  private async write(put: (store: IDBObjectStore) => IDBRequest[]): Promise<void> {
    if (this.release !== null) await transact("readwrite", put);
  }
}

/** What there is to go on with, null if nothing. Where another tab trains, it answers when that has ended. */
export async function keptTraining(): Promise<About | null> {
  await navigator.locks?.request(LOCK, () => {});
  const [about] = await transact("readonly", (store) => [store.get("about")]);
  return (about as About | undefined) ?? null;
}

export async function readCheckpoint(): Promise<{ job: Job; state: TrainingState }> {
  const [job, state] = await transact("readonly", (store) => [store.get("job"), store.get("state")]);
  if (job === undefined || state === undefined) {
    await forgetTraining();
    throw new Error("There is no training left to go on with.");
  }
  return { job, state } as { job: Job; state: TrainingState };
}

/** Forgets what is kept, unless another tab trains: then it is that tab's. */
export async function forgetTraining(): Promise<void> {
  const release = await lock();
  if (release === null) return;
  try {
    await transact("readwrite", (store) => [store.clear()]);
  } finally {
    release();
  }
}

/** Takes the lock and returns what gives it back; null if another tab has it. Without locks everybody may. */
async function lock(): Promise<(() => void) | null> {
  if (navigator.locks === undefined) return () => {};
  return new Promise((resolve, reject) => {
    const use = (lock: Lock | null) => {
      if (lock === null) return resolve(null);
      return new Promise<void>((release) => resolve(release));
    };
    navigator.locks.request(LOCK, { ifAvailable: true }, use).catch(reject);
  });
}

/** The results of some requests in one transaction, after it is written. */
async function transact(mode: IDBTransactionMode, ask: (store: IDBObjectStore) => IDBRequest[]): Promise<unknown[]> {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const requests = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(requests.map(({ result }) => result));
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
