// Tab Files: what is opened, and that what is taken along is the same, also for Node's readers.

import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import type { nn } from "nn-embedding";
import { type KeyedEmbedding, readKeyedEmbedding, readWordVectors, writeKeyedEmbedding } from "nn-embedding/tables";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Visit } from "./browser.js";
import { begin, finish, inNode, SMALL } from "./training.js";
import { place } from "./visits.js";

const FILE = "test/fixtures/glove.txt";
const here = place();
let glove: KeyedEmbedding;
let folder: string;

beforeAll(async () => {
  glove = await readWordVectors(readFileSync(FILE));
  folder = await mkdtemp(join(tmpdir(), "playground-files-"));
});

afterAll(() => rm(folder, { recursive: true }));

const matrixOf = ({ table }: KeyedEmbedding) => (table as nn.Embedding).weight.array.slice() as Float32Array;

/** The one file that a button makes the browser save. */
async function download(visit: Visit, format: string): Promise<[name: string, bytes: Uint8Array]> {
  const files = await visit.saved(1, () => visit.click(`download-${format}`));
  expect(files.size).toBe(1);
  return [...files][0];
}

describe("opening", () => {
  test("a file that is dropped is listed, and shown in the tab Look", async () => {
    await here.visiting(async (visit) => {
      await visit.tab("files");
      await visit.drop("#files", "glove.txt", readFileSync(FILE));
      await visit.until("open-note", /^Opened glove\.txt: 283 words of 100 numbers/);
      expect(await visit.text("files-what")).toContain("glove.txt: 283 words of 100 numbers");
      await visit.tab("look");
      await visit.until("map-status", /^glove\.txt: 283 words/);
    });
  });

  test("a file at an address, gzipped ones, safetensors and int8 ones open too", async () => {
    const file = (name: string, bytes: Uint8Array | Iterable<Uint8Array>) => {
      const path = join(folder, name);
      writeFileSync(path, bytes instanceof Uint8Array ? bytes : Buffer.concat([...bytes]));
      return path;
    };
    const packed = glove.quantize("int8");
    await here.visiting(async (visit) => {
      await visit.openFile(file("glove.txt.gz", gzipSync(readFileSync(FILE))));
      await visit.openFile(file("glove.safetensors", writeKeyedEmbedding(glove)));
      await visit.openFile(file("int8.safetensors", writeKeyedEmbedding(packed)));
      await visit.fill("open-url", here.site.fixture("glove.txt"));
      await visit.click("open-url-go");
      await visit.until("open-note", /^Opened glove\.txt: 283 words of 100 numbers/);
    });
  });

  test("only as many rows as are asked for", async () => {
    await here.visiting(async (visit) => {
      await visit.tab("files");
      for (const none of ["-3", "0", "1.5"]) {
        await visit.fill("open-limit", none);
        await visit.drop("#files", "glove.txt", readFileSync(FILE));
        expect(await visit.page.evaluate(() => document.activeElement!.id)).toBe("open-limit");
        expect(await visit.text("open-progress-text")).toBe("");
      }
      await visit.fill("open-limit", "50");
      await visit.openFile(FILE);
      await visit.until("open-note", /: 50 words of 100 numbers/);
      await visit.fill("open-limit", "1");
      await visit.openFile(FILE);
      await visit.until("open-note", /: 1 word of 100 numbers/);
    });
  });
});

describe("taking along", () => {
  test("what was trained, as safetensors and as word2vec text, has the bits of Node's training, and opens again", async () => {
    const { words, matrix } = inNode(SMALL);
    await here.visiting(async (visit) => {
      await begin(visit, SMALL);
      await finish(visit);
      await visit.tab("files");
      const [name, bytes] = await download(visit, "safetensors");
      expect(name).toBe("brown-corpus.safetensors");
      const read = await readKeyedEmbedding(bytes);
      expect([...read.vocab]).toEqual(words);
      expect(matrixOf(read)).toEqual(matrix);

      const text = await readWordVectors((await download(visit, "word2vec"))[1]);
      expect([...text.vocab]).toEqual(words);
      expect(matrixOf(text)).toEqual(matrix);

      // Opened again and taken along again it is the same file.
      const path = join(folder, name);
      writeFileSync(path, bytes);
      await visit.openFile(path);
      const [, again] = await download(visit, "safetensors");
      expect(Buffer.compare(again, bytes)).toBe(0);
    });
  });

  test("TensorBoard's projector gets its three files", async () => {
    await here.visiting(async (visit) => {
      await visit.openFile(FILE);
      const [name, bytes] = await download(visit, "projector");
      expect(name).toBe("glove-projector.zip");
      const files = unzipSync(bytes);
      const lines = (name: string) => new TextDecoder().decode(files[name]).trimEnd().split("\n");
      expect(Object.keys(files)).toHaveLength(3);
      const [vectors, metadata] = ["tensors", "metadata"].map(
        (part) => Object.keys(files).find((n) => n.includes(part))!,
      );
      expect(lines(vectors).map((line) => line.split("\t").length)).toEqual(Array(283).fill(100));
      expect(lines(metadata)).toEqual([...glove.vocab]);
    });
  });

  test("int8 shows its size and its neighbours, and is what is saved", async () => {
    const packed = glove.quantize("int8");
    await here.visiting(async (visit) => {
      await visit.openFile(FILE);
      await visit.click("int8");
      await visit.until(
        "int8-sizes",
        new RegExp(
          `^float32: ${(283 * 400).toLocaleString("en-US")} bytes. int8: ${(283 * 108).toLocaleString("en-US")} bytes`,
        ),
      );
      await visit.fill("int8-word", "coffee");
      await visit.page.waitForFunction(
        () => document.querySelector("#int8-neighbours td:nth-child(2)")?.textContent === "tea",
      );
      const cells = await visit.page.$$eval("#int8-neighbours tr", (rows) =>
        rows.map((row) =>
          [...row.querySelectorAll("td")].slice(3).map((cell) => cell.textContent!.replace(" (new)", "")),
        ),
      );
      expect(cells).toEqual(
        packed.mostSimilar({ positive: "coffee", k: 10 }).map(({ word, score }) => [word, score.toFixed(3)]),
      );
      const [name, bytes] = await download(visit, "safetensors");
      expect(name).toBe("glove-int8.safetensors");
      expect(Buffer.compare(bytes, Buffer.concat([...writeKeyedEmbedding(packed)]))).toBe(0);
    });
  });

  test("what int8 cannot hold is said, until there are other vectors", async () => {
    const path = join(folder, "infinite.vec");
    writeFileSync(path, "2 2\nsmall 1 2\nlarge 3e38 -3e38\n");
    await here.visiting(async (visit) => {
      await visit.openFile(path);
      await visit.click("int8");
      await visit.until("download-problem", /^The vector of “large” has a number that int8 cannot hold\.$/);
      await visit.openFile(FILE);
      await visit.until("int8-sizes", /^float32: /);
      expect(await visit.page.$("#download-problem:not([hidden])")).toBe(null);
    });
  });
});
