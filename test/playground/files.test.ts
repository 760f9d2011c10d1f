// What the tab Files reads and writes, beside the browser's own part of it.

import { gzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import { nn, tensor } from "nn-embedding";
import { KeyedEmbedding, readKeyedEmbedding, readWordVectors, writeKeyedEmbedding } from "nn-embedding/tables";
import { describe, expect, test } from "vitest";
import { openSource } from "../../examples/playground/src/files/source.js";
import { blobOf } from "../../examples/playground/src/table/write.js";

const TEXT = "cat 1 2\ndog -3 0.5\n";
const vectors = () =>
  new KeyedEmbedding(
    ["cat", "dog"],
    nn.Embedding.fromPretrained(
      tensor([
        [1, 2],
        [-3, 0.5],
      ]),
    ),
  );
const fileOf = (...parts: BlobPart[]) => new File(parts, "vectors");
const silent = () => {};

describe("a file", () => {
  test("of text is read, and its bytes are counted", async () => {
    const told: [number, number | null][] = [];
    const { safetensors, stream } = await openSource(fileOf(TEXT), (...at) => told.push(at));
    expect(safetensors).toBe(false);
    expect([...(await readWordVectors(stream)).get("dog")]).toEqual([-3, 0.5]);
    expect(told.at(-1)).toEqual([TEXT.length, TEXT.length]);
  });

  test("of safetensors is told by its first bytes, and read in parts that are counted", async () => {
    const bytes = new Blob([...writeKeyedEmbedding(vectors())] as BlobPart[]);
    let most = 0;
    const { safetensors, blob } = await openSource(fileOf(bytes), (at) => {
      most = Math.max(most, at);
    });
    expect(safetensors).toBe(true);
    expect([...(await readKeyedEmbedding(await blob())).get("cat")]).toEqual([1, 2]);
    expect(most).toBe(bytes.size);
  });

  test("that is gzipped is unpacked, text and safetensors", async () => {
    const text = await openSource(fileOf(gzipSync(TEXT)), silent);
    expect([...(await readWordVectors(text.stream)).get("cat")]).toEqual([1, 2]);
    const bytes = Buffer.concat([...writeKeyedEmbedding(vectors())]);
    const packed = await openSource(fileOf(gzipSync(bytes)), silent);
    expect(packed.safetensors).toBe(true);
    expect([...(await readKeyedEmbedding(await packed.blob())).get("dog")]).toEqual([-3, 0.5]);
  });

  test("is read from an address", async () => {
    const { stream } = await openSource(`data:text/plain,${encodeURIComponent(TEXT)}`, silent);
    expect((await readWordVectors(stream)).size).toBe(2);
  });

  test("that is shorter than a header is nothing worse than short", async () => {
    const { safetensors, stream } = await openSource(fileOf("a 1"), silent);
    expect(safetensors).toBe(false);
    expect((await readWordVectors(stream)).dim).toBe(1);
  });

  test("that is a zip, or cannot be fetched, is refused in a sentence", async () => {
    await expect(openSource(fileOf("PK\u0003\u0004rest"), silent)).rejects.toThrow(/zip archive: unpack it/);
    await expect(openSource("http://127.0.0.1:9/none", silent)).rejects.toThrow(/cannot be fetched: .*CORS/);
  });
});

describe("vectors", () => {
  test("are written as safetensors, float32 or packed, and as word2vec text", async () => {
    const exact = await readKeyedEmbedding(await blobOf(vectors(), "safetensors", "x").arrayBuffer());
    expect([...exact.get("dog")]).toEqual([-3, 0.5]);
    const packed = await readKeyedEmbedding(await blobOf(vectors().quantize("int8"), "safetensors", "x").arrayBuffer());
    expect(packed.get("dog")[0]).toBeCloseTo(-3, 1);
    expect(await blobOf(vectors(), "word2vec", "x").text()).toBe(`2 2\n${TEXT}`);
  });

  test("are written for the projector as a zip of three files", async () => {
    const files = unzipSync(new Uint8Array(await blobOf(vectors(), "projector", "pets").arrayBuffer()));
    const text = (name: string) => new TextDecoder().decode(files[name]);
    expect(Object.keys(files)).toEqual(["tensors.tsv", "metadata.tsv", "projector_config.json"]);
    expect(text("tensors.tsv")).toBe("1\t2\n-3\t0.5\n");
    expect(text("metadata.tsv")).toBe("cat\ndog\n");
    expect(JSON.parse(text("projector_config.json")).embeddings[0].tensorName).toBe("pets");
  });
});
