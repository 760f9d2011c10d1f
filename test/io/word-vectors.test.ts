// Files of other producers are read as gensim reads them; what is written comes back to the bit.

import fc from "fast-check";
import { memory } from "nn-embedding";
import { type KeyedEmbedding, type Progress, readWordVectors, Vocab, writeWordVectors } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { decode } from "../golden/load.js";
import { answers, fixture, goldenTable, tableOf } from "../golden/word-vectors.js";
import { expectBits, valuesOf } from "../tensor/compare.js";
import { cut } from "./expect.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const whole = (pieces: Iterable<Uint8Array>) => Buffer.concat([...pieces]);

const numbersOf = (keyed: KeyedEmbedding) => {
  const rows = keyed.lookup(keyed.vocab);
  const numbers = valuesOf(rows);
  rows.dispose();
  return numbers;
};

function expectTable(keyed: KeyedEmbedding, words: readonly string[], numbers: ArrayLike<number>): void {
  expect([...keyed.vocab]).toEqual(words);
  expectBits(numbersOf(keyed), numbers);
}

/** Reads, looks and disposes. */
async function read<T>(
  source: Parameters<typeof readWordVectors>[0],
  options: Parameters<typeof readWordVectors>[1],
  look: (keyed: KeyedEmbedding) => T,
): Promise<T> {
  const keyed = await readWordVectors(source, options);
  try {
    return look(keyed);
  } finally {
    keyed.dispose();
  }
}

