import fc from "fast-check";
import { tidy } from "nn-embedding";
import { type ReadWordVectorsOptions, readWordVectors } from "nn-embedding/tables";
import type { FuzzedReader } from "./readers.js";

const encode = (text: string) => new TextEncoder().encode(text);

const word = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 5 }).filter((text) => !/[ \t\r\n]/.test(text)),
  fc.constantFrom("__proto__", "the", "</s>", "7"),
);
const number = fc.oneof(
  fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.constantFrom("0", "-0", "1e-7", "+.5", "3.", "123456789012345678901234567890", "1e-50"),
);

/** Words with as many of `value` each. */
const rows = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<{ words: string[]; values: T[][]; dim: number }> =>
  fc.integer({ min: 1, max: 5 }).chain((dim) =>
    fc
      .uniqueArray(fc.tuple(word, fc.array(value, { minLength: dim, maxLength: dim })), {
        minLength: 1,
        maxLength: 6,
        selector: ([key]) => key,
      })
      .map((pairs) => ({ words: pairs.map(([key]) => key), values: pairs.map(([, row]) => row), dim })),
  );

const lines = ({ words, values }: { words: string[]; values: string[][] }) =>
  words.map((key, i) => `${key} ${values[i].join(" ")}\n`).join("");

const gloveRows = rows(number);
const glove = gloveRows.map((table) => encode(lines(table)));
const text = rows(number).map((table) => encode(`${table.words.length} ${table.dim}\n${lines(table)}`));
const binary = fc
  .tuple(rows(fc.float({ noNaN: true, noDefaultInfinity: true })), fc.constantFrom("\n", ""))
  .map(([{ words, values, dim }, end]) => {
    const parts = words.map((key, i) => [encode(`${key} `), new Uint8Array(Float32Array.from(values[i]).buffer)]);
    const bytes = parts.flatMap(([key, row]) => [...key, ...row, ...encode(end)]);
    return Uint8Array.from([...encode(`${words.length} ${dim}\n`), ...bytes]);
  });

/** Files that tell their own format: one column may look like a header, and a few floats may all look like text. */
const telling = fc.oneof(
  gloveRows.filter(({ dim }) => dim > 1).map((table) => encode(lines(table))),
  text,
  binary.filter((file) => file.some((byte) => byte < 9)),
);

const reader = (name: string, files: fc.Arbitrary<Uint8Array>, options: ReadWordVectorsOptions): FuzzedReader => ({
  name,
  files,
  async read(chunks) {
    const keyed = await readWordVectors(chunks, options);
    try {
      tidy(() => {
        const numbers = keyed.lookup(keyed.vocab).array;
        if (numbers.length !== keyed.size * keyed.dim) throw new Error("a size is wrong");
        if (!numbers.every(Number.isFinite)) throw new Error("a number is not finite");
      });
      if (new Set(keyed.vocab).size !== keyed.size) throw new Error("a word stands twice");
    } finally {
      keyed.dispose();
    }
  },
});

export const TEXT_READERS: readonly FuzzedReader[] = [
  reader("glove", glove, { format: "glove" }),
  reader("word2vec", text, { duplicates: "error" }),
  reader("word2vec-binary", binary, { format: "word2vec-binary", errors: "replace" }),
  reader("word vectors of a format to be seen", telling, { limit: 4 }),
];
