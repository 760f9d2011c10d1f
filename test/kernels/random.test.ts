import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as reference from "../reference/index.js";
import { floats, garbage, SHIFTS, sweep } from "./data.js";
import { bits, expectBits, guarded, kernels, type Words } from "./wasm.js";

/** A generator in a JavaScript array: every draw copies it into linear memory between canaries and back. */
class Generator {
  readonly state = garbage(new Uint32Array(kernels.GENERATOR_BYTES.value / 4));

  constructor(seed: number, shift = 0) {
    guarded(
      { generator: this.state },
      ["generator"],
      (at) => {
        kernels.seedGenerator(at.generator, seed);
      },
      shift,
    );
  }

  /** Lets the kernel fill `out`. */
  fill<T extends Words>(out: T, call: (out: number, generator: number, n: number) => void, shift = 0): T {
    guarded(
      { out: garbage(out), generator: this.state },
      ["out", "generator"],
      (at) => {
        call(at.out, at.generator, out.length);
      },
      shift,
    );
    return out;
  }

  uniform(n: number, from = 0, to = 1, shift = 0): Float32Array {
    return this.fill(new Float32Array(n), (out, g, count) => kernels.uniform(out, g, count, from, to), shift);
  }

  normal(n: number, mean = 0, std = 1, shift = 0): Float32Array {
    return this.fill(new Float32Array(n), (out, g, count) => kernels.normal(out, g, count, mean, std), shift);
  }

  integers(n: number, low: number, range: number, shift = 0): Int32Array {
    return this.fill(new Int32Array(n), (out, g, count) => kernels.randomIntegers(out, g, count, low, range), shift);
  }

  permutation(n: number, shift = 0): Int32Array {
    return this.fill(new Int32Array(n), kernels.randomPermutation, shift);
  }

  sample(n: number, cumulative: Float32Array, shift = 0): Int32Array {
    const [out, generator] = [garbage(new Int32Array(n)), this.state];
    guarded(
      { out, generator, cumulative },
      ["out", "generator"],
      (at) => {
        kernels.sampleCategories(at.out, at.generator, at.cumulative, n, cumulative.length);
      },
      shift,
    );
    return out;
  }
}

function cumulate(weight: Float32Array, shift = 0): { cumulative: Float32Array; sum: number } {
  const cumulative = garbage(new Float32Array(weight.length));
  const sum = guarded(
    { cumulative, weight },
    ["cumulative"],
    (at) => kernels.cumulate(at.cumulative, at.weight, weight.length),
    shift,
  );
  return { cumulative, sum };
}

/** The state word that MT19937 turns into this word. */
function untemper(word: number): number {
  let y = word ^ (word >>> 18);
  y ^= (y << 15) & 0xefc60000;
  let x = y;
  for (let bits = 7; bits < 32; bits += 7) x = y ^ ((x << 7) & 0x9d2c5680);
  return x ^ (x >>> 11) ^ (x >>> 22);
}

/** A generator of ours and one of the reference that draw the same chosen words, 624 at most. */
function drawing(words: number[]): [Generator, reference.MersenneTwister] {
  const ours = new Generator(1);
  ours.state.set(words.map(untemper));
  ours.state[624] = 0;
  let next = 0;
  class Chosen extends reference.MersenneTwister {
    override word(): number {
      return words[next++];
    }
  }
  return [ours, new Chosen(1)];
}

function sha256(...parts: Float32Array[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(new Uint8Array(bits(part).slice().buffer));
  return hash.digest("hex");
}

const SEEDS = [0, 1, 7, 42, 123456789, 2 ** 31, 2 ** 32 - 1];
const COUNTS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 18, 31, 32, 33, 47, 48, 63, 64, 300, 623, 624, 625, 1300];

