import {
  forkRng,
  Generator,
  getRngState,
  manualSeed,
  memory,
  multinomial,
  rand,
  randint,
  randn,
  randperm,
  setRngState,
  type Tensor,
  tensor,
  zeros,
} from "nn-embedding";
import { describe, expect, it, vi } from "vitest";
import { expectError, valuesOf } from "./tensor/compare.js";

const drawn = (generator?: Generator) => [...valuesOf(rand([6], { generator }))];

describe("a seed", () => {
  it("restarts the default generator, which manualSeed returns", () => {
    const generator = manualSeed(42);
    const first = drawn();
    expect(drawn()).not.toEqual(first);
    expect(manualSeed(42)).toBe(generator);
    expect(drawn()).toEqual(first);
    manualSeed(42);
    expect(drawn(generator)).toEqual(first);
  });

  it("is counted in 64 bits but chooses by the lower 32, as in PyTorch", () => {
    const five = drawn(new Generator().manualSeed(5));
    for (const seed of [2 ** 32 + 5, 2n ** 32n + 5n, 2n ** 63n + 5n, -(2n ** 63n) + 5n, 5n]) {
      expect(drawn(new Generator().manualSeed(seed))).toEqual(five);
    }
    expect(drawn(new Generator().manualSeed(6))).not.toEqual(five);
  });

  it.each<[number | bigint, bigint]>([
    [0, 0n],
    [-1, 2n ** 64n - 1n],
    [-(2n ** 63n), 2n ** 63n],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
    [2 ** 32 + 5, 2n ** 32n + 5n],
  ])("%s is told by initialSeed as %s", (seed, told) => {
    expect(new Generator().manualSeed(seed).initialSeed()).toBe(told);
  });

  it.each<[unknown, typeof TypeError | typeof RangeError]>([
    [2n ** 64n, RangeError],
    [-(2n ** 63n) - 1n, RangeError],
    [1e30, RangeError],
    [0.5, TypeError],
    [NaN, TypeError],
    [Infinity, TypeError],
    ["1", TypeError],
    [undefined, TypeError],
  ])("of %s is refused and leaves the generator as it was", (seed, type) => {
    const generator = new Generator().manualSeed(1);
    const expected = drawn(new Generator().manualSeed(1));
    expectError(() => generator.manualSeed(seed as number), type, "manualSeed");
    expect(generator.initialSeed()).toBe(1n);
    expect(drawn(generator)).toEqual(expected);
  });

  it("forgets the second half of a pair of normal numbers", () => {
    manualSeed(3);
    const first = randn([1]).item();
    manualSeed(3);
    expect(randn([1]).item()).toBe(first);
  });
});

describe("a Generator", () => {
  it("starts from PyTorch's default seed", () => {
    expect(new Generator().initialSeed()).toBe(67280421310721n);
    expect(drawn(new Generator())).toEqual(drawn(new Generator().manualSeed(67280421310721n)));
  });

  it("is independent of every other", () => {
    const [a, b] = [new Generator().manualSeed(1), new Generator().manualSeed(2)];
    const alone = [drawn(a), drawn(a), drawn(b), drawn(b)];
    a.manualSeed(1);
    b.manualSeed(2);
    manualSeed(0);
    const [a1, b1, , a2, b2] = [drawn(a), drawn(b), drawn(), drawn(a), drawn(b)];
    expect([a1, a2, b1, b2]).toEqual(alone);
  });

  it("goes on where it stopped, however the numbers are asked for", () => {
    const [whole, parts] = [new Generator().manualSeed(9), new Generator().manualSeed(9)];
    const all = valuesOf(rand([100], { generator: whole }));
    const pieces = [1, 30, 0, 69].flatMap((n) => [...valuesOf(rand([n], { generator: parts }))]);
    expect(pieces).toEqual([...all]);
  });

  it.each<[string, (generator: never) => unknown]>([
    ["rand", (generator) => rand([1], { generator })],
    ["randn", (generator) => randn([1], { generator })],
    ["randint", (generator) => randint(0, 2, [1], { generator })],
    ["randperm", (generator) => randperm(3, { generator })],
    ["multinomial", (generator) => multinomial([1, 1], 1, { generator })],
    ["uniform_", (generator) => zeros([1]).uniform_(0, 1, { generator })],
    ["normal_", (generator) => zeros([1]).normal_(0, 1, { generator })],
  ])("that is none is a TypeError: %s", (operation, draw) => {
    for (const other of [42, null, {}, "1"]) expectError(() => draw(other as never), TypeError, operation, "Generator");
  });
});

