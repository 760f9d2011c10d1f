// The worker that proves: the library's own vectors, and its benchmark's operations on a few small tables.

import { tidy } from "nn-embedding";
import { verify } from "nn-embedding/verify";
import { dataOf, type Shape, shapeText } from "../../../../bench/lines.js";
import { type Contender, type Effort, local, race } from "../../../../bench/measure.js";
import { ours } from "../../../../bench/ours.js";
import { plain } from "../../../../bench/plain.js";
import { type Answer, type Order, OURS, PLAIN, TFJS } from "./protocol.js";
import type { TfjsOperation } from "./tfjs.js";

const page = self as unknown as Worker;
const tell = (answer: Answer) => page.postMessage(answer);

/** Known to tfjs as well, or not. */
const LINES: readonly (readonly [TfjsOperation | "step: sparse Adagrad" | "bag sum" | "nearest", Shape, boolean])[] = [
  ["look-up", { V: 100_000, D: 64, N: 16_384 }, true],
  ["step: sparse SGD", { V: 500, D: 64, N: 256 }, true],
  ["step: sparse Adagrad", { V: 100_000, D: 64, N: 16_384 }, false],
  ["bag sum", { V: 100_000, D: 64, N: 16_384 }, false],
  ["nearest", { V: 100_000, D: 64, N: 64 }, false],
];
const EFFORT: Effort = { rounds: 2, least: 3, patience: 0.5, most: 7, seconds: 0.15, warmUp: 0.1 };

page.onmessage = ({ data }: MessageEvent<Order>) => {
  (data === "verify" ? check() : bench()).catch((error: unknown) => tell({ type: "error", message: String(error) }));
};

async function check(): Promise<void> {
  const start = performance.now();
  const { equal, total, differences } = verify();
  tell({
    type: "verified",
    equal,
    total,
    seconds: (performance.now() - start) / 1000,
    differences: differences.map(({ name, output, actual }) => ({ name, output, actual })),
  });
}

async function bench(): Promise<void> {
  const tfjs = await loadTfjs();
  for (const [op, shape, isKnown] of LINES) {
    const title = `${op}, ${shapeText(shape)}`;
    tell({ type: "measuring", title });
    const data = dataOf(shape);
    const expected = await plain[op](data).outputs();
    const contenders: Contender[] = [local(OURS, ours[op](data, tidy)), local(PLAIN, plain[op](data))];
    if (isKnown && tfjs !== null) contenders.push(local(TFJS, tfjs[op as TfjsOperation](data)));
    const times = await race(title, contenders, expected, EFFORT);
    const milliseconds = Object.fromEntries([...times].map(([name, { median }]) => [name, median]));
    tell({ type: "measured", line: { title, milliseconds } });
  }
  tell({ type: "finished" });
}

async function loadTfjs() {
  try {
    const { startTfjs, tfjs } = await import("./tfjs.js");
    await startTfjs();
    return tfjs;
  } catch (error) {
    tell({ type: "without tfjs", message: String(error) });
    return null;
  }
}
