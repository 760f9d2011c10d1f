import { beforeEach, describe, expect, it } from "vitest";
import { randomNumbers, sweep } from "./data.js";
import { type Kernels, load } from "./wasm.js";

const PAGE = 65536;
/** The first pages hold static data, above all the scratch of the matrix product. */
const STATIC = 5 * PAGE;
const [KIB, MIB, GIB] = [2 ** 10, 2 ** 20, 2 ** 30];
const LIMIT = 2 ** 32;

let kernels: Kernels;
const allocate = (bytes: number) => kernels.allocate(bytes) >>> 0;
const total = () => kernels.memory.buffer.byteLength;

beforeEach(() => {
  kernels = load();
});

interface Block {
  at: number;
  bytes: number;
  stamp: number;
}

/** The live blocks, ordered by address, each stamped at both ends. */
class Model {
  readonly live: Block[] = [];
  #stamps = 0;
  #view = new DataView(kernels.memory.buffer);

  get view(): DataView {
    if (this.#view.buffer !== kernels.memory.buffer) this.#view = new DataView(kernels.memory.buffer);
    return this.#view;
  }

  /** Position of the first block that starts at or after `at`. */
  #position(at: number): number {
    let [low, high] = [0, this.live.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.live[middle].at < at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  allocate(bytes: number): Block {
    const at = allocate(bytes);
    if (at === 0) throw new Error(`no memory for ${bytes} bytes with ${total()} in use`);
    if (at % 16 !== 0) throw new Error(`${at} is no multiple of 16`);
    if (at < PAGE) throw new Error(`${at} lies in page 0`);
    if (at + bytes > total()) throw new Error(`${at} + ${bytes} is beyond ${total()}`);
    const block = { at, bytes, stamp: ++this.#stamps };
    const position = this.#position(at);
    const [previous, next] = [this.live[position - 1], this.live[position]];
    if (previous && previous.at + Math.max(previous.bytes, 1) > at) throw new Error(`${at} lies in ${previous.at}`);
    if (next && at + Math.max(bytes, 1) > next.at) throw new Error(`${at} + ${bytes} reaches into ${next.at}`);
    this.live.splice(position, 0, block);
    this.#stamp(block, (offset, value) => this.view.setUint8(offset, value));
    return block;
  }

  release(position: number): void {
    const [block] = this.live.splice(position, 1);
    this.check(block);
    kernels.release(block.at, block.bytes);
  }

  check(block: Block): void {
    this.#stamp(block, (offset, value) => {
      if (this.view.getUint8(offset) !== value) throw new Error(`byte ${offset - block.at} of ${block.bytes} changed`);
    });
  }

  /** The bytes of the stamp from both ends inwards. */
  #stamp({ at, bytes, stamp }: Block, visit: (offset: number, value: number) => void): void {
    const width = Math.min(4, Math.ceil(bytes / 2));
    for (let k = 0; k < width; k++) {
      const value = (stamp >>> (8 * k)) & 0xff;
      visit(at + k, value);
      visit(at + bytes - 1 - k, value);
    }
  }
}

/** 0 and 1 byte, every power of two from both sides, and anything up to 2^most bytes. */
function someSize(next: () => number, most: number): number {
  const power = 2 ** Math.floor(next() * (most + 1));
  const kind = next();
  if (kind < 0.05) return Math.floor(next() * 2);
  if (kind < 0.3) return power + Math.floor(next() * 3) - 1;
  return Math.floor(power * (1 + next()));
}

