// PyTorch, in a process of its own.

import { Child } from "./child.js";
import { BAG, EPS, LEARNING_RATE, type Line, MAX_NORM, NEAREST, SEED } from "./lines.js";
import type { Contender } from "./measure.js";
import { inBench } from "./paths.js";

/** Above every block that a line asks for: malloc keeps freed memory, and a fresh result costs no page faults. */
const KEEP_BYTES = String(2 ** 32);

export class Torch {
  private constructor(
    readonly name: string,
    readonly version: string,
    readonly threads: number,
    private readonly child: Child,
  ) {}

  /** threads: 0 leaves the choice to PyTorch. Error when there is no Python, or it cannot import torch. */
  static async start(name: string, threads: number): Promise<Torch> {
    const python = process.env.PYTHON ?? "python3";
    const child = new Child(python, [inBench("torch_bench.py"), String(threads)], {
      MALLOC_MMAP_THRESHOLD_: KEEP_BYTES,
      MALLOC_TRIM_THRESHOLD_: KEEP_BYTES,
    });
    const { values } = await child.answer().catch(() => {
      throw new Error(`${python} cannot import torch; the environment variable PYTHON names another interpreter`);
    });
    return new Torch(name, String(values.version), Number(values.threads), child);
  }

  /** It has no search on packed rows. */
  static knows({ op }: Line): boolean {
    return op !== "nearest, int8";
  }

  on({ op, V, D, N }: Line): Contender {
    const settings = { V, D, N, seed: SEED, lr: LEARNING_RATE, eps: EPS, maxNorm: MAX_NORM, bag: BAG, k: NEAREST };
    return this.contender(this.name, op, settings);
  }

  /** op: of torch_bench.py, with what it needs to know, and the arrays that it takes. */
  contender(name: string, op: string, settings: object, ...arrays: ArrayBufferView[]): Contender {
    const bytes = arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const ask = (what: string, more: object = {}, ...rest: ArrayBufferView[]) =>
      this.child.ask(JSON.stringify({ do: what, op, ...more }), ...rest);
    return {
      name,
      outputs: async () => (await ask("prepare", { bytes, ...settings }, ...arrays)).arrays,
      warmUp: async ({ warmUp }) => void (await ask("warm up", { seconds: warmUp })),
      measure: async (effort) => (await ask("measure", effort)).values.samples as number[],
      dispose: () => ask("forget"),
    };
  }

  stop(): void {
    this.child.stop();
  }
}
