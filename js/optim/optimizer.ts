import { withGrad } from "../autograd.js";
import { checkNumber, checkOptions, describe, runSync, type Some } from "../check.js";
import { zeroGradients } from "../tensor/gradients.js";
import { checkRows } from "../tensor/rows.js";
import { tidy } from "../tensor/scope.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { keep, Tensor } from "../tensor/tensor.js";
import { fit, type OptimizerStateDict, pack, readGroups, readStates, type Slots, tensorsOf } from "./state-dict.js";

/** Parameters that share their options, which may be changed between steps: `optimizer.paramGroups[0].lr *= 0.5`. */
export type ParamGroup<O> = O & {
  params: Tensor[];
  /** The lr that a scheduler starts from. */
  initialLr?: number;
};

/** A group as it is given: what is missing is taken from the optimizer's options. */
export type GivenGroup<O> = Some<O> & { params: Iterable<Tensor>; initialLr?: number };

/** What an optimizer is made from: parameters, or groups of them with options of their own. */
export type Params<O> = Iterable<Tensor> | Iterable<GivenGroup<O>>;

/** Base of the optimizers. S is what is kept for each parameter. */
export abstract class Optimizer<O extends { lr: number }, S extends object> {
  readonly paramGroups: ParamGroup<O>[] = [];
  /** By parameter, as PyTorch's `optimizer.state`. */
  readonly state = new Map<Tensor, S>();

  /** How many resizes of each parameter its state has followed. */
  private readonly resizes = new WeakMap<Tensor, number>();

  private disposed = false;
  /** What a group takes for the options it does not give. */
  private readonly defaults: O;

  constructor(params: Params<O>, options: Some<O> = {}) {
    const usual = this.usualOptions();
    checkOptions(this.typeName(), options, Object.keys(usual));
    this.defaults = { ...usual, ...given(options) };
    this.checkValues(this.defaults);
    if (params instanceof Tensor || typeof (params as Iterable<unknown>)?.[Symbol.iterator] !== "function") {
      throw new TypeError(
        "params argument given to the optimizer should be an iterable of Tensors or dicts, but got " +
          `${params instanceof Tensor ? "torch.FloatTensor" : describe(params)}`,
      );
    }
    const entries = [...params];
    if (entries.length === 0) throw new RangeError("optimizer got an empty parameter list");
    const groups = entries.every(isGroup<O>) ? entries : [{ params: entries } as unknown as GivenGroup<O>];
    try {
      for (const group of groups) this.addParamGroup(group);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Adds parameters with options of their own; the others are the constructor's. */
  addParamGroup(group: GivenGroup<O>): void {
    const listed: unknown = group?.params;
    if (!(listed instanceof Tensor) && typeof (listed as Iterable<Tensor> | null)?.[Symbol.iterator] !== "function") {
      throw new TypeError(
        `optimizer: a parameter group needs params, an iterable of Tensors, but got ${describe(listed ?? group)}`,
      );
    }
    const params = group.params instanceof Tensor ? [group.params] : [...group.params];
    const known = new Set(this.paramGroups.flatMap((other) => other.params));
    for (const [i, param] of params.entries()) {
      if ((param as unknown) instanceof SparseTensor) {
        const place = `[${this.paramGroups.length}, ${i}]`;
        throw new TypeError(`Sparse params at indices [${place}]: ${this.typeName()} requires dense parameter tensors`);
      }
      if (!(param instanceof Tensor)) {
        throw new TypeError(`optimizer can only optimize Tensors, but one of the params is ${describe(param)}`);
      }
      if (!param.isLeaf) throw new Error("can't optimize a non-leaf Tensor");
      if (known.has(param)) throw new RangeError("some parameters appear in more than one parameter group");
    }
    if (new Set(params).size !== params.length) {
      throw new RangeError("optimizer contains a parameter group with duplicate parameters");
    }
    checkOptions("addParamGroup", group, ["params", "initialLr", ...Object.keys(this.defaults)]);
    if (group.initialLr !== undefined) checkNumber("addParamGroup", "initialLr", group.initialLr);
    const complete = { ...this.defaults, ...given(group), params };
    this.checkValues(complete);
    try {
      this.prepare(params, complete);
    } catch (error) {
      for (const param of params) this.forget(param);
      throw error;
    }
    for (const param of params) this.resizes.set(param, param.heights.length);
    this.paramGroups.push(complete);
  }

  /** The class name that errors show. Our own classes spell it out: bundlers rename classes. */
  protected abstract typeName(): string;

  /** Every option with its default. */
  protected abstract usualOptions(): O;

  /** What is kept for a parameter, by the names in `state`. */
  protected abstract slots(param: Tensor, options: O): Slots;

  /** Makes the state that exists before the first step. */
  protected prepare(_params: readonly Tensor[], _options: O): void {}

  /** Lets the state follow parameters that were resized. */
  private followSizes(): void {
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        const passed = param.heights.slice(this.resizes.get(param));
        if (passed.length === 0) continue;
        const rowsKept = passed.reduce((a, b) => Math.min(a, b));
        fit(this.state.get(param) ?? {}, this.slots(param, group), rowsKept);
        this.resizes.set(param, param.heights.length);
      }
    }
  }

