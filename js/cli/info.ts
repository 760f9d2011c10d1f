import { openSafetensors, readWordVectors } from "nn-embedding/tables";
import { type Input, withInput } from "./files.js";

/** Prints what a file says of itself, a line "what<TAB>value" each, without reading the numbers. */
export function info(path: string): Promise<void> {
  return withInput(path, async (input) => {
    const of = { safetensors: ofSafetensors, npy: ofNpy, "word vectors": ofWordVectors };
    for (const line of await of[input.kind](input)) console.log(line.join("\t"));
  });
}

async function ofSafetensors(input: Input): Promise<string[][]> {
  const file = await openSafetensors(await input.ranges());
  const metadata = Object.entries(file.metadata).map(([key, value]) => ["metadata", `${key}: ${value}`]);
  const tensors = file.names.map((name) => {
    const { dtype, shape } = file.info(name);
    return ["tensor", name, dtype, `[${shape.join(", ")}]`];
  });
  return [["format", "safetensors"], ...metadata, ...tensors];
}

/** Behind ten or twelve bytes the header is a dictionary of Python in one line. */
async function ofNpy(input: Input): Promise<string[][]> {
  const { first } = await linesIn(input.stream(), 1);
  const [, dtype] = /'descr': *'([^']*)'/.exec(first) ?? [];
  const [, shape] = /'shape': *\(([^)]*?),? *\)/.exec(first) ?? [];
  if (dtype === undefined || shape === undefined) throw new Error("the header is damaged");
  return [
    ["format", "npy"],
    ["array", dtype, `[${shape}]`],
  ];
}

/** A header tells how many rows there are; without one the lines are counted. */
async function ofWordVectors(input: Input): Promise<string[][]> {
  const { first, count } = await linesIn(input.stream());
  const header = headerOf(first);
  if (header !== null) return [["format", "word2vec"], ...header];
  using vectors = await readWordVectors([new TextEncoder().encode(first)]);
  return [
    ["format", "glove"],
    ["rows", String(count)],
    ["dim", String(vectors.dim)],
  ];
}

/** What the reader takes for a header. Two other numbers are null, and the reader says what is wrong with them. */
function headerOf(line: string): string[][] | null {
  const [rows = 0, dim = 0] = /^(\d{1,10})[ \t]+(\d{1,10})$/.exec(line)?.slice(1).map(Number) ?? [];
  if (rows >= 2 ** 31 || dim >= 2 ** 31 || dim === 0) return null;
  return [
    ["rows", String(rows)],
    ["dim", String(dim)],
  ];
}

/** The first line that is not blank, and how many are not; no more are looked at than wanted. */
async function linesIn(
  chunks: AsyncIterable<Uint8Array>,
  wanted = Infinity,
): Promise<{ first: string; count: number }> {
  // Takes a byte order mark away, as the reader does.
  const decoder = new TextDecoder();
  let first = "";
  let count = 0;
  let filled = false;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; ) {
      const found = chunk.indexOf(LINE_FEED, start);
      const piece = chunk.subarray(start, found < 0 ? chunk.length : found);
      start += piece.length + 1;
      if (count === 0) first += decoder.decode(piece, { stream: true });
      filled = count === 0 ? first.search(FILLED) >= 0 : filled || piece.some((byte) => !BLANKS.includes(byte));
      if (found < 0) break;
      if (filled) count++;
      if (count === 0) first = "";
      filled = false;
    }
    if (count >= wanted) break;
  }
  return { first: first.replace(/[ \t\r]+$/, ""), count: filled ? count + 1 : count };
}

const LINE_FEED = 10;
/** Space, tab and carriage return. */
const BLANKS = [32, 9, 13];
const FILLED = /[^ \t\r]/;
