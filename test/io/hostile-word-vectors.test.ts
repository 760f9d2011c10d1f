// Files that are not what they say: each is refused in our own words, with its line or byte, and leaves nothing in memory.

import { memory } from "nn-embedding";
import { readWordVectors } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { fixture } from "../golden/word-vectors.js";
import { cut, expectRefused } from "./expect.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const floats = (...numbers: number[]) => new Uint8Array(Float32Array.from(numbers).buffer);
const joined = (...parts: (string | Uint8Array)[]) =>
  Uint8Array.from(parts.flatMap((part) => [...(typeof part === "string" ? bytes(part) : part)]));

/** Refused whether it is known how long the file is or not, and in whatever pieces it comes. */
async function refuse(
  file: Uint8Array,
  words: string,
  options: Parameters<typeof readWordVectors>[1] = {},
): Promise<void> {
  for (const source of [file, cut(file, 1), cut(file, 5)]) {
    await expectRefused(() => readWordVectors(source, options), RangeError, `readWordVectors: ${words}`);
  }
}

const HEADER_RULE =
  'must be a header of two whole numbers, rows and columns below 2^31; GloVe vectors of one column are read with format: "glove"';

describe("text", () => {
  it.each([
    ["", "the file is empty"],
    ["\n \n\t\r\n", "the file is empty"],
    ["word\n", "line 1: must be a word and numbers, or a header of two numbers, but ends with no number"],
    ["a 1 x\n", "line 1: must be a word and numbers, or a header of two numbers, but ends with no number"],
    ["a 1 2\nb 1\n", "line 2: has 1 numbers after the word, but 2 are expected"],
    ["a 1 2\nb\n", "line 2: has 0 numbers after the word, but 2 are expected"],
    ["a 1 2\n1 2\n", "line 2: has 1 numbers after the word, but 2 are expected"],
    ["a 1 2\nb 1 2 3\n", "line 2: has 3 numbers after the word, but 2 are expected"],
    ["a 1 2\n\nb  1  2  3\n", "line 3: has 3 numbers after the word, but 2 are expected"],
    ["a 1 2\nb c 1\n", 'line 2: column 1 of 2 is "c", which is no finite float32 number'],
    ["a 1 2\nb 1 2x\n", 'line 2: column 2 of 2 is "2x", which is no finite float32 number'],
    ["a 1 2\nb nan 2\n", 'line 2: column 1 of 2 is "nan", which is no finite float32 number'],
    ["a 1 2\nb 1 -inf\n", 'line 2: column 2 of 2 is "-inf", which is no finite float32 number'],
    ["a 1 2\nb 1 Infinity\n", 'line 2: column 2 of 2 is "Infinity", which is no finite float32 number'],
    ["a 1 2\nb 1 3.5e38\n", 'line 2: column 2 of 2 is "3.5e38", which is no finite float32 number'],
    ["a 1 2\nb 0x10 2\n", 'line 2: column 1 of 2 is "0x10", which is no finite float32 number'],
    ["a 1 2\nb 1_0 2\n", 'line 2: column 1 of 2 is "1_0", which is no finite float32 number'],
    ["a 1 2\nb 1,5 2\n", 'line 2: column 1 of 2 is "1,5", which is no finite float32 number'],
    ["a 1 2\nb 1e 2\n", 'line 2: column 1 of 2 is "1e", which is no finite float32 number'],
    ["a 1 2\nb 1e+ 2\n", 'line 2: column 1 of 2 is "1e+", which is no finite float32 number'],
    ["a 1 2\nb . 2\n", 'line 2: column 1 of 2 is ".", which is no finite float32 number'],
    ["a 1 2\nb - 2\n", 'line 2: column 1 of 2 is "-", which is no finite float32 number'],
    ["a 1 2\nb 1.2.3 2\n", 'line 2: column 1 of 2 is "1.2.3", which is no finite float32 number'],
    ["a 1 2\nb 1\r2 2\n", 'line 2: column 1 of 2 is "1\\r2", which is no finite float32 number'],
  ])("%j", async (text, words) => refuse(bytes(text), words));

  it.each([
    ["2 2\na 1 2\n", "the file ends at byte 10, after 1 of the 2 rows that the header tells"],
    ["2 2\n", "the file ends at byte 4, after 0 of the 2 rows that the header tells"],
    ["2 2", "the file ends at byte 3, after 0 of the 2 rows that the header tells"],
    ["1 2\na 1 2\nb 3 4\n", "line 3: the header tells 1 rows, but here is one more"],
    ["0 2\na 1 2\n", "line 2: the header tells 0 rows, but here is one more"],
    ["2 3\na 1 2\nb 3 4\n", "line 2: has 2 numbers after the word, but 3 are expected"],
    ["2 1\na 1 2\nb 3 4\n", "line 2: has 2 numbers after the word, but 1 are expected"],
    ["2 2\nword\n", "line 2: has 0 numbers after the word, but 2 are expected"],
    ["2 2\na 1 x\nb 1 2\n", 'line 2: column 2 of 2 is "x", which is no finite float32 number'],
    ["2 2\né 1 nan\nb 1 2\n", 'line 2: column 2 of 2 is "nan", which is no finite float32 number'],
    ["-2 2\na 1 2\n", `line 1: "-2 2" ${HEADER_RULE}`],
    ["2 -2\na 1 2\n", `line 1: "2 -2" ${HEADER_RULE}`],
    ["2.5 2\na 1 2\n", `line 1: "2.5 2" ${HEADER_RULE}`],
    ["1 2.0\na 1 2\n", `line 1: "1 2.0" ${HEADER_RULE}`],
    ["1 0\na\n", `line 1: "1 0" ${HEADER_RULE}`],
    ["1e1 2\na 1 2\n", `line 1: "1e1 2" ${HEADER_RULE}`],
    ["2147483648 2\na 1 2\n", `line 1: "2147483648 2" ${HEADER_RULE}`],
    ["99999999999999999999 2\na 1 2\n", `line 1: "99999999999999999999 2" ${HEADER_RULE}`],
  ])("with a header: %j", async (text, words) => refuse(bytes(text), words));

  it("claims no memory for a header that claims a billion rows, or columns", async () => {
    const { reservedBytes } = memory();
    const { arrayBuffers } = process.memoryUsage();
    const rows = "1000000000 300\na 1\n";
    await refuse(bytes(rows), "line 2: has 1 numbers after the word, but 300 are expected");
    await refuse(
      bytes("1000000000 2\na 1 2\nb 3 4\nc 5 6\n"),
      `the file ends at byte 31, after 3 of the 1000000000 rows that the header tells`,
    );
    await refuse(
      bytes("3 2000000000\na 1 2\nb 3 4\nc 5 6\n"),
      "line 2: has 2 numbers after the word, but 2000000000 are expected",
    );
    await refuse(
      bytes("2147483647 2147483647\n"),
      "the file ends at byte 22, after 0 of the 2147483647 rows that the header tells",
    );
    expect(process.memoryUsage().arrayBuffers).toBeLessThan(arrayBuffers + 1e9);
    expect(memory().reservedBytes).toBe(reservedBytes);
  });

  it("ends a line that does not end", async () => {
    let made = 0;
    const line = function* () {
      for (const piece = new Uint8Array(1 << 20).fill(0x61); ; made++) yield piece;
    };
    const words = "readWordVectors: line 1 at byte 0 is longer than 16777216 bytes";
    await expectRefused(() => readWordVectors(line()), RangeError, words);
    expect(made).toBeLessThan(20);
  });

  it("refuses words that are not UTF-8", async () => {
    const hint = 'is not UTF-8; errors: "replace" reads it with U+FFFD';
    await refuse(joined("a 1\nb", Uint8Array.of(0xff), " 2\n"), `line 2: the word "bÿ" ${hint}`);
    await refuse(joined("a 1\n", Uint8Array.of(0xe2, 0x82), " 2\n"), `line 2: the word "â\x82" ${hint}`);
    await refuse(joined("a 1\n", Uint8Array.of(0xed, 0xa0, 0x80), " 2\n"), `line 2: the word "í\xa0\x80" ${hint}`);
  });

  it("refuses a word that comes again, when it is asked to", async () => {
    const options = { duplicates: "error" } as const;
    await refuse(bytes("a 1\nb 2\na 3\n"), 'line 3: "a" stood at line 1 already', options);
    await refuse(bytes("3 1\na 1\n\nb 2\na 3\n"), 'line 5: "a" stood at line 2 already', options);
  });

  it("refuses a file of another format than it is told", async () => {
    const rule = "starts with a header of two numbers, rows and columns";
    await refuse(bytes("a 1 2\n"), `line 1: word2vec ${rule}`, { format: "word2vec" });
    await refuse(bytes("a 1 2\n"), `line 1: word2vec-binary ${rule}`, { format: "word2vec-binary" });
    await refuse(bytes("2 2\na 1 2\n"), "line 2: has 2 numbers after the word, but 1 are expected", {
      format: "glove",
    });
  });
});

