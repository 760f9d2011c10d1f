// What has gone wrong in some engine or compiler before, one test each. Addresses above 2 GiB: large-tables.test.ts and
// kernels/addresses.test.ts.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualSeed, memory, nn, optim, setTransientBudget, type Tensor, tensor, tidy, zeros } from "nn-embedding";
import { verify } from "nn-embedding/verify";
import { afterEach, describe, expect, it, vi } from "vitest";
import { floats, garbage } from "./kernels/data.js";
import { guarded, type Kernels, load } from "./kernels/wasm.js";

const GIB = 2 ** 30;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Every pair of a case and an output that is not what it should be. */
const differing = () => verify().differences.map(({ name, output }) => `${name}: ${output}`);

describe("addresses above 2 GiB come back negative from wasm", () => {
  it("so that a whole step up there has the bits of one below", () => {
    const trained = () => {
      manualSeed(5);
      const table = new nn.Embedding(40, 7, { sparse: true, maxNorm: 2 });
      const rule = new optim.SparseAdam(table.parameters(), { lr: 0.1 });
      const address = table.weight.array.byteOffset;
      for (let step = 0; step < 3; step++) {
        tidy(() => {
          rule.zeroGrad();
          table.forward([step, 39, step]).mul(3).sum().backward();
          rule.step();
        });
      }
      const values = Array.from(table.weight.array);
      rule.dispose();
      table.dispose();
      return { address, values };
    };
    const low = trained();
    const ballast = [zeros([GIB / 4]), zeros([GIB / 4]), zeros([2 ** 14])];
    const high = trained();
    for (const owner of ballast) owner.dispose();
    expect(low.address).toBeLessThan(2 * GIB);
    expect(high.address).toBeGreaterThan(2 * GIB);
    expect(high.values).toEqual(low.values);
    expect(memory().numBytes).toBeLessThan(GIB);
  });
});

describe("ArrayBuffer.prototype.slice beyond 2 GiB gives an empty buffer in WebKitGTK", () => {
  it("so that nothing relies on it: values come out of high memory, leave it and return", () => {
    const { slice } = ArrayBuffer.prototype;
    vi.spyOn(ArrayBuffer.prototype, "slice").mockImplementation(function (this: ArrayBuffer, begin, end) {
      return (begin ?? 0) > 2 * GIB ? new ArrayBuffer(0) : slice.call(this, begin ?? 0, end);
    });
    const ballast = [zeros([GIB / 4]), zeros([GIB / 4])];
    // What is left of lower memory is filled up, until a new block lies above.
    const filler: Tensor[] = [];
    do filler.push(zeros([2 ** 18]));
    while (filler[filler.length - 1].array.byteOffset < 2 * GIB);
    const source = tensor([1, -2, 3.5, -4]);
    const before = setTransientBudget(64 * 2 ** 20);
    try {
      const sum = source.add(1);
      expect(sum.array.byteOffset).toBeGreaterThan(2 * GIB);
      expect(new Uint8Array(sum.array.buffer.slice(sum.array.byteOffset, sum.array.byteOffset + 16)).length).toBe(0);
      expect(sum.toArray()).toEqual([2, -1, 4.5, -3]);
      expect(sum.clone().toArray()).toEqual([2, -1, 4.5, -3]);
      setTransientBudget(0);
      expect(sum.array.buffer.byteLength).toBe(16);
      expect(sum.toArray()).toEqual([2, -1, 4.5, -3]);
      setTransientBudget(64 * 2 ** 20);
      expect(sum.mul(2).toArray()).toEqual([4, -2, 9, -6]);
    } finally {
      setTransientBudget(before);
      for (const owner of [source, ...filler, ...ballast]) owner.dispose();
    }
  });
});

describe("AssemblyScript's logarithms and powers change their bits with the shrink level", () => {
  it("so that asconfig.json pins it for every target, and the build passes no flag of its own", () => {
    const { targets, options } = JSON.parse(readFileSync("asconfig.json", "utf8"));
    const levels = Object.entries<Record<string, number>>(targets).map(([name, target]) => [name, target.shrinkLevel]);
    expect(levels).toEqual([
      ["release", 0],
      ["debug", 0],
      ["tables", 0],
      ["tables-debug", 0],
    ]);
    expect(options).not.toHaveProperty("shrinkLevel");
    const [, passed] = /asc\.js", (.*)\);/.exec(readFileSync("scripts/build.mjs", "utf8"))!;
    expect(passed).toBe('entry, "--config", "asconfig.json", "--target", target');
  });

  it("which is no superstition: another level, other bits", () => {
    const folder = mkdtempSync(join(tmpdir(), "nn-embedding-shrink-"));
    const asc = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
    const outFile = join(folder, "kernels.wasm");
    const target = [
      "assembly/index.ts",
      "--config",
      "asconfig.json",
      "--target",
      "debug",
      "--textFile",
      join(folder, "kernels.wat"),
    ];
    const { stderr } = spawnSync(process.execPath, [asc, ...target, "--outFile", outFile, "--shrinkLevel", "1"]);
    expect(String(stderr)).toBe("");
    const logarithms = (on: Kernels) => {
      const [out, x] = [garbage(new Float32Array(4000)), floats(4000, 7).map(Math.abs)];
      guarded({ out, x }, ["out"], (at) => on.logarithm(at.out, at.x, x.length), 0, on);
      return out;
    };
    expect(logarithms(load(outFile))).not.toEqual(logarithms(load()));
    rmSync(folder, { recursive: true });
  });
});

describe("engines disagree on Math.exp, log, pow, sin and their like", () => {
  const NAMES = [
    "exp",
    "log",
    "pow",
    "sin",
    "cos",
    "tan",
    "tanh",
    "cbrt",
    "log1p",
    "expm1",
    "log2",
    "log10",
    "hypot",
  ] as const;

  it("so that no number depends on them: every test vector is right while they all give nonsense", () => {
    for (const name of [...NAMES, "random"] as const) vi.spyOn(Math, name).mockReturnValue(0.123);
    expect(Math.exp(1)).toBe(0.123);
    expect(differing()).toEqual([]);
  });
});
