import fc from "fast-check";
import { type Tensor, tensor, tidy } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { coordinates, floats, nested, positionOf, shapes, sizeOf, wholes } from "./arbitrary.js";
import { expectBits, gradOf, valuesOf } from "./compare.js";

const RUNS = { numRuns: 1000, seed: 20260 };

/** Checks one property a thousand times, each time inside tidy. */
const holds = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void) =>
  fc.assert(
    fc.property(arbitrary, (value) => tidy(() => property(value))),
    RUNS,
  );

interface Valued {
  shape: number[];
  values: number[];
}

const valued = (values: (n: number) => fc.Arbitrary<number[]>, rank = 4, size = 4): fc.Arbitrary<Valued> =>
  shapes(rank, size).chain((shape) => fc.record({ shape: fc.constant(shape), values: values(sizeOf(shape)) }));

const leafOf = ({ shape, values }: Valued) => tensor(Float32Array.from(values), { shape, requiresGrad: true });

/** Without the sign of zero, which exact sums of mixed signs do not settle. */
const unsigned = (x: ArrayLike<number>) => Array.from(x, (v) => v + 0);

/** Two shapes that broadcast: each may lack leading dimensions and be 1 where the other is not. */
const pairs = shapes(4, 3).chain((whole) => {
  const side = fc
    .tuple(fc.nat(whole.length), fc.array(fc.boolean(), { minLength: whole.length, maxLength: whole.length }))
    .map(([lead, ones]) => whole.map((size, dim) => (ones[dim] ? 1 : size)).slice(lead))
    .chain((shape) => fc.record({ shape: fc.constant(shape), values: wholes(sizeOf(shape)) }));
  return fc.tuple(side, side);
});

/** Row-major places of the result, each with the operands' positions. */
function broadcast(a: Valued, b: Valued): { shape: number[]; places: [number, number][] } {
  const rank = Math.max(a.shape.length, b.shape.length);
  const shape = Array.from({ length: rank }, (_, dim) => {
    const [x, y] = [a, b].map(({ shape: own }) => own[dim - rank + own.length] ?? 1);
    return x === 1 ? y : x;
  });
  const places = Array.from({ length: sizeOf(shape) }, (_, i): [number, number] => {
    const place = coordinates(i, shape);
    return [positionOf(place, a.shape), positionOf(place, b.shape)];
  });
  return { shape, places };
}

interface Binary {
  apply(a: Tensor, b: Tensor): Tensor;
  value(x: number, y: number): number;
  /** Derivatives by x and by y. */
  slopes(x: number, y: number): [number, number];
}

const BINARY: Record<string, Binary> = {
  add: { apply: (a, b) => a.add(b), value: (x, y) => x + y, slopes: () => [1, 1] },
  sub: { apply: (a, b) => a.sub(b), value: (x, y) => x - y, slopes: () => [1, -1] },
  mul: { apply: (a, b) => a.mul(b), value: (x, y) => x * y, slopes: (x, y) => [y, x] },
  // Powers of two divide exactly.
  div: {
    apply: (a, b) => a.div(b.mul(0).add(4)),
    value: (x) => x / 4,
    slopes: () => [1 / 4, 0],
  },
};

describe("for any shapes that broadcast", () => {
  it.each(Object.entries(BINARY))(
    "%s is the plain loop, and its gradients are sums over it",
    (_, { apply, value, slopes }) => {
      holds(pairs, ([a, b]) => {
        const [x, y] = [leafOf(a), leafOf(b)];
        const out = apply(x, y);
        const { shape, places } = broadcast(a, b);
        expect(out.shape).toEqual(shape);
        expect(unsigned(valuesOf(out))).toEqual(unsigned(places.map(([i, j]) => value(a.values[i], b.values[j]))));

        // Gradient k at place k, small enough that all sums are exact.
        const weights = Float32Array.from(places, (__, k) => (k % 7) - 3);
        out.backward(tensor(weights, { shape }));
        const [dx, dy] = [a, b].map(({ values }) => new Float64Array(values.length));
        for (const [k, [i, j]] of places.entries()) {
          const [byX, byY] = slopes(a.values[i], b.values[j]);
          dx[i] += weights[k] * byX;
          dy[j] += weights[k] * byY;
        }
        expect(unsigned(gradOf(x))).toEqual(unsigned(dx));
        expect(unsigned(gradOf(y))).toEqual(unsigned(dy));
        expect([x.grad!.shape, y.grad!.shape]).toEqual([a.shape, b.shape]);
      });
    },
  );
});