describe("binary", () => {
  const row = (word: string, ...numbers: number[]) => joined(`${word} `, floats(...numbers), "\n");
  const whole = joined("2 2\n", row("a", 1, 2), row("b", 3, 0.1));

  it("is read before it is broken", async () => {
    for (const file of [whole, whole.subarray(0, -1)]) {
      const keyed = await readWordVectors(file);
      expect([...keyed.vocab, ...keyed.get("b")]).toEqual(["a", "b", 3, Math.fround(0.1)]);
      keyed.dispose();
    }
  });

  it("is refused wherever it is cut off", async () => {
    await refuse(
      whole.subarray(0, 12),
      "the file ends at byte 12, within the vector of row 0: 2 of 8 bytes are missing",
    );
    await refuse(whole.subarray(0, 15), "the file ends at byte 15, before row 1 of the 2 that the header tells");
    await refuse(
      whole.subarray(0, 16),
      "the file ends at byte 16, within the vector of row 1: 8 of 8 bytes are missing",
    );
    for (let end = 5; end < whole.length - 1; end++) {
      await expect(readWordVectors(whole.subarray(0, end)), `cut at ${end}`).rejects.toThrow(/^readWordVectors: /);
    }
  });

  it("is refused when it goes on, or has bad numbers or words", async () => {
    await refuse(joined(whole, "x"), "the file should end at byte 26, but goes on");
    await refuse(joined("1 2\n", row("a", 1, 2), row("b", 3, 4)), "the file should end at byte 15, but goes on");
    const rule = "which is no finite number";
    await refuse(joined("1 2\n", row("a", 1, Number.NaN)), `byte 10: column 2 of row 0 is NaN, ${rule}`);
    await refuse(joined("1 2\n", row("a", -Infinity, 1)), `byte 6: column 1 of row 0 is -Infinity, ${rule}`);
    const binary = { format: "word2vec-binary" } as const;
    await refuse(joined("1 1\n", row("a\nb", 1)), "byte 4: the word of row 0 has a line break", binary);
    await refuse(joined("2 1\n", row("a", 1), row("\nb", 1)), "byte 11: the word of row 1 has a line break", binary);
    const hint = 'is not UTF-8; errors: "replace" reads it with U+FFFD';
    await refuse(joined("1 1\n", Uint8Array.of(0xff, 0x20), floats(1)), `byte 4: the word "ÿ" ${hint}`);
    const twice = joined("2 1\n", row("a", 1), row("a", 2));
    await refuse(twice, 'byte 13: "a" stood at byte 6 already', { duplicates: "error" });
  });

  it("claims no memory for a header that claims a billion rows, or columns", async () => {
    const { reservedBytes } = memory();
    const rows = joined("1000000000 2\n", row("a", 1, 2));
    await refuse(rows, "the file ends at byte 24, before row 1 of the 1000000000 that the header tells");
    const columns = joined("1 2000000000\n", row("a", 1, 2));
    await refuse(
      columns,
      "the file ends at byte 24, within the vector of row 0: 7999999991 of 8000000000 bytes are missing",
    );
    expect(memory().reservedBytes).toBe(reservedBytes);
  });

  it("ends a word that does not end", async () => {
    const file = joined("1 1\n", new Uint8Array(100_000).fill(1));
    await refuse(file, "the word of row 0 at byte 4 is longer than 65536 bytes", { format: "word2vec-binary" });
  });
});

