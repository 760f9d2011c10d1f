import { manualSeed, type Tensor, tensor, tidy } from "nn-embedding";
import { beforeEach, expect } from "vitest";
import { expectClose, gradOf, valuesOf } from "../tensor/compare.js";

/** PyTorch's tests draw at random; so that a failure can be seen again, each of ours draws from one seed. */
export const drawFrom = (seed: number) => beforeEach(() => void manualSeed(seed));

/** What PyTorch calls gradcheck: the gradient of loss(x) with respect to x is its slope, by central differences. */
export function expectSlopes(x: Tensor, loss: (x: Tensor) => Tensor, tolerance = 1e-4, step = 0.25): void {
  const leaf = x.detach().clone().requiresGrad_();
  loss(leaf).backward();
  const slopes = Array.from(valuesOf(x), (_, i) => {
    const [up, down] = [step, -step].map((h) => {
      const values = valuesOf(x) as Float32Array;
      values[i] += h;
      return tidy(() => loss(tensor(values, { shape: x.shape })).item());
    });
    return (up - down) / (2 * step);
  });
  expect(leaf.grad!.shape).toEqual(x.shape);
  expectClose(gradOf(leaf), slopes, tolerance, () => Math.max(1, ...slopes.map(Math.abs)));
}
