import { readFileSync } from "node:fs";
import { memory, nn, tensor } from "nn-embedding";
import {
  KeyedEmbedding,
  type QuantizedDType,
  type QuantizedEmbedding,
  type RawTensor,
  readKeyedEmbedding,
  readWordVectors,
  writeKeyedEmbedding,
  writeSafetensors,
} from "nn-embedding/tables";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const DTYPES: readonly QuantizedDType[] = ["float16", "bfloat16", "int8", "int4"];
const WORDS = ["the", "", "naïve", "😀", "a b", "__proto__"];

function keyed(words: readonly string[] = WORDS, dim = 4): KeyedEmbedding {
  const values = Float32Array.from({ length: words.length * dim }, (_, i) => Math.sin(i));
  using weight = tensor(values, { shape: [words.length, dim] });
  return new KeyedEmbedding(words, nn.Embedding.fromPretrained(weight));
}

const fileOf = (vectors: KeyedEmbedding) => Uint8Array.from(Buffer.concat([...writeKeyedEmbedding(vectors)]));

/** The header as JSON, and the bytes behind it. */
function parts(file: Uint8Array) {
  const length = Number(Buffer.from(file).readBigUInt64LE(0));
  const { __metadata__: metadata, ...tensors } = JSON.parse(Buffer.from(file.subarray(8, 8 + length)).toString());
  const bytesOf = (name: string) => Buffer.from(file.subarray(8 + length).subarray(...tensors[name].data_offsets));
  return { metadata, tensors, bytesOf };
}

let before: ReturnType<typeof memory>;
beforeEach(() => {
  before = memory();
});
afterEach(() => {
  expect(memory().numBytes).toBe(before.numBytes);
});

describe("words and their table in one safetensors file", () => {
  test("are a tensor of floats and one of bytes", () => {
    using vectors = keyed();
    const { metadata, tensors, bytesOf } = parts(fileOf(vectors));
    expect(metadata).toEqual({ format: "nn-embedding", dtype: "float32", embedding_dim: "4" });
    expect(Object.keys(tensors).sort()).toEqual(["embedding.weight", "vocab"]);
    expect(tensors["embedding.weight"]).toMatchObject({ dtype: "F32", shape: [6, 4] });
    expect(tensors.vocab.dtype).toBe("U8");
    expect(bytesOf("vocab").toString().split("\n")).toEqual(WORDS);
    const floats = (vectors.table as nn.Embedding).weight.array.slice();
    expect(bytesOf("embedding.weight")).toEqual(Buffer.from(floats.buffer));
  });

  test.each(DTYPES)("of %s are the packed rows as they are", (dtype) => {
    using vectors = keyed();
    using packed = vectors.quantize(dtype);
    const { metadata, tensors, bytesOf } = parts(fileOf(packed));
    expect(metadata).toEqual({ format: "nn-embedding", dtype, embedding_dim: "4" });
    const kinds = { float16: ["F16", 4], bfloat16: ["BF16", 4], int8: ["U8", 12], int4: ["U8", 6] } as const;
    const [kind, width] = kinds[dtype];
    expect(tensors["embedding.weight"]).toMatchObject({ dtype: kind, shape: [6, width] });
    expect(bytesOf("embedding.weight")).toEqual(Buffer.from((packed.table as QuantizedEmbedding).packed));
  });

  test.each([null, ...DTYPES])("come back to the last bit: %s", async (dtype) => {
    using source = keyed();
    using vectors = dtype === null ? keyed() : source.quantize(dtype);
    const file = fileOf(vectors);
    for (const input of [file, new Blob([file])]) {
      using read = await readKeyedEmbedding(input);
      expect([...read.vocab]).toEqual(WORDS);
      expect(read.table.constructor).toBe(vectors.table.constructor);
      for (const word of WORDS) expect(read.get(word)).toEqual(vectors.get(word));
    }
    using first = await readKeyedEmbedding(file, { limit: 2 });
    expect([...first.vocab]).toEqual(WORDS.slice(0, 2));
    expect(first.get("")).toEqual(vectors.get(""));
    using all = await readKeyedEmbedding(file, { limit: 100 });
    expect(all.size).toBe(6);
  });

  test("may be none, or one that is empty", async () => {
    for (const words of [[], [""]]) {
      using vectors = keyed(words);
      using read = await readKeyedEmbedding(fileOf(vectors));
      expect([...read.vocab]).toEqual(words);
    }
  });

  test("of real vectors answer the same from int8", async () => {
    using vectors = await readWordVectors(new Uint8Array(readFileSync("test/fixtures/glove.txt")));
    using packed = vectors.quantize("int8");
    using read = await readKeyedEmbedding(fileOf(packed));
    for (const table of [vectors, read]) {
      expect(table.analogy("man", "king", "woman", { k: 1 })[0].word).toBe("queen");
    }
  });
});

