import {
  Generator,
  manualSeed,
  multinomial,
  nn,
  rand,
  randint,
  randn,
  randperm,
  type Tensor,
  zeros,
} from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectDigest, sha256, valuesOf } from "../tensor/compare.js";
import { type Digest, golden } from "./load.js";

interface Args {
  numEmbeddings: number;
  embeddingDim: number;
  paddingIdx?: number;
  size: number[];
  from: number;
  to: number;
  mean: number;
  std: number;
  low: number;
  high: number;
  n: number;
  weights: number[];
  numSamples: number;
  replacement: boolean;
}

interface Draw {
  op: string;
  args: Args;
}

interface Case extends Draw, Digest {
  seed: number;
  calls?: Draw[];
  results?: Digest[];
}

const DRAW: Record<string, (args: Args, generator?: Generator) => Tensor> = {
  embedding: (a, generator) =>
    new nn.Embedding(a.numEmbeddings, a.embeddingDim, { paddingIdx: a.paddingIdx, generator }).weight,
  rand: (a, generator) => rand(a.size, { generator }),
  randn: (a, generator) => randn(a.size, { generator }),
  randint: (a, generator) => randint(a.low, a.high, a.size, { generator }),
  randperm: (a, generator) => randperm(a.n, { generator }),
  uniform_: (a, generator) => zeros(a.size).uniform_(a.from, a.to, { generator }),
  normal_: (a, generator) => zeros(a.size).normal_(a.mean, a.std, { generator }),
  multinomial: (a, generator) => multinomial(a.weights, a.numSamples, { replacement: a.replacement, generator }),
};

const { cases } = golden<Case>("random");

describe.each([
  ["the default generator", (seed: number) => void manualSeed(seed)],
  ["a generator of one's own", (seed: number) => new Generator().manualSeed(seed)],
])("the numbers of PyTorch from %s", (_, seeded) => {
  it.each(cases.filter((c) => c.op !== "sequence").map((c) => [c.op, c.seed, JSON.stringify(c.args).slice(0, 80), c]))(
    "%s, seed %i, %s",
    (op, seed, _args, expected) => {
      const drawn = DRAW[op as string]((expected as Case).args, seeded(seed as number) ?? undefined);
      expectDigest(drawn, expected as Case);
      drawn.dispose();
    },
  );

  it.each(cases.filter((c) => c.op === "sequence"))("a sequence of draws, seed $seed, $sha256", (sequence) => {
    const generator = seeded(sequence.seed) ?? undefined;
    const drawn = sequence.calls!.map(({ op, args }) => DRAW[op](args, generator));
    for (const [i, expected] of sequence.results!.entries()) expectDigest(drawn[i], expected);
    expect(sha256(...drawn.map(valuesOf))).toBe(sequence.sha256);
  });
});
