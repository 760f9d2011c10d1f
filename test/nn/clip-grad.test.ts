import { manualSeed, memory, nn, ones, optim, randn, SparseTensor, type Tensor, tensor, zeros } from "nn-embedding";
import { beforeEach, describe, expect, it } from "vitest";
import { norm } from "../reference/index.js";
import { expectBits, expectClose, expectError, gradOf, sparseGradOf, valuesOf } from "../tensor/compare.js";

const { clipGradNorm_, clipGradValue_ } = nn.utils;
const POWERS = [2, 1, Infinity, 3, 0.5, 2.5];
const [ROWS, DIM] = [9, 5];
const INDEX = [4, 1, 4, 8, 1, 4];

/** A table that got a gradient for INDEX, as one of three forms. */
const FORMS: Record<string, () => Tensor> = {
  dense: () => {
    const weight = looked(false);
    weight.grad!.toArray();
    return weight;
  },
  deferred: () => looked(false),
  sparse: () => looked(true),
  "coalesced sparse": () => {
    const weight = looked(true);
    weight.grad = sparseGradOf(weight).coalesce();
    return weight;
  },
};

function looked(sparse: boolean): Tensor {
  manualSeed(11);
  const table = new nn.Embedding(ROWS, DIM, { sparse });
  table.forward(INDEX).backward(randn([INDEX.length, DIM]).mul(3));
  return table.weight;
}

function withGrad(values: number[]): Tensor {
  const param = zeros([values.length], { requiresGrad: true });
  param.grad = tensor(values);
  return param;
}

describe.each(Object.entries(FORMS))("a %s gradient", (form, make) => {
  it.each(POWERS)("is scaled to its greatest norm: p = %d", (normType) => {
    const before = gradOf(FORMS.dense());
    const [param, other] = [make(), withGrad([3, -4])];
    const total = clipGradNorm_([param, other], 1.5, { normType });
    const expected = norm([...before, 3, -4], normType);
    expectClose([total], [expected], 1e-6);
    const factor = 1.5 / (expected + 1e-6);
    const after = Float32Array.from(before, (x) => x * factor);
    const scale = () => 3 * factor;
    expectClose(gradOf(param), after, 1e-6, scale);
    expectClose(gradOf(other), [3 * factor, -4 * factor], 1e-6);
    expectClose([clipGradNorm_([param, other], Infinity, { normType })], [1.5], 2e-6);
  });

  it("with a small norm keeps every bit", () => {
    const [param, before] = [make(), gradOf(FORMS.dense())];
    const total = clipGradNorm_(param, 1e6);
    expectClose([total], [norm(before, 2)], 1e-6);
    expectBits(gradOf(param), gradOf(make()));
  });

  it.each([1, 0.1, 0, 100, Infinity])("is clamped as the whole matrix: to %d and its opposite", (clipValue) => {
    const param = make();
    clipGradValue_(param, clipValue);
    const expected = gradOf(FORMS.dense()).map((x) => Math.min(Math.max(x, -clipValue), clipValue));
    expectClose(gradOf(param), expected, 1e-6, () => 3);
  });

  it("is what the optimizer steps with", () => {
    const param = make();
    const before = valuesOf(param);
    clipGradNorm_(param, 0.5);
    new optim.SGD([param], { lr: 2 }).step();
    const grad = gradOf(param);
    expectClose(
      valuesOf(param),
      before.map((x, i) => x - 2 * grad[i]),
      1e-6,
      () => 3,
    );
    expectClose([norm(grad, 2)], [0.5], 1e-5);
  });

  it("keeps its form", () => {
    const param = make();
    const indices = form.includes("sparse") ? valuesOf(sparseGradOf(param).indices) : null;
    clipGradNorm_(param, 0.5);
    if (indices === null) {
      expect(param.grad).not.toBeInstanceOf(SparseTensor);
      return;
    }
    const scaled = sparseGradOf(param);
    expect([scaled.isCoalesced, valuesOf(scaled.indices)]).toEqual([form === "coalesced sparse", indices]);
    clipGradValue_(param, 0.1);
    const clamped = sparseGradOf(param);
    expect([clamped.isCoalesced, [...valuesOf(clamped.indices)]]).toEqual([true, [1, 4, 8]]);
  });
});

