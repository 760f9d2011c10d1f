// Long synchronous loops, where no collector of ours can run: values stay right and memory stays where it was.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { manualSeed, memory, nn, optim, setTransientBudget, tidy } from "nn-embedding";
import { afterAll, beforeEach, describe, expect, test } from "vitest";

const ROWS = 500;
const DIM = 32;
const BATCH = 128;
const LR = 2 ** -12;
const STEPS = 10_000;
const MIB = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes after a collection: what JavaScript and linear memory hold, and what is resident. */
function measure(): { held: number; resident: number } {
  collect();
  const { heapUsed, rss } = process.memoryUsage();
  return { held: heapUsed + memory().numBytes, resident: rss };
}

/** What was measured early in a loop must still hold at its end. */
function expectFlat(early: ReturnType<typeof measure>): void {
  const end = measure();
  expect(end.held - early.held).toBeLessThan(4 * MIB);
  // The engine lets up to 64 MiB of dead arrays lie before it collects, and does not give back what it once had.
  expect(end.resident - early.resident).toBeLessThan(80 * MIB);
  expect(memory().numBytes).toBeLessThan(9 * MIB);
}

/** Bit for bit; vitest compares the elements only to show a difference. */
function expectSame(actual: Float32Array | Int32Array, expected: Float32Array, what: string): void {
  const bytes = (x: Float32Array | Int32Array) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  if (!bytes(actual).equals(bytes(expected))) expect(Array.from(actual), what).toEqual(Array.from(expected));
}

function batchOf(step: number): Int32Array {
  return Int32Array.from({ length: BATCH }, (_, i) => (step * 31 + i * 7 + (i % 3) * step) % ROWS);
}

/**
 * The same training in plain numbers: loss = sum(out * out), so each entry's gradient is 2 w. A dense gradient is added up
 * before the step; a sparse one is not, so that a repeated row steps repeatedly.
 */
class Plain {
  constructor(
    readonly weight: Float32Array,
    readonly sparse: boolean,
  ) {}

  step(batch: Int32Array): Float32Array {
    const out = new Float32Array(BATCH * DIM);
    for (let i = 0; i < BATCH; i++) out.set(this.weight.subarray(batch[i] * DIM, (batch[i] + 1) * DIM), i * DIM);
    const sums = new Map<number, Float32Array>();
    for (let i = 0; i < BATCH; i++) {
      const gradient = out.slice(i * DIM, (i + 1) * DIM);
      for (let j = 0; j < DIM; j++) gradient[j] *= 2;
      const sum = sums.get(batch[i]);
      if (this.sparse) this.descend(batch[i], gradient);
      else if (sum === undefined) sums.set(batch[i], gradient);
      else for (let j = 0; j < DIM; j++) sum[j] += gradient[j];
    }
    for (const [row, sum] of sums) this.descend(row, sum);
    return out;
  }

  private descend(row: number, gradient: Float32Array): void {
    for (let j = 0; j < DIM; j++) this.weight[row * DIM + j] -= Math.fround(LR * gradient[j]);
  }
}

function model(sparse: boolean) {
  manualSeed(5);
  const embedding = new nn.Embedding(ROWS, DIM, { sparse });
  const sgd = new optim.SGD(embedding.parameters(), { lr: LR });
  const plain = new Plain(Float32Array.from(embedding.weight.array), sparse);
  const step = (i: number) => {
    const batch = batchOf(i);
    const out = embedding.forward(batch);
    sgd.zeroGrad();
    out.mul(out).sum().backward();
    sgd.step();
    return { out: out.array, expected: plain.step(batch) };
  };
  return { embedding, sgd, plain, step };
}

describe(`${STEPS} training steps in one synchronous loop`, () => {
  const usual = setTransientBudget(0);
  beforeEach(() => {
    setTransientBudget(0);
    // Smaller than usual, so that the pool is full after a few steps.
    setTransientBudget(8 * MIB);
  });
  afterAll(() => void setTransientBudget(usual));

  test.each([true, false])("without tidy: values right, memory flat after the first 500 (sparse: %s)", (sparse) => {
    const { embedding, plain, step } = model(sparse);
    let early = measure();
    for (let i = 0; i < STEPS; i++) {
      const { out, expected } = step(i);
      expectSame(out, expected, `step ${i}`);
      if (i === 500) early = measure();
    }
    expectFlat(early);
    expectSame(embedding.weight.array, plain.weight, "weight");
    embedding.dispose();
  });

  test.each([true, false])("inside tidy: memory() is back where it was (sparse: %s)", (sparse) => {
    const { embedding, plain, sgd, step } = model(sparse);
    const before = memory();
    for (let i = 0; i < STEPS; i++) {
      tidy(() => {
        const { out, expected } = step(i);
        expectSame(out, expected, `step ${i}`);
      });
    }
    sgd.zeroGrad();
    expect(memory()).toEqual({ ...before, reservedBytes: memory().reservedBytes });
    expect(memory().reservedBytes - before.reservedBytes).toBeLessThanOrEqual(MIB);
    expectSame(embedding.weight.array, plain.weight, "weight");
    embedding.dispose();
  });

  test("100,000 look-ups without tidy: every row right, memory flat", () => {
    const { embedding, plain } = model(false);
    let early = measure();
    for (let i = 0; i < 100_000; i++) {
      const row = (i * 37) % ROWS;
      const out = embedding.forward([row, (row + 1) % ROWS]).array;
      const at = i % DIM;
      if (out[at] !== plain.weight[row * DIM + at]) expect(out[at], `look-up ${i}`).toBe(plain.weight[row * DIM + at]);
      if (i === 5000) early = measure();
    }
    expectFlat(early);
    embedding.dispose();
  });
});
