import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha256 } from "../../js/verify/sha256.js";

const expected = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 167 + length) & 255);

test("sha256 is that of node:crypto for every length up to 200", () => {
  for (let length = 0; length <= 200; length++)
    expect(sha256(bytes(length)), `${length}`).toBe(expected(bytes(length)));
});

test.each([4095, 65536, 1_000_003])("sha256 is that of node:crypto for %d bytes", (length) => {
  expect(sha256(bytes(length))).toBe(expected(bytes(length)));
});

test("sha256 hashes a part of a buffer, and nothing around it", () => {
  const part = bytes(100).subarray(7, 77);
  expect(sha256(part)).toBe(expected(part));
});
