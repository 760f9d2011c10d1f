import { checkBoolean, checkOptions, describe, sizeText } from "../check.js";
import { inspect } from "../tensor/print.js";
import { sameShape, Tensor } from "../tensor/tensor.js";
import { Parameter } from "./parameter.js";

/** Named tensors in PyTorch's spelling; they share their storage with the module. */
export type StateDict = Record<string, Tensor>;

/**
 * Base of everything that holds parameters. Parameters and modules are found in the fields of the object, in the order in
 * which they were set. https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html
 */
export abstract class Module {
  /** true between train() and eval(). */
  training = true;

  /** Every parameter below this module with its dotted name; a shared one comes once, under its first name. */
  *namedParameters(): IterableIterator<[string, Parameter]> {
    const seen = new Set<Parameter>();
    for (const [name, parameter] of this.namedState()) {
      if (seen.has(parameter)) continue;
      seen.add(parameter);
      yield [name, parameter];
    }
  }

  *parameters(): IterableIterator<Parameter> {
    for (const [, parameter] of this.namedParameters()) yield parameter;
  }

  *namedChildren(): IterableIterator<[string, Module]> {
    for (const [name, value] of Object.entries(this)) if (value instanceof Module) yield [name, value];
  }

  *children(): IterableIterator<Module> {
    for (const [, child] of this.namedChildren()) yield child;
  }

  train(mode = true): this {
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

  /** Clears the gradient of every parameter. */
  zeroGrad(): void {
    for (const parameter of this.parameters()) parameter.clearGrad();
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
    state: StateDict,
    options: { strict?: boolean } = {},
  ): { missingKeys: string[]; unexpectedKeys: string[] } {
    checkOptions("loadStateDict", options, ["strict"]);
    if (typeof state !== "object" || state === null) {
      throw new TypeError(`loadStateDict: Expected state_dict to be dict-like, but got ${describe(state)}`);
    }
    const { strict = true } = options;
    checkBoolean("loadStateDict", "strict", strict);
    const own = new Map(this.namedState());
    const given = (name: string) => (Object.hasOwn(state, name) ? state[name] : undefined);
    const missingKeys = [...own.keys()].filter((name) => given(name) === undefined);
    const unexpectedKeys = Object.keys(state).filter((name) => !own.has(name));
    const problems: string[] = [];
    const list = (names: string[]) => names.map((name) => `"${name}"`).join(", ");
    if (strict) {
      if (missingKeys.length > 0) problems.push(`Missing key(s) in state_dict: ${list(missingKeys)}. `);
      if (unexpectedKeys.length > 0) problems.push(`Unexpected key(s) in state_dict: ${list(unexpectedKeys)}. `);
    }
    for (const [name, parameter] of own) {
      const value = given(name);
      if (value === undefined) continue;
      if (!(value instanceof Tensor)) {
        throw new TypeError(`loadStateDict: "${name}" must be a Tensor, but got ${describe(value)}`);
      }
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
      throw new Error(`Error(s) in loading state_dict for ${this.typeName()}:\n\t${problems.join("\n\t")}`);
    }
    for (const [name, parameter] of own) {
      const value = given(name);
      if (value !== undefined) parameter.data.copy_(value);
    }
    return { missingKeys, unexpectedKeys };
  }

  /** Like namedParameters, but a shared parameter appears under each of its names. A module inside itself is not entered. */
  private *namedState(prefix = "", path: readonly Module[] = [this]): IterableIterator<[string, Parameter]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Parameter) yield [prefix + name, value];
      else if (value instanceof Module && !path.includes(value)) {
        yield* value.namedState(`${prefix}${name}.`, [...path, value]);
      }
    }
  }

  /** The class name that `toString` and errors show. Our own classes spell it out: bundlers rename classes. */
  protected typeName(): string {
    return this.constructor.name;
  }

  /** What stands between the brackets of `toString`. */
  protected extraRepr(): string {
    return "";
  }

  /** PyTorch's repr. */
  toString(): string {
    const children = [...this.namedChildren()].map(
      ([name, child]) => `\n  (${name}): ${child.toString().replaceAll("\n", "\n  ")}`,
    );
    const lineBreak = children.length > 0 ? "\n" : "";
    return `${this.typeName()}(${this.extraRepr()}${children.join("")}${lineBreak})`;
  }

  /** @internal */
  [inspect](): string {
    return this.toString();
  }

  /** Frees parameters and gradients. */
  dispose(): void {
    for (const parameter of this.parameters()) parameter.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
