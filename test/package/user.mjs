// A user of the package without types.

import { memory, nn, optim } from "nn-embedding";
import * as namespace from "nn-embedding/nn";

const embedding = new nn.Embedding(10, 4, { paddingIdx: 0 });
const sgd = new optim.SGD(embedding.parameters(), { lr: 0.1 });
embedding
  .forward([[1, 2, 0]])
  .sum()
  .backward();
const before = embedding.weight.at(1, 0).item();
sgd.step();
const moved = before - embedding.weight.at(1, 0).item();
console.log(
  JSON.stringify({
    moved: moved.toFixed(3),
    same: namespace.Embedding === nn.Embedding,
    held: memory().numTensors > 0,
  }),
);
