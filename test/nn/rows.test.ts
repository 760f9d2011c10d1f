// Rows that stay as they are, and tables that grow: freezeRows, unfreezeRows, resize.

import { functional as F, memory, nn, optim, type SparseTensor, type Tensor, tensor, tidy } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError } from "../tensor/compare.js";

const table = () => [
  [1, 2],
  [3, 4],
  [5, 6],
  [7, 8],
  [9, 10],
];

const make = (options: nn.TableOptions = {}) => new nn.Embedding(5, 2, { weight: table(), ...options });
const rowsOf = (x: Tensor | SparseTensor) => x.toArray() as number[][];

type Make = (params: Iterable<Tensor>) => { step(): unknown; zeroGrad(): void };

const DENSE: [string, Make][] = [
  ["SGD", (p) => new optim.SGD(p, { lr: 0.1 })],
  ["SGD with momentum", (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 })],
  ["SGD with weight decay", (p) => new optim.SGD(p, { lr: 0.1, weightDecay: 0.5, nesterov: true, momentum: 0.9 })],
  ["Adagrad", (p) => new optim.Adagrad(p, { lr: 0.1 })],
  ["Adagrad with weight decay", (p) => new optim.Adagrad(p, { lr: 0.1, weightDecay: 0.5 })],
  ["Adam", (p) => new optim.Adam(p, { lr: 0.1, amsgrad: true })],
  ["AdamW", (p) => new optim.AdamW(p, { lr: 0.1 })],
  ["RowwiseAdagrad", (p) => new optim.RowwiseAdagrad(p, { lr: 0.1 })],
];

const SPARSE: [string, Make][] = [
  ["SGD", (p) => new optim.SGD(p, { lr: 0.1 })],
  ["SGD with momentum", (p) => new optim.SGD(p, { lr: 0.1, momentum: 0.9 })],
  ["Adagrad", (p) => new optim.Adagrad(p, { lr: 0.1 })],
  ["SparseAdam", (p) => new optim.SparseAdam(p, { lr: 0.1, weightDecay: 0.5 })],
  ["RowwiseAdagrad", (p) => new optim.RowwiseAdagrad(p, { lr: 0.1 })],
];

const CASES = [
  ...DENSE.map(([name, optimizer]) => [name, false, optimizer] as const),
  ...SPARSE.map(([name, optimizer]) => [`${name}, sparse`, true, optimizer] as const),
];

