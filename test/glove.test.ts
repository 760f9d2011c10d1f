import { describe, expect, test } from "vitest";
import { gloveLines } from "../scripts/glove/rows.js";

const FILE = JSON.stringify({
  l2NormIndex: 2,
  words: ["the", "]", 'a "b"', "é"],
  vectors: { "]": [0.25, -1e-7, 0.2, 1], 'a "b"': [3, 4, 5, 2], é: [0, 1, 1, 3], the: [-0.5, 0.125, 0.5, 0] },
  unkVector: [0, 0, 0, -1],
});

async function* inPieces(text: string, size: number): AsyncGenerator<string> {
  for (let i = 0; i < text.length; i += size) yield text.slice(i, i + size);
}

// Neither build takes part.
describe.runIf(process.env.BUILD === "build")("rows of GloVe from the JSON of an npm package", () => {
  test.each([1, 2, 7, 1000])("in pieces of %i characters are those wanted, by rank", async (size) => {
    const lines = await gloveLines(inPieces(FILE, size), (_, rank) => rank < 3);
    expect(lines).toEqual(["the -0.5 0.125", "] 0.25 -1e-7", 'a "b" 3 4']);
    expect(await gloveLines(inPieces(FILE, size), (word) => word === "é")).toEqual(["é 0 1"]);
  });

  test.each(["", "{}", FILE.slice(0, 120), FILE.replace("[3,4,5,2]", "null"), FILE.replace("[3,4,5,2]", "[3,4")])(
    "are an error where the file is another: %j",
    async (text) => {
      await expect(gloveLines(inPieces(text, 40), () => true)).rejects.toThrow(/^no entry of a word, but "/);
    },
  );
});
