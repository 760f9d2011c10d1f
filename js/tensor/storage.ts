// Who holds linear memory, and for how long.
//
// A storage is owned (parameters, gradients, optimizer state, what tensor() and randn() return) or transient (what an
// operation returns). Owned ones stay until released or collected. Transient ones share a budget: past it the oldest
// move to a JavaScript array, so that values in use stay readable and forgotten ones are collected like any object.

import { checkNumber } from "../check.js";
import { type Block, floatsAt, free, integersAt, LIMIT_BYTES, reservedBytes, tryAllocate } from "../wasm.js";

export type DType = "float32" | "int32";
export type Words = Float32Array | Int32Array;

/** A small tensor costs more in JavaScript objects than in words, so their number is bounded as well. */
const MAX_TRANSIENTS = 2048;

let budget = 64 * 1024 * 1024;
let transientBytes = 0;
let numTransients = 0;
let numTensors = 0;
let numBytes = 0;

/** A place in a ring. Joining and leaving one allocates nothing, as they are half of what a small operation would cost. */
class Link {
  older: Link = this;
  newer: Link = this;

  get isAlone(): boolean {
    return this.newer === this;
  }

  /** Becomes the newest member of the ring that begins and ends with `ring`. */
  join(ring: Link): void {
    this.older = ring.older;
    this.newer = ring;
    ring.older.newer = this;
    ring.older = this;
  }

  leave(): void {
    this.older.newer = this.newer;
    this.newer.older = this.older;
    this.older = this;
    this.newer = this;
  }
}

/** Transients in order of age; those that a graph needs for its backward are moved out last. */
const spent = /* @__PURE__ */ new Link();
const needed = /* @__PURE__ */ new Link();

/** Storages too large for the transients' budget that have lost their owner: they wait for the collector. */
const waiting = /* @__PURE__ */ new Map<Block, WeakRef<Storage>>();

/** Frees the block of an owned storage that nobody can reach any more. A net, not the plan. */
const collected =
  typeof FinalizationRegistry === "undefined"
    ? null
    : /* @__PURE__ */ new FinalizationRegistry<Block>((block) => giveBack(block));

/** @internal `length` words of one dtype, counted by reference. */
export class Storage extends Link {
  /** Counts in-place changes, for autograd's check. */
  version = 0;
  /** Leaves whose sparse gradient lies here. */
  leaves = 0;
  private block: Block | null;
  /** The values while they are outside linear memory. */
  private moved: Words | null = null;
  private references = 1;
  private saves = 0;
  private owners: number;

  /** Uninitialised, with one reference. RangeError when linear memory is exhausted. */
  constructor(
    readonly dtype: DType,
    readonly length: number,
    owned: boolean,
  ) {
    super();
    this.owners = owned ? 1 : 0;
    if (!(this.bytes <= LIMIT_BYTES)) throw outOfMemory(this.bytes);
    if (!owned) makeRoom(this.bytes);
    this.block = take(this.bytes) ?? takeAfterEviction(this.bytes);
    if (owned) this.watch();
    else this.enlist();
  }

  get bytes(): number {
    return 4 * this.length;
  }

  /** The block, brought back into linear memory if it had left. Never moves another storage, so addresses stay valid. */
  resident(): Block {
    if (this.block === null) {
      const values = this.movedWords();
      const block = take(this.bytes);
      if (block === null) throw outOfMemory(this.bytes);
      this.block = block;
      this.moved = null;
      this.view().set(values);
      this.enlist();
    }
    return this.block;
  }

  /** Live view of the words [offset, offset + length), wherever they are; growth of memory detaches it. Allocates nothing. */
  view(offset = 0, length = this.length): Words {
    if (this.block === null) return this.movedWords().subarray(offset, offset + length);
    return this.dtype === "float32" ? floatsAt(this.block, offset, length) : integersAt(this.block, offset, length);
  }

  private movedWords(): Words {
    if (this.moved === null) throw new Error("storage used after it was freed");
    return this.moved;
  }

  get isShared(): boolean {
    return this.references > 1;
  }

  retain(): void {
    this.references++;
  }

  /** The last reference frees the block at once. */
  release(): void {
    if (--this.references > 0) return;
    this.delist();
    collected?.unregister(this);
    if (this.block !== null) giveBack(this.block);
    this.block = null;
    this.moved = null;
  }

