// The page as a whole: who may use it, what it weighs, what it says when something is wrong.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { AxeResults } from "axe-core";
import { describe, expect, test } from "vitest";
import { type Tab, Visit } from "./browser.js";
import { serveBuilt } from "./serve.js";
import { begin, finish, inNode, SMALL } from "./training.js";
import { place } from "./visits.js";

const TABS: readonly Tab[] = ["train", "look", "files", "prove"];
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const here = place();

/** Opens real vectors, so that every tab has something to show. */
async function fill(visit: Visit): Promise<void> {
  await begin(visit, { ...SMALL, epochs: 1 });
  await finish(visit);
  await visit.openFile("test/fixtures/glove.txt");
  await visit.click("int8");
  await visit.until("int8-sizes", /^float32: /);
  await visit.tab("prove");
  await visit.click("prove-run");
  await visit.until("prove-result", /outputs are equal/);
  await visit.tab("look");
  await visit.until("map-status", /283 words/);
}

describe("accessibility", () => {
  test.each([
    ["light", 1280],
    ["dark", 1280],
    ["light", 390],
    ["dark", 390],
  ])("axe finds nothing on any tab, %s and %i pixels wide, before and after", async (theme, width) => {
    await here.visiting(async (visit) => {
      const { page } = visit;
      await page.setViewport({ width, height: 844 });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
      const found: string[] = [];
      const check = async (when: string) => {
        for (const tab of TABS) {
          await visit.tab(tab);
          await page.evaluate(axe);
          const { violations } = (await page.evaluate("axe.run()")) as AxeResults;
          for (const { id, nodes } of violations) {
            found.push(
              ...nodes.map(({ target, failureSummary }) => `${tab} ${when}: ${id} ${target} ${failureSummary}`),
            );
          }
          const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (tooWide > 0) found.push(`${tab} ${when}: ${tooWide} pixels wider than the screen`);
        }
      };
      await check("before");
      await fill(visit);
      await check("after");
      expect(found).toEqual([]);
    });
  });

  test("tabs go by the arrow keys, and the address names them", async () => {
    await here.visiting(async ({ page }) => {
      await page.focus("#tab-train");
      for (const tab of ["look", "files", "prove", "train"]) {
        await page.keyboard.press("ArrowRight");
        await page.waitForSelector(`#${tab}:not([hidden])`);
        expect(await page.evaluate(() => [document.activeElement!.id, location.hash])).toEqual([
          `tab-${tab}`,
          `#${tab}`,
        ]);
      }
      await page.keyboard.press("End");
      await page.reload();
      await page.waitForSelector("#prove:not([hidden])");
    });
  });

  test("on a phone Start brings the progress into sight", async () => {
    await here.visiting(async (visit) => {
      await visit.page.setViewport({ width: 390, height: 844 });
      await begin(visit, SMALL);
      await visit.page.waitForFunction(
        () => document.getElementById("train-progress")!.getBoundingClientRect().bottom < innerHeight,
      );
    });
  });

  test("the theme can be chosen, and stays", async () => {
    await here.visiting(async ({ page }) => {
      const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
      const dark = await background();
      await page.locator("#theme").click();
      const light = await background();
      expect(light).not.toBe(dark);
      await page.reload();
      expect(await background()).toBe(light);
      await page.locator("#theme").click();
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
      expect(await background()).toBe(dark);
    });
  });
});

describe("weight", () => {
  test("what is loaded before the first click is under 300 KB compressed, and nothing comes from elsewhere", async () => {
    const site = await serveBuilt();
    const context = await here.browser.createBrowserContext();
    const page = await context.newPage();
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(site.url)) elsewhere.push(request.url());
    });
    await page.goto(site.url, { waitUntil: "networkidle0" });
    await page.waitForSelector("#start:enabled");
    await context.close();
    site.close();
    const files = [...site.asked].filter((name) => name !== "sw.js");
    const sizes = files.map((name) => gzipSync(readFileSync(`build/playground/${name}`)).length);
    const total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    console.log(`first load: ${(total / 1024).toFixed(1)} KB in ${files.join(" ")}`);
    expect(elsewhere).toEqual([]);
    expect(files).toContain("index.html");
    expect(total).toBeLessThan(300 * 1024);
  });
});

