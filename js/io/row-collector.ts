import type { Tensor } from "../index.js";
import { owned } from "../internals.js";

/** The first block holds so many floats; each later one an eighth of the rows before it, if that is more. */
const BLOCK = 65_536;

/** Rows outside linear memory, where they can be freed one after the other. */
class Block {
  /** Rows so far. */
  length = 0;
  private readonly memory: ShrinkingBuffer;

  constructor(
    readonly capacity: number,
    private readonly dim: number,
  ) {
    const bytes = 4 * dim * capacity;
    this.memory = new (ArrayBuffer as unknown as ShrinkingBuffers)(bytes, { maxByteLength: bytes });
  }

  add(row: Float32Array): void {
    new Float32Array(this.memory, 4 * this.dim * this.length++, this.dim).set(row);
  }

  get values(): Float32Array {
    return new Float32Array(this.memory, 0, this.dim * this.length);
  }

  /** Gives the bytes back at once, in engines that can; the collector would wait until both the blocks and the table are there. */
  free(): void {
    this.memory.resize?.(0);
  }
}

/** An ArrayBuffer of ES2024, or one of before, which takes no notice of the options. */
type ShrinkingBuffer = ArrayBuffer & { resize?(bytes: number): void };
type ShrinkingBuffers = new (bytes: number, options: { maxByteLength: number }) => ShrinkingBuffer;

/**
 * Rows [dim] that come one after the other, and at the end the table [rows, dim] of them.
 * Where their number is known they go straight into the table; otherwise into blocks outside linear memory, which never shrinks.
 */
export class RowCollector {
  /** Rows so far. */
  length = 0;
  private table: Tensor | null;
  private readonly blocks: Block[] = [];

  /** expected: how many rows come at most, null when nobody knows. */
  constructor(
    private readonly dim: number,
    expected: number | null,
  ) {
    this.table = expected === null ? null : owned([expected, dim]);
  }

  add(row: Float32Array): void {
    if (this.table !== null) {
      (this.table.array as Float32Array).set(row, this.length * this.dim);
    } else {
      this.roomy().add(row);
    }
    this.length++;
  }

  /** The last block, or a new one when that is full. */
  private roomy(): Block {
    const last = this.blocks[this.blocks.length - 1];
    if (last !== undefined && last.length < last.capacity) return last;
    const block = new Block(Math.max(1, Math.floor(BLOCK / this.dim), this.length >> 3), this.dim);
    this.blocks.push(block);
    return block;
  }

  /** The table, which is the caller's. A block is let go of as soon as it has been copied. */
  finish(): Tensor {
    const { table, length, dim } = this;
    if (table?.shape[0] === length) {
      this.table = null;
      return table;
    }
    const whole = owned([length, dim]);
    const values = whole.array;
    if (table !== null) values.set(table.array.subarray(0, length * dim));
    let at = 0;
    for (const block of this.blocks) {
      values.set(block.values, at);
      at += block.length * dim;
      block.free();
    }
    this.dispose();
    return whole;
  }

  /** Gives back what has not been given away. */
  dispose(): void {
    this.table?.dispose();
    this.table = null;
    this.blocks.length = 0;
  }
}
