import fc from "fast-check";
import { nn } from "nn-embedding";
import { Vocab } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { expectError } from "../tensor/compare.js";

const AWKWARD = [
  "__proto__",
  "constructor",
  "toString",
  "",
  " ",
  "👩‍🚀",
  "e\u0301",
  "é",
  "\ud800",
  "\udc00",
  "\0",
  "0",
  "-1",
];

describe("Vocab", () => {
  it("ties words to rows and back, whatever the words are", () => {
    const vocab = new Vocab(AWKWARD);
    expect(vocab.size).toBe(AWKWARD.length);
    for (const [row, word] of AWKWARD.entries()) {
      expect(vocab.get(word)).toBe(row);
      expect(vocab.has(word)).toBe(true);
      expect(vocab.word(row)).toBe(word);
    }
    for (const other of ["hasOwnProperty", "\ud801", "1", "E\u0301", "size"]) {
      expect(vocab.get(other)).toBeUndefined();
      expect(vocab.has(other)).toBe(false);
    }
    expect([...vocab]).toEqual(AWKWARD);
    expect([...new Vocab(JSON.parse(JSON.stringify(vocab)))]).toEqual(AWKWARD);
  });

  it("takes any iterable of words, a Vocab too, and none", () => {
    expect([...new Vocab(new Set(["b", "a"]))]).toEqual(["b", "a"]);
    expect([...new Vocab(new Vocab(["b", "a"]))]).toEqual(["b", "a"]);
    expect(new Vocab([]).size).toBe(0);
    const words = ["a"];
    const vocab = new Vocab(words);
    words.push("b");
    expect(vocab.toJSON()).toEqual(["a"]);
    vocab.toJSON().push("c");
    expect(vocab.size).toBe(1);
  });

  it("refuses a word that comes twice, and what is no word", () => {
    expectError(() => new Vocab(["a", "b", "a"]), RangeError, 'Vocab: "a" is the word of row 0 and of row 2');
    expectError(() => new Vocab("abc"), TypeError, "Vocab: argument 'words' must be an array or another iterable");
    expectError(() => new Vocab(null as unknown as string[]), TypeError, "Vocab: argument 'words'");
    expectError(() => new Vocab(["a", 1 as unknown as string]), TypeError, "words[1]", "a string, but got 1");
    expectError(() => new Vocab([], { unk: "a" } as object), TypeError, "unexpected keyword argument 'unk'");
    expectError(
      () => new Vocab([], { unknown: 0 as unknown as string }),
      TypeError,
      "'unknown' must be a word or null",
    );
    expectError(() => new Vocab(["a"], { unknown: "<unk>" }), RangeError, 'unknown is "<unk>"');
    for (const row of [-1, 1, Number.MAX_SAFE_INTEGER]) {
      expectError(() => new Vocab(["a"]).word(row), RangeError, `word: row is ${row}, valid range is [0, 1)`);
    }
    expectError(() => new Vocab(["a"]).word(0.5), TypeError, "word: argument 'row' must be an integer");
  });

  it("gives the rows of words for an Embedding, and what its policy says for unknown ones", () => {
    const words = ["<unk>", "a", "b"];
    expect(new Vocab(words).indices(["b", "a", "b"])).toEqual(Int32Array.of(2, 1, 2));
    expectError(
      () => new Vocab(words).indices(["b", "zebra"]),
      RangeError,
      'indices: words[1] is "zebra", which is not in the vocabulary',
    );
    expect(new Vocab(words, { unknown: "<unk>" }).indices(["b", "zebra", "a"])).toEqual(Int32Array.of(2, 0, 1));
    expect(new Vocab(words, { unknown: null }).indices(["b", "zebra", "a"])).toEqual(Int32Array.of(2, 1));
    expect(new Vocab(words, { unknown: "<unk>" }).get("zebra")).toBeUndefined();
    expectError(() => new Vocab(words).indices("ab"), TypeError, "indices: argument 'words'");
    const embedding = new nn.Embedding(3, 2);
    expect(embedding.forward(new Vocab(words).indices(["b", "b"])).shape).toEqual([2, 2]);
    embedding.dispose();
  });
});

