// Two whole training runs, each with two optimizers, a table with sparse gradients and a loss for every step.

import { functional as F, nn, optim, type Tensor, tensor, tidy } from "../index.js";
import type { Tensors } from "./operations.js";

const STEPS = 200;

interface Owner {
  dispose(): void;
}

interface Rule extends Owner {
  zeroGrad(): void;
  step(): unknown;
}

/** A step by every rule for each batch; returns the losses [STEPS]. */
function losses(rules: readonly Rule[], lossOf: (step: number) => Tensor): Tensor {
  const values = new Float32Array(STEPS);
  for (let step = 0; step < STEPS; step++) {
    tidy(() => {
      for (const rule of rules) rule.zeroGrad();
      const loss = lossOf(step);
      loss.backward();
      for (const rule of rules) rule.step();
      values[step] = loss.item();
    });
  }
  return tensor(values);
}

/** The outputs, copied before what made them is disposed of. */
function finished(owners: readonly Owner[], outputs: () => Tensors): Tensors {
  try {
    return Object.fromEntries(Object.entries(outputs()).map(([name, values]) => [name, values.detach().clone()]));
  } finally {
    for (const owner of owners) owner.dispose();
  }
}

/**
 * Word vectors by negative sampling, batches of 16: words [40, 8] learn by sparse gradients and SparseAdam, contexts [40, 8]
 * by dense ones and Adagrad. The right context of center c is (c + offset) mod 40; five negative ones are given.
 */
export function skipGram({ words, contexts, center, offset, negative }: Tensors): Tensors {
  const options = { freeze: false };
  const input = nn.Embedding.fromPretrained(words, { ...options, sparse: true });
  const output = nn.Embedding.fromPretrained(contexts, options);
  const rules = [
    new optim.SparseAdam(input.parameters(), { lr: 0.05 }),
    new optim.Adagrad(output.parameters(), { lr: 0.2 }),
  ];
  return finished([input, output, ...rules], () => {
    const right = center.add(offset).array.map((word) => word % 40);
    const batch = center.shape[1];
    const found = losses(rules, (step) => {
      const word = input.forward(center.at(step));
      const context = output.forward(right.slice(step * batch, (step + 1) * batch) as Int32Array);
      const pulled = F.logSigmoid(word.mul(context).sum(1)).sum();
      const noise = output.forward(negative.at(step));
      const pushed = F.logSigmoid(word.reshape([batch, 1, -1]).mul(noise).sum(2).neg()).sum();
      return pulled.add(pushed).mul(-1 / batch);
    });
    return { losses: found, words: input.weight, contexts: output.weight };
  });
}

/**
 * Classes of bags, batches of 16: the mean of four rows of table [60, 8], by sparse gradients and SGD; its tanh goes through a
 * linear layer [4, 8] that learns by AdamW. Bags of class t hold rows 4 item + t.
 */
export function classifier({ table, weight, bias, item, target }: Tensors): Tensors {
  const bags = nn.EmbeddingBag.fromPretrained(table, { freeze: false, mode: "mean", sparse: true });
  const layer = [weight.requiresGrad_(), bias.requiresGrad_()];
  const rules = [new optim.SGD(bags.parameters(), { lr: 1 }), new optim.AdamW(layer, { lr: 0.01 })];
  return finished([bags, ...rules], () => {
    const found = losses(rules, (step) => {
      const index = item
        .at(step)
        .mul(4)
        .add(target.at(step).reshape([-1, 1]));
      const logits = F.linear(bags.forward(index).tanh(), weight, bias);
      return F.crossEntropy(logits, target.at(step));
    });
    return { losses: found, table: bags.weight, weight, bias };
  });
}
