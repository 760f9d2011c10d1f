// Checkpoints: nested state of modules, optimizers and whatever else belongs to a run, as the flat tensors of one file.

import { SparseTensor, Tensor } from "../index.js";
import { describe } from "../internals.js";
import { described, isObject, parseJson, quoted } from "./json.js";
import { checkMetadata } from "./safetensors-header.js";

/** Objects and arrays of tensors, finite numbers, strings, booleans and null. What is undefined is left out. */
export type NestedState = Tensor | SparseTensor | number | string | boolean | null | undefined | object;

/** What `writeSafetensors` writes and `readSafetensors` reads. */
export interface FlatState {
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
}

/** The entry of metadata that holds everything but the tensors, and the mark of a tensor in it. */
const STATE = "state";
const MARK = "$tensor";
const MAX_DEPTH = 64;

/**
 * Nested state with its tensors in one flat record, under their dotted paths, and the rest as JSON in the metadata:
 * `const { tensors, metadata } = flattenState({ model: model.stateDict(), optimizer: adam.stateDict(), epoch })`, then
 * `writeSafetensors(tensors, { metadata })`. The tensors are the given ones. TypeError or RangeError for what JSON cannot hold.
 */
export function flattenState(state: NestedState): FlatState {
  const tensors = new Map<string, Tensor>();
  const flatten = (value: unknown, path: readonly string[]): unknown => {
    const name = path.join(".");
    checkDepth("flattenState", path.length);
    if (value instanceof Tensor || value instanceof SparseTensor) {
      if (tensors.has(name)) throw new RangeError(`flattenState: two tensors have the path ${quoted(name)}`);
      tensors.set(name, value.toDense());
      return { [MARK]: name };
    }
    if (Array.isArray(value)) return value.map((item, i) => flatten(item, [...path, String(i)]));
    if (isPlain(value) && !Object.hasOwn(value, MARK))
      return mapEntries(value, (item, key) => flatten(item, [...path, key]));
    if (value === null || ["string", "boolean", "undefined"].includes(typeof value)) return value;
    if (Number.isFinite(value)) return value;
    const Kind = typeof value === "number" ? RangeError : TypeError;
    throw new Kind(`flattenState: ${quoted(name)} is ${describe(value)}, which a checkpoint cannot hold`);
  };
  const rest = flatten(state, []);
  return { tensors: Object.fromEntries(tensors), metadata: { [STATE]: JSON.stringify(rest) ?? "null" } };
}

/** The nested state of a file written from `flattenState`; its tensors are those of the file. */
export function unflattenState<T = Record<string, unknown>>(flat: FlatState): T {
  const operation = "unflattenState";
  if (!isObject(flat) || !isObject(flat.tensors) || !isObject(flat.metadata)) {
    throw new TypeError(`${operation}: argument 'flat' must be { tensors, metadata }, but got ${described(flat)}`);
  }
  const { tensors, metadata } = flat;
  if (!Object.hasOwn(metadata, STATE)) {
    throw new TypeError(`${operation}: the metadata has no "${STATE}": the file was not written from flattenState`);
  }
  const unflatten = (value: unknown, depth: number): unknown => {
    checkDepth(operation, depth);
    if (Array.isArray(value)) return value.map((item) => unflatten(item, depth + 1));
    if (!isObject(value)) return value;
    if (!Object.hasOwn(value, MARK)) return mapEntries(value, (item) => unflatten(item, depth + 1));
    const name = value[MARK];
    if (typeof name === "string" && Object.hasOwn(tensors, name)) return tensors[name];
    throw new RangeError(`${operation}: the file has no tensor ${described(name)}`);
  };
  return unflatten(parseJson(`${operation}: metadata "${STATE}"`, checkMetadata(operation, metadata)[STATE]), 0) as T;
}

function mapEntries(value: object, change: (item: unknown, key: string) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item, key)]));
}

function checkDepth(operation: string, depth: number): void {
  if (depth > MAX_DEPTH) throw new RangeError(`${operation}: the state is nested deeper than ${MAX_DEPTH} levels`);
}

/** Whether a value is an object that is no instance of a class. */
function isPlain(value: unknown): value is object {
  return isObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value));
}
