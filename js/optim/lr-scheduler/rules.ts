import { checkInteger, checkNumber, checkOptions, wrongKind } from "../../check.js";
import { kernels } from "../../wasm.js";
import { LRScheduler, type Scheduled, type SchedulerStateDict } from "./scheduler.js";

/**
 * lr *= gamma, 0.1 unless given, every stepSize steps. RangeError for a stepSize below 1.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html
 */
export class StepLR extends LRScheduler {
  stepSize: number;
  gamma: number;

  constructor(optimizer: Scheduled, options: { stepSize: number; gamma?: number; lastEpoch?: number }) {
    checkOptions("StepLR", options, ["stepSize", "gamma", "lastEpoch"]);
    const { stepSize, gamma = 0.1, lastEpoch } = options;
    checkInteger("StepLR", "stepSize", stepSize);
    if (stepSize < 1) throw new RangeError(`StepLR: stepSize is ${stepSize}, valid range is [1, inf)`);
    checkNumber("StepLR", "gamma", gamma);
    super(optimizer, lastEpoch);
    this.stepSize = stepSize;
    this.gamma = gamma;
    this.advance(true);
  }

  protected override fields(): Record<string, string> {
    return { step_size: "stepSize", gamma: "gamma", ...super.fields() };
  }

  protected lrAt(epoch: number): number[] {
    const factor = epoch > 0 && epoch % this.stepSize === 0 ? this.gamma : 1;
    return this.optimizer.paramGroups.map((group) => group.lr * factor);
  }
}

/** A factor for the initial lr, by the number of the step, which counts from 0. */
export type LRLambda = (epoch: number) => number;

/**
 * lr = initialLr * lrLambda(step), one function for all groups or one for each. RangeError for another number of functions.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html
 */
export class LambdaLR extends LRScheduler {
  readonly lrLambdas: readonly LRLambda[];

  constructor(optimizer: Scheduled, options: { lrLambda: LRLambda | readonly LRLambda[]; lastEpoch?: number }) {
    checkOptions("LambdaLR", options, ["lrLambda", "lastEpoch"]);
    const { lrLambda, lastEpoch } = options;
    super(optimizer, lastEpoch);
    const groups = optimizer.paramGroups;
    const lambdas = Array.isArray(lrLambda) ? [...lrLambda] : groups.map(() => lrLambda);
    if (lambdas.length !== groups.length) {
      throw new RangeError(`Expected ${groups.length} lr_lambdas, but got ${lambdas.length}`);
    }
    for (const lambda of lambdas) {
      if (typeof lambda !== "function") {
        throw wrongKind("LambdaLR", "lrLambda", "a function", lambda);
      }
    }
    this.lrLambdas = lambdas;
    this.advance(true);
  }

  /** Functions do not travel: they are null. */
  override stateDict(): SchedulerStateDict {
    return { ...super.stateDict(), lr_lambdas: this.lrLambdas.map(() => null) };
  }

  protected lrAt(epoch: number): number[] {
    const baseLrs = this.forGroups(this.baseLrs);
    return this.lrLambdas.map((lambda, i) => {
      const factor: unknown = lambda(epoch);
      checkNumber("LambdaLR", "the result of lrLambda", factor);
      return baseLrs[i] * factor;
    });
  }
}

/**
 * From the initial lr to etaMin, 0 unless given, in tMax steps along half a cosine, and back in as many: PyTorch's recursive
 * form, which follows an lr that others change as well. RangeError for a tMax that is not above 0.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html
 */
export class CosineAnnealingLR extends LRScheduler {
  tMax: number;
  etaMin: number;

  constructor(optimizer: Scheduled, options: { tMax: number; etaMin?: number; lastEpoch?: number }) {
    checkOptions("CosineAnnealingLR", options, ["tMax", "etaMin", "lastEpoch"]);
    const { tMax, etaMin = 0, lastEpoch } = options;
    checkNumber("CosineAnnealingLR", "tMax", tMax);
    if (!(tMax > 0)) throw new RangeError(`CosineAnnealingLR: tMax is ${tMax}, valid range is (0, inf)`);
    checkNumber("CosineAnnealingLR", "etaMin", etaMin);
    super(optimizer, lastEpoch);
    this.tMax = tMax;
    this.etaMin = etaMin;
    this.advance(true);
  }

  protected override fields(): Record<string, string> {
    return { T_max: "tMax", eta_min: "etaMin", ...super.fields() };
  }

  protected lrAt(epoch: number, initial: boolean): number[] {
    const { tMax, etaMin, baseLrs } = this;
    const lrs = this.optimizer.paramGroups.map((group) => group.lr);
    if (initial) return lrs;
    // At the bottom the ratio below would divide by zero.
    if ((epoch - 1 - tMax) % (2 * tMax) === 0) {
      const rise = 1 - kernels.cosine(Math.PI / tMax);
      return baseLrs.map((base, i) => lrs[i] + ((base - etaMin) * rise) / 2);
    }
    const height = (t: number) => 1 + kernels.cosine((Math.PI * t) / tMax);
    const ratio = height(epoch) / height(epoch - 1);
    return lrs.map((lr) => ratio * (lr - etaMin) + etaMin);
  }
}