describe("for any tensor", () => {
  it("toArray gives back the nested arrays it was made from", () => {
    holds(valued(floats), ({ shape, values }) => {
      const data = nested(values, shape) as number[];
      expect(tensor(data).toArray()).toEqual(data);
      expectBits(valuesOf(tensor(Float32Array.from(values), { shape })), values);
    });
  });

  it("reshape there and back changes nothing, gradients neither", () => {
    holds(valued(floats), (v) => {
      const x = leafOf(v);
      const back = x.reshape([x.numel === 0 ? 0 : -1]).reshape(v.shape);
      expect(back.shape).toEqual(v.shape);
      expectBits(valuesOf(back), v.values);
      back.backward(x.detach());
      expectBits(gradOf(x), v.values);
    });
  });

  it("transpose puts every element at its swapped place, there and back changes nothing", () => {
    const swaps = valued(floats).chain((v) => {
      const dim = fc.integer({ min: -Math.max(1, v.shape.length), max: Math.max(1, v.shape.length) - 1 });
      return fc.tuple(fc.constant(v), dim, dim);
    });
    holds(swaps, ([v, dim0, dim1]) => {
      const x = leafOf(v);
      const rank = Math.max(1, v.shape.length);
      const [i, j] = [(dim0 + rank) % rank, (dim1 + rank) % rank];
      const swap = (list: number[]) => list.map((value, k) => (k === i ? list[j] : k === j ? list[i] : value));
      const y = x.transpose(dim0, dim1);
      expect(y.shape).toEqual(swap(v.shape));
      expectBits(
        valuesOf(y),
        v.values.map((_, k) => v.values[positionOf(swap(coordinates(k, y.shape as number[])), v.shape)]),
      );
      const back = y.transpose(dim0, dim1);
      expectBits(valuesOf(back), v.values);
      back.backward(x.detach());
      expectBits(gradOf(x), v.values);
    });
  });

  it("narrow takes the elements whose coordinate lies inside, and its gradient goes back there", () => {
    const parts = valued(floats)
      .filter((v) => v.shape.length > 0)
      .chain((v) => fc.tuple(fc.constant(v), fc.nat(v.shape.length - 1)))
      .chain(([v, dim]) => fc.tuple(fc.constant(v), fc.constant(dim), fc.nat(v.shape[dim]), fc.nat(v.shape[dim])));
    holds(parts, ([v, dim, a, b]) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      const x = leafOf(v);
      const y = x.narrow(dim, start, end - start);
      const inside = v.values.map((_, k) => {
        const place = coordinates(k, v.shape)[dim];
        return place >= start && place < end;
      });
      expectBits(
        valuesOf(y),
        v.values.filter((_, k) => inside[k]),
      );
      y.backward(y.detach());
      expectBits(
        gradOf(x),
        v.values.map((value, k) => (inside[k] ? value : 0)),
      );
    });
  });

  it("at is plain indexing from either end, and its gradient goes back there", () => {
    const places = valued(floats)
      .filter((v) => !v.shape.includes(0))
      .chain((v) => fc.tuple(fc.constant(v), fc.nat(v.shape.length), fc.nat(), fc.boolean()));
    holds(places, ([v, rank, seed, fromEnd]) => {
      const lead = v.shape.slice(0, rank);
      const index = coordinates(seed % sizeOf(lead), lead);
      const x = leafOf(v);
      const y = x.at(...index.map((i, dim) => (fromEnd ? i - v.shape[dim] : i)));
      const block = sizeOf(v.shape.slice(rank));
      const start = positionOf(index, lead) * block;
      expect(y.shape).toEqual(v.shape.slice(rank));
      expectBits(valuesOf(y), v.values.slice(start, start + block));
      y.backward(y.detach());
      expectBits(
        gradOf(x),
        v.values.map((value, k) => (k >= start && k < start + block ? value : 0)),
      );
    });
  });

  it("sum over any dims is the plain sum, and its gradient is repeated", () => {
    const reductions = valued(wholes).chain((v) =>
      fc.tuple(fc.constant(v), fc.shuffledSubarray([...v.shape.keys()]), fc.boolean(), fc.boolean()),
    );
    holds(reductions, ([v, dims, keepdim, fromEnd]) => {
      const x = leafOf(v);
      const axes = dims.length === 0 ? [...v.shape.keys()] : dims;
      const kept = v.shape.map((size, dim) => (axes.includes(dim) ? 1 : size));
      const sums = new Float64Array(sizeOf(kept));
      const target = v.values.map((_, k) => positionOf(coordinates(k, v.shape), kept));
      for (const [k, value] of v.values.entries()) sums[target[k]] += value;

      const y = x.sum(fromEnd ? dims.map((dim) => dim - v.shape.length) : dims, { keepdim });
      expect(y.shape).toEqual(keepdim ? kept : v.shape.filter((_, dim) => !axes.includes(dim)));
      expect(unsigned(valuesOf(y))).toEqual(unsigned(sums));
      const weights = Float32Array.from(sums, (_, k) => k - 2);
      y.backward(tensor(weights, { shape: y.shape }));
      expectBits(
        gradOf(x),
        target.map((k) => weights[k]),
      );
    });
  });
});

