import { nn, ones, optim, type Tensor, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { expectBits, expectClose, expectError, valuesOf } from "../tensor/compare.js";

const WEIGHT = Float32Array.of(1, -2, 3, 0.5, -0.25, 8, 4, 4, 0, 1, -1, 2);
const BATCHES = [[2, 0, 2], [1, 1, 1], [3], [0, 2, 0]];

const gradientOf = (batch: number[], i: number) =>
  Float32Array.from({ length: 3 * batch.length }, (_, j) => ((j * 7 + i * 5) % 11) / 4 - 1.25);

/** The gradient as a whole table. */
function written(batch: number[], i: number): Float32Array {
  const whole = new Float32Array(12);
  const values = gradientOf(batch, i);
  batch.forEach((row, k) => {
    for (const j of [0, 1, 2]) whole[3 * row + j] += values[3 * k + j];
  });
  return whole;
}

const FORMS: Record<string, (options?: object) => { weight: Tensor; receive(batch: number[], i: number): void }> = {
  sparse: (options = { sparse: true }) => {
    const table = new nn.Embedding(4, 3, { weight: tensor(WEIGHT, { shape: [4, 3] }), ...options });
    const receive = (batch: number[], i: number) => {
      table.zeroGrad();
      table.forward(batch).backward(tensor(gradientOf(batch, i), { shape: [batch.length, 3] }));
    };
    return { weight: table.weight, receive };
  },
  deferred: () => FORMS.sparse({}),
  dense: () => {
    const weight = tensor(WEIGHT, { shape: [4, 3], requiresGrad: true });
    const receive = (batch: number[], i: number) => {
      weight.grad = tensor(written(batch, i), { shape: [4, 3] });
    };
    return { weight, receive };
  },
};

function train(form: string, options: Partial<optim.AdagradOptions>) {
  const { weight, receive } = FORMS[form]();
  const optimizer = new optim.RowwiseAdagrad([weight], options);
  BATCHES.forEach((batch, i) => {
    receive(batch, i);
    optimizer.step();
  });
  const { sum, step } = optimizer.state.get(weight)!;
  return { weight: valuesOf(weight), sum, step };
}

describe("RowwiseAdagrad", () => {
  const options = { lr: 0.5, lrDecay: 0.25, initialAccumulatorValue: 0.1, eps: 1e-6 };

  it.each(Object.keys(FORMS))("steps by the formula, %s gradient", (form) => {
    const { weight, sum, step } = train(form, options);
    let expected: ReturnType<typeof reference.rowwiseAdagrad> = {
      param: Float64Array.from(WEIGHT),
      sum: new Float64Array(4).fill(Math.fround(0.1)),
    };
    BATCHES.forEach((batch, i) => {
      const rate = options.lr / (1 + i * options.lrDecay);
      expected = reference.rowwiseAdagrad(expected.param, expected.sum, written(batch, i), 3, rate, options.eps);
    });
    expectClose(weight, expected.param, 1e-6, (j) => Math.max(1, Math.abs(expected.param[j])));
    expect(sum.shape).toEqual([4]);
    expectClose(valuesOf(sum), expected.sum, 1e-6);
    expect(step).toBe(4);
  });

  it("moves the same bits whether the gradient is sparse, deferred or written out", () => {
    for (const more of [{}, { maximize: true }]) {
      const [sparse, deferred, dense] = Object.keys(FORMS).map((form) => train(form, { ...options, ...more }));
      for (const other of [deferred, dense]) {
        expectBits(other.weight, sparse.weight);
        expectBits(valuesOf(other.sum), valuesOf(sparse.sum));
      }
    }
  });

  it("is Adagrad where a row is one number", () => {
    const columns = [0, 1].map(() => tensor([[4], [-2], [0.5]], { requiresGrad: true }));
    const optimizers = [new optim.Adagrad([columns[0]], options), new optim.RowwiseAdagrad([columns[1]], options)];
    for (let i = 0; i < 5; i++) {
      for (const column of columns) column.grad = tensor([[i - 1], [0], [3]]);
      for (const optimizer of optimizers) optimizer.step();
    }
    expectClose(valuesOf(columns[1]), valuesOf(columns[0]), 1e-6);
    expect(optimizers[1]).toBeInstanceOf(optim.Adagrad);
  });

  it("adds weightDecay to a dense gradient and refuses a sparse one, as Adagrad", () => {
    const decaying = tensor([[3, 3]], { requiresGrad: true });
    const given = tensor([[3, 3]], { requiresGrad: true });
    decaying.grad = tensor([[1, -1]]);
    given.grad = tensor([[2.5, 0.5]]);
    new optim.RowwiseAdagrad([decaying], { weightDecay: 0.5 }).step();
    new optim.RowwiseAdagrad([given]).step();
    expectBits(valuesOf(decaying), valuesOf(given));

    const table = new nn.Embedding(2, 1, { sparse: true, weight: ones([2, 1]) });
    table.forward([0]).sum().backward();
    const optimizer = new optim.RowwiseAdagrad(table.parameters(), { weightDecay: 0.5 });
    const words = "weight_decay option is not compatible with sparse gradients";
    expectError(() => optimizer.step(), Error, words);
    expect(table.weight.toArray()).toEqual([[1], [1]]);
  });

  it("wants matrices, and says so before it keeps anything", () => {
    const vector = tensor([1, 2], { requiresGrad: true });
    const matrix = ones([2, 2], { requiresGrad: true });
    const optimizer = new optim.RowwiseAdagrad([matrix]);
    expectError(() => optimizer.addParamGroup({ params: [vector] }), RangeError, "2-D", "[2]");
    expect([optimizer.state.size, optimizer.paramGroups.length]).toEqual([1, 1]);
    expectError(() => new optim.RowwiseAdagrad([matrix, vector]), RangeError, "2-D");
    expectError(() => new optim.RowwiseAdagrad([matrix], { lrDecay: -1 }), RangeError, "Invalid lr_decay value: -1");
  });

  it("has nothing to do for rows without numbers", () => {
    const table = new nn.Embedding(3, 0);
    const optimizer = new optim.RowwiseAdagrad(table.parameters());
    table.forward([1]).sum().backward();
    optimizer.step();
    expect(optimizer.state.get(table.weight)!.sum.toArray()).toEqual([0, 0, 0]);
  });
});
