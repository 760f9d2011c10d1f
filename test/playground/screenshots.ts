// npm run playground:screenshots: the pictures of README, of the page as it is, with vectors that it has learnt itself.

import { openChromium, Visit } from "./browser.js";
import { serveBuilt } from "./serve.js";
import { begin } from "./training.js";

/** As npm start trains, in three epochs instead of five. */
const LESSON = { limit: 2_000_000, dim: 100, epochs: 3, window: 5, negatives: 5, optimizer: "sgd", seed: 1 } as const;

const site = await serveBuilt();
const browser = await openChromium();
try {
  const visit = await Visit.open(browser, site.url);
  const { page } = visit;
  await page.setViewport({ width: 1280, height: 800 });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await begin(visit, LESSON);
  await page.waitForFunction(() => document.getElementById("train-state")?.textContent?.startsWith("Done"), {
    timeout: 1_200_000,
  });
  await visit.tab("look");
  await visit.until("map-status", /^Brown corpus: /);
  await visit.fill("search", "water");
  await page.keyboard.press("Enter");
  // The map flies there.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: "examples/playground/desktop.png" });

  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  await page.setViewport({ width: 390, height: 844, deviceScaleFactor: 2 });
  // The map takes its new size. Without touch: Chromium would load the page anew.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: "examples/playground/phone.png" });
  await visit.close();
} finally {
  await browser.close();
  site.close();
}
