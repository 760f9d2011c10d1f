// The page of examples/playground in the engines that its own tests do not drive.

import { serveBuilt } from "../playground/serve.js";
import { inNode, SMALL } from "../playground/training.js";
import { type Browser, firefox, page, reportOf, webkit } from "./browsers.js";
import { exec } from "./exec.js";
import type { Answer, Context, Entry } from "./matrix.js";

/** Trains in the built page and checks every output there. Throws unless the bits are Node's; returns what the page says. */
export async function drive(browser: Browser, context: Context): Promise<string> {
  const site = await serveBuilt();
  try {
    const seen = await reportOf(browser, { url: site.driven(SMALL), report: site.report }, context);
    const { fault, sha256, proved } = JSON.parse(seen);
    if (fault !== undefined) throw new Error(`the page says: ${fault}`);
    const wanted = inNode(SMALL).sha256;
    if (sha256 !== wanted) throw new Error(`the page trained to ${sha256}, not ${wanted}`);
    if (!/^(\d+) \/ \1 outputs are equal/.test(proved)) throw new Error(`the page says: ${proved}`);
    return proved;
  } finally {
    site.close();
  }
}

/** Beside the vectors, which the browser's row computes with the package that was asked for: the page is this repository's. */
const row = (browser: Browser): Entry => ({
  name: `${browser.name} playground`,
  async install() {
    await browser.install();
    await exec("npm", ["run", "--silent", "playground:build"]);
  },
  async run(context): Promise<Answer> {
    const answer = await page(browser).run(context);
    await drive(browser, context);
    return { ...answer, note: "trains to Node's SHA-256" };
  },
});

export const playground = [firefox, webkit].map(row);
