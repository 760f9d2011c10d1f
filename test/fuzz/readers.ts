// Every reader with what makes its valid files and what says that one was read right: `npm test` and `npm run fuzz` run the same.

import type { Arbitrary } from "fast-check";
import { BINARY_READERS } from "./binary-readers.js";
import { MODEL_READERS } from "./model-readers.js";
import { TEXT_READERS } from "./text-readers.js";

export interface FuzzedReader {
  readonly name: string;
  /** Small valid files. */
  readonly files: Arbitrary<Uint8Array>;
  /**
   * Reads the file from a source in pieces and disposes of what came of it, once it has been looked at: sizes agree, every value
   * is read. Throws what the reader throws.
   */
  read(chunks: Iterable<Uint8Array>): Promise<void>;
}

/** Those of the binary formats, of the text formats, and of what is made of them; each room has a file beside this one. */
export const READERS: readonly FuzzedReader[] = [...BINARY_READERS, ...TEXT_READERS, ...MODEL_READERS];