describe("a state", () => {
  /** Draws of every kind, long enough for several blocks of words. */
  const sequel = (generator: Generator) =>
    [
      randn([3], { generator }),
      rand([1300], { generator }),
      randint(0, 1000, [7], { generator }),
      randperm(40, { generator }),
      randn([50], { generator }),
      randn([2], { generator }),
    ].flatMap((x) => [...valuesOf(x)]);

  /** Thousands of bytes as one value to compare. */
  const stateOf = (generator: Generator) => hex(generator.getState());
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

  it.each([0, 1, 2, 3, 622, 623, 624, 625, 1247, 1248, 1249, 5000])(
    "after %i words takes another generator to the same place",
    (n) => {
      const [from, to] = [new Generator().manualSeed(n), new Generator().manualSeed(99)];
      rand([n], { generator: from });
      randn([1], { generator: to });
      to.setState(from.getState());
      expect(to.initialSeed()).toBe(BigInt(n));
      expect(stateOf(to)).toBe(stateOf(from));
      expect(sequel(to)).toEqual(sequel(from));
    },
  );

  it("brings a generator back, the kept half of a pair of normal numbers too", () => {
    const generator = new Generator().manualSeed(8);
    randn([3], { generator });
    const state = generator.getState();
    const first = sequel(generator);
    expect(sequel(generator)).not.toEqual(first);
    expect(sequel(generator.setState(state))).toEqual(first);
  });

  it("is a copy: neither later draws nor changes to the bytes reach the other side", () => {
    const generator = new Generator().manualSeed(8);
    const state = generator.getState();
    const before = hex(state);
    rand([1000], { generator });
    expect(hex(state)).toBe(before);
    generator.setState(state);
    expect(hex(state)).toBe(before);
    state.fill(7);
    expect(stateOf(generator)).toBe(before);
  });

  it("is forgotten by manualSeed", () => {
    const generator = new Generator().setState(new Generator().manualSeed(8).getState()).manualSeed(1);
    expect(sequel(generator)).toEqual(sequel(new Generator().manualSeed(1)));
  });

  it("of the default generator is that of getRngState and setRngState", () => {
    const generator = manualSeed(3);
    randn([1]);
    const state = getRngState();
    expect(hex(state)).toBe(stateOf(generator));
    const first = randn([20]).toArray();
    expect(setRngState(state)).toBeUndefined();
    expect(randn([20]).toArray()).toEqual(first);
  });

  it("may lie anywhere: a Buffer, a part of a larger array at an odd place", () => {
    const state = new Generator().manualSeed(4).getState();
    const larger = new Uint8Array(6000);
    larger.set(state, 13);
    const expected = drawn(new Generator().manualSeed(4));
    for (const bytes of [Buffer.from(state), larger.subarray(13, 13 + 5056)]) {
      expect(drawn(new Generator().setState(bytes))).toEqual(expected);
    }
  });

  it("costs no linear memory", () => {
    const generator = new Generator().manualSeed(4);
    const before = memory();
    for (let i = 0; i < 100; i++) generator.setState(generator.getState());
    expect(memory()).toEqual(before);
  });

  /** Good bytes with some 32-bit words replaced. */
  const withWord = (place: number, ...values: number[]) => {
    const bytes = new Generator().manualSeed(4).getState();
    new Int32Array(bytes.buffer).set(values, place);
    return bytes;
  };
  const [LEFT, SEEDED, NEXT] = [2, 3, 4];
  const invalid = "Invalid mt19937 state";
  const size = "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be ";

  it.each<[string, () => unknown, typeof TypeError | typeof RangeError, string]>([
    ["nothing", () => undefined, TypeError, "torch.ByteTensor"],
    ["null", () => null, TypeError, "torch.ByteTensor"],
    ["an array", () => [0, 0], TypeError, "torch.ByteTensor"],
    ["bytes of another kind", () => new Int8Array(5056), TypeError, "torch.ByteTensor"],
    ["a buffer", () => new ArrayBuffer(5056), TypeError, "torch.ByteTensor"],
    ["a tensor", () => zeros([5056]), TypeError, "torch.ByteTensor"],
    ["no bytes", () => new Uint8Array(0), RangeError, `${size}0`],
    ["a byte too few", () => new Uint8Array(5055), RangeError, `${size}5055`],
    ["PyTorch's older form", () => new Uint8Array(5048), RangeError, `${size}5048`],
    ["zeros", () => new Uint8Array(5056), RangeError, invalid],
    ["no seed", () => withWord(SEEDED, 0), RangeError, invalid],
    ["none left", () => withWord(LEFT, 0), RangeError, invalid],
    ["too many left", () => withWord(LEFT, 625), RangeError, invalid],
    ["fewer than none left", () => withWord(LEFT, -1), RangeError, invalid],
    ["a next word beyond the last", () => withWord(NEXT, 625), RangeError, invalid],
    ["a next word before the first", () => withWord(NEXT, -1), RangeError, invalid],
    ["a next word in 64 bits", () => withWord(NEXT + 1, 1), RangeError, invalid],
    ["counts that agree on a place before the first", () => withWord(LEFT, 626, 1, -1), RangeError, invalid],
    ["counts that agree on a place beyond the last", () => withWord(LEFT, 0, 1, 625), RangeError, invalid],
    ["counts that disagree", () => withWord(NEXT, 3), RangeError, invalid],
  ])("of %s is refused and leaves the generator as it was", (_, make, type, words) => {
    const state = make();
    const generator = new Generator().manualSeed(1);
    randn([1], { generator });
    const before = stateOf(generator);
    expectError(() => generator.setState(state as Uint8Array), type, "setState", words);
    expect(stateOf(generator)).toBe(before);
    const shared = stateOf(manualSeed(1));
    expectError(() => setRngState(state as Uint8Array), type, words);
    expect(hex(getRngState())).toBe(shared);
  });
});

