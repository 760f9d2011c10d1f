// The page in other engines, where they are installed: each trains to the bits of Node and has every output equal.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { firefox, webkit } from "../runtimes/browsers.js";
import { serveBuilt } from "./serve.js";
import { inNode, SMALL } from "./training.js";

const ENGINES = [
  { browser: firefox, needs: ["/usr/bin/firefox-esr"], says: / — Firefox [\d.]+ \(SpiderMonkey\)/ },
  {
    browser: webkit,
    needs: ["/usr/bin/WebKitWebDriver", "/usr/bin/Xvfb"],
    says: / — Safari [\d.]+ \(JavaScriptCore\)/,
  },
];

describe.each(ENGINES)("$browser.name", ({ browser, needs, says }) => {
  test.runIf(needs.every(existsSync))("trains to the same SHA-256 and proves every output", async () => {
    const site = await serveBuilt();
    const project = await mkdtemp(join(tmpdir(), "playground-engine-"));
    const time = new AbortController();
    try {
      await browser.open(site.driven(SMALL), { project, signal: time.signal });
      const seen = JSON.parse(await site.report);
      expect(seen.fault).toBeUndefined();
      expect(seen.sha256).toBe(inNode(SMALL).sha256);
      expect(seen.proved).toMatch(/^(\d+) \/ \1 outputs are equal/);
      expect(seen.proved).toMatch(says);
    } finally {
      time.abort();
      site.close();
      await rm(project, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
