import { optim, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectClose, numbers } from "../tensor/compare.js";
import { golden } from "./load.js";

const STOP = 20;

type Name = "StepLR" | "LambdaLR" | "CosineAnnealingLR" | "ReduceLROnPlateau";
type Made = optim.lrScheduler.Scheduler & { step(metric?: number): void };

interface Case {
  lrs: number[];
  initial_lrs: number[] | null;
  schedulers: [Name, Record<string, unknown>][];
  edits: [step: number, group: number, lr: number][];
  metrics: (number | string)[] | null;
  expected: number[][];
  stopped: { lrs: number[]; initial_lrs: (number | null)[]; state_dicts: Record<string, unknown>[] };
}

/** Only cosines and their quotients are not exact. */
const toleranceOf = ({ schedulers }: Case) => (schedulers.some(([name]) => name === "CosineAnnealingLR") ? 1e-12 : 0);

const LAMBDAS: Record<string, optim.lrScheduler.LRLambda> = {
  inverse: (epoch) => 1 / (1 + epoch),
  halving: (epoch) => 0.5 ** Math.floor(epoch / 7),
  warmup: (epoch) => Math.min(1, (epoch + 1) / 10),
};

function optimizerOf(lrs: number[], initialLrs: (number | null)[] | null): optim.SGD {
  return new optim.SGD(lrs.map((lr, i) => ({ params: [zeros([1])], lr, initialLr: initialLrs?.[i] ?? undefined })));
}

function made(optimizer: optim.SGD, [name, options]: Case["schedulers"][number]): Made {
  const { lrLambda: named, ...others } = numbers(options);
  const lrLambda = Array.isArray(named) ? named.map((one) => LAMBDAS[one]) : LAMBDAS[String(named)];
  return new optim.lrScheduler[name](optimizer, { ...others, ...(lrLambda && { lrLambda }) } as never) as Made;
}

/** Steps from `from` on; the learning rates after each. */
function run(c: Case, optimizer: optim.SGD, schedulers: Made[], from = 0): number[][] {
  const current = () => optimizer.paramGroups.map((group) => group.lr);
  const seen = [current()];
  for (let step = from; step < c.expected.length - 1; step++) {
    for (const [at, group, lr] of c.edits) if (at === step) optimizer.paramGroups[group].lr = lr;
    optimizer.step();
    for (const scheduler of schedulers) {
      const watching = scheduler instanceof optim.lrScheduler.ReduceLROnPlateau;
      scheduler.step(watching ? Number(c.metrics?.[step]) : undefined);
    }
    seen.push(current());
  }
  expect(schedulers.at(-1)!.getLastLr()).toEqual(current());
  return seen;
}

const { cases } = golden<Case>("lr_scheduler");
const titled = cases.map((c, i) => [i, c.schedulers.map((s) => JSON.stringify(s)).join(" and "), c] as const);

describe("learning rates are PyTorch's", () => {
  it.each(titled)("%i over 50 steps: %s", (_, __, c) => {
    const optimizer = optimizerOf(c.lrs, c.initial_lrs);
    const schedulers = c.schedulers.map((one) => made(optimizer, one));
    expectClose(run(c, optimizer, schedulers).flat(), c.expected.flat(), toleranceOf(c));
  });

  it.each(titled)("%i from PyTorch's own state after 20 steps: %s", (_, __, c) => {
    const { stopped, expected } = c;
    const optimizer = optimizerOf([7, 7], stopped.initial_lrs);
    const schedulers = c.schedulers.map(([name, { lastEpoch, ...options }]) => made(optimizer, [name, options]));
    for (const [i, group] of optimizer.paramGroups.entries()) group.lr = stopped.lrs[i];
    for (const [i, scheduler] of schedulers.entries()) scheduler.loadStateDict(numbers(stopped.state_dicts[i]));
    expectClose(run(c, optimizer, schedulers, STOP).flat(), expected.slice(STOP).flat(), toleranceOf(c));
  });

  it.each(titled)("%i and so is the state: %s", (_, __, c) => {
    const optimizer = optimizerOf(c.lrs, c.initial_lrs);
    const schedulers = c.schedulers.map((one) => made(optimizer, one));
    run({ ...c, expected: c.expected.slice(0, STOP + 1) }, optimizer, schedulers);
    const { initial_lrs, state_dicts } = c.stopped;
    expect(optimizer.paramGroups.map((group) => group.initialLr ?? null)).toEqual(initial_lrs);
    for (const [i, scheduler] of schedulers.entries()) {
      const ours = scheduler.stateDict();
      // Within a step, in the first step, warnings about the order of steps: that is PyTorch's own affair.
      const { _step_count, _is_initial, _get_lr_called_within_step, mode_worse, ...theirs } = numbers(state_dicts[i]);
      expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort());
      for (const [name, value] of Object.entries(theirs)) {
        if (name === "_last_lr") expectClose(ours[name] as number[], value as number[], toleranceOf(c));
        else expect(ours[name], name).toEqual(value);
      }
    }
  });
});