describe("forkRng", () => {
  it("takes the default generator back to where it was, also after an error", () => {
    const generator = manualSeed(3);
    const expected = drawn(new Generator().manualSeed(3));
    expect(forkRng(() => drawn(manualSeed(4)))).toEqual(drawn(new Generator().manualSeed(4)));
    const fail = () => {
      rand([5]);
      throw new RangeError("mine");
    };
    expectError(() => forkRng(fail), RangeError, "mine");
    expect(generator.initialSeed()).toBe(3n);
    expect(drawn()).toEqual(expected);
  });

  it("leaves a generator without a seed without one", async () => {
    vi.resetModules();
    const fresh = await import("nn-embedding");
    const entropy = vi.spyOn(Math, "random");
    try {
      const generator = fresh.forkRng(() => fresh.manualSeed(1));
      expect(entropy).not.toHaveBeenCalled();
      fresh.rand([1]);
      fresh.rand([1]);
      expect(entropy).toHaveBeenCalledTimes(1);
      fresh.forkRng(() => fresh.rand([1]));
      expect(entropy).toHaveBeenCalledTimes(1);
      expect(fresh.manualSeed(2)).toBe(generator);
    } finally {
      entropy.mockRestore();
    }
  });

  it("waits for nobody: an async function is a TypeError", () => {
    expectError(() => forkRng(async () => 1), TypeError, "forkRng");
    expectError(() => forkRng(3 as never), TypeError, "forkRng");
  });
});

