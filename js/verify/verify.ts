import own from "#vectors.json";
import { forkRng, type Shape, type SparseTensor, type Tensor, tensor, tidy, zeros } from "../index.js";
import { bytesOf, inputValues, outputValues, type Words, withNumbers } from "./inputs.js";
import { OPERATIONS, type Tensors } from "./operations.js";
import { sha256 } from "./sha256.js";
import type { Case, Output, Tolerance, Vectors } from "./vectors.js";

export type { Case, Input, JsonNumber, Output, Tolerance, Vectors } from "./vectors.js";

/** An output whose bytes, shape or dtype are not those of the vectors. */
export interface Difference {
  /** Of the case. */
  readonly name: string;
  readonly output: string;
  /** The SHA-256 of the vectors. */
  readonly expected: string;
  /** The SHA-256 of what came out; the error's text where the case threw. */
  readonly actual: string;
  /** The largest distance from PyTorch's values; Infinity for another shape, dtype or number of values, or a NaN out of place. */
  readonly error: number;
  readonly tolerance: Tolerance;
  /** Whether every element is as near to PyTorch's as the tolerance allows. */
  readonly withinTolerance: boolean;
}

export interface Report {
  /** Number of outputs. */
  readonly total: number;
  /** How many of them are those of the vectors to the last bit. */
  readonly equal: number;
  /** The others. */
  readonly differences: readonly Difference[];
}

/**
 * Computes all test vectors in this runtime and tells which outputs differ; a case that throws differs. vectors: those of this
 * version unless given. Needs no host API, takes a few hundred milliseconds, and leaves tensors, the default generator and the
 * transient budget as they were; draws no entropy. TypeError for what is no file of vectors, Error inside `noGrad`; nothing else
 * is thrown.
 */
export function verify(vectors: Vectors = own as Vectors): Report {
  if (!isVectors(vectors)) {
    throw new TypeError("verify: argument 'vectors' must be { cases: [{ outputs: { name: output, … } }, …] }");
  }
  if (!tidy(() => zeros([], { requiresGrad: true }).neg().requiresGrad)) {
    throw new Error("verify: call it outside noGrad");
  }
  return forkRng(() => {
    const outcomes = vectors.cases.flatMap(compare);
    const differences = outcomes.filter(
      ({ actual, expected, withinTolerance }) => actual !== expected || !withinTolerance,
    );
    return { total: outcomes.length, equal: outcomes.length - differences.length, differences };
  });
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Whether every case has outputs, on which all else is reported. */
function isVectors(value: unknown): value is Vectors {
  const { cases } = Object(value) as Partial<Vectors>;
  const hasOutputs = (one: unknown) =>
    isObject(one) && isObject((one as Case).outputs) && Object.values((one as Case).outputs).every(isObject);
  return Array.isArray(cases) && cases.every(hasOutputs);
}

interface Result {
  readonly dtype: string;
  readonly shape: Shape;
  readonly words: Words;
}

/** Runs a case and lays every output beside what is expected. */
function compare(one: Case): Difference[] {
  let results: Record<string, Result> | null = null;
  let failure = "";
  try {
    results = compute(one);
  } catch (error) {
    failure = String(error);
  }
  return Object.entries(one.outputs).map(([output, expected]) => {
    const { absolute = 0, relative = 0, start, sha256: hash } = expected;
    const tolerance = { absolute, relative, ...(start === undefined ? {} : { start }) };
    const head = { name: one.name, output, expected: hash, tolerance };
    const missed = (reason: string) => ({ ...head, actual: reason, error: Infinity, withinTolerance: false });
    if (results === null) return missed(failure);
    try {
      const bytes = bytesOf(results[output].words);
      const origin = start === undefined ? null : inputValues(one.inputs![start]);
      return { ...head, actual: sha256(bytes), ...distance(results[output], expected, origin) };
    } catch (error) {
      return missed(String(error));
    }
  });
}

/** The outputs of a case by name. */
function compute({ operation, options, inputs = {}, outputs }: Case): Record<string, Result> {
  if (!Object.hasOwn(OPERATIONS, operation)) throw new Error(`there is no operation '${operation}'`);
  return tidy(() => {
    const wanted = Object.keys(outputs);
    const learns = new Set(
      wanted.map((name) => name.split(".grad")).flatMap(([input, of]) => (of === undefined ? [] : [input])),
    );
    const tensors = Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => {
        const { dtype, shape } = input;
        return [name, tensor(inputValues(input), { dtype, shape, requiresGrad: learns.has(name) })];
      }),
    );
    const returned = OPERATIONS[operation](tensors, withNumbers(options) as never);
    const found = isTensor(returned) ? { out: returned } : returned;
    if (learns.size > 0) (returned as Tensor).backward(tensors.gradient);
    return Object.fromEntries(wanted.map((name) => [name, read(outputNamed(name, found, tensors))]));
  });
}

const isTensor = (value: Tensor | Tensors): value is Tensor => typeof value.backward === "function";

/** What the operation returned, an input after it, or an input's gradient: whole, or the rows of a sparse one. */
function outputNamed(name: string, found: Tensors, tensors: Tensors): Tensor {
  if (name in found) return found[name];
  if (name in tensors) return tensors[name];
  const [input, , part] = name.split(".");
  const gradient = tensors[input].grad!;
  if (part === undefined) return gradient.toDense();
  return (gradient as SparseTensor).coalesce()[part as "indices" | "values"];
}

const read = ({ dtype, shape, array }: Tensor): Result => ({ dtype, shape, words: array.slice() });

/** The largest distance from the expected values, and whether each is within its tolerance. */
function distance(
  { dtype, shape, words }: Result,
  expected: Output,
  start: Words | null,
): Pick<Difference, "error" | "withinTolerance"> {
  const theirs = outputValues(expected);
  const { absolute = 0, relative = 0 } = expected;
  if (dtype !== expected.dtype || String(shape) !== String(expected.shape) || words.length !== theirs.length) {
    return { error: Infinity, withinTolerance: false };
  }
  const exact = absolute === 0 && relative === 0;
  let error = 0;
  let withinTolerance = true;
  for (let i = 0; i < words.length; i++) {
    const [x, y] = [words[i], theirs[i]];
    if (Object.is(x, y)) continue;
    const off = x === y ? 0 : Number.isFinite(x) && Number.isFinite(y) ? Math.abs(x - y) : Infinity;
    const scale = Math.max(Math.abs(y), start === null ? 0 : Math.abs(y - start[i]));
    if (exact || off === Infinity || !(off <= absolute + relative * scale)) withinTolerance = false;
    error = Math.max(error, off);
  }
  return { error, withinTolerance };
}