describe("readWordVectors", () => {
  it.each(answers.files.map(({ file }) => file))("reads %s as gensim does, in pieces of any size", async (name) => {
    const { words, vectors } = answers.files.find(({ file }) => file === name)!;
    const { data, shape } = decode(vectors);
    const before = memory().numBytes;
    for (const n of [1, 2, 7, 64, 1000, 1e6]) {
      await read(cut(fixture(name), n), {}, (keyed) => {
        expect([keyed.size, keyed.dim]).toEqual(shape);
        expectTable(keyed, words, data);
      });
    }
    for (const source of [fixture(name), new Blob([fixture(name)]), new Response(fixture(name))]) {
      await read(source, {}, (keyed) => expectTable(keyed, words, data));
    }
    expect(memory().numBytes).toBe(before);
  });

  it("makes an Embedding that is not trained", async () => {
    await read(bytes("a 1 2\nb 3 4\n"), {}, (keyed) => {
      expect(String(keyed)).toBe("KeyedEmbedding(\n  (table): Embedding(2, 2)\n)");
      expect([...keyed.parameters()].map(({ requiresGrad }) => requiresGrad)).toEqual([false]);
    });
  });

  it("takes line ends of any kind, blank lines, a byte order mark, tabs and runs of blanks", async () => {
    const file = bytes("\ufeffa 1 2\r\n\r\nb\t3\t  4 \n \t\n\ufeff 5 6\n\u00a0\u2028 7 8");
    await read(file, {}, (keyed) => {
      expectTable(keyed, ["a", "b", "\ufeff", "\u00a0\u2028"], [1, 2, 3, 4, 5, 6, 7, 8]);
    });
    await read(bytes("\n2 1\n\n 0.5\n  0.25\n\n"), {}, (keyed) => expectTable(keyed, ["", " "], [0.5, 0.25]));
  });

  it("takes a first line of two numbers for a header, unless it is told otherwise", async () => {
    await read(bytes("2 1\na 5\nb 6\n"), {}, (keyed) => expectTable(keyed, ["a", "b"], [5, 6]));
    await read(bytes("2 1\n1 5\n"), { format: "glove" }, (keyed) => expectTable(keyed, ["2", "1"], [1, 5]));
    await read(bytes("0 3\n"), {}, (keyed) => expect([keyed.size, keyed.dim]).toEqual([0, 3]));
    await read(bytes("1 2 3\n4 5 6\n"), {}, (keyed) => expectTable(keyed, ["1", "4"], [2, 3, 5, 6]));
  });

  it("sees whether rows are text or binary, however small the table and odd the bytes", async () => {
    for (const number of [1, 0.1, -0.1, 1e-3, 2.5e-41, 1.0000015, 3.0000024]) {
      for (const word of ["a", "é", "7", ""]) {
        const keyed = tableOf([word], Float32Array.of(number));
        for (const format of ["word2vec", "word2vec-binary"] as const) {
          const file = whole(writeWordVectors(keyed, { format }));
          await read(file, {}, (back) => expectTable(back, [word], [Math.fround(number)]));
        }
        keyed.dispose();
      }
    }
  });

  it("sees a binary file whose first row alone could be text", async () => {
    const file = [...bytes("2 1\n! "), 32, 13, 32, 52, 10, ...bytes('" '), 0, 0, 0, 0, 10];
    const numbers = new Float32Array(new Uint8Array([32, 13, 32, 52, 0, 0, 0, 0]).buffer);
    await read([Uint8Array.from(file)], {}, (keyed) => expectTable(keyed, ["!", '"'], numbers));
  });

  it("reads numbers as Math.fround(Number(text)) does", async () => {
    const digits = fc.stringMatching(/^[0-9]{1,25}$/);
    const number = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -3e38, max: 3e38 }).map(String),
      fc.tuple(fc.constantFrom("", "-", "+"), digits, digits).map(([sign, a, b]) => `${sign}${a}.${b}`),
      fc.tuple(digits, fc.constantFrom("e", "E", "e-", "E+"), fc.nat(70)).map(([a, e, power]) => `.${a}${e}${power}`),
      digits.map((a) => `${a}.`),
      fc.constantFrom(
        "16777217",
        "16777219",
        "1e-45",
        "7.006492321624086e-46",
        "3.4028235677973366e38",
        "-0",
        "1e-400",
      ),
      fc.constantFrom(
        "21658449.000000002",
        "9007199254740993",
        "0.000000000000000000000000000000001e33",
        "1e23",
        "8.5e22",
        "1.17549435e-38",
      ),
    );
    const finite = number.filter((text) => Number.isFinite(Math.fround(Number(text))));
    await fc.assert(
      fc.asyncProperty(fc.array(finite, { minLength: 1, maxLength: 8 }), async (texts) => {
        const numbers = texts.map((text) => Math.fround(Number(text)));
        await read(bytes(`w ${texts.join(" ")}\n`), { format: "glove" }, (keyed) => expectTable(keyed, ["w"], numbers));
      }),
      { numRuns: 2000 },
    );
  });

  it("reads the first rows and leaves the rest of the file alone", async () => {
    let closed = false;
    async function* endless() {
      try {
        for (let i = 0; ; i++) yield bytes(`w${i} ${i} 0\n`);
      } finally {
        closed = true;
      }
    }
    await read(endless(), { limit: 3 }, (keyed) => expectTable(keyed, ["w0", "w1", "w2"], [0, 0, 1, 0, 2, 0]));
    expect(closed).toBe(true);
    for (const name of ["gensim.txt", "gensim.bin", "gensim-glove.txt"]) {
      const { words, vectors } = answers.table;
      const first = decode(vectors).data.subarray(0, 5 * 12);
      await read(fixture(name), { limit: 5 }, (keyed) => expectTable(keyed, words.slice(0, 5), first));
      await read(fixture(name), { limit: 500 }, (keyed) => expect(keyed.size).toBe(50));
    }
  });

  it("keeps the first row of a word that comes again", async () => {
    const text = bytes("4 1\na 1\nb 2\na 3\nc 4\n");
    for (const total of [undefined, text.length]) {
      await read(cut(text, 5), { total }, (keyed) => expectTable(keyed, ["a", "b", "c"], [1, 2, 4]));
    }
    await read(text, { limit: 3 }, (keyed) => expectTable(keyed, ["a", "b", "c"], [1, 2, 4]));
  });

  it("replaces what is no UTF-8 when it may", async () => {
    const file = Uint8Array.of(0x61, 0xff, 0x20, 0x31, 10, 0xc3, 0x20, 0x32, 10);
    await read(file, { errors: "replace" }, (keyed) => expectTable(keyed, ["a\ufffd", "\ufffd"], [1, 2]));
  });

  it("tells how far it is", async () => {
    const row = `${" 0.123456".repeat(100)}\n`;
    const text = Array.from({ length: 5000 }, (_, i) => `w${i}${row}`).join("");
    const seen: Progress[] = [];
    await read(new Blob([text]), { onProgress: (progress) => seen.push(progress) }, (keyed) => {
      expect(seen.at(-1)).toEqual({ rows: keyed.size, bytes: text.length, total: text.length });
    });
    expect(seen.length).toBeGreaterThan(3);
    const rows = seen.map((progress) => progress.rows);
    expect(rows).toEqual([...rows].sort((a, b) => a - b));
    const before = memory().numBytes;
    for (let calls = 1; calls <= seen.length; calls++) {
      let left = calls;
      const stop = () => {
        if (--left === 0) throw new Error("enough");
      };
      await expect(readWordVectors(new Blob([text]), { onProgress: stop })).rejects.toThrow("enough");
      expect(memory().numBytes).toBe(before);
    }
  });

  it("puts rows together whose number it learns at the end", async () => {
    const n = 9000;
    const text = Array.from(
      { length: n },
      (_, i) => `w${i} ${Array.from({ length: 30 }, (_, j) => i + j).join(" ")}\n`,
    );
    const numbers = Float32Array.from({ length: n * 30 }, (_, at) => Math.floor(at / 30) + (at % 30));
    const file = bytes(text.join(""));
    await read(cut(file, 100_000), {}, (keyed) => expectBits(numbersOf(keyed), numbers));
    const headed = bytes(`${n} 30\n${text.join("")}`);
    for (const source of [cut(headed, 99_999), headed]) {
      await read(source, {}, (keyed) => {
        expectBits(numbersOf(keyed), numbers);
        expect(memory().numBytes).toBeGreaterThanOrEqual(4 * numbers.length);
      });
    }
  });
});

