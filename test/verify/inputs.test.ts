import { expect, test } from "vitest";
import { base64Bytes, bytesOf, inputValues, outputValues, withNumbers } from "../../js/verify/inputs.js";
import { expectBits } from "../tensor/compare.js";

/** The generator's first numbers from 0, as Numerical Recipes prints them ("An Even Quicker Generator"). */
const PRINTED = [0x3c6ef35f, 0x47502932, 0xd1ccf6e9, 0xaaf95334, 0x6252e503, 0x9f2ec686, 0x57fe6c2d, 0xa3d95fa8];

test("floats are low + u (high - low), with u the upper 24 bits of the generator", () => {
  const input = { dtype: "float32", shape: [2, 4], seed: 0, low: -1, high: 1 } as const;
  expectBits(
    inputValues(input),
    Float32Array.from(PRINTED, (x) => Math.floor(x / 256) / 2 ** 23 - 1),
  );
  const wide = inputValues({ ...input, low: 0.5, high: 1.5 });
  expectBits(
    wide,
    Float32Array.from(PRINTED, (x) => Math.floor(x / 256) / 2 ** 24 + 0.5),
  );
});

test("integers are low + floor(u (high - low))", () => {
  const input = { dtype: "int32", shape: [8], seed: 0, low: -3, high: 7 } as const;
  expect([...inputValues(input)]).toEqual(PRINTED.map((x) => Math.floor((x / 2 ** 32) * 10) - 3));
  expect(inputValues(input)).toBeInstanceOf(Int32Array);
});

test("a seed goes up to 2^32 - 1, a shape may be empty or have no dimension", () => {
  const input = { dtype: "float32", seed: 2 ** 32 - 1, low: 0, high: 1 } as const;
  const first = Number((1664525n * (2n ** 32n - 1n) + 1013904223n) % 2n ** 32n);
  expect([...inputValues({ ...input, shape: [] })]).toEqual([Math.floor(first / 256) / 2 ** 24]);
  expect(inputValues({ ...input, shape: [2, 0, 3] })).toHaveLength(0);
});

test("values are numbers, and words for those that JSON cannot hold", () => {
  const values = ["NaN", "Infinity", "-Infinity", "-0", 1e-45, 2];
  const wanted = [Number.NaN, Infinity, -Infinity, -0, 1e-45, 2];
  expectBits(inputValues({ dtype: "float32", shape: [6], values }), wanted);
  expect([...inputValues({ dtype: "int32", shape: [2], values: [-3, 5] })]).toEqual([-3, 5]);
  expect(withNumbers({ p: "-Infinity", mode: "sum", dim: 1 })).toEqual({ p: -Infinity, mode: "sum", dim: 1 });
});

test("base64 is that of Buffer for every length and every byte", () => {
  for (let length = 0; length < 300; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 211 + length) & 255);
    expect(base64Bytes(Buffer.from(bytes).toString("base64")), `${length}`).toEqual(bytes);
  }
});

test("expected values are little-endian words of their dtype", () => {
  const output = { shape: [2], sha256: "" };
  const values = Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]).toString("base64");
  expect(outputValues({ ...output, dtype: "float32", values })).toEqual(Float32Array.of(1, -2));
  expect(outputValues({ ...output, dtype: "int32", values })).toEqual(Int32Array.of(0x3f800000, -0x40000000));
});

test("every NaN is hashed as 0x7fc00000, and nothing else is touched", () => {
  const words = new Uint32Array([0xffc00001, 0x7f800001, 0x7f800000, 0x80000000, 0x3f800000]);
  const hashed = new Uint32Array(bytesOf(new Float32Array(words.buffer)).buffer);
  expect([...hashed]).toEqual([0x7fc00000, 0x7fc00000, 0x7f800000, 0x80000000, 0x3f800000]);
  expect([...words].slice(0, 2)).toEqual([0xffc00001, 0x7f800001]);
  expect([...bytesOf(Int32Array.of(-2, 1))]).toEqual([0xfe, 0xff, 0xff, 0xff, 1, 0, 0, 0]);
});
