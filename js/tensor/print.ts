// Tensors as PyTorch prints them: four digits, lines of 80 characters, more than 1000 elements summarised.
// https://docs.pytorch.org/docs/stable/generated/torch.set_printoptions.html

import type { Shape } from "../check.js";
import type { SparseTensor } from "./sparse-tensor.js";
import type { Words } from "./storage.js";
import type { Tensor } from "./tensor.js";

const PRECISION = 4;
const LINE_WIDTH = 80;
const THRESHOLD = 1000;
const EDGE_ITEMS = 3;

/** The text of one element, and the width it is padded to. */
interface Format {
  readonly width: number;
  text(value: number): string;
}

export function tensorText(x: Tensor): string {
  const integers = x.dtype === "int32";
  const suffixes: string[] = [];
  if (x.numel === 0 && x.ndim !== 1) suffixes.push(`size=${tuple(x.shape)}`);
  if (integers) suffixes.push("dtype=torch.int32");
  if (x.gradFn !== null) suffixes.push(`grad_fn=<${x.gradFn.name}>`);
  else if (x.requiresGrad) suffixes.push("requires_grad=True");
  const body = x.numel === 0 ? "[]" : bodyText(x.array, x.shape, integers, 7);
  return withSuffixes(`tensor(${body}`, suffixes, 7, false);
}

/** PyTorch prints a sparse tensor as its parts; its indices are of the default integer type there and show no dtype. */
export function sparseText(x: SparseTensor): string {
  const parts = { indices: x.indices, values: x.values };
  const lines = Object.entries(parts).map(([name, part]) => {
    const indent = 7 + name.length + 8;
    const empty = part.numel === 0;
    const body = empty ? "[]" : bodyText(part.array, part.shape, part.dtype === "int32", indent);
    return withSuffixes(`${name}=tensor(${body}`, empty ? [`size=${tuple(part.shape)}`] : [], 7, false);
  });
  const rest = [`size=${tuple(x.shape)}`, `nnz=${x.nnz}`, "layout=torch.sparse_coo"];
  return withSuffixes(`tensor(${lines.join(`,\n${" ".repeat(7)}`)}`, rest, 7, true);
}

function tuple(shape: Shape): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
}

/** Appends ", suffix" while it fits the line, on a new line otherwise. */
function withSuffixes(body: string, suffixes: readonly string[], indent: number, newLine: boolean): string {
  let text = body;
  let lineLength = text.length - text.lastIndexOf("\n") + 1;
  let force = newLine;
  for (const suffix of suffixes) {
    if (force || lineLength + suffix.length + 2 > LINE_WIDTH) {
      text += `,\n${" ".repeat(indent)}${suffix}`;
      lineLength = indent + suffix.length;
      force = false;
    } else {
      text += `, ${suffix}`;
      lineLength += suffix.length + 2;
    }
  }
  return `${text})`;
}

function bodyText(values: Words, shape: Shape, integers: boolean, indent: number): string {
  const summarise = values.length > THRESHOLD;
  const shown: number[] = [];
  const collect = (dim: number, start: number, block: number): void => {
    if (dim === shape.length) {
      shown.push(values[start]);
      return;
    }
    const step = block / shape[dim];
    for (const i of shownItems(shape[dim], summarise)) if (i >= 0) collect(dim + 1, start + i * step, step);
  };
  collect(0, 0, values.length);
  const format = integers ? integerFormat(shown) : floatFormat(shown);
  return blockText(values, shape, 0, 0, values.length, indent, summarise, format);
}

/** Positions of one dimension that are printed; -1 stands for the dots. */
function shownItems(size: number, summarise: boolean): number[] {
  const all = [...Array(summarise && size > 2 * EDGE_ITEMS ? EDGE_ITEMS : size).keys()];
  return all.length === size ? all : [...all, -1, ...all.map((i) => size - EDGE_ITEMS + i)];
}

