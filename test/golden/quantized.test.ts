import { nn, tensor, tidy } from "nn-embedding";
import { nearest, type QuantizedDType, QuantizedEmbedding, QuantizedEmbeddingBag } from "nn-embedding/tables";
import { describe, expect, it } from "vitest";
import { expectBits, expectClose, expectDigest, expectError, tensorOf, valuesOf } from "../tensor/compare.js";
import { type Digest, decode, type Encoded, golden } from "./load.js";

interface Packed {
  op: "pack";
  kind: QuantizedDType;
  weight: Encoded;
  /** base64 */
  packed: string;
  unpacked: Digest;
}

interface Bag {
  op: "bag";
  kind: QuantizedDType;
  weight: Encoded;
  index: Encoded;
  offsets: Encoded;
  weights: Encoded | null;
  out: Encoded;
}

interface Nearest {
  op: "nearest";
  metric: "cosine" | "dot" | "l2";
  k: number;
  table: Encoded;
  queries: Encoded;
  values: Encoded;
  indices: Encoded;
}

interface Words {
  op: "text" | "error";
  text: string;
}

const { cases } = golden<Packed | Bag | Nearest | Words>("quantized");
const all = <T extends { op: string }>(op: T["op"]) => cases.filter((c) => c.op === op) as unknown as T[];

const UNIT = 2 ** -24;

/** Rows of bytes in which a bias of -0 is one of +0: torch's sign depends on the CPU. */
function withoutSignOfZero(bytes: Uint8Array, kind: QuantizedDType, rows: number): Uint8Array {
  const size = bytes.length / rows;
  for (let end = size; end <= bytes.length; end += size) {
    const bias = bytes.subarray(end - (kind === "int8" ? 4 : 2), end);
    if (kind.startsWith("int") && bias.every((byte, i) => (i < bias.length - 1 ? byte : byte & 0x7f) === 0)) {
      bias[bias.length - 1] = 0;
    }
  }
  return bytes;
}

describe("packed tables have PyTorch's", () => {
  it.each(["int8", "int4", "float16", "bfloat16"] as const)("bytes, and its numbers back: %s", (kind) => {
    const chosen = all<Packed>("pack").filter((c) => c.kind === kind);
    expect(chosen.length).toBeGreaterThan(15);
    for (const { weight, packed, unpacked } of chosen) {
      const [rows, dim] = weight.shape;
      const embedding = nn.Embedding.fromPretrained(tensorOf(weight));
      const quantized = embedding.quantize(kind);
      const expected = withoutSignOfZero(Uint8Array.from(Buffer.from(packed, "base64")), kind, rows);
      expect(Buffer.from(withoutSignOfZero(quantized.packed.slice(), kind, rows)), `D ${dim}`).toEqual(
        Buffer.from(expected),
      );
      expectDigest(quantized.dequantize(), unpacked);
      const index = [3, 0, rows - 1, 3];
      expectBits(
        valuesOf(quantized.forward(index)),
        valuesOf(nn.Embedding.fromPretrained(quantized.dequantize()).forward(index)),
      );
      const loaded = QuantizedEmbedding.fromPacked(expected, { numEmbeddings: rows, embeddingDim: dim, dtype: kind });
      expectDigest(loaded.dequantize(), unpacked);
    }
  });

  it("bags, within the roundings of both: three for each entry there, two and one addition here", () => {
    for (const { kind, weight, index, offsets, weights, out } of all<Bag>("bag")) {
      const [rows, dim] = weight.shape;
      const bag = nn.EmbeddingBag.fromPretrained(tensorOf(weight), { mode: "sum", includeLastOffset: true });
      const quantized = bag.quantize(kind);
      const [picked, starts, factors] = [index, offsets, weights].map((x) => x && decode(x).data);
      const actual = quantized.forward(picked as Int32Array, {
        offsets: starts as Int32Array,
        perSampleWeights: factors as Float32Array | null,
      });
      expect(actual.shape).toEqual(out.shape);
      const table = magnitudes(quantized.packed.slice(), kind, rows, dim);
      const bound = (place: number) => {
        const [b, d] = [Math.floor(place / dim), place % dim];
        let sum = 0;
        for (let j = starts![b]; j < starts![b + 1]; j++)
          sum += Math.abs(factors?.[j] ?? 1) * table[picked![j] * dim + d];
        return (3 * (starts![b + 1] - starts![b]) + 3) * UNIT * sum;
      };
      expectClose(valuesOf(actual), decode(out).data, 1, bound);
    }
  });

  it("names, without what it cannot say", () => {
    const texts = all<Words>("text").map(({ text }) => text);
    const table = nn.Embedding.fromPretrained(tensor(new Float32Array(40), { shape: [10, 4] }));
    const bag = nn.EmbeddingBag.fromPretrained(table.weight);
    for (const kind of ["int8", "int4"] as const) {
      expect(texts).toContain(String(table.quantize(kind)));
      expect(texts).toContain(String(bag.quantize(kind)).replace(", mode='mean'", ""));
    }
  });

  it("words for what it refuses", () => {
    const [odd, k] = all<Words>("error").map(({ text }) => text);
    const table = nn.Embedding.fromPretrained([[1, 2, 3]]);
    expectError(() => table.quantize("int4"), RangeError, odd, "embeddingDim is 3");
    expectError(() => nearest(table, [1, 2, 3], { k: 2 }), RangeError, k, "k is 2", "[0, 1]");
  });
});

