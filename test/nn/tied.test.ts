// One table that is looked up and multiplied by: an output projection that shares the embedding's weight.

import { functional as F, manualSeed, nn, optim, type Tensor, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError } from "../tensor/compare.js";

class Tied extends nn.Module {
  readonly encoder: nn.Embedding;
  readonly decoder: nn.Linear;

  constructor(options: nn.TableOptions = {}) {
    super();
    this.encoder = new nn.Embedding(5, 3, options);
    this.decoder = new nn.Linear(3, 5, { bias: false });
    this.decoder.weight = this.encoder.weight;
  }

  forward(input: number[]): Tensor {
    return this.decoder.forward(this.encoder.forward(input));
  }
}

const rowsOf = (x: Tensor) => x.toArray() as number[][];

describe("tied weights", () => {
  it("are one parameter under two names, in PyTorch's words", () => {
    const model = new Tied();
    expect([...model.namedParameters()].map(([name]) => name)).toEqual(["encoder.weight"]);
    expect(Object.keys(model.stateDict())).toEqual(["encoder.weight", "decoder.weight"]);
  });

  it("get the gradients of both uses", () => {
    for (const sparse of [false, true]) {
      manualSeed(1);
      const model = new Tied({ sparse });
      const weight = rowsOf(model.encoder.weight);
      model.forward([1, 3]).sum().backward();
      // out[i, j] = w[input[i]] . w[j]: every row gets w[1] + w[3], rows 1 and 3 the sum of all rows besides.
      const total = [0, 1, 2].map((d) => weight.reduce((sum, row) => sum + row[d], 0));
      const grad = rowsOf(model.encoder.weight.grad!.toDense());
      for (let row = 0; row < 5; row++) {
        for (let d = 0; d < 3; d++) {
          const expected = weight[1][d] + weight[3][d] + (row === 1 || row === 3 ? total[d] : 0);
          expect(grad[row][d]).toBeCloseTo(expected, 5);
        }
      }
    }
  });

  it("raise PyTorch's in-place error when maxNorm has changed the table since it was multiplied by", () => {
    const model = new Tied({ maxNorm: 0.5 });
    const first = model.forward([0, 1]).sum();
    const second = model.forward([2]).sum();
    const before = rowsOf(model.encoder.weight);
    expectError(
      () => first.add(second).backward(),
      Error,
      "one of the variables needed for gradient computation has been modified by an inplace operation",
    );
    expect(model.encoder.weight.grad).toBeNull();
    expect(rowsOf(model.encoder.weight)).toEqual(before);
    // A single pass, renormed before it is multiplied by, is right.
    model.forward([0, 1]).sum().backward();
    expect(model.encoder.weight.grad).not.toBeNull();
  });

  it("raise it even when no row was too long, as PyTorch counts every look-up with max_norm as a change", () => {
    const model = new Tied({ maxNorm: 100 });
    const logits = F.linear(tensor([[1, 2, 3]], { requiresGrad: true }), model.encoder.weight);
    model.encoder.forward([0]);
    expectError(() => logits.sum().backward(), Error, "has been modified by an inplace operation");
  });

  it("move once a step and stay one table", () => {
    const model = new Tied();
    const sgd = new optim.SGD(model.parameters(), { lr: 0.1 });
    const before = rowsOf(model.encoder.weight);
    model.forward([1]).sum().backward();
    const grad = rowsOf(model.encoder.weight.grad!.toDense());
    sgd.step();
    expect(rowsOf(model.decoder.weight)).toEqual(rowsOf(model.encoder.weight));
    expect(rowsOf(model.encoder.weight)[1][0]).toBeCloseTo(before[1][0] - 0.1 * grad[1][0], 6);
  });
});
