// The built page on loopback as some host might have it: below a path, with a strict content security policy.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
};

/** Below it stands what build/playground holds; below FIXTURES what test/fixtures does. */
const PAGE = "/somewhere/playground/";
const FIXTURES = "/fixtures/";

const DRIVEN = "?driven&";

const POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; object-src 'none'";

export interface Site {
  /** Of the page. */
  url: string;
  /** Of the page with drive.js in it, for browsers that nobody drives; fields: what it writes into the form, by id. */
  driven(fields: object): string;
  /** Paths below the page that have been asked for, but by its service worker, which fetches the rest in the background. */
  asked: Set<string>;
  /** What drive.js posts. */
  report: Promise<string>;
  /** Of a file of test/fixtures. */
  fixture(name: string): string;
  /** Nobody answers any more. */
  close(): void;
}

/** The folders that are served, by the beginning of the path. */
const FOLDERS: readonly (readonly [string, string])[] = [
  [PAGE, "build/playground"],
  [FIXTURES, "test/fixtures"],
  ["/drive/", "test/playground"],
];

async function answer(path: string): Promise<Buffer | null> {
  const found = FOLDERS.find(([start]) => path.startsWith(start));
  if (found === undefined) return null;
  return readFile(join(found[1], path.slice(found[0].length))).catch(() => null);
}

export async function serveBuilt(): Promise<Site> {
  const asked = new Set<string>();
  let reported: (text: string) => void;
  const report = new Promise<string>((resolve) => {
    reported = resolve;
  });
  const server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url!, "http://127.0.0.1");
    if (request.method === "POST") {
      reported((await request.setEncoding("utf8").toArray()).join(""));
      return response.end();
    }
    const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    if (path.startsWith(PAGE) && !request.headers.referer?.endsWith("/sw.js")) asked.add(path.slice(PAGE.length));
    let bytes = await answer(path);
    if (search.startsWith(DRIVEN) && path.startsWith(PAGE) && bytes !== null) {
      bytes = Buffer.from(
        bytes.toString().replace("</head>", '<script type="module" src="/drive/drive.js"></script></head>'),
      );
    }
    response.setHeader("Content-Security-Policy", POLICY);
    response.setHeader("Content-Type", TYPES[extname(path)] ?? "application/octet-stream");
    response.writeHead(bytes === null ? 404 : 200).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: origin + PAGE,
    driven: (fields) => `${origin}${PAGE}${DRIVEN}${new URLSearchParams(Object.entries(fields))}`,
    asked,
    report,
    fixture: (name) => origin + FIXTURES + name,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
