import {
  functional as F,
  longTensor,
  manualSeed,
  memory,
  nn,
  ones,
  randn,
  type Tensor,
  tensor,
  tidy,
} from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError, valuesOf } from "../tensor/compare.js";

class Inner extends nn.Module {
  readonly table = new nn.Embedding(2, 3);
  readonly scale = new nn.Parameter(ones([3]));
}

class Outer extends nn.Module {
  readonly words = new nn.Embedding(4, 3, { paddingIdx: 0 });
  readonly inner = new Inner();
  readonly tied = this.words.weight;
  readonly label = "not a parameter";
  readonly plain = ones([2]);

  forward(index: number[]): Tensor {
    return this.words.forward(index).mul(this.inner.scale);
  }
}

const names = (module: nn.Module) => [...module.namedParameters()].map(([name]) => name);

describe("a module finds what it is made of", () => {
  it("parameters by dotted name, in the order of its fields, shared ones once", () => {
    const model = new Outer();
    expect(names(model)).toEqual(["words.weight", "inner.table.weight", "inner.scale"]);
    const { words, inner } = model;
    expect([...model.parameters()]).toEqual([words.weight, inner.table.weight, inner.scale]);
  });

  it("an Embedding has one, its weight", () => {
    const table = new nn.Embedding(2, 2);
    expect([...table.namedParameters()]).toEqual([["weight", table.weight]]);
  });

  it("its children by name", () => {
    const model = new Outer();
    expect([...model.namedChildren()]).toEqual([
      ["words", model.words],
      ["inner", model.inner],
    ]);
    expect([...model.children()]).toEqual([model.words, model.inner]);
  });

  it("what was replaced is gone, what was added is found", () => {
    const table = new nn.Embedding(2, 2);
    const weight = new nn.Parameter(ones([2, 2]));
    table.weight = weight;
    expect([...table.parameters()]).toEqual([weight]);
    expect(table.forward(1).toArray()).toEqual([1, 1]);
  });
});

describe("a module passes on", () => {
  it("train and eval", () => {
    const model = new Outer();
    expect([model.training, model.inner.table.training]).toEqual([true, true]);
    expect(model.eval()).toBe(model);
    expect([model.training, model.words.training, model.inner.table.training]).toEqual([false, false, false]);
    expect(model.train()).toBe(model);
    expect([model.training, model.words.training, model.inner.table.training]).toEqual([true, true, true]);
    expect(model.train(false).inner.training).toBe(false);
  });

  it("requiresGrad_", () => {
    const model = new Outer();
    expect(model.requiresGrad_(false)).toBe(model);
    expect([...model.parameters()].map((p) => p.requiresGrad)).toEqual([false, false, false]);
    expect(model.forward([1]).requiresGrad).toBe(false);
    model.requiresGrad_();
    expect([...model.parameters()].map((p) => p.requiresGrad)).toEqual([true, true, true]);
  });

  it("zeroGrad", () => {
    const model = new Outer();
    model.forward([1, 2]).sum().backward();
    expect(model.words.weight.grad).not.toBeNull();
    expect(model.inner.table.weight.grad).toBeNull();
    model.zeroGrad();
    expect([...model.parameters()].map((p) => p.grad)).toEqual([null, null, null]);
  });

  it("dispose", () => {
    const before = memory();
    const model = tidy(() => {
      const made = new Outer();
      made.forward([1, 2]).sum().backward();
      return made;
    });
    model.dispose();
    model.dispose();
    expect(memory().numTensors).toBe(before.numTensors);
    expect(memory().numBytes).toBe(before.numBytes);
    expectError(() => model.forward([1]), Error, "disposed");
    expectError(() => model.words.weight.toArray(), Error, "disposed");
  });

  it("dispose, by the language", () => {
    const table = new nn.Embedding(2, 2);
    table[Symbol.dispose]();
    expect(table.weight.isDisposed).toBe(true);
  });
});

