// The look-up in C, in a process of its own: a line that nobody passes.

import { Child } from "./child.js";
import type { Data } from "./lines.js";
import type { Contender } from "./measure.js";
import { inBench } from "./paths.js";
import { compile } from "./peers.js";

export class Gather {
  static readonly title = "C memcpy";
  private readonly child = new Child(compile("gather", inBench("gather.c")), []);

  on({ V, D, N, weight, index }: Data): Contender {
    return {
      name: Gather.title,
      outputs: async () => (await this.child.ask(`prepare ${V} ${D} ${N}`, weight, index)).arrays,
      warmUp: async ({ warmUp }) => void (await this.child.ask(`warm up ${warmUp}`)),
      measure: async ({ most, seconds }) =>
        (await this.child.ask(`measure ${most} ${seconds}`)).values.samples as number[],
    };
  }

  stop(): void {
    this.child.stop();
  }
}
