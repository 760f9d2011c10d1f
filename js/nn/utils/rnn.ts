import { noGrad } from "../../autograd.js";
import {
  checkBoolean,
  checkInteger,
  checkNumber,
  checkOptions,
  describe,
  type Shape,
  sizeText,
  wordText,
} from "../../check.js";
import { full, type IntegerArray, tensor } from "../../tensor/create.js";
import { checkInt32 } from "../../tensor/fills.js";
import { record } from "../../tensor/graph.js";
import type { NestedArray } from "../../tensor/nested.js";
import { tidy } from "../../tensor/scope.js";
import { sameShape, Tensor } from "../../tensor/tensor.js";

export type Sequence = Tensor | NestedArray | IntegerArray | Float32Array;

/**
 * Sequences [T_i, *] side by side, shorter ones filled up with `paddingValue`: [T, B, *], or [B, T, *] with batchFirst.
 * int32 stays int32 and goes straight into an Embedding. TypeError for mixed dtypes, RangeError for other trailing sizes.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pad_sequence.html
 */
export function padSequence(
  sequences: readonly Sequence[],
  options: { batchFirst?: boolean; paddingValue?: number; paddingSide?: "left" | "right" } = {},
): Tensor {
  checkOptions("padSequence", options, ["batchFirst", "paddingValue", "paddingSide"]);
  const { batchFirst = false, paddingValue = 0, paddingSide = "right" } = options;
  if (!Array.isArray(sequences)) {
    throw new TypeError(`padSequence: Expected iterable for input sequences, but got ${describe(sequences)}`);
  }
  if (sequences.length === 0) throw new RangeError("padSequence: received an empty list of sequences");
  checkBoolean("padSequence", "batchFirst", batchFirst);
  checkNumber("padSequence", "paddingValue", paddingValue);
  if (paddingSide !== "left" && paddingSide !== "right") {
    throw new TypeError(
      `padSequence: Expected padding_side to be one of left or right, but got ${wordText(paddingSide)}.`,
    );
  }
  return tidy(() => {
    const parts = toParts(sequences);
    const [{ shape, dtype }] = parts;
    if (dtype === "int32") checkInt32("padSequence", "paddingValue", paddingValue);
    const lengths = parts.map((part) => part.shape[0]);
    const longest = lengths.reduce((a, b) => Math.max(a, b));
    /** Where sequence i lies in [B, T, *]. */
    const place = (padded: Tensor, i: number) =>
      padded.at(i).narrow(0, paddingSide === "left" ? longest - lengths[i] : 0, lengths[i]);
    const out = noGrad(() => {
      const padded = full([parts.length, longest, ...shape.slice(1)], paddingValue, { dtype });
      for (const [i, part] of parts.entries()) place(padded, i).copy_(part);
      return batchFirst ? padded : padded.transpose(0, 1);
    });
    return record(out, "CopySlices", parts, [], (gradient) => {
      const padded = batchFirst ? gradient : gradient.transpose(0, 1);
      return lengths.map((_, i) => place(padded, i).clone());
    });
  });
}

/**
 * What padSequence made longer, cut to length again: sequence i is the first lengths[i] steps of padded[:, i], or of padded[i]
 * with batchFirst. Copies; `padded` stays as it is. RangeError for a length outside [0, T] or another number of them than B.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.unpad_sequence.html
 */
export function unpadSequence(
  padded: Tensor,
  lengths: Tensor | readonly number[] | IntegerArray,
  options: { batchFirst?: boolean } = {},
): Tensor[] {
  checkOptions("unpadSequence", options, ["batchFirst"]);
  const { batchFirst = false } = options;
  checkBoolean("unpadSequence", "batchFirst", batchFirst);
  if (!(padded instanceof Tensor)) {
    throw new TypeError(`unpadSequence: argument 'padded' must be Tensor, not ${describe(padded)}`);
  }
  if (padded.ndim < 2) {
    throw new RangeError(`unpadSequence: padded must have at least 2 dimensions, but it is ${sizeText(padded.shape)}`);
  }
  const [steps, batch] = batchFirst ? [padded.shape[1], padded.shape[0]] : padded.shape;
  const wanted = toLengths(lengths, batch, steps);
  return tidy(() => {
    const rows = batchFirst ? padded : padded.transpose(0, 1);
    return wanted.map((length, i) => {
      const cut = (from: Tensor) => from.at(i).narrow(0, 0, length);
      return record(
        noGrad(() => cut(rows).clone()),
        "IndexBackward0",
        [rows],
        [],
        (gradient) => {
          const whole = full(rows.shape, 0);
          cut(whole).copy_(gradient);
          return [whole];
        },
      );
    });
  });
}

/** One length in [0, steps] for each of `batch` sequences. */
function toLengths(lengths: unknown, batch: number, steps: number): number[] {
  const values = lengths instanceof Tensor ? lengths.array : lengths;
  if (!(Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView)))) {
    throw new TypeError(`unpadSequence: lengths must be an array or a Tensor, but got ${describe(lengths)}`);
  }
  const wanted = Array.from(values as number[], (length) => (typeof length === "bigint" ? Number(length) : length));
  if (wanted.length !== batch) {
    throw new RangeError(`unpadSequence: got ${wanted.length} lengths for ${batch} sequences`);
  }
  for (const [i, length] of wanted.entries()) {
    checkInteger("unpadSequence", `lengths[${i}]`, length);
    if (length < 0 || length > steps) {
      throw new RangeError(`unpadSequence: lengths[${i}] is ${length}, valid range is [0, ${steps}]`);
    }
  }
  return wanted;
}

/** The sequences as tensors, equal in dtype and in every size but the first. */
function toParts(sequences: readonly Sequence[]): Tensor[] {
  const parts = Array.from(sequences, (sequence) => (sequence instanceof Tensor ? sequence : tensor(sequence)));
  for (const [i, { shape, dtype }] of parts.entries()) {
    if (shape.length === 0)
      throw new RangeError(`padSequence: sequences[${i}] is 0-D, expected at least one dimension`);
    if (dtype !== parts[0].dtype) {
      throw new TypeError(`padSequence: sequences[${i}] is ${dtype}, but sequences[0] is ${parts[0].dtype}`);
    }
    if (!sameShape(shape.slice(1), parts[0].shape.slice(1))) {
      throw new RangeError(
        `padSequence: ${mismatch(parts[0].shape, shape)}: sequences[0] is ${sizeText(parts[0].shape)}, ` +
          `sequences[${i}] is ${sizeText(shape)}`,
      );
    }
  }
  return parts;
}

/** PyTorch's words for the first trailing size that differs; it compares what follows the first dimension. */
function mismatch(a: Shape, b: Shape): string {
  if (a.length !== b.length) return "sequences have different numbers of dimensions";
  const dim = a.findIndex((size, i) => i > 0 && size !== b[i]);
  return `The size of tensor a (${a[dim]}) must match the size of tensor b (${b[dim]}) at non-singleton dimension ${dim}`;
}
