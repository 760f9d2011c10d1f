// Chromium, and the page in it as its user has it: elements go by their id.

import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import puppeteer, { type Browser, type BrowserContext, type ElementHandle, type Page } from "puppeteer-core";
import { fromDebian } from "../runtimes/install.js";

export type Tab = "train" | "look" | "files" | "prove";

/** A minute: machines are busy. */
const PATIENCE = 60_000;

export async function openChromium(): Promise<Browser> {
  const executablePath = await fromDebian("/usr/bin/chromium", "chromium");
  const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"];
  // Chromium refuses to run as root in its sandbox.
  const root = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  return puppeteer.launch({ executablePath, args: ["--no-first-run", "--disable-gpu", ...quiet, ...root] });
}

/** A visit to the page with storage of its own. */
export class Visit {
  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext,
    private readonly downloads: string,
    /** What the console was told of errors, and what was thrown. */
    readonly errors: string[],
  ) {}

  /** Opens the page in a new context, or in one that has been there before. */
  static async open(browser: Browser, url: string, earlier?: Visit): Promise<Visit> {
    const downloads = earlier?.downloads ?? (await mkdtemp(join(tmpdir(), "playground-")));
    const downloadBehavior = { policy: "allow", downloadPath: downloads } as const;
    const context = earlier?.context ?? (await browser.createBrowserContext({ downloadBehavior }));
    const page = await context.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") errors.push(message.text());
    });
    page.setDefaultTimeout(PATIENCE);
    const response = await page.goto(url);
    // Null where the page is only reloaded or its hash changes.
    if (response !== null && response.status() >= 400) {
      throw new Error(`${url} answers ${response.status()}: npm run playground:build first`);
    }
    return new Visit(page, context, downloads, errors);
  }

  async close(): Promise<void> {
    await this.context.close();
    await rm(this.downloads, { recursive: true });
  }

  async tab(name: Tab): Promise<void> {
    await this.page.locator(`#tab-${name}`).click();
    await this.page.waitForSelector(`#${name}:not([hidden])`);
  }

  /** Waits for it to be there, visible and enabled. */
  click(id: string): Promise<void> {
    return this.page.locator(`#${id}`).click();
  }

  fill(id: string, text: string): Promise<void> {
    return this.page.locator(`#${id}`).fill(text);
  }

  text(id: string): Promise<string> {
    return this.page.$eval(`#${id}`, (element) => element.textContent!.trim());
  }

  /** Waits until an element's text is as wanted; returns what matched. */
  async until(id: string, wanted: RegExp): Promise<RegExpExecArray> {
    const handle = await this.page.waitForFunction(
      (id, source, flags) => {
        const text = document.getElementById(id)?.textContent?.trim() ?? "";
        return new RegExp(source, flags).test(text) && text;
      },
      {},
      id,
      wanted.source,
      wanted.flags,
    );
    return wanted.exec((await handle.jsonValue()) as string)!;
  }

  /** Chooses a file in the tab Files and waits until its vectors are there. */
  async openFile(path: string): Promise<void> {
    await this.tab("files");
    const input = await this.page.waitForSelector("#open-file");
    await (input as ElementHandle<HTMLInputElement>).uploadFile(path);
    await this.until("open-note", new RegExp(`^Opened ${basename(path)}: `));
  }

  /** Waits for a sentence in the banner of faults. */
  async fault(): Promise<string> {
    await this.page.waitForSelector("#fault:not([hidden])");
    return this.page.$eval("#fault-text", (element) => element.textContent!);
  }

  /** Lets a file fall onto an element. */
  async drop(selector: string, name: string, bytes: Uint8Array): Promise<void> {
    await this.page.$eval(
      selector,
      (element, name, base64) => {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([bytes], name));
        for (const type of ["dragenter", "dragover", "drop"]) {
          element.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
        }
      },
      name,
      Buffer.from(bytes).toString("base64"),
    );
  }

  /** Does what makes the browser save files, waits for them and takes them away. */
  async saved(count: number, work: () => Promise<unknown>): Promise<Map<string, Uint8Array>> {
    await work();
    for (let waited = 0; waited < PATIENCE; waited += 50) {
      const names = await readdir(this.downloads);
      if (names.length >= count && names.every((name) => !/\.crdownload$|^\./.test(name))) {
        const take = async (name: string) => {
          const path = join(this.downloads, name);
          const bytes = await readFile(path);
          await rm(path);
          return [name, bytes] as const;
        };
        return new Map(await Promise.all(names.map(take)));
      }
      await sleep(50);
    }
    throw new Error(`the browser has not saved ${count} files`);
  }
}
