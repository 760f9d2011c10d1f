import { openAsBlob } from "node:fs";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory, randn, type Tensor } from "nn-embedding";
import { openSafetensors, type RandomAccess, writeSafetensors } from "nn-embedding/tables";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectRefused } from "./expect.js";

const ROWS = 50_000;
const DIM = 16;
const weight = randn([ROWS, DIM]);
const other = randn([3, 5]);
const FILE = writeSafetensors({ weight, other }, { metadata: { made: "here" } });
const HEADER_BYTES = 8 + Number(new DataView(FILE.buffer).getBigUint64(0, true));

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nn-embedding-"));
  path = join(folder, "table.safetensors");
  await writeFile(path, FILE);
});
afterAll(() => rm(folder, { recursive: true }));

/** Rows of the table as it is. */
const expected = (start: number, end: number) => weight.array.slice(start * DIM, end * DIM);

async function expectParts(file: RandomAccess): Promise<void> {
  const before = memory().numBytes;
  const opened = await openSafetensors(file);
  expect(opened.names).toEqual(["other", "weight"]);
  expect(opened.metadata).toEqual({ made: "here" });
  expect(opened.info("weight")).toEqual({ dtype: "F32", shape: [ROWS, DIM] });
  const check = (part: Tensor, shape: number[], values: ArrayLike<number>) => {
    expect(part.shape).toEqual(shape);
    expect(Buffer.compare(Buffer.from(part.array.slice().buffer), Buffer.from(Float32Array.from(values).buffer))).toBe(
      0,
    );
    part.dispose();
  };
  check(await opened.rows("weight", 41_000, 41_007), [7, DIM], expected(41_000, 41_007));
  check(await opened.rows("weight", ROWS - 1, ROWS), [1, DIM], expected(ROWS - 1, ROWS));
  check(await opened.rows("weight", 5, 5), [0, DIM], []);
  check(await opened.tensor("other"), [3, 5], other.array);
  check(await opened.tensor("weight"), [ROWS, DIM], weight.array);
  const bytes = await opened.bytes("weight", 2, 3);
  expect(Buffer.compare(bytes, Buffer.from(expected(2, 3).buffer))).toBe(0);
  expect((await opened.bytes("other")).length).toBe(60);
  expect(memory().numBytes).toBe(before);
}

describe("openSafetensors reads parts", () => {
  it("of bytes, of an ArrayBuffer and of a Blob", async () => {
    await expectParts(FILE);
    await expectParts(FILE.buffer);
    await expectParts(new Blob([FILE]));
  });

  it("of a file by its handle, which stays open, and by its Blob", async () => {
    const handle = await open(path);
    await expectParts(handle);
    expect((await handle.stat()).size).toBe(FILE.length);
    await handle.close();
    await expectParts(await openAsBlob(path));
  });

  it("and of no more bytes than it needs: the header and the rows", async () => {
    let bytes = 0;
    const counting = {
      async read(buffer: Uint8Array, offset: number, length: number, position: number) {
        // As many as a pipe might give.
        const n = Math.min(length, 1000, FILE.length - position);
        buffer.set(FILE.subarray(position, position + n), offset);
        bytes += n;
        return { bytesRead: n };
      },
      stat: async () => ({ size: FILE.length }),
    };
    const file = await openSafetensors(counting);
    expect(bytes).toBe(HEADER_BYTES);
    bytes = 0;
    const rows = await file.rows("weight", 1000, 1100);
    expect(bytes).toBe(100 * DIM * 4);
    expect(rows.array).toEqual(expected(1000, 1100));
    rows.dispose();
    bytes = 0;
    (await file.tensor("other")).dispose();
    expect(bytes).toBe(60);
  });

  it("says which rows and names there are", async () => {
    const file = await openSafetensors(FILE);
    await expectRefused(() => file.tensor("w"), RangeError, 'the file has no tensor "w", it has "other", "weight"');
    await expectRefused(() => file.rows("weight", -1, 2), RangeError, "rows [-1, 2) are not among the 50000");
    await expectRefused(() => file.rows("weight", 2, 1), RangeError, "rows [2, 1)");
    await expectRefused(() => file.rows("weight", 0, ROWS + 1), RangeError, "rows [0, 50001)");
    await expectRefused(() => file.rows("weight", 0.5, 2), TypeError, "'start' must be an integer");
    await expectRefused(() => file.bytes("weight", 0, 1.5), TypeError, "'end' must be an integer");
    const scalar = await openSafetensors(writeSafetensors({ s: { dtype: "U8", shape: [], data: new Uint8Array(1) } }));
    await expectRefused(() => scalar.rows("s", 0, 1), RangeError, 'tensor "s" is 0-D and has no rows');
  });

  it("a file that has become shorter since is an error, and no memory is held", async () => {
    const shrinking = {
      stat: async () => ({ size: FILE.length }),
      read: readerOf(FILE.subarray(0, HEADER_BYTES + 100)),
    };
    const file = await openSafetensors(shrinking);
    await expectRefused(() => file.tensor("weight"), RangeError, 'within tensor "weight"');
    await expectRefused(() => file.bytes("weight"), RangeError, 'within tensor "weight"');
  });

  it("something else is a TypeError", async () => {
    for (const wrong of [null, 1, [], {}]) {
      await expectRefused(
        () => openSafetensors(wrong as unknown as Blob),
        TypeError,
        "argument 'file' must be bytes, a Blob",
      );
    }
  });
});

