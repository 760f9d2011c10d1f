import { type functional as F, longTensor, memory, nn, optim, randn, type Tensor, tensor, tidy } from "nn-embedding";
import { type QuantizedDType, QuantizedEmbedding, QuantizedEmbeddingBag } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectError, valuesOf } from "../tensor/compare.js";

const KINDS = ["float16", "bfloat16", "int8", "int4"] as const;
const ROW_BYTES = { float16: 16, bfloat16: 16, int8: 16, int4: 8 };

/** What is held after `fn`, relative to before. */
function held(fn: () => void) {
  const before = memory();
  fn();
  const after = memory();
  return { numTensors: after.numTensors - before.numTensors, numBytes: after.numBytes - before.numBytes };
}

const NOTHING = { numTensors: 0, numBytes: 0 };

describe("QuantizedEmbedding", () => {
  it.each(KINDS)("looks up what dequantize gives, in every shape of input: %s", (kind) => {
    const packed = new nn.Embedding(50, 6).quantize(kind);
    const rows = nn.Embedding.fromPretrained(packed.dequantize());
    for (const input of [
      3,
      [1, 49, 1],
      [[0], [7]],
      [
        [
          [2, 2],
          [3, 4],
        ],
      ],
      Uint8Array.of(4, 5),
      longTensor([[1], [2]]),
      [],
    ]) {
      const actual = packed.forward(input);
      const expected = rows.forward(input);
      expect(actual.shape).toEqual(expected.shape);
      expect(actual.requiresGrad).toBe(false);
      expectBits(valuesOf(actual), valuesOf(expected));
    }
  });

  it("is as near to the numbers it was made of as its format allows", () => {
    const table = randn([300, 64]);
    const range = 8;
    for (const [kind, bound] of Object.entries({
      float16: 2 ** -9,
      bfloat16: 2 ** -6,
      int8: range / 510,
      int4: range / 28,
    })) {
      const back = nn.Embedding.fromPretrained(table)
        .quantize(kind as QuantizedDType)
        .dequantize();
      expectClose(valuesOf(back), valuesOf(table), bound, () => 1);
    }
  });

  it("holds a row in 2 D, D + 8 or D / 2 + 4 bytes, survives tidy and gives everything back", () => {
    const table = new nn.Embedding(100, 8);
    for (const kind of KINDS) {
      const before = memory().numBytes;
      const packed = tidy(() => table.quantize(kind));
      expect(memory().numBytes - before).toBe(100 * ROW_BYTES[kind]);
      expect(packed.rowBytes).toBe(ROW_BYTES[kind]);
      expect(held(() => packed.dispose())).toEqual({ numTensors: -1, numBytes: -100 * ROW_BYTES[kind] });
      expectError(() => packed.forward([0]), Error, "disposed");
    }
    const packed = table.quantize("int8");
    expect(held(() => tidy(() => void [packed.forward([1, 2]), packed.dequantize(), packed.packed]))).toEqual(NOTHING);
  });

  it("is a copy: what is done to the table later does not reach it", () => {
    const table = new nn.Embedding(4, 2);
    const packed = table.quantize("float16");
    const before = valuesOf(packed.dequantize());
    table.weight.data.fill_(9);
    expectBits(valuesOf(packed.dequantize()), before);
  });

  it("goes out as bytes and comes back from bytes or from a tensor of them", () => {
    for (const [kind, rows, dim] of [
      ["int4", 3, 2],
      ["int8", 3, 5],
      ["bfloat16", 2, 3],
      ["float16", 0, 3],
      ["int8", 2, 0],
    ] as const) {
      const packed = new nn.Embedding(rows, dim).quantize(kind);
      const bytes = packed.packed.slice();
      expect(bytes.length).toBe(rows * packed.rowBytes);
      const options = { numEmbeddings: rows, embeddingDim: dim, dtype: kind };
      const elements = tensor(Int32Array.from(bytes), { shape: [rows, packed.rowBytes] });
      for (const given of [bytes, elements]) {
        const loaded = QuantizedEmbedding.fromPacked(given, options);
        expect([...loaded.packed]).toEqual([...bytes]);
        expectBits(valuesOf(loaded.dequantize()), valuesOf(packed.dequantize()));
      }
    }
  });

  it("takes the live bytes of another table, which the growth of memory takes away", () => {
    const rows = Math.ceil(memory().reservedBytes / 72);
    const packed = QuantizedEmbedding.fromPacked(new Uint8Array(rows * 72).fill(3), {
      numEmbeddings: rows,
      embeddingDim: 64,
      dtype: "int8",
    });
    const before = memory().reservedBytes;
    const copy = QuantizedEmbedding.fromPacked(packed.packed, { numEmbeddings: rows, embeddingDim: 64, dtype: "int8" });
    expect(memory().reservedBytes).toBeGreaterThan(before);
    expectBits(valuesOf(copy.forward([0, rows - 1])), valuesOf(packed.forward([0, rows - 1])));
    for (const table of [packed, copy]) table.dispose();
  });

  it("travels in a state dict, inside a model too", () => {
    const make = () => new nn.Sequential(new nn.Embedding(5, 3).quantize("int8"), new nn.Linear(3, 2));
    const [a, b] = [make(), make()];
    expect(Object.keys(a.stateDict())).toEqual(["0.words", "1.weight", "1.bias"]);
    b.loadStateDict(JSON.parse(JSON.stringify(a.stateDict())));
    expectBits(valuesOf(b.forward([0, 4])), valuesOf(a.forward([0, 4])));
    expect(new optim.SGD(b.parameters(), { lr: 1 }).paramGroups[0].params.length).toBe(3);
  });

  it("prints its kind", () => {
    const table = new nn.Embedding(10, 4, { paddingIdx: -1 });
    expect(String(table.quantize("float16"))).toBe(
      "QuantizedEmbedding(num_embeddings=10, embedding_dim=4, dtype=torch.float16, padding_idx=9)",
    );
  });

  it("refuses rows that a format cannot hold, by name, and keeps nothing", () => {
    const mistakes: [QuantizedDType, number[], string][] = [
      ["int8", [0, NaN], "weight[1] has NaN at 1"],
      ["int4", [Infinity, 0], "weight[1] has Infinity at 0"],
      ["float16", [-Infinity, 0], "weight[1] has -Infinity at 0"],
      ["bfloat16", [1, NaN], "weight[1] has NaN at 1"],
      ["int8", [3e38, -3e38], "which int8 cannot hold"],
      ["int4", [-70000, 0], "weight[1] reaches from -70000 to 0, which int4 cannot hold"],
      ["float16", [65520, 0], "weight[1] reaches from 0 to 65520, which float16 cannot hold"],
      ["bfloat16", [3.4e38, 0], "which bfloat16 cannot hold"],
    ];
    for (const [kind, row, words] of mistakes) {
      const table = nn.Embedding.fromPretrained([[1, 2], row]);
      expect(held(() => expectError(() => table.quantize(kind), RangeError, "quantize", words))).toEqual(NOTHING);
    }
  });

  it("refuses what is no table or no format", () => {
    const table = new nn.Embedding(3, 2);
    expectError(() => table.quantize("int3" as never), TypeError, "int3", "float16, bfloat16, int8, int4");
    const whole = nn.Embedding.fromPretrained(longTensor([[1, 2]]));
    expectError(() => whole.quantize("int8"), TypeError, "weight", "float32", "int32");
    const capped = new nn.Embedding(3, 2, { maxNorm: 1 });
    expectError(() => capped.quantize("int8"), Error, "maxNorm is 1");
    const packed = table.quantize("int8");
    expectError(() => packed.forward([3]), RangeError, "index out of range in self", "input[0] is 3", "[0, 3)");
    expectError(() => packed.forward([0.5]), TypeError, "input[0] is 0.5");
  });

  it("refuses bytes that are no such table, and keeps nothing", () => {
    const options = { numEmbeddings: 2, embeddingDim: 4, dtype: "int8" } as const;
    const from =
      (packed: unknown, more: object = {}) =>
      () =>
        QuantizedEmbedding.fromPacked(packed as Uint8Array, { ...options, ...more });
    const bytes = new Uint8Array(24);
    const mistakes = held(() => {
      expectError(
        from(bytes.subarray(1)),
        RangeError,
        "packed must hold 2 rows of 12 bytes for int8 [2, 4]",
        "24",
        "23",
      );
      expectError(from([1, 2]), TypeError, "packed must be a Uint8Array");
      expectError(from(bytes, { dtype: "int4", embeddingDim: 3 }), RangeError, "multiple of 2", "embeddingDim is 3");
      expectError(from(bytes, { dtype: "uint8" }), TypeError, "uint8", "dtype");
      expectError(from(bytes, { numEmbeddings: -1 }), RangeError, "negative");
      expectError(from(bytes, { embeddingDim: 1.5 }), TypeError, "1.5");
      expectError(from(bytes, { paddingIdx: 2 }), RangeError, "Padding_idx", "[-2, 2)");
      expectError(from(bytes, { mode: "sum" }), TypeError, "unexpected keyword argument 'mode'");
      const elements = tensor(Int32Array.from({ length: 24 }, (_, i) => (i === 7 ? 256 : 1)));
      expectError(from(elements), RangeError, "element 7 is 256");
      elements.dispose();
    });
    expect(mistakes).toEqual(NOTHING);
  });
});