describe("PyTorch's bits", () => {
  it.each([
    [42, 1000, 64, "97827c243ffe7c8237f421fa02cb75519e899f8a153cbb949f6d6d7f4eacfcda"],
    [0, 100, 37, "c1cad32884805837be63518b57db47725ca6c1f09427232b9e3dbd785f04f0af"],
    [7, 3, 7, "f0760e10f196895f86c1bc32e9f6042be0bbd0ee58b1abf9cf446ef40d544385"],
    [123456789, 3, 3, "85368c377f3764fb947990007111bd4e0b8d619d3cfac68300cf9e299f88f11e"],
    [987654321, 30000, 100, "9788530e04497f1baba7d6da5ef691a9e197fc75533b751e27c36da87b28c24c"],
  ])("are those of seed %i in a table of %i x %i", (seed, rows, dim, hash) => {
    expect(sha256(new Generator(seed).normal(rows * dim))).toBe(hash);
  });

  it("are those of three tables from one generator", () => {
    const generator = new Generator(42);
    const tables = [9, 100, 4].map((n) => generator.normal(n));
    expect(sha256(...tables)).toBe("3f87e4aa144929609e7df73d272709cdf11c0b6944ef8ebe0b7f39dd436be693");
  });

  it("are those of a table whose padding row is cleared afterwards", () => {
    const table = new Generator(42).normal(100 * 37);
    table.fill(0, 3 * 37, 4 * 37);
    expect(sha256(table)).toBe("7ab68b0a4b2517e2efd36cd182ec70b119c200096a9e76a7a08900508aa694b4");
  });

  it("are those of uniform_ with bounds and normal_ with moments", () => {
    const uniform = new Generator(5).uniform(1000, -0.37, 0.11);
    expect(sha256(uniform)).toBe("760166e265e992e8d348f1d3a6c06891643bc78e457e7f3f9578718b5bdab7d9");
    const normal = new Generator(5).normal(1003, 0.3, 0.02);
    expect(sha256(normal)).toBe("3b69bf0785900777fc1e50a4eeb2a5a32d7e646c4661d715328c78fb56b70150");
  });

  it("begin with the words of MT19937", () => {
    const low28 = [1608637542, 3421126067, 4083286876].map((word) => word % (2 ** 28 - 1));
    expectBits(new Generator(42).integers(3, 0, 2 ** 28 - 1), low28);
    const low24 = [1608637542, 3421126067, 4083286876].map((word) => (word % 2 ** 24) / 2 ** 24);
    expectBits(new Generator(42).uniform(3), low24);
  });
});

describe("uniform", () => {
  it("scales 24 bits by a fused multiply-add and never reaches its end", () => {
    const bounds = [
      [0, 1],
      [-1, 1],
      [-0.37, 0.11],
      [5, 5],
      [1, 1.0000001],
      [-1e-3, 1e8],
      [-1e38, 1e38],
      [3, -4],
    ];
    sweep({ n: COUNTS, seed: SEEDS, bound: bounds }, ({ n, seed, bound: [from, to] }) => {
      const expected = reference.uniform(new reference.MersenneTwister(seed), n, from, to);
      expectBits(new Generator(seed).uniform(n, from, to, n & 3), expected);
    });
  });

  it("is 0 or more and below 1 over a million draws", () => {
    const out = new Generator(3).uniform(1_000_000);
    let [least, greatest, sum] = [1, 0, 0];
    for (const x of out) {
      least = Math.min(least, x);
      greatest = Math.max(greatest, x);
      sum += x;
    }
    expect(least).toBeGreaterThanOrEqual(0);
    expect(greatest).toBeLessThan(1);
    expect(Math.abs(sum / out.length - 0.5)).toBeLessThan(0.002);
  });
});