describe("Vocab of a text", () => {
  const text = "the cat and the dog and the bird saw a cat".split(" ");

  it("has the most frequent words first, and of equals that which came first", () => {
    expect([...Vocab.fromTokens(text)]).toEqual(["the", "cat", "and", "dog", "bird", "saw", "a"]);
    expect([...Vocab.fromTokens(text, { minCount: 2 })]).toEqual(["the", "cat", "and"]);
    expect([...Vocab.fromTokens([])]).toEqual([]);
  });

  it("begins with the specials, which count for maxSize but need no count", () => {
    const options = { specials: ["<pad>", "and", "<unk>"], maxSize: 5, unknown: "<unk>" };
    const vocab = Vocab.fromTokens(text, options);
    expect([...vocab]).toEqual(["<pad>", "and", "<unk>", "the", "cat"]);
    expect(vocab.indices(["bird"])).toEqual(Int32Array.of(2));
    expect([...Vocab.fromTokens(text, { ...options, maxSize: 3 })]).toEqual(["<pad>", "and", "<unk>"]);
    expectError(() => Vocab.fromTokens(text, { ...options, maxSize: 2 }), RangeError, "maxSize is 2", "3 specials");
    expectError(() => Vocab.fromTokens(text, { specials: ["x", "x"] }), RangeError, '"x" is the word of row 0');
  });

  it("is the same from counts as from the words counted", () => {
    const words = fc.array(fc.constantFrom("a", "b", "c", "", "__proto__", "\ud800"));
    const options = fc.record({ minCount: fc.nat(4), maxSize: fc.nat(5) });
    fc.assert(
      fc.property(words, options, (tokens, chosen) => {
        const counts = new Map<string, number>();
        for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
        const sorted = [...counts].filter(([, count]) => count >= chosen.minCount).sort(([, a], [, b]) => b - a);
        const expected = sorted.slice(0, chosen.maxSize).map(([word]) => word);
        expect([...Vocab.fromTokens(tokens, chosen)]).toEqual(expected);
        expect([...Vocab.fromCounts(counts, chosen)]).toEqual(expected);
        expect([...Vocab.fromCounts([...counts], chosen)]).toEqual(expected);
      }),
    );
  });

  it("refuses counts and options that are none", () => {
    expectError(
      () => Vocab.fromCounts([["a", -1]]),
      RangeError,
      'fromCounts: the count of "a" must be >= 0, but it is -1',
    );
    expectError(() => Vocab.fromCounts([["a", Number.NaN]]), RangeError, "it is NaN");
    expectError(() => Vocab.fromCounts([["a", "1"]] as never), TypeError, 'the count of "a"');
    expectError(() => Vocab.fromTokens(["a"], { minCount: "2" as never }), TypeError, "minCount");
    expectError(
      () =>
        Vocab.fromCounts([
          ["a", 1],
          ["a", 2],
        ]),
      RangeError,
      '"a" is counted twice',
    );
    expectError(() => Vocab.fromCounts(["ab"] as never), TypeError, "fromCounts: argument 'counts' must be pairs");
    expectError(() => Vocab.fromCounts({ a: 1 } as never), TypeError, "fromCounts: argument 'counts'");
    expectError(() => Vocab.fromTokens(text, { minCount: -1 }), RangeError, "minCount");
    expectError(() => Vocab.fromTokens(text, { maxSize: 1.5 }), TypeError, "maxSize");
    expectError(() => Vocab.fromTokens(text, { maxSize: -1 }), RangeError, "maxSize must be >= 0, but it is -1");
    expectError(() => Vocab.fromTokens("the cat"), TypeError, "fromTokens: argument 'tokens'");
    expectError(() => Vocab.fromTokens([1 as unknown as string]), TypeError, "a string, but got 1");
    expectError(() => Vocab.fromTokens(text, { unknown: "<unk>" }), RangeError, '"<unk>"');
  });
});
