// Folders of static sentence-embedding models: model2vec's, and those of sentence-transformers.

import { nn, type Tensor, tidy } from "../index.js";
import { describe, sizeText, wrongKind } from "../internals.js";
import { decodeText, parseJson } from "./json.js";
import { joined } from "./pieces.js";
import { readSafetensors } from "./safetensors.js";
import { chunksOf, type Source } from "./source.js";

/** The files of a folder by their paths in it: "model.safetensors", "tokenizer.json", "config.json", "tokenizer_config.json". */
export type ModelFiles = Readonly<Record<string, Source>>;

/** What a folder holds. The table is the caller's to dispose of. */
export interface Model {
  /** [rows, D]; bags of it are sums where tokens have weights, means otherwise. */
  readonly table: nn.EmbeddingBag;
  /** What a token's vector is multiplied by, [V]; null for 1. */
  readonly weights: Float32Array | null;
  /** The row of each token, [V]; null where token and row are the same number. */
  readonly mapping: Int32Array | null;
  readonly normalize: boolean;
  /** The token that stands for what the vocabulary does not have; null for none. */
  readonly unknown: number | null;
  /** The median of the characters of the tokens, rounded down. */
  readonly medianLength: number;
  /** What a Tokenizer is made from. */
  readonly tokenizer: { readonly json: object; readonly config: object } | null;
}

/** Where sentence-transformers keeps the files of its first module. */
const MODULE = "0_StaticEmbedding/";
const OPERATION = "fromModel2Vec";

/** RangeError or TypeError for a folder that is no such model; then no memory is held. */
export async function readModel(files: ModelFiles): Promise<Model> {
  if (typeof files !== "object" || files === null) throw wrongKind(OPERATION, "files", "an object of files", files);
  const inModule = files["model.safetensors"] === undefined && files[`${MODULE}model.safetensors`] !== undefined;
  const folder = inModule ? MODULE : "";
  const config = await readJson(files, "config.json");
  const modules = await readJson(files, "modules.json");
  const json = await readJson(files, `${folder}tokenizer.json`);
  const tokenizerConfig = await readJson(files, `${folder}tokenizer_config.json`);
  const normalize = normalizes(config, modules);
  const facts = json === null ? { unknown: null, medianLength: 0 } : factsOf(json);
  const tokenizer = json === null ? null : { json, config: tokenizerConfig ?? {} };
  return { ...(await readTensors(files, `${folder}model.safetensors`)), normalize, ...facts, tokenizer };
}

/** model2vec says so in config.json, sentence-transformers by a module of its own. */
function normalizes(config: object | null, modules: object | null): boolean {
  const { normalize } = (config ?? {}) as { normalize?: unknown };
  if (typeof normalize === "boolean") return normalize;
  if (normalize !== undefined && normalize !== null) {
    throw wrongKind(OPERATION, "normalize of config.json", "a boolean", normalize);
  }
  return Array.isArray(modules) && modules.some((module) => /\.Normalize$/.test(String(module?.type)));
}

/** What model2vec wants to know of a vocabulary: { token: number } or, in unigram models, a list of tokens with scores. */
function factsOf(json: object): Pick<Model, "unknown" | "medianLength"> {
  const { model, added_tokens: added } = json as Record<string, unknown>;
  const { vocab, unk_token: unknown, unk_id: unknownId } = Object(model) as Record<string, unknown>;
  if (typeof vocab !== "object" || vocab === null)
    throw new RangeError(`${OPERATION}: tokenizer.json has no vocabulary`);
  const ids = new Map<unknown, unknown>(
    Array.isArray(vocab) ? vocab.map((entry, id) => [Object(entry)[0], id]) : Object.entries(vocab),
  );
  for (const token of Array.isArray(added) ? added : []) ids.set(Object(token).content, Object(token).id);
  const id = typeof unknown === "string" ? ids.get(unknown) : unknownId;
  return { unknown: typeof id === "number" ? id : null, medianLength: medianLength([...ids.keys()].map(String)) };
}

/** Of the characters of words, rounded down. */
function medianLength(words: readonly string[]): number {
  if (words.length === 0) return 0;
  const lengths = words.map((word) => [...word].length).sort((a, b) => a - b);
  const middle = (lengths.length - 1) / 2;
  return Math.floor((lengths[Math.floor(middle)] + lengths[Math.ceil(middle)]) / 2);
}

async function readJson(files: ModelFiles, name: string): Promise<object | null> {
  if (files[name] === undefined) return null;
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(OPERATION, files[name])) chunks.push(chunk);
  const where = `${OPERATION}: ${name}`;
  const value = parseJson(where, decodeText(where, joined(chunks)));
  if (typeof value === "object" && value !== null) return value;
  throw new RangeError(`${where} must hold an object, but holds ${describe(value)}`);
}

async function readTensors(files: ModelFiles, name: string): Promise<Pick<Model, "table" | "weights" | "mapping">> {
  if (files[name] === undefined) {
    throw new RangeError(`${OPERATION}: there is no ${name} among ${Object.keys(files).join(", ") || "no files"}`);
  }
  const { tensors } = await readSafetensors(files[name]);
  try {
    const { embeddings = tensors["embedding.weight"], weights = null, mapping = null } = tensors;
    checkTensors(name, embeddings, weights, mapping);
    return {
      table: tidy(() =>
        nn.EmbeddingBag.fromPretrained(embeddings.float(), { mode: weights === null ? "mean" : "sum" }),
      ),
      weights: weights && Float32Array.from(weights.array),
      mapping: mapping && Int32Array.from(mapping.array),
    };
  } finally {
    for (const tensor of Object.values(tensors)) tensor.dispose();
  }
}

/** Sizes that go together, and rows that exist. */
function checkTensors(
  name: string,
  embeddings: Tensor | undefined,
  weights: Tensor | null,
  mapping: Tensor | null,
): asserts embeddings is Tensor {
  const wrong = (what: string) => new RangeError(`${OPERATION}: ${name}: ${what}`);
  if (embeddings === undefined) throw wrong("there is neither 'embeddings' nor 'embedding.weight'");
  if (embeddings.ndim !== 2) throw wrong(`'embeddings' must be 2-D, but is of shape ${sizeText(embeddings.shape)}`);
  if (mapping !== null && (mapping.ndim !== 1 || mapping.dtype !== "int32")) {
    throw wrong(`'mapping' must be 1-D and of integers, but is ${mapping.dtype} of shape ${sizeText(mapping.shape)}`);
  }
  const [rows] = embeddings.shape;
  const tokens = mapping?.numel ?? rows;
  if (weights !== null && (weights.ndim !== 1 || weights.numel !== tokens)) {
    throw wrong(`'weights' must be of shape [${tokens}], one for each token, but is ${sizeText(weights.shape)}`);
  }
  const bad = mapping?.array.findIndex((row) => row < 0 || row >= rows) ?? -1;
  if (bad >= 0) throw wrong(`mapping[${bad}] is ${mapping!.array[bad]}, valid range is [0, ${rows})`);
}