describe("for any matrices that fit", () => {
  const size = fc.integer({ min: 0, max: 6 });
  const products = fc
    .record({ batch: fc.option(fc.integer({ min: 0, max: 3 })), n: size, k: size, m: size })
    .chain(({ batch, n, k, m }) => {
      const lead = batch === null ? [] : [batch];
      const count = batch ?? 1;
      return fc.record({
        count: fc.constant(count),
        sizes: fc.constant([n, k, m]),
        a: fc.record({ shape: fc.constant<number[]>([...lead, n, k]), values: wholes(count * n * k) }),
        b: fc.record({ shape: fc.constant<number[]>([...lead, k, m]), values: wholes(count * k * m) }),
      });
    });

  it("matmul is the plain triple loop, and so are its gradients", () => {
    holds(products, ({ count, sizes: [n, k, m], a, b }) => {
      const [x, y] = [leafOf(a), leafOf(b)];
      const out = x.matmul(y);
      expect(out.shape).toEqual([...a.shape.slice(0, -1), m]);
      const weights = Float32Array.from({ length: count * n * m }, (_, i) => (i % 5) - 2);
      const sums = new Float64Array(count * n * m);
      const [dx, dy] = [new Float64Array(count * n * k), new Float64Array(count * k * m)];
      for (let c = 0; c < count; c++) {
        for (let i = 0; i < n; i++) {
          for (let j = 0; j < m; j++) {
            const o = (c * n + i) * m + j;
            for (let l = 0; l < k; l++) {
              const [p, q] = [(c * n + i) * k + l, (c * k + l) * m + j];
              sums[o] += a.values[p] * b.values[q];
              dx[p] += weights[o] * b.values[q];
              dy[q] += weights[o] * a.values[p];
            }
          }
        }
      }
      expect(unsigned(valuesOf(out))).toEqual(unsigned(sums));
      out.backward(tensor(weights, { shape: out.shape }));
      expect(unsigned(gradOf(x))).toEqual(unsigned(dx));
      expect(unsigned(gradOf(y))).toEqual(unsigned(dy));
    });
  });
});
