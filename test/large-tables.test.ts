// Tables of gigabytes: addresses beyond 2^31, freed whole, beside others that stay unharmed.

import { manualSeed, memory, nn, optim, type Tensor, tidy, zeros } from "nn-embedding";
import { expect, test } from "vitest";

const ROWS = 3_000_000;
const DIM = 128;
const GIB = 2 ** 30;

/** One step of lr 1 on the sum of the rows: each occurrence takes 1 from its row. */
function trainOnce(embedding: nn.Embedding): void {
  const sgd = new optim.SGD(embedding.parameters(), { lr: 1 });
  tidy(() => {
    embedding
      .forward([0, ROWS - 1, 1_234_567, ROWS - 1])
      .sum()
      .backward();
    sgd.step();
    sgd.zeroGrad();
  });
}

test("a table of 1.5 GiB is trained and freed, twice, and the tables beside it are unharmed", () => {
  manualSeed(3);
  const small = new nn.Embedding(1000, 64);
  const kept = Array.from(small.weight.array);
  for (let round = 0; round < 2; round++) {
    const before = memory();
    for (const sparse of [true, false]) {
      const table = zeros([ROWS, DIM]);
      const embedding = new nn.Embedding(ROWS, DIM, { sparse, weight: table });
      const beside = new nn.Embedding(50, 8);
      const besideValues = Array.from(beside.weight.array);
      expect(memory().numBytes - before.numBytes).toBeGreaterThan(1.4 * GIB);
      trainOnce(embedding);
      for (const [row, value] of [
        [0, -1],
        [1, 0],
        [1_234_567, -1],
        [ROWS - 2, 0],
        [ROWS - 1, -2],
      ]) {
        expect(
          tidy(() => embedding.weight.at(row).toArray()),
          `row ${row}`,
        ).toEqual(Array(DIM).fill(value));
      }
      expect(Array.from(beside.weight.array)).toEqual(besideValues);
      for (const owner of [embedding, table, beside]) owner.dispose();
    }
    expect(memory().numBytes).toBe(before.numBytes);
    expect(memory().numTensors).toBe(before.numTensors);
  }
  expect(memory().reservedBytes).toBeLessThan(1.6 * GIB);
  expect(Array.from(small.weight.array)).toEqual(kept);
  small.dispose();
});

test("kernels work beyond 2 GiB, where addresses are negative as 32-bit integers", () => {
  manualSeed(42);
  const low = new nn.Embedding(1000, DIM);
  // Blocks of falling size leave no room below for the table that follows.
  const filler = [ROWS, 2 ** 17, 1000].flatMap((rows) => {
    const blocks = [zeros([rows, DIM])];
    const end = ({ array }: Tensor) => array.byteOffset + array.byteLength;
    while (end(blocks[blocks.length - 1]) < 2 * GIB) blocks.push(zeros([rows, DIM]));
    return blocks;
  });
  manualSeed(42);
  const high = new nn.Embedding(1000, DIM, { maxNorm: 5 });
  expect(high.weight.array.byteOffset).toBeGreaterThan(2 * GIB);
  expect(Array.from(high.weight.array)).toEqual(Array.from(low.weight.array));
  low.maxNorm = 5;
  for (const embedding of [low, high]) {
    const adagrad = new optim.Adagrad(embedding.parameters(), { lr: 0.1 });
    const out = embedding.forward([
      [0, 999],
      [7, 7],
    ]);
    out.mul(out).sum().backward();
    adagrad.step();
  }
  expect(Array.from(high.weight.array)).toEqual(Array.from(low.weight.array));
  expect(() => high.forward([1000])).toThrow(RangeError);
  for (const owner of [...filler, low, high]) owner.dispose();
});

test("gradients that somebody has read make room for the next ones, and keep their values", () => {
  const table = zeros([ROWS, DIM]);
  const embedding = new nn.Embedding(ROWS, DIM, { weight: table });
  const gradientOf = (row: number) => {
    embedding.zeroGrad();
    tidy(() => embedding.forward([row]).sum().backward());
    return embedding.weight.grad as Tensor;
  };
  const first = gradientOf(0);
  // One more than memory has room for, and nothing here lets the collector in.
  gradientOf(1);
  const last = gradientOf(2);
  expect([first, last].map((grad) => [0, 1, 2].map((row) => grad.array[DIM * row]))).toEqual([
    [1, 0, 0],
    [0, 0, 1],
  ]);
  for (const owner of [first, embedding, table]) owner.dispose();
});

test("a table of 5 GiB is a RangeError that names the limit, and changes nothing", () => {
  const before = memory();
  const rows = (5 * GIB) / (4 * DIM);
  expect(() => new nn.Embedding(rows, DIM)).toThrow(
    new RangeError(
      `out of linear memory: asked for ${5 * GIB} bytes while ${before.numTensors} tensors hold ${before.numBytes} bytes; ` +
        "the limit is 4 GiB (4294901760 bytes) in all. tidy(fn) frees what fn makes",
    ),
  );
  expect(memory()).toEqual(before);
});
