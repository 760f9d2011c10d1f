import { functional as F, longTensor, memory, nn, ones, randn, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError, valuesOf } from "../tensor/compare.js";

describe("padSequence", () => {
  const { padSequence } = nn.utils.rnn;

  it("of integers goes straight into an Embedding", () => {
    const padded = padSequence([Int32Array.of(1, 2), Uint8Array.of(3), longTensor([2, 2, 1])], {
      batchFirst: true,
      paddingValue: 3,
    });
    expect([padded.dtype, padded.toArray()]).toEqual([
      "int32",
      [
        [1, 2, 3],
        [3, 3, 3],
        [2, 2, 1],
      ],
    ]);
    expect(F.embedding(padded, ones([4, 2])).shape).toEqual([3, 3, 2]);
  });

  it("leaves its sequences alone", () => {
    const sequences = [tensor([1, 2]), tensor([3])];
    padSequence(sequences);
    expect(sequences.map((s) => s.toArray())).toEqual([[1, 2], [3]]);
  });

  it("keeps nothing but its result", () => {
    const sequences = [[1, 2], [3]];
    const before = memory();
    padSequence(sequences).dispose();
    expect(memory()).toEqual(before);
    expectError(() => padSequence([...sequences, [[1]]]), RangeError, "padSequence");
    expect(memory()).toEqual(before);
  });

  it("of two ranks or sizes names both", () => {
    expectError(
      () => padSequence([[1, 2], [[1]]]),
      RangeError,
      "padSequence: sequences have different numbers of dimensions: sequences[0] is [2], sequences[1] is [1, 1]",
    );
    expectError(() => padSequence([[[1]], [1, 2]]), RangeError, "sequences[0] is [1, 1], sequences[1] is [2]");
    expectError(() => padSequence([[[1]], [[1, 2]]]), RangeError, "tensor a (1)", "tensor b (2)", "dimension 1");
  });

  it("of integers refuses a padding value that is none, in its own name", () => {
    const sequences = [longTensor([1, 2]), longTensor([3])];
    const words = "padSequence: argument 'paddingValue' must be an integer, but got 0.5";
    expectError(() => padSequence(sequences, { paddingValue: 0.5 }), TypeError, words);
    expectError(() => padSequence(sequences, { paddingValue: 2 ** 31 }), RangeError, "padSequence: paddingValue is");
  });

  it("of two dtypes, or with a hole, is a TypeError", () => {
    expectError(() => padSequence([tensor([1]), longTensor([1])]), TypeError, "sequences[1] is int32");
    expectError(() => padSequence(Object.assign(Array(3), { 0: [1], 2: [2] })), TypeError, "must be a number");
  });
});

describe("unpadSequence", () => {
  const { padSequence, unpadSequence } = nn.utils.rnn;

  it.each([true, false])("undoes padSequence, batchFirst: %s", (batchFirst) => {
    const sequences = [
      [[1, 2]],
      [
        [3, 4],
        [5, 6],
        [7, 8],
      ],
      [
        [9, 9],
        [1, 1],
      ],
    ];
    const padded = padSequence(sequences, { batchFirst, paddingValue: -1 });
    const before = valuesOf(padded);
    const cut = unpadSequence(padded, [1, 3, 2], { batchFirst });
    expect(cut.map((x) => x.toArray())).toEqual(sequences);
    cut[1].fill_(0);
    expect([padded.shape, valuesOf(padded)]).toEqual([[3, 3, 2], before]);
  });

  it("takes lengths in any form of integers, and keeps int32", () => {
    const padded = longTensor([
      [1, 2],
      [3, 0],
    ]);
    const forms = [[2, 1], longTensor([2, 1]), Int32Array.of(2, 1), Uint8Array.of(2, 1), BigInt64Array.of(2n, 1n)];
    for (const lengths of forms) {
      const cut = unpadSequence(padded, lengths, { batchFirst: true });
      expect(cut.map((x) => [x.dtype, x.toArray()])).toEqual([
        ["int32", [1, 2]],
        ["int32", [3]],
      ]);
    }
  });

  it("takes lengths of 0 and batches of 0", () => {
    expect(unpadSequence(ones([3, 1, 2]), [0])[0].shape).toEqual([0, 2]);
    expect(unpadSequence(ones([3, 0]), [])).toEqual([]);
    expect(unpadSequence(ones([0, 2]), [0, 0]).map((x) => x.shape)).toEqual([[0], [0]]);
  });

  it("sends gradients back to the steps that were kept", () => {
    const padded = randn([2, 3], { requiresGrad: true });
    const [, second] = unpadSequence(padded, [3, 2], { batchFirst: true });
    second
      .mul(tensor([5, 7]))
      .sum()
      .backward();
    expect(padded.grad!.toArray()).toEqual([
      [0, 0, 0],
      [5, 7, 0],
    ]);
  });

  it("keeps nothing but its results", () => {
    const padded = randn([4, 3, 2]);
    const before = memory();
    for (const x of unpadSequence(padded, [1, 4, 0])) x.dispose();
    expect(memory()).toEqual(before);
  });

  const padded = () => ones([4, 2]);
  it.each<[string, () => unknown, typeof TypeError | typeof RangeError, string]>([
    [
      "a length beyond the steps",
      () => unpadSequence(padded(), [5, 1]),
      RangeError,
      "lengths[0] is 5, valid range is [0, 4]",
    ],
    ["a negative length", () => unpadSequence(padded(), [1, -1]), RangeError, "lengths[1] is -1"],
    ["too few lengths", () => unpadSequence(padded(), [1]), RangeError, "got 1 lengths for 2 sequences"],
    ["too many lengths", () => unpadSequence(padded(), [1, 1, 1]), RangeError, "got 3 lengths for 2 sequences"],
    ["a fraction", () => unpadSequence(padded(), [1, 0.5]), TypeError, "lengths[1]"],
    ["a tensor of fractions", () => unpadSequence(padded(), tensor([1, 0.5])), TypeError, "lengths[1]"],
    ["a word", () => unpadSequence(padded(), "12" as never), TypeError, "lengths must be"],
    ["nothing", () => unpadSequence(padded(), undefined as never), TypeError, "lengths must be"],
    ["an array of words", () => unpadSequence(padded(), ["1", "2"] as never), TypeError, "lengths[0]"],
    ["a vector", () => unpadSequence(ones([4]), [1]), RangeError, "at least 2 dimensions"],
    ["an array", () => unpadSequence([[1]] as never, [1]), TypeError, "must be Tensor"],
    ["an unknown option", () => unpadSequence(padded(), [1, 1], { batch: true } as never), TypeError, "'batch'"],
    [
      "an option of another kind",
      () => unpadSequence(padded(), [1, 1], { batchFirst: 1 as never }),
      TypeError,
      "batchFirst",
    ],
  ])("of %s is refused", (_, mistake, type, words) => {
    expectError(mistake, type, "unpadSequence", words);
  });
});
