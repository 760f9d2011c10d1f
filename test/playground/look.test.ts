// What the tab Look reckons: the points of the map, its labels, sums of words.

import { PCA } from "ml-pca";
import { Generator, randn, tensor } from "nn-embedding";
import { describe, expect, test } from "vitest";
import { DotLayer, pixelOf, stampOf } from "../../examples/playground/src/look/dots.js";
import { LabelGrid } from "../../examples/playground/src/look/labels.js";
import { MovingPoints } from "../../examples/playground/src/look/points.js";
import { parseTerms } from "../../examples/playground/src/look/terms.js";
import { aligned } from "../../examples/playground/src/table/align.js";
import { Projector } from "../../examples/playground/src/table/pca.js";

const floats = (...values: number[]) => Float32Array.from(values);

describe("the points", () => {
  test("are centred, and of mean square distance 2", () => {
    const [x, y] = aligned(floats(10, 14, 10, 14), floats(1, 1, 3, 3), null);
    const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
    expect(sum(x)).toBeCloseTo(0, 6);
    expect(sum(y)).toBeCloseTo(0, 6);
    expect(sum(x.map((value) => value * value)) + sum(y.map((value) => value * value))).toBeCloseTo(8, 5);
    expect(x[1] / y[2]).toBeCloseTo(2, 6);
  });

  test.each([
    ["turned by a right angle", (x: number, y: number) => [-y, x]],
    ["turned by half a turn", (x: number, y: number) => [-x, -y]],
    ["turned by the angle of 3 : 4 : 5", (x: number, y: number) => [0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y]],
    ["mirrored", (x: number, y: number) => [x, -y]],
    ["mirrored and turned", (x: number, y: number) => [y, x]],
    ["larger and elsewhere", (x: number, y: number) => [5 * x + 7, 5 * y - 3]],
  ])("%s come back to where they were", (_, moved) => {
    const [x, y] = aligned(floats(0, 3, 1, -2, 4), floats(0, 1, 5, 2, -3), null);
    const places = Array.from(x, (value, i) => moved(value, y[i]));
    const [againX, againY] = aligned(floats(...places.map(([a]) => a)), floats(...places.map(([, b]) => b)), { x, y });
    for (let i = 0; i < x.length; i++) {
      expect(againX[i]).toBeCloseTo(x[i], 5);
      expect(againY[i]).toBeCloseTo(y[i], 5);
    }
  });

  test("that all lie in one place stay there", () => {
    const [x, y] = aligned(floats(2, 2), floats(3, 3), { x: floats(1, -1), y: floats(0, 0) });
    expect([...x, ...y].every((value) => value === 0)).toBe(true);
  });

  test.each([
    ["more rows than numbers", 300, 12],
    ["fewer rows than numbers", 40, 90],
    ["hundreds of numbers", 500, 320],
    ["hundreds of rows, and more numbers", 310, 400],
  ])("are ml-pca's of the unit vectors, but for turn and scale: %s", (_, height, dim) => {
    const weight = randn([height, dim], { generator: new Generator().manualSeed(1) });
    // Two directions are longer than the others.
    const rows = (weight.toArray() as number[][]).map((row) =>
      row.map((value, j) => value * (j === 0 ? 6 : j === 1 ? 3 : j === 2 ? 2 : dim > 12 ? 4 / Math.sqrt(dim) : 1)),
    );
    const units = rows.map((row) => row.map((value) => value / Math.sqrt(row.reduce((sum, x) => sum + x * x, 0))));
    const pca = new PCA(units, { method: "covarianceMatrix" });
    const wanted = pca.predict(units, { nComponents: 2 }).to2DArray();
    const { x, y, shade, share } = new Projector().project(tensor(rows), height);
    const [wantedX, wantedY] = aligned(floats(...wanted.map(([a]) => a)), floats(...wanted.map(([, b]) => b)), {
      x,
      y,
    });
    for (let i = 0; i < height; i++) {
      expect(x[i]).toBeCloseTo(wantedX[i], 3);
      expect(y[i]).toBeCloseTo(wantedY[i], 3);
    }
    const [first, second] = pca.getExplainedVariance();
    expect(share).toBeCloseTo(first + second, 5);
    expect([Math.min(...shade), Math.max(...shade)]).toEqual([0, 1]);
  });

  test("do not jump when the table turns between two pictures", () => {
    const weight = randn([200, 8], { generator: new Generator().manualSeed(2) });
    const projector = new Projector();
    const before = projector.project(weight, 200);
    const after = projector.project(weight.mul(-1), 200);
    for (let i = 0; i < 200; i++) {
      expect(after.x[i]).toBeCloseTo(before.x[i], 4);
      expect(after.y[i]).toBeCloseTo(before.y[i], 4);
      expect(after.shade[i]).toBeCloseTo(before.shade[i], 4);
    }
  });

  test("exist for rows of one number, for one row, and not for what is not finite", () => {
    expect(new Projector().project(tensor([[1], [-2], [3]]), 3).x).toHaveLength(3);
    expect([...new Projector().project(tensor([[1, 2, 3]]), 1).x]).toEqual([0]);
    const broken = tensor([
      [1, 2],
      [Number.NaN, 1],
    ]);
    expect(() => new Projector().project(broken, 2)).toThrow("row 1 has a number that is not finite");
  });

  test("travel from the old place to the new one and are found where they are", () => {
    const points = new MovingPoints({ x: floats(0, 1), y: floats(0, 0) });
    points.send({ x: floats(0, 1), y: floats(8, 0) }, 1000, true);
    expect(points.move(1000)).toBe(true);
    expect(points.y[0]).toBe(0);
    expect(points.move(1350)).toBe(true);
    expect(points.y[0]).toBeCloseTo(4, 6);
    expect(points.find(0, 4.1, 0.5)).toBe(0);
    expect(points.move(5000)).toBe(false);
    expect(points.y[0]).toBe(8);
    expect(points.box).toEqual({ x: 0.5, y: 4, width: 1, height: 8 });
    expect(points.find(0, 4, 0.5)).toBeUndefined();
  });
});

