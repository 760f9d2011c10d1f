import { withGrad } from "../autograd.js";
import { checkNumber, checkOptions, describe } from "../check.js";
import { checkRows } from "../tensor/rows.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { Tensor } from "../tensor/tensor.js";

/** Parameters that share their options, which may be changed between steps: `optimizer.paramGroups[0].lr *= 0.5`. */
export type ParamGroup<O> = O & { params: Tensor[] };

/** What an optimizer is made from: parameters, or groups of them with options of their own. */
export type Params<O> = Iterable<Tensor> | Iterable<Partial<O> & { params: Iterable<Tensor> }>;

/** Base of the optimizers. S is what is kept for each parameter. */
export abstract class Optimizer<O extends object, S extends object> {
  readonly paramGroups: ParamGroup<O>[] = [];
  /** By parameter, as PyTorch's `optimizer.state`. */
  readonly state = new Map<Tensor, S>();

  private disposed = false;
  /** What a group takes for the options it does not give. */
  private readonly defaults: O;

  protected constructor(name: string, params: Params<O>, defaults: O, options: Partial<O>) {
    checkOptions(name, options, Object.keys(defaults));
    this.defaults = { ...defaults, ...given(options) };
    if (params instanceof Tensor || typeof (params as Iterable<unknown>)?.[Symbol.iterator] !== "function") {
      throw new TypeError(
        "params argument given to the optimizer should be an iterable of Tensors or dicts, but got " +
          `${params instanceof Tensor ? "torch.FloatTensor" : describe(params)}`,
      );
    }
    const entries = [...params];
    if (entries.length === 0) throw new RangeError("optimizer got an empty parameter list");
    const grouped = entries.every((entry) => !(entry instanceof Tensor) && typeof entry === "object" && entry !== null);
    const groups = grouped
      ? (entries as (Partial<O> & { params: Iterable<Tensor> })[])
      : [{ params: entries as Tensor[] }];
    try {
      for (const group of groups) this.addParamGroup(group as Partial<O> & { params: Iterable<Tensor> });
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Adds parameters with options of their own; the others are the constructor's. */
  addParamGroup(group: Partial<O> & { params: Iterable<Tensor> }): void {
    const listed: unknown = group?.params;
    if (!(listed instanceof Tensor) && typeof (listed as Iterable<Tensor> | null)?.[Symbol.iterator] !== "function") {
      throw new TypeError(
        `optimizer: a parameter group needs params, an iterable of Tensors, but got ${describe(listed ?? group)}`,
      );
    }
    const params = group.params instanceof Tensor ? [group.params] : [...group.params];
    const known = new Set(this.paramGroups.flatMap((other) => other.params));
    for (const param of params) {
      if (!(param instanceof Tensor)) {
        throw new TypeError(`optimizer can only optimize Tensors, but one of the params is ${describe(param)}`);
      }
      if (!param.isLeaf) throw new Error("can't optimize a non-leaf Tensor");
      if (known.has(param)) throw new RangeError("some parameters appear in more than one parameter group");
    }
    if (new Set(params).size !== params.length) {
      throw new RangeError("optimizer contains a parameter group with duplicate parameters");
    }
    checkOptions("addParamGroup", group, ["params", ...Object.keys(this.defaults)]);
    const complete = { ...this.defaults, ...given(group), params };
    this.checkValues(complete);
    try {
      this.prepare(params, complete);
    } catch (error) {
      for (const param of params) this.forget(param);
      throw error;
    }
    this.paramGroups.push(complete);
  }

  /** Makes the state that exists before the first step. */
  protected prepare(_params: readonly Tensor[], _options: O): void {}

  private forget(param: Tensor): void {
    for (const value of Object.values(this.state.get(param) ?? {})) if (value instanceof Tensor) value.dispose();
    this.state.delete(param);
  }

  /** RangeError for an option outside PyTorch's rules. */
  protected abstract checkValues(options: O): void;

  /** Complains about a gradient that `update` cannot use; called for all parameters before any is updated. */
  protected abstract checkGradient(param: Tensor, options: O): void;

  /** One step for one parameter that has a gradient. */
  protected abstract update(param: Tensor, options: O): void;

  /**
   * Updates every parameter that has a gradient. closure: recomputes the loss first; its result is returned.
   * When one gradient cannot be used, no parameter is changed.
   */
  step(): undefined;
  step<T>(closure: () => T): T;
  step<T>(closure: (() => T) | undefined): T | undefined;
  step<T>(closure?: () => T): T | undefined {
    if (this.disposed) throw new Error("optimizer was used after it was disposed");
    if (closure !== undefined && typeof closure !== "function") {
      throw new TypeError(`step: closure must be a function, but got ${describe(closure)}`);
    }
    const loss = closure === undefined ? undefined : withGrad(true, closure);
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        const { gradient } = param;
        if (gradient === null) continue;
        if (gradient instanceof SparseTensor) checkRows("step", gradient.indices, param.shape[0]);
        this.checkGradient(param, group);
      }
    }
    for (const group of this.paramGroups) {
      for (const param of group.params) {
        if (param.gradient === null) continue;
        this.update(param, group);
        param.storage.version++;
      }
    }
    return loss;
  }

  /** Clears all gradients; every `grad` reads null afterwards. */
  zeroGrad(): void {
    for (const group of this.paramGroups) for (const param of group.params) param.clearGrad();
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

/** RangeError in PyTorch's words unless value >= 0. */
export function checkNotNegative(name: string, value: unknown): void {
  checkNumber("optimizer", name, value);
  if (!(value >= 0)) throw new RangeError(`Invalid ${name}: ${value}`);
}

/** Options without those that are undefined: they take their defaults. */
function given<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
