// A worker: its test is the report, its requests are look-ups written as a user would write them first, with no tidy and
// no noGrad, so that each leaves a graph which nobody consumes. The model is made in the global scope.

import { manualSeed, memory, nn, randn } from "nn-embedding";
import { report } from "./smoke.js";

const ROWS = 1000;
manualSeed(1);
const embedding = new nn.Embedding(ROWS, 16);
const bag = nn.EmbeddingBag.fromPretrained(randn([ROWS, 16]), { mode: "mean" });

/** The inner product of a row and the mean of three others. */
function score(i: number): number {
  const row = embedding.forward([i % ROWS]);
  const others = bag.forward([[(3 * i) % ROWS, (7 * i) % ROWS, (11 * i) % ROWS]]);
  return row.mul(others).sum().item();
}

export default {
  /** `workerd test` runs it without opening a port. */
  test() {
    console.log(JSON.stringify(report()));
  },
  fetch(request: Request) {
    const path = new URL(request.url).pathname.slice(1);
    if (path === "report") return Response.json(report());
    if (path === "memory") return Response.json(memory());
    return new Response(String(score(Number(path))));
  },
};