function blockText(
  values: Words,
  shape: Shape,
  dim: number,
  start: number,
  block: number,
  indent: number,
  summarise: boolean,
  format: Format,
): string {
  if (dim === shape.length) return format.text(values[start]).padStart(format.width);
  const step = block / shape[dim];
  const items = shownItems(shape[dim], summarise);
  if (dim === shape.length - 1) {
    const texts = items.map((i) => (i < 0 ? " ..." : format.text(values[start + i]).padStart(format.width)));
    return `[${lines(texts, format.width, indent)}]`;
  }
  const rows = items.map((i) =>
    i < 0 ? "..." : blockText(values, shape, dim + 1, start + i * step, step, indent + 1, summarise, format),
  );
  return `[${rows.join(`,${"\n".repeat(shape.length - dim - 1)}${" ".repeat(indent + 1)}`)}]`;
}

/** Elements separated by ", ", as many on a line as fit. */
function lines(texts: readonly string[], width: number, indent: number): string {
  const perLine = Math.max(1, Math.floor((LINE_WIDTH - indent) / (width + 2)));
  const rows: string[] = [];
  for (let i = 0; i < texts.length; i += perLine) rows.push(texts.slice(i, i + perLine).join(", "));
  return rows.join(`,\n${" ".repeat(indent + 1)}`);
}

function integerFormat(values: readonly number[]): Format {
  return { width: largestOf(values, (value) => String(value).length), text: String };
}

/** Whole numbers as "3.", others with four decimals, widely spread ones in scientific notation. */
function floatFormat(values: readonly number[]): Format {
  const finite = values.filter((value) => Number.isFinite(value) && value !== 0);
  if (finite.length === 0) return { width: 1, text: special(wholeText) };
  const largest = largestOf(finite, Math.abs);
  const smallest = -largestOf(finite, (value) => -Math.abs(value));
  const whole = finite.every(Number.isInteger);
  const scientific = largest / smallest > 1000 || largest > 1e8 || (!whole && smallest < 1e-4);
  const text = scientific ? scientificText : whole ? wholeText : fixedText;
  return { width: largestOf(finite, (value) => text(value).length), text: special(text) };
}

function largestOf(values: readonly number[], of: (value: number) => number): number {
  return values.reduce((largest, value) => Math.max(largest, of(value)), -Infinity);
}

/** `finite` for finite numbers; the others have names. */
function special(finite: (value: number) => string): (value: number) => string {
  return (value) => {
    if (Number.isFinite(value)) return finite(value);
    return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  };
}

function wholeText(value: number): string {
  return `${Object.is(value, -0) ? "-0" : value.toFixed(0)}.`;
}

function fixedText(value: number): string {
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  // toFixed rounds ties up, Python to even; 60 digits are exact for a tie.
  const exact = Math.abs(value).toFixed(60);
  return sign + roundTie(exact, Math.abs(value).toFixed(PRECISION), exact.indexOf(".") + PRECISION);
}

function scientificText(value: number): string {
  const [exact] = value.toExponential(60).split("e");
  const [digits, exponent] = value.toExponential(PRECISION).split("e");
  const rounded = roundTie(exact, digits, exact.indexOf(".") + PRECISION);
  return (Object.is(value, -0) ? "-" : "") + rounded + exponentText(exponent);
}

/** "+5" as "e+05". */
function exponentText(exponent: string): string {
  return `e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

/** Where the exact digits after `last` are a 5 and zeros, the even neighbour: truncated if its last digit is even. */
function roundTie(exact: string, rounded: string, last: number): string {
  const tie = /^50*$/.test(exact.slice(last + 1));
  return tie && Number(exact[last]) % 2 === 0 ? exact.slice(0, last + 1) : rounded;
}

/** A number as Python prints it. */
export function numberText(x: number): string {
  return special((finite) => {
    const magnitude = Math.abs(finite);
    if (finite === 0 || (magnitude >= 1e-4 && magnitude < 1e16)) return String(finite);
    const [digits, exponent] = finite.toExponential().split("e");
    return digits + exponentText(exponent);
  })(x);
}
