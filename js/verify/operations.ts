// What the cases run, by the name of the operation, through the public functions alone.

import {
  cat,
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
  tensor,
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

interface ClipOptions {
  sparse?: boolean;
  maxNorm?: number;
  normType?: number;
  clipValue?: number;
}

/** The gradient of a whole weight, or of the rows that index looks up, clipped by norm or by value. */
function clipped({ weight, index, gradient }: Tensors, { sparse, maxNorm, normType, clipValue }: ClipOptions): Tensors {
  weight.requiresGrad_();
  if (index === undefined) weight.grad = gradient;
  else F.embedding(index, weight, { sparse }).backward(gradient);
  if (clipValue !== undefined) nn.utils.clipGradValue_(weight, clipValue);
  const outputs: Tensors = {};
  if (maxNorm !== undefined) outputs.norm = tensor(nn.utils.clipGradNorm_(weight, maxNorm, { normType }));
  return { ...outputs, clipped: weight.grad!.toDense() };
}

interface SchedulerOptions {
  scheduler: "StepLR" | "LambdaLR" | "CosineAnnealingLR" | "ReduceLROnPlateau";
  lr: number;
  steps: number;
  options: object;
  /** What LambdaLR multiplies the lr with at each step. */
  factors?: number[];
  /** What ReduceLROnPlateau watches. */
  metrics?: number[];
}

/** The learning rate after each step. */
function scheduler({ scheduler, lr, steps, options, factors, metrics }: SchedulerOptions): Tensors {
  const rule = new optim.SGD([zeros([1])], { lr });
  const lambda = factors === undefined ? {} : { lrLambda: (epoch: number) => factors[epoch] };
  const schedule = new optim.lrScheduler[scheduler](rule, { ...options, ...lambda } as never);
  const lrs = Array.from({ length: steps }, (_, step) => {
    schedule.step(metrics?.[step] as never);
    return schedule.getLastLr()[0];
  });
  rule.dispose();
  return { lrs: tensor(lrs) };
}

/** The inputs that are not the gradient, in their order. */
const parts = ({ gradient, ...others }: Tensors): Tensor[] => Object.values(others);

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

/** A number beside a tensor. */
interface Other {
  other?: number;
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
  add: ({ a, b }, { other }: Other) => a.add(b ?? other),
  sub: ({ a, b }, { other }: Other) => a.sub(b ?? other),
  mul: ({ a, b }, { other }: Other) => a.mul(b ?? other),
  div: ({ a, b }, { other }: Other) => a.div(b ?? other),
  neg: ({ x }) => x.neg(),
  float: ({ x }) => x.float(),
  cat: (inputs, { dim }: Dim) => cat(parts(inputs), dim),
  narrow: ({ x }, { dim, start, length }: Record<"dim" | "start" | "length", number>) => x.narrow(dim, start, length),
  transpose: ({ x }, { dim0, dim1 }: Record<"dim0" | "dim1", number>) => x.transpose(dim0, dim1),
  padSequence: (inputs, options) => nn.utils.rnn.padSequence(parts(inputs), options),
  unpadSequence: ({ x, lengths }, options) => cat(nn.utils.rnn.unpadSequence(x, lengths, options)),
  clipGradNorm_: clipped,
  clipGradValue_: clipped,
  scheduler: (_, options) => scheduler(options),
};