describe("a state dict", () => {
  it("of an Embedding is its weight", () => {
    expect(Object.keys(new nn.Embedding(2, 2, { paddingIdx: 1, maxNorm: 1 }).stateDict())).toEqual(["weight"]);
  });

  it("has every name, also the second one of a shared parameter", () => {
    expect(Object.keys(new Outer().stateDict())).toEqual(["words.weight", "inner.table.weight", "inner.scale", "tied"]);
  });

  it("shares its storage with the module and needs no gradient", () => {
    const table = new nn.Embedding(2, 2);
    const { weight } = table.stateDict();
    expect([weight.requiresGrad, weight.gradFn]).toEqual([false, null]);
    weight.fill_(5);
    expect(table.weight.toArray()).toEqual([
      [5, 5],
      [5, 5],
    ]);
  });

  it("moves values from one model to another by copying them", () => {
    const [from, to] = [new Outer(), new Outer()];
    expect(to.loadStateDict(from.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] });
    for (const [name, value] of Object.entries(from.stateDict())) {
      expect(to.stateDict()[name].toArray()).toEqual(value.toArray());
    }
    from.words.weight.data.fill_(9);
    expect(to.words.weight.at(1, 1).item()).not.toBe(9);
    expect([...to.parameters()].every((p) => p.requiresGrad && p.isLeaf)).toBe(true);
  });

  it("keeps the padding row as it comes", () => {
    const table = new nn.Embedding(2, 2, { paddingIdx: 0 });
    table.loadStateDict({ weight: ones([2, 2]) });
    expect(table.weight.at(0).toArray()).toEqual([1, 1]);
  });

  it("may lack and exceed what the module has when strict is false", () => {
    const model = new Outer();
    const before = model.inner.scale.toArray();
    const state = { "words.weight": ones([4, 3]), "somewhere.else": ones([1]) };
    expect(model.loadStateDict(state, { strict: false })).toEqual({
      missingKeys: ["inner.table.weight", "inner.scale", "tied"],
      unexpectedKeys: ["somewhere.else"],
    });
    expect(model.words.weight.at(3).toArray()).toEqual([1, 1, 1]);
    expect(model.inner.scale.toArray()).toEqual(before);
  });

  const good = () => ({ ...new Outer().stateDict() });
  it.each([
    [
      "a missing entry",
      () => ({}),
      Error,
      ["Error(s) in loading state_dict for Outer:", 'Missing key(s) in state_dict: "words.weight", '],
    ],
    [
      "an unexpected entry",
      () => ({ ...good(), more: ones([1]) }),
      Error,
      ['Unexpected key(s) in state_dict: "more". '],
    ],
    [
      "a misshapen entry",
      () => ({ ...good(), "inner.scale": ones([4]) }),
      Error,
      ["size mismatch for inner.scale: copying a param with shape torch.Size([4])"],
    ],
    ["an entry that is an array", () => ({ ...good(), "inner.scale": [1, 1, 1] }), TypeError, ["inner.scale"]],
    ["an entry of integers", () => ({ ...good(), "inner.scale": longTensor([1, 1, 1]) }), TypeError, []],
    [
      "a disposed entry",
      () => {
        const scale = ones([3]);
        scale.dispose();
        return { ...good(), "inner.scale": scale };
      },
      Error,
      ["disposed"],
    ],
  ])("with %s is refused, and nothing has been copied", (_, state, type, words) => {
    const model = new Outer();
    const before = [...model.parameters()].map(valuesOf);
    expectError(() => model.loadStateDict(state() as never), type, ...words);
    expect([...model.parameters()].map(valuesOf)).toEqual(before);
  });

  it("that is no object is a TypeError", () => {
    expectError(() => new Outer().loadStateDict(null as never), TypeError, "loadStateDict");
  });

  it("leaves saved values of a graph to their version: loading before backward is an Error", () => {
    const x = new nn.Embedding(2, 2);
    const loss = x.weight.mul(x.weight).sum();
    x.loadStateDict({ weight: ones([2, 2]) });
    expectError(() => loss.backward(), Error, "modified by an inplace operation");
  });
});

describe("toString", () => {
  it("indents modules in modules", () => {
    expect(String(new Outer())).toBe(
      [
        "Outer(",
        "  (words): Embedding(4, 3, padding_idx=0)",
        "  (inner): Inner(",
        "    (table): Embedding(2, 3)",
        "  )",
        ")",
      ].join("\n"),
    );
  });

  it("of a module without anything is its name", () => {
    class Nothing extends nn.Module {}
    expect(String(new Nothing())).toBe("Nothing()");
  });
});

