// What the machine allows: the operations in C, in a process of its own.

import { Child } from "./child.js";
import { BAG, type Data, type Line, type Operation } from "./lines.js";
import type { Contender } from "./measure.js";
import { inBench } from "./paths.js";
import { compile } from "./peers.js";

/** Those that limits.c knows. */
const OPERATIONS: readonly Operation[] = [
  "look-up",
  "dense backward",
  "sparse backward + coalesce",
  "renorm",
  "bag sum",
  "bag mean",
  "bag max",
  "bag sum backward",
  "step: sparse SGD",
  "step: dense SGD",
  "step: sparse Adagrad",
  "step: SparseAdam",
  "step: dense Adam",
];

/** Without them gcc does not vectorise roots and comparisons. */
const FLAGS = ["-fno-math-errno", "-fno-trapping-math"];

export class Limits {
  static readonly title = "C";
  private readonly child = new Child(compile("limits", inBench("limits.c"), ...FLAGS), []);

  static knows({ group, op }: Line): boolean {
    return group === "operations" && OPERATIONS.includes(op);
  }

  on({ op }: Line, { V, D, N, weight, index, gradient }: Data): Contender {
    return this.contender(`${V} ${D} ${N} ${BAG} ${op}`, weight, index, gradient);
  }

  /** request: of limits.c, after "prepare", with the arrays that it takes. */
  contender(request: string, ...arrays: ArrayBufferView[]): Contender {
    return {
      name: Limits.title,
      outputs: async () => (await this.child.ask(`prepare ${request}`, ...arrays)).arrays,
      warmUp: async ({ warmUp }) => void (await this.child.ask(`warm up ${warmUp}`)),
      measure: async ({ most, seconds }) =>
        (await this.child.ask(`measure ${most} ${seconds}`)).values.samples as number[],
    };
  }

  stop(): void {
    this.child.stop();
  }
}
