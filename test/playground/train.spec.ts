// Tab Train: the bits of Node, an unblocked page, a closed tab.

import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Visit } from "./browser.js";
import { busyWhile } from "./main-thread.js";
import { begin, finish, inNode, SMALL } from "./training.js";
import { place } from "./visits.js";

const here = place();

describe("training in the page", () => {
  test("gives the vectors that Node's training gives, paused in between or not", async () => {
    const { sha256, words } = inNode(SMALL);
    await here.visiting(async (visit) => {
      await begin(visit, SMALL);
      await visit.until("words-seen", /^[\d,]+ of/);
      await visit.click("pause");
      await visit.until("train-state", /^Paused/);
      await sleep(300);
      const seen = await visit.text("words-seen");
      await sleep(700);
      expect(await visit.text("words-seen")).toBe(seen);
      await visit.click("resume");
      expect(await finish(visit)).toBe(sha256);
      expect(await visit.text("train-state")).toContain(`${words.length.toLocaleString("en-US")} words`);
      expect(await visit.text("words-per-second")).toMatch(/^[\d,]+$/);
      expect(await visit.text("loss")).toMatch(/^\d\.\d{4}$/);
      expect(await visit.text("start-command")).toContain(`--words ${SMALL.limit} --dim ${SMALL.dim}`);
    });
  });

  test("stops when it is told to, and can be started again", async () => {
    await here.visiting(async (visit) => {
      await begin(visit, { ...SMALL, epochs: 1000 });
      await visit.until("words-seen", /^[\d,]+ of/);
      await visit.click("stop");
      await visit.until("train-state", /^Stopped/);
      await begin(visit, { ...SMALL, epochs: 1 });
      await visit.until("train-state", /^Done: /);
    });
  });

  test("learns from a text of one's own, pasted or dropped, also gzipped", async () => {
    const text = "the cat sat on the mat . the dog sat on the rug . ".repeat(50);
    await here.visiting(async (visit) => {
      // Of no concern to a text of one's own.
      await visit.fill("limit", "-5");
      await visit.page.locator("#corpus-own").click();
      await visit.fill("corpus-text", text);
      await visit.fill("epochs", "2");
      await visit.click("start");
      const pasted = await finish(visit);
      await visit.drop(".drop", "cats.txt", Buffer.from(text));
      await visit.click("start");
      await visit.until("train-state", /^(Reading|Training)/);
      expect(await finish(visit)).toBe(pasted);
      await visit.drop(".drop", "cats.txt.gz", gzipSync(text));
      await visit.click("start");
      await visit.until("train-state", /^(Reading|Training)/);
      expect(await finish(visit)).toBe(pasted);
    });
  });

  test("leaves a text that is dragged to the browser, which puts it into the field", async () => {
    await here.visiting(async ({ page }) => {
      await page.locator("#corpus-own").click();
      const taken = await page.$eval("#corpus-text", (element) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.setData("text/plain", "some words");
        const options = { bubbles: true, cancelable: true, dataTransfer };
        return ["dragover", "drop"].map((type) => !element.dispatchEvent(new DragEvent(type, options)));
      });
      expect(taken).toEqual([false, false]);
    });
  });

  test("leaves the file that was opened meanwhile, and offers its own vectors", async () => {
    await here.visiting(async (visit) => {
      await begin(visit, { ...SMALL, epochs: 1000 });
      await visit.until("words-seen", /^[\d,]+ of/);
      await visit.openFile("test/fixtures/glove.txt");
      await visit.tab("train");
      await visit.click("stop");
      await visit.until("train-state", /^Stopped/);
      await visit.tab("look");
      await visit.until("map-status", /^glove\.txt: 283 words/);
      await visit.tab("train");
      await visit.click("train-look");
      await visit.until("map-status", /^Brown corpus: /);
      await visit.tab("train");
      expect(await visit.page.$("#train-look:not([hidden])")).toBe(null);
    });
  });

  // A machine that is busy otherwise may stop the browser itself for as long: then once more.
  test("never blocks the page for 50 ms, whatever is done in it, with all words of the corpus", {
    retry: 2,
  }, async () => {
    await here.visiting(async (visit) => {
      const { page } = visit;
      // Loads what is loaded but once.
      await visit.tab("look");
      const busy = await busyWhile(page, async () => {
        await begin(visit, { ...SMALL, limit: 2_000_000, dim: 100, epochs: 50 });
        await visit.tab("look");
        await visit.until("map-status", /still learning/);
        await sleep(5000);
        const map = await (await page.$("#map"))!.boundingBox();
        for (let step = 0; step < 30; step++) {
          await page.mouse.move(map!.x + 100 + 9 * step, map!.y + 100 + 5 * step);
          if (step % 3 === 0) await page.mouse.wheel({ deltaY: -50 });
          await sleep(20);
        }
        await page.type("#search", "money\n", { delay: 50 });
        await page.type("#analogy", "king - man + woman\n", { delay: 20 });
        await sleep(1500);
        await page.setViewport({ width: 600, height: 900 });
        await sleep(500);
        await visit.tab("files");
        await page.click("#int8");
        await visit.until("int8-sizes", /int8/);
        await sleep(2000);
        await visit.tab("train");
        await visit.click("stop");
        await visit.until("train-state", /^Stopped/);
        await visit.tab("look");
        await visit.until("map-status", /^Brown corpus: /);
      });
      const ms = (time: number) => `${time.toFixed(1)} ms`;
      console.log(`longest task: ${ms(busy.clock)}, ${ms(busy.processor)} of the processor`);
      expect(busy.long.map(ms)).toEqual([]);
    });
  });

  test.each(["closed", "reloaded"])(
    "that was cut short when its tab was %s goes on and ends with the same bits",
    async (how) => {
      const job = { ...SMALL, limit: 60_000, epochs: 6 };
      const first = await Visit.open(here.browser, here.site.url);
      await begin(first, job);
      await first.until("epochs-done", /^[2-9]$/);
      // The state is kept soon after, not in the same moment.
      await sleep(300);
      let visit = first;
      if (how === "closed") {
        await first.page.close();
        visit = await Visit.open(here.browser, here.site.url, first);
      } else await first.page.reload();
      await visit.until("kept-training", /Brown corpus was interrupted at \d+ %/);
      await visit.click("continue");
      expect(await finish(visit)).toBe(inNode(job).sha256);
      expect(first.errors.concat(visit.errors)).toEqual([]);
      // Nothing is left to go on with.
      await visit.page.reload();
      await visit.page.waitForSelector("#start:enabled");
      await sleep(500);
      expect(await visit.page.$("#kept-training:not([hidden])")).toBe(null);
      await visit.close();
    },
  );

  test("that goes on in one tab is not forgotten by another", async () => {
    const job = { ...SMALL, limit: 60_000, epochs: 40 };
    const first = await Visit.open(here.browser, here.site.url);
    const again = async () => {
      const visit = await Visit.open(here.browser, here.site.url, first);
      await visit.until("kept-training", /Brown corpus was interrupted at \d+ %/);
      return visit;
    };
    await begin(first, job);
    await first.until("epochs-done", /^[1-9]/);
    await sleep(300);
    await first.page.close();
    const [runs, forgets] = [await again(), await again()];
    await runs.page.bringToFront();
    await runs.click("continue");
    const epochs = Number((await runs.until("epochs-done", /^\d+$/))[0]);
    await forgets.page.bringToFront();
    await forgets.click("forget");
    await forgets.page.waitForSelector("#kept-training", { hidden: true });
    await runs.page.bringToFront();
    await runs.page.waitForFunction(
      (least) => Number(document.getElementById("epochs-done")!.textContent) > least,
      {},
      epochs,
    );
    await sleep(300);
    await runs.page.close();
    const last = await again();
    // A start that fails takes nothing from it.
    await last.page.locator("#corpus-own").click();
    await last.click("start");
    expect(await last.fault()).toMatch(/^No word occurs/);
    await last.page.waitForSelector("#kept-training:not([hidden])");
    await last.click("continue");
    await last.until("epochs-done", /^\d+$/);
    expect(last.errors.filter((error) => !/No word occurs/.test(error))).toEqual([]);
    await last.close();
  });
});
