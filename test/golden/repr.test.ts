import {
  functional as F,
  longTensor,
  manualSeed,
  multinomial,
  nn,
  ones,
  optim,
  randint,
  randn,
  randperm,
  type Tensor,
  tensor,
  zeros,
} from "nn-embedding";
import { describe, expect, it } from "vitest";
import { expectError, numbers } from "../tensor/compare.js";
import { golden } from "./load.js";

interface Case {
  what: string;
  args: [number, number];
  options: Record<string, number>;
  text: string;
  message: string;
}

const { cases } = golden<Case>("repr");

describe("an Embedding prints as in PyTorch", () => {
  it.each(cases.filter((c) => c.what === "repr" && c.options.paddingIdx === undefined))("$text", (c) => {
    expect(String(new nn.Embedding(...c.args, numbers(c.options)))).toBe(c.text);
    expect(String(nn.Embedding.fromPretrained(zeros(c.args), numbers(c.options)))).toBe(c.text);
  });

  it.each(cases.filter((c) => c.what === "repr" && c.options?.paddingIdx !== undefined))("$text of $options", (c) => {
    expect(String(new nn.Embedding(...c.args, numbers(c.options)))).toBe(c.text);
  });
});

/** The scope of the mistakes: w, 3 x 2, a leaf; idx; a module; a sparse gradient in its table. */
interface Scope {
  w: Tensor;
  idx: Tensor;
  emb: nn.Embedding;
}

function scope(): Scope {
  return { w: ones([3, 2], { requiresGrad: true }), idx: longTensor([0, 2]), emb: new nn.Embedding(3, 2) };
}

/** A 3 x 2 table with a sparse gradient. */
function withSparseGradient(): Tensor {
  const table = new nn.Embedding(3, 2, { sparse: true });
  table.forward([0, 2]).sum().backward();
  return table.weight;
}

/** Arguments that the types forbid. */
const wrong = (value: unknown) => value as never;

type ErrorClass = typeof Error | typeof TypeError | typeof RangeError;
type Mistake = (scope: Scope) => unknown;

