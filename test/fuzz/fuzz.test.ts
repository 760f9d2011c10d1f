import fc from "fast-check";
import { describe, it } from "vitest";
import { property, seedOf } from "./property.js";
import { READERS } from "./readers.js";

describe.each(READERS)("$name", (reader) => {
  it("reads any mutation of a valid file or refuses it, and gives all memory back", async () => {
    await fc.assert(property(reader), { numRuns: 2000, seed: seedOf(reader) });
  });
});
