import { checkNumber, checkOptions, type Some, wordText } from "../../check.js";
import { Tensor } from "../../tensor/tensor.js";
import { refuseEpoch, type Scheduled, Scheduler, type SchedulerStateDict } from "./scheduler.js";

export interface PlateauOptions {
  /** Whether the metric should fall, "min", or rise, "max". "min" unless given. */
  mode: "min" | "max";
  /** lr *= factor, < 1. 0.1 unless given. */
  factor: number;
  /** Steps without improvement that are put up with. 10 unless given. */
  patience: number;
  /** An improvement is more than this: 1e-4 unless given. */
  threshold: number;
  /** A share of the best metric, "rel", or a difference from it, "abs". "rel" unless given. */
  thresholdMode: "rel" | "abs";
  /** Steps after a reduction in which nothing counts against the metric. 0 unless given. */
  cooldown: number;
  /** The lowest lr, of all groups or of each. 0 unless given. */
  minLr: number | readonly number[];
  /** A change of lr that is not larger is not made. 1e-8 unless given. */
  eps: number;
}

const OPTIONS: (keyof PlateauOptions)[] = [
  "mode",
  "factor",
  "patience",
  "threshold",
  "thresholdMode",
  "cooldown",
  "minLr",
  "eps",
];

/**
 * lr = max(lr * factor, minLr) when a metric has not improved for more than `patience` steps.
 * RangeError for a factor of 1 or more and a wrong number of minLrs, TypeError for an unknown mode.
 * https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html
 */
export class ReduceLROnPlateau extends Scheduler {
  mode: "min" | "max";
  factor: number;
  patience: number;
  threshold: number;
  thresholdMode: "rel" | "abs";
  cooldown: number;
  minLrs: number[];
  eps: number;
  best: number;
  numBadEpochs = 0;
  cooldownCounter = 0;
  /** For groups that are added later; null when each has its own. */
  private defaultMinLr: number | null;

  constructor(optimizer: Scheduled, options: Some<PlateauOptions> = {}) {
    checkOptions("ReduceLROnPlateau", options, OPTIONS);
    const { mode = "min", thresholdMode = "rel", minLr = 0 } = options;
    const { factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, eps = 1e-8 } = options;
    for (const [name, value] of Object.entries({ factor, patience, threshold, cooldown, eps })) {
      checkNumber("ReduceLROnPlateau", name, value);
    }
    if (!(factor < 1)) throw new RangeError(`Factor should be < 1.0. It is ${factor}`);
    super(optimizer, 0);
    const { length } = optimizer.paramGroups;
    this.minLrs = Array.isArray(minLr) ? [...minLr] : Array(length).fill(minLr);
    this.defaultMinLr = Array.isArray(minLr) ? null : (minLr as number);
    if (this.minLrs.length !== length) {
      throw new RangeError(`expected ${length} min_lrs, got ${this.minLrs.length}`);
    }
    for (const [i, lr] of this.minLrs.entries()) checkNumber("ReduceLROnPlateau", `minLr[${i}]`, lr);
    checkModes(mode, thresholdMode);
    this.mode = mode;
    this.factor = factor;
    this.patience = patience;
    this.threshold = threshold;
    this.thresholdMode = thresholdMode;
    this.cooldown = cooldown;
    this.eps = eps;
    this.best = worst(mode);
    this.rememberLr();
  }

  protected override fields(): Record<string, string> {
    return {
      factor: "factor",
      default_min_lr: "defaultMinLr",
      min_lrs: "minLrs",
      patience: "patience",
      cooldown: "cooldown",
      eps: "eps",
      ...super.fields(),
      mode: "mode",
      threshold: "threshold",
      threshold_mode: "thresholdMode",
      best: "best",
      cooldown_counter: "cooldownCounter",
      num_bad_epochs: "numBadEpochs",
    };
  }

  protected override read(dict: SchedulerStateDict): Record<string, unknown> {
    const { mode = this.mode, threshold_mode = this.thresholdMode, best, default_min_lr = this.defaultMinLr } = dict;
    checkModes(mode, threshold_mode);
    if (default_min_lr !== null) checkNumber("loadStateDict", "default_min_lr", default_min_lr);
    const others: SchedulerStateDict = { ...dict, default_min_lr: undefined };
    // JSON makes null of both infinities. Before the first step best is the worst; later it may be either, and null is refused.
    if (best === null && dict.last_epoch === 0) others.best = worst(mode);
    if (dict.patience === null) others.patience = Infinity;
    return { ...super.read(others), defaultMinLr: default_min_lr };
  }

  /** metric: what is watched, a number or a tensor of one element. TypeError for an epoch. */
  step(metric: number | Tensor, epoch?: undefined): void {
    refuseEpoch(epoch);
    const current: unknown = metric instanceof Tensor ? metric.item() : metric;
    checkNumber("ReduceLROnPlateau", "metric", current);
    const better = this.isBetter(current);
    const cooling = this.cooldownCounter > 0;
    const bad = better || cooling ? 0 : this.numBadEpochs + 1;
    const reduce = bad > this.patience;
    if (reduce) this.reduce();
    this.lastEpoch++;
    if (better) this.best = current;
    this.numBadEpochs = reduce ? 0 : bad;
    if (reduce) this.cooldownCounter = this.cooldown;
    else if (cooling) this.cooldownCounter--;
    this.rememberLr();
  }

  private isBetter(metric: number): boolean {
    const { best, threshold, mode, thresholdMode } = this;
    const sign = mode === "min" ? -1 : 1;
    const bar = thresholdMode === "rel" ? best * (1 + sign * threshold) : best + sign * threshold;
    return mode === "min" ? metric < bar : metric > bar;
  }

  private reduce(): void {
    const { paramGroups } = this.optimizer;
    if (paramGroups.length !== this.minLrs.length) {
      if (this.defaultMinLr === null) {
        throw new Error(
          `The number of param groups in the \`optimizer\` (${paramGroups.length}) differs from when \`ReduceLROnPlateau\` was ` +
            `initialized (${this.minLrs.length}): set minLrs, one for each group`,
        );
      }
      this.minLrs = Array(paramGroups.length).fill(this.defaultMinLr);
    }
    paramGroups.forEach((group, i) => {
      const lr = Math.max(group.lr * this.factor, this.minLrs[i]);
      if (group.lr - lr > this.eps) group.lr = lr;
    });
  }
}

function worst(mode: unknown): number {
  return mode === "min" ? Infinity : -Infinity;
}

function checkModes(mode: unknown, thresholdMode: unknown): void {
  if (mode !== "min" && mode !== "max") throw new TypeError(`mode ${wordText(mode)} is unknown! It is "min" or "max"`);
  if (thresholdMode !== "rel" && thresholdMode !== "abs") {
    throw new TypeError(`threshold mode ${wordText(thresholdMode)} is unknown! It is "rel" or "abs"`);
  }
}
