// What the cases run, by the name of the operation, through the public functions alone.

import {
  functional as F,
  manualSeed,
  multinomial,
  nn,
  optim,
  rand,
  randint,
  randn,
  randperm,
  type Tensor,
  zeros,
} from "../index.js";
import { classifier, skipGram } from "./training.js";

export type Tensors = Record<string, Tensor>;

/** Returns the outputs by name, or the one that is called "out". Only the operation knows the form of its options. */
export type Operation = (inputs: Tensors, options: never) => Tensor | Tensors;

interface Table {
  numEmbeddings: number;
  embeddingDim: number;
  paddingIdx?: number;
}

type Draw = (options: never) => Tensor;

/** What `draws` may call. */
const DRAWS: Record<string, Draw> = {
  Embedding: ({ numEmbeddings, embeddingDim, ...options }: Table) => {
    const module = new nn.Embedding(numEmbeddings, embeddingDim, options);
    const weight = module.weight.detach().clone();
    module.dispose();
    return weight;
  },
  randn: ({ shape }) => randn(shape),
  rand: ({ shape }) => rand(shape),
  randint: ({ low, high, shape }) => randint(low, high, shape),
  randperm: ({ n }) => randperm(n),
  multinomial: ({ weights, numSamples, replacement }) => multinomial(weights, numSamples, { replacement }),
  uniform_: filled(nn.init.uniform_),
  normal_: filled(nn.init.normal_),
  xavierUniform_: filled(nn.init.xavierUniform_),
  xavierNormal_: filled(nn.init.xavierNormal_),
  kaimingUniform_: filled(nn.init.kaimingUniform_),
  kaimingNormal_: filled(nn.init.kaimingNormal_),
};

function filled(fill: (tensor: Tensor, options: never) => Tensor): Draw {
  return ({ shape, ...options }: { shape: number[] }) => fill(zeros(shape), options as never);
}

/** One draw after the other from one seed; it is a text where a number could not hold it. */
function draws({ seed, draws }: { seed: number | string; draws: { call: string }[] }): Tensors {
  manualSeed(BigInt(seed));
  return Object.fromEntries(draws.map(({ call, ...options }, i) => [`draw${i}`, DRAWS[call](options as never)]));
}

interface OptimizerOptions {
  optimizer: "SGD" | "Adagrad" | "Adam" | "AdamW" | "SparseAdam" | "RowwiseAdagrad";
  sparse: boolean;
  options: object;
}

/** A step for each gradient: of the whole weight, or of the rows that index looks up. */
function optimizer({ weight, index, gradient }: Tensors, { optimizer, sparse, options }: OptimizerOptions): Tensors {
  weight.requiresGrad_();
  const rule = new optim[optimizer]([weight], options as never);
  try {
    const outputs: Tensors = {};
    for (let step = 1; step <= gradient.shape[0]; step++) {
      rule.zeroGrad();
      const slope = gradient.at(step - 1);
      if (index === undefined) weight.grad = slope;
      else F.embedding(index.at(step - 1), weight, { sparse }).backward(slope);
      rule.step();
      outputs[`step${step}`] = weight.detach().clone();
    }
    const state = Object.entries(rule.stateDict().state[0] ?? {}).filter(([name]) => name !== "step");
    for (const [name, values] of state) outputs[name] = (values as Tensor).clone();
    return outputs;
  } finally {
    rule.dispose();
  }
}

/** The initial weights of nn.Linear. */
function newLinear({ seed, inFeatures, outFeatures }: Record<"seed" | "inFeatures" | "outFeatures", number>): Tensors {
  manualSeed(seed);
  const module = new nn.Linear(inFeatures, outFeatures);
  const [weight, bias] = [...module.parameters()].map((parameter) => parameter.detach().clone());
  module.dispose();
  return { weight, bias };
}

interface Dim {
  dim?: number;
}

export const OPERATIONS: Record<string, Operation> = {
  draws: (_, options) => draws(options),
  newLinear: (_, options) => newLinear(options),
  optimizer,
  skipGram,
  classifier,
  embedding: ({ weight, index }, options) => F.embedding(index, weight, options),
  embeddingBag: ({ weight, input, offsets, perSampleWeights }, options: object) =>
    F.embeddingBag(input, weight, { ...options, offsets, perSampleWeights }),
  binaryCrossEntropyWithLogits: ({ x, target }, options) => F.binaryCrossEntropyWithLogits(x, target, options),
  mseLoss: ({ x, target }, options) => F.mseLoss(x, target, options),
  crossEntropy: ({ x, target }, options) => F.crossEntropy(x, target, options),
  nllLoss: ({ x, target }, options) => F.nllLoss(x, target, options),
  relu: ({ x }) => F.relu(x),
  sigmoid: ({ x }) => F.sigmoid(x),
  tanh: ({ x }) => F.tanh(x),
  logSigmoid: ({ x }) => F.logSigmoid(x),
  exp: ({ x }) => x.exp(),
  log: ({ x }) => x.log(),
  sqrt: ({ x }) => x.sqrt(),
  softmax: ({ x }, options) => F.softmax(x, options),
  logSoftmax: ({ x }, options) => F.logSoftmax(x, options),
  matmul: ({ a, b }) => a.matmul(b),
  linear: ({ x, weight, bias }) => F.linear(x, weight, bias),
  cosineSimilarity: ({ x1, x2 }, options) => F.cosineSimilarity(x1, x2, options),
  normalize: ({ x }, options) => F.normalize(x, options),
  sum: ({ x }, { dim }: Dim) => x.sum(dim),
  mean: ({ x }, { dim }: Dim) => x.mean(dim),
  max: ({ x }, { dim }: Dim) => (dim === undefined ? x.max() : x.max(dim).values),
  argmax: ({ x }, { dim }: Dim) => x.argmax(dim),
  oneHot: ({ x }, { numClasses }: { numClasses: number }) => F.oneHot(x, numClasses),
  add: ({ a, b }) => a.add(b),
  sub: ({ a, b }) => a.sub(b),
  mul: ({ a, b }) => a.mul(b),
  div: ({ a, b }) => a.div(b),
};