describe("QuantizedEmbeddingBag", () => {
  const forms: [string, F.BagInput, F.BagDivision][] = [
    [
      "a matrix",
      [
        [1, 2, 3],
        [4, 4, 0],
      ],
      {},
    ],
    ["a list", [[5], [], [1, 2, 5, 5]], {}],
    ["offsets", [1, 2, 3, 4, 5], { offsets: [0, 2, 2] }],
    [
      "weights",
      [
        [1, 2],
        [5, 0],
      ],
      {
        perSampleWeights: [
          [1, -2],
          [0.5, 3],
        ],
      },
    ],
    ["nothing", [], { offsets: [] }],
  ];

  it.each(KINDS)("gives what EmbeddingBag gives on the same rows, within a rounding a product: %s", (kind) => {
    for (const mode of ["sum", "mean", "max"] as const) {
      for (const paddingIdx of [null, 5]) {
        const bag = new nn.EmbeddingBag(6, 18, { mode, paddingIdx }).quantize(kind);
        const rows = nn.EmbeddingBag.fromPretrained(bag.dequantize(), { mode, paddingIdx });
        for (const [form, input, division] of forms) {
          if (mode === "max" && form === "weights") continue;
          const actual = bag.forward(input, division);
          const expected = rows.forward(input, division);
          expect(actual.shape).toEqual(expected.shape);
          expect(actual.requiresGrad).toBe(false);
          expectClose(valuesOf(actual), valuesOf(expected), 2 ** -20, () => 16);
          if (kind !== "int8" || mode === "max" || form === "weights") expectBits(valuesOf(actual), valuesOf(expected));
        }
      }
    }
  });

  it("takes offsets with the last one, and bytes with a mode", () => {
    const float = new nn.EmbeddingBag(6, 4, { mode: "sum", includeLastOffset: true });
    const bag = float.quantize("int4");
    const options = { numEmbeddings: 6, embeddingDim: 4, dtype: "int4", mode: "sum", includeLastOffset: true } as const;
    const loaded = QuantizedEmbeddingBag.fromPacked(bag.packed.slice(), options);
    const division = { offsets: [0, 2, 3] };
    expectBits(valuesOf(loaded.forward([1, 2, 3], division)), valuesOf(bag.forward([1, 2, 3], division)));
    expect(String(loaded)).toMatch(/^QuantizedEmbeddingBag\(num_embeddings=6, .*, mode='sum'\)$/);
    expect(String(QuantizedEmbeddingBag.fromPacked(bag.packed.slice(), { ...options, mode: undefined }))).toContain(
      "'mean'",
    );
  });

  it("lets no gradient through to the weights of entries", () => {
    const weights: Tensor = tensor([1, 2], { requiresGrad: true });
    const bag = new nn.EmbeddingBag(3, 2, { mode: "sum" }).quantize("int8");
    expect(bag.forward([0, 1], { offsets: [0], perSampleWeights: weights }).requiresGrad).toBe(false);
  });

  it("makes the complaints of EmbeddingBag, and keeps nothing", () => {
    const bag = new nn.EmbeddingBag(3, 2, { mode: "max" }).quantize("int8");
    const bytes = new Uint8Array(30);
    const options = { numEmbeddings: 3, embeddingDim: 2, dtype: "int8" } as const;
    const mistakes = held(() => {
      expectError(() => bag.forward([0, 3], { offsets: [0] }), RangeError, "embedding_bag", "input[1] is 3");
      expectError(() => bag.forward([0]), TypeError, "offsets has to be a 1D Tensor but got None");
      expectError(() => bag.forward([0, 1], { offsets: [1] }), RangeError, "offsets[0] has to be 0");
      expectError(() => bag.forward([[0]], { perSampleWeights: [[1]] }), Error, "per_sample_weights", "mode='max'");
      expectError(() => bag.forward([[0]], { perSampleWeights: [[1, 2]] }), RangeError, "same shape as the input");
      expectError(
        () => bag.forward([[0]], { weights: 1 } as never),
        TypeError,
        "unexpected keyword argument 'weights'",
      );
      const from = (more: object) => () => QuantizedEmbeddingBag.fromPacked(bytes, { ...options, ...more });
      expectError(from({ mode: "min" }), TypeError, "mode", "min");
      expectError(from({ includeLastOffset: 1 }), TypeError, "includeLastOffset");
    });
    expect(mistakes).toEqual(NOTHING);
  });
});
