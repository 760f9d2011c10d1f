import { checkBoolean, checkNumber, checkOptions, checkWord, describe, sizeText } from "../../check.js";
import { full, type IntegerArray, tensor } from "../../tensor/create.js";
import type { NestedArray } from "../../tensor/nested.js";
import { tidy } from "../../tensor/scope.js";
import { sameShape, Tensor } from "../../tensor/tensor.js";

export type Sequence = Tensor | NestedArray | IntegerArray | Float32Array;

/**
 * Sequences [T_i, *] side by side, shorter ones filled up with `paddingValue`: [T, B, *], or [B, T, *] with batchFirst.
 * The dtype is that of the first sequence; int32 stays int32 and goes straight into an Embedding. Not differentiable.
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
  checkWord("padSequence", "paddingSide", paddingSide, ["left", "right"]);
  return tidy(() => {
    const parts = toParts(sequences);
    const [{ shape, dtype }] = parts;
    const longest = Math.max(...parts.map((part) => part.shape[0]));
    const padded = full([parts.length, longest, ...shape.slice(1)], paddingValue, { dtype });
    for (const [i, part] of parts.entries()) {
      const start = paddingSide === "left" ? longest - part.shape[0] : 0;
      padded.at(i).narrow(0, start, part.shape[0]).copy_(part);
    }
    return batchFirst ? padded : padded.transpose(0, 1);
  });
}

/** The sequences as tensors, equal in dtype and in every size but the first. */
function toParts(sequences: readonly Sequence[]): Tensor[] {
  const parts = sequences.map((sequence) => (sequence instanceof Tensor ? sequence : tensor(sequence)));
  for (const [i, { shape, dtype }] of parts.entries()) {
    if (shape.length === 0)
      throw new RangeError(`padSequence: sequences[${i}] is 0-D, expected at least one dimension`);
    if (dtype !== parts[0].dtype) {
      throw new TypeError(`padSequence: sequences[${i}] is ${dtype}, but sequences[0] is ${parts[0].dtype}`);
    }
    if (!sameShape(shape.slice(1), parts[0].shape.slice(1))) {
      throw new RangeError(
        `padSequence: sizes of sequences[${i}] beyond the first must match: it is ${sizeText(shape)}, ` +
          `sequences[0] is ${sizeText(parts[0].shape)}`,
      );
    }
  }
  return parts;
}
