// Tab Look: the map, neighbours and sums of words, beside what the library says of the same vectors in Node.

import { readFileSync } from "node:fs";
import { type KeyedEmbedding, readWordVectors } from "nn-embedding/tables";
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
async function looking(work: (visit: Visit) => Promise<void>): Promise<void> {
  await here.visiting(async (visit) => {
    await visit.openFile(FILE);
    await visit.tab("look");
    await visit.until("map-status", /283 words/);
    await work(visit);
  });
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
      const picture = () => visit.page.$eval("#map", (map) => (map as HTMLCanvasElement).toDataURL());
      const settled = async () => {
        for (let last = ""; ; ) {
          const now = await picture();
          if (now === last) return now;
          last = now;
          await new Promise((resolve) => setTimeout(resolve, 300));
        }
      };
      await visit.page.focus("#map");
      await visit.page.keyboard.press("0");
      const before = await settled();
      await visit.page.keyboard.press("+");
      const nearer = await settled();
      expect(nearer).not.toBe(before);
      await visit.page.keyboard.press("ArrowLeft");
      expect(await settled()).not.toBe(nearer);
      await visit.page.keyboard.press("0");
      expect(await settled()).toBe(before);
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
