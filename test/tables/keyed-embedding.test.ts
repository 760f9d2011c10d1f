// gensim's answers stand in test/golden/word-vectors.json, which word_vectors.py beside it writes.

import { memory, nn, tensor } from "nn-embedding";
import { KeyedEmbedding, type Neighbour, nearest, Vocab } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { decode } from "../golden/load.js";
import { answers } from "../golden/word-vectors.js";
import { expectBits, expectClose, expectError, valuesOf } from "../tensor/compare.js";

/** gensim works in float32. */
const CLOSE = 2e-6;

function expectFound(found: readonly Neighbour[], expected: readonly [string, number][]): void {
  expect(found.map(({ word }) => word)).toEqual(expected.map(([word]) => word));
  const scores = expected.map(([, score]) => score);
  expectClose(
    found.map(({ score }) => score),
    scores,
    CLOSE,
    () => 1,
  );
}

const make = () => {
  const { words, vectors } = answers.table;
  const { shape, data } = decode(vectors);
  const weight = tensor(data as Float32Array, { shape });
  const keyed = new KeyedEmbedding(words, nn.Embedding.fromPretrained(weight));
  weight.dispose();
  return { keyed, data: data as Float32Array, dim: shape[1] };
};

const small = (words: string[], rows: number[][]) => new KeyedEmbedding(words, nn.Embedding.fromPretrained(rows));

