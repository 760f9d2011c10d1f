import { describe, it } from "vitest";
import * as reference from "../reference/index.js";
import { DIMS, floats, garbage, randomNumbers, SHIFTS, SPECIAL, sweep, wildFloats } from "./data.js";
import { expectBits, expectClose, expectNumbers, guarded, kernels, ulp } from "./wasm.js";

const LENGTHS = [...DIMS, 1000];
const FACTORS = [0, 1, -1, 0.1, -3.7, 1e30, Infinity, NaN];

function unary(call: (out: number, x: number, n: number) => void, x: Float32Array, shift = 0): Float32Array {
  const out = garbage(new Float32Array(x.length));
  guarded(
    { out, x },
    ["out"],
    (at) => {
      call(at.out, at.x, x.length);
    },
    shift,
  );
  return out;
}

function binary(
  call: (out: number, a: number, b: number, n: number) => void,
  a: Float32Array,
  b: Float32Array,
  shift: number,
): Float32Array {
  const out = garbage(new Float32Array(a.length));
  guarded(
    { out, a, b },
    ["out"],
    (at) => {
      call(at.out, at.a, at.b, a.length);
    },
    shift,
  );
  return out;
}

/** Every special number beside every other, in a length that leaves a tail. */
const PAIRS = SPECIAL.flatMap((a) => SPECIAL.map((b) => [a, b])).concat([[3, 7]]);

const ARITHMETIC = [
  { name: "add", expected: reference.add },
  { name: "sub", expected: reference.sub },
  { name: "mul", expected: reference.mul },
  { name: "div", expected: reference.div },
] as const;

describe.each(ARITHMETIC)("$name", ({ name, expected }) => {
  it("rounds each result once", () => {
    sweep({ n: LENGTHS, shift: SHIFTS, make: [floats, wildFloats] }, ({ n, shift, make }) => {
      const [a, b] = [make(n, n), make(n, n + 1)];
      expectNumbers(binary(kernels[name], a, b, shift), expected(a, b));
    });
  });

  it("has IEEE's answer for every pair of special numbers", () => {
    const [a, b] = [0, 1].map((k) => Float32Array.from(PAIRS, (pair) => pair[k]));
    expectNumbers(binary(kernels[name], a, b, 1), expected(a, b));
  });
});

describe("affine", () => {
  it("multiplies, rounds, adds, rounds", () => {
    sweep({ n: LENGTHS, factor: FACTORS, term: FACTORS, shift: [0, 1] }, ({ n, factor, term, shift }) => {
      const x = wildFloats(n, n);
      const out = unary((to, from, length) => kernels.affine(to, from, length, factor, term), x, shift);
      expectNumbers(out, reference.affine(x, factor, term));
    });
  });
});

describe("divideScalar", () => {
  it("divides every element by one number, not multiplying by its reciprocal", () => {
    sweep({ n: LENGTHS, divisor: [...FACTORS, 3, 49], shift: SHIFTS }, ({ n, divisor, shift }) => {
      const x = wildFloats(n, n);
      const out = unary((to, from, length) => kernels.divideScalar(to, from, length, divisor), x, shift);
      expectNumbers(out, reference.divideScalar(x, divisor));
    });
  });
});

describe("clamp", () => {
  it("brings every element into the range, NaN excepted", () => {
    const limits = [
      [-1, 1],
      [0, 3],
      [-0, 0],
      [-3.7, -0.1],
      [-1e30, Infinity],
      [-Infinity, Infinity],
    ];
    sweep(
      { n: LENGTHS, limits, shift: SHIFTS, make: [floats, wildFloats] },
      ({ n, limits: [low, high], shift, make }) => {
        const x = make(n, n);
        const out = unary((to, from, length) => kernels.clamp(to, from, length, low, high), x, shift);
        expectNumbers(out, reference.clamp(x, low, high));
      },
    );
  });
});

describe("squareRoot", () => {
  it("is correctly rounded, -0 for -0 and NaN for what is below", () => {
    sweep({ n: LENGTHS, shift: SHIFTS, make: [floats, wildFloats] }, ({ n, shift, make }) => {
      const x = make(n, n);
      expectNumbers(unary(kernels.squareRoot, x, shift), reference.squareRoot(x));
    });
  });
});

