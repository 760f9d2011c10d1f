import { describe, expect, it } from "vitest";
import { formats } from "../golden/formats.js";
import { DIMS, garbage, SHIFTS, sweep, wildFloats, words } from "../kernels/data.js";
import { bits, expectNumbers } from "../kernels/wasm.js";
import { BFLOAT16, FLOAT16, narrowed, widened } from "../reference/index.js";
import { guardedBytes, tableKernels } from "./wasm.js";

const FORMATS = [
  { name: "float16", format: FLOAT16, from: "fromFloat16", to: "toFloat16", nan: 0x7e00 },
  { name: "bfloat16", format: BFLOAT16, from: "fromBfloat16", to: "toBfloat16", nan: 0x7fc0 },
] as const;

const ALL = Uint16Array.from({ length: 65536 }, (_, h) => h);

describe.each(FORMATS)("$name", ({ name, format, from, to, nan }) => {
  const widen = (x: Uint16Array, shift = 0) => {
    const out = garbage(new Float32Array(x.length));
    guardedBytes({ out, x }, ["out"], (at) => tableKernels[from](at.out, at.x, x.length), shift);
    return out;
  };
  const narrow = (x: Float32Array, shift = 0) => {
    const out = new Uint16Array(x.length).fill(0xc0de);
    guardedBytes({ out, x }, ["out"], (at) => tableKernels[to](at.out, at.x, x.length), shift);
    return out;
  };
  const expected = (x: Float32Array) =>
    Uint16Array.from(x, (value) => (Number.isNaN(value) ? nan : narrowed(value, format)));
  /** A NaN of float16 keeps its sign, which engines may change on the way. */
  const unsignedNaN = (h: Uint16Array) => h.map((value) => ((value & 0x7fff) === nan ? nan : value));

  it("all 65,536 are widened exactly", () => {
    expectNumbers(
      widen(ALL),
      Array.from(ALL, (h) => widened(h, format)),
    );
  });

  it("what was widened is narrowed to the same bits", () => {
    const numbers = ALL.filter((h) => !Number.isNaN(widened(h, format)));
    expect(narrow(widen(numbers))).toEqual(numbers);
  });

  it("the float32 halfway to the next, and those beside it, go to the nearest, ties to even", () => {
    const finite = ALL.filter((h) => Number.isFinite(widened(h, format)));
    const halfway = widen(finite).map((x, i) => {
      // Beyond the largest the next one would be the first that is infinite.
      const next = widened(finite[i] + 1, format);
      const unit = Math.abs(x) - Math.abs(widened(finite[i] - 1, format));
      return Number.isFinite(next) ? (x + next) / 2 : x + (Math.sign(x) * unit) / 2;
    });
    for (const step of [-1, 0, 1]) {
      const x = halfway.slice();
      bits(x).forEach((value, i) => {
        bits(x)[i] = value + step;
      });
      const ours = unsignedNaN(narrow(x));
      expect(ours).toEqual(expected(x));
    }
  });

  it("rounds as PyTorch does", () => {
    const x = new Float32Array(Int32Array.from(formats.rounding.bits).buffer);
    expect(Array.from(narrow(x))).toEqual(formats.rounding[name]);
  });

  it("any row at any address, and nothing beside it", () => {
    sweep({ n: DIMS, shift: SHIFTS }, ({ n, shift }) => {
      const halves = Uint16Array.from(words(n, n));
      expectNumbers(
        widen(halves, shift),
        Array.from(halves, (h) => widened(h, format)),
      );
      const x = wildFloats(n, n);
      expect(unsignedNaN(narrow(x, shift))).toEqual(expected(x));
    });
  });

  it("NaN stays NaN, whatever its bits", () => {
    const x = new Float32Array(Uint32Array.of(0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fc00000).buffer);
    for (const h of narrow(x)) expect(widened(h, format)).toBeNaN();
  });
});
