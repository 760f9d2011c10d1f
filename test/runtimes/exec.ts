// Processes. Each starts in a group of its own, so that ending it ends its children too, and nothing else is ever ended.

import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface ExecOptions {
  cwd?: string;
  /** Added to the environment. */
  env?: NodeJS.ProcessEnv;
  /** Ends the process group. */
  signal?: AbortSignal;
  /** What it is ended with; SIGKILL, which nothing survives, unless given. */
  by?: NodeJS.Signals;
}

const running = new Map<ChildProcess, NodeJS.Signals>();

function end(child: ChildProcess): void {
  const by = running.get(child);
  if (!running.delete(child)) return;
  try {
    process.kill(-child.pid!, by);
  } catch {
    // The group is empty already.
  }
}

process.on("exit", () => {
  for (const child of running.keys()) end(child);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

export interface Running {
  pid: number;
  /** What it has printed so far. */
  output(): { stdout: string; stderr: string };
  /** Rejects when the process ends by itself without success; resolves when it succeeded or was stopped. */
  ended: Promise<void>;
}

/** Starts a program that goes on until it is stopped: a browser, a server. */
export function start(command: string, args: string[], options: ExecOptions = {}): Running {
  const { cwd, env, signal, by = "SIGKILL" } = options;
  signal?.throwIfAborted();
  const name = command.slice(command.lastIndexOf("/") + 1);
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8").on("data", (text) => {
      printed[stream] += text;
    });
  }
  const stop = () => end(child);
  if (child.pid !== undefined) running.set(child, by);
  signal?.addEventListener("abort", stop);
  const ended = new Promise<void>((resolve, reject) => {
    child.on("error", (error) => reject(new Error(`${name}: ${error.message}`)));
    // "close" waits for everything the group has printed, so what outlives its leader is ended at "exit".
    let stopped = false;
    child.on("exit", () => {
      stopped = !running.has(child);
      stop();
    });
    child.on("close", (status, killer) => {
      signal?.removeEventListener("abort", stop);
      if (stopped || status === 0) return resolve();
      const words = printed.stderr.trim() || printed.stdout.trim();
      // The line for the table, and below it everything for whoever has to find out.
      const headline = /^.*(?:Error|Exception|error:).*$/m.exec(words)?.[0] ?? words.split("\n")[0];
      reject(new Error(`${name} ended with ${killer ?? status}: ${headline}\n${words.slice(0, 2000)}`));
    });
  });
  // Whoever does not wait for the end is not to be taken down by it.
  ended.catch(() => {});
  return { pid: child.pid ?? 0, output: () => printed, ended };
}

/** Runs a program to its end; returns what it printed on stdout. */
export async function exec(command: string, args: string[], options: ExecOptions = {}): Promise<string> {
  const program = start(command, args, options);
  await program.ended;
  options.signal?.throwIfAborted();
  return program.output().stdout;
}

/** Waits for something that a program is about to have. Throws when the program ends instead. */
export async function until<T>(ready: () => T | Promise<T>, program: Running): Promise<T> {
  let over = false;
  program.ended
    .catch(() => {})
    .then(() => {
      over = true;
    });
  for (;;) {
    const value = await ready();
    if (value) return value;
    if (over) {
      await program.ended;
      throw new Error("stopped");
    }
    await sleep(20);
  }
}

/** A port of loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