function readerOf(bytes: Uint8Array) {
  return async (buffer: Uint8Array, offset: number, length: number, position: number) => {
    const part = bytes.subarray(position, position + length);
    buffer.set(part, offset);
    return { bytesRead: part.length };
  };
}

describe("openSafetensors over HTTP", () => {
  let server: Server;
  let url: string;
  let answer: (range: [start: number, end: number], response: ServerResponse) => void;
  let asked: string[];

  const part = ([start, end]: [number, number], response: ServerResponse, headers: Record<string, string> = {}) => {
    response.writeHead(206, { "content-range": `bytes ${start}-${end - 1}/${FILE.length}`, ...headers });
    response.end(FILE.subarray(start, end));
  };

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(String(request.headers.range));
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(String(request.headers.range)) ?? [];
      answer([Number(first), Number(last) + 1], response);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/table.safetensors`;
    asked = [];
  });
  afterAll(() => server.close());

  it("asks for the header and the rows alone", async () => {
    answer = part;
    await expectParts(url);
    await expectParts(new URL(url));
    asked = [];
    const file = await openSafetensors(url);
    (await file.rows("weight", 10, 20)).dispose();
    const start = HEADER_BYTES + 60 + 10 * DIM * 4;
    expect(asked).toEqual(["bytes=0-7", `bytes=8-${HEADER_BYTES - 1}`, `bytes=${start}-${start + 10 * DIM * 4 - 1}`]);
  });

  it("does without Content-Range, which other origins may hide", async () => {
    answer = ([start, end], response) => {
      response.writeHead(206);
      response.end(FILE.subarray(start, end));
    };
    await expectParts(url);
  });

  it("a server that knows no Range is an error, not the wrong rows", async () => {
    answer = (_, response) => response.end(FILE);
    await expectRefused(() => openSafetensors(url), Error, "does not answer Range requests (status 200)");
    answer = part;
    const file = await openSafetensors(url);
    answer = (_, response) => response.end(FILE);
    await expectRefused(() => file.rows("weight", 1, 2), Error, "does not answer Range requests");
  });

  const ROW_3 = HEADER_BYTES + 60 + 3 * DIM * 4;
  const WRONG: [
    what: string,
    answer: (range: [number, number], response: ServerResponse) => void,
    kind: typeof Error,
    words: string,
  ][] = [
    [
      "another range",
      ([start, end], response) => part([start + 64, end + 64], response),
      Error,
      "answered with 'bytes",
    ],
    [
      "another range, as if it were the right one",
      ([start, end], response) => {
        response.writeHead(206, { "content-range": `bytes ${start}-${end - 1}/${FILE.length}` });
        response.end(FILE.subarray(start, end + 4));
      },
      RangeError,
      `should end at byte ${ROW_3 + 64}, but goes on`,
    ],
    [
      "too little",
      ([start, end], response) => {
        response.writeHead(206);
        response.end(FILE.subarray(start, end - 4));
      },
      RangeError,
      `the file ends at byte ${ROW_3 + 60}, within tensor "weight"`,
    ],
    ["404", (_, response) => response.writeHead(404).end(), Error, "answered with status 404"],
    ["416", (_, response) => response.writeHead(416).end(), Error, "answered with status 416"],
    [
      "another length of the file",
      ([start, end], response) =>
        part([start, end], response, { "content-range": `bytes ${start}-${end - 1}/${FILE.length + 1}` }),
      Error,
      "has another file by now",
    ],
    [
      "another version of the file",
      (range, response) => part(range, response, { etag: '"2"' }),
      Error,
      "has another file by now",
    ],
    [
      "half an answer",
      ([start, end], response) => {
        response.writeHead(206, { "content-length": String(end - start) });
        response.write(FILE.subarray(start, start + 4), () => response.destroy());
      },
      Error,
      "cannot fetch http://127.0.0.1",
    ],
  ];

  it.each(WRONG)("%s is an error, and no memory is held", async (_, wrong, kind, words) => {
    answer = (range, response) => part(range, response, { etag: '"1"' });
    const file = await openSafetensors(url);
    answer = wrong;
    await expectRefused(() => file.rows("weight", 3, 4), kind, words);
  });

  it("a server that is not there is an error that names the URL", async () => {
    await expectRefused(
      () => openSafetensors("http://127.0.0.1:1/x"),
      Error,
      "openSafetensors: cannot fetch http://127.0.0.1:1/x",
    );
    await expectRefused(() => openSafetensors("no url"), Error, "openSafetensors: cannot fetch no url");
  });
});