describe("a Parameter", () => {
  it("shares the storage of its tensor and is a leaf", () => {
    const x = ones([2], { requiresGrad: true });
    const p = new nn.Parameter(x.mul(2));
    expect([p.isLeaf, p.requiresGrad]).toEqual([true, true]);
    p.data.fill_(7);
    const q = new nn.Parameter(x);
    q.data.fill_(3);
    expect([p.toArray(), x.toArray()]).toEqual([
      [7, 7],
      [3, 3],
    ]);
  });

  it("may be frozen, and may hold integers only then", () => {
    expect(new nn.Parameter(ones([2]), false).requiresGrad).toBe(false);
    expect(new nn.Parameter(longTensor([1, 2]), false).dtype).toBe("int32");
    expectError(() => new nn.Parameter(longTensor([1, 2])), TypeError, "Tensors of floating point");
    expectError(() => new nn.Parameter([1, 2] as never), TypeError, "Parameter");
  });

  it("survives the tidy it was made in, its tensor does not", () => {
    let made: Tensor | null = null;
    const p = tidy(() => {
      made = ones([2]);
      return { parameter: [new nn.Parameter(made)] }.parameter[0];
    });
    expect(made!.isDisposed).toBe(true);
    expect(p.toArray()).toEqual([1, 1]);
    const kept: nn.Parameter[] = [];
    tidy(() => void kept.push(new nn.Parameter(ones([1]))));
    expect(kept[0].toArray()).toEqual([1]);
  });
});

describe("an initializer", () => {
  it.each([
    ["zeros_", (p: Tensor) => nn.init.zeros_(p), (x: number) => x === 0],
    ["constant_", (p: Tensor) => nn.init.constant_(p, 0.5), (x: number) => x === 0.5],
    ["uniform_", (p: Tensor) => nn.init.uniform_(p, { a: 2, b: 3 }), (x: number) => x >= 2 && x < 3],
    ["normal_", (p: Tensor) => nn.init.normal_(p, { mean: 100, std: 0 }), (x: number) => x === 100],
  ])("%s fills a parameter in place and returns it", (_, init, rule) => {
    const p = new nn.Parameter(tensor([-9, -9, -9]));
    expect(init(p)).toBe(p);
    expect(valuesOf(p).every(rule)).toBe(true);
    expect([p.requiresGrad, p.isLeaf]).toEqual([true, true]);
  });

  it("draws what the tensor's own method draws", () => {
    for (const [init, method] of [
      [(p: Tensor) => nn.init.uniform_(p, { a: -1, b: 2 }), (p: Tensor) => p.uniform_(-1, 2)],
      [(p: Tensor) => nn.init.normal_(p, { mean: 3, std: 2 }), (p: Tensor) => p.normal_(3, 2)],
      [(p: Tensor) => nn.init.uniform_(p), (p: Tensor) => p.uniform_(0, 1)],
      [(p: Tensor) => nn.init.normal_(p), (p: Tensor) => p.normal_(0, 1)],
    ]) {
      const [a, b] = [randn([20]), randn([20])];
      manualSeed(3);
      init(a);
      manualSeed(3);
      method(b);
      expect(valuesOf(a)).toEqual(valuesOf(b));
    }
  });
});

describe("padSequence", () => {
  const { padSequence } = nn.utils.rnn;

  it("of integers goes straight into an Embedding", () => {
    const padded = padSequence([Int32Array.of(1, 2), Uint8Array.of(3), longTensor([2, 2, 1])], {
      batchFirst: true,
      paddingValue: 3,
    });
    expect([padded.dtype, padded.toArray()]).toEqual([
      "int32",
      [
        [1, 2, 3],
        [3, 3, 3],
        [2, 2, 1],
      ],
    ]);
    expect(F.embedding(padded, ones([4, 2])).shape).toEqual([3, 3, 2]);
  });

  it("leaves its sequences alone", () => {
    const sequences = [tensor([1, 2]), tensor([3])];
    padSequence(sequences);
    expect(sequences.map((s) => s.toArray())).toEqual([[1, 2], [3]]);
  });

  it("keeps nothing but its result", () => {
    const sequences = [[1, 2], [3]];
    const before = memory();
    padSequence(sequences).dispose();
    expect(memory()).toEqual(before);
    expectError(() => padSequence([...sequences, [[1]]]), RangeError, "padSequence");
    expect(memory()).toEqual(before);
  });

  it("of two dtypes is a TypeError", () => {
    expectError(() => padSequence([tensor([1]), longTensor([1])]), TypeError, "sequences[1] is int32");
  });
});
