import { nn, optim, type Tensor, tensor, zeros } from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError } from "../tensor/compare.js";

const { StepLR, LambdaLR, CosineAnnealingLR, ReduceLROnPlateau } = optim.lrScheduler;

const param = () => zeros([1], { requiresGrad: true });
const sgd = (...lrs: number[]) => new optim.SGD(lrs.map((lr) => ({ params: [param()], lr })));
const lrsOf = (optimizer: optim.SGD) => optimizer.paramGroups.map(({ lr, initialLr }) => [lr, initialLr]);
// biome-ignore lint/suspicious/noExplicitAny: options are tried that the types forbid
const any = (value: unknown) => value as any;

describe("a scheduler", () => {
  it("writes lr and initialLr of every group, and steps change weights by them", () => {
    const optimizer = new optim.SGD([
      { params: [param()], lr: 1 },
      { params: [param()], lr: 2 },
    ]);
    const scheduler = new StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
    expect(lrsOf(optimizer)).toEqual([
      [1, 1],
      [2, 2],
    ]);
    for (let i = 0; i < 4; i++) {
      for (const { params } of optimizer.paramGroups) params[0].grad = tensor([1]);
      optimizer.step();
      scheduler.step();
    }
    expect(optimizer.paramGroups.map(({ params }) => params[0].item())).toEqual([-3, -6]);
    expect(lrsOf(optimizer)).toEqual([
      [0.25, 1],
      [0.5, 2],
    ]);
    expect(scheduler.getLastLr()).toEqual([0.25, 0.5]);
    scheduler.getLastLr()[0] = 7;
    expect([scheduler.getLastLr()[0], scheduler.lastEpoch]).toEqual([0.25, 4]);
  });

  it("works over every optimizer", () => {
    const table = new nn.Embedding(2, 2, { sparse: true });
    for (const kind of ["SGD", "Adagrad", "RowwiseAdagrad", "Adam", "AdamW", "SparseAdam"] as const) {
      const optimizer: optim.lrScheduler.Scheduled = new optim[kind](table.parameters(), { lr: 1 });
      new CosineAnnealingLR(optimizer, { tMax: 2 }).step();
      expect(optimizer.paramGroups[0].lr).toBeCloseTo(0.5, 12);
    }
  });

  it("starts from a group's own initialLr, which travels with the optimizer", () => {
    const optimizer = sgd(1);
    new LambdaLR(optimizer, { lrLambda: (epoch) => 2 ** -epoch }).step();
    const other = sgd(5);
    other.loadStateDict(optimizer.stateDict());
    expect(lrsOf(other)).toEqual([[0.5, 1]]);
    const resumed = new LambdaLR(other, { lrLambda: (epoch) => 2 ** -epoch, lastEpoch: 0 });
    expect(lrsOf(other)).toEqual([[0.5, 1]]);
    resumed.step();
    expect([lrsOf(other), resumed.lastEpoch]).toEqual([[[0.25, 1]], 2]);
  });

  it("follows groups that are added later where that is possible, and says so where it is not", () => {
    const optimizer = sgd(1);
    const step = new StepLR(optimizer, { stepSize: 1, gamma: 0.5 });
    const lambda = new LambdaLR(optimizer, { lrLambda: () => 1 });
    const plateau = new ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5 });
    const ownMinimum = new ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5, minLr: [0] });
    optimizer.addParamGroup({ params: [param()], lr: 4 });
    step.step();
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.5, 2]);
    expectError(() => lambda.step(), Error, "2 parameter groups, but had 1");
    expect(lambda.lastEpoch).toBe(0);
    plateau.step(1);
    plateau.step(1);
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.25, 1]);
    ownMinimum.step(1);
    expectError(() => ownMinimum.step(1), Error, "The number of param groups in the `optimizer` (2) differs from when");
    expect([ownMinimum.lastEpoch, ownMinimum.numBadEpochs]).toEqual([1, 0]);
    ownMinimum.minLrs = [0.2, 0];
    ownMinimum.step(1);
    expect(optimizer.paramGroups.map(({ lr }) => lr)).toEqual([0.2, 0.5]);
  });

  it("takes a metric in a tensor, and nothing else that is no number", () => {
    const optimizer = sgd(1);
    const plateau = new ReduceLROnPlateau(optimizer, { patience: 0 });
    plateau.step(tensor([2]));
    plateau.step(tensor(3));
    expect([plateau.best, optimizer.paramGroups[0].lr]).toEqual([2, 0.1]);
    expectError(() => plateau.step(any("3")), TypeError, "metric");
    expectError(() => plateau.step(any(undefined)), TypeError, "metric");
    expectError(() => plateau.step(zeros([2])), RangeError, "2 elements");
    expect(plateau.lastEpoch).toBe(2);
  });

  it("takes no epoch, which PyTorch deprecates", () => {
    const optimizer = sgd(1);
    const plateau = new ReduceLROnPlateau(optimizer, { patience: 0 });
    const rules = [
      new StepLR(optimizer, { stepSize: 1 }),
      new LambdaLR(optimizer, { lrLambda: () => 1 }),
      new CosineAnnealingLR(optimizer, { tMax: 3 }),
    ];
    const words = "The epoch parameter in `scheduler.step()` was not necessary";
    for (const scheduler of rules) expectError(() => any(scheduler).step(5), TypeError, words, "5");
    expectError(() => any(plateau).step(1, 5), TypeError, words);
    expect([...rules, plateau].map(({ lastEpoch }) => lastEpoch)).toEqual([0, 0, 0, 0]);
    expect([lrsOf(optimizer), plateau.best]).toEqual([[[1, 1]], Infinity]);
  });
});