/** PyTorch's mistake: our class, the words both messages share, the mistake in our grammar. */
const MISTAKES: Record<string, [ErrorClass, string, Mistake]> = {
  "nn.Embedding(-1, 3)": [
    RangeError,
    "Trying to create tensor with negative dimension -1: [-1, 3]",
    () => new nn.Embedding(-1, 3),
  ],
  "nn.Embedding(3, -1)": [
    RangeError,
    "Trying to create tensor with negative dimension -1: [3, -1]",
    () => new nn.Embedding(3, -1),
  ],
  "nn.Embedding(2.5, 3)": [TypeError, "must be tuple of ints, but found element", () => new nn.Embedding(2.5, 3)],
  "nn.Embedding(3, 2.5)": [TypeError, "must be tuple of ints,", () => new nn.Embedding(3, 2.5)],
  'nn.Embedding("3", 2)': [
    TypeError,
    "must be tuple of ints, but found element",
    () => new nn.Embedding(wrong("3"), 2),
  ],
  "nn.Embedding(3, 2, padding_idx=3)": [
    RangeError,
    "Padding_idx must be within num_embeddings",
    () => new nn.Embedding(3, 2, { paddingIdx: 3 }),
  ],
  "nn.Embedding(3, 2, padding_idx=-4)": [
    RangeError,
    "Padding_idx must be within num_embeddings",
    () => new nn.Embedding(3, 2, { paddingIdx: -4 }),
  ],
  "nn.Embedding(3, 2, _weight=torch.zeros(2, 3))": [
    RangeError,
    "Shape of weight does not match num_embeddings and embedding_dim",
    () => new nn.Embedding(3, 2, { weight: zeros([2, 3]) }),
  ],
  "nn.Embedding.from_pretrained(torch.zeros(3))": [
    RangeError,
    "Embeddings parameter is expected to be 2-dimensional",
    () => nn.Embedding.fromPretrained(zeros([3])),
  ],
  "nn.Embedding.from_pretrained(torch.zeros(3, 2).int(), freeze=False)": [
    TypeError,
    "Tensors of floating point",
    () => nn.Embedding.fromPretrained(zeros([3, 2], { dtype: "int32" }), { freeze: false }),
  ],
  "nn.Embedding.from_pretrained(torch.zeros(3, 2), padding_idx=3)": [
    RangeError,
    "Padding_idx must be within num_embeddings",
    () => nn.Embedding.fromPretrained(zeros([3, 2]), { paddingIdx: 3 }),
  ],
  'nn.Embedding(3, 2).load_state_dict({"weight": torch.zeros(4, 2)})': [
    Error,
    "Error(s) in loading state_dict for Embedding:\n\tsize mismatch for weight: copying a param with shape " +
      "torch.Size([4, 2]) from checkpoint, the shape in current model is torch.Size([3, 2]).",
    ({ emb }) => emb.loadStateDict({ weight: zeros([4, 2]) }),
  ],
  "nn.Embedding(3, 2).load_state_dict({})": [
    Error,
    'Error(s) in loading state_dict for Embedding:\n\tMissing key(s) in state_dict: "weight". ',
    ({ emb }) => emb.loadStateDict({}),
  ],
  'nn.Embedding(3, 2).load_state_dict({"weight": torch.zeros(3, 2), "bias": w})': [
    Error,
    'Error(s) in loading state_dict for Embedding:\n\tUnexpected key(s) in state_dict: "bias". ',
    ({ emb, w }) => emb.loadStateDict({ weight: zeros([3, 2]), bias: w }),
  ],
  'nn.Embedding(3, 2).load_state_dict({"bias": w})': [
    Error,
    'Error(s) in loading state_dict for Embedding:\n\tMissing key(s) in state_dict: "weight". \n\t' +
      'Unexpected key(s) in state_dict: "bias". ',
    ({ emb, w }) => emb.loadStateDict({ bias: w }),
  ],
  "nn.Embedding(3, 2)(torch.tensor([0, 3]))": [
    RangeError,
    "index out of range in self",
    ({ emb }) => emb.forward(longTensor([0, 3])),
  ],
  "nn.Embedding(3, 2)(torch.tensor([[0, -1]]))": [
    RangeError,
    "index out of range in self",
    ({ emb }) => emb.forward(longTensor([[0, -1]])),
  ],
  "nn.Embedding(3, 2)(torch.tensor([0.0]))": [
    TypeError,
    "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got " +
      "torch.FloatTensor instead",
    ({ emb }) => emb.forward(tensor([0])),
  ],
  "nn.Embedding(3, 2, max_norm=1.0)(torch.tensor([-1]))": [
    RangeError,
    "index out of range in self",
    () => new nn.Embedding(3, 2, { maxNorm: 1 }).forward([-1]),
  ],
  "nn.Embedding(3, 2, max_norm=1.0)(torch.tensor([0.0]))": [
    TypeError,
    "'indices' to have one of the following scalar types: Long, Int; but got torch.FloatTensor instead",
    () => new nn.Embedding(3, 2, { maxNorm: 1 }).forward(tensor([0])),
  ],
  "nn.Embedding.from_pretrained(torch.ones(3, 2).int(), max_norm=1.0)(torch.tensor([0]))": [
    TypeError,
    "norm(): input dtype should be either floating point or complex. Got",
    () => nn.Embedding.fromPretrained(ones([3, 2], { dtype: "int32" }), { maxNorm: 1 }).forward([0]),
  ],
  "F.embedding(torch.tensor([0]), torch.zeros(3))": [
    RangeError,
    "'weight' must be 2-D",
    () => F.embedding([0], zeros([3])),
  ],
  "F.embedding(torch.tensor([0]), torch.zeros(3, 2), padding_idx=3)": [
    RangeError,
    "Padding_idx must be within num_embeddings",
    () => F.embedding([0], zeros([3, 2]), { paddingIdx: 3 }),
  ],
  "F.embedding(torch.tensor([0]), torch.zeros(3, 2), padding_idx=-4)": [
    RangeError,
    "Padding_idx must be within num_embeddings",
    () => F.embedding([0], zeros([3, 2]), { paddingIdx: -4 }),
  ],
  "y = (w * w).sum(); F.embedding(idx, w, max_norm=1.0); y.backward()": [
    Error,
    "one of the variables needed for gradient computation has been modified by an inplace operation: " +
      "[torch.FloatTensor [3, 2]]",
    ({ w, idx }) => {
      const y = w.mul(w).sum();
      F.embedding(idx, w, { maxNorm: 1 });
      y.backward();
    },
  ],
  "y = (w * w[0]).sum(); F.embedding(idx, w, max_norm=1.0); y.backward()": [
    Error,
    "one of the variables needed for gradient computation has been modified by an inplace operation:",
    ({ w, idx }) => {
      const y = w.mul(w.at(0)).sum();
      F.embedding(idx, w, { maxNorm: 1 });
      y.backward();
    },
  ],
  "optim.SGD([])": [RangeError, "optimizer got an empty parameter list", () => new optim.SGD([])],
  "optim.SGD(w)": [
    TypeError,
    "params argument given to the optimizer should be an iterable of Tensors or dicts, but got torch.FloatTensor",
    ({ w }) => new optim.SGD(wrong(w)),
  ],
  "optim.SGD([1])": [
    TypeError,
    "optimizer can only optimize Tensors, but one of the params is",
    () => new optim.SGD(wrong([1])),
  ],
  "optim.SGD([w * 2])": [Error, "can't optimize a non-leaf Tensor", ({ w }) => new optim.SGD([w.mul(2)])],
  'optim.SGD([{"params": [w]}, {"params": [w]}])': [
    RangeError,
    "some parameters appear in more than one parameter group",
    ({ w }) => new optim.SGD([{ params: [w] }, { params: [w] }]),
  ],
  "optim.SGD([w, w])": [
    RangeError,
    "optimizer contains a parameter group with duplicate parameters",
    ({ w }) => new optim.SGD([w, w]),
  ],
  "optim.SGD([w], lr=-0.1)": [RangeError, "Invalid learning rate: -0.1", ({ w }) => new optim.SGD([w], { lr: -0.1 })],
  "optim.SGD([w], momentum=-1)": [
    RangeError,
    "Invalid momentum value: -1",
    ({ w }) => new optim.SGD([w], { momentum: -1 }),
  ],
  "optim.SGD([w], weight_decay=-1)": [
    RangeError,
    "Invalid weight_decay value: -1",
    ({ w }) => new optim.SGD([w], { weightDecay: -1 }),
  ],
  "optim.SGD([w], nesterov=True)": [
    RangeError,
    "Nesterov momentum requires a momentum and zero dampening",
    ({ w }) => new optim.SGD([w], { nesterov: true }),
  ],
  "optim.SGD([w], momentum=0.9, dampening=0.5, nesterov=True)": [
    RangeError,
    "Nesterov momentum requires a momentum and zero dampening",
    ({ w }) => new optim.SGD([w], { momentum: 0.9, dampening: 0.5, nesterov: true }),
  ],
  "w.grad = sparse; optim.SGD([w], weight_decay=0.1).step()": [
    Error,
    "add(sparse, dense) is not supported. Use add(dense, sparse) instead",
    () => new optim.SGD([withSparseGradient()], { weightDecay: 0.1 }).step(),
  ],
  "optim.Adagrad([])": [RangeError, "optimizer got an empty parameter list", () => new optim.Adagrad([])],
  "optim.Adagrad([w], lr=-0.1)": [
    RangeError,
    "Invalid learning rate: -0.1",
    ({ w }) => new optim.Adagrad([w], { lr: -0.1 }),
  ],
  "optim.Adagrad([w], lr_decay=-1)": [
    RangeError,
    "Invalid lr_decay value: -1",
    ({ w }) => new optim.Adagrad([w], { lrDecay: -1 }),
  ],
  "optim.Adagrad([w], weight_decay=-1)": [
    RangeError,
    "Invalid weight_decay value: -1",
    ({ w }) => new optim.Adagrad([w], { weightDecay: -1 }),
  ],
  "optim.Adagrad([w], initial_accumulator_value=-1)": [
    RangeError,
    "Invalid initial_accumulator_value value: -1",
    ({ w }) => new optim.Adagrad([w], { initialAccumulatorValue: -1 }),
  ],
  "optim.Adagrad([w], eps=-1)": [
    RangeError,
    "Invalid epsilon value: -1",
    ({ w }) => new optim.Adagrad([w], { eps: -1 }),
  ],
  "w.grad = sparse; optim.Adagrad([w], weight_decay=0.1).step()": [
    Error,
    "weight_decay option is not compatible with sparse gradients",
    () => new optim.Adagrad([withSparseGradient()], { weightDecay: 0.1 }).step(),
  ],
  "pad_sequence([])": [RangeError, "received an empty list of sequences", () => nn.utils.rnn.padSequence([])],
  "pad_sequence(5)": [
    TypeError,
    "Expected iterable for input sequences, but got",
    () => nn.utils.rnn.padSequence(wrong(5)),
  ],
  'pad_sequence([w], padding_side="x")': [
    TypeError,
    "to be one of left",
    ({ w }) => nn.utils.rnn.padSequence([w], { paddingSide: wrong("x") }),
  ],
  "pad_sequence([torch.zeros(2, 3), torch.zeros(2, 4)])": [
    RangeError,
    "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1",
    () => nn.utils.rnn.padSequence([zeros([2, 3]), zeros([2, 4])]),
  ],
  "F.one_hot(torch.tensor([0.0]))": [
    TypeError,
    "is only applicable to index tensor of type LongTensor",
    () => F.oneHot(tensor([0])),
  ],
  "F.one_hot(torch.tensor([-1]))": [RangeError, "Class values must be non-negative", () => F.oneHot([-1])],
  "F.one_hot(torch.tensor([3]), 3)": [
    RangeError,
    "Class values must be smaller than num_classes",
    () => F.oneHot([3], 3),
  ],
  "F.one_hot(torch.tensor([3]), 0)": [
    RangeError,
    "Class values must be smaller than num_classes",
    () => F.oneHot([3], 0),
  ],
  "F.one_hot(torch.tensor([], dtype=torch.int64))": [
    RangeError,
    "Can not infer total number of classes from empty tensor.",
    () => F.oneHot([]),
  ],
  "y = (w * w).sum(); y.backward(); y.backward()": [
    Error,
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already " +
      "been freed). Saved intermediate values of the graph are freed when you call",
    ({ w }) => {
      const y = w.mul(w).sum();
      y.backward();
      y.backward();
    },
  ],
  "y = F.embedding(idx, w); y.sum().backward(); y.sum().backward()": [
    Error,
    "Trying to backward through the graph a second time",
    ({ w, idx }) => {
      const y = F.embedding(idx, w);
      y.sum().backward();
      y.sum().backward();
    },
  ],
  "w.zero_()": [
    Error,
    "a leaf Variable that requires grad is being used in an in-place operation.",
    ({ w }) => w.zero_(),
  ],
  "w[0].fill_(1)": [
    Error,
    "a view of a leaf Variable that requires grad is being used in an in-place operation.",
    ({ w }) => w.at(0).fill_(1),
  ],
  "(w * 2).backward()": [
    Error,
    "grad can be implicitly created only for scalar outputs",
    ({ w }) => w.mul(2).backward(),
  ],
  "F.embedding(idx, w).backward()": [
    Error,
    "grad can be implicitly created only for scalar outputs",
    ({ w, idx }) => F.embedding(idx, w).backward(),
  ],
  "torch.ones(()).backward()": [
    Error,
    "element 0 of tensors does not require grad and does not have a grad_fn",
    () => ones([]).backward(),
  ],
  "torch.ones(2).backward()": [
    Error,
    "element 0 of tensors does not require grad and does not have a grad_fn",
    () => ones([2]).backward(),
  ],
  "torch.ones(2).sum().backward()": [
    Error,
    "element 0 of tensors does not require grad and does not have a grad_fn",
    () => ones([2]).sum().backward(),
  ],
  "(w * 2).backward(torch.ones(2, 3))": [
    RangeError,
    "Mismatch in shape: grad_output[0] has a shape of torch.Size([2, 3]) and output[0] has a shape of torch.Size([3, 2]).",
    ({ w }) => w.mul(2).backward(ones([2, 3])),
  ],
  "torch.tensor([1]).requires_grad_()": [
    TypeError,
    "only Tensors of floating point dtype can require gradients",
    () => longTensor([1]).requiresGrad_(),
  ],
  "(w * 2).requires_grad_(False)": [
    Error,
    "you can only change requires_grad flags of leaf variables.",
    ({ w }) => w.mul(2).requiresGrad_(false),
  ],
  "w * torch.ones(5)": [
    RangeError,
    "The size of tensor a (2) must match the size of tensor b (5) at non-singleton dimension 1",
    ({ w }) => w.mul(ones([5])),
  ],
  "w @ torch.ones(3, 2)": [
    RangeError,
    "mat1 and mat2 shapes cannot be multiplied (3x2 and 3x2)",
    ({ w }) => w.matmul(ones([3, 2])),
  ],
  "torch.ones(2, 3, 4) @ torch.ones(3, 4, 5)": [
    RangeError,
    "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
    () => ones([2, 3, 4]).matmul(ones([3, 4, 5])),
  ],
  "F.linear(torch.ones(2, 3), torch.ones(4, 2))": [
    RangeError,
    "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x4)",
    () => F.linear(ones([2, 3]), ones([4, 2])),
  ],
  "w.reshape(4)": [RangeError, "shape '[4]' is invalid for input of size 6", ({ w }) => w.reshape([4])],
  "w.reshape(-1, 4)": [RangeError, "shape '[-1, 4]' is invalid for input of size 6", ({ w }) => w.reshape([-1, 4])],
  "w.reshape(-1, -1)": [RangeError, "only one dimension can be inferred", ({ w }) => w.reshape([-1, -1])],
  "w.narrow(0, 1, 3)": [RangeError, "start (1) + length (3) exceeds dimension size (3).", ({ w }) => w.narrow(0, 1, 3)],
  "w.narrow(0, 4, 1)": [RangeError, "start out of range", ({ w }) => w.narrow(0, 4, 1)],
  "w.narrow(0, 0, -1)": [RangeError, "length must be non-negative", ({ w }) => w.narrow(0, 0, -1)],
  "w[3]": [RangeError, "index 3 is out of bounds for dimension 0 with size 3", ({ w }) => w.at(3)],
  "w[0, 0, 0]": [RangeError, "too many indices for tensor of dimension 2", ({ w }) => w.at(0, 0, 0)],
  "w.transpose(0, 2)": [
    RangeError,
    "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
    ({ w }) => w.transpose(0, 2),
  ],
  "w.sum(2)": [
    RangeError,
    "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
    ({ w }) => w.sum(2),
  ],
  "w.sum((0, 0))": [RangeError, "dim 0 appears multiple times in the list of dims", ({ w }) => w.sum([0, 0])],
  "w.item()": [RangeError, "a Tensor with 6 elements cannot be converted to Scalar", ({ w }) => w.item()],
  "F.binary_cross_entropy_with_logits(w, torch.ones(3))": [
    RangeError,
    "Target size (torch.Size([3])) must be the same as input size (torch.Size([3, 2]))",
    ({ w }) => F.binaryCrossEntropyWithLogits(w, ones([3])),
  ],
  'F.binary_cross_entropy_with_logits(w, w.detach(), reduction="x")': [
    TypeError,
    "is not a valid value for reduction",
    ({ w }) => F.binaryCrossEntropyWithLogits(w, w.detach(), { reduction: wrong("x") }),
  ],
  "torch.empty(2).uniform_(1, 0)": [
    RangeError,
    "uniform_ expects to return a [from, to) range, but found from=1 > to=0",
    () => zeros([2]).uniform_(1, 0),
  ],
  "torch.empty(2).normal_(0, -1)": [
    RangeError,
    "normal expects std >= 0.0, but found std -1",
    () => zeros([2]).normal_(0, -1),
  ],
  "nn.init.uniform_(w, 1, 0)": [
    RangeError,
    "uniform_ expects to return a [from, to) range, but found from=1 > to=0",
    ({ w }) => nn.init.uniform_(w, { a: 1, b: 0 }),
  ],
  "nn.init.normal_(w, 0, -1)": [
    RangeError,
    "normal expects std >= 0.0, but found std -1",
    ({ w }) => nn.init.normal_(w, { mean: 0, std: -1 }),
  ],
  "torch.randint(5, 5, (2,))": [
    RangeError,
    "random_ expects 'from' to be less than 'to', but got from=5 >= to=5",
    () => randint(5, 5, [2]),
  ],
  "torch.randperm(-1)": [RangeError, "Trying to create tensor with negative dimension -1: [-1]", () => randperm(-1)],
  "torch.randn(-1)": [RangeError, "Trying to create tensor with negative dimension -1: [-1]", () => randn([-1])],
  "torch.manual_seed(2**64)": [RangeError, "Overflow when unpacking long long", () => manualSeed(2n ** 64n)],
  "torch.multinomial(torch.tensor([-1.0, 1.0]), 1)": [
    RangeError,
    "probability tensor contains either `inf`, `nan` or element < 0",
    () => multinomial([-1, 1], 1),
  ],
  "torch.multinomial(torch.tensor([0.0, 0.0]), 2, True)": [
    RangeError,
    "invalid multinomial distribution (sum of probabilities <= 0)",
    () => multinomial([0, 0], 2, { replacement: true }),
  ],
  "torch.multinomial(torch.tensor([0.0, 0.0]), 1)": [
    RangeError,
    "invalid multinomial distribution (sum of probabilities <= 0)",
    () => multinomial([0, 0], 1),
  ],
  "torch.multinomial(torch.tensor([1.0, 1.0]), 3)": [
    RangeError,
    "cannot sample n_sample > prob_dist.size(-1) samples without replacement",
    () => multinomial([1, 1], 3),
  ],
  "torch.multinomial(torch.tensor([1.0, 1.0]), 0)": [
    RangeError,
    "cannot sample n_sample <= 0 samples",
    () => multinomial([1, 1], 0),
  ],
  "torch.multinomial(torch.tensor([1, 1]), 1)": [
    TypeError,
    "multinomial only supports floating-point dtypes for input",
    () => multinomial(longTensor([1, 1]), 1),
  ],
};

