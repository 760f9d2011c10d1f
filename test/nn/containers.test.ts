import { longTensor, manualSeed, memory, nn, noGrad, ones, optim, randn, type Tensor, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError, gradOf, valuesOf } from "../tensor/compare.js";

const relu = () => new nn.ReLU();
const linear = () => new nn.Linear(2, 2);
const namesOf = (module: nn.Module) => [...module.namedParameters()].map(([name]) => name);

/** Both containers, made of modules. */
const containers: [string, (...modules: nn.Layer[]) => nn.ModuleList<nn.Layer> | nn.Sequential<nn.Layer[]>][] = [
  ["ModuleList", (...modules) => new nn.ModuleList(modules)],
  ["Sequential", (...modules) => new nn.Sequential<nn.Layer[]>(...modules)],
];

describe.each(containers)("a %s", (name, make) => {
  it("holds modules in their order, numbered from 0", () => {
    const [a, b, c] = [linear(), relu(), linear()];
    const list = make(a, b, c);
    expect(list.length).toBe(3);
    expect([...list]).toEqual([a, b, c]);
    expect([list.at(0), list.at(2), list.at(-1), list.at(-3)]).toEqual([a, c, c, a]);
    expect([...list.namedChildren()].map(([place]) => place)).toEqual(["0", "1", "2"]);
    expect(namesOf(list)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
  });

  it("keeps their order beyond ten", () => {
    const modules = Array.from({ length: 12 }, linear);
    const list = make(...modules);
    expect([...list.children()]).toEqual(modules);
    expect(namesOf(list).filter((_, i) => i % 2 === 0)).toEqual(modules.map((_, i) => `${i}.weight`));
  });

  it("grows at the end and anywhere, and the numbers follow", () => {
    const [a, b, c, d, e] = [linear(), relu(), linear(), relu(), linear()];
    const list = make();
    expect([list.length, [...list], String(list)]).toEqual([0, [], `${name}()`]);
    expect(list.append(a)).toBe(list);
    expect(list.extend([c, e])).toBe(list);
    expect(list.insert(1, b)).toBe(list);
    list.insert(-1, d);
    expect([...list]).toEqual([a, b, c, d, e]);
    expect(namesOf(list)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]);
    const [first, last] = [relu(), relu()];
    list.insert(0, first).insert(6, last);
    expect([list.at(0), list.at(-1), list.length]).toEqual([first, last, 7]);
  });

  it("can be extended by itself and by whatever can be iterated over", () => {
    const [a, b] = [linear(), relu()];
    const list = make(a, b);
    list.extend(list);
    expect([...list]).toEqual([a, b, a, b]);
    list.extend(new Set([b]));
    list.extend(
      (function* () {
        yield a;
      })(),
    );
    expect([...list].slice(4)).toEqual([b, a]);
    expect(namesOf(list)).toEqual(["0.weight", "0.bias"]);
    expect(Object.keys(list.stateDict())).toEqual(["0", "2", "5"].flatMap((i) => [`${i}.weight`, `${i}.bias`]));
  });

  it("passes on what modules pass on", () => {
    const list = make(linear(), new nn.Sequential(linear(), relu()));
    list.eval().requiresGrad_(false);
    expect([...list.modules()].map((module) => module.training)).toEqual(Array(5).fill(false));
    expect([...list.parameters()].map((p) => p.requiresGrad)).toEqual(Array(4).fill(false));
    expect([...list.namedModules()].map(([place]) => place)).toEqual(["", "0", "1", "1.0", "1.1"]);
    const before = list.length;
    list.dispose();
    expect([...list.parameters()].every((p) => p.isDisposed)).toBe(true);
    expect(list.length).toBe(before);
  });

  it("in a field has the names of both", () => {
    class Model extends nn.Module {
      readonly layers = make(linear(), relu(), linear());
      readonly table = new nn.Embedding(2, 2);
    }
    const [from, to] = [new Model(), new Model()];
    const names = ["layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias", "table.weight"];
    expect(Object.keys(from.stateDict())).toEqual(names);
    expect(to.loadStateDict(from.stateDict())).toEqual({ missingKeys: [], unexpectedKeys: [] });
    expect([...to.parameters()].map(valuesOf)).toEqual([...from.parameters()].map(valuesOf));
    const misshapen = { ...from.stateDict(), "layers.2.bias": ones([3]) };
    expectError(() => to.loadStateDict(misshapen), Error, "size mismatch for layers.2.bias");
  });

  it("of a class of its own may have other parts as well, after those in the row", () => {
    class Wide extends nn.ModuleList {
      readonly scale = new nn.Parameter(ones([2]));
      readonly extra = linear();
    }
    const wide = new Wide([linear()]);
    expect([wide.length, namesOf(wide)]).toEqual([1, ["scale", "0.weight", "0.bias", "extra.weight", "extra.bias"]]);
    expect(String(wide).split("(")[0]).toBe("Wide");
  });

  it.each<[string, (list: nn.ModuleList<nn.Layer>) => unknown, typeof TypeError | typeof RangeError, string]>([
    ["append of an array", (list) => list.append([] as never), TypeError, " is not a Module subclass"],
    ["append of nothing", (list) => list.append(undefined as never), TypeError, "undefined is not a Module subclass"],
    ["append of a class", (list) => list.append(nn.ReLU as never), TypeError, " is not a Module subclass"],
    ["extend by one module", (list) => list.extend(relu() as never), TypeError, ".extend should be called with an"],
    ["extend by null", (list) => list.extend(null as never), TypeError, ".extend should be called with an iterable"],
    [
      "extend by something among modules",
      (list) => list.extend([relu(), 3] as never),
      TypeError,
      "3 is not a Module subclass",
    ],
    ["insert beyond the end", (list) => list.insert(3, relu()), RangeError, "Index out of range: 3"],
    ["insert before the start", (list) => list.insert(-3, relu()), RangeError, "Index out of range: -3"],
    ["insert between two places", (list) => list.insert(0.5, relu()), TypeError, "insert"],
    ["insert of a number", (list) => list.insert(0, 3 as never), TypeError, " is not a Module subclass"],
    ["at the end", (list) => list.at(2), RangeError, "index 2 is out of range"],
    ["at a place before the start", (list) => list.at(-3), RangeError, "index -3 is out of range"],
    ["at a word", (list) => list.at("0" as never), TypeError, "at"],
  ])("is left as it was by an %s that cannot be", (_, mistake, type, words) => {
    const [a, b] = [linear(), relu()];
    const list = make(a, b);
    const before = memory();
    expectError(() => mistake(list as nn.ModuleList<nn.Layer>), type, words);
    expect(memory()).toEqual(before);
    expect([...list]).toEqual([a, b]);
  });
});