describe("state saved after addParamGroup", () => {
  type Made = optim.lrScheduler.Scheduler & { step(metric?: number): void };

  /** One group, then another; a step or two, and everything anew from the state of both. */
  function resumed(make: (optimizer: optim.SGD) => optim.lrScheduler.Scheduler, ...metrics: (number | undefined)[]) {
    const optimizer = sgd(1);
    const scheduler = make(optimizer) as Made;
    optimizer.addParamGroup({ params: [param()], lr: 0.5 });
    for (const metric of metrics) scheduler.step(metric);
    const again = sgd(7, 7);
    const loaded = make(again) as Made;
    again.loadStateDict(optimizer.stateDict());
    loaded.loadStateDict(JSON.parse(JSON.stringify(scheduler.stateDict())));
    const next = (metric?: number) => {
      loaded.step(metric);
      return again.paramGroups.map(({ lr }) => lr);
    };
    return { loaded, again, next };
  }

  // All numbers are those of PyTorch 2.13.
  it("goes on for StepLR, which does not look at the initial rates", () => {
    const { loaded, next } = resumed((optimizer) => new StepLR(optimizer, { stepSize: 1, gamma: 0.5 }), undefined);
    expect(loaded.getLastLr()).toEqual([0.5, 0.25]);
    expect([next(), next()]).toEqual([
      [0.25, 0.125],
      [0.125, 0.0625],
    ]);
    expect(loaded.stateDict()).toMatchObject({ base_lrs: [1], last_epoch: 3 });
  });

  it("goes on for CosineAnnealingLR, but not upwards from the bottom", () => {
    const { loaded, again, next } = resumed((optimizer) => new CosineAnnealingLR(optimizer, { tMax: 4 }), undefined);
    for (const expected of [
      [0.5, 0.25],
      [0.14644660940672627, 0.07322330470336313],
      [0, 0],
    ]) {
      for (const [i, lr] of next().entries()) expect(lr).toBeCloseTo(expected[i], 12);
    }
    const before = lrsOf(again);
    expectError(next, Error, "the optimizer has 2 parameter groups, but had 1");
    expect([lrsOf(again), loaded.lastEpoch]).toEqual([before, 4]);
  });

  it("is loaded for LambdaLR, whose next step is an error, as it was before", () => {
    const { loaded, again, next } = resumed((optimizer) => new LambdaLR(optimizer, { lrLambda: (k) => 0.5 ** k }));
    expectError(next, Error, "the optimizer has 2 parameter groups, but had 1");
    expect([again.paramGroups.map(({ lr }) => lr), loaded.lastEpoch]).toEqual([[1, 0.5], 0]);
    loaded.loadStateDict({ base_lrs: [1, 0.5, 2] });
    expectError(next, Error, "the optimizer has 2 parameter groups, but had 3");
    loaded.loadStateDict({ base_lrs: [1, 0.5] });
    expect(next()).toEqual([0.5, 0.25]);
  });

  it("goes on for ReduceLROnPlateau, with or without a reduction in between", () => {
    const make = (optimizer: optim.SGD) => new ReduceLROnPlateau(optimizer, { patience: 0, factor: 0.5, minLr: 0.2 });
    const reduced = resumed(make, 1, 1);
    expect([reduced.next(1), reduced.next(1)]).toEqual([
      [0.25, 0.2],
      [0.2, 0.2],
    ]);
    const early = resumed(make, 1);
    expect(early.loaded.stateDict()).toMatchObject({ min_lrs: [0.2] });
    expect([early.next(1), early.next(1)]).toEqual([
      [0.5, 0.25],
      [0.25, 0.2],
    ]);
  });

  it("goes on for limits of their own only with as many as there are groups", () => {
    const plateau = new ReduceLROnPlateau(sgd(1, 2), { patience: 0, minLr: [0, 0] });
    plateau.loadStateDict({ min_lrs: [0.3], best: 1 });
    expectError(() => plateau.step(1), Error, "in the `optimizer` (2) differs", "initialized (1)");
  });
});

