// What the tests of a tab begin with.

import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, expect } from "vitest";
import { openChromium, Visit } from "./browser.js";
import { type Site, serveBuilt } from "./serve.js";

interface Place {
  browser: Browser;
  site: Site;
  /** A visit for as long as a test takes. Nothing may go wrong in it but what `expected` allows. */
  visiting(work: (visit: Visit) => Promise<void>, expected?: RegExp): Promise<void>;
}

/** One Chromium and one server for a file of tests. */
export function place(): Place {
  const here: Place = {
    browser: undefined as unknown as Browser,
    site: undefined as unknown as Site,
    async visiting(work, expected = /(?!)/) {
      const visit = await Visit.open(here.browser, here.site.url);
      try {
        await work(visit);
        expect(visit.errors.filter((error) => !expected.test(error))).toEqual([]);
      } finally {
        await visit.close();
      }
    },
  };
  beforeAll(async () => {
    here.site = await serveBuilt();
    here.browser = await openChromium();
  });
  afterAll(async () => {
    here.site?.close();
    await here.browser?.close();
  });
  return here;
}
