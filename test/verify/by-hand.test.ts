// What README's "Test vectors" says is enough: vectors checked with its text and the oracle's plain loops, without the library.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as reference from "../reference/index.js";

interface Input {
  dtype: string;
  shape: number[];
  values?: (number | string)[];
  seed: number;
  low: number;
  high: number;
}

interface Output {
  dtype: string;
  shape: number[];
  values: string;
  absolute?: number;
  relative?: number;
  start?: string;
  sha256: string;
}

interface Case {
  name: string;
  options: Record<string, never>;
  inputs: Record<string, Input>;
  outputs: Record<string, Output>;
}

const { cases } = JSON.parse(readFileSync("test/golden/vectors.json", "utf8")) as { cases: Case[] };

/** An input's numbers, by the formula with integers that cannot overflow. */
function drawn({ dtype, shape, values, seed, low, high }: Input): number[] {
  if (values !== undefined) return values.map(Number);
  let x = BigInt(seed);
  return Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    x = (1664525n * x + 1013904223n) % 2n ** 32n;
    const reach = (Number(x / 256n) / 2 ** 24) * (high - low);
    return dtype === "int32" ? low + Math.floor(reach) : Math.fround(low + reach);
  });
}

/** Little-endian words; every NaN is 0x7fc00000. */
function bytes(dtype: string, values: ArrayLike<number>): Buffer {
  const out = Buffer.alloc(4 * values.length);
  for (let i = 0; i < values.length; i++) {
    if (dtype === "int32") out.writeInt32LE(values[i], 4 * i);
    else if (Number.isNaN(values[i])) out.writeUInt32LE(0x7fc00000, 4 * i);
    else out.writeFloatLE(values[i], 4 * i);
  }
  return out;
}

type Loops = (inputs: Record<string, number[]>, one: Case) => Record<string, ArrayLike<number>>;

/** Which of a case's outputs the loops give to the bit; all of them have to be within their tolerance. */
function check(name: string, loops: Loops): string[] {
  const one = cases.find((other) => other.name === name)!;
  const inputs = Object.fromEntries(Object.entries(one.inputs).map(([key, input]) => [key, drawn(input)]));
  const found = loops(inputs, one);
  expect(Object.keys(found).sort()).toEqual(Object.keys(one.outputs).sort());
  return Object.entries(one.outputs).flatMap(([output, expected]) => {
    const ours = bytes(expected.dtype, found[output]);
    const theirs = Buffer.from(expected.values, "base64");
    const { absolute = 0, relative = 0, start, dtype } = expected;
    expect(ours.length, output).toBe(theirs.length);
    expect(ours.length, output).toBe(4 * expected.shape.reduce((a, b) => a * b, 1));
    if (absolute === 0 && relative === 0) expect(ours.equals(theirs), output).toBe(true);
    for (let at = 0; at < ours.length && dtype === "float32"; at += 4) {
      const [x, y] = [ours.readFloatLE(at), theirs.readFloatLE(at)];
      if (Object.is(x, y)) continue;
      const scale = Math.max(Math.abs(y), start === undefined ? 0 : Math.abs(y - inputs[start][at / 4]));
      expect(Math.abs(x - y), `${output}[${at / 4}]`).toBeLessThanOrEqual(absolute + relative * scale);
    }
    return createHash("sha256").update(ours).digest("hex") === expected.sha256 ? [output] : [];
  });
}

/** Rows as a gradient of a whole table: added in index order. */
const scattered = (rows: number, dim: number, gradient: ArrayLike<number>, index: number[], skip?: number) =>
  reference.scatterAdd(new Float32Array(rows * dim), gradient, index, dim, skip);

const lookUp: Loops = ({ weight, index, gradient }, { inputs, options }) => {
  const [rows, dim] = inputs.weight.shape;
  const { paddingIdx } = options as { paddingIdx?: number };
  return {
    out: reference.embedding(weight, index, dim),
    "weight.grad": scattered(rows, dim, gradient, index, paddingIdx),
  };
};

const coalesced: Loops = ({ weight, index, gradient }, { inputs }) => {
  const [, dim] = inputs.weight.shape;
  const { rows, values } = reference.coalesce(gradient, index, dim);
  return {
    out: reference.embedding(weight, index, dim),
    "weight.grad.indices": rows,
    "weight.grad.values": values,
  };
};

const bags: Loops = ({ weight, input, gradient, offsets }, { inputs, options }) => {
  const [rows, dim] = inputs.weight.shape;
  const starts = offsets ?? Array.from({ length: inputs.input.shape[0] }, (_, b) => b * inputs.input.shape[1]);
  const ends = [...starts, input.length];
  return {
    out: reference.embeddingBag(weight, input, ends, dim, options as never),
    "weight.grad": reference.embeddingBagBackward(gradient, weight, input, ends, rows, dim, options as never).table,
  };
};

const renorm: Loops = ({ weight, index }, { inputs, options }) => {
  const [, dim] = inputs.weight.shape;
  const { maxNorm, normType } = options as unknown as { maxNorm: number; normType: number | string };
  const after = reference.renorm(weight, index, dim, maxNorm, Number(normType));
  return { weight: after, out: reference.embedding(after, index, dim) };
};

const descent: Loops = ({ weight, index, gradient }, { inputs }) => {
  const [rows, dim] = inputs.weight.shape;
  const [steps, n] = inputs.index.shape;
  const after: Float32Array[] = [Float32Array.from(weight)];
  for (let k = 0; k < steps; k++) {
    const slope = gradient.slice(k * n * dim, (k + 1) * n * dim);
    const sums = scattered(rows, dim, slope, index.slice(k * n, (k + 1) * n));
    after.push(reference.sgd(after[k], sums, 0.1));
  }
  return { step1: after[1], step10: after[10] };
};

const tanh: Loops = ({ x, gradient }) => ({
  out: x.map(Math.tanh),
  "x.grad": x.map((value, i) => gradient[i] * (1 - Math.tanh(value) ** 2)),
});

describe("a vector can be checked by hand", () => {
  test.each([
    ["look-up, [5] x 33", lookUp],
    ["look-up, repeated rows, 9", lookUp],
    ["look-up, padding, 4", lookUp],
    ["look-up, special values", lookUp],
    ["look-up, special gradients", lookUp],
    ["look-up, sparse, 9", coalesced],
    ["bag sum, 3 x 4, 33", bags],
    ["bag mean, 3 x 4, 3", bags],
    ["bag max, offsets and empty bags", bags],
    ["bag sum, special values", bags],
  ] as const)("to the bit: %s", (name, loops) => {
    expect(check(name, loops)).toHaveLength(Object.keys(cases.find((one) => one.name === name)!.outputs).length);
  });

  test.each([
    ["renorm, p = 2", renorm],
    ["renorm, p = 0.5", renorm],
    ["renorm, p = -inf", renorm],
    ["SGD, rows", descent],
    ["tanh", tanh],
  ] as const)("within its tolerance: %s", (name, loops) => {
    check(name, loops);
  });

  test("and a wrong one is found", () => {
    const wrong: Loops = (inputs, one) => lookUp({ ...inputs, gradient: inputs.gradient.map((x) => -x) }, one);
    expect(() => check("look-up, [5] x 33", wrong)).toThrow("weight.grad");
    expect(() =>
      check("tanh", ({ x, gradient }) => ({ out: x.map((v) => Math.tanh(v) * 1.00001), "x.grad": gradient })),
    ).toThrow("out[");
  });
});
