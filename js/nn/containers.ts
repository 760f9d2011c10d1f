import { checkInteger, describe } from "../check.js";
import type { Indices } from "../functional/indices.js";
import type { Tensor } from "../tensor/tensor.js";
import { Module } from "./module.js";

/** Modules in a row, under the names "0", "1", .. */
abstract class Container<M extends Module> extends Module {
  private readonly items: M[] = [];

  constructor(modules: readonly M[]) {
    super();
    this.extend(modules);
  }

  get length(): number {
    return this.items.length;
  }

  /** The module at `index`; negative ones count from the end. */
  at(index: number): M {
    const { length } = this;
    checkInteger("at", "index", index);
    if (index < -length || index >= length) {
      throw new RangeError(`at: index ${index} is out of range, valid range is [${-length}, ${length})`);
    }
    return this.items[index < 0 ? index + length : index];
  }

  [Symbol.iterator](): IterableIterator<M> {
    return this.items.values();
  }

  append(module: M): this {
    return this.extend([module]);
  }

  /** Appends each of `modules`, in order. */
  extend(modules: Iterable<M>): this {
    if (typeof modules?.[Symbol.iterator] !== "function") {
      throw new TypeError(
        `${this.ownTypeName()}.extend should be called with an iterable, but got ${describe(modules)}`,
      );
    }
    const added = [...modules];
    for (const module of added) this.checkModule(module);
    this.items.push(...added);
    return this;
  }

  /** Puts a module before the one at `index`; negative ones count from the end. */
  insert(index: number, module: M): this {
    const { length } = this;
    checkInteger("insert", "index", index);
    if (index < -length || index > length) {
      throw new RangeError(`insert: Index out of range: ${index}, valid range is [${-length}, ${length}]`);
    }
    this.checkModule(module);
    this.items.splice(index, 0, module);
    return this;
  }

  private checkModule(module: unknown): void {
    if (!(module instanceof Module)) {
      throw new TypeError(`${this.ownTypeName()}: ${describe(module)} is not a Module subclass`);
    }
  }

  protected override namedMembers(): readonly (readonly [string, unknown])[] {
    return [...this.items.map((module, i) => [String(i), module] as const), ...super.namedMembers()];
  }
}

/**
 * Modules in a list: parameters of modules in a plain array are not found.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html
 */
export class ModuleList<M extends Module = Module> extends Container<M> {
  constructor(modules: Iterable<M> = []) {
    super(modules as M[]);
  }

  protected override typeName(): string {
    return "ModuleList";
  }

  /** Neighbours with one text are one line: "(0-2): 3 x Linear(...)". */
  protected override childLines(children: readonly (readonly [string, string])[]): string[] {
    const runs: { first: string; last: string; count: number; text: string }[] = [];
    for (const [name, text] of children) {
      const run = runs.at(-1);
      if (run?.text !== text) runs.push({ first: name, last: name, count: 1, text });
      else {
        run.last = name;
        run.count++;
      }
    }
    return super.childLines(
      runs.map(({ first, last, count, text }) =>
        count === 1 ? [first, text] : [`${first}-${last}`, `${count} x ${text}`],
      ),
    );
  }
}

/** A module that takes one value and returns a tensor. */
export type Layer = Module & { forward(input: never): Tensor };

/**
 * Modules one after the other: forward gives its input to the first, what that returns to the second, ..
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
 */
export class Sequential<T extends readonly Layer[] = Layer[]> extends Container<T[number]> {
  constructor(...modules: T) {
    super(modules);
  }

  /** input: what the first module takes. */
  forward(input: Indices): Tensor {
    let value = input;
    for (const module of this) {
      if (typeof module.forward !== "function") {
        throw new Error(`Sequential: Module [${module.ownTypeName()}] is missing the required "forward" function`);
      }
      value = module.forward(value as never);
    }
    return value as Tensor;
  }

  protected override typeName(): string {
    return "Sequential";
  }
}