describe("a ModuleList", () => {
  it("is made from whatever can be iterated over, and from nothing", () => {
    const modules = [linear(), linear()];
    expect([...new nn.ModuleList(new Set(modules))]).toEqual(modules);
    expect([...new nn.ModuleList(new nn.ModuleList(modules))]).toEqual(modules);
    expect(new nn.ModuleList().length).toBe(0);
  });

  it("takes no part in the array it was made from", () => {
    const modules = [linear()];
    const list = new nn.ModuleList(modules);
    modules.push(linear());
    expect(list.length).toBe(1);
  });
});

describe("a Sequential", () => {
  it("gives each module what the one before returned", () => {
    const [a, b] = [new nn.Linear(3, 4), new nn.Linear(4, 2)];
    const model = new nn.Sequential(a, new nn.ReLU(), b);
    const x = randn([5, 3]);
    const expected = b.forward(new nn.ReLU().forward(a.forward(x)));
    expect(model.forward(x).toArray()).toEqual(expected.toArray());
    expect(new nn.Sequential(new nn.Sequential(a), new nn.ReLU(), b).forward(x).toArray()).toEqual(expected.toArray());
  });

  it("starts with whatever its first module takes", () => {
    const table = new nn.Embedding(4, 3);
    const model = new nn.Sequential(table, new nn.Linear(3, 2));
    expect(model.forward([[1, 2, 3]]).shape).toEqual([1, 3, 2]);
    expect(model.forward(longTensor([0, 3])).shape).toEqual([2, 2]);
    expect(model.forward(2).shape).toEqual([2]);
  });

  it("returns its input when it is empty", () => {
    const x = ones([2]);
    expect(new nn.Sequential().forward(x)).toBe(x);
  });

  it("takes modules of one's own, one of them several times", () => {
    class Double extends nn.Module {
      forward(x: Tensor): Tensor {
        return x.mul(2);
      }
    }
    const double = new Double();
    expect(new nn.Sequential(double, double, double).forward(tensor([1, 2])).toArray()).toEqual([8, 16]);
  });

  it("says which of its modules cannot be called", () => {
    class Silent extends nn.Module {}
    const model = new nn.Sequential(relu(), new Silent() as never);
    expectError(() => model.forward(ones([1])), Error, 'Module [Silent] is missing the required "forward" function');
  });

  it("learns, and all of its memory comes back", () => {
    const before = memory();
    manualSeed(4);
    const model = new nn.Sequential(new nn.Linear(2, 8), new nn.ReLU(), new nn.Linear(8, 1));
    const sgd = new optim.SGD(model.parameters(), { lr: 0.1 });
    const [x, y] = [
      tensor([
        [0, 0],
        [0, 1],
        [1, 0],
        [1, 1],
      ]),
      tensor([[0], [1], [1], [0]]),
    ];
    const lossOf = () => {
      const error = model.forward(x).sub(y);
      return error.mul(error).mean();
    };
    const first = noGrad(() => lossOf().item());
    for (let i = 0; i < 200; i++) {
      model.zeroGrad();
      lossOf().backward();
      sgd.step();
    }
    expect(noGrad(() => lossOf().item())).toBeLessThan(first / 2);
    for (const disposable of [model, sgd, x, y]) disposable.dispose();
    expect(memory().numBytes - before.numBytes).toBeLessThan(2 ** 20);
  });
});