/** |q| * scale + |bias| of every number. */
function magnitudes(bytes: Uint8Array, kind: QuantizedDType, rows: number, dim: number): Float64Array {
  const size = bytes.length / rows;
  const out = new Float64Array(rows * dim);
  for (let r = 0; r < rows; r++) {
    const row = new DataView(bytes.buffer, bytes.byteOffset + r * size, size);
    for (let d = 0; d < dim; d++) {
      const q = kind === "int8" ? row.getUint8(d) : (row.getUint8(d >> 1) >> (4 * (d & 1))) & 15;
      const [scale, bias] =
        kind === "int8"
          ? [row.getFloat32(dim, true), row.getFloat32(dim + 4, true)]
          : [half(row, dim / 2), half(row, dim / 2 + 2)];
      out[r * dim + d] = q * scale + Math.abs(bias);
    }
  }
  return out;
}

/** A float16 by its definition. */
function half(view: DataView, at: number): number {
  const bits = view.getUint16(at, true);
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}

describe("nearest", () => {
  it("finds what torch.topk finds among scores in double", () => {
    for (const { metric, k, table, queries, values, indices } of all<Nearest>("nearest")) {
      const [found, rows, dim] = [decode(values).data, ...table.shape];
      expect(rows).toBeGreaterThanOrEqual(k);
      tidy(() => {
        const actual = nearest(tensorOf(table), tensorOf(queries), { metric, k });
        expect(actual.values.shape).toEqual(values.shape);
        expectBits(valuesOf(actual.indices), decode(indices).data);
        // Sums of dim terms, none of which is larger than the squares of the longest rows and queries together.
        const scale = metric === "cosine" ? 1 : 2 * longest(table) * longest(queries);
        expectClose(valuesOf(actual.values), found, (dim + 8) * UNIT, () => scale);
      });
    }
  });
});

/** The largest norm of a row. */
function longest({ shape: [, dim], ...encoded }: Encoded): number {
  const { data } = decode({ shape: [], ...encoded });
  let most = 0;
  for (let start = 0; start < data.length; start += dim) {
    most = Math.max(most, Math.hypot(...data.subarray(start, start + dim)));
  }
  return most;
}

it("packed bags keep what the float bag was told", () => {
  const bag = nn.EmbeddingBag.fromPretrained([[1], [2], [4]], { mode: "max", paddingIdx: -1, includeLastOffset: true });
  const quantized = bag.quantize("float16");
  expect(quantized).toBeInstanceOf(QuantizedEmbeddingBag);
  expect(quantized.mode).toBe("max");
  expect(quantized.forward([0, 2, 1, 2], { offsets: [0, 2, 4] }).toArray()).toEqual([[1], [2]]);
});
