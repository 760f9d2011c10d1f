// npm run bench: ours beside plain JavaScript, PyTorch and others on the same operations, shapes and numbers.

import { SingleBar } from "cli-progress";
import { program } from "commander";
import { readCorpus } from "../examples/skip-gram/corpus.js";
import { draw } from "./charts.js";
import { contendersOf, type Peers, PLAIN, startPeers, stopPeers } from "./contenders.js";
import { IMPORT, importTime } from "./import.js";
import { type Data, dataOf, type Line, linesOf, matches, SEED, shapeText, titleOf } from "./lines.js";
import { type Effort, FULL, local, QUICK, race, summaryOf, sunk } from "./measure.js";
import { NOTES } from "./notes.js";
import { stepBytes } from "./ours.js";
import { inBench, inBuild } from "./paths.js";
import { compilerVersion, orSkip } from "./peers.js";
import { plain } from "./plain.js";
import { record } from "./record.js";
import { reportOf } from "./report.js";
import type { Result, Run } from "./run.js";
import { raceSteps, raceTraining, STEPS, TRAINING } from "./skip-gram.js";
import { Tfjs } from "./tfjs.js";

const options = program
  .name("npm run bench --")
  .description(
    "Times the library beside plain JavaScript and whoever else can be had: PyTorch (the environment variable PYTHON names\n" +
      "the interpreter that has it), onnxruntime-web, TensorFlow.js, C. A whole run is written to bench/RESULTS.md.",
  )
  .option("--filter <text>", 'only lines whose title contains the text, like "look-up" or "100,000 x 64"', "")
  .option("--quick", "few samples and two shapes", false)
  .option("--tfjs", "the step of TensorFlow.js, which takes minutes, also when the run is not whole", false)
  .parse()
  .opts<{ filter: string; quick: boolean; tfjs: boolean }>();

const whole = !options.quick && options.filter === "";
const effort = options.quick ? QUICK : FULL;
const wants = (title: string) => matches(title, options.filter);

async function measureLine(line: Line, data: Data, peers: Peers, effort: Effort): Promise<Result> {
  const reference = plain[line.op](data);
  const expected = await reference.outputs();
  const first = { ...local(PLAIN, reference), outputs: async () => expected };
  const growing = line.group === "growth";
  const others = contendersOf(line, data, peers);
  const times = new Map(await race(titleOf(line), growing ? others : [first, ...others], expected, effort));
  if (line.group === "tfjs" && peers.tfjs !== null) times.set(Tfjs.title, summaryOf([await peers.tfjs.time(data)]));
  return { line, times, stepBytes: growing ? stepBytes(data, line.op.includes("sparse")) : null };
}

/** All lines of one shape before the next, for they share its data. */
async function measureLines(lines: readonly Line[], peers: Peers): Promise<Result[]> {
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: "{bar} {value}/{total} {title}", hideCursor: true })
    : null;
  bar?.start(lines.length, 0, { title: "" });
  const results = new Map<Line, Result>();
  try {
    for (const shape of new Set(lines.map(shapeText))) {
      const same = lines.filter((line) => shapeText(line) === shape);
      const data = dataOf(same[0]);
      for (const line of same) {
        bar?.update({ title: titleOf(line) });
        results.set(line, await measureLine(line, data, peers, effort));
        bar?.increment();
      }
    }
  } finally {
    bar?.stop();
  }
  return lines.map((line) => results.get(line)!);
}

const corpus = () => readCorpus(options.quick ? 50_000 : undefined);

const lines = linesOf(options.filter, options.quick);
if (![...lines.map(titleOf), STEPS, TRAINING, IMPORT].some(wants)) {
  program.error(`no line's title contains "${options.filter}"`);
}
const peers = await startPeers(lines, whole || options.tfjs, wants(STEPS));
let run: Run;
try {
  run = {
    results: await measureLines(lines, peers),
    skipGram: wants(STEPS) ? await raceSteps(corpus(), peers, effort) : null,
    training: wants(TRAINING) ? await raceTraining(corpus(), effort.rounds) : null,
    import: wants(IMPORT) ? importTime(options.quick ? 5 : 15) : null,
  };
} finally {
  stopPeers(peers);
}
const versions = {
  torch: peers.torch?.version ?? null,
  "torch's threads by default": peers.torchDefault?.threads ?? null,
  "onnxruntime-web": peers.onnx?.version ?? null,
  tfjs: peers.tfjs?.version ?? null,
  gcc: await orSkip("gcc", compilerVersion),
};
const args = process.argv.slice(2).map((arg) => (/^[\w=-]+$/.test(arg) ? arg : JSON.stringify(arg)));
const report = reportOf(run, versions, ["npm run bench", ...(args.length > 0 ? ["--"] : []), ...args].join(" "));
console.log(`${report}\n\n${NOTES}\n\nseed ${SEED}, sink ${sunk()}`);
const folder = whole ? inBench("") : inBuild("");
for (const name of (await orSkip("charts", () => draw(run, folder))) ?? []) console.error(`drew ${folder}${name}`);
if (whole) record(inBench("RESULTS.md"), report);
