// A million requests to one worker, whose memory stays what it was after the first tenth.

import { readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { NEW, socketAt, worker, workerdFile, workerdVersion } from "./edge.js";
import { freePort, start, until } from "./exec.js";
import { fromNpm } from "./install.js";
import type { Answer, Context, Entry } from "./matrix.js";

const CONNECTIONS = 8;
/** The answers repeat after as many requests; equal requests have equal answers. */
const PERIOD = 1000;
/** Bytes that do not count as growth: the collector's heap breathes. */
const SLACK = 16e6;

interface Connection {
  /** The body of what a path answers. One request at a time. */
  get(path: string): Promise<string>;
  close(): void;
}

/** A connection that stays open. node:http would take more time to ask than the worker takes to answer. */
function connect(port: number, signal: AbortSignal): Connection {
  const socket = createConnection({ port, host: "127.0.0.1", noDelay: true }).setEncoding("latin1");
  let received = "";
  let settle: { resolve(body: string): void; reject(error: Error): void };
  socket.on("data", (text) => {
    received += text;
    const head = received.indexOf("\r\n\r\n");
    const length = Number(/^content-length: (\d+)\r$/im.exec(received)?.[1]);
    const body = received.slice(head + 4);
    if (head < 0 || !(body.length >= length)) return;
    received.startsWith("HTTP/1.1 200 ") ? settle.resolve(body) : settle.reject(new Error(received));
  });
  const closed = new Error("workerd closed the connection");
  socket.on("error", (error) => settle?.reject(error)).on("close", () => settle?.reject(closed));
  signal.addEventListener("abort", () => socket.destroy());
  return {
    get(path) {
      received = "";
      if (socket.destroyed) return Promise.reject(closed);
      socket.write(`GET /${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
      return new Promise((resolve, reject) => {
        settle = { resolve, reject };
      });
    },
    close: () => socket.destroy(),
  };
}

/** What the kernel says a process holds of the machine's memory, in bytes. */
export async function resident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]);
}

/** Throws unless what was held in the second tenth of the samples is what is held in the last. */
export function checkFlat(what: string, samples: number[], slack = 0): void {
  const tenth = samples.length / 10;
  const [early, late] = [samples.slice(tenth, 2 * tenth), samples.slice(-tenth)].map((part) => Math.max(...part));
  if (late > 1.2 * early + slack) throw new Error(`${what} grew from ${early} to ${late} bytes`);
}

async function load(port: number, count: number, pid: number, signal: AbortSignal): Promise<string> {
  const connections = Array.from({ length: CONNECTIONS }, () => connect(port, signal));
  const answers: string[] = [];
  const held: Record<string, number[]> = { RSS: [], numTensors: [], numBytes: [], reservedBytes: [] };
  let sent = 0;

  async function ask({ get }: Connection, end: number): Promise<void> {
    while (sent < end) {
      const i = sent++ % PERIOD;
      const answer = await get(String(i));
      answers[i] ??= answer;
      if (answer !== answers[i] || !Number.isFinite(Number(answer))) {
        throw new Error(`request ${sent}: ${answer}, but ${answers[i]} before`);
      }
    }
  }

  const begin = performance.now();
  for (let part = 1; part <= 100; part++) {
    await Promise.all(connections.map((connection) => ask(connection, (count * part) / 100)));
    const memory: Record<string, number> = JSON.parse(await connections[0].get("memory"));
    for (const [what, bytes] of Object.entries({ RSS: await resident(pid), ...memory })) held[what].push(bytes);
  }
  for (const connection of connections) connection.close();
  const rate = (1000 * count) / (performance.now() - begin);
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  checkFlat("workerd's RSS", held.RSS, SLACK);
  checkFlat("memory().numBytes", held.numBytes);
  checkFlat("memory().numTensors", held.numTensors);
  if (held.reservedBytes.at(-1) !== held.reservedBytes[10]) throw new Error("linear memory grew");
  return [
    `${count.toLocaleString("en")} requests, ${Math.round(rate).toLocaleString("en")} a second`,
    `RSS ${megabytes(held.RSS[10])} after a tenth, ${megabytes(held.RSS.at(-1)!)} at the end`,
    `linear memory ${megabytes(held.reservedBytes.at(-1)!)}`,
  ].join("; ");
}

export const requests = (count: number): Entry => ({
  name: "workerd requests",
  limit: 1800,
  install: () => fromNpm(workerdFile),
  async run({ project, signal }: Context): Promise<Answer> {
    const port = await freePort();
    const config = await worker(project, "edge.js", NEW, socketAt(port));
    const server = start(await fromNpm(workerdFile), ["serve", config], { signal });
    const url = `http://127.0.0.1:${port}/report`;
    const answer = () => fetch(url).then((response) => response.text());
    const output = await until(() => answer().catch(() => ""), server);
    return { output, version: await workerdVersion(), engine: "V8", note: await load(port, count, server.pid, signal) };
  },
});
