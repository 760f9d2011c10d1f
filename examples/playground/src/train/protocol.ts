// What the page and the worker that trains say to each other.

import type { Progress, Settings } from "../../../skip-gram/model.js";

/** What to learn from. */
export type CorpusChoice =
  | {
      readonly kind: "brown";
      readonly url: string /** Its first words only; Infinity for all. */;
      readonly limit: number;
    }
  | { readonly kind: "text"; readonly name: string; readonly text: string | Blob };

export interface Job {
  readonly settings: Required<Settings>;
  /** Words that occur less often are left out. */
  readonly minCount: number;
  readonly corpus: CorpusChoice;
}

export type Order =
  | ({ readonly type: "start" } & Job)
  /** Goes on with the training that was kept. */
  | { readonly type: "continue" }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  | { readonly type: "stop" };

export type Answer =
  /** The corpus is read. words: a line each, which arrives faster than an array. read: how many there are in it, all epochs one. */
  | { readonly type: "corpus"; readonly job: Job; readonly words: string; readonly read: number }
  | ({
      readonly type: "progress";
      readonly wordsPerSecond: number;
      /** Linear memory claimed from the browser. */
      readonly bytes: number;
      /** Whole ones. */
      readonly epochs: number;
    } & Progress)
  /** The vectors at present; about once a second. */
  | { readonly type: "vectors"; readonly matrix: Float32Array }
  /** The state could not be kept; training goes on. */
  | { readonly type: "unkept"; readonly message: string }
  /** sha256: of the file that npm start would write; null if it is too large to be hashed here. */
  | { readonly type: "done"; readonly matrix: Float32Array; readonly sha256: string | null }
  | { readonly type: "stopped"; readonly matrix: Float32Array }
  | { readonly type: "error"; readonly message: string };

/** What a corpus is called. */
export function labelOf(corpus: CorpusChoice): string {
  return corpus.kind === "brown" ? "Brown corpus" : corpus.name;
}