describe("normal", () => {
  it("has the reference's bits below 16 elements and above, with any tail", () => {
    const moments = [
      [0, 1],
      [0.3, 0.02],
      [-1, 10],
      [5, 0],
      [0.1, 1e30],
    ];
    sweep({ n: COUNTS, seed: SEEDS, moment: moments }, ({ n, seed, moment: [mean, std] }) => {
      const expected = reference.normal(new reference.MersenneTwister(seed), n, mean, std);
      expectBits(new Generator(seed).normal(n, mean, std, n & 3), expected);
    });
  });

  it("has the reference's bits at the borders of octants, of the logarithm's powers of 2 and of the unit interval", () => {
    const around = (border: number) => [-1, 0, 1].map((d) => (border + d) & 0xffffff);
    const angles = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((octant) => around(octant * 2 ** 21));
    const borders = [0, 2 ** 23, 2 ** 24 - 2, Math.round((1 - Math.SQRT1_2) * 2 ** 24)];
    const radii = borders.flatMap(around);
    for (const [i, radius] of radii.entries()) {
      // The upper eight bits do not count.
      const words = [0, 8, 16].flatMap((j) => [...Array(8).fill((i << 24) + radius), ...angles.slice(j, j + 8)]);
      const [ours, theirs] = drawing(words);
      expectBits(ours.normal(48), reference.normal(theirs, 48));
    }
  });

  it("keeps the second normal of a pair for the next small fill, across a large one and other draws", () => {
    const [ours, theirs] = [new Generator(42), new reference.MersenneTwister(42)];
    for (const n of [1, 16, 0, 3, 33, 15, 1, 1]) {
      expectBits(ours.normal(n, 1, 2), reference.normal(theirs, n, 1, 2));
      expectBits(ours.uniform(n), reference.uniform(theirs, n));
    }
  });

  it("forgets the kept normal when the generator is seeded again", () => {
    const generator = new Generator(42);
    const first = generator.normal(1);
    guarded({ generator: generator.state }, ["generator"], (at) => {
      kernels.seedGenerator(at.generator, 42);
    });
    expectBits(generator.normal(1), first);
  });
});

describe("randomIntegers", () => {
  it("adds the remainder of a word to the lowest integer", () => {
    const ranges = [
      [0, 1],
      [0, 10],
      [-5, 10],
      [-100, 2 ** 20 + 100],
      [0, 2 ** 28 - 1],
      [2 ** 31 - 7, 7],
      [-(2 ** 31), 3],
    ];
    sweep({ n: COUNTS, seed: SEEDS, range: ranges }, ({ n, seed, range: [low, range] }) => {
      const expected = reference.randint(new reference.MersenneTwister(seed), n, low, range);
      expectBits(new Generator(seed).integers(n, low, range, n & 3), expected);
    });
  });

  it("takes 64 bits, as PyTorch does, for ranges of 2^28 and more", () => {
    const ranges = [
      [0, 2 ** 28],
      [-7, 2 ** 28 + 1],
      [0, 2 ** 31 - 1],
      [-(2 ** 31), 2 ** 32 - 1],
    ];
    sweep({ n: COUNTS, seed: SEEDS, range: ranges }, ({ n, seed, range: [low, range] }) => {
      const expected = reference.randint(new reference.MersenneTwister(seed), n, low, range);
      expectBits(new Generator(seed).integers(n, low, range, n & 3), expected);
    });
  });
});

describe("randomPermutation", () => {
  it("is PyTorch's shuffle of 0 .. n - 1", () => {
    sweep({ n: [...COUNTS, 40_000], seed: SEEDS }, ({ n, seed }) => {
      const out = new Generator(seed).permutation(n, n & 3);
      expectBits(out, reference.randperm(new reference.MersenneTwister(seed), n));
      expectBits(
        out.sort(),
        Array.from({ length: n }, (_, i) => i),
      );
    });
  });
});

describe("cumulate", () => {
  it("sums float32 one by one, divides by the sum, ends with 1 and returns the sum", () => {
    sweep({ rows: [1, 2, 3, 4, 5, 8, 17, 300, 5000], shift: SHIFTS }, ({ rows, shift }) => {
      const weight = floats(rows, rows).map((w, i) => (i % 4 === 1 ? 0 : Math.abs(w)));
      const expected = reference.cumulate(weight);
      const { cumulative, sum } = cumulate(weight, shift);
      expectBits(cumulative, expected.cumulative);
      expectBits(Float32Array.of(sum), [expected.sum]);
    });
  });

  it("ends with 1 even where the sum is 0 or overflows", () => {
    expectBits(cumulate(Float32Array.of(0, 0)).cumulative.slice(1), [1]);
    expectBits(cumulate(Float32Array.of(3e38, 3e38)).cumulative, [0, 1]);
  });

  it("writes nothing for no categories", () => {
    expect(cumulate(new Float32Array(0)).sum).toBe(0);
  });
});