describe("rows of a large table", () => {
  const [V, D] = [1_000_000, 16];
  let table: nn.Embedding;

  describe.each([true, false])("sparse: %s", (sparse) => {
    beforeEach(() => {
      table = new nn.Embedding(V, D, { sparse, weight: zeros([V, D]) });
      return () => table.dispose();
    });

    it("are clipped for what they cost themselves", () => {
      table.forward([5, 999_999, 5]).sum().backward();
      const before = memory();
      expectClose([clipGradNorm_(table.weight, 1)], [Math.sqrt(5 * D)], 1e-6);
      clipGradValue_(table.weight, 0.01);
      const { numBytes, reservedBytes } = memory();
      expect(numBytes - before.numBytes).toBeLessThan(10_000);
      expect(reservedBytes).toBe(before.reservedBytes);
      new optim.SGD([table.weight], { lr: 1 }).step();
      expect(memory().reservedBytes).toBe(before.reservedBytes);
      expectBits(valuesOf(table.weight.at(5)), Array(D).fill(-0.01));
      expectBits(valuesOf(table.weight.at(999_999)), Array(D).fill(-0.01));
    });
  });
});

describe("several parameters", () => {
  it("scaled to nothing keep their signs", () => {
    const param = withGrad([3, -4, 0, -0]);
    clipGradNorm_(param, 0);
    expectBits(gradOf(param), [0, -0, 0, -0]);
  });

  it("have one norm together, those without a gradient no part in it", () => {
    const params = [withGrad([3]), zeros([4], { requiresGrad: true }), withGrad([]), withGrad([0, 4])];
    expect(clipGradNorm_(params, 1)).toBe(5);
    expect(params.map((param) => param.grad === null)).toEqual([false, true, false, false]);
    expectClose(gradOf(params[3]), [0, 0.8], 1e-6);
  });

  it("without any gradient have the norm 0, and so has no parameter", () => {
    expect(clipGradNorm_([zeros([2], { requiresGrad: true }), ones([1])], 1)).toBe(0);
    expect(clipGradNorm_([], 1)).toBe(0);
    expect(clipGradNorm_([...new nn.ModuleList().parameters()], 1, { errorIfNonfinite: true })).toBe(0);
    clipGradValue_([], 1);
  });

  it("come as one tensor, an array, a set or whatever can be iterated over", () => {
    for (const given of [
      (p: Tensor) => p,
      (p: Tensor) => [p],
      (p: Tensor) => new Set([p]),
      (p: Tensor) => [p].values(),
    ]) {
      const param = withGrad([3, 4]);
      expect(clipGradNorm_(given(param), 0.5)).toBe(5);
      expectClose(gradOf(param), [0.3, 0.4], 1e-6);
      clipGradValue_(given(param), 0.2);
      expectClose(gradOf(param), [0.2, 0.2], 1e-6);
    }
    const layer = new nn.Linear(2, 2);
    layer
      .forward(ones([1, 2]))
      .sum()
      .backward();
    expectClose([clipGradNorm_(layer.parameters(), 1)], [Math.sqrt(6)], 1e-6);
  });

  it("listed twice count once", () => {
    const param = withGrad([3, 4]);
    expect(clipGradNorm_([param, param], 0.5)).toBe(5);
    expectClose(gradOf(param), [0.3, 0.4], 1e-6);
  });

  it.each(POWERS)("have norms that neither overflow nor underflow: p = %d", (normType) => {
    for (const scale of [3e37, 1e-38, 1e-44]) {
      const grads = [[1, -3], [2], [0, 0.5, 0]].map((grad) => grad.map((x) => Math.fround(x * scale)));
      const params = grads.map(withGrad);
      const parts = grads.flat().map((x) => x / scale);
      const maxNorm = Math.max(scale, 1);
      const total = clipGradNorm_(params, maxNorm, { normType });
      expectClose([total], [scale * norm(parts, normType)], 1e-6);
      const factor = maxNorm / (total + 1e-6);
      if (factor < 1) expectClose(gradOf(params[0]), [grads[0][0] * factor, grads[0][1] * factor], 1e-6);
      else expectBits(gradOf(params[0]), grads[0]);
    }
  });

  it("are told apart by the norm of many", () => {
    const params = Array.from({ length: 500 }, (_, i) => withGrad([i % 7, -1]));
    const all = params.flatMap((param) => [...gradOf(param)]);
    expectClose([clipGradNorm_(params, 1, { normType: 3 })], [norm(all, 3)], 1e-6);
  });
});