describe("the stateDict of a scheduler", () => {
  it("has PyTorch's names and arrays of its own", () => {
    const optimizer = sgd(1, 2);
    const cosine = new CosineAnnealingLR(optimizer, { tMax: 5, etaMin: 0.5 });
    const dict = cosine.stateDict();
    expect(dict).toEqual({ T_max: 5, eta_min: 0.5, base_lrs: [1, 2], last_epoch: 0, _last_lr: [1, 2] });
    (dict.base_lrs as number[])[0] = 9;
    expect(cosine.stateDict().base_lrs).toEqual([1, 2]);
    const lambda = new LambdaLR(optimizer, { lrLambda: [() => 1, () => 1] });
    expect(lambda.stateDict().lr_lambdas).toEqual([null, null]);
    expect(() => lambda.loadStateDict(lambda.stateDict())).not.toThrow();
  });

  it("survives JSON, which has no infinities", () => {
    for (const mode of ["min", "max"] as const) {
      const [fresh, other] = [mode, mode].map((one) => new ReduceLROnPlateau(sgd(1), { mode: one, patience: 7 }));
      other.step(5);
      other.loadStateDict(JSON.parse(JSON.stringify(fresh.stateDict())));
      expect(other.stateDict()).toEqual(fresh.stateDict());
    }
  });

  it("keeps an infinite patience through JSON", () => {
    const patient = new ReduceLROnPlateau(sgd(1), { patience: Infinity });
    const other = new ReduceLROnPlateau(sgd(1));
    other.loadStateDict(JSON.parse(JSON.stringify(patient.stateDict())));
    expect(other.stateDict()).toEqual(patient.stateDict());
  });

  it.each<["min" | "max", number]>([
    ["min", -Infinity],
    ["max", Infinity],
    ["min", Infinity],
  ])("does not guess which infinity JSON lost, mode %s, metric %d", (mode, metric) => {
    const [plateau, other] = [mode, mode].map((one) => new ReduceLROnPlateau(sgd(1), { mode: one }));
    plateau.step(metric);
    const before = other.stateDict();
    const lost = JSON.parse(JSON.stringify(plateau.stateDict()));
    expectError(
      () => other.loadStateDict(lost),
      TypeError,
      "loadStateDict: 'best' must be a number, but got null, as JSON writes",
    );
    expect(other.stateDict()).toEqual(before);
    other.loadStateDict(plateau.stateDict());
    expect(other.best).toBe(metric);
  });

  it.each<[string, unknown, string]>([
    ["null", null, "expected an object"],
    ["a number", 3, "expected an object"],
    ["a lastEpoch that is a string", { last_epoch: "3" }, "'last_epoch' must be a number"],
    ["a factor that is null", { last_epoch: 3, factor: null }, "'factor' must be a number"],
    ["limits that are no numbers", { last_epoch: 3, min_lrs: ["0", 1] }, "'min_lrs' must be an array of numbers"],
    ["limits that are one number", { last_epoch: 3, min_lrs: 0 }, "'min_lrs' must be an array of numbers"],
    ["a limit that is a string", { last_epoch: 3, default_min_lr: "0" }, "default_min_lr"],
    ["an unknown mode", { last_epoch: 3, mode: "low" }, "mode low is unknown!"],
    ["an unknown threshold mode", { last_epoch: 3, threshold_mode: 1 }, "threshold mode 1 is unknown!"],
  ])("is refused and nothing changed when it is or holds %s", (_, dict, words) => {
    const plateau = new ReduceLROnPlateau(sgd(1, 2));
    plateau.step(4);
    const before = plateau.stateDict();
    expectError(() => plateau.loadStateDict(any(dict)), TypeError, words);
    expect(plateau.stateDict()).toEqual(before);
  });

  it("may have less than everything, and more", () => {
    const step = new StepLR(sgd(1), { stepSize: 3 });
    step.loadStateDict({ gamma: 0.5, verbose: false });
    expect(step.stateDict()).toMatchObject({ step_size: 3, gamma: 0.5, last_epoch: 0 });
  });
});