describe("numbers keep to their range", () => {
  const bounded: [string, () => Tensor, number, number][] = [
    ["rand", () => rand([20_000]), 0, 1],
    ["uniform_", () => zeros([20_000]).uniform_(-3, 5), -3, 5],
    ["uniform_ between neighbours", () => zeros([1000]).uniform_(1, 1 + 2 ** -23), 1, 1 + 2 ** -23],
    ["randint", () => randint(-7, 9, [20_000]), -7, 9],
    ["randint over all 32 bits", () => randint(-(2 ** 31), 2 ** 31, [1000]), -(2 ** 31), 2 ** 31],
  ];

  it.each(bounded)("%s: from low, below high", (_, draw, low, high) => {
    const values = valuesOf(draw());
    expect(values.every((x) => x >= low && x < high)).toBe(true);
  });

  it("randint reaches every integer in it, and only integers", () => {
    const x = randint(-2, 3, [1000]);
    expect(x.dtype).toBe("int32");
    expect([...new Set(valuesOf(x))].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });

  it("uniform_ of one point is that point", () => {
    expect(zeros([3]).uniform_(2, 2).toArray()).toEqual([2, 2, 2]);
  });

  it("randperm holds every number once", () => {
    const p = randperm(1000);
    expect(p.dtype).toBe("int32");
    expect([...valuesOf(p)].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    expect([...valuesOf(p)]).not.toEqual([...Array(1000).keys()]);
    expect([randperm(0).shape, randperm(1).toArray()]).toEqual([[0], [0]]);
  });

  it.each([10, 15, 16, 17, 40_000])("normal numbers have mean and standard deviation: n = %i", (n) => {
    manualSeed(n);
    const rounds = Math.ceil(40_000 / n);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < rounds; i++) {
      const x = zeros([n]).normal_(3, 2);
      for (const v of valuesOf(x)) {
        sum += v;
        squares += (v - 3) ** 2;
      }
      x.dispose();
    }
    expect(sum / (n * rounds)).toBeCloseTo(3, 1);
    expect(Math.sqrt(squares / (n * rounds))).toBeCloseTo(2, 1);
  });

  it("normal_ without deviation is the mean", () => {
    expect(zeros([20]).normal_(1.5, 0).toArray()).toEqual(Array(20).fill(1.5));
  });
});

describe("multinomial", () => {
  it("never draws what has no weight", () => {
    for (const replacement of [true, false]) {
      for (let i = 0; i < 50; i++) {
        const x = multinomial([0, 1, 0, 2, 0], 2, { replacement });
        for (const category of valuesOf(x)) expect([1, 3]).toContain(category);
      }
    }
  });

  it("draws in proportion to the weights", () => {
    manualSeed(1);
    const counts = [0, 0, 0];
    for (const category of valuesOf(multinomial([1, 2, 5], 40_000, { replacement: true }))) counts[category]++;
    for (const [i, share] of [1 / 8, 2 / 8, 5 / 8].entries()) expect(counts[i] / 40_000).toBeCloseTo(share, 2);
  });

  it("does not draw twice without replacement", () => {
    for (let i = 0; i < 20; i++) {
      const x = [...valuesOf(multinomial([1, 2, 3, 4, 5], 5))];
      expect(x.sort()).toEqual([0, 1, 2, 3, 4]);
    }
  });

  it.each([
    [[0, 0, 1], 2],
    [[0, 0, 1], 3],
    [[0.5, 0, 0, 0.5], 3],
  ])("cannot choose among categories without weight: %o, %i samples", (weights, n) => {
    const words = "cannot sample n_sample > prob_dist.size(-1) samples without replacement";
    expectError(() => multinomial(weights, n), RangeError, words);
    expect(multinomial(weights, n, { replacement: true }).shape).toEqual([n]);
  });

  it("takes tensors, arrays and typed arrays alike", () => {
    const forms = [tensor([1, 2, 3]), [1, 2, 3], Float32Array.of(1, 2, 3)].map((weights) => {
      manualSeed(2);
      return multinomial(weights, 9, { replacement: true }).toArray();
    });
    expect(forms[1]).toEqual(forms[0]);
    expect(forms[2]).toEqual(forms[0]);
  });

  it("leaves its weights and keeps nothing but its result", () => {
    const weights = tensor([1, 2, 3]);
    const before = memory();
    multinomial(weights, 2).dispose();
    multinomial([1, 2, 3], 20, { replacement: true }).dispose();
    expect(memory()).toEqual(before);
    expect(weights.toArray()).toEqual([1, 2, 3]);
  });
});

describe("a request that makes no sense", () => {
  it.each<[string, () => unknown, typeof TypeError | typeof RangeError]>([
    ["rand of a fraction", () => rand([1.5]), TypeError],
    ["rand of a negative size", () => rand([2, -1]), RangeError],
    ["rand of a number", () => rand(3 as never), TypeError],
    ["randint of an empty range", () => randint(3, 2, [1]), RangeError],
    ["randint of fractions", () => randint(0.5, 2, [1]), TypeError],
    ["randint up to a fraction", () => randint(0, 2.5, [1]), TypeError],
    ["randint beyond 32 bits", () => randint(0, 2 ** 31 + 1, [1]), RangeError],
    ["randint from below 32 bits", () => randint(-(2 ** 31) - 1, 0, [1]), RangeError],
    ["randint to NaN", () => randint(0, NaN, [1]), TypeError],
    ["randperm of a fraction", () => randperm(2.5), TypeError],
    ["randperm of a negative number", () => randperm(-1), RangeError],
    ["uniform_ from NaN", () => zeros([1]).uniform_(NaN, 1), RangeError],
    ["uniform_ of strings", () => zeros([1]).uniform_("0" as never, 1), TypeError],
    ["uniform_ of integers", () => tensor(Int32Array.of(1)).uniform_(), TypeError],
    ["normal_ of a negative deviation", () => zeros([1]).normal_(0, -1), RangeError],
    ["normal_ of a deviation that is NaN", () => zeros([1]).normal_(0, NaN), RangeError],
    ["normal_ of integers", () => tensor(Int32Array.of(1)).normal_(), TypeError],
    ["multinomial of a matrix", () => multinomial([[1, 2]], 1), RangeError],
    ["multinomial of nothing", () => multinomial([], 1), RangeError],
    ["multinomial of NaN", () => multinomial([NaN, 1], 1), RangeError],
    ["multinomial of Infinity", () => multinomial([Infinity, 1], 1), RangeError],
    ["multinomial of half a sample", () => multinomial([1, 1], 0.5), TypeError],
    ["multinomial of strings", () => multinomial(["1"] as never, 1), TypeError],
    [
      "multinomial with a replacement that is no boolean",
      () => multinomial([1, 1], 1, { replacement: 1 as never }),
      TypeError,
    ],
  ])("is refused and draws nothing: %s", (_, request, type) => {
    manualSeed(13);
    const expected = rand([1]).item();
    manualSeed(13);
    expectError(request, type, "");
    expect(rand([1]).item()).toBe(expected);
  });
});

describe("the default generator of a fresh engine", () => {
  const withoutEntropy = async (work: (library: typeof import("nn-embedding")) => void) => {
    vi.resetModules();
    const entropy = vi.spyOn(Math, "random").mockImplementation(() => {
      throw new Error("Disallowed operation called within global scope");
    });
    try {
      work(await import("nn-embedding"));
    } finally {
      entropy.mockRestore();
    }
  };

  it("needs no entropy once it is seeded, as in the global scope of an edge worker", async () => {
    manualSeed(42);
    const expected = drawn();
    await withoutEntropy((fresh) => {
      fresh.manualSeed(42);
      expect([...valuesOf(fresh.rand([6]))]).toEqual(expected);
    });
    manualSeed(42);
    const state = getRngState();
    await withoutEntropy((fresh) => {
      fresh.setRngState(state);
      expect([...valuesOf(fresh.rand([6]))]).toEqual(expected);
    });
  });

  it("is not seeded by a seed that is refused", async () => {
    await withoutEntropy((fresh) => {
      expect(() => fresh.manualSeed(2n ** 64n)).toThrow(RangeError);
      expect(() => fresh.setRngState(new Uint8Array(1))).toThrow(RangeError);
      expect(() => fresh.rand([1])).toThrow("Disallowed operation");
    });
  });
});