/** Where PyTorch has another text for every kernel, or one of Python's, ours says the same for all. */
const OWN_WORDS: Record<string, [ErrorClass, string, Mistake]> = {
  "nn.Embedding(0, 2)(torch.tensor([0]))": [
    RangeError,
    "index out of range in self",
    () => new nn.Embedding(0, 2).forward([0]),
  ],
  "nn.Embedding(3, 0)(torch.tensor([5]))": [
    RangeError,
    "index out of range in self",
    () => new nn.Embedding(3, 0).forward([5]),
  ],
  "nn.Embedding(3, 2, max_norm=1.0)(torch.tensor([3]))": [
    RangeError,
    "index out of range in self",
    () => new nn.Embedding(3, 2, { maxNorm: 1 }).forward([3]),
  ],
  "nn.Embedding(0, 2, padding_idx=0)": [
    RangeError,
    "Padding_idx must be within num_embeddings",
    () => new nn.Embedding(0, 2, { paddingIdx: 0 }),
  ],
  "F.embedding(torch.tensor([0]), torch.zeros(3), max_norm=1.0)": [
    RangeError,
    "'weight' must be 2-D",
    () => F.embedding([0], zeros([3]), { maxNorm: 1 }),
  ],
  "nn.Embedding(3, 2)(None)": [TypeError, "embedding: input", ({ emb }) => emb.forward(wrong(null))],
  "pad_sequence([torch.tensor(1.0), torch.tensor(2.0)])": [
    RangeError,
    "sequences[0] is 0-D",
    () => nn.utils.rnn.padSequence([tensor(1), tensor(2)]),
  ],
  "pad_sequence([w, 5])": [RangeError, "sequences[1] is 0-D", ({ w }) => nn.utils.rnn.padSequence([w, 5])],
};

