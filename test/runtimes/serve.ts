// A server for pages, on loopback alone. Its content security policy is as strict as the library's README allows.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Inline scripts are allowed by their hash: an import map cannot come from a file. */
function policy(page: string): string {
  const hashes = [...page.matchAll(/<script type="importmap">(.*?)<\/script>/gs)].map(
    ([, text]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`,
  );
  const scripts = ["'self'", "'wasm-unsafe-eval'", ...hashes].join(" ");
  return `default-src 'none'; script-src ${scripts}; worker-src 'self'; connect-src 'self'`;
}

export interface Served {
  url: string;
  /** What a page posts to /report. */
  report: Promise<string>;
  close(): void;
}

/** Serves a folder, and `page` as its index. */
export async function serve(folder: string, page: string): Promise<Served> {
  let reported: (text: string) => void;
  const report = new Promise<string>((resolve) => {
    reported = resolve;
  });
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, "http://127.0.0.1");
    response.setHeader("Content-Security-Policy", policy(page));
    response.setHeader("Content-Type", TYPES[extname(pathname)] ?? TYPES[".html"]);
    if (request.method === "POST") {
      reported((await request.setEncoding("utf8").toArray()).join(""));
      return response.end();
    }
    if (pathname === "/") return response.end(page);
    const file = await readFile(join(folder, pathname)).catch(() => null);
    response.writeHead(file === null ? 404 : 200).end(file);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    report,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
