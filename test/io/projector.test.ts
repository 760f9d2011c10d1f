// Files for https://projector.tensorflow.org, taken apart by the rules of its loader: lines, tabs, blank lines skipped.

import { projectorFiles, readWordVectors } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { decode } from "../golden/load.js";
import { answers, goldenTable, tableOf } from "../golden/word-vectors.js";
import { expectBits } from "../tensor/compare.js";

const textOf = (pieces: Iterable<Uint8Array>) => Buffer.concat([...pieces]).toString();
const cells = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.split("\t"));

describe("projectorFiles", () => {
  it("gives the vectors, the words, and the configuration that names both", () => {
    const keyed = goldenTable(answers.table);
    const files = projectorFiles(keyed, { name: "words" });
    expect(Object.keys(files)).toEqual(["tensors.tsv", "metadata.tsv", "projector_config.json"]);
    const numbers = cells(textOf(files["tensors.tsv"]));
    expect(numbers.map((row) => row.length)).toEqual(Array(50).fill(12));
    expectBits(numbers.flat().map(Number), decode(answers.table.vectors).data);
    expect(cells(textOf(files["metadata.tsv"]))).toEqual(answers.table.words.map((word) => [word]));
    expect(JSON.parse(files["projector_config.json"])).toEqual({
      embeddings: [
        { tensorName: "words", tensorShape: [50, 12], tensorPath: "tensors.tsv", metadataPath: "metadata.tsv" },
      ],
    });
    keyed.dispose();
  });

  it("puts a header over several columns", () => {
    const keyed = tableOf(["a", "é", "__proto__"], Float32Array.of(1, 2, 3));
    const files = projectorFiles(keyed, { columns: { count: [5, 4, 3], kind: ["x", "", "z"] } });
    expect(textOf(files["metadata.tsv"])).toBe("word\tcount\tkind\na\t5\tx\né\t4\t\n__proto__\t3\tz\n");
    keyed.dispose();
  });

  it("comes in pieces, however long the table is", async () => {
    const n = 9001;
    const lines = Array.from({ length: n }, (_, i) => `w${i} ${i} 0.5 1 2 3 4 5 6\n`).join("");
    const keyed = await readWordVectors(new TextEncoder().encode(lines));
    const files = projectorFiles(keyed);
    const [tensors, words] = [[...files["tensors.tsv"]], [...files["metadata.tsv"]]];
    expect([tensors.length > 1, words.length > 1]).toEqual([true, true]);
    expect(cells(textOf(tensors))[n - 1]).toEqual([String(n - 1), "0.5", "1", "2", "3", "4", "5", "6"]);
    expect(cells(textOf(words)).map(([word]) => word)).toEqual([...keyed.vocab]);
    keyed.dispose();
  });

  it("refuses what the projector could not read, before it writes", () => {
    const refuse = (word: string, words: string) => {
      const keyed = tableOf(["x", word], Float32Array.of(1, 2));
      expect(() => projectorFiles(keyed)).toThrow(
        `projectorFiles: the word of row 1, ${JSON.stringify(word)}, ${words}`,
      );
      keyed.dispose();
    };
    for (const word of ["a\tb", "a\nb", "a\r"]) refuse(word, "has a tab or a line break");
    for (const word of ["", " ", "\u00a0"]) refuse(word, "is blank");
    refuse("\udfff", "is not well-formed");
    const keyed = tableOf(["a", "b"], Float32Array.of(1, Infinity));
    expect(() => projectorFiles(keyed)).toThrow('column 1 of "b" is Infinity');
    const fine = tableOf(["a", "b"], Float32Array.of(1, 2));
    expect(() => projectorFiles(fine, { columns: { count: [1] } })).toThrow('column "count" has 1 values for 2 words');
    expect(() => projectorFiles(fine, { columns: { count: [1, "a\tb"] } })).toThrow("has a tab or a line break");
    expect(() => projectorFiles(fine, { columns: { count: [1, null as never] } })).toThrow(TypeError);
    expect(() => projectorFiles(fine, { columns: { count: "ab" as never } })).toThrow(TypeError);
    expect(() => projectorFiles(fine, { columns: 3 as never })).toThrow(TypeError);
    expect(() => projectorFiles(fine, { name: 3 as never })).toThrow(TypeError);
    expect(() => projectorFiles(fine, { label: "x" } as never)).toThrow(TypeError);
    expect(() => projectorFiles({} as never)).toThrow("projectorFiles: argument 'vectors' must be a KeyedEmbedding");
    for (const each of [keyed, fine]) each.dispose();
  });
});
