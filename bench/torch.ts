// PyTorch in a process of its own, which works only while we wait for its answer.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { BAG, EPS, LEARNING_RATE, type Line, MAX_NORM, SEED } from "./lines.js";
import type { Effort } from "./measure.js";

/** Above every block that a line asks for: malloc keeps freed memory, and a fresh result costs no page faults. */
const KEEP_BYTES = String(2 ** 32);

export class Torch {
  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly answers: AsyncIterator<string>,
    readonly version: string,
  ) {}

  /** null when there is no Python, or it cannot import torch. */
  static async start(script: string): Promise<Torch | null> {
    const child = spawn(process.env.PYTHON ?? "python3", [script], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, MALLOC_MMAP_THRESHOLD_: KEEP_BYTES, MALLOC_TRIM_THRESHOLD_: KEEP_BYTES },
    });
    // Both show as the end of its answers.
    child.on("error", () => {});
    child.stdin.on("error", () => {});
    const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    const { value, done } = await answers.next();
    return done ? null : new Torch(child, answers, JSON.parse(value).version);
  }

  /** Makes the data, runs the operation once, warms up. Returns the mean magnitudes of what it computed. */
  async prepare(line: Line, effort: Effort): Promise<number[]> {
    const settings = { seed: SEED, lr: LEARNING_RATE, eps: EPS, maxNorm: MAX_NORM, bag: BAG };
    return (await this.ask({ do: "prepare", ...line, ...settings, ...effort })).means;
  }

  /** One round: milliseconds of one operation, a number for each sample. */
  async measure(effort: Effort): Promise<number[]> {
    return (await this.ask({ do: "measure", ...effort })).samples;
  }

  stop(): void {
    this.child.stdin.end();
  }

  private async ask(request: object): Promise<Record<string, number[]>> {
    this.child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.answers.next();
    if (done) throw new Error("torch_bench.py ended before the benchmark did");
    return JSON.parse(value);
  }
}
