// The page in other engines, where they are installed; in the matrix of test/runtimes they are rows of their own.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { firefox, webkit } from "../runtimes/browsers.js";
import { drive } from "../runtimes/playground.js";

test.for([
  { browser: firefox, needs: ["/usr/bin/firefox-esr"], says: / — Firefox [\d.]+ \(SpiderMonkey\)/ },
  {
    browser: webkit,
    needs: ["/usr/bin/WebKitWebDriver", "/usr/bin/Xvfb"],
    says: / — Safari [\d.]+ \(JavaScriptCore\)/,
  },
])("$browser.name trains to the same SHA-256 and proves every output", async ({ browser, needs, says }, { skip }) => {
  skip(!needs.every(existsSync), "it is not installed");
  const project = await mkdtemp(join(tmpdir(), "playground-engine-"));
  const time = new AbortController();
  try {
    expect(await drive(browser, { project, signal: time.signal })).toMatch(says);
  } finally {
    time.abort();
    await rm(project, { recursive: true, force: true, maxRetries: 5 });
  }
});