  /** A reference held by a graph until its backward has run. */
  save(): void {
    this.retain();
    if (this.saves++ === 0) this.reenlist();
  }

  unsave(): void {
    if (--this.saves === 0) this.reenlist();
    this.release();
  }

  /** One more owner; the first takes the storage out of the transients. */
  own(): void {
    // It may throw when memory is full, and then nothing is owned.
    if (this.owners === 0) this.resident();
    if (this.owners++ > 0) return;
    this.delist();
    waiting.delete(this.block!);
    this.watch();
  }

  /** One owner less; the last hands the storage to the transients, for whoever still holds it. */
  disown(): void {
    if (--this.owners > 0) return;
    // What is larger than their budget would only be copied out at once: it waits for the collector, or until memory is full.
    if (collected !== null && this.bytes > budget) {
      waiting.set(this.block!, new WeakRef(this));
    } else {
      collected?.unregister(this);
      this.enlist();
    }
  }

  /** Moves the values out of linear memory. */
  evict(): void {
    const { block } = this;
    if (block === null) return;
    const view = this.view();
    // Unlike slice() this does not fill the array with zeros first.
    this.moved = view instanceof Float32Array ? new Float32Array(view) : new Int32Array(view);
    this.delist();
    collected?.unregister(this);
    this.block = null;
    giveBack(block);
  }

  /** Frees the block when nobody can reach this storage any more. */
  private watch(): void {
    collected?.unregister(this);
    if (this.block !== null) collected?.register(this, this.block, this);
  }

  private enlist(): void {
    this.join(this.saves > 0 ? needed : spent);
    transientBytes += this.bytes;
    numTransients++;
  }

  private delist(): void {
    if (this.isAlone) return;
    this.leave();
    transientBytes -= this.bytes;
    numTransients--;
  }

  private reenlist(): void {
    if (this.isAlone) return;
    this.delist();
    this.enlist();
  }
}

function take(bytes: number): Block | null {
  const block = tryAllocate(bytes);
  if (block !== null) {
    numTensors++;
    numBytes += bytes;
  }
  return block;
}

function giveBack(block: Block): void {
  waiting.delete(block);
  numTensors--;
  numBytes -= block.bytes;
  free(block);
}

/** Moves the oldest transients out until `bytes` more fit the budget. */
function makeRoom(bytes: number): void {
  evictUntil(() => transientBytes + bytes <= budget && numTransients < MAX_TRANSIENTS);
}

function evictUntil(done: () => boolean): void {
  for (const ring of [spent, needed]) {
    while (!ring.isAlone) {
      if (done()) return;
      (ring.newer as Storage).evict();
    }
  }
}

/** The last resort: every transient leaves linear memory, and what waits for the collector one by one. */
function takeAfterEviction(bytes: number): Block {
  evictUntil(() => false);
  let block = take(bytes);
  for (const storage of waiting.values()) {
    if (block !== null) break;
    storage.deref()?.evict();
    block = take(bytes);
  }
  if (block === null) throw outOfMemory(bytes);
  return block;
}

function outOfMemory(bytes: number): RangeError {
  return new RangeError(
    `out of linear memory: asked for ${bytes} bytes while ${numTensors} tensors hold ${numBytes} bytes; ` +
      `the limit is 4 GiB (${LIMIT_BYTES} bytes) in all. tidy(fn) frees what fn makes`,
  );
}

/**
 * What linear memory holds: `numTensors` storages (views of one storage count once) with `numBytes` bytes of values;
 * `reservedBytes` is what was claimed from the engine, which never shrinks but is used again.
 */
export function memory(): { numTensors: number; numBytes: number; reservedBytes: number } {
  return { numTensors, numBytes, reservedBytes: reservedBytes() };
}

/** Sets how many bytes of operation results stay in linear memory, 64 MiB unless told otherwise. Returns the old value. */
export function setTransientBudget(bytes: number): number {
  checkNumber("setTransientBudget", "bytes", bytes);
  if (!(bytes >= 0)) {
    throw new RangeError(`setTransientBudget: bytes must be a number >= 0, but got ${bytes}`);
  }
  const before = budget;
  budget = bytes;
  makeRoom(0);
  return before;
}