  /** Frees the state of a parameter, except `kept`. */
  private forget(param: Tensor, kept: readonly unknown[] = []): void {
    for (const tensor of tensorsOf(this.state.get(param) ?? {})) if (!kept.includes(tensor)) tensor.dispose();
    this.state.delete(param);
  }

  /** RangeError for an option outside PyTorch's rules. */
  protected abstract checkValues(options: O): void;

  /** Complains about a gradient that `update` cannot use; called for all parameters before any is updated. */
  protected abstract checkGradient(param: Tensor, options: O): void;

  /** One step for one parameter that has a gradient. */
  protected abstract update(param: Tensor, options: O): void;

  /**
   * Updates every parameter that has a gradient. closure: recomputes the loss first; its result is returned. TypeError for an
   * async one, whose gradients would come after the step.
   * When one gradient cannot be used, no parameter is changed.
   */
  step(): undefined;
  step<T>(closure: () => T): T;
  step<T>(closure: (() => T) | undefined): T | undefined;
  step<T>(closure?: () => T): T | undefined {
    this.checkAlive();
    const loss = closure === undefined ? undefined : withGrad(true, () => runSync("step", closure));
    for (const group of this.paramGroups) {
      checkNumber("step", "lr", group.lr);
      for (const param of group.params) {
        const { gradient } = param;
        if (gradient === null) continue;
        if (gradient instanceof SparseTensor) checkRows("step", gradient.indices, param.shape[0]);
        this.checkGradient(param, group);
      }
    }
    this.followSizes();
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        if (param.gradient === null) continue;
        this.update(param, group);
        param.storage.version++;
      }
    }
    return loss;
  }

  /**
   * Clears all gradients: every `grad` reads null afterwards. With setToNone false those that there are become zeros, and a
   * step with them is still a step.
   */
  zeroGrad(options: { setToNone?: boolean } = {}): void {
    zeroGradients(
      this.paramGroups.flatMap((group) => group.params),
      options,
    );
  }

  /**
   * Options and state in PyTorch's layout and spelling, parameters by number. The tensors share their storage with the state:
   * later steps change them, and they go with the optimizer.
   * https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.state_dict.html
   */
  stateDict(): OptimizerStateDict {
    this.checkAlive();
    this.followSizes();
    return pack(this.paramGroups, this.state);
  }

  /**
   * Takes over options and copies of the state from `stateDict` or from PyTorch, matched by position. Options that the dict
   * does not have stay as they are. Errors in PyTorch's words; then nothing has been changed.
   * https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.load_state_dict.html
   */
  loadStateDict(dict: OptimizerStateDict): void {
    this.checkAlive();
    this.followSizes();
    tidy(() => {
      const groups = readGroups(dict, this.paramGroups, Object.keys(this.defaults));
      // A schedule may have brought lr to 0, from which no optimizer need start.
      for (const group of groups) this.checkValues({ ...group, lr: group.lr === 0 ? this.defaults.lr : group.lr });
      const states = readStates(dict, groups, this.state, (param, group) => this.slots(param, group));
      groups.forEach((group, k) => {
        Object.assign(this.paramGroups[k], group);
        for (const param of group.params) {
          const loaded = states.get(param)!;
          for (const [target, source] of loaded?.copies ?? []) keep(target).copy_(source);
          this.forget(param, Object.values(loaded?.fields ?? {}));
          if (loaded === null) this.prepare([param], group);
          else this.state.set(param, loaded.fields as S);
        }
      });
    });
  }

  private checkAlive(): void {
    if (this.disposed) throw new Error("optimizer was used after it was disposed");
  }

  /** Frees what is kept for the parameters, not the parameters. */
  dispose(): void {
    for (const param of this.state.keys()) this.forget(param);
    this.disposed = true;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** An object that is no tensor, dense or sparse. */
function isGroup<O>(entry: Tensor | GivenGroup<O>): entry is GivenGroup<O> {
  return typeof entry === "object" && entry !== null && !(entry instanceof Tensor) && !(entry instanceof SparseTensor);
}

/** RangeError in PyTorch's words unless value >= 0. */
export function checkNotNegative(name: string, value: unknown): void {
  checkNumber("optimizer", name, value);
  if (!(value >= 0)) throw new RangeError(`Invalid ${name}: ${value}`);
}

/** Options without those that are undefined, which take their defaults; arrays are copied. */
function given<T extends object>(options: T): T {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, Array.isArray(value) ? [...value] : value])) as T;
}
