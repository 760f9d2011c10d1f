// Which format a file has: by its name when it is written, by its first bytes when it is read.

import { extname } from "node:path";

/** What can be written. */
export const FORMATS = ["glove", "word2vec", "word2vec-binary", "safetensors", "npy"] as const;
export type Format = (typeof FORMATS)[number];

export const DTYPES = ["float32", "float16", "bfloat16", "int8", "int4"] as const;
export type DType = (typeof DTYPES)[number];

/** The command line is wrong, not a file. */
export class UsageError extends Error {}

const EXTENSIONS: Readonly<Record<string, Format>> = {
  ".txt": "glove",
  ".glove": "glove",
  ".vec": "word2vec",
  ".bin": "word2vec-binary",
  ".safetensors": "safetensors",
  ".npy": "npy",
};

/** The format of a file that is to be written with numbers of this dtype. */
export function formatOf(path: string, given: Format | undefined, dtype: DType): Format {
  const format = given ?? EXTENSIONS[extname(path).toLowerCase()];
  if (format === undefined) {
    const known = Object.keys(EXTENSIONS).join(" ");
    throw new UsageError(`${path}: its name tells no format, which is one of ${known}; or give --to`);
  }
  if (dtype !== "float32" && format !== "safetensors") {
    throw new UsageError(`--dtype ${dtype}: only safetensors files hold it, not ${format}`);
  }
  return format;
}

/** How a file has to be read: words and numbers in one of the formats of word vectors are told apart by their reader. */
export type Kind = "safetensors" | "npy" | "word vectors";

/** Bytes that kindOf looks at. */
export const HEAD_BYTES = 8;

export function kindOf(head: Uint8Array): Kind {
  if (head.length >= 6 && head[0] === 0x93 && String.fromCharCode(...head.subarray(1, 6)) === "NUMPY") return "npy";
  // The length of the header in 64 bits, which is below 2^32; text has no zeros.
  const zeros = head.length >= HEAD_BYTES && head.subarray(4, 8).every((byte) => byte === 0);
  return zeros ? "safetensors" : "word vectors";
}