describe("what has no form in a file is refused", () => {
  test.each(["a\nb", "\ud800"])("the word %j", (word) => {
    using vectors = keyed(["the", word]);
    expect(() => writeKeyedEmbedding(vectors)).toThrow(/^writeKeyedEmbedding: the word of row 1, /);
  });

  test("anything but a KeyedEmbedding", () => {
    expect(() => writeKeyedEmbedding({} as never)).toThrow(TypeError);
  });
});

const FLOATS: RawTensor = { dtype: "F32", shape: [2, 1], data: Float32Array.of(1, 2) };
const PACKED: RawTensor = { dtype: "U8", shape: [2, 9], data: new Uint8Array(18) };
const INT8 = { dtype: "int8", embedding_dim: "1" };

function file(table: RawTensor | null, words: string | RawTensor | null, metadata: Record<string, string> = {}) {
  const data = typeof words === "string" ? new TextEncoder().encode(words) : null;
  const vocab = data === null ? (words as RawTensor | null) : { dtype: "U8" as const, shape: [data.length], data };
  return writeSafetensors(
    { ...(table === null ? {} : { "embedding.weight": table }), ...(vocab === null ? {} : { vocab }) },
    { metadata },
  );
}

describe("other files are refused, and no memory is held", () => {
  test.each<[string, Uint8Array, RegExp]>([
    ["no table", file(null, "a"), /there is no tensor 'embedding.weight' in the file, only vocab$/],
    [
      "no words",
      file(FLOATS, null),
      /^readKeyedEmbedding: there is no tensor 'vocab' in the file, only embedding.weight$/,
    ],
    ["a table of another rank", file({ ...FLOATS, shape: [2] }, "a\nb"), /must be 2-D, but is of shape \[2\]$/],
    ["fewer words", file(FLOATS, "a"), /^readKeyedEmbedding: 'vocab' has 1 words, but 'embedding.weight' has 2 rows$/],
    ["more words", file(FLOATS, "a\nb\n"), /'vocab' has 3 words/],
    ["a word that comes twice", file(FLOATS, "a\na"), /"a" is the word of row 0 and of row 1/],
    ["words that are no bytes", file(FLOATS, FLOATS), /'vocab' must be U8 and 1-D, but is F32 of shape \[2, 1\]$/],
    [
      "no UTF-8",
      file(FLOATS, { dtype: "U8", shape: [3], data: Uint8Array.of(97, 10, 255) }),
      /^readKeyedEmbedding: 'vocab' is not valid UTF-8$/,
    ],
    ["integers", file({ ...FLOATS, dtype: "I32" }, "a\nb"), /must be F32, F16, BF16, or U8 with metadata/],
    ["packed rows of a dtype that nobody tells", file(PACKED, "a\nb"), /but is U8 with \{\}$/],
    ["packed rows of an unknown dtype", file(PACKED, "a\nb", { ...INT8, dtype: "int2" }), /U8 with \{"dtype":"int2"/],
    ["packed rows of no width", file(PACKED, "a\nb", { ...INT8, embedding_dim: "-1" }), /U8 with/],
    ["packed rows of another width", file(PACKED, "a\nb", { ...INT8, embedding_dim: "2" }), /must hold 2 rows of 10/],
  ])("%s", async (_, bytes, message) => {
    await expect(readKeyedEmbedding(bytes)).rejects.toThrow(message);
  });

  test("a file that ends early, wherever", async () => {
    using vectors = keyed();
    const bytes = fileOf(vectors);
    for (let end = 0; end < bytes.length; end++) {
      await expect(readKeyedEmbedding(bytes.subarray(0, end)), `${end} bytes`).rejects.toThrow(RangeError);
    }
  });

  test.each([0, -1, 1.5, "2"])("a limit of %j", async (limit) => {
    using vectors = keyed();
    await expect(readKeyedEmbedding(fileOf(vectors), { limit: limit as never })).rejects.toThrow(/limit/);
  });
});