describe("weights tied to a table", () => {
  class LanguageModel extends nn.Module {
    readonly encoder: nn.Embedding;
    readonly decoder = new nn.Linear(3, 5);

    constructor(maxNorm: number | null = null) {
      super();
      this.encoder = new nn.Embedding(5, 3, { maxNorm });
      this.decoder.weight = this.encoder.weight;
    }

    forward(index: number[]): Tensor {
      return this.decoder.forward(this.encoder.forward(index));
    }
  }

  it("are one parameter with two names in the state, and learn once", () => {
    const model = new LanguageModel();
    expect(namesOf(model)).toEqual(["encoder.weight", "decoder.bias"]);
    expect(Object.keys(model.stateDict())).toEqual(["encoder.weight", "decoder.weight", "decoder.bias"]);
    const sgd = new optim.SGD(model.parameters(), { lr: 0.5 });
    const before = valuesOf(model.encoder.weight);
    model.forward([1, 4]).sum().backward();
    const grad = gradOf(model.encoder.weight);
    sgd.step();
    expect(model.decoder.weight).toBe(model.encoder.weight);
    expect(valuesOf(model.decoder.weight)).toEqual(before.map((x, i) => Math.fround(x - Math.fround(0.5 * grad[i]))));
  });

  it("get the gradient of both uses", () => {
    const model = new LanguageModel();
    const { encoder, decoder } = model;
    const table = valuesOf(encoder.weight);
    model.forward([1, 1]).sum().backward();
    // d/dw of sum over i, r of w[1] . w[r]: w[1] twice in every row, and twice the sum of all rows in row 1.
    const expected = Array.from({ length: 5 }, (_, r) =>
      [0, 1, 2].map((d) => {
        const total = [0, 1, 2, 3, 4].reduce((sum, row) => sum + table[3 * row + d], 0);
        return 2 * table[3 + d] + (r === 1 ? 2 * total : 0);
      }),
    );
    for (const [i, value] of gradOf(decoder.weight).entries()) expect(value).toBeCloseTo(expected.flat()[i], 4);
    expect(encoder.weight.grad).toBe(decoder.weight.grad);
  });

  it("with maxNorm are an error at backward, where the look-up comes after the projection", () => {
    const model = new LanguageModel(0.5);
    const hidden = ones([1, 3], { requiresGrad: true });
    const loss = model.decoder
      .forward(hidden)
      .sum()
      .add(model.encoder.forward([0, 1, 2]).sum());
    expectError(() => loss.backward(), Error, "modified by an inplace operation");
  });
});
