import { checkBoolean, checkOptions, describe, sizeText } from "../check.js";
import { tensor } from "../tensor/create.js";
import { zeroGradients } from "../tensor/gradients.js";
import type { NestedArray } from "../tensor/nested.js";
import { Resource } from "../tensor/resource.js";
import { tidy } from "../tensor/scope.js";
import { sameShape, Tensor } from "../tensor/tensor.js";
import { Parameter } from "./parameter.js";

/** Named tensors in PyTorch's spelling; they share their storage with the module. */
export type StateDict = Record<string, Tensor>;

/** What can be loaded: also nested arrays, as JSON gives them back, and typed arrays of a parameter's numbers in a row. */
export type GivenState = Record<string, Tensor | NestedArray | Float32Array | Float64Array | Int32Array>;

/**
 * Base of everything that holds parameters. Parameters and modules are found in the fields of the object, in the order in
 * which they were set; not in arrays and objects that its fields hold: ModuleList is for those, and not in #private fields.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
 */
export abstract class Module extends Resource {
  /** true between train() and eval(). */
  training = true;

  /** Everything held by name; a parameter or a module among it is part of this module. */
  protected namedMembers(): readonly (readonly [string, unknown])[] {
    return Object.entries(this);
  }

  /** This module under the name "" and every module below it with its dotted name; a shared one comes once. */
  *namedModules(): IterableIterator<[string, Module]> {
    const seen = new Set<Module>();
    const walk = function* (name: string, module: Module): IterableIterator<[string, Module]> {
      if (seen.has(module)) return;
      seen.add(module);
      yield [name, module];
      for (const [child, below] of module.namedChildren()) yield* walk(dotted(name, child), below);
    };
    yield* walk("", this);
  }

  *modules(): IterableIterator<Module> {
    for (const [, module] of this.namedModules()) yield module;
  }

  /** The modules that this one holds itself, a shared one once, under its first name. */
  *namedChildren(): IterableIterator<[string, Module]> {
    const seen = new Set<Module>();
    for (const [name, child] of this.membersOf(Module)) {
      if (seen.has(child)) continue;
      seen.add(child);
      yield [name, child];
    }
  }

  *children(): IterableIterator<Module> {
    for (const [, child] of this.namedChildren()) yield child;
  }

