import { readFileSync } from "node:fs";

/** A tensor as generate.py writes it: base64 of little-endian elements. */
export interface Encoded {
  shape: number[];
  dtype: "float32" | "int32";
  data: string;
}

/** A tensor by its hash: all of a small one, the beginning of a big one. */
export interface Digest {
  sha256: string;
  out?: Encoded;
  first?: Encoded;
}

export interface Golden<Case> {
  torch: string;
  cpu: string;
  seed: number;
  cases: Case[];
}

/** PyTorch's answers in `<name>.json`. */
export function golden<Case>(name: string): Golden<Case> {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), "utf8")) as Golden<Case>;
}

export function decode(tensor: Encoded): { shape: number[]; data: Float32Array | Int32Array } {
  const { buffer } = Uint8Array.from(Buffer.from(tensor.data, "base64"));
  return { shape: tensor.shape, data: tensor.dtype === "float32" ? new Float32Array(buffer) : new Int32Array(buffer) };
}
