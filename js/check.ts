// Argument checks and error texts. TypeError: the wrong kind of thing. RangeError: a value or shape outside the rule.
// Error: the wrong state. Where PyTorch has a text for it, its first words come first, so that searching for them works.

export type Shape = readonly number[];

/** Some of the options O. */
export type Some<O> = { [K in keyof O]?: O[K] | undefined };

/** What kernels can count. */
const MAX_SIZE = 2 ** 31 - 1;
/** As many as PyTorch has. */
export const MAX_DIMS = 64;

/** [2, 3] as PyTorch writes it in an error. */
export function sizeText(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** "input[1][2]" for a position in row-major order; just "input" for a 0-D argument. */
export function elementName(argument: string, shape: Shape, position: number): string {
  let name = "";
  let rest = position;
  for (let dim = shape.length - 1; dim >= 0; dim--) {
    name = `[${rest % shape[dim]}]${name}`;
    rest = Math.floor(rest / shape[dim]);
  }
  return argument + name;
}

/** "3x4" for a matrix, "[2, 3, 4]" for anything else. */
export function matrixText(shape: Shape): string {
  return shape.length === 2 ? shape.join("x") : sizeText(shape);
}

/** One sentence for any value in an error message. */
export function describe(value: unknown): string {
  if (typeof value === "string") return `"${value}"`;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value !== "object" || value === null) return String(value);
  // Bundlers put an underscore before the name of a class that mentions itself.
  const name = value.constructor?.name.replace(/^_/, "") || "Object";
  return Array.isArray(value) ? "an array" : `an object of class ${name}`;
}

/** A size: a whole number, zero or more. `shape` is what the tensor would have had. */
export function checkSize(operation: string, size: unknown, position: number, shape: readonly unknown[]): void {
  if (typeof size !== "number" || !Number.isInteger(size)) {
    throw new TypeError(
      `${operation}: argument 'size' must be tuple of ints, but found element ${describe(size)} at pos ${position}`,
    );
  }
  if (size > MAX_SIZE) {
    throw new RangeError(
      `${operation}: out of linear memory: asked for ${size} elements at pos ${position}; ` +
        "the limit is 4 GiB (4294901760 bytes) in all",
    );
  }
  if (size < 0) {
    throw new RangeError(
      `${operation}: Trying to create tensor with negative dimension ${size}: [${shape.map(String).join(", ")}]`,
    );
  }
}

export function checkShape(operation: string, shape: unknown): asserts shape is Shape {
  if (!Array.isArray(shape)) throw new TypeError(`${operation}: shape must be an array, but got ${describe(shape)}`);
  if (shape.length > MAX_DIMS) {
    throw new RangeError(`${operation}: too many dimensions: ${shape.length}, at most ${MAX_DIMS} are possible`);
  }
  for (let dim = 0; dim < shape.length; dim++) checkSize(operation, shape[dim], dim, shape);
}

/** A number that may be any number, NaN and infinities too. */
export function checkNumber(operation: string, argument: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw wrongKind(operation, argument, "a number", value);
}

export function checkBoolean(operation: string, argument: string, value: unknown): asserts value is boolean {
  if (typeof value !== "boolean") throw wrongKind(operation, argument, "a boolean", value);
}

export function checkInteger(operation: string, argument: string, value: unknown): asserts value is number {
  if (typeof value !== "number" || !Number.isInteger(value)) throw wrongKind(operation, argument, "an integer", value);
}

export function wrongKind(operation: string, argument: string, kind: string, value: unknown): TypeError {
  return new TypeError(`${operation}: argument '${argument}' must be ${kind}, but got ${describe(value)}`);
}

/** Options are an object and every one of them is known: a misspelt name would be ignored without a word. */
export function checkOptions(operation: string, options: unknown, names: readonly string[]): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `${operation}: options must be an object { ${names.join(", ")} }, but got ${describe(options)}`,
    );
  }
  for (const name in options) {
    if (!names.includes(name)) {
      throw new TypeError(`${operation}: got an unexpected keyword argument '${name}', known are ${names.join(", ")}`);
    }
  }
}

/** One of a few words. */
export function checkWord<T extends string>(
  operation: string,
  argument: string,
  value: unknown,
  words: readonly T[],
): asserts value is T {
  if (!words.includes(value as T)) {
    throw new TypeError(
      `${operation}: ${wordText(value)} is not a valid value for ${argument}, which is one of ${words.join(", ")}`,
    );
  }
}

/** A word as it is, anything else described. */
export function wordText(value: unknown): string {
  return typeof value === "string" ? value : describe(value);
}

/** dim in [-rank, rank), counted from the front. A 0-D tensor counts as 1-D, as in PyTorch. */
export function wrapDim(operation: string, dim: unknown, rank: number): number {
  checkInteger(operation, "dim", dim);
  const extent = Math.max(rank, 1);
  if (dim < -extent || dim >= extent) {
    throw new RangeError(
      `${operation}: Dimension out of range (expected to be in range of [${-extent}, ${extent - 1}], but got ${dim})`,
    );
  }
  return dim < 0 ? dim + extent : dim;
}

/** A callback that must finish before it returns. */
export function runSync<T>(operation: string, fn: () => T): T {
  if (typeof fn !== "function") throw new TypeError(`${operation}: expected a function, but got ${describe(fn)}`);
  if (fn.constructor.name === "AsyncFunction") throw asyncFunction(operation);
  const result = fn();
  if (typeof (result as { then?: unknown } | null)?.then === "function") throw asyncFunction(operation);
  return result;
}

function asyncFunction(operation: string): TypeError {
  return new TypeError(
    `${operation}: the function must not be async: what it awaits would run after ${operation} has ended`,
  );
}

/** Whether a view holds fractions: Float16Array too, where the engine has it. */
export function holdsFloats(view: ArrayBufferView): boolean {
  return /^\[object Float/.test(Object.prototype.toString.call(view));
}
