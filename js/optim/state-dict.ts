// Options and state of an optimizer in PyTorch's layout and spelling: fields in snake_case, parameters by number.

import { checkInteger, checkNumber, describe, type Shape, sizeText } from "../check.js";
import { tensor } from "../tensor/create.js";
import type { NestedArray } from "../tensor/nested.js";
import { SparseTensor } from "../tensor/sparse-tensor.js";
import { checkFloat, keep, numelOf, owned, sameShape, Tensor } from "../tensor/tensor.js";

/** What `stateDict` returns and `loadStateDict` takes; PyTorch's own dicts have this form. */
export interface OptimizerStateDict {
  /** By number of the parameter: `step`, `exp_avg` … */
  state: Record<number, Record<string, Tensor | SparseTensor | NestedArray | null>>;
  /** The options of each group, and the numbers of its parameters. */
  param_groups: ({ params: number[] } & Record<string, unknown>)[];
}

/** A tensor of the state; a new row of it starts as `initial`, 0 unless given. */
export interface Slot {
  readonly shape: Shape;
  readonly optional?: boolean;
  readonly initial?: number;
}

/** What the state of a parameter consists of, by name; null for a count. */
export type Slots = Record<string, Slot | null>;

type Fields = Record<string, Tensor | number>;

/** New state for one parameter: the fields, and what is still to be copied into which of them. */
interface Loaded {
  readonly fields: Fields;
  readonly copies: [target: Tensor, source: Tensor][];
}

interface Group {
  params: Tensor[];
  initialLr?: number;
}

const snakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelCase = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Fields under PyTorch's names; tensors as handles on the same storage. */
function inSnakeCase(fields: object): Record<string, never> {
  const exported = (value: unknown) =>
    value instanceof Tensor ? value.data : Array.isArray(value) ? [...value] : value;
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [snakeCase(name), exported(value) as never]));
}

export function pack(groups: readonly Group[], state: ReadonlyMap<Tensor, object>): OptimizerStateDict {
  const numbers = new Map(groups.flatMap((group) => group.params).map((param, i) => [param, i]));
  const numberOf = (param: Tensor) => numbers.get(param)!;
  return {
    state: Object.fromEntries([...state].map(([param, fields]) => [numberOf(param), inSnakeCase(fields)])),
    param_groups: groups.map(({ params, ...options }) => ({
      ...inSnakeCase(options),
      params: params.map(numberOf),
    })),
  };
}

/** Copies of the groups with the options of a dict; `names` are those there can be. Others are PyTorch's own affair. */
export function readGroups<G extends Group>(dict: OptimizerStateDict, groups: readonly G[], names: string[]): G[] {
  const saved: unknown = dict?.param_groups;
  if (!Array.isArray(saved) || typeof dict.state !== "object" || dict.state === null) {
    throw new TypeError(`loadStateDict: expected an object { state, param_groups }, but got ${describe(dict)}`);
  }
  if (saved.length !== groups.length) {
    throw new RangeError(
      `loaded state dict has a different number of parameter groups: ${saved.length}, the optimizer has ${groups.length}`,
    );
  }
  for (const [k, group] of saved.entries()) {
    if (!Array.isArray(group?.params)) {
      throw new TypeError(`loadStateDict: param_groups[${k}] needs params, an array of numbers`);
    }
    for (const [i, id] of group.params.entries()) {
      checkInteger("loadStateDict", `param_groups[${k}].params[${i}]`, id);
    }
    if (group.params.length !== groups[k].params.length) {
      throw new RangeError(
        "loaded state dict contains a parameter group that doesn't match the size of optimizer's group: " +
          `param_groups[${k}] has ${group.params.length} params, the optimizer's has ${groups[k].params.length}`,
      );
    }
  }
  return groups.map((group, k) => {
    const options = { ...group } as G & Record<string, unknown>;
    for (const name of [...names, "initialLr"]) {
      const value: unknown = saved[k][snakeCase(name)];
      if (value !== undefined) Object.assign(options, { [name]: Array.isArray(value) ? [...value] : plain(value) });
    }
    if (options.initialLr !== undefined) checkNumber("loadStateDict", "initial_lr", options.initialLr);
    return options;
  });
}

/** The number in a tensor of one element; everything else as it is. */
function plain(value: unknown): unknown {
  return value instanceof Tensor && value.numel === 1 ? value.item() : value;
}