describe("combine", () => {
  it("rounds both products, then their sum", () => {
    sweep({ n: LENGTHS, alpha: FACTORS, beta: FACTORS, shift: [0, 1] }, ({ n, alpha, beta, shift }) => {
      const [a, b] = [wildFloats(n, n), wildFloats(n, n + 1)];
      const call = (out: number, x: number, y: number, length: number) =>
        kernels.combine(out, x, y, length, alpha, beta);
      expectNumbers(binary(call, a, b, shift), reference.combine(a, b, alpha, beta));
    });
  });
});

describe("exponential", () => {
  const withinOneUlp = (x: Float32Array, shift = 0) => {
    const expected = reference.exp(x);
    expectClose(unary(kernels.exponential, x, shift), expected, (j) => ulp(expected[j]));
  };

  it("is within 1 ulp from underflow to overflow", () => {
    const next = randomNumbers(1);
    withinOneUlp(new Float32Array(200_001).map(() => next() * 195 - 105));
    withinOneUlp(new Float32Array(50_001).map(() => (next() - 0.5) * 2 ** (next() * -40)));
  });

  it("is within 1 ulp in every tail", () => {
    sweep({ n: LENGTHS, shift: SHIFTS }, ({ n, shift }) => withinOneUlp(floats(n, n, 4), shift));
  });

  it("has the limits of e^x", () => {
    const x = Float32Array.of(0, -0, -Infinity, Infinity, NaN, -200, 200, -1e30, 1e30);
    expectNumbers(unary(kernels.exponential, x), [1, 1, 0, Infinity, NaN, 0, Infinity, 0, Infinity]);
  });

  it("overflows where e^x does", () => {
    withinOneUlp(Float32Array.of(88.722, 88.72283, 88.722839, 88.72284, 88.73, 89));
  });

  it("underflows through the denormals where e^x does", () => {
    withinOneUlp(Float32Array.of(-87, -87.33, -87.34, -88, -90, -95, -100, -103, -103.9, -104, -105));
  });
});

describe("logarithm", () => {
  const within2ulp = (x: Float32Array, shift = 0) => {
    const expected = reference.log(x);
    expectClose(unary(kernels.logarithm, x, shift), expected, (j) => 2 * ulp(expected[j]));
  };

  it("is within 2 ulp for normal numbers of every size", () => {
    const next = randomNumbers(2);
    within2ulp(new Float32Array(200_001).map(() => (1 + next()) * 2 ** Math.floor(next() * 254 - 126)));
  });

  it("is within 2 ulp near 1", () => {
    const next = randomNumbers(3);
    within2ulp(new Float32Array(50_001).map(() => 1 + (next() - 0.5) * 2 ** (next() * -24)));
  });

  it("is within 2 ulp for denormals", () => {
    const next = randomNumbers(4);
    within2ulp(new Float32Array(1001).map(() => (1 + Math.floor(next() * 2 ** (next() * 23))) * 2 ** -149));
  });

  it("is within 2 ulp in every tail", () => {
    sweep({ n: LENGTHS, shift: SHIFTS }, ({ n, shift }) =>
      within2ulp(
        floats(n, n).map((x) => Math.abs(x) + 0.01),
        shift,
      ),
    );
  });

  it("has the limits of ln x", () => {
    const x = Float32Array.of(1, 0, -0, Infinity, NaN, -1, -Infinity, -1e-40, 3.4028234663852886e38);
    const expected = [0, -Infinity, -Infinity, Infinity, NaN, NaN, NaN, NaN, Math.fround(88.72283905206835)];
    expectNumbers(unary(kernels.logarithm, x), expected);
  });
});

describe("toFloat", () => {
  it("rounds every integer to the nearest float", () => {
    const limits = [0, 1, -1, 2 ** 24, 2 ** 24 + 1, -(2 ** 24) - 1, 2 ** 31 - 1, -(2 ** 31), 2 ** 25 + 3, 33554431];
    sweep({ n: LENGTHS, shift: SHIFTS }, ({ n, shift }) => {
      const next = randomNumbers(n);
      const x = new Int32Array(n).map((_, j) => limits[j + shift] ?? (next() - 0.5) * 2 ** (next() * 32));
      const out = garbage(new Float32Array(n));
      guarded(
        { out, x },
        ["out"],
        (at) => {
          kernels.toFloat(at.out, at.x, n);
        },
        shift,
      );
      expectBits(out, x);
    });
  });
});