  /** Every parameter of `namedModules()` with its dotted name; a shared one comes once, under its first name. */
  *namedParameters(): IterableIterator<[string, Parameter]> {
    const seen = new Set<Parameter>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, parameter] of module.membersOf(Parameter)) {
        if (seen.has(parameter)) continue;
        seen.add(parameter);
        yield [dotted(path, name), parameter];
      }
    }
  }

  *parameters(): IterableIterator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter;
  }

  /** Calls `fn` with every module below this one, then with this one. */
  apply(fn: (module: Module) => void): this {
    if (typeof fn !== "function") throw new TypeError(`apply: expected a function, but got ${describe(fn)}`);
    for (const child of this.children()) child.apply(fn);
    fn(this);
    return this;
  }

  train(mode = true): this {
    if (typeof mode !== "boolean") {
      throw new TypeError(`train: training mode is expected to be boolean, but got ${describe(mode)}`);
    }
    this.training = mode;
    for (const child of this.children()) child.train(mode);
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  requiresGrad_(requiresGrad = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad_(requiresGrad);
    return this;
  }

  /** Clears the gradient of every parameter; with `setToNone: false` a gradient becomes zeros instead. */
  zeroGrad(options: { setToNone?: boolean } = {}): void {
    zeroGradients(this.parameters(), options);
  }

  /** The parameters as plain tensors on the same storage. */
  stateDict(): StateDict {
    const state: StateDict = {};
    for (const [name, parameter] of this.namedState()) state[name] = parameter.data;
    return state;
  }

  /**
   * Copies values into the parameters. Error listing every missing, unexpected (unless `strict` is false) and misshapen
   * entry; then nothing has been copied.
   */
  loadStateDict(
    state: GivenState,
    options: { strict?: boolean } = {},
  ): { missingKeys: string[]; unexpectedKeys: string[] } {
    return tidy(() => this.copyNamedState(state, options));
  }

  private copyNamedState(
    state: GivenState,
    options: { strict?: boolean },
  ): { missingKeys: string[]; unexpectedKeys: string[] } {
    checkOptions("loadStateDict", options, ["strict"]);
    if (typeof state !== "object" || state === null) {
      throw new TypeError(`loadStateDict: Expected state_dict to be dict-like, but got ${describe(state)}`);
    }
    const { strict = true } = options;
    checkBoolean("loadStateDict", "strict", strict);
    const own = new Map(this.namedState());
    const values = new Map<string, Tensor>();
    for (const [name, parameter] of own) {
      const value = Object.hasOwn(state, name) ? state[name] : undefined;
      if (value !== undefined) values.set(name, toTensor(name, value, parameter));
    }
    const missingKeys = [...own.keys()].filter((name) => !values.has(name));
    const unexpectedKeys = Object.keys(state).filter((name) => !own.has(name));
    const problems: string[] = [];
    const list = (names: string[]) => names.map((name) => `"${name}"`).join(", ");
    if (strict) {
      if (missingKeys.length > 0) problems.push(`Missing key(s) in state_dict: ${list(missingKeys)}. `);
      if (unexpectedKeys.length > 0) problems.push(`Unexpected key(s) in state_dict: ${list(unexpectedKeys)}. `);
    }
    for (const [name, value] of values) {
      const parameter = own.get(name)!;
      if (value.dtype !== parameter.dtype) {
        throw new TypeError(`loadStateDict: "${name}" is ${value.dtype}, but the module's is ${parameter.dtype}`);
      }
      if (sameShape(value.shape, parameter.shape)) continue;
      problems.push(
        `size mismatch for ${name}: copying a param with shape torch.Size(${sizeText(value.shape)}) from checkpoint, ` +
          `the shape in current model is torch.Size(${sizeText(parameter.shape)}).`,
      );
    }
    if (problems.length > 0) {
      throw new Error(`Error(s) in loading state_dict for ${this.ownTypeName()}:\n\t${problems.join("\n\t")}`);
    }
    for (const [name, value] of values) own.get(name)!.detach().copy_(value);
    return { missingKeys, unexpectedKeys };
  }

  /** Like namedParameters, but a shared one appears under each of its names. A module inside itself is not entered. */
  private *namedState(prefix = "", path: readonly Module[] = [this]): IterableIterator<[string, Parameter]> {
    for (const [name, parameter] of this.membersOf(Parameter)) yield [prefix + name, parameter];
    for (const [name, child] of this.membersOf(Module)) {
      if (!path.includes(child)) yield* child.namedState(`${prefix}${name}.`, [...path, child]);
    }
  }

  /** The members of one class. */
  private *membersOf<T>(type: abstract new (...args: never) => T): IterableIterator<[string, T]> {
    for (const [name, value] of this.namedMembers()) if (value instanceof type) yield [name, value];
  }

  /** The class name that `toString` and errors show. Our own classes spell it out: bundlers rename classes. */
  protected typeName(): string {
    return this.constructor.name;
  }

  /** @internal typeName() of the class itself: a class made from one of ours has a name of its own. */
  ownTypeName(): string {
    return Object.hasOwn(Object.getPrototypeOf(this), "typeName") ? this.typeName() : this.constructor.name;
  }

  /** What stands between the brackets of `toString`. */
  protected extraRepr(): string {
    return "";
  }

  /** PyTorch's repr. */
  override toString(): string {
    const extra = this.extraRepr();
    const children = this.childLines([...this.membersOf(Module)].map(([name, child]) => [name, String(child)]));
    if (children.length === 0 && !extra.includes("\n")) return `${this.ownTypeName()}(${extra})`;
    const lines = extra === "" ? children : [...extra.split("\n"), ...children];
    return `${this.ownTypeName()}(\n  ${lines.join("\n  ")}\n)`;
  }

  /** The lines of `toString` that tell of the children, given the name and the text of each. */
  protected childLines(children: readonly (readonly [string, string])[]): string[] {
    return children.map(([name, text]) => `(${name}): ${text.replaceAll("\n", "\n  ")}`);
  }

  /** Frees parameters and gradients. */
  dispose(): void {
    for (const parameter of this.parameters()) parameter.dispose();
  }
}

function dotted(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** A tensor as it is; an array as a tensor of the parameter's kind, a typed one in its shape if that has as many elements. */
function toTensor(name: string, value: GivenState[string], { dtype, shape, numel }: Tensor): Tensor {
  if (value instanceof Tensor) return value;
  if (ArrayBuffer.isView(value)) return tensor(value, { dtype, shape: value.length === numel ? shape : undefined });
  if (Array.isArray(value) || typeof value === "number") return tensor(value, { dtype });
  throw new TypeError(`loadStateDict: "${name}" must be a Tensor or an array, but got ${describe(value)}`);
}
