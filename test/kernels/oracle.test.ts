// The oracle itself against PyTorch's dumps: what the kernels are measured with has been measured.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { expectBits, expectClose, type Words } from "./wasm.js";

interface Dump {
  shape: number[];
  dtype: "float32" | "int32";
  data: string;
}

// biome-ignore lint/suspicious/noExplicitAny: the cases of four files have a dozen shapes
type Case = any;

const golden = (name: string): Case[] =>
  JSON.parse(readFileSync(new URL(`../golden/${name}.json`, import.meta.url), "utf8")).cases;

function array(dump: Dump): Float32Array | Int32Array {
  const { buffer } = Uint8Array.from(Buffer.from(dump.data, "base64"));
  return dump.dtype === "int32" ? new Int32Array(buffer) : new Float32Array(buffer);
}

const floats = (dump: Dump) => array(dump) as Float32Array;
const sha256 = (...parts: Words[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest("hex");
};

function draw(generator: reference.MersenneTwister, op: string, args: Case): Words {
  const n = args.size ? args.size.reduce((a: number, b: number) => a * b, 1) : 0;
  if (op === "rand") return reference.uniform(generator, n);
  if (op === "randn") return reference.normal(generator, n);
  if (op === "uniform_") return reference.uniform(generator, n, args.from, args.to);
  if (op === "normal_") return reference.normal(generator, n, args.mean, args.std);
  if (op === "randint") return reference.randint(generator, n, args.low, args.high - args.low);
  if (op === "randperm") return reference.randperm(generator, args.n);
  if (op === "multinomial") {
    // PyTorch takes a single sample as one without replacement.
    const sample = args.replacement && args.numSamples > 1 ? reference.sample : reference.sampleWithoutReplacement;
    return sample(generator, args.numSamples, Float32Array.from(args.weights));
  }
  const table = reference.normal(generator, args.numEmbeddings * args.embeddingDim);
  if (args.paddingIdx !== undefined) {
    table.fill(0, args.paddingIdx * args.embeddingDim, (args.paddingIdx + 1) * args.embeddingDim);
  }
  return table;
}

function expectDraw(actual: Words, result: Case): void {
  if (result.out) expectBits(actual, array(result.out));
  else {
    expectBits(actual.slice(0, 8), array(result.first));
    expect(sha256(actual)).toBe(result.sha256);
  }
}

describe("the reference draws PyTorch's random numbers", () => {
  // The greatest table costs seconds here; the kernel is held to its hash.
  const cases = golden("random").filter(({ args }) => args?.numEmbeddings !== 30_000);
  it.each(cases)("$op $args, seed $seed", ({ op, args, seed, calls, results, ...result }) => {
    const generator = new reference.MersenneTwister(seed >>> 0);
    if (op !== "sequence") {
      expectDraw(draw(generator, op, args), result);
      return;
    }
    const parts: Words[] = calls.map((call: Case) => draw(generator, call.op, call.args));
    parts.forEach((part, i) => {
      expectDraw(part, results[i]);
    });
    expect(sha256(...parts)).toBe(result.sha256);
  });
});

describe("the reference looks up and differentiates as PyTorch does", () => {
  const cases = golden("embedding").filter(({ op, sparse }) => op === "embedding" && !sparse);
  it.each(cases)("padding $padding_idx, by frequency $scale_grad_by_freq, shape $index.shape", (example) => {
    const [rows, dim] = example.weight.shape;
    const index = array(example.index);
    expectBits(floats(example.out), reference.embedding(array(example.weight), index, dim));
    const options = {
      paddingIdx: example.padding_idx === null ? -1 : (example.padding_idx + rows) % rows,
      scaleGradByFreq: example.scale_grad_by_freq,
    };
    const grad = reference.embeddingBackward(array(example.grad_out), index, rows, dim, options);
    expectBits(floats(example.grad), grad);
  });
});

describe("the reference renormalises as PyTorch does where PyTorch is sane", () => {
  it.each(golden("renorm"))("$what: p $norm_type, max norm $max_norm", (example) => {
    const [rows, dim] = example.weight.shape;
    const [maxNorm, p] = [Number(example.max_norm), Number(example.norm_type)];
    const after = reference.renorm(array(example.weight), array(example.index), dim, maxNorm, p);
    const expected = floats(example.weight_after);
    for (let r = 0; r < rows; r++) {
      if (!example.sane[r]) continue;
      const bound = (d: number) => 1e-6 * Math.abs(expected[r * dim + d]);
      expectClose(after.slice(r * dim, (r + 1) * dim), expected.slice(r * dim, (r + 1) * dim), bound);
    }
  });
});

describe("the reference optimizes as PyTorch does", () => {
  const cases = golden("optim").filter(({ sparse }) => !sparse);

  it.each(cases.filter(({ optimizer }) => optimizer === "SGD"))("SGD $options, bit for bit", (example) => {
    const options = { lr: 1e-3, ...example.options };
    let state: ReturnType<typeof reference.sgdStep> = { param: floats(example.param0), buffer: null };
    example.grads.forEach((grad: Dump, i: number) => {
      state = reference.sgdStep(state.param, array(grad), state.buffer, options);
      if (i === 0) expectBits(floats(example.param1), state.param);
    });
    expectBits(floats(example.param10), state.param);
    if (state.buffer) expectBits(floats(example.state.momentum_buffer), state.buffer);
  });

  it.each(cases.filter(({ optimizer }) => optimizer === "Adagrad"))("Adagrad $options, to rounding", (example) => {
    const { initialAccumulatorValue = 0, ...options } = { lr: 1e-2, ...example.options };
    const sum = new Float32Array(floats(example.param0).length).fill(initialAccumulatorValue);
    let state: ReturnType<typeof reference.adagrad> = { param: floats(example.param0), sum };
    const bound = (expected: Float32Array, before: Float32Array, relative: number) => (j: number) =>
      relative * Math.max(Math.abs(expected[j]), Math.abs(expected[j] - before[j]));
    example.grads.forEach((grad: Dump, i: number) => {
      const before = state.param;
      state = reference.adagradStep(state.param, state.sum, array(grad), i + 1, options);
      if (i === 0) expectClose(floats(example.param1), state.param, bound(state.param, before, 3e-7));
    });
    expectClose(floats(example.param10), state.param, bound(state.param, floats(example.param0), 2e-6));
    expectClose(floats(example.state.sum), state.sum, (j) => 2e-6 * state.sum[j]);
  });
});