describe("without a network", () => {
  test("the page that has been loaded trains, shows, opens and proves, and loads again", async () => {
    const site = await serveBuilt();
    const visit = await Visit.open(here.browser, site.url);
    // The rest of the page is fetched in the background.
    await visit.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await visit.page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
    site.close();
    await begin(visit, SMALL);
    expect(await finish(visit)).toBe(inNode(SMALL).sha256);
    await fill(visit);
    await visit.page.reload();
    await begin(visit, SMALL);
    expect(await finish(visit)).toBe(inNode(SMALL).sha256);
    await visit.close();
  });
});

describe("what goes wrong is a sentence on the screen", () => {
  test.each([
    ["a picture", "cat.png", Buffer.from("89504e470d0a1a0a0000000d49484452", "hex")],
    ["a cut text", "cut.txt", readFileSync("test/fixtures/glove.txt").subarray(0, 3000)],
    [
      "a cut safetensors file",
      "cut.safetensors",
      readFileSync("test/fixtures/static/plain/model.safetensors").subarray(0, 200),
    ],
    ["an empty file", "empty.txt", Buffer.alloc(0)],
    ["a file whose name is that of another fault", "quota.txt", Buffer.from("no vectors\nfoo bar\n")],
  ])("of %s", async (_, name, bytes) => {
    await here.visiting(async (visit) => {
      await visit.tab("files");
      await visit.drop("#files", name, bytes);
      await visit.until("open-problem", new RegExp(`^${name} cannot be read: .{10,}[^.]\\.$`));
      // And the page goes on.
      await visit.openFile("test/fixtures/glove.txt");
      expect(await visit.page.$("#open-problem:not([hidden])")).toBe(null);
    });
  });

  test("but a file that misses its place is refused", async () => {
    await here.visiting(async ({ page }) => {
      const refused = await page.$eval("h1", (element) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(["text"], "text.txt"));
        const options = { bubbles: true, cancelable: true, dataTransfer };
        return ["dragover", "drop"].map((type) => !element.dispatchEvent(new DragEvent(type, options)));
      });
      expect(refused).toEqual([true, true]);
    });
  });

  test("of an address without a file, and of one that is none", async () => {
    await here.visiting(async (visit) => {
      await visit.tab("files");
      for (const [address, says] of [
        [here.site.fixture("missing.txt"), /404/],
        ["http://127.0.0.1:1/", /cannot be fetched/],
        ["not an address", /address/],
      ] as const) {
        await visit.fill("open-url", address);
        await visit.click("open-url-go");
        await visit.until("open-problem", says);
      }
    }, /404|ERR_CONNECTION_REFUSED|Content Security Policy/);
  });

  test("of a text with too few words", async () => {
    await here.visiting(async (visit) => {
      await visit.page.locator("#corpus-own").click();
      await visit.fill("corpus-text", "one two three");
      await visit.click("start");
      expect(await visit.fault()).toMatch(/No word occurs at least 5 times/);
      await visit.page.waitForSelector("#start:enabled");
    }, /No word occurs/);
  });

  test("of a text of which nothing is learnt", async () => {
    await here.visiting(async (visit) => {
      await visit.page.locator("#corpus-own").click();
      await visit.fill("corpus-text", "a. b.");
      await visit.fill("min-count", "1");
      await visit.click("start");
      expect(await visit.fault()).toMatch(/^Nothing was learnt: the text is too short/);
    }, /Nothing was learnt/);
  });

  test("of a training that diverges, whose last vectors are numbers", async () => {
    await here.visiting(async (visit) => {
      await visit.fill("learning-rate", "10");
      for (const [id, text] of [
        ["limit", "60000"],
        ["dim", "20"],
        ["epochs", "6"],
      ] as const)
        await visit.fill(id, text);
      await visit.click("start");
      expect(await visit.fault()).toBe("The training diverges: choose a smaller learning rate.");
      expect(await visit.text("train-state")).toMatch(/ended with an error/);
      expect(await visit.text("loss")).not.toMatch(/NaN|Infinity/);
      expect(await visit.page.$eval("#sha256", (element) => element.checkVisibility())).toBe(false);
      await visit.page.reload();
      await visit.page.waitForSelector("#start:enabled");
      await sleep(500);
      expect(await visit.page.$("#kept-training:not([hidden])")).toBe(null);
    }, /diverges/);
  });

  test("of a model that does not fit into memory", async () => {
    await here.visiting(async (visit) => {
      await begin(visit, { ...SMALL, limit: 1_000_000, dim: 100_000 });
      expect(await visit.fault()).toMatch(/not enough memory/);
      await begin(visit, { ...SMALL, epochs: 1 });
      await finish(visit);
    }, /memory|RangeError/);
  });
});
