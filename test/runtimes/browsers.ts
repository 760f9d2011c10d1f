// Browsers. Each opens a page of a server on loopback, and the page posts its report: no driver stands between them but
// WebKitGTK's own, which is the way to start that one without a window manager.

import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { exec, freePort, type Running, start, until } from "./exec.js";
import { fromDebian } from "./install.js";
import type { Answer, Context, Entry } from "./matrix.js";
import { serve } from "./serve.js";
import { debianVersion } from "./shells.js";
import { installedFile, oneFile } from "./stage.js";

export interface Browser {
  name: string;
  engine: string;
  /** The Debian package that has the version. */
  debian: string;
  install(): Promise<unknown>;
  /** Starts the browser on a page; what has been started ends at the signal. */
  open(url: string, context: Context): Promise<Running>;
}

const folderFor = ({ project }: Context, name: string) => mkdtemp(join(project, name));

export const chromium: Browser = {
  name: "chromium",
  engine: "V8",
  debian: "chromium",
  install: () => fromDebian("/usr/bin/chromium", "chromium"),
  async open(url, context) {
    const flags = ["--headless", "--disable-gpu", "--disable-quic", "--disable-sync", "--no-first-run"];
    const quiet = ["--disable-background-networking", "--disable-component-update"];
    // Chromium refuses to run as root in its sandbox.
    const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    const profile = `--user-data-dir=${await folderFor(context, "chromium")}`;
    return start("/usr/bin/chromium", [...flags, ...quiet, ...root, profile, url], { signal: context.signal });
  },
};

export const firefox: Browser = {
  name: "firefox",
  engine: "SpiderMonkey",
  debian: "firefox-esr",
  install: () => fromDebian("/usr/bin/firefox-esr", "firefox-esr"),
  async open(url, context) {
    const home = await folderFor(context, "firefox");
    return start("/usr/bin/firefox-esr", ["--headless", "--no-remote", "--profile", home, url], {
      signal: context.signal,
      env: { HOME: home },
    });
  },
};

export const webkit: Browser = {
  name: "webkitgtk",
  engine: "JavaScriptCore",
  debian: "webkit2gtk-driver",
  async install() {
    await fromDebian("/usr/bin/Xvfb", "xvfb");
    await fromDebian("/usr/bin/WebKitWebDriver", "webkit2gtk-driver");
  },
  async open(url, { signal }) {
    // Asked politely, Xvfb takes its lock file along.
    const display = start("/usr/bin/Xvfb", ["-displayfd", "1", "-nolisten", "tcp"], { signal, by: "SIGTERM" });
    const number = await until(() => display.output().stdout.trim(), display);
    const port = await freePort();
    const driver = start("/usr/bin/WebKitWebDriver", [`--port=${port}`], { signal, env: { DISPLAY: `:${number}` } });
    const send = async (path: string, body: object) => {
      const response = await fetch(`http://127.0.0.1:${port}/${path}`, {
        method: "POST",
        body: JSON.stringify(body),
        signal,
      });
      if (!response.ok) throw new Error(`WebKitWebDriver: ${path}: ${await response.text()}`);
      return (await response.json()).value;
    };
    await until(() => fetch(`http://127.0.0.1:${port}/status`).catch(() => null), driver);
    const options = { binary: await miniBrowser(), args: ["--automation"] };
    const { sessionId } = await send("session", {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": options } },
    });
    await send(`session/${sessionId}/url`, { url });
    return driver;
  },
};

/** Its folder is named after the machine's architecture. */
async function miniBrowser(): Promise<string> {
  const files = await exec("dpkg-query", ["--listfiles", "libwebkit2gtk-4.1-0"]);
  return /^.*\/MiniBrowser$/m.exec(files)![0];
}

const scripts = (...files: string[]) => files.map((file) => `<script type="module" src="${file}"></script>`).join("");
export const WATCH = `<!doctype html><script src="/watch.js"></script>`;

/** What a page posts to its server, once a browser has opened it. */
export async function reportOf(
  browser: Browser,
  { url, report }: { url: string; report: Promise<string> },
  context: Context,
): Promise<string> {
  const program = await browser.open(url, context);
  const early = program.ended.then(() => {
    throw new Error(`${browser.name} ended without a report`);
  });
  early.catch(() => {});
  return Promise.race([report, early]);
}

/** Opens a page of a folder in a browser and waits for its report. */
export async function visit(browser: Browser, folder: string, page: string, context: Context): Promise<Answer> {
  const served = await serve(folder, page);
  try {
    const output = await reportOf(browser, served, context);
    return { output, version: await debianVersion(browser.debian), engine: browser.engine };
  } finally {
    served.close();
  }
}

/** The package as it is, its bare names resolved by an import map. */
export const page = (browser: Browser): Entry => ({
  name: browser.name,
  fast: browser === chromium,
  install: browser.install,
  run(context) {
    const address = (name: string) => installedFile(context.project, name).slice(context.project.length);
    const imports = Object.fromEntries(["nn-embedding", "nn-embedding/verify"].map((name) => [name, address(name)]));
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    return visit(browser, context.project, WATCH + map + scripts("/page.js"), context);
  },
});

/** Import maps do not reach into workers: one file. */
const worker = (browser: Browser): Entry => ({
  name: `${browser.name} worker`,
  fast: browser === chromium,
  install: browser.install,
  async run(context) {
    await oneFile(context.project, "page.js", "worker.js");
    return visit(browser, context.project, WATCH + scripts("/start-worker.js"), context);
  },
});

export const browsers = [chromium, firefox, webkit].flatMap((browser) => [page(browser), worker(browser)]);