describe("PyTorch's complaints", () => {
  it.each<[string, (optimizer: optim.SGD) => unknown, typeof Error | typeof RangeError | typeof TypeError, string]>([
    ["StepLR of a number", () => new StepLR(any(5), { stepSize: 3 }), TypeError, "5 is not an Optimizer"],
    [
      "LambdaLR of nothing",
      () => new LambdaLR(any(null), { lrLambda: () => 1 }),
      TypeError,
      "null is not an Optimizer",
    ],
    ["ReduceLROnPlateau of a number", () => new ReduceLROnPlateau(any(5)), TypeError, "5 is not an Optimizer"],
    [
      "lastEpoch without initialLr",
      (optimizer) => new StepLR(optimizer, { stepSize: 3, lastEpoch: 2 }),
      Error,
      "param 'initial_lr' is not specified in param_groups[0] when resuming scheduler with last_epoch >= 0",
    ],
    [
      "too few functions",
      (optimizer) => new LambdaLR(optimizer, { lrLambda: [() => 1] }),
      RangeError,
      "Expected 2 lr_lambdas, but got 1",
    ],
    ["mode", (optimizer) => new ReduceLROnPlateau(optimizer, { mode: any("x") }), TypeError, "mode x is unknown!"],
    [
      "threshold mode",
      (optimizer) => new ReduceLROnPlateau(optimizer, { thresholdMode: any("x") }),
      TypeError,
      "threshold mode x is unknown!",
    ],
    ["factor", (optimizer) => new ReduceLROnPlateau(optimizer, { factor: 1 }), RangeError, "Factor should be < 1.0."],
    ["NaN", (optimizer) => new ReduceLROnPlateau(optimizer, { factor: NaN }), RangeError, "Factor should be < 1.0."],
    [
      "limits",
      (optimizer) => new ReduceLROnPlateau(optimizer, { minLr: [1] }),
      RangeError,
      "expected 2 min_lrs, got 1",
    ],
    ["a limit of a string", (optimizer) => new ReduceLROnPlateau(optimizer, { minLr: any("1") }), TypeError, "minLr"],
    ["patience", (optimizer) => new ReduceLROnPlateau(optimizer, { patience: any("1") }), TypeError, "patience"],
    ["a misspelt option", (optimizer) => new ReduceLROnPlateau(optimizer, any({ min_lr: 1 })), TypeError, "min_lr"],
    ["no options", (optimizer) => new StepLR(optimizer, any(undefined)), TypeError, "options"],
    ["no stepSize", (optimizer) => new StepLR(optimizer, any({})), TypeError, "stepSize"],
    ["stepSize 0", (optimizer) => new StepLR(optimizer, { stepSize: 0 }), RangeError, "stepSize is 0"],
    ["half a step", (optimizer) => new StepLR(optimizer, { stepSize: 1.5 }), TypeError, "stepSize"],
    ["gamma", (optimizer) => new StepLR(optimizer, { stepSize: 1, gamma: any(null) }), TypeError, "gamma"],
    ["lastEpoch", (optimizer) => new StepLR(optimizer, { stepSize: 1, lastEpoch: -2 }), RangeError, "lastEpoch is -2"],
    ["tMax 0", (optimizer) => new CosineAnnealingLR(optimizer, { tMax: 0 }), RangeError, "tMax is 0"],
    ["etaMin", (optimizer) => new CosineAnnealingLR(optimizer, { tMax: 1, etaMin: any("0") }), TypeError, "etaMin"],
    ["no function", (optimizer) => new LambdaLR(optimizer, any({ lrLambda: 0.5 })), TypeError, "lrLambda"],
    [
      "a function without number",
      (optimizer) => new LambdaLR(optimizer, { lrLambda: () => any(tensor([1]) as Tensor) }),
      TypeError,
      "lrLambda",
    ],
  ])("%s: nothing is changed", (_, mistake, type, words) => {
    const optimizer = sgd(1, 2);
    expectError(() => mistake(optimizer), type, words);
    expect(lrsOf(optimizer)).toEqual([
      [1, undefined],
      [2, undefined],
    ]);
  });

  it("a function that throws leaves the step untaken", () => {
    const optimizer = sgd(1);
    const scheduler = new LambdaLR(optimizer, {
      lrLambda: (epoch) => {
        if (epoch === 2) throw new Error("enough");
        return 1 / (1 + epoch);
      },
    });
    scheduler.step();
    expectError(() => scheduler.step(), Error, "enough");
    expect([scheduler.lastEpoch, lrsOf(optimizer)]).toEqual([1, [[0.5, 1]]]);
  });
});
