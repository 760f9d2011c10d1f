import { checkInteger } from "../check.js";
import { type Tensor, transient } from "../tensor/tensor.js";
import { type Complaints, type Indices, toIndices } from "./indices.js";

/** No class is this large. */
const ALL = 2 ** 31 - 1;

const COMPLAINTS: Complaints = {
  outOfRange: (value) =>
    value < 0 ? "Class values must be non-negative" : "Class values must be smaller than num_classes",
  wrongType: "one_hot is only applicable to index tensor of type LongTensor",
};

/**
 * int32 [...input.shape, numClasses]: 1 at each index, 0 elsewhere. numClasses: largest index + 1 unless given.
 * RangeError for a negative index or one beyond numClasses.
 * https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.one_hot.html
 */
export function oneHot(input: Indices, numClasses = -1): Tensor {
  checkInteger("oneHot", "numClasses", numClasses);
  if (numClasses < -1 || numClasses === 0) {
    throw new RangeError(
      `oneHot: Class values must be smaller than num_classes: numClasses is ${numClasses}, valid is -1 or > 0`,
    );
  }
  const index = toIndices("oneHot", input, numClasses === -1 ? ALL : numClasses, COMPLAINTS);
  if (index.numel === 0 && numClasses === -1) {
    throw new RangeError("oneHot: Can not infer total number of classes from empty tensor.");
  }
  let classes = numClasses;
  if (numClasses === -1) for (const position of index.array) classes = Math.max(classes, position + 1);
  const out = transient([...index.shape, classes], "int32").zero_();
  const positions = index.array.slice();
  const hot = out.array;
  for (let i = 0; i < positions.length; i++) hot[i * classes + positions[i]] = 1;
  if (index !== input) index.dispose();
  return out;
}
