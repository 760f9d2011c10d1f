import { memory, type Tensor, tensor } from "nn-embedding";
import { openSafetensors, readSafetensors, writeSafetensors } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { cut, expectRefused } from "./expect.js";

/** A file with this header, of as many bytes as it claims unless told otherwise. */
function fileOf(header: string | Uint8Array, data = new Uint8Array(0), claimed?: bigint): Uint8Array {
  const text = typeof header === "string" ? Buffer.from(header) : header;
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(claimed ?? BigInt(text.length));
  return Uint8Array.from(Buffer.concat([length, text, data]));
}

/** A file of one tensor "w". */
const oneTensor = (info: object, data = new Uint8Array(0)) => fileOf(JSON.stringify({ w: info }), data);

const good = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
const EIGHT = new Uint8Array(8);

/** Reads in pieces of unknown total, as a whole, and in parts: all three say the same. */
async function expectAllRefused(file: Uint8Array, kind: typeof TypeError, words: RegExp | string): Promise<void> {
  await expectRefused(() => readSafetensors(file), kind, words);
  await expectRefused(() => readSafetensors(cut(file, 5)), kind, words);
  await expectRefused(() => openSafetensors(file), kind, words);
}

const HEADERS: [what: string, header: string | Uint8Array, kind: typeof TypeError, words: RegExp | string][] = [
  ["empty", "", TypeError, "begins with '{' at byte 8"],
  ["no JSON", "{oops", TypeError, "header is not valid JSON"],
  ["cut JSON", '{"w":{"dtype":"F32"', TypeError, "header is not valid JSON"],
  ["an array", "[]", TypeError, "begins with '{' at byte 8"],
  ["a byte order mark", "\ufeff{}", TypeError, "begins with '{' at byte 8"],
  ["invalid UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), TypeError, "header is not valid UTF-8"],
  ["nested without end", `{"w":${"[".repeat(50_000)}${"]".repeat(50_000)}}`, TypeError, 'tensor "w" must be an object'],
  ["a name twice", `{"w":${JSON.stringify(good)},"w":${JSON.stringify(good)}}`, TypeError, 'the name "w" twice'],
  ["a name twice, spelt differently", '{"w":1,"\\u0077" :1}', TypeError, 'the name "w" twice'],
  ["a field twice", '{"w":{"dtype":"F32","dtype":"F32","shape":[],"data_offsets":[0,4]}}', TypeError, '"dtype" twice'],
  ["a tensor that is null", '{"w":null}', TypeError, 'tensor "w" must be an object'],
  ["metadata that is text", '{"__metadata__":"x"}', TypeError, "metadata must be an object of strings"],
  ["metadata of numbers", '{"__metadata__":{"x":1}}', TypeError, 'metadata "x" must be a string'],
];

const ENTRIES: [what: string, info: object, kind: typeof TypeError, words: RegExp | string][] = [
  [
    "no dtype",
    { shape: [2], data_offsets: [0, 8] },
    TypeError,
    'tensor "w": dtype must be a string, but got undefined',
  ],
  ["a size that is not its dtype's", { ...good, dtype: "F8_E4M3" }, RangeError, 'tensor "w": F8_E4M3 [2] has 2 bytes'],
  ["half a byte", { ...good, dtype: "F4", shape: [15] }, RangeError, 'tensor "w": F4 [15] has 7.5 bytes'],
  ["another dtype's size", { ...good, dtype: "F64" }, RangeError, 'tensor "w": F64 [2] has 16 bytes'],
  ["no shape", { dtype: "F32", data_offsets: [0, 8] }, TypeError, 'tensor "w": shape must be an array'],
  ["a shape of text", { ...good, shape: ["2"] }, TypeError, "tensor \"w\": argument 'size'"],
  [
    "a negative size",
    { ...good, shape: [-2] },
    RangeError,
    'tensor "w": Trying to create tensor with negative dimension',
  ],
  ["a broken size", { ...good, shape: [2.5] }, TypeError, "tensor \"w\": argument 'size'"],
  ["a huge size", { ...good, shape: [1e18] }, RangeError, 'tensor "w": out of linear memory'],
  [
    "sizes whose product wraps round to 2 at 64 bits",
    { ...good, shape: [2 ** 31 - 1, 2 ** 30, 2 ** 30, 8] },
    RangeError,
    "bytes",
  ],
  ["a product that is too small", { ...good, shape: [1] }, RangeError, "has 4 bytes, but data_offsets are [0, 8]"],
  ["too many dimensions", { ...good, shape: new Array(65).fill(1) }, RangeError, "too many dimensions"],
  ["no offsets", { dtype: "F32", shape: [2] }, RangeError, "data_offsets must be two whole numbers"],
  ["one offset", { ...good, data_offsets: [8] }, RangeError, "data_offsets must be two whole numbers"],
  ["negative offsets", { ...good, data_offsets: [-8, 0] }, RangeError, "data_offsets must be two whole numbers"],
  ["broken offsets", { ...good, data_offsets: [0.5, 8.5] }, RangeError, "data_offsets must be two whole numbers"],
  ["offsets beyond 2^53", { ...good, data_offsets: [2 ** 60, 2 ** 60] }, RangeError, "data_offsets must be two"],
  ["offsets the wrong way round", { ...good, data_offsets: [8, 0] }, RangeError, "data_offsets are [8, 0]"],
  [
    "a dtype that nobody knows and offsets the wrong way round",
    { ...good, dtype: "X", data_offsets: [8, 0] },
    RangeError,
    "data_offsets are [8, 0], which end before they begin",
  ],
  [
    "a hole before it",
    { ...good, data_offsets: [4, 12] },
    RangeError,
    'tensor "w" begins at byte 4 of the data, but must',
  ],
];

describe("a hostile safetensors file is refused, and nothing is held", () => {
  it.each(HEADERS)("header: %s", async (_, header, kind, words) => {
    await expectAllRefused(fileOf(header, EIGHT), kind, words);
  });

  it.each(ENTRIES)("entry with %s", async (_, info, kind, words) => {
    await expectAllRefused(oneTensor(info, EIGHT), kind, words);
  });

  it("cut anywhere", async () => {
    const file = writeSafetensors(
      { a: tensor([[1, 2, 3]]), b: tensor([1, 2], { dtype: "int32" }) },
      { dtype: "float16" },
    );
    for (let length = 0; length < file.length; length++) {
      const rest = file.slice(0, length);
      await expectRefused(() => readSafetensors(rest), RangeError, /byte|bytes/);
      await expectRefused(() => readSafetensors(cut(rest, 3)), RangeError, `the file ends at byte ${length}, within`);
      await expectRefused(() => openSafetensors(rest), RangeError, /byte|bytes/);
    }
  });

  it("a byte too many", async () => {
    const file = Uint8Array.from([...writeSafetensors({ a: tensor([1]) }), 0]);
    await expectRefused(() => readSafetensors(file), RangeError, "4 bytes, but the file has 5 after its header");
    await expectRefused(
      () => readSafetensors(cut(file, 9)),
      RangeError,
      `should end at byte ${file.length - 1}, but goes on`,
    );
    await expectRefused(() => openSafetensors(file), RangeError, "4 bytes, but the file has 5 after its header");
  });

  it("a header said to be longer than the file, or than 100 MB", async () => {
    await expectRefused(() => readSafetensors(fileOf("{}", EIGHT, 11n)), RangeError, "the file has 10 more");
    await expectRefused(() => readSafetensors(cut(fileOf("{}", EIGHT, 11n), 4)), RangeError, "within the header");
    for (const claimed of [100_000_001n, 2n ** 32n + 2n, 2n ** 63n, 2n ** 64n - 1n]) {
      await expectAllRefused(fileOf("{}", EIGHT, claimed), RangeError, "is too long, at most 100000000 are possible");
    }
  });

  it("tensors that overlap or leave a hole", async () => {
    const pair = (a: number[], b: number[]) =>
      fileOf(JSON.stringify({ a: { ...good, data_offsets: a }, b: { ...good, data_offsets: b } }), new Uint8Array(24));
    await expectAllRefused(pair([0, 8], [4, 12]), RangeError, 'tensor "b" begins at byte 4 of the data');
    await expectAllRefused(pair([0, 8], [0, 8]), RangeError, "begins at byte 0 of the data");
    await expectAllRefused(pair([0, 8], [16, 24]), RangeError, 'tensor "b" begins at byte 16 of the data');
    await expectAllRefused(pair([16, 24], [0, 8]), RangeError, 'tensor "a" begins at byte 16 of the data');
  });

  it("an int64 that does not fit: which one", async () => {
    const data = BigInt64Array.of(1n, 2n, 3n, -(2n ** 31n) - 1n);
    const file = writeSafetensors({ first: tensor([1]), ids: { dtype: "I64", shape: [2, 2], data } });
    const words = 'tensor "ids"[1][1] is -2147483649, valid range of int32';
    await expectRefused(() => readSafetensors(file), RangeError, words);
    const opened = await openSafetensors(file);
    await expectRefused(() => opened.tensor("ids"), RangeError, words);
    (await opened.rows("ids", 0, 1)).dispose();
    await expectRefused(() => opened.rows("ids", 1, 2), RangeError, words);
  });

  it("a small file that claims a gigantic tensor claims no memory", async () => {
    const bytes = 4 * 30_000 * 30_000;
    const file = oneTensor({ dtype: "F32", shape: [30_000, 30_000], data_offsets: [0, bytes] }, EIGHT);
    const before = memory().reservedBytes;
    await expectRefused(() => readSafetensors(file), RangeError, `the tensors have ${bytes} bytes, but the file has 8`);
    await expectRefused(() => readSafetensors(cut(file, 16)), RangeError, "the file ends at byte");
    await expectRefused(() => openSafetensors(file), RangeError, `the tensors have ${bytes} bytes, but the file has 8`);
    expect(memory().reservedBytes - before).toBeLessThan(8 * 2 ** 20);
  });

  it("errors do not repeat a name of a megabyte", async () => {
    const name = "n".repeat(2 ** 20);
    const error = await readSafetensors(fileOf(JSON.stringify({ [name]: { dtype: name } }))).catch((reason) => reason);
    expect(error.message.length).toBeLessThan(400);
  });
});

describe("what is unusual but right is read", () => {
  const read = async (file: Uint8Array) => (await readSafetensors(file)).tensors;
  const values = (each: Tensor) => {
    const array = each.toArray();
    each.dispose();
    return array;
  };

  it("no tensors at all", async () => {
    expect(await read(fileOf("{}"))).toEqual({});
    expect(await read(fileOf("{   }    "))).toEqual({});
  });

  it("tensors in another order than their bytes, empty ones between, a header that ends at an odd byte", async () => {
    const data = new Uint8Array(Float32Array.of(1, 2, NaN, -0).buffer);
    const header = {
      z: { dtype: "F32", shape: [2], data_offsets: [8, 16] },
      empty: { dtype: "F32", shape: [0, 7], data_offsets: [8, 8] },
      a: { dtype: "F32", shape: [2, 1], data_offsets: [0, 8] },
      more: { dtype: "U8", shape: [2 ** 31 - 1, 0], data_offsets: [16, 16], extra: "is let be" },
    };
    const text = JSON.stringify(header);
    const { z, empty, a, more } = await read(fileOf(text.length % 2 === 0 ? `${text} ` : text, data));
    expect(values(a)).toEqual([[1], [2]]);
    expect(values(z)).toEqual([NaN, -0]);
    expect(values(empty)).toEqual([]);
    more.dispose();
  });

  it("quotation marks, brackets and colons in names are no structure", async () => {
    const name = '{"a":1,"a":2}\\';
    const { [name]: only } = await read(fileOf(JSON.stringify({ [name]: good }), EIGHT));
    expect(values(only)).toEqual([0, 0]);
  });
});