describe("the allocator", () => {
  it("never lets blocks overlap nor changes what they hold, over 250,000 operations", () => {
    const next = randomNumbers(20260);
    const model = new Model();
    let held = 0;
    let crowd = 400;
    for (let operation = 0; operation < 250_000; operation++) {
      if (operation % 10_000 === 0) crowd = [400, 20, 1500, 3][(operation / 10_000) & 3];
      const grow = held < 300 * MIB && next() < (model.live.length < crowd ? 0.7 : 0.3);
      if (grow || model.live.length === 0) held += model.allocate(someSize(next, next() < 0.1 ? 22 : 15)).bytes;
      else {
        const position = Math.floor(next() * model.live.length);
        held -= model.live[position].bytes;
        model.release(position);
      }
    }
    for (const block of model.live) model.check(block);
  });

  it("serves every size from 0 bytes on at multiples of 16 behind page 0", () => {
    const model = new Model();
    for (let bytes = 0; bytes <= 600; bytes++) model.allocate(bytes);
    for (let power = 4; power <= 24; power++) for (const d of [-1, 0, 1]) model.allocate(2 ** power + d);
    for (const block of model.live) model.check(block);
    while (model.live.length > 0) model.release(model.live.length - 1);
  });

  it("wastes nothing on small blocks whose size is a power of two", () => {
    for (let bytes = 16; bytes <= 32 * KIB; bytes *= 2) {
      kernels = load();
      for (let held = 0; held < 4 * MIB; held += bytes) if (allocate(bytes) === 0) throw new Error("no memory");
      expect(total()).toBeLessThanOrEqual(6 * MIB);
    }
  });

  it("gives a released block to the next who asks for that size", () => {
    sweep({ bytes: [1, 16, 100, 1000, 32 * KIB, 33 * KIB, 100 * KIB, 5 * MIB] }, ({ bytes }) => {
      const first = allocate(bytes);
      kernels.release(first, bytes);
      const size = total();
      for (let round = 0; round < 1000; round++) {
        const block = allocate(bytes);
        expect(block).not.toBe(0);
        kernels.release(block, bytes);
      }
      expect(total()).toBe(size);
    });
  });

  it("merges free neighbours, so that one block takes the place of many", () => {
    const count = 64;
    sweep({ order: ["first to last", "last to first", "every second, then the rest"] }, ({ order }) => {
      kernels = load();
      const blocks = Array.from({ length: count }, () => allocate(MIB));
      const size = total();
      if (order.startsWith("last")) blocks.reverse();
      if (order.startsWith("every")) blocks.sort((a, b) => ((a / MIB) & 1) - ((b / MIB) & 1));
      for (const block of blocks) kernels.release(block, MIB);
      expect(allocate(count * MIB)).not.toBe(0);
      expect(total()).toBe(size);
    });
  });

  /** Gives the allocator a random life with blocks of at least `least` bytes and takes everything back. */
  function live(least: number): void {
    const next = randomNumbers(7);
    const model = new Model();
    for (let operation = 0; operation < 20_000; operation++) {
      if (model.live.length < 200 && next() < 0.6) model.allocate(least + someSize(next, next() < 0.2 ? 22 : 16));
      else if (model.live.length > 0) model.release(Math.floor(next() * model.live.length));
    }
    while (model.live.length > 0) model.release(Math.floor(next() * model.live.length));
  }

  it.each([
    ["larger blocks", 40_000],
    ["blocks large and small", 0],
  ])("has everything in one piece again after a random life of %s", (_, least) => {
    live(least);
    const size = total();
    expect(size).toBeGreaterThan(20 * MIB);
    expect(allocate(size - STATIC)).not.toBe(0);
    expect(total()).toBe(size);
  });

  it("takes less than four times the memory of a table that grows by copying", () => {
    let [block, bytes] = [0, 0];
    for (let next = MIB; next < 200 * MIB; next = Math.floor(next * 1.3)) {
      const larger = allocate(next);
      expect(larger).not.toBe(0);
      if (block !== 0) kernels.release(block, bytes);
      [block, bytes] = [larger, next];
    }
    expect(total()).toBeLessThan(4 * bytes);
  });

  it("goes up to nearly 4 GiB, five times over", () => {
    for (let round = 0; round < 5; round++) {
      const sizes = [1.5 * GIB, 1.5 * GIB, Math.floor(0.7 * GIB)];
      const blocks = sizes.map(allocate);
      for (const block of blocks) expect(block).not.toBe(0);
      expect(allocate(0.5 * GIB)).toBe(0);
      const small = allocate(1000);
      expect(small).not.toBe(0);
      kernels.release(small, 1000);
      const order = [
        [0, 1, 2],
        [2, 1, 0],
        [1, 0, 2],
        [1, 2, 0],
        [0, 2, 1],
      ][round];
      for (const k of order) kernels.release(blocks[k], sizes[k]);
    }
    expect(allocate(3.7 * GIB)).not.toBe(0);
  });

  it("answers 0 when memory is exhausted, and works on when some is given back", () => {
    const blocks: number[] = [];
    for (let block = allocate(64 * MIB); block !== 0; block = allocate(64 * MIB)) blocks.push(block);
    expect(blocks.length).toBeGreaterThanOrEqual(62);
    expect(new Set(blocks).size).toBe(blocks.length);
    expect(allocate(64 * MIB)).toBe(0);
    while (allocate(MIB) !== 0);
    while (allocate(PAGE) !== 0);
    while (allocate(1000) !== 0);
    const [a, b] = blocks.splice(10, 2);
    kernels.release(a, 64 * MIB);
    kernels.release(b, 64 * MIB);
    const again = allocate(128 * MIB) || allocate(64 * MIB);
    expect([a, b]).toContain(again);
  });

  it("answers 0 to sizes near 4 GiB instead of wrapping around", () => {
    const model = new Model();
    const sizes = [LIMIT - 1, LIMIT - 15, LIMIT - 16, LIMIT - PAGE + 1, LIMIT - PAGE, LIMIT - 2 * PAGE];
    for (const bytes of [...sizes, -1, -16, -PAGE]) {
      expect(allocate(bytes)).toBe(0);
      model.allocate(100);
    }
    expect(total()).toBeLessThan(64 * MIB);
    for (const block of model.live) model.check(block);
    expect(allocate(2 * GIB + 1)).not.toBe(0);
  });
});