describe("dots", () => {
  /** As much of a canvas as a layer needs, and what was put on it. */
  function canvas() {
    const drawn: Uint8ClampedArray[] = [];
    const context = {
      createImageData: (width: number, height: number) => ({ data: new Uint8ClampedArray(4 * width * height) }),
      putImageData: ({ data }: ImageData) => drawn.push(data.slice()),
    } as unknown as CanvasRenderingContext2D;
    const pixel = (x: number, y: number) => [...drawn.at(-1)!.subarray(4 * (20 * y + x), 4 * (20 * y + x) + 4)];
    return { context, pixel };
  }

  test("have their colour inside, the ground's outside, and one between at their edge", () => {
    const { context, pixel } = canvas();
    const layer = new DotLayer();
    layer.clear(context, 20, 20, pixelOf("#ffffff"));
    layer.dot(10, 10, stampOf(3, 1), pixelOf("#0369a1"));
    layer.put(context);
    expect(pixel(10, 10)).toEqual([3, 105, 161, 255]);
    expect(pixel(2, 10)).toEqual([255, 255, 255, 255]);
    const [red] = pixel(8, 8);
    expect(red).toBeGreaterThan(3);
    expect(red).toBeLessThan(255);
  });

  test("let through what lies below as their opacity says, and are cut off at the edge of the picture", () => {
    const { context, pixel } = canvas();
    const layer = new DotLayer();
    layer.clear(context, 20, 20, pixelOf("#000000"));
    layer.dot(10, 10, stampOf(3, 0.6), pixelOf("#c8c8c8"));
    for (const [x, y] of [
      [-1, 5],
      [20, 15],
      [5, 0],
      [15, 20],
      [-9, 10],
      [30, 10],
    ])
      layer.dot(x, y, stampOf(3, 1), pixelOf("#ff0000"));
    layer.put(context);
    expect(pixel(10, 10)).toEqual([120, 120, 120, 255]);
    const red = [255, 0, 0, 255];
    expect([pixel(0, 5), pixel(19, 15), pixel(5, 0), pixel(15, 19)]).toEqual([red, red, red, red]);
    // Nothing goes on at the other side.
    const black = [0, 0, 0, 255];
    expect([pixel(19, 5), pixel(0, 15), pixel(5, 19), pixel(15, 0), pixel(0, 10)]).toEqual(Array(5).fill(black));
  });
});

describe("labels", () => {
  test("never lie on each other, nor beyond the edge", () => {
    const grid = new LabelGrid(120, 60);
    expect(grid.claim(0, 0, 50, 14)).toBe(true);
    expect(grid.claim(40, 6, 50, 14)).toBe(false);
    expect(grid.claim(60, 6, 50, 14)).toBe(true);
    expect(grid.claim(100, 40, 50, 14)).toBe(false);
    expect(grid.claim(-3, 40, 20, 14)).toBe(false);
    expect(grid.claim(0, 40, 20, 14)).toBe(true);
  });
});

describe("sums of words", () => {
  const known = new Set(["king", "man", "woman", "well-known", "-"]);
  const terms = (text: string) => parseTerms(text, (word) => known.has(word));

  test.each([
    ["king - man + woman", ["king", "woman"], ["man"]],
    ["  king\u2212man+woman ", ["king", "woman"], ["man"]],
    ["king", ["king"], []],
    ["- man + king", ["king"], ["man"]],
    ["well-known - man", ["well-known"], ["man"]],
    ["queen-mother", ["queen"], ["mother"]],
  ])("%s", (text, positive, negative) => {
    expect(terms(text)).toEqual({ positive, negative });
  });

  test.each(["", "king man", "king -", "+", "king - - man", "king + - man"])("%j is none", (text) => {
    expect(terms(text)).toBeNull();
  });
});
