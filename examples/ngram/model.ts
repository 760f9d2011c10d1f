// The N-gram language model of PyTorch's tutorial on word embeddings: guesses a word from the two before it.
// https://docs.pytorch.org/tutorials/beginner/nlp/word_embeddings_tutorial.html

import { functional as F, manualSeed, nn, noGrad, optim, type Tensor, tidy } from "nn-embedding";
import type { Progress } from "../progress.js";
import { SONNET } from "./sonnet.js";

export interface Settings {
  epochs: number;
  lr: number;
  seed: number;
}

const CONTEXT = 2;
const DIM = 10;
const HIDDEN = 128;

export const TEXT: readonly string[] = SONNET.split(/\s+/);
/** The different words of the text; a word's place is its number. */
export const WORDS: readonly string[] = [...new Set(TEXT)];
const numbers = TEXT.map((word) => WORDS.indexOf(word));
/** Each word of the text from the third on, after the two before it, all as word numbers. */
export const NGRAMS = numbers.slice(CONTEXT).map((target, i) => ({ context: numbers.slice(i, i + CONTEXT), target }));

export class NGramLanguageModel extends nn.Module {
  readonly embeddings = new nn.Embedding(WORDS.length, DIM);
  readonly linear1 = new nn.Linear(CONTEXT * DIM, HIDDEN);
  readonly linear2 = new nn.Linear(HIDDEN, WORDS.length);

  /** context [2]; returns the logarithms of the next word's probabilities [1, words]. */
  forward(context: number[]): Tensor {
    const vectors = this.embeddings.forward(context).reshape([1, -1]);
    const hidden = this.linear1.forward(vectors).relu();
    return F.logSoftmax(this.linear2.forward(hidden), { dim: 1 });
  }
}

/** Trains on the sonnet, a word a step. */
export function train({ epochs, lr, seed }: Settings, report: (progress: Progress) => void): NGramLanguageModel {
  manualSeed(seed);
  const model = new NGramLanguageModel();
  const sgd = new optim.SGD(model.parameters(), { lr });
  const total = epochs * NGRAMS.length;
  let seen = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (const { context, target } of NGRAMS) {
      const loss = tidy(() => {
        const loss = F.nllLoss(model.forward(context), [target]);
        sgd.zeroGrad();
        loss.backward();
        sgd.step();
        return loss.item();
      });
      report({ seen: ++seen, total, loss });
    }
  }
  return model;
}

/** The likeliest next word. */
export function predict(model: NGramLanguageModel, context: number[]): number {
  return tidy(() => noGrad(() => model.forward(context).argmax().item()));
}
