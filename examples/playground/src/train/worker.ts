// The worker that trains: the code of npm start, with a look at the page's orders between two reports.

import { memory } from "nn-embedding";
import { sha256 as sha256Of } from "../../../../js/verify/sha256.js";
import { DivergenceError, Training, type TrainingState } from "../../../skip-gram/model.js";
import type { Sentences } from "../../../skip-gram/sentences.js";
import { word2vecLines } from "../../../skip-gram/word2vec.js";
import { Keeper, readCheckpoint } from "../checkpoint.js";
import { nextTask } from "../slices.js";
import type { Answer, Job, Order } from "./protocol.js";
import { readCorpus } from "./read-corpus.js";

/** Milliseconds between two looks at the vectors. */
const SHOW = 1000;
/** Milliseconds after which the state is kept also in the middle of an epoch. */
const KEEP = 60_000;
/** "-1.23456789e-10" and a space. */
const LONGEST_NUMBER = 16;
const MOST_CHARACTERS = 2 ** 28;

const page = self as unknown as Worker;
const tell = (answer: Answer, transfer: Transferable[] = []) => page.postMessage(answer, transfer);

let paused = false;
let stopped = false;
let wake = () => {};

page.onmessage = ({ data }: MessageEvent<Order>) => {
  if (data.type === "start") {
    const { type: _, ...job } = data;
    run(work(job));
  } else if (data.type === "continue") {
    run(readCheckpoint().then(({ job, state }) => work(job, state)));
  } else {
    if (data.type === "stop") stopped = true;
    else paused = data.type === "pause";
    wake();
  }
};

function run(work: Promise<void>): void {
  work.catch((error: unknown) => tell({ type: "error", message: String(error) }));
}

async function work(job: Job, state?: TrainingState): Promise<void> {
  const corpus = await readCorpus(job);
  tell({ type: "corpus", job, words: corpus.words.join("\n"), read: corpus.size });
  const training = new Training(corpus, job.settings, state);
  const keep = await keeping(job, training, state !== undefined);
  try {
    const learnt = await learn(training, state?.place.words ?? 0, keep.look);
    if (!learnt && !stopped && state === undefined) {
      throw new Error(
        "Nothing was learnt: the text is too short for a single step. Give a longer one, or more epochs.",
      );
    }
    await finish(corpus, training.matrix(), keep.end);
  } catch (error) {
    // It would diverge again.
    if (error instanceof DivergenceError) await keep.end();
    throw error;
  }
}

async function finish(corpus: Sentences, matrix: Float32Array, end: () => Promise<void>): Promise<void> {
  const sha256 = stopped ? null : fileHash(corpus, matrix);
  // The page ends this worker when it has the answer.
  await end();
  tell(stopped ? { type: "stopped", matrix } : { type: "done", matrix, sha256 }, [matrix.buffer]);
}

/** Trains until it is done or stopped; false if there was no step. first: words that had been seen before. */
async function learn(training: Training, first: number, look: () => Promise<void>): Promise<boolean> {
  let learnt = false;
  let start = performance.now();
  let spent = 0;
  let shown = 0;
  for (const progress of training.run()) {
    learnt = true;
    const now = performance.now();
    spent += now - start;
    const wordsPerSecond = (1000 * (progress.words - first)) / spent;
    tell({ type: "progress", ...progress, wordsPerSecond, bytes: memory().reservedBytes, epochs: training.epoch });
    if (now - shown > SHOW) {
      const matrix = training.matrix();
      tell({ type: "vectors", matrix }, [matrix.buffer]);
      shown = now;
    }
    await look();
    await nextTask();
    while (paused && !stopped) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (stopped) break;
    start = performance.now();
  }
  return learnt;
}

/** Keeps the state after each epoch and once a minute, until that fails: training goes on without. */
async function keeping(job: Job, training: Training, isKept: boolean) {
  let keeper: Keeper | null = null;
  let { epoch } = training;
  let at = performance.now();
  const attempt = async (act: () => Promise<unknown>) => {
    try {
      await act();
    } catch (error) {
      keeper = null;
      tell({ type: "unkept", message: `The state of the training cannot be kept for a closed tab: ${error}` });
    }
  };
  await attempt(async () => {
    keeper = await Keeper.start(job, isKept);
  });
  return {
    look: async () => {
      if (keeper === null || (training.epoch === epoch && performance.now() - at < KEEP)) return;
      epoch = training.epoch;
      at = performance.now();
      await attempt(() => keeper!.keep(training.state(), training.total));
    },
    end: () => attempt(async () => keeper?.end()),
  };
}

/** The SHA-256 of the file that npm start would write; null for one that a string cannot hold. */
function fileHash({ words }: Sentences, matrix: Float32Array): string | null {
  if (matrix.length * LONGEST_NUMBER > MOST_CHARACTERS) return null;
  return sha256Of(new TextEncoder().encode([...word2vecLines(words, matrix)].join("")));
}
