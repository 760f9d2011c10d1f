// Tab Look: the map, neighbours and sums of words, beside what the library says of the same vectors in Node.

import { readFileSync } from "node:fs";
import { nn, tensor } from "nn-embedding";
import { KeyedEmbedding, readWordVectors, writeKeyedEmbedding } from "nn-embedding/tables";
import { beforeAll, describe, expect, test } from "vitest";
import type { Visit } from "./browser.js";
import { place } from "./visits.js";

const FILE = "test/fixtures/glove.txt";
const here = place();
let glove: KeyedEmbedding;

beforeAll(async () => {
  glove = await readWordVectors(readFileSync(FILE));
});

/** Opens real vectors and looks at them. */
async function looking(work: (visit: Visit) => Promise<void>, expected?: RegExp): Promise<void> {
  await here.visiting(async (visit) => {
    await visit.openFile(FILE);
    await visit.tab("look");
    await visit.until("map-status", /283 words/);
    await work(visit);
  }, expected);
}

/** The picture of the map. */
const picture = (visit: Visit) => visit.page.$eval("#map", (map) => (map as HTMLCanvasElement).toDataURL());

/** The picture once it stays as it is. */
async function settled(visit: Visit): Promise<string> {
  for (let last = ""; ; ) {
    const now = await picture(visit);
    if (now === last) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** The words of a list of results, and how near they are. */
const results = (visit: Visit, id: string) =>
  visit.page.$$eval(`#${id} .result`, (buttons) =>
    buttons.map((button) => ["word", "number"].map((name) => button.querySelector(`.${name}`)!.textContent!)),
  );

const expected = (found: readonly { word: string; score: number }[]) =>
  found.map(({ word, score }) => [word, score.toFixed(3)]);

/** How many colours there are on the map. */
const coloursOf = (visit: Visit) =>
  visit.page.$eval("#map", (element) => {
    const canvas = element as HTMLCanvasElement;
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  });

describe("looking at vectors", () => {
  test("a word that is searched for shows its neighbours, its row, and itself on the map", async () => {
    await looking(async (visit) => {
      await visit.fill("search", "coffee");
      await visit.page.keyboard.press("Enter");
      await visit.page.waitForFunction(() => document.body.textContent!.includes("Nearest to “coffee”"));
      expect(await results(visit, "neighbours")).toEqual(expected(glove.mostSimilar({ positive: "coffee", k: 12 })));
      expect(await visit.text("row-plot")).toContain("100 numbers from ");
      expect(await coloursOf(visit)).toBeGreaterThan(50);
    });
  });

  test("a neighbour that is pressed is looked at next, by keyboard too", async () => {
    await looking(async (visit) => {
      await visit.fill("search", "coffee");
      await visit.page.keyboard.press("Enter");
      await visit.page.waitForFunction(() => document.body.textContent!.includes("Nearest to “coffee”"));
      await visit.page.focus("#neighbours .result");
      await visit.page.keyboard.press("Enter");
      await visit.page.waitForFunction(() => document.body.textContent!.includes("Nearest to “tea”"));
      expect(await results(visit, "neighbours")).toEqual(expected(glove.mostSimilar({ positive: "tea", k: 12 })));
    });
  });

  test("a word that is not there is said to be so", async () => {
    await looking(async (visit) => {
      await visit.fill("search", "qwertz");
      await visit.page.keyboard.press("Enter");
      await visit.until("search-status", /“qwertz” is not among the 283 words/);
    });
  });

  test("sums of words are what the library finds", async () => {
    await looking(async (visit) => {
      await visit.fill("analogy", "king - man + woman");
      await visit.until("analogy-status", /≈ queen/);
      const wanted = glove.mostSimilar({ positive: ["king", "woman"], negative: "man", k: 5 });
      expect(await results(visit, "analogy-results")).toEqual(expected(wanted));
      await visit.fill("analogy", "king - + woman");
      await visit.until("analogy-status", /^Words with \+ and - between them/);
      await visit.fill("analogy", "king - qwertz");
      await visit.until("analogy-status", /“qwertz” is not among the words/);
    });
  });

  test("the map zooms and moves by keyboard and comes back", async () => {
    await looking(async (visit) => {
      await visit.page.focus("#map");
      await visit.page.keyboard.press("0");
      const before = await settled(visit);
      await visit.page.keyboard.press("+");
      const nearer = await settled(visit);
      expect(nearer).not.toBe(before);
      await visit.page.keyboard.press("ArrowLeft");
      expect(await settled(visit)).not.toBe(nearer);
      await visit.page.keyboard.press("0");
      expect(await settled(visit)).toBe(before);
    });
  });

  test("an error while the map is drawn is said once, and the next change draws it again", async () => {
    await looking(async (visit) => {
      await settled(visit);
      // Chromium does not tell a page of errors that a debugger's functions throw: this one is thrown by the canvas itself.
      const breakIt = () =>
        Object.assign(CanvasRenderingContext2D.prototype, {
          whole: CanvasRenderingContext2D.prototype.putImageData,
          putImageData: CanvasRenderingContext2D.prototype.putImageData.bind({} as CanvasRenderingContext2D),
        }) && undefined;
      const mend = () => {
        const prototype = CanvasRenderingContext2D.prototype as CanvasRenderingContext2D & {
          whole: CanvasRenderingContext2D["putImageData"];
        };
        prototype.putImageData = prototype.whole;
      };
      await visit.page.evaluate(breakIt);
      await visit.page.focus("#map");
      await visit.page.keyboard.press("ArrowLeft");
      expect(await visit.fault()).toContain("Illegal invocation");
      await settled(visit);
      const told = visit.errors.length;
      await visit.page.evaluate(mend);
      const before = await settled(visit);
      await visit.page.keyboard.press("ArrowLeft");
      expect(await settled(visit)).not.toBe(before);
      expect(visit.errors).toHaveLength(told);
    }, /Illegal invocation/);
  });

  test("other vectors are shown at once, UMAP waits for their map, and a map that cannot be is said to be so", async () => {
    await looking(async (visit) => {
      const of = (name: string, rows: number, dim: number) => {
        const row = (i: number) => Array.from({ length: dim }, (_, j) => Math.sin(i * 7 + j * j + 1).toFixed(4));
        const lines = Array.from({ length: rows }, (_, i) => `${name}${i} ${row(i).join(" ")}`);
        return [`${rows} ${dim}`, ...lines, ""].join("\n");
      };
      const drop = async (name: string, content: string | Uint8Array) => {
        await visit.drop("#files", name, typeof content === "string" ? Buffer.from(content) : content);
        await visit.until("open-note", new RegExp(`^Opened ${name}`));
      };
      await visit.tab("files");
      await drop("wide.vec", of("w", 700, 600));
      // All in one task of the page: nothing can have been computed.
      const seen = await visit.page.evaluate(() => {
        document.getElementById("tab-look")!.click();
        document.getElementById("map-umap")!.click();
        const map = document.getElementById("map")!;
        const { points, method } = map.dataset;
        const old = document.querySelectorAll("#neighbours .result").length;
        const { value } = document.getElementById("search") as HTMLInputElement;
        return { points, method, old, value, status: document.getElementById("map-status")!.textContent };
      });
      const status = "Computing the map of wide.vec …";
      expect(seen).toEqual({ points: "0", method: "pca", old: 0, value: "w100", status });
      await visit.until("map-status", /^wide.vec: 700 words/);
      expect(await visit.page.$eval("#map", (map) => (map as HTMLElement).dataset.points)).toBe("700");

      await visit.tab("files");
      const words = ["b0", "b1", "b2", "b3", "b4"];
      const weight = tensor([1, 2, 3, 4, Number.NaN, 2, 7, 1, 4, 2], { shape: [5, 2] });
      const broken = new KeyedEmbedding(words, nn.Embedding.fromPretrained(weight));
      await drop("broken.safetensors", Buffer.concat([...writeKeyedEmbedding(broken)]));
      await visit.tab("look");
      await visit.until("map-status", /^There is no map of these vectors: the vector of “b2” has a number that is not/);
      expect(await visit.page.$eval("#map", (map) => (map as HTMLElement).dataset.points)).toBe("0");
      expect(await visit.text("look")).toContain("The numbers of “b4”");
      await visit.until("neighbours", /b0/);
    });
  });

  test("UMAP is made on demand", async () => {
    await looking(async (visit) => {
      await visit.click("map-umap");
      await visit.until("map-status", /UMAP of the first 283 words, begun/);
      await visit.click("map-pca");
      await visit.until("map-status", /The axes are the first two principal components/);
    });
  });
});