describe("frozen rows", () => {
  it.each([true, false])("have no part in the norm and stay without a gradient, sparse: %s", (sparse) => {
    const table = new nn.Embedding(4, 2, { sparse });
    table.freezeRows([1]);
    table.forward([0, 1, 1, 3]).sum().backward();
    expect(clipGradNorm_(table.weight, 1)).toBe(2);
    expectClose(gradOf(table.weight), [0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5], 1e-6);
    clipGradValue_(table.weight, 0.25);
    expectBits(gradOf(table.weight), [0.25, 0.25, 0, 0, 0, 0, 0.25, 0.25]);
  });
});

describe("gradients that are not finite", () => {
  it("make all of them 0 or NaN, unless that is an error", () => {
    const make = () => [withGrad([1, Infinity]), withGrad([2])];
    const params = make();
    expect(clipGradNorm_(params, 1)).toBe(Infinity);
    expect(params.map((param) => [...gradOf(param)])).toEqual([[0, NaN], [0]]);
    const kept = make();
    expectError(() => clipGradNorm_(kept, 1, { errorIfNonfinite: true }), Error, "The total norm of order 2.0");
    expect(kept.map((param) => [...gradOf(param)])).toEqual([[1, Infinity], [2]]);
  });

  it.each([NaN, Infinity])("reach rows that no batch touched as in PyTorch: %d", (bad) => {
    const table = new nn.Embedding(3, 2);
    table.forward([1]).backward(tensor([[bad, 1]]));
    expect(clipGradNorm_(table.weight, 1)).toBe(bad);
    const rest = Number.isNaN(bad) ? NaN : 0;
    expect([...gradOf(table.weight)]).toEqual([rest, rest, NaN, rest, rest, rest]);
  });

  it("stay what they are when values are clipped, as far as they have a sign", () => {
    const param = withGrad([Infinity, -Infinity, NaN, 0]);
    clipGradValue_(param, 2);
    expect([...gradOf(param)]).toEqual([2, -2, NaN, 0]);
  });
});

describe("whoever shares a gradient's storage", () => {
  it.each([true, false])("through backward keeps its values, sparse: %s", (sparse) => {
    const table = new nn.Embedding(3, 2, { sparse });
    const flowing = ones([2, 2]).mul(5);
    table.forward([0, 1]).backward(flowing);
    clipGradNorm_(table.weight, 1);
    clipGradValue_(table.weight, 0.1);
    expect(flowing.toArray()).toEqual([
      [5, 5],
      [5, 5],
    ]);
    expectBits(valuesOf(table.weight.grad!.at(1) as Tensor), [0.1, 0.1]);
  });

  it("by having assigned it keeps its values too", () => {
    const given = tensor([3, 4]);
    const [a, b] = [ones([2], { requiresGrad: true }), ones([2], { requiresGrad: true })];
    a.grad = given;
    b.grad = a.grad;
    clipGradNorm_(a, 1);
    expect([given.toArray(), b.grad!.toArray()]).toEqual([
      [3, 4],
      [3, 4],
    ]);
  });

  it("by having read it sees a dense one change in place, as in PyTorch, and holds the old sparse one", () => {
    const [dense, sparse] = [withGrad([3, 4]), FORMS.sparse()];
    const held = [dense.grad as Tensor, sparseGradOf(sparse).values];
    const before = valuesOf(held[1]);
    clipGradNorm_([dense, sparse], 1);
    expect(dense.grad).toBe(held[0]);
    expect(valuesOf(held[0])).toEqual(gradOf(dense));
    expect(valuesOf(held[1])).toEqual(before);
    expect(valuesOf(sparseGradOf(sparse).values)).not.toEqual(before);
  });

  it("in a graph sees that it was changed in place", () => {
    const [param, w] = [withGrad([3, 4]), ones([2], { requiresGrad: true })];
    const loss = w.mul(param.grad as Tensor).sum();
    clipGradNorm_(param, 1);
    expectError(() => loss.backward(), Error, "modified by an inplace operation");
  });
});

