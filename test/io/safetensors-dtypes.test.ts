import { memory } from "nn-embedding";
import { openSafetensors, readSafetensors } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { cut, expectRefused } from "./expect.js";

/** Dtypes of the format of which no tensor is made, and the bits of an element. */
const OTHERS = {
  BOOL: 8,
  F8_E4M3: 8,
  F8_E5M2: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  U32: 32,
  U64: 64,
  C64: 64,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
};
const WEIGHT = Float32Array.of(1, 2, 3, 4);

/** "other", of a dtype, whose bytes count up, before "emb.weight", [[1, 2], [3, 4]]. */
function fileOf(dtype: string, shape: readonly number[], bytes: number): Uint8Array {
  const header = JSON.stringify({
    other: { dtype, shape, data_offsets: [0, bytes] },
    "emb.weight": { dtype: "F32", shape: [2, 2], data_offsets: [bytes, bytes + 16] },
  });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const other = Uint8Array.from({ length: bytes }, (_, i) => i);
  return Uint8Array.from(Buffer.concat([length, Buffer.from(header), other, new Uint8Array(WEIGHT.buffer)]));
}

describe("a tensor of a dtype that is not read", () => {
  const cases: [dtype: string, bytes: number][] = [
    ...Object.entries(OTHERS).map(([dtype, bits]): [string, number] => [dtype, bits]),
    // Nobody knows these: their length is what the offsets say.
    ["X3", 24],
    ["toString", 24],
  ];
  it.each(cases)("is told, and hides no other: %s", async (dtype, bytes) => {
    const file = fileOf(dtype, [2, 4], bytes);
    const before = memory().numTensors;
    const opened = await openSafetensors(file);
    expect(opened.names).toEqual(["other", "emb.weight"]);
    expect(opened.info("other")).toEqual({ dtype, shape: [2, 4] });
    expect(Array.from(await opened.bytes("other"))).toEqual(Array.from({ length: bytes }, (_, i) => i));
    const second = await opened.bytes("other", 1, 2);
    expect(Array.from(second)).toEqual(Array.from({ length: bytes / 2 }, (_, i) => bytes / 2 + i));
    for (const read of [() => opened.tensor("emb.weight"), () => opened.rows("emb.weight", 0, 2)]) {
      const weight = await read();
      expect(weight.array).toEqual(WEIGHT);
      weight.dispose();
    }
    expect(memory().numTensors).toBe(before);
  });

  it.each(cases)("is refused when it is read itself, or with all: %s", async (dtype, bytes) => {
    const file = fileOf(dtype, [2, 4], bytes);
    const opened = await openSafetensors(file);
    const words = `tensor "other": dtype "${dtype}" is not supported, those are F64, F32, F16, BF16, I64, I32, I8, U8`;
    await expectRefused(() => opened.tensor("other"), TypeError, `SafetensorsFile.tensor: ${words}`);
    await expectRefused(() => opened.rows("other", 0, 1), TypeError, `SafetensorsFile.rows: ${words}`);
    await expectRefused(() => readSafetensors(file), TypeError, `readSafetensors: ${words}`);
    await expectRefused(() => readSafetensors(cut(file, 7)), TypeError, `readSafetensors: ${words}`);
  });

  it.each(Object.entries(OTHERS))("has as many bytes as its shape asks for: %s", async (dtype, bits) => {
    for (const bytes of [bits - 1, bits + 1]) {
      const words = `tensor "other": ${dtype} [2, 4] has ${bits} bytes, but data_offsets are [0, ${bytes}]`;
      await expectRefused(() => openSafetensors(fileOf(dtype, [2, 4], bytes)), RangeError, words);
    }
    await openSafetensors(fileOf(dtype, [0, 4], 0));
  });

  it("has rows of whole bytes, or none are read", async () => {
    const words = /rows of tensor "other" do not begin at whole bytes/;
    for (const [dtype, shape, bytes] of [
      ["F4", [2, 3], 3],
      ["X3", [2, 4], 25],
    ] as const) {
      const opened = await openSafetensors(fileOf(dtype, shape, bytes));
      expect(await opened.bytes("other")).toHaveLength(bytes);
      await expectRefused(() => opened.bytes("other", 0, 1), RangeError, words);
    }
    const empty = await openSafetensors(fileOf("X3", [0, 4], 0));
    expect(await empty.bytes("other", 0, 0)).toHaveLength(0);
  });
});