describe("KeyedEmbedding", () => {
  it("gives the vectors of words", () => {
    const { keyed, data, dim } = make();
    expect([keyed.size, keyed.dim, keyed.has("w3"), keyed.has("w50")]).toEqual([50, 12, true, false]);
    expectBits(keyed.get("w3"), data.subarray(3 * dim, 4 * dim));
    const rows = keyed.lookup(["w49", "w0", "w49"]);
    expect(rows.shape).toEqual([3, dim]);
    expectBits(valuesOf(rows).subarray(dim, 2 * dim), data.subarray(0, dim));
    keyed.get("w3").fill(0);
    expectBits(keyed.get("w3"), data.subarray(3 * dim, 4 * dim));
    expect(keyed.lookup([]).shape).toEqual([0, dim]);
    keyed.dispose();
  });

  it("answers as gensim does", () => {
    const { keyed } = make();
    const { answers: expected } = answers;
    for (const { options, found } of expected.similar) expectFound(keyed.mostSimilar(options), found);
    const free = decode(expected.free).data as Float32Array;
    const [first, second] = [free.slice(0, 12), free.slice(12)];
    const mixed = { positive: ["w9", first], negative: second, k: 6 };
    expectFound(keyed.mostSimilar(mixed), expected.mixed);
    expectFound(keyed.mostSimilar({ ...mixed, negative: [[...second]] }), expected.mixed);
    expectFound(keyed.mostSimilar({ ...mixed, negative: tensor(second) }), expected.mixed);
    for (const vector of [first, [...first], Float64Array.from(first), tensor(first)]) {
      expectFound(keyed.similarByVector(vector, { k: 4 }), expected.byVector);
    }
    for (const { pair, cosine } of expected.similarity) {
      expectClose([keyed.similarity(pair[0], pair[1])], [cosine], CLOSE, () => 1);
    }
    const { sets, cosine } = expected.sets;
    expectClose([keyed.nSimilarity(sets[0], sets[1])], [cosine], CLOSE, () => 1);
    for (const { words, word } of expected.odd) expect(keyed.doesntMatch(words)).toBe(word);
    keyed.dispose();
  });

  it("solves an analogy as b - a + c, without the words given", () => {
    const { keyed } = make();
    const options = { positive: ["w2", "w3"], negative: "w1" };
    expect(keyed.analogy("w1", "w2", "w3")).toEqual(keyed.mostSimilar(options));
    expect(keyed.analogy("w1", "w2", "w3", { k: 3 })).toHaveLength(3);
    keyed.dispose();
    const plane = small(
      ["man", "king", "woman", "queen", "child"],
      [
        [1, 0.1],
        [1, 1],
        [-1, 0.1],
        [-1, 1.1],
        [0.1, -1],
      ],
    );
    expect(plane.analogy("man", "king", "woman", { k: 1 })[0].word).toBe("queen");
    plane.dispose();
  });

  it("finds a cosine of 0 for a vector of zeros, and goes through k beyond the table", () => {
    const keyed = small(
      ["none", "a", "b"],
      [
        [0, 0],
        [1, 0],
        [1, 1],
      ],
    );
    expect(keyed.similarity("none", "a")).toBe(0);
    expect(keyed.mostSimilar({ positive: "a", k: 99 }).map(({ word }) => word)).toEqual(["b", "none"]);
    expect(keyed.mostSimilar({ positive: "a", negative: "a" })).toEqual([
      { word: "none", score: 0 },
      { word: "b", score: 0 },
    ]);
    keyed.dispose();
  });

  it("goes by the vocabulary's policy in look-ups, and never in searches", () => {
    const rows = nn.Embedding.fromPretrained([
      [0, 0],
      [1, 2],
    ]);
    const keyed = new KeyedEmbedding(new Vocab(["<unk>", "a"], { unknown: "<unk>" }), rows);
    expect(keyed.lookup(["zebra", "a"]).toArray()).toEqual([
      [0, 0],
      [1, 2],
    ]);
    expect([...keyed.get("zebra")]).toEqual([0, 0]);
    expectError(() => keyed.mostSimilar({ positive: "zebra" }), RangeError, 'mostSimilar: "zebra" is not in the vocab');
    const skipping = new KeyedEmbedding(new Vocab(["<unk>", "a"], { unknown: null }), rows);
    expect(skipping.lookup(["zebra", "a"]).toArray()).toEqual([[1, 2]]);
    expectError(() => skipping.get("zebra"), RangeError, 'get: "zebra" is not in the vocabulary');
    keyed.dispose();
  });

  it("refuses unknown words, whatever is asked", () => {
    const { keyed } = make();
    for (const [name, ask] of Object.entries({
      get: () => keyed.get("zebra"),
      lookup: () => keyed.lookup(["w1", "zebra"]),
      similarity: () => keyed.similarity("w1", "zebra"),
      nSimilarity: () => keyed.nSimilarity(["w1"], ["zebra"]),
      doesntMatch: () => keyed.doesntMatch(["w1", "zebra"]),
      mostSimilar: () => keyed.mostSimilar({ positive: ["w1"], negative: ["zebra"] }),
      analogy: () => keyed.analogy("w1", "zebra", "w2"),
    })) {
      expectError(ask, RangeError, `${name}: `, '"zebra"', "not in the vocabulary");
    }
    keyed.dispose();
  });

  it("refuses what is no question", () => {
    const { keyed } = make();
    expectError(() => keyed.mostSimilar({}), RangeError, "mostSimilar: there is no word");
    expectError(() => keyed.mostSimilar({ positive: [] }), RangeError, "mostSimilar: there is no word");
    expectError(() => keyed.mostSimilar("w1" as never), TypeError, "mostSimilar: options must be an object");
    expectError(() => keyed.mostSimilar({ positive: "w1", topn: 3 } as never), TypeError, "'topn'");
    expectError(() => keyed.mostSimilar({ positive: 3 as never }), TypeError, "mostSimilar: ");
    expectError(() => keyed.mostSimilar({ positive: [null as never] }), TypeError, "mostSimilar: ");
    expectError(() => keyed.mostSimilar({ positive: [[1, 2]] }), RangeError, "shape [12], but got [2]");
    expectError(() => keyed.mostSimilar({ positive: "w1", k: 0 }), RangeError, "k must be at least 1");
    expectError(() => keyed.mostSimilar({ positive: "w1", k: 1.5 }), TypeError, "'k' must be an integer");
    expectError(() => keyed.similarByVector("w1" as never), TypeError, "similarByVector: argument 'vector'");
    expectError(() => keyed.similarByVector(tensor([[1, 2]])), RangeError, "got [1, 2]");
    expectError(() => keyed.similarByVector(null as never), TypeError, "similarByVector: argument 'vector'");
    expectError(
      () => keyed.similarByVector([1, "x", ...Array(10).fill(1)] as never),
      TypeError,
      "'vector[1]' must be a number",
    );
    expectError(
      () => keyed.similarByVector(Array(12).fill(Number.NaN)),
      RangeError,
      "similarByVector: vector[0] is NaN",
    );
    expectError(() => keyed.lookup("w1"), TypeError, "lookup: argument 'words'");
    for (const word of [undefined, null, 1, [1, 2]]) {
      expectError(() => keyed.analogy("w1", "w2", word as never), TypeError, "analogy: argument 'word'");
    }
    expectError(() => keyed.doesntMatch([]), RangeError, "doesntMatch: there must be at least one word");
    expectError(() => keyed.nSimilarity(["w1"], []), RangeError, "nSimilarity: there must be at least one word");
    expectError(() => new KeyedEmbedding(["a"], keyed.table), RangeError, "1 words for a table of 50 rows");
    expectError(
      () => new KeyedEmbedding(["a"], [[1]] as never),
      TypeError,
      "'table' must be an Embedding or a Quantized",
    );
    keyed.dispose();
  });

  it("is a module: it prints, saves and trains its table", () => {
    const keyed = new KeyedEmbedding(["a", "b"], new nn.Embedding(2, 3));
    expect(String(keyed)).toBe("KeyedEmbedding(\n  (table): Embedding(2, 3)\n)");
    expect(Object.keys(keyed.stateDict())).toEqual(["table.weight"]);
    keyed.lookup(["b", "b"]).sum().backward();
    expect([...keyed.parameters()][0].grad?.toArray()).toEqual([
      [0, 0, 0],
      [2, 2, 2],
    ]);
    keyed.dispose();
  });

  it("finds its new neighbours when the table has changed", () => {
    const keyed = small(
      ["a", "b", "c"],
      [
        [1, 0],
        [1, 0.1],
        [0, 1],
      ],
    );
    expect(keyed.mostSimilar({ positive: "a", k: 1 })[0].word).toBe("b");
    (keyed.table as nn.Embedding).weight.data.at(2).copy_([1, 0]);
    expect(keyed.mostSimilar({ positive: "a", k: 1 })[0].word).toBe("c");
    keyed.dispose();
  });

  it("answers nothing once its table has another height", () => {
    const keyed = small(
      ["a", "b"],
      [
        [1, 0],
        [0, 1],
      ],
    );
    const before = memory().numBytes;
    for (const rows of [3, 1]) {
      (keyed.table as nn.Embedding).resize(rows);
      const questions = [
        () => keyed.get("a"),
        () => keyed.lookup(["a"]),
        () => keyed.similarByVector([1, 0]),
        () => keyed.head(1),
        () => keyed.quantize("int8"),
      ];
      for (const ask of questions)
        expectError(ask, Error, `the table was resized to ${rows} rows, but there are 2 words`);
    }
    (keyed.table as nn.Embedding).resize(2);
    expect(keyed.similarity("a", "a")).toBe(1);
    expect(memory().numBytes).toBe(before);
  });
});

