import { describe, expect, it } from "vitest";
import { fround, matmul, type Numbers, transpose } from "../reference/index.js";
import { floats, garbage, sweep } from "./data.js";
import { expectBits, expectClose, expectNumbers, guarded, type Kernels, kernels, load } from "./wasm.js";

interface Sizes {
  readonly rows: number;
  readonly inner: number;
  readonly dim: number;
}

/** Products that matmul adds up before they join the sum of the others. */
const DEPTH = 272;

/** How a factor lies in memory: its own way, or as its transpose. */
type Layout = "as it is" | "transposed";
const LAYOUTS = ["as it is", "transposed"] as const;

/** A kernel that multiplies factors of these layouts. */
interface Product {
  readonly a: Layout;
  readonly b: Layout;
  run(at: { out: number; a: number; b: number }, sizes: Sizes, on?: Kernels): void;
}

/** Strides by row and by column of a rows x columns matrix. */
const stridesOf = (layout: Layout, rows: number, columns: number): [number, number] =>
  layout === "transposed" ? [1, rows] : [columns, 1];

const tiled = (a: Layout, b: Layout): Product => ({
  a,
  b,
  run: (at, { rows, inner, dim }, on = kernels) =>
    on.matmul(at.out, at.a, at.b, rows, inner, dim, ...stridesOf(a, rows, inner), ...stridesOf(b, inner, dim)),
});

const byRows = (a: Layout): Product => ({
  a,
  b: "as it is",
  run: (at, { rows, inner, dim }, on = kernels) =>
    on.matmulRows(at.out, at.a, at.b, rows, inner, dim, ...stridesOf(a, rows, inner)),
});

const byDots: Product = {
  a: "as it is",
  b: "transposed",
  run: (at, { rows, inner, dim }, on = kernels) => on.matmulDots(at.out, at.a, at.b, rows, inner, dim),
};

/** What the product leaves between canaries, from row-major factors. */
function multiply(product: Product, x: Float32Array, y: Float32Array, sizes: Sizes): Float32Array {
  const { rows, inner, dim } = sizes;
  const out = garbage(new Float32Array(rows * dim));
  const a = product.a === "transposed" ? Float32Array.from(transpose(x, rows, inner)) : x;
  const b = product.b === "transposed" ? Float32Array.from(transpose(y, inner, dim)) : y;
  guarded({ out, a, b }, ["out"], (at) => product.run(at, sizes), (rows + inner + dim) & 3);
  return out;
}

/** Without the sign of zero, which exact sums of mixed signs do not settle. */
const unsigned = (x: Numbers) => Float32Array.from(x, (value) => value + 0);

/** Integers are exact in every order of additions; floats are off by at most 2^-24 of the magnitudes per operation. */
function check(product: Product, sizes: Sizes): void {
  const { rows, inner, dim } = sizes;
  const [x, y] = [floats(rows * inner, rows + inner, 4), floats(inner * dim, inner + dim + 1, 4)];
  const [i, j] = [x, y].map((values) => values.map((value) => Math.round(value * 8)));
  expectNumbers(unsigned(multiply(product, i, j, sizes)), unsigned(matmul(i, j, rows, inner, dim)));
  const magnitudes = matmul(x.map(Math.abs), y.map(Math.abs), rows, inner, dim);
  const expected = matmul(x, y, rows, inner, dim);
  expectClose(multiply(product, x, y, sizes), expected, (k) => (inner + 1) * 2 ** -24 * magnitudes[k]);
}

/** Sums of `depth` products, and their sum, each from 0 in order of k and rounded after every operation. */
function inOrder(a: Numbers, b: Numbers, { rows, inner, dim }: Sizes, depth: number): Float32Array {
  const out = new Float32Array(rows * dim);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < dim; j++) {
      for (let start = 0; start < inner; start += depth) {
        let sum = 0;
        for (let k = start; k < Math.min(inner, start + depth); k++) {
          sum = fround(sum + fround(a[i * inner + k] * b[k * dim + j]));
        }
        out[i * dim + j] += sum;
      }
    }
  }
  return out;
}

const ALL = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 100, 257];
const SOME = [1, 3, 4, 17];
const FEW = [1, 2, 5];
/** On both sides of what is packed at once, one and two times over. */
const DEEP = [271, 272, 273, 300, 544, 545];
const TALL = [127, 128, 129, 256, 258];

