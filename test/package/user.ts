// A strict user of the package: compiled with every declaration checked, then run.

import * as torch from "nn-embedding";
import {
  functional as F,
  Generator,
  longTensor,
  memory,
  nn,
  type optim,
  SparseTensor,
  type Tensor,
  tensor,
  tidy,
} from "nn-embedding";
import { linear } from "nn-embedding/functional";
import { Embedding, type TableOptions } from "nn-embedding/nn";
import { SGD, type SGDOptions } from "nn-embedding/optim";

declare const console: { log(text: string): void };

/** Options come from somewhere else and may be undefined. */
function makeTable(options: { paddingIdx?: number | undefined; maxNorm: number | undefined }): nn.Embedding {
  const given: TableOptions = { paddingIdx: options.paddingIdx, maxNorm: options.maxNorm, sparse: true };
  return new Embedding(10, 4, given);
}

class Classifier extends nn.Module {
  readonly table = makeTable({ paddingIdx: 0, maxNorm: undefined });
  readonly bag = new nn.EmbeddingBag(10, 4, { mode: "mean", generator: new Generator().manualSeed(1n) });
  readonly out = new nn.Linear(4, 2);

  forward(words: readonly (readonly number[])[]): Tensor {
    const rows: number[][] = words.map((bag) => [...bag]);
    return this.out.forward(this.table.forward(rows).mean(1).add(this.bag.forward(rows)));
  }
}

// @ts-expect-error: tensors are made by functions.
const impossible = () => new torch.Tensor();
// @ts-expect-error: and sparse ones by backward.
const impossibleToo = () => new SparseTensor();

torch.manualSeed(7);
const model = new Classifier();
const options: Partial<SGDOptions> = { lr: 0.5 };
const sgd: optim.SGD = new SGD(model.parameters(), options);
const losses: number[] = [];
for (let step = 0; step < 5; step++) {
  tidy(() => {
    sgd.zeroGrad({ setToNone: undefined });
    const loss = F.crossEntropy(
      model.forward([
        [1, 2, 0],
        [3, 4, 5],
      ]),
      longTensor([0, 1]),
      { reduction: "mean" },
    );
    loss.backward();
    sgd.step();
    losses.push(loss.item());
  });
}
const gradient: Tensor | SparseTensor | null = model.table.weight.grad;
{
  using product = linear(tensor([[1, 2]]), tensor([[3, 4]]));
  losses.push(product.item());
}
const state: nn.StateDict = model.stateDict();
model.loadStateDict(state, { strict: true });
console.log(
  JSON.stringify({
    falls: losses.slice(0, 5).every((loss, step) => step === 0 || loss < losses[step - 1]!),
    product: losses[5],
    sparse: gradient instanceof SparseTensor,
    tensors: memory().numTensors > 0,
    table: String(model.table),
    names: Object.keys(state),
    refused: [impossible, impossibleToo].map((make) => {
      try {
        return String(make());
      } catch (error) {
        return (error as Error).name;
      }
    }),
  }),
);
