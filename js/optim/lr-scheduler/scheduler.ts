import { checkInteger, describe } from "../../check.js";
import { Optimizer } from "../optimizer.js";

/** What a scheduler knows, in PyTorch's spelling. */
export type SchedulerStateDict = Record<string, unknown>;

/** Any of our optimizers. */
export type Scheduled = Optimizer<{ lr: number }, object>;

/** What all schedulers have in common: an optimizer, a count of steps, and state that travels. */
export abstract class Scheduler {
  /** Steps taken since the constructor. */
  lastEpoch: number;
  protected lastLr: number[] = [];

  constructor(
    readonly optimizer: Scheduled,
    lastEpoch: number,
  ) {
    if (!(optimizer instanceof Optimizer)) throw new TypeError(`${describe(optimizer)} is not an Optimizer`);
    this.lastEpoch = lastEpoch;
  }

  /** PyTorch's names of what is kept, with ours. */
  protected fields(): Record<string, string> {
    return { last_epoch: "lastEpoch", _last_lr: "lastLr" };
  }

  /** The learning rates of the groups after the last step. */
  getLastLr(): number[] {
    return [...this.lastLr];
  }

  /** Everything but the optimizer, which has a stateDict of its own. */
  stateDict(): SchedulerStateDict {
    const own = this as unknown as Record<string, unknown>;
    const copied = (value: unknown) => (Array.isArray(value) ? [...value] : value);
    return Object.fromEntries(Object.entries(this.fields()).map(([theirs, ours]) => [theirs, copied(own[ours])]));
  }

  /**
   * Takes over what the dict has, from here or from PyTorch. TypeError for values of another kind; then nothing has changed.
   * Arrays may be of any length, as after addParamGroup: the step that needs one for each group says so.
   */
  loadStateDict(dict: SchedulerStateDict): void {
    if (typeof dict !== "object" || dict === null) {
      throw new TypeError(`loadStateDict: expected an object, but got ${describe(dict)}`);
    }
    Object.assign(this, this.read(dict));
  }

  /** The fields that a dict has, checked. */
  protected read(dict: SchedulerStateDict): Record<string, unknown> {
    const own = this as unknown as Record<string, unknown>;
    const found: Record<string, unknown> = {};
    for (const [theirs, ours] of Object.entries(this.fields())) {
      const value = dict[theirs];
      if (value === undefined) continue;
      if (kindOf(value) !== kindOf(own[ours])) {
        const got = value === null ? "null, as JSON writes infinities" : describe(value);
        throw new TypeError(`loadStateDict: '${theirs}' must be ${kindOf(own[ours])}, but got ${got}`);
      }
      found[ours] = Array.isArray(value) ? [...value] : value;
    }
    return found;
  }

  protected rememberLr(): void {
    this.lastLr = this.optimizer.paramGroups.map((group) => group.lr);
  }
}

function kindOf(value: unknown): string {
  if (!Array.isArray(value)) return `a ${typeof value}`;
  return value.every((item) => typeof item === "number") ? "an array of numbers" : "another array";
}

/** PyTorch takes an epoch to jump to, with a warning. */
export function refuseEpoch(epoch: unknown): void {
  if (epoch !== undefined) {
    throw new TypeError(
      `The epoch parameter in \`scheduler.step()\` was not necessary and is not supported, but got ${describe(epoch)}`,
    );
  }
}

/** A scheduler that computes the next learning rates from the number of the step. */
export abstract class LRScheduler extends Scheduler {
  /** Those that the groups started from, their `initialLr`. */
  protected baseLrs: number[];

  /** lastEpoch: -1 to begin, or the last step of the run that is resumed; then the groups need their initialLr. */
  constructor(optimizer: Scheduled, lastEpoch = -1) {
    super(optimizer, lastEpoch);
    checkInteger("scheduler", "lastEpoch", lastEpoch);
    if (lastEpoch < -1) throw new RangeError(`scheduler: lastEpoch is ${lastEpoch}, valid range is [-1, inf)`);
    const { paramGroups } = optimizer;
    const missing = paramGroups.findIndex((group) => group.initialLr === undefined);
    if (lastEpoch >= 0 && missing >= 0) {
      throw new Error(
        `param 'initial_lr' is not specified in param_groups[${missing}] when resuming scheduler with last_epoch >= 0: ` +
          "load the optimizer's stateDict first, or give its groups an initialLr",
      );
    }
    this.baseLrs = paramGroups.map((group) => group.initialLr ?? group.lr);
  }

  protected override fields(): Record<string, string> {
    return { base_lrs: "baseLrs", ...super.fields() };
  }

  /** The learning rates of the groups at a step; `initial` in the constructor. */
  protected abstract lrAt(epoch: number, initial: boolean): number[];

  /** Call it after the optimizer's step. TypeError for an epoch. */
  step(epoch?: undefined): void {
    refuseEpoch(epoch);
    this.advance(false);
  }

  /** `values`, which must be one for each group. */
  protected forGroups<T>(values: readonly T[]): readonly T[] {
    const { length } = this.optimizer.paramGroups;
    if (values.length !== length) {
      throw new Error(
        `scheduler: the optimizer has ${length} parameter groups, but had ${values.length} when the scheduler was made or saved`,
      );
    }
    return values;
  }

  /** The step that PyTorch's constructors take; ours end with it. */
  protected advance(initial: boolean): void {
    const { paramGroups } = this.optimizer;
    const values = this.forGroups(this.lrAt(this.lastEpoch + 1, initial));
    this.lastEpoch++;
    paramGroups.forEach((group, i) => {
      if (initial) group.initialLr ??= group.lr;
      group.lr = values[i];
    });
    this.rememberLr();
  }
}