/** Mistakes that are none here. */
const ALLOWED: Record<string, Mistake> = {
  // 1.0 and 1 are the same number.
  "nn.Embedding(3, 2, padding_idx=1.0)": () => new nn.Embedding(3, 2, { paddingIdx: 1.0 }),
  // Every integer typed array is an index.
  "nn.Embedding(3, 2)(torch.tensor([0]).short())": ({ emb }) => emb.forward(Int16Array.of(0)),
  "nn.Embedding(3, 2)(torch.tensor([0]).byte())": ({ emb }) => emb.forward(Uint8Array.of(0)),
  // Arrays are indices and sequences.
  "nn.Embedding(3, 2)([0])": ({ emb }) => emb.forward([0]),
  "F.one_hot([0])": () => F.oneHot([0]),
  "F.one_hot(torch.tensor([0]).int())": () => F.oneHot(Int32Array.of(0)),
  // PYTORCH.md section 0: supported.
  "F.embedding(idx, w, scale_grad_by_freq=True, sparse=True).sum().backward()": ({ w, idx }) =>
    F.embedding(idx, w, { scaleGradByFreq: true, sparse: true }).sum().backward(),
  "F.embedding(torch.tensor(1), w, padding_idx=0, sparse=True).sum().backward()": ({ w }) =>
    F.embedding(1, w, { paddingIdx: 0, sparse: true }).sum().backward(),
};

