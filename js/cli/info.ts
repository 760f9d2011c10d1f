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
  const header = /^(\d+) (\d+)\s*$/.exec(first);
  if (header !== null)
    return [
      ["format", "word2vec"],
      ["rows", header[1]],
      ["dim", header[2]],
    ];
  using vectors = await readWordVectors([new TextEncoder().encode(first)]);
  return [
    ["format", "glove"],
    ["rows", String(count)],
    ["dim", String(vectors.dim)],
  ];
}

/** The first line, and how many there are; no more are looked at than wanted. */
async function linesIn(
  chunks: AsyncIterable<Uint8Array>,
  wanted = Infinity,
): Promise<{ first: string; count: number }> {
  const decoder = new TextDecoder();
  let first = "";
  let count = 0;
  let ended = true;
  for await (const chunk of chunks) {
    if (count === 0)
      first += decoder.decode(chunk.subarray(0, chunk.indexOf(LINE_FEED) + 1 || chunk.length), { stream: true });
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) count++;
    ended = chunk.at(-1) === LINE_FEED;
    if (count >= wanted) break;
  }
  return { first, count: ended ? count : count + 1 };
}

const LINE_FEED = 10;