describe("freezeRows", () => {
  it("takes frozen rows out of every form of gradient and leaves the others as they are", () => {
    for (const sparse of [false, true]) {
      const emb = make({ sparse });
      emb.freezeRows([0, 3]);
      emb.forward([0, 1, 3, 3, 4, 1]).sum().backward();
      expect(rowsOf(emb.weight.grad!)).toEqual([
        [0, 0],
        [2, 2],
        [0, 0],
        [0, 0],
        [1, 1],
      ]);
      emb.forward([0, 1]).sum().backward();
      expect(rowsOf(emb.weight.grad!)).toEqual([
        [0, 0],
        [3, 3],
        [0, 0],
        [0, 0],
        [1, 1],
      ]);
    }
    const emb = make();
    emb.freezeRows({ start: 1, end: 4 });
    F.linear(tensor([[1, 1]]), emb.weight)
      .sum()
      .backward();
    expect(rowsOf(emb.weight.grad!)).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
      [0, 0],
      [1, 1],
    ]);
    emb.weight.grad = tensor([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 4],
      [5, 5],
    ]);
    expect(rowsOf(emb.weight.grad!)).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
      [0, 0],
      [5, 5],
    ]);
  });

  it("takes them out of the gradient that is there already, without touching a tensor that shared its values", () => {
    const emb = make({ sparse: true });
    const upstream = tensor([
      [1, 2],
      [3, 4],
    ]);
    emb.forward([1, 2]).backward(upstream);
    emb.freezeRows([2]);
    expect((emb.weight.grad as SparseTensor).indices.toArray()).toEqual([[1]]);
    expect(rowsOf(upstream)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it.each(CASES)(
    "keeps them to the bit through steps of %s, and the others move as without",
    (_, sparse, optimizer) => {
      const [frozen, free] = [make({ sparse }), make({ sparse })];
      const both = [frozen, free].map((emb) => ({ emb, steps: optimizer(emb.parameters()) }));
      const step = (factor: number) => {
        for (const { emb, steps } of both) {
          steps.zeroGrad();
          emb.forward([0, 1, 2, 3, 0]).mul(factor).sum().backward();
          steps.step();
        }
      };
      step(1);
      frozen.freezeRows([1, 2]);
      const before = rowsOf(frozen.weight);
      step(2);
      step(0.5);
      const [kept, moved] = [rowsOf(frozen.weight), rowsOf(free.weight)];
      for (const row of [1, 2]) expect(kept[row]).toEqual(before[row]);
      for (const row of [0, 3, 4]) expect(kept[row]).toEqual(moved[row]);
      expect(moved[1]).not.toEqual(before[1]);
    },
  );

  it("goes on from the optimizer state of before when they learn again", () => {
    const emb = make();
    const adam = new optim.Adam(emb.parameters(), { lr: 0.1 });
    const step = () => {
      adam.zeroGrad();
      emb.forward([0, 1]).sum().backward();
      adam.step();
    };
    step();
    emb.freezeRows([1]);
    const before = rowsOf(emb.weight)[1];
    step();
    expect(rowsOf(emb.weight)[1]).toEqual(before);
    const { expAvg } = adam.state.get(emb.weight)!;
    expect(rowsOf(expAvg)[1][0]).toBeCloseTo(0.1, 6);
    emb.unfreezeRows([1]);
    step();
    expect(rowsOf(emb.weight)[1]).not.toEqual(before);
    expect(rowsOf(expAvg)[1][0]).toBeCloseTo(0.19, 6);
  });

  it("protects them from maxNorm", () => {
    const emb = make({ maxNorm: 1 });
    emb.freezeRows([4]);
    emb.forward([3, 4]);
    expect(rowsOf(emb.weight)[4]).toEqual([9, 10]);
    expect(Math.hypot(...rowsOf(emb.weight)[3])).toBeCloseTo(1, 6);
  });

  it("says which rows learn", () => {
    const emb = make();
    expect(emb.trainableRows).toEqual([[0, 5]]);
    emb.freezeRows(new Int16Array([0, 2]));
    expect(emb.trainableRows).toEqual([
      [1, 2],
      [3, 5],
    ]);
    emb.unfreezeRows({ start: 0, end: 1 });
    expect(emb.trainableRows).toEqual([
      [0, 2],
      [3, 5],
    ]);
    emb.freezeRows({ start: 0, end: 5 });
    expect(emb.trainableRows).toEqual([]);
    emb.forward([1]).sum().backward();
    expect(rowsOf(emb.weight.grad!).flat()).toEqual(Array(10).fill(0));
    emb.unfreezeRows();
    expect(emb.trainableRows).toEqual([[0, 5]]);
  });

  it("is of the rows that the weight has, which a module that shares it may have resized", () => {
    const [own, tied] = [make(), make()];
    tied.weight = own.weight;
    own.resize(7);
    expect(tied.trainableRows).toEqual([[0, 7]]);
    tied.freezeRows({ start: 3, end: 7 });
    tied.unfreezeRows();
    expect(own.trainableRows).toEqual([[0, 7]]);
    own.resize(2);
    tied.unfreezeRows();
    expect(tied.trainableRows).toEqual([[0, 2]]);
  });

  it("refuses rows outside the table and changes nothing", () => {
    const emb = make();
    emb.freezeRows([1]);
    for (const rows of [[0, 5], [-1], { start: 3, end: 6 }, { start: 3, end: 2 }, { start: -1, end: 2 }]) {
      expectError(() => emb.freezeRows(rows), RangeError, "freezeRows: ");
    }
    expectError(() => emb.freezeRows([0.5]), TypeError, "freezeRows: input[0] is 0.5");
    expectError(() => emb.freezeRows(null as unknown as number[]), TypeError, "freezeRows: ");
    expectError(() => emb.freezeRows({ start: 0, stop: 1 } as unknown as nn.RowSpan), TypeError, "freezeRows: ");
    expect(emb.trainableRows).toEqual([
      [0, 1],
      [2, 5],
    ]);
  });
});

describe("resize", () => {
  it("keeps old rows, draws new ones from N(0, 1) or by init, and stays the same Parameter", () => {
    const emb = make();
    const { weight } = emb;
    emb.resize(7, { init: (rows) => rows.fill_(0.5) });
    expect(emb.weight).toBe(weight);
    expect(emb.numEmbeddings).toBe(7);
    expect(weight.shape).toEqual([7, 2]);
    expect(rowsOf(weight)).toEqual([...table(), [0.5, 0.5], [0.5, 0.5]]);
    expect(String(emb)).toBe("Embedding(7, 2)");
    expect(rowsOf(emb.forward([6, 0]))).toEqual([
      [0.5, 0.5],
      [1, 2],
    ]);
    emb.resize(8, { init: (rows) => rows.copy_(emb.weight.detach().mean(0)) });
    expect(rowsOf(weight)[7][0]).toBeCloseTo((1 + 3 + 5 + 7 + 9 + 1) / 7, 6);
    emb.resize(3);
    expect(rowsOf(weight)).toEqual(table().slice(0, 3));
    emb.resize(40);
    expect(rowsOf(weight).slice(0, 3)).toEqual(table().slice(0, 3));
    expect(new Set(rowsOf(weight).flat()).size).toBe(80);
  });

  it.each(CASES)("the state of %s follows: old rows go on as if nothing had happened", (_, sparse, optimizer) => {
    const [grown, plain] = [make({ sparse }), make({ sparse })];
    const both = [grown, plain].map((emb) => ({ emb, steps: optimizer(emb.parameters()) }));
    const step = (input: number[]) => {
      for (const { emb, steps } of both) {
        steps.zeroGrad();
        emb.forward(input).sum().backward();
        steps.step();
      }
    };
    step([0, 1, 2, 2]);
    step([3, 1]);
    grown.resize(8, { init: (rows) => rows.zero_() });
    step([0, 1, 4]);
    step([2, 1, 4]);
    expect(rowsOf(grown.weight).slice(0, 5)).toEqual(rowsOf(plain.weight));
    const [{ steps }] = both;
    steps.zeroGrad();
    grown.forward([6, 7]).sum().backward();
    steps.step();
    expect(rowsOf(grown.weight)[6][0]).toBeLessThan(0);
    expect(rowsOf(grown.weight)[5]).toEqual([0, 0]);
  });

  it.each(CASES)("the state of %s forgets rows that went, though as many came back before the next step", (...c) => {
    const [, sparse, optimizer] = c;
    const [shrunk, fresh] = [make({ sparse }), make({ sparse })];
    const both = [shrunk, fresh].map((emb) => ({ emb, steps: optimizer(emb.parameters()) }));
    const step = (input: number[]) => {
      for (const { emb, steps } of both) {
        steps.zeroGrad();
        emb.forward(input).sum().backward();
        steps.step();
      }
    };
    both[0].emb.forward([2, 3, 4, 4]).sum().backward();
    both[1].emb.forward([2]).sum().backward();
    for (const { steps } of both) steps.step();
    const init = (rows: Tensor) =>
      void rows.copy_([
        [7, 8],
        [9, 10],
      ]);
    for (const { emb } of both) {
      emb.resize(3);
      emb.resize(5, { init });
    }
    step([0, 2, 4]);
    step([1]);
    expect(rowsOf(shrunk.weight)).toEqual(rowsOf(fresh.weight));
  });

  it("gives new rows of Adagrad the accumulator they would have started with", () => {
    const emb = make();
    const adagrad = new optim.Adagrad(emb.parameters(), { lr: 0.1, initialAccumulatorValue: 0.25 });
    emb.resize(6);
    emb.forward([0]).sum().backward();
    adagrad.step();
    expect(rowsOf(adagrad.state.get(emb.weight)!.sum)).toEqual([[1.25, 1.25], ...Array(5).fill([0.25, 0.25])]);
    emb.resize(2);
    expect(adagrad.stateDict().state[0].sum).toMatchObject({ shape: [2, 2] });
  });

  it("clears the gradient and lets no graph of before run backward", () => {
    const emb = make();
    emb.forward([1]).sum().backward();
    const loss = emb.forward([1, 2]).sum();
    emb.resize(6);
    expect(emb.weight.grad).toBeNull();
    expectError(() => loss.backward(), Error, "one of the variables needed for gradient computation has been modified");
    expect(emb.weight.grad).toBeNull();
    emb.forward([5]).sum().backward();
    expect(rowsOf(emb.weight.grad!)[5]).toEqual([1, 1]);
  });

  it("leaves a tensor that was shared with the table as it was", () => {
    const given = tensor(table());
    const emb = nn.Embedding.fromPretrained(given);
    emb.resize(6);
    emb.weight.data.fill_(0);
    expect(rowsOf(given)).toEqual(table());
  });

  it("leaves a state dict taken before with the old values", () => {
    const emb = make();
    const state = emb.stateDict();
    emb.resize(6);
    emb.weight.data.fill_(0);
    expect(rowsOf(state.weight)).toEqual(table());
  });

  it("frees the old table at once where nobody has read data, padded or loaded though it is", () => {
    const emb = make({ weight: undefined, paddingIdx: 0 });
    const { numTensors, numBytes } = memory();
    for (let n = 6; n < 20; n++) {
      emb.resetParameters();
      emb.loadStateDict({ weight: Array.from({ length: n - 1 }, () => [n, n]) });
      emb.resize(n);
    }
    emb.resize(5);
    expect(memory()).toMatchObject({ numTensors, numBytes });
  });

  it("keeps frozen rows frozen and lets new ones learn", () => {
    const emb = make();
    emb.freezeRows({ start: 0, end: 5 });
    emb.resize(7);
    expect(emb.trainableRows).toEqual([[5, 7]]);
    emb.resize(6);
    expect(emb.trainableRows).toEqual([[5, 6]]);
  });

  it("is there for EmbeddingBag as well", () => {
    const bag = new nn.EmbeddingBag(2, 2, {
      weight: [
        [1, 2],
        [3, 4],
      ],
      mode: "sum",
    });
    bag.resize(3, { init: (rows) => rows.fill_(1) });
    expect(rowsOf(bag.forward([[0, 2], [1]]))).toEqual([
      [2, 3],
      [3, 4],
    ]);
    bag.freezeRows([0]);
    bag
      .forward([[0, 2]])
      .sum()
      .backward();
    expect(rowsOf(bag.weight.grad!)).toEqual([
      [0, 0],
      [0, 0],
      [1, 1],
    ]);
  });

  it("changes nothing when the size is bad, the padding row would go, or init throws", () => {
    const emb = make({ paddingIdx: 4 });
    expectError(() => emb.resize(4), RangeError, "resize: padding_idx must be within num_embeddings");
    expectError(() => emb.resize(-1), RangeError, "resize: ");
    expectError(() => emb.resize(5.5), TypeError, "resize: ");
    expectError(() => emb.resize(6, { init: 3 as unknown as () => void }), TypeError, "resize: init");
    const before = memory().numBytes;
    const fails = () => {
      throw new Error("no");
    };
    expectError(() => emb.resize(6, { init: fails }), Error, "no");
    expect(memory().numBytes).toBe(before);
    expect(emb.numEmbeddings).toBe(5);
    expect(rowsOf(emb.weight)).toEqual(table());
  });

  it("leaves no memory behind", () => {
    const before = memory();
    const emb = make();
    const adam = new optim.Adam(emb.parameters());
    for (let n = 6; n < 30; n++) {
      tidy(() => {
        emb.resize(n);
        adam.zeroGrad();
        emb
          .forward([n - 1, 0])
          .sum()
          .backward();
        adam.step();
      });
    }
    emb.dispose();
    adam.dispose();
    expect(memory().numBytes).toBe(before.numBytes);
    expect(memory().numTensors).toBe(before.numTensors);
  });
});
