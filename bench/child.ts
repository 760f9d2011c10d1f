// A process that works only while we wait for its answer. A request is a line, and after it the bytes of arrays; an answer is a
// line of JSON, and after it as many floats for each array as its "floats" says.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";

export interface Answer {
  readonly values: Record<string, unknown>;
  readonly arrays: Float32Array[];
}

export class Child {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(
    private readonly command: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ) {
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
    // Both show as the end of its answers.
    this.child.on("error", () => {});
    this.child.stdin.on("error", () => {});
    this.chunks = this.child.stdout[Symbol.asyncIterator]();
  }

  async ask(request: string, ...arrays: ArrayBufferView[]): Promise<Answer> {
    this.child.stdin.write(`${request}\n`);
    for (const { buffer, byteOffset, byteLength } of arrays) {
      this.child.stdin.write(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
    }
    return this.answer();
  }

  async answer(): Promise<Answer> {
    const values = JSON.parse(await this.line());
    const arrays: Float32Array[] = [];
    for (const length of (values.floats as number[]) ?? []) arrays.push(await this.floats(length));
    return { values, arrays };
  }

  stop(): void {
    this.child.stdin.end();
  }

  private async line(): Promise<string> {
    let end = this.rest.indexOf("\n");
    while (end < 0) {
      this.rest = Buffer.concat([this.rest, await this.chunk()]);
      end = this.rest.indexOf("\n");
    }
    const line = this.rest.toString("utf8", 0, end);
    this.rest = this.rest.subarray(end + 1);
    return line;
  }

  private async floats(length: number): Promise<Float32Array> {
    const floats = new Float32Array(length);
    const bytes = new Uint8Array(floats.buffer);
    for (let at = 0; at < bytes.length; ) {
      if (this.rest.length === 0) this.rest = await this.chunk();
      const piece = this.rest.subarray(0, bytes.length - at);
      bytes.set(piece, at);
      at += piece.length;
      this.rest = this.rest.subarray(piece.length);
    }
    return floats;
  }

  private async chunk(): Promise<Buffer> {
    const { value, done } = await this.chunks.next();
    if (done) throw new Error(`${this.command} ended before the benchmark did`);
    return value;
  }
}