/**
 * What a dict says of each parameter, null if nothing. Tensors are to be copied into those that there are, and into new ones
 * otherwise. Runs inside a tidy, which frees the new ones on the way out unless they are kept.
 */
export function readStates<G extends Group>(
  dict: OptimizerStateDict,
  groups: readonly G[],
  state: ReadonlyMap<Tensor, object>,
  slotsOf: (param: Tensor, group: G) => Slots,
): Map<Tensor, Loaded | null> {
  const known = new Set(dict.param_groups.flatMap((group) => group.params));
  for (const id of Object.keys(dict.state)) {
    if (!known.has(Number(id))) throw new RangeError(`loadStateDict: state has ${id}, which is in no parameter group`);
  }
  const storages = new Set([...state.values()].flatMap(tensorsOf).map((tensor) => tensor.storage));
  const states = new Map<Tensor, Loaded | null>();
  groups.forEach((group, k) => {
    group.params.forEach((param, i) => {
      const id = dict.param_groups[k].params[i];
      const fields = readFields(`state[${id}]`, dict.state[id], slotsOf(param, group));
      states.set(param, fields && intoPlace(fields, (state.get(param) ?? {}) as Fields, storages));
    });
  });
  return states;
}

/** Brings the state of a parameter that was resized to its new height; so many of its first rows have always been there. */
export function fit(state: object, slots: Slots, rowsKept: number): void {
  const fields = state as Fields;
  for (const [name, slot] of Object.entries(slots)) {
    const before = fields[name];
    if (slot === null || !(before instanceof Tensor)) continue;
    const after = keep(owned(slot.shape)).fill_(slot.initial ?? 0);
    const rowSize = numelOf(slot.shape.slice(1));
    after.array.set(before.array.subarray(0, rowsKept * rowSize));
    fields[name] = after;
    before.dispose();
  }
}

/** The tensors of a parameter's state. */
export function tensorsOf(fields: object): Tensor[] {
  return Object.values(fields).filter((value) => value instanceof Tensor);
}

/** The entry of one parameter, checked; null if there is none or nothing in it. */
function readFields(where: string, entry: unknown, slots: Slots): Fields | null {
  if (entry === undefined || entry === null) return null;
  if (typeof entry !== "object")
    throw new TypeError(`loadStateDict: ${where} must be an object, but got ${describe(entry)}`);
  const fields: Fields = {};
  for (const [name, value] of Object.entries(entry)) {
    if (value === undefined || value === null) continue;
    const field = camelCase(name);
    if (!Object.hasOwn(slots, field)) {
      throw new Error(
        `loadStateDict: ${where} has '${name}', known are ${Object.keys(slots).map(snakeCase).join(", ")}`,
      );
    }
    const slot = slots[field];
    fields[field] =
      slot === null ? readCount(`${where}.${name}`, value) : readTensor(`${where}.${name}`, value, slot.shape);
  }
  if (Object.keys(fields).length === 0) return null;
  for (const [name, slot] of Object.entries(slots)) {
    if (fields[name] === undefined && !slot?.optional)
      throw new Error(`loadStateDict: ${where} lacks '${snakeCase(name)}'`);
  }
  return fields;
}

function readCount(where: string, value: unknown): number {
  const count = plain(value);
  checkInteger("loadStateDict", where, count);
  if (count < 0) throw new RangeError(`loadStateDict: ${where} is ${count}, valid range is [0, inf)`);
  return count;
}

function readTensor(where: string, value: unknown, shape: Shape): Tensor {
  if (Array.isArray(value)) return readTensor(where, tensor(value), shape);
  if (!(value instanceof SparseTensor)) checkFloat("loadStateDict", where, value);
  if (!sameShape(value.shape, shape)) {
    throw new RangeError(
      `loadStateDict: ${where} is ${sizeText(value.shape)}, but the parameter needs ${sizeText(shape)}`,
    );
  }
  return value.toDense();
}

/** `storages`: those of all state there is, which the copying will change. */
function intoPlace(fields: Fields, present: Fields, storages: ReadonlySet<unknown>): Loaded {
  const copies: Loaded["copies"] = [];
  const placed = Object.entries(fields).map(([name, source]) => {
    if (!(source instanceof Tensor)) return [name, source];
    const target = present[name] instanceof Tensor ? (present[name] as Tensor) : owned(source.shape);
    const another = storages.has(source.storage) && source.storage !== target.storage;
    copies.push([target, another ? source.clone() : source]);
    return [name, target];
  });
  return { fields: Object.fromEntries(placed), copies };
}
