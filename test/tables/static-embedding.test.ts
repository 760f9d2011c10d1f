import { readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
import { memory, type Tensor, tidy } from "nn-embedding";
import { type ModelFiles, openSafetensors, StaticEmbedding, writeSafetensors } from "nn-embedding/tables";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { golden } from "../golden/load.js";

interface Case {
  model: "plain" | "shared";
  text: string;
  maxLength: number;
  ids: number[];
  vector: number[];
}

const { cases } = golden<Case>("static-embedding");
const NAMES = ["model.safetensors", "tokenizer.json", "config.json"];

const folder = (model: string): Record<string, Uint8Array> =>
  Object.fromEntries(
    NAMES.map((name) => [name, new Uint8Array(readFileSync(`test/fixtures/static/${model}/${name}`))]),
  );
const bytes = (text: string) => new TextEncoder().encode(text);
const load = (model: string, files: ModelFiles = {}) =>
  StaticEmbedding.fromModel2Vec({ ...folder(model), ...files }, { Tokenizer });

/** The largest difference. */
function distance(actual: Tensor, expected: readonly number[]): number {
  expect(actual.shape).toEqual([expected.length]);
  return Math.max(...Array.from(actual.array, (x, j) => Math.abs(x - expected[j])));
}

/** A file with other tensors beside or instead of those of the model. */
async function changed(model: string, change: (tensors: Parts) => Parts): Promise<ModelFiles> {
  const file = await openSafetensors(folder(model)["model.safetensors"]);
  const parts: Parts = {};
  for (const name of file.names) parts[name] = { ...file.info(name), data: await file.bytes(name) };
  return { "model.safetensors": writeSafetensors(change(parts)) };
}
type Parts =
  Exclude<Parameters<typeof writeSafetensors>[0], undefined> extends Readonly<Record<string, infer T>>
    ? Record<string, T>
    : never;

let before: ReturnType<typeof memory>;
beforeEach(() => {
  before = memory();
});
afterEach(() => {
  expect(memory().numTensors).toBe(before.numTensors);
  expect(memory().numBytes).toBe(before.numBytes);
});

describe("sentences have the vectors of the reference", () => {
  test.each(cases)("$model, at most $maxLength tokens: $text", async ({ model, text, maxLength, ids, vector }) => {
    using embedding = await load(model);
    // Sums of up to 512 numbers in float32.
    const limit = 3e-6 * Math.max(1, ...vector.map(Math.abs));
    tidy(() => {
      expect(distance(embedding.encode(text, { maxLength }), vector)).toBeLessThan(limit);
      expect(distance(embedding.encode(Int32Array.from(ids), { maxLength }), vector)).toBeLessThan(limit);
      expect(distance(embedding.encode([ids], { maxLength }).at(0), vector)).toBeLessThan(limit);
    });
  });

  test.each(["plain", "shared"] as const)("all at once: %s", async (model) => {
    using embedding = await load(model);
    const some = cases.filter((one) => one.model === model && one.maxLength === 3);
    tidy(() => {
      const vectors = embedding.encode(
        some.map(({ text }) => text),
        { maxLength: 3 },
      );
      expect(vectors.shape).toEqual([some.length, 100]);
      for (const [i, { vector }] of some.entries()) expect(distance(vectors.at(i), vector)).toBeLessThan(1e-4);
      expect(vectors.array.some(Number.isNaN)).toBe(false);
      expect(embedding.encode([]).shape).toEqual([0, 100]);
    });
  });

  test("in the layout of sentence-transformers", async () => {
    const { "model.safetensors": weights } = await changed("plain", ({ embeddings }) => ({
      "embedding.weight": embeddings,
    }));
    const { "tokenizer.json": tokenizer } = folder("plain");
    const modules = ["StaticEmbedding", "Normalize"].map((type) => ({ type: `sentence_transformers.models.${type}` }));
    const files = { "0_StaticEmbedding/model.safetensors": weights, "0_StaticEmbedding/tokenizer.json": tokenizer };
    using unit = await StaticEmbedding.fromModel2Vec(
      { ...files, "modules.json": bytes(JSON.stringify(modules)) },
      { Tokenizer },
    );
    using plain = await StaticEmbedding.fromModel2Vec(files, { Tokenizer });
    expect([unit.normalize, plain.normalize]).toEqual([true, false]);
    const { text, vector } = cases[0];
    tidy(() => {
      expect(distance(unit.encode(text), vector)).toBeLessThan(1e-6);
      const mean = plain.encode(text);
      expect(distance(mean.div(Math.sqrt(mean.mul(mean).sum().item())), vector)).toBeLessThan(1e-6);
    });
  });

  test("of length 1 or not, as the caller says", async () => {
    using unit = await StaticEmbedding.fromModel2Vec(folder("shared"), { Tokenizer, normalize: true });
    const { text, vector } = cases.find(({ model }) => model === "shared")!;
    const length = Math.sqrt(vector.reduce((sum, x) => sum + x * x, 0));
    tidy(() =>
      expect(
        distance(
          unit.encode(text),
          vector.map((x) => x / length),
        ),
      ).toBeLessThan(1e-6),
    );
  });

  test.each(["plain", "shared"])("nearly, from packed rows: %s", async (model) => {
    using embedding = await load(model);
    using packed = embedding.quantize("int8");
    const { text, vector } = cases.find((one) => one.model === model)!;
    const scale = Math.max(...vector.map(Math.abs));
    tidy(() => {
      const error = distance(packed.encode(text), vector) / scale;
      expect(error).toBeLessThan(0.02);
      expect(error).toBeGreaterThan(0);
    });
    expect(() => packed.quantize("int8")).toThrow(/^quantize: the table is packed already$/);
  });
});

test("a unigram vocabulary is a list, whose unknown token is a number", async () => {
  const json = {
    model: {
      vocab: [
        ["<unk>", 0],
        ["ab", -1],
        ["abcdef", -2],
        ["abcdefgh", -3],
      ],
      unk_id: 0,
    },
  };
  const files = {
    ...(await changed("plain", () => ({ embeddings: table([3, 1], [5, 7, 9]) }))),
    "tokenizer.json": bytes(JSON.stringify(json)),
  };
  const asked: string[] = [];
  class Letters {
    encode(text: string) {
      asked.push(text);
      return { ids: [0, 1, 0, 2] };
    }
  }
  using embedding = await StaticEmbedding.fromModel2Vec(files, { Tokenizer: Letters });
  tidy(() => {
    expect(embedding.encode("text").array).toEqual(Float32Array.of(8));
    // One token takes five characters, the median rounded down; an emoji is one of them.
    embedding.encode("😀123456789", { maxLength: 1 });
    embedding.encode("😀123456789", { maxLength: null });
  });
  expect(asked).toEqual(["text", "😀1234", "😀123456789"]);
});

const table = (shape: number[], values: number[]) =>
  ({ dtype: "F32", shape, data: Float32Array.from(values) }) as const;
const rows = (...values: bigint[]) =>
  ({ dtype: "I64", shape: [values.length], data: BigInt64Array.from(values) }) as const;

describe("what is no model is refused", () => {
  test.each<[string, () => Promise<ModelFiles> | ModelFiles, RegExp]>([
    ["no files", () => ({}), /^fromModel2Vec: there is no model.safetensors among no files$/],
    [
      "no weights among others",
      () => ({ "config.json": bytes("{}") }),
      /^fromModel2Vec: there is no model.safetensors among config.json$/,
    ],
    [
      "no table",
      () => changed("plain", () => ({ weights: table([1], [1]) })),
      /^fromModel2Vec: model.safetensors: there is neither 'embeddings' nor 'embedding.weight'$/,
    ],
    [
      "a table of another rank",
      () => changed("plain", () => ({ embeddings: table([2], [1, 2]) })),
      /must be 2-D, but is of shape \[2\]$/,
    ],
    [
      "weights of another length",
      () => changed("plain", () => ({ embeddings: table([2, 1], [1, 2]), weights: table([3], [1, 1, 1]) })),
      /'weights' must be of shape \[2\], one for each token, but is \[3\]$/,
    ],
    [
      "weights for the rows instead of the tokens",
      () =>
        changed("plain", () => ({
          embeddings: table([2, 1], [1, 2]),
          mapping: rows(0n, 1n, 1n),
          weights: table([2], [1, 1]),
        })),
      /'weights' must be of shape \[3\]/,
    ],
    [
      "a mapping to no row",
      () => changed("plain", () => ({ embeddings: table([2, 1], [1, 2]), mapping: rows(0n, 2n) })),
      /mapping\[1\] is 2, valid range is \[0, 2\)$/,
    ],
    [
      "a mapping before the first row",
      () => changed("plain", () => ({ embeddings: table([2, 1], [1, 2]), mapping: rows(-1n) })),
      /mapping\[0\] is -1, valid range is \[0, 2\)$/,
    ],
    [
      "a mapping of fractions",
      () => changed("plain", () => ({ embeddings: table([2, 1], [1, 2]), mapping: table([1], [0]) })),
      /'mapping' must be 1-D and of integers, but is float32 of shape \[1\]$/,
    ],
    [
      "a truncated table",
      () => ({ ...folder("plain"), "model.safetensors": folder("plain")["model.safetensors"].subarray(0, 5000) }),
      /^readSafetensors: /,
    ],
    [
      "a configuration that is no JSON",
      () => ({ ...folder("plain"), "config.json": bytes("{") }),
      /^fromModel2Vec: config.json is not valid JSON: /,
    ],
    [
      "a configuration that is no object",
      () => ({ ...folder("plain"), "config.json": bytes("3") }),
      /config.json must hold an object, but holds 3$/,
    ],
    [
      "normalize that is no boolean",
      () => ({ ...folder("plain"), "config.json": bytes('{ "normalize": "yes" }') }),
      /'normalize of config.json' must be a boolean, but got "yes"$/,
    ],
    ...["{}", "[]", '{ "model": null }', '{ "model": { "vocab": 3 } }'].map(
      (json): [string, () => ModelFiles, RegExp] => [
        `a tokenizer without a vocabulary: ${json}`,
        () => ({ ...folder("plain"), "tokenizer.json": bytes(json) }),
        /^fromModel2Vec: tokenizer.json has no vocabulary$/,
      ],
    ),
  ])("%s", async (_, files, message) => {
    await expect(StaticEmbedding.fromModel2Vec(await files())).rejects.toThrow(message);
  });

  test("a Tokenizer without its file, one that fails, and none", async () => {
    const { "tokenizer.json": _, ...rest } = folder("plain");
    await expect(StaticEmbedding.fromModel2Vec(rest, { Tokenizer })).rejects.toThrow(/there is no tokenizer.json/);
    class Broken {
      constructor() {
        throw new Error("broken");
      }
      encode() {
        return { ids: [] };
      }
    }
    await expect(StaticEmbedding.fromModel2Vec(folder("plain"), { Tokenizer: Broken })).rejects.toThrow("broken");
    await expect(StaticEmbedding.fromModel2Vec(folder("plain"), { Tokenizer: 3 as never })).rejects.toThrow(
      /'Tokenizer' must be a class/,
    );
    using embedding = await StaticEmbedding.fromModel2Vec(folder("plain"));
    expect(() => embedding.encode("the cat")).toThrow(/^encode: a text needs fromModel2Vec\(files, \{ Tokenizer \}\)/);
  });

  test("tokens that do not exist and texts that are none", async () => {
    using embedding = await load("shared");
    const { numTokens } = embedding;
    expect(numTokens).toBe(418);
    expect(() => embedding.encode([[1, 2], [418]])).toThrow(
      /^encode: input\[1\]: token id 418 is outside of \[0, 418\)$/,
    );
    expect(() => embedding.encode([-1])).toThrow(RangeError);
    expect(() => embedding.encode([0.5])).toThrow(/^encode: input: a token id must be an integer, but got 0.5$/);
    expect(() => embedding.encode([3, "cat"] as never)).toThrow(/must be an integer, but got "cat"$/);
    expect(() => embedding.encode(["cat", 3] as never)).toThrow(/'input\[1\]' must be a text or token ids, but got 3$/);
    for (const input of [null, undefined, 3, {}]) expect(() => embedding.encode(input as never)).toThrow(TypeError);
    expect(() => embedding.encode("cat", { maxLength: 0 })).toThrow(
      /^encode: maxLength must be at least 1 or null, but got 0$/,
    );
    expect(() => embedding.encode("cat", { maxlength: 1 } as never)).toThrow(/unexpected keyword argument 'maxlength'/);
  });
});
