import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { tensor } from "nn-embedding";
import { type Progress, readNpy, type Source, writeNpy } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { cut, expectRefused } from "./expect.js";

const values = Array.from({ length: 50_000 }, (_, j) => j / 4);
const table = tensor(values).reshape([5000, 10]);
const FILE = writeNpy(table);
const SMALL = writeNpy(tensor([1, 2]));

async function readsTo(source: Source, total: number | null, options = {}): Promise<void> {
  const seen: Progress[] = [];
  const read = await readNpy(source, { onProgress: (progress) => seen.push(progress), ...options });
  expect(read.shape).toEqual([5000, 10]);
  expect(Buffer.compare(writeNpy(read), FILE)).toBe(0);
  expect(seen.at(-1)).toEqual({ rows: 5000, bytes: FILE.length, total });
  read.dispose();
}

/** A stream of pieces that notes whether it was cancelled. */
function streamOf(pieces: readonly Uint8Array[], then?: Error) {
  const state = { cancelled: false };
  const left = [...pieces];
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const piece = left.shift();
        if (piece !== undefined) controller.enqueue(piece);
        else if (then !== undefined) controller.error(then);
        else controller.close();
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, state };
}

describe("a source may be", () => {
  const PIECES = [...cut(FILE, 999)];

  it("bytes: an array, a view into a larger one, an ArrayBuffer", async () => {
    await readsTo(FILE, FILE.length);
    await readsTo(FILE.buffer, FILE.length);
    const larger = new Uint8Array(FILE.length + 13);
    larger.set(FILE, 5);
    await readsTo(larger.subarray(5, 5 + FILE.length), FILE.length);
  });

  it("a Blob or a Response", async () => {
    await readsTo(new Blob([FILE]), FILE.length);
    await readsTo(new Response(FILE), null);
    const length = String(FILE.length);
    await readsTo(new Response(FILE, { headers: { "content-length": length } }), FILE.length);
    await readsTo(new Response(FILE, { headers: { "content-length": "77", "content-encoding": "gzip" } }), null);
  });

  it("a stream of the web or of Node", async () => {
    await readsTo(streamOf(PIECES).stream, null);
    await readsTo(Readable.from(PIECES), null);
    const folder = mkdtempSync(join(tmpdir(), "nn-embedding-"));
    writeFileSync(join(folder, "table.npy"), FILE);
    await readsTo(createReadStream(join(folder, "table.npy")), null);
    rmSync(folder, { recursive: true });
  });

  it("any iterable of pieces, empty ones among them; total may be said", async () => {
    await readsTo(PIECES, null);
    await readsTo([new Uint8Array(), ...PIECES.flatMap((piece) => [piece, new Uint8Array()])], null);
    const slow = async function* () {
      for (const piece of cut(FILE, 50_000)) {
        await setTimeout(1);
        yield piece;
      }
    };
    await readsTo(slow(), FILE.length, { total: FILE.length });
  });
});

describe("a source that is none, or breaks", () => {
  it("is a TypeError that says what is wrong", async () => {
    for (const wrong of [null, undefined, 5, "path", {}]) {
      await expectRefused(
        () => readNpy(wrong as unknown as Source),
        TypeError,
        "readNpy: argument 'source' must be bytes",
      );
    }
    const text = Readable.from(["text"]) as AsyncIterable<Uint8Array>;
    await expectRefused(() => readNpy(text), TypeError, 'chunk 0 of the source must be a Uint8Array, but got "text"');
    const numbers = [SMALL.slice(0, 20), 5] as Uint8Array[];
    await expectRefused(() => readNpy(numbers), TypeError, "chunk 1 of the source must be a Uint8Array, but got 5");
  });

  it("wrong options are refused", async () => {
    const wrong = (options: object) => () => readNpy(SMALL, options);
    await expectRefused(wrong({ onprogress: () => {} }), TypeError, "unexpected keyword argument 'onprogress'");
    await expectRefused(wrong({ onProgress: 1 }), TypeError, "'onProgress' must be a function");
    await expectRefused(wrong({ total: -1 }), TypeError, "'total' must be a number of bytes");
  });

  it("an answer that is not ok is an error", async () => {
    await expectRefused(
      () => readNpy(new Response("no", { status: 404 })),
      Error,
      "the server answered with status 404",
    );
  });

  it("its own error comes through", async () => {
    const broken = new Error("the cable is out");
    await expectRefused(() => readNpy(streamOf([FILE.slice(0, 5000)], broken).stream), Error, "the cable is out");
  });
});

describe("a reader that stops early closes its source", () => {
  const BAD = [Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), FILE, FILE];

  it("cancels a stream, ends a generator, destroys a stream of Node", async () => {
    const { stream, state } = streamOf(BAD);
    await expectRefused(() => readNpy(stream), TypeError, "begins with");
    expect(state.cancelled).toBe(true);

    let ended = false;
    const generator = (function* () {
      try {
        yield* BAD;
      } finally {
        ended = true;
      }
    })();
    await expectRefused(() => readNpy(generator), TypeError, "begins with");
    expect(ended).toBe(true);

    const readable = Readable.from(BAD);
    await expectRefused(() => readNpy(readable), TypeError, "begins with");
    expect(readable.destroyed).toBe(true);
  });

  it("what onProgress throws ends the reading, and no memory is held", async () => {
    const { stream, state } = streamOf([...cut(FILE, 50_000)]);
    const onProgress = () => {
      throw new Error("enough");
    };
    await expectRefused(() => readNpy(stream, { onProgress }), Error, "enough");
    expect(state.cancelled).toBe(true);
  });
});