describe("sampleCategories", () => {
  it("finds the first category whose cumulative probability reaches a uniform double", () => {
    sweep({ rows: [1, 2, 3, 4, 5, 8, 17, 300, 1000], n: [0, 1, 2, 20, 700], seed: SEEDS }, ({ rows, n, seed }) => {
      const weight = floats(rows, rows).map((w, i) => (i % 4 === 1 ? 0 : Math.abs(w)));
      const { cumulative } = reference.cumulate(weight);
      const expected = reference.sample(new reference.MersenneTwister(seed), n, weight);
      expectBits(new Generator(seed).sample(n, cumulative, n & 3), expected);
    });
  });

  it("takes the first of categories that the uniform meets exactly", () => {
    // Two chosen words of the state, the second 0, make a double of 21 bits: one that a float holds.
    const chosen = () => {
      const generator = new Generator(1);
      generator.state.set([123456789, 0]);
      generator.state[624] = 0;
      return generator;
    };
    const [float] = chosen().uniform(1);
    const u = ((float * 2 ** 24) % 2 ** 21) / 2 ** 21;
    expect(u).toBeGreaterThan(0);
    expectBits(chosen().sample(1, Float32Array.of(u, 1)), [0]);
    expectBits(chosen().sample(1, Float32Array.of(0, u - 2 ** -24, u, u, 1)), [2]);
    expectBits(chosen().sample(1, Float32Array.of(0, u - 2 ** -24, 1)), [2]);
  });

  it("never draws a category of weight 0", () => {
    const { cumulative } = reference.cumulate([0.5, 0, 0, 2, 0, 1, 0]);
    const drawn = new Set(new Generator(1).sample(10_000, cumulative));
    expect([...drawn].sort()).toEqual([0, 3, 5]);
  });
});

describe("exponentialRace", () => {
  it("divides weights by exponentials", () => {
    sweep({ rows: [0, 1, 2, 3, 4, 5, 8, 17, 300, 700], seed: SEEDS, shift: SHIFTS }, ({ rows, seed, shift }) => {
      const weight = floats(rows, rows).map((w, i) => (i % 4 === 1 ? 0 : Math.abs(w)));
      const generator = new Generator(seed).state;
      const out = garbage(new Float32Array(rows));
      guarded(
        { out, generator, weight },
        ["out", "generator"],
        (at) => {
          kernels.exponentialRace(at.out, at.generator, at.weight, rows);
        },
        shift,
      );
      expectBits(out, reference.exponentialRace(new reference.MersenneTwister(seed), weight));
    });
  });
});

describe("one generator", () => {
  it("goes through calls of any length as through one", () => {
    const [whole, pieces] = [new Generator(9).uniform(2000), new Generator(9)];
    let start = 0;
    for (const n of [0, 1, 2, 3, 620, 0, 1, 624, 7, 742]) {
      expectBits(pieces.uniform(n), whole.slice(start, start + n));
      start += n;
    }
    expect(start).toBe(2000);
  });

  it("goes on from any word, whether words are drawn one by one or many at a time", () => {
    sweep({ start: [0, 1, 2, 3, 4, 5, 619, 620, 621, 622, 623, 624, 625], n: [...COUNTS, 2000] }, ({ start, n }) => {
      const [ours, theirs] = [new Generator(9), new reference.MersenneTwister(9)];
      expectBits(ours.permutation(start + 1), reference.randperm(theirs, start + 1));
      expectBits(ours.uniform(n, 0, 1, n & 3), reference.uniform(theirs, n));
      expectBits(ours.permutation(9), reference.randperm(theirs, 9));
    });
  });
});
