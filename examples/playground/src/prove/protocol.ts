// What the page and the worker that proves say to each other.

export type Order = "verify" | "bench";

export interface Difference {
  readonly name: string;
  readonly output: string;
  readonly actual: string;
}

/** One operation: the milliseconds of who took part, by name. */
export interface Line {
  readonly title: string;
  readonly milliseconds: Readonly<Record<string, number>>;
}

export type Answer =
  | {
      readonly type: "verified";
      readonly equal: number;
      readonly total: number;
      readonly seconds: number;
      readonly differences: readonly Difference[];
    }
  /** What is measured now. */
  | { readonly type: "measuring"; readonly title: string }
  /** tfjs is a file of its own, which may be missing: the others are compared without it. */
  | { readonly type: "without tfjs"; readonly message: string }
  | { readonly type: "measured"; readonly line: Line }
  | { readonly type: "finished" }
  | { readonly type: "error"; readonly message: string };

export const OURS = "nn-embedding";
export const PLAIN = "plain JavaScript";
export const TFJS = "tfjs (cpu)";
export const CONTENDERS = [OURS, PLAIN, TFJS] as const;
