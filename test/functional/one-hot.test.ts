import { functional as F, manualSeed, nn, randint, randn, type Tensor, tidy } from "nn-embedding";
import { describe, expect, it } from "vitest";

const bits = ({ array }: Tensor) => Array.from(new Uint32Array(array.buffer, array.byteOffset, array.length));

describe("Embedding(index)", () => {
  it.each([
    [1, 1, 1],
    [2, 3, 5],
    [50, 33, 40],
    [1000, 300, 16],
    [10_000, 7, 3],
  ])("equals Linear without bias of the one-hot vector bit for bit: %i x %i, %i indices", (rows, dim, n) => {
    tidy(() => {
      manualSeed(rows + dim);
      const embedding = new nn.Embedding(rows, dim);
      const index = randint(0, rows, [n]);
      const product = F.linear(F.oneHot(index, rows).float(), embedding.weight.transpose(0, 1));
      expect(bits(product)).toEqual(bits(embedding.forward(index)));
      embedding.dispose();
    });
  });

  it("and its gradient is that of the product", () => {
    tidy(() => {
      manualSeed(7);
      const embedding = new nn.Embedding(6, 5);
      const index = [3, 1, 3, 0];
      const g = randn([4, 5]);
      embedding.forward(index).backward(g);
      const lookedUp = Array.from(embedding.weight.grad!.toDense().array);
      embedding.zeroGrad();
      F.linear(F.oneHot(index, 6).float(), embedding.weight.transpose(0, 1)).backward(g);
      expect(Array.from(embedding.weight.grad!.toDense().array)).toEqual(lookedUp);
      embedding.dispose();
    });
  });
});
