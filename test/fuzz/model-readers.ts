import fc from "fast-check";
import { nn, tensor, tidy } from "nn-embedding";
import {
  KeyedEmbedding,
  readKeyedEmbedding,
  StaticEmbedding,
  writeKeyedEmbedding,
  writeSafetensors,
} from "nn-embedding/tables";
import type { FuzzedReader } from "./readers.js";

const word = fc.oneof(
  fc.constantFrom("", "the", "__proto__"),
  fc.string({ unit: "grapheme", maxLength: 4 }).filter((text) => !text.includes("\n")),
);
const dtype = fc.constantFrom(null, "float16" as const, "bfloat16" as const, "int8" as const, "int4" as const);

const keyed = fc
  .tuple(fc.uniqueArray(word, { maxLength: 4 }), fc.constantFrom(2, 4), dtype)
  .map(([words, dim, packed]) => {
    const values = Float32Array.from({ length: words.length * dim }, (_, i) => i % 3);
    using weight = tensor(values, { shape: [words.length, dim] });
    using vectors = new KeyedEmbedding(words, nn.Embedding.fromPretrained(weight));
    using quantized = packed === null ? null : vectors.quantize(packed);
    return new Uint8Array(Buffer.concat([...writeKeyedEmbedding(quantized ?? vectors)]));
  });

async function readKeyed(chunks: Iterable<Uint8Array>): Promise<void> {
  using vectors = await readKeyedEmbedding(new Uint8Array(Buffer.concat([...chunks])));
  for (const each of vectors.vocab) {
    if (vectors.get(each).length !== vectors.dim)
      throw new Error(`${vectors.get(each).length} of ${vectors.dim} numbers`);
  }
}

/** Three rows for four tokens. */
const model = fc.constantFrom("F32" as const, "I8" as const).map((kind) => {
  const data = kind === "F32" ? Float32Array.of(1, 2, 3, 4, 5, 6) : Int8Array.of(1, -2, 3, -4, 5, -6);
  return writeSafetensors({
    embeddings: { dtype: kind, shape: [3, 2], data },
    mapping: { dtype: "I64", shape: [4], data: BigInt64Array.of(0n, 2n, 1n, 2n) },
    weights: { dtype: "F32", shape: [4], data: Float32Array.of(1, 0.5, 0, 2) },
  });
});

async function readModel(chunks: Iterable<Uint8Array>): Promise<void> {
  using embedding = await StaticEmbedding.fromModel2Vec({ "model.safetensors": chunks }, { normalize: true });
  const { numTokens, embeddingDim } = embedding;
  const tokens = Int32Array.from({ length: Math.min(numTokens, 100) }, (_, token) => token);
  tidy(() => {
    const { shape, array } = embedding.encode([tokens, []]);
    if (array.length !== 2 * embeddingDim) throw new Error(`shape ${shape} for ${embeddingDim} columns`);
  });
}

class Words {
  encode = () => ({ ids: [0, 1] });
}

const tokenizer = fc
  .record({
    unk_token: fc.constantFrom("[UNK]", null, "none"),
    unk_id: fc.constantFrom(0, null),
    vocab: fc.constantFrom({ "[UNK]": 0, the: 1 }, [
      ["<unk>", 0],
      ["the", -1],
    ]),
  })
  .map((parts) => {
    const added = [{ id: 0, content: "[UNK]", special: true }];
    return new TextEncoder().encode(JSON.stringify({ added_tokens: added, model: parts }));
  });

async function readTokenizer(chunks: Iterable<Uint8Array>): Promise<void> {
  const table = { dtype: "F32" as const, shape: [2, 1], data: Float32Array.of(1, 2) };
  const files = { "model.safetensors": writeSafetensors({ "embedding.weight": table }), "tokenizer.json": chunks };
  using embedding = await StaticEmbedding.fromModel2Vec(files, { Tokenizer: Words });
  tidy(() => embedding.encode("the").array);
}

export const MODEL_READERS: readonly FuzzedReader[] = [
  { name: "readKeyedEmbedding", files: keyed, read: readKeyed },
  { name: "fromModel2Vec, its tensors", files: model, read: readModel },
  { name: "fromModel2Vec, its tokenizer", files: tokenizer, read: readTokenizer },
];