describe.each([
  ...LAYOUTS.flatMap((a) => LAYOUTS.map((b) => [`matmul, a ${a}, b ${b}`, tiled(a, b)] as const)),
  ...LAYOUTS.map((a) => [`matmulRows, a ${a}`, byRows(a)] as const),
  ["matmulDots", byDots] as const,
])("%s", (_, product) => {
  it("multiplies at every width", () => sweep({ dim: ALL, inner: SOME, rows: FEW }, (sizes) => check(product, sizes)));
  it("multiplies at every inner length", () =>
    sweep({ inner: [...ALL, ...DEEP], dim: SOME, rows: FEW }, (sizes) => check(product, sizes)));
  it("multiplies at every height", () =>
    sweep({ rows: [...ALL, ...TALL], dim: [1, 4, 17], inner: [0, 1, 5] }, (sizes) => check(product, sizes)));
  it("multiplies what is large every way", () => {
    check(product, { rows: 65, inner: 100, dim: 33 });
    check(product, { rows: 131, inner: 275, dim: 35 });
  });
});

describe("the order of additions", () => {
  /** Every product gives the bits of the plain loop. */
  function checkOrder(products: readonly Product[], depth: number): void {
    sweep({ rows: [1, 3, 130], inner: [9, 272, 273, 545], dim: [1, 17] }, (sizes) => {
      const [x, y] = [floats(sizes.rows * sizes.inner, sizes.inner), floats(sizes.inner * sizes.dim, sizes.dim)];
      const expected = inOrder(x, y, sizes, depth);
      for (const product of products) expectBits(multiply(product, x, y, sizes), expected);
    });
  }

  it("of matmul is 272 products at a time, whatever lies transposed", () => {
    const products = LAYOUTS.flatMap((a) => LAYOUTS.map((b) => tiled(a, b)));
    checkOrder(products, DEPTH);
  });
  it("of matmulRows is one after the other, whatever lies transposed", () => checkOrder(LAYOUTS.map(byRows), Infinity));
});

describe("a product", () => {
  const products = { tiled: tiled("as it is", "as it is"), byRows: byRows("as it is"), byDots };
  const each = Object.entries(products);

  it.each(each)("with infinities and NaN leaves the other rows and columns alone: %s", (_, p) => {
    const sizes = { rows: 5, inner: 7, dim: 18 };
    const x = floats(35, 1).map(Math.round);
    const y = floats(126, 2).map(Math.round);
    const clean = multiply(p, x, y, sizes);
    x[2 * 7 + 3] = NaN;
    y[4 * 18 + 17] = Infinity;
    const out = multiply(p, x, y, sizes);
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 18; j++) {
        if (i === 2) expect(out[i * 18 + j]).toBeNaN();
        else if (j === 17) expect(Number.isFinite(out[i * 18 + j])).toBe(false);
        else expect(out[i * 18 + j]).toBe(clean[i * 18 + j]);
      }
    }
  });

  it.each(each)("does not see what the one before has left: %s", (_, p) => {
    const wild = { rows: 4, inner: 300, dim: 40 };
    multiply(p, new Float32Array(1200).fill(NaN), new Float32Array(12000).fill(NaN), wild);
    check(p, { rows: 3, inner: 5, dim: 3 });
  });
  it.each(each)("reads nothing after its factors, which may end where memory ends: %s", (_, p) => {
    const fresh = load();
    const [out, other] = [fresh.allocate(4096), fresh.allocate(4096)];
    fresh.memory.grow(1);
    new Float32Array(fresh.memory.buffer, other, 1024).fill(1);
    new Float32Array(fresh.memory.buffer).fill(1, -1024);
    sweep({ rows: [1, 2, 3], inner: [1, 3, 5], dim: [1, 3, 17], last: ["a", "b"] }, ({ last, ...sizes }) => {
      const length = sizes.inner * (last === "a" ? sizes.rows : sizes.dim);
      p.run({ out, a: other, b: other, [last]: fresh.memory.buffer.byteLength - 4 * length }, sizes, fresh);
      const sums = new Float32Array(fresh.memory.buffer, out, sizes.rows * sizes.dim);
      expect(sums.every((sum) => sum === sizes.inner)).toBe(true);
    });
  });

  it("of matmul takes factors with gaps between their elements", () => {
    const sizes = { rows: 5, inner: 20, dim: 18 };
    const strides = { aRow: 272, aInner: 3, bInner: 5, bDim: 101 };
    const [a, b, out] = [floats(5 * 272, 1), floats(18 * 101, 2), garbage(new Float32Array(90))];
    guarded({ out, a, b }, ["out"], (at) => kernels.matmul(at.out, at.a, at.b, 5, 20, 18, 272, 3, 5, 101));
    const x = Float32Array.from(
      { length: 100 },
      (_, at) => a[Math.floor(at / 20) * strides.aRow + (at % 20) * strides.aInner],
    );
    const y = Float32Array.from(
      { length: 360 },
      (_, at) => b[Math.floor(at / 18) * strides.bInner + (at % 18) * strides.bDim],
    );
    expectBits(out, inOrder(x, y, sizes, DEPTH));
  });
});
