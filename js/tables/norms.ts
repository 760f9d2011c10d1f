// The norms of a table's rows, which a search by cosine needs of all of them, kept until the table changes.

import { type Tensor, tidy } from "../index.js";
import { kernels, numbersFrom, rowNumbers, transient } from "../internals.js";
import type { Reader } from "./formats.js";
import type { Rows } from "./rows.js";

interface Kept {
  readonly version: number;
  readonly offset: number;
  readonly height: number;
  readonly dim: number;
  readonly reader: Reader;
  readonly norms: Float32Array;
}

/** By storage. They lie outside linear memory, and go with it. */
const kept = /* @__PURE__ */ new WeakMap<Tensor["storage"], Kept>();

const BLOCK = 256;

/** float32 [V]: the norm of each row, 1 where it is 0. */
export function normsOf(rows: Rows): Tensor {
  const { words, height, dim, reader } = rows;
  const { storage, offset } = words;
  let known = kept.get(storage);
  if (
    known?.version !== storage.version ||
    known.offset !== offset ||
    known.height !== height ||
    known.dim !== dim ||
    known.reader !== reader
  ) {
    known = { version: storage.version, offset, height, dim, reader, norms: tidy(() => measured(rows)) };
    kept.set(storage, known);
  }
  const out = transient([height]);
  out.array.set(known.norms);
  return out;
}

function measured({ words, height, dim, reader }: Rows): Float32Array {
  const norms = new Float32Array(height);
  const numbers = transient([BLOCK, dim]);
  const index = rowNumbers(numbersFrom(0, BLOCK));
  const [from, to] = [words.address, numbers.address];
  for (let start = 0; start < height; start += BLOCK) {
    const n = Math.min(BLOCK, height - start);
    reader.unpack(to, from + start * reader.rowBytes(dim), index.address, n, dim);
    for (let r = 0; r < n; r++) norms[start + r] = kernels.norm(to + 4 * r * dim, dim, 2) || 1;
  }
  return norms;
}