describe("any file", () => {
  it.each(["gensim.txt", "gensim.bin", "tool.bin", "fasttext.vec"])(
    "%s cut off gives all memory back",
    async (name) => {
      const file = fixture(name);
      for (const part of [0.3, 0.7, 0.95]) {
        const before = memory();
        const beginning = file.subarray(0, Math.floor(file.length * part));
        await expect(readWordVectors(beginning, { total: file.length })).rejects.toThrow(/^readWordVectors: /);
        const { numTensors, numBytes } = memory();
        expect({ numTensors, numBytes }).toEqual({ numTensors: before.numTensors, numBytes: before.numBytes });
      }
    },
  );

  it("that fails to come is the error with which it failed", async () => {
    async function* broken() {
      yield bytes("2 2\na 1 2\n");
      throw new TypeError("lost");
    }
    const before = memory().numBytes;
    await expect(readWordVectors(broken())).rejects.toThrow("lost");
    expect(memory().numBytes).toBe(before);
  });

  it("is read by options that there are", async () => {
    const read = (options: object) => readWordVectors(bytes("a 1\n"), options);
    await expect(read({ format: "text" })).rejects.toThrow(TypeError);
    await expect(read({ formats: "glove" })).rejects.toThrow("unexpected keyword argument 'formats'");
    await expect(read({ limit: 0 })).rejects.toThrow("readWordVectors: limit must be at least 1, but got 0");
    await expect(read({ limit: 1.5 })).rejects.toThrow(TypeError);
    await expect(read({ duplicates: "last" })).rejects.toThrow(TypeError);
    await expect(read({ errors: "ignore" })).rejects.toThrow(TypeError);
    await expect(read({ onProgress: 1 })).rejects.toThrow(TypeError);
    await expect(readWordVectors("a 1\n" as never)).rejects.toThrow("readWordVectors: argument 'source'");
    await expect(readWordVectors(["a 1\n"] as never)).rejects.toThrow("readWordVectors: chunk 0 of the source");
  });
});