describe("clipping", () => {
  it("keeps nothing", () => {
    for (const make of Object.values(FORMS)) {
      const param = make();
      clipGradNorm_(param, 1);
      clipGradValue_(param, 0.5);
      const before = memory();
      for (let i = 0; i < 20; i++) {
        clipGradNorm_(param, 0.5 / (i + 1));
        clipGradValue_(param, 0.1 / (i + 1));
      }
      expect(memory()).toEqual(before);
    }
  });

  const nothing = undefined as never;
  it.each<[string, (params: Tensor[]) => unknown, typeof Error, string]>([
    ["a negative greatest norm", (p) => clipGradNorm_(p, -1), RangeError, "maxNorm must be >= 0"],
    ["a greatest norm that is NaN", (p) => clipGradNorm_(p, NaN), RangeError, "maxNorm"],
    ["a greatest norm that is a word", (p) => clipGradNorm_(p, "1" as never), TypeError, "maxNorm"],
    ["no greatest norm", (p) => clipGradNorm_(p, nothing), TypeError, "maxNorm"],
    ["p = 0", (p) => clipGradNorm_(p, 1, { normType: 0 }), RangeError, "normType must be > 0, but got 0"],
    ["p = -1", (p) => clipGradNorm_(p, 1, { normType: -1 }), RangeError, "normType"],
    ["p = NaN", (p) => clipGradNorm_(p, 1, { normType: NaN }), RangeError, "normType"],
    ["p as a word", (p) => clipGradNorm_(p, 1, { normType: "inf" as never }), TypeError, "normType"],
    ["an unknown option", (p) => clipGradNorm_(p, 1, { foreach: true } as never), TypeError, "'foreach'"],
    [
      "a flag that is none",
      (p) => clipGradNorm_(p, 1, { errorIfNonfinite: 1 as never }),
      TypeError,
      "errorIfNonfinite",
    ],
    ["a number as parameters", () => clipGradNorm_(3 as never, 1), TypeError, "an iterable of Tensors, but got 3"],
    ["nothing as parameters", () => clipGradNorm_(nothing, 1), TypeError, "'params'"],
    ["a module as parameters", () => clipGradValue_(new nn.Linear(1, 1) as never, 1), TypeError, "an object of class"],
    ["a number among parameters", (p) => clipGradNorm_([...p, 3 as never], 1), TypeError, "found 3"],
    [
      "a generator that is used up",
      (p) => {
        const generator = p.values();
        new optim.SGD(generator, { lr: 1 });
        clipGradNorm_(generator, 1);
      },
      Error,
      "clipGradNorm_: `parameters` is an empty generator",
    ],
    [
      "the parameters of a module that has none",
      () => clipGradValue_(new nn.ModuleList().parameters(), 1),
      Error,
      "clipGradValue_: `parameters` is an empty generator",
    ],
    ["a word as parameters", () => clipGradNorm_("w" as never, 1), TypeError, 'found "w"'],
    [
      "a gradient among parameters",
      (p) => clipGradValue_([p[0].grad as Tensor, p[1].grad as never], 1),
      TypeError,
      "SparseTensor",
    ],
    ["a negative greatest value", (p) => clipGradValue_(p, -0.1), RangeError, "clipValue must be >= 0"],
    ["a greatest value that is NaN", (p) => clipGradValue_(p, NaN), RangeError, "clipValue"],
    ["no greatest value", (p) => clipGradValue_(p, nothing), TypeError, "clipValue"],
    [
      "a row outside the table",
      (p) => {
        sparseGradOf(p[1]).indices.array[2] = ROWS;
        clipGradNorm_(p, 1);
      },
      RangeError,
      `indices[0][2] is ${ROWS}, valid range is [0, ${ROWS})`,
    ],
  ])("with %s is refused, and no gradient has been changed", (_, mistake, type, words) => {
    const params = [withGrad([30, 40]), FORMS.sparse()];
    const gradients = () => [valuesOf(params[0].grad as Tensor), valuesOf(sparseGradOf(params[1]).values)];
    const before = gradients();
    expectError(() => mistake(params), type, "clipGrad", words);
    expect(gradients()).toEqual(before);
  });

  it("of a disposed parameter does nothing, for its gradient has gone with it", () => {
    const param = withGrad([3, 4]);
    param.dispose();
    expect(clipGradNorm_(param, 1)).toBe(0);
  });
});
