import { type DType, type Format, formatOf } from "./formats.js";
import { readVectors, type TableFlags, writeVectors } from "./vectors.js";

export interface ConvertFlags extends TableFlags {
  dtype: DType;
  to?: Format;
}

/** Reads a table and writes it, and says on stderr what has been written. */
export async function convert(from: string, out: string, { dtype, to, ...flags }: ConvertFlags): Promise<void> {
  const format = formatOf(out, to, dtype);
  const vectors = await readVectors(from, flags);
  await writeVectors(out, vectors, format, dtype);
  const name = out === "-" ? "standard output" : out;
  console.error(`${name}: ${vectors.size.toLocaleString("en")} rows of ${vectors.dim}, ${format}`);
}
