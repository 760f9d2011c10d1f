import { longTensor, memory, nn, ones, optim, type SparseTensor, type Tensor, tidy } from "nn-embedding";
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
  it("parameters by dotted name, its own before those of modules, in the order of its fields, shared ones once", () => {
    const model = new Outer();
    expect(names(model)).toEqual(["tied", "inner.scale", "inner.table.weight"]);
    const { words, inner } = model;
    expect([...model.parameters()]).toEqual([words.weight, inner.scale, inner.table.weight]);
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

  it("a child with two names once, under the first", () => {
    class Twice extends nn.Module {
      readonly first = new Inner();
      readonly second = this.first;
    }
    const model = new Twice();
    expect([...model.namedChildren()]).toEqual([["first", model.first]]);
    expect([...model.children()]).toEqual([model.first]);
    expect([...model.modules()]).toEqual([model, model.first, model.first.table]);
    expect(names(model)).toEqual(["first.scale", "first.table.weight"]);
    expect(Object.keys(model.stateDict())).toEqual([
      "first.scale",
      "first.table.weight",
      "second.scale",
      "second.table.weight",
    ]);
  });

  it("all modules with their dotted names, itself first under no name", () => {
    const model = new Outer();
    expect([...model.namedModules()]).toEqual([
      ["", model],
      ["words", model.words],
      ["inner", model.inner],
      ["inner.table", model.inner.table],
    ]);
    expect([...model.modules()]).toEqual([model, model.words, model.inner, model.inner.table]);
  });

  it("and itself, where it is inside itself, once", () => {
    class Loop extends nn.Module {
      readonly table = new nn.Embedding(2, 2);
      readonly self: nn.Module = this;
    }
    const model = new Loop();
    expect([...model.modules()]).toEqual([model, model.table]);
    expect(names(model)).toEqual(["table.weight"]);
    expect(Object.keys(model.stateDict())).toEqual(["table.weight"]);
    model.requiresGrad_(false).zeroGrad();
    expect(model.table.weight.requiresGrad).toBe(false);
    model.dispose();
    expect(model.table.weight.isDisposed).toBe(true);
  });

  it("but not what lies in arrays and plain objects, nor tensors that are no parameters", () => {
    class Hidden extends nn.Module {
      readonly list = [new nn.Embedding(2, 2), new nn.Parameter(ones([1]))];
      readonly byName = { table: new nn.Embedding(2, 2) };
      readonly learns = ones([2], { requiresGrad: true });
    }
    const model = new Hidden();
    expect([names(model), [...model.children()], Object.keys(model.stateDict())]).toEqual([[], [], []]);
    expect(String(model)).toBe("Hidden()");
  });

  it("and nothing where a parameter or a module has become null or undefined", () => {
    class Optional extends nn.Module {
      scale: nn.Parameter | null = new nn.Parameter(ones([3]));
      shift: nn.Parameter | undefined = new nn.Parameter(ones([3]));
      inner: Inner | null = new Inner();
    }
    const model = new Optional();
    [model.scale, model.shift, model.inner] = [null, undefined, null];
    expect([names(model), [...model.modules()], String(model)]).toEqual([[], [model], "Optional()"]);
    model.train().requiresGrad_().zeroGrad();
    expect(model.loadStateDict({ scale: ones([3]) }, { strict: false }).unexpectedKeys).toEqual(["scale"]);
    model.scale = new nn.Parameter(ones([3]));
    expect(names(model)).toEqual(["scale"]);
  });

  it("only after super(): the language itself demands it", () => {
    const broken = Function("Module", "return class extends Module { constructor() { this.x = 1; } }")(nn.Module);
    expect(() => new broken()).toThrow(ReferenceError);
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

  it("train and eval, but only booleans", () => {
    const model = new Outer();
    for (const mode of [1, null, "false"]) {
      expectError(() => model.train(mode as never), TypeError, "training mode is expected to be boolean");
    }
    expect([...model.modules()].map((module) => module.training)).toEqual([true, true, true, true]);
  });

  it("a function, from the leaves up", () => {
    const model = new Outer();
    const seen: nn.Module[] = [];
    expect(model.apply((module) => void seen.push(module))).toBe(model);
    expect(seen).toEqual([model.words, model.inner.table, model.inner, model]);
    expectError(() => model.apply(null as never), TypeError, "apply: expected a function");
    model.apply((module) => {
      if (module instanceof nn.Embedding) nn.init.constant_(module.weight, 2);
    });
    expect(model.inner.table.weight.at(1).toArray()).toEqual([2, 2, 2]);
  });

  it("zeroGrad", () => {
    const model = new Outer();
    model.forward([1, 2]).sum().backward();
    expect(model.words.weight.grad).not.toBeNull();
    expect(model.inner.table.weight.grad).toBeNull();
    model.zeroGrad();
    expect([...model.parameters()].map((p) => p.grad)).toEqual([null, null, null]);
  });

  it("zeroGrad that leaves zeros: a gradient stays in its form, and a step is still a step", () => {
    class Three extends nn.Module {
      readonly dense = new nn.Parameter(ones([2]));
      readonly touched = new nn.Embedding(4, 2);
      readonly sparse = new nn.Embedding(4, 2, { sparse: true });
      readonly unused = new nn.Parameter(ones([2]));
    }
    const model = new Three();
    const loss = () =>
      model.touched
        .forward([1, 2])
        .add(model.sparse.forward([1, 1]))
        .mul(model.dense)
        .sum();
    loss().backward();
    const held = [model.dense.grad!, model.sparse.weight.grad!];
    const before = held.map((grad) => grad.toArray());
    model.zeroGrad({ setToNone: false });
    expect(held.map((grad) => grad.toArray())).toEqual(before);
    expect(model.dense.grad!.toArray()).toEqual([0, 0]);
    expect(model.touched.weight.grad!.toArray()).toEqual(Array(4).fill([0, 0]));
    const { nnz, isCoalesced, shape } = model.sparse.weight.grad as SparseTensor;
    expect([nnz, isCoalesced, shape]).toEqual([0, true, [4, 2]]);
    expect(model.unused.grad).toBeNull();
    const sgd = new optim.SGD(model.parameters(), { lr: 1, momentum: 0.9 });
    sgd.step();
    expect(sgd.state.has(model.dense)).toBe(true);
    loss().backward();
    expect(model.dense.grad!.toArray()).toEqual(before[0]);
    model.zeroGrad({ setToNone: true });
    expect([...model.parameters()].map((p) => p.grad)).toEqual([null, null, null, null]);
  });

  it("zeroGrad, but no other options", () => {
    const model = new Outer();
    model.forward([1, 2]).sum().backward();
    for (const options of [{ setToZero: true }, { setToNone: 1 }, null, true]) {
      expectError(() => model.zeroGrad(options as never), TypeError, "zeroGrad");
    }
    expect(model.words.weight.grad).not.toBeNull();
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
    expect(Object.keys(new Outer().stateDict())).toEqual(["tied", "words.weight", "inner.scale", "inner.table.weight"]);
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

  it("goes into a model that has a method named load", () => {
    class Stored extends Inner {
      load(): string {
        return "from a file";
      }
    }
    const model = new Stored();
    const result = model.loadStateDict({ scale: [1, 2, 3] }, { strict: false });
    expect(result.missingKeys).toEqual(["table.weight"]);
    expect([...valuesOf(model.scale)]).toEqual([1, 2, 3]);
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
      missingKeys: ["tied", "inner.scale", "inner.table.weight"],
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
      ["Error(s) in loading state_dict for Outer:", 'Missing key(s) in state_dict: "tied", "words.weight", '],
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
    ["an entry that is a word", () => ({ ...good(), "inner.scale": "1, 1, 1" }), TypeError, ["inner.scale"]],
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

  it("shows what a module says of itself before its modules", () => {
    class Told extends Outer {
      protected override extraRepr(): string {
        return "a=1\nb=2";
      }
    }
    expect(String(new Told()).split("\n").slice(0, 4)).toEqual([
      "Told(",
      "  a=1",
      "  b=2",
      "  (words): Embedding(4, 3, padding_idx=0)",
    ]);
    class Short extends nn.Module {
      protected override extraRepr(): string {
        return "a=1";
      }
    }
    expect(String(new Short())).toBe("Short(a=1)");
  });

  it("of a class made from one of ours has the name of that class", () => {
    class Words extends nn.Embedding {}
    expect(String(new Words(2, 3))).toBe("Words(2, 3)");
    expectError(() => new Words(2, 3).loadStateDict({}), Error, "Error(s) in loading state_dict for Words:");
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
