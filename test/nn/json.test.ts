// Training that goes through JSON: state dicts are nested arrays there.

import { manualSeed, nn, optim, type Tensor, tensor } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError } from "../tensor/compare.js";

const rowsOf = (x: Tensor) => x.toArray();

describe("a state dict", () => {
  it("comes back from JSON with every value, and so does an optimizer's", () => {
    manualSeed(3);
    const make = () => {
      const model = new nn.Sequential(new nn.Embedding(4, 3), new nn.Linear(3, 2));
      return { model, adam: new optim.Adam(model.parameters(), { lr: 0.1 }) };
    };
    const step = ({ model, adam }: ReturnType<typeof make>) => {
      adam.zeroGrad();
      model.forward([1, 2, 1]).sum().backward();
      adam.step();
    };
    const [first, second] = [make(), make()];
    step(first);
    second.model.loadStateDict(JSON.parse(JSON.stringify(first.model.stateDict())));
    second.adam.loadStateDict(JSON.parse(JSON.stringify(first.adam.stateDict())));
    for (const each of [first, second]) step(each);
    const values = ({ model }: ReturnType<typeof make>) => [...model.parameters()].map(rowsOf);
    expect(values(second)).toEqual(values(first));
  });

  it("takes typed arrays in a row, and refuses other sizes and kinds with nothing copied", () => {
    const emb = new nn.Embedding(2, 2, {
      weight: [
        [1, 2],
        [3, 4],
      ],
    });
    emb.loadStateDict({ weight: Float32Array.of(5, 6, 7, 8) });
    expect(rowsOf(emb.weight)).toEqual([
      [5, 6],
      [7, 8],
    ]);
    expectError(() => emb.loadStateDict({ weight: Float32Array.of(1) }), Error, "size mismatch for weight");
    expectError(() => emb.loadStateDict({ weight: [[1, 2]] }), Error, "size mismatch for weight");
    expectError(
      () =>
        emb.loadStateDict({
          weight: [
            [1, 2],
            [3, null as unknown as number],
          ],
        }),
      TypeError,
      "must be a number",
    );
    expectError(
      () => emb.loadStateDict({ weight: "1" as unknown as number }),
      TypeError,
      "must be a Tensor or an array",
    );
    expect(rowsOf(emb.weight)).toEqual([
      [5, 6],
      [7, 8],
    ]);
  });
});

describe("a mistake is named", () => {
  it("when data is assigned to", () => {
    expectError(
      () => {
        new nn.Embedding(2, 2).weight.data = tensor([
          [1, 2],
          [3, 4],
        ]);
      },
      Error,
      ".data.copy_(values)",
    );
  });

  it("when a learning rate is no number any more", () => {
    const emb = new nn.Embedding(2, 2);
    const sgd = new optim.SGD(emb.parameters(), { lr: 0.1 });
    emb.forward([0]).sum().backward();
    const before = rowsOf(emb.weight);
    sgd.paramGroups[0].lr = undefined as unknown as number;
    expectError(() => sgd.step(), TypeError, "step: argument 'lr' must be a number");
    expect(rowsOf(emb.weight)).toEqual(before);
  });
});