/** What this interface cannot even say. */
const NOT_EXPRESSIBLE = [
  // There is no dtype option: float32 only.
  "nn.Embedding(3, 2, dtype=torch.int32)",
  // There is no boolean tensor; booleans in an array are tested with the other bad indices.
  "nn.Embedding(3, 2)(torch.tensor([True]))",
  // A learning rate is a number.
  "optim.SGD([w], lr=torch.ones(2))",
  "optim.Adagrad([w], lr=torch.ones(2))",
  // Optimizers have no state dict yet.
  'optim.SGD([w]).load_state_dict({"state": {}, "param_groups": []})',
  'optim.SGD([w]).load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]})',
  // Zero classes are refused whatever is in the tensor, as in "F.one_hot(torch.tensor([3]), 0)".
  "F.one_hot(torch.tensor([], dtype=torch.int64), 0)",
  // There are no in-place add_ and mul_; fill_ and zero_ stand for them in test/autograd.test.ts.
  "y = w * 2; z = (y * y).sum(); y.add_(1); z.backward()",
  "y = w.exp(); z = y.sum(); y.mul_(2); z.backward()",
  "w.add_(1)",
  "w.view(-1).add_(1)",
];

describe("a mistake is answered in PyTorch's words", () => {
  const mistakes = cases.filter((c) => c.what !== "repr");

  it("every golden mistake is here", () => {
    const known = [MISTAKES, OWN_WORDS, ALLOWED].flatMap((list) => Object.keys(list)).concat(NOT_EXPRESSIBLE);
    const unknown = mistakes.map((c) => c.what).filter((what) => !known.includes(what));
    expect(unknown).toEqual([]);
  });

  it.each(mistakes.filter((c) => c.what in MISTAKES).map((c) => [c.what, c] as const))("%s", (what, c) => {
    const [type, words, mistake] = MISTAKES[what];
    expect(c.message).toContain(words);
    const here = scope();
    expectError(() => mistake(here), type, words);
  });

  it.each(Object.entries(OWN_WORDS))("%s, in one text for all kernels", (_, [type, words, mistake]) => {
    const here = scope();
    expectError(() => mistake(here), type, words);
  });

  it.each(Object.entries(ALLOWED))("%s is no mistake here", (_, mistake) => {
    expect(() => mistake(scope())).not.toThrow();
  });
});