describe("writeWordVectors", () => {
  it("writes what gensim writes, as bytes in binary but for the newlines, and the same numbers in text", async () => {
    const keyed = goldenTable(answers.table);
    const numbers = decode(answers.table.vectors).data;
    for (const format of ["glove", "word2vec", "word2vec-binary"] as const) {
      const file = whole(writeWordVectors(keyed, { format }));
      await read(file, {}, (back) => expectTable(back, answers.table.words, numbers));
    }
    const text = String(whole(writeWordVectors(keyed)));
    const theirs = String(Buffer.from(fixture("gensim.txt")));
    expect(text.split(/\s/).map(Number)).toEqual(theirs.split(/\s/).map(Number));
    expect(text.length).toBeLessThanOrEqual(theirs.length);
    expect(whole(writeWordVectors(keyed, { format: "word2vec-binary" })).subarray(0, 9)).toEqual(
      Buffer.from(fixture("gensim.bin").subarray(0, 9)),
    );
    keyed.dispose();
  });

  it("writes the original tool's binary file to the byte", async () => {
    await read(fixture("tool.bin"), {}, (keyed) => {
      expect(whole(writeWordVectors(keyed, { format: "word2vec-binary" }))).toEqual(Buffer.from(fixture("tool.bin")));
    });
  });

  const float = fc.float({ noNaN: true, noDefaultInfinity: true });
  const tables = (word: fc.Arbitrary<string>) =>
    fc
      .record({ words: fc.uniqueArray(word, { minLength: 1, maxLength: 6 }), dim: fc.integer({ min: 1, max: 5 }) })
      .chain(({ words, dim }) => {
        const n = words.length * dim;
        return fc.record({ words: fc.constant(words), numbers: fc.array(float, { minLength: n, maxLength: n }) });
      });
  const anyWord = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 6 }),
    fc.constantFrom(
      "",
      "__proto__",
      "1",
      "-0.5",
      "1e3",
      "\ufeff",
      ". . .",
      " x",
      "x ",
      "\t",
      "nan",
      "a nan",
      "12 13 x",
    ),
  );
  const inText = anyWord.filter((word) => !/[^\P{Cc}\t\x7f-\x9f]/u.test(word) && !/[ \t][-+.\deE]+[ \t]*$/.test(word));
  const inBinary = anyWord.filter((word) => !/[ \n]/.test(word));

  it.each([
    ["glove", inText.filter((word) => !word.startsWith("\ufeff"))],
    ["word2vec", inText],
    ["word2vec-binary", inBinary],
  ] as const)("%s comes back to the bit, whatever the words and numbers", async (format, word) => {
    await fc.assert(
      fc.asyncProperty(tables(word), fc.integer({ min: 1, max: 50 }), async ({ words, numbers }, size) => {
        const keyed = tableOf(words, Float32Array.from(numbers));
        const file = whole(writeWordVectors(keyed, { format }));
        keyed.dispose();
        await read(cut(file, size), { format }, (back) => expectTable(back, words, numbers));
        // What the first line of a GloVe file means, only its reader can know when a word is a number.
        if (format === "word2vec") await read(cut(file, size), {}, (back) => expectTable(back, words, numbers));
      }),
      { numRuns: 500 },
    );
  });

  it("writes packed tables as the numbers they stand for, and empty ones", async () => {
    const keyed = goldenTable(answers.table);
    const packed = keyed.quantize("int8");
    const numbers = numbersOf(packed);
    await read(whole(writeWordVectors(packed)), {}, (back) => expectTable(back, answers.table.words, numbers));
    const none = keyed.head(0);
    for (const format of ["word2vec", "word2vec-binary"] as const) {
      const file = whole(writeWordVectors(none, { format }));
      expect(String(file)).toBe("0 12\n");
      await read(file, { format }, (back) => expect([back.size, back.dim]).toEqual([0, 12]));
    }
    expect(() => writeWordVectors(none, { format: "glove" })).toThrow("a table without rows");
    for (const table of [keyed, packed, none]) table.dispose();
  });

  it("refuses, before it writes, words that the format cannot hold and numbers that are not finite", () => {
    const refuse = (word: string, format: "glove" | "word2vec" | "word2vec-binary", words: string) => {
      const keyed = tableOf(["x", word], Float32Array.of(1, 2));
      expect(() => writeWordVectors(keyed, { format })).toThrow(RangeError);
      expect(() => writeWordVectors(keyed, { format })).toThrow(`the word of row 1, ${JSON.stringify(word)}, ${words}`);
      keyed.dispose();
    };
    for (const format of ["glove", "word2vec", "word2vec-binary"] as const) {
      refuse("a\ud800", format, "is not well-formed");
      refuse("a\nb", format, format === "word2vec-binary" ? "has a space or a line break" : "has a line break");
    }
    refuse("a\rb", "glove", "has a line break");
    refuse("a 1", "glove", "ends with a number");
    refuse("a\t-1e99 ", "word2vec", "ends with a number");
    refuse(" 1", "word2vec", "ends with a number");
    refuse("a b", "word2vec-binary", "has a space");
    for (const word of ["\0", "a\vb", "\f", "\x1b[0m"]) {
      for (const format of ["glove", "word2vec"] as const) refuse(word, format, "has a control character");
    }
    const marked = tableOf(["\ufeff"], Float32Array.of(1));
    expect(() => writeWordVectors(marked, { format: "glove" })).toThrow("byte order mark");
    const bad = tableOf(["x", "y"], Float32Array.of(1, 2, 3, Number.NaN));
    expect(() => writeWordVectors(bad)).toThrow('column 2 of "y" is NaN, which is not finite');
    expect(() => writeWordVectors(bad, { format: "csv" as never })).toThrow(TypeError);
    expect(() => writeWordVectors(new Vocab([]) as never)).toThrow("'vectors' must be a KeyedEmbedding");
    for (const keyed of [marked, bad]) keyed.dispose();
  });
});