describe("smaller tables", () => {
  it("keep the padding row as long as they have it", () => {
    const table = nn.Embedding.fromPretrained(
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      { paddingIdx: 1 },
    );
    const keyed = new KeyedEmbedding(["a", "b", "c"], table);
    const packed = keyed.quantize("int8");
    for (const whole of [keyed, packed]) {
      expect([3, 2, 1].map((n) => whole.head(n).table.paddingIdx)).toEqual([1, 1, null]);
    }
  });

  it("head copies the first rows, packed or not", () => {
    const { keyed, data, dim } = make();
    const packed = keyed.quantize("int8");
    const [top, topPacked] = [keyed.head(20), packed.head(20)];
    for (const whole of [keyed, packed]) {
      expectError(() => whole.head(51), RangeError, "head: n is 51, valid range is [0, 50]");
      expectError(() => whole.head(-1), RangeError, "head: n is -1");
      expectError(() => whole.head(1.5), TypeError, "head: argument 'n'");
    }
    expect(keyed.head(0).size).toBe(0);
    const last = packed.get("w19");
    keyed.dispose();
    packed.dispose();
    expect([top.size, topPacked.size, top.has("w20")]).toEqual([20, 20, false]);
    expectBits(top.get("w19"), data.subarray(19 * dim, 20 * dim));
    expectBits(topPacked.get("w19"), last);
    top.dispose();
    topPacked.dispose();
  });

  it("packed tables answer nearly as the float ones, by their own rows", () => {
    const { keyed } = make();
    for (const [dtype, off] of [
      ["float16", 1e-3],
      ["bfloat16", 1e-2],
      ["int8", 2e-2],
      ["int4", 0.3],
    ] as const) {
      const packed = keyed.quantize(dtype);
      expect(packed.vocab).toBe(keyed.vocab);
      const rows = packed.lookup(["w7", "w8"]);
      expectBits(packed.get("w8"), valuesOf(rows).subarray(12));
      expectClose(packed.get("w8"), keyed.get("w8"), off, () => 1);
      const [{ word, score }] = packed.mostSimilar({ positive: ["w7"], k: 1 });
      const { values } = nearest(packed.table, packed.get("w7"), { k: 2 });
      expectClose([score], [values.array[1]], CLOSE, () => 1);
      expect(packed.similarity("w7", word)).toBeCloseTo(score, 5);
      expectError(() => packed.quantize("int8"), Error, "quantize: the table is packed already");
      packed.dispose();
    }
    expectError(() => keyed.quantize("int2" as never), TypeError, "int2");
    keyed.dispose();
  });

  it("leaves no memory behind", () => {
    const before = memory();
    const { keyed } = make();
    const packed = keyed.quantize("int4");
    const others = [keyed.head(10), packed, packed.head(3)];
    keyed.mostSimilar({ positive: ["w1", "w2"], negative: "w3" });
    keyed.doesntMatch(["w1", "w2", "w3"]);
    for (const other of [keyed, ...others]) other.dispose();
    const { numTensors, numBytes } = memory();
    expect({ numTensors, numBytes }).toEqual({ numTensors: before.numTensors, numBytes: before.numBytes });
  });
});
