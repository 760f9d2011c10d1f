"""PyTorch's side of the benchmark; torch.ts starts it, with a number of threads or with 0 for PyTorch's own choice.

Reads one JSON request a line, and after it as many bytes as its "bytes" says:
    {"do": "prepare", "op", "V", "D", "N", ...} -> {"floats": [...]}, lengths of the float32 arrays that follow
    {"do": "warm up", "op", "seconds"} -> {}
    {"do": "measure", "op", "least", "patience", "most", "seconds"} -> {"samples": [...]} in ms
    {"do": "forget", "op"} -> {}
"""

import ctypes
import gc
import json
import sys
import warnings
from time import perf_counter

try:
    import torch
    import torch.nn.functional as F
    from skip_gram import skip_gram
    from torch import nn, optim
except ImportError:
    sys.exit()

SAMPLE_SECONDS = 0.005
# Beside this long, reading the clock costs nothing.
CHUNK_SECONDS = 0.0001


class Task:
    """run() is one operation, outputs() one and what it left; prepare() makes what it uses up, and is not timed."""

    def __init__(self, run, outputs, prepare=None):
        self.run = run
        self.outputs = outputs
        self.prepare = prepare
        self.chunk = 1  # Operations between two looks at the clock.


def numbers(r):
    """The table, indices and the result's gradient; lines.ts draws the same."""
    generator = torch.Generator().manual_seed(r["seed"])
    weight = torch.randn(r["V"], r["D"], generator=generator)
    index = torch.randint(0, r["V"], (r["N"],), generator=generator)
    gradient = torch.randn(r["N"], r["D"], generator=generator)
    return weight, index, gradient


def set_up(r, **options):
    """An Embedding around the table, with the rest."""
    weight, index, gradient = numbers(r)
    emb = nn.Embedding.from_pretrained(weight, freeze=False, **options)
    return emb, index, gradient


def look_up(r):
    emb, index, _ = set_up(r)
    return Task(lambda: emb(index), lambda: [emb(index)])


def backward(module, indices, gradient, finish, results):
    """Of a forward that is not timed. finish(): what else belongs to the operation; results: what of it is compared."""
    held = []

    def prepare():
        module.zero_grad()
        held[:] = [module(indices)]

    def run():
        held[0].backward(gradient)
        return finish(module.weight.grad)

    def outputs():
        prepare()
        return results(run())

    return Task(run, outputs, prepare)


def dense_backward(r):
    emb, index, gradient = set_up(r)
    return backward(emb, index, gradient, lambda grad: grad, lambda grad: [grad])


def sparse_backward(r):
    emb, index, gradient = set_up(r, sparse=True)
    return backward(emb, index, gradient, lambda grad: grad.coalesce(), lambda x: [x.indices(), x.values()])


def renorm(r):
    emb, index, _ = set_up(r, max_norm=r["maxNorm"])
    original = emb.weight.data.clone()
    return Task(
        lambda: emb(index),
        lambda: [emb(index), emb.weight],
        lambda: emb.weight.data.copy_(original),
    )


def step(optimizer, sparse, eps=False):
    def make(r):
        emb, index, gradient = set_up(r, sparse=sparse)
        options = {"eps": r["eps"]} if eps else {}
        stepper = optimizer(emb.parameters(), lr=r["lr"], **options)

        def run():
            stepper.zero_grad()
            emb(index).backward(gradient)
            stepper.step()

        return Task(run, lambda: [(run(), emb.weight)[1]])

    return make


def bag(mode):
    def make(r):
        module, bags, _ = set_up_bags(r, mode)
        return Task(lambda: module(bags), lambda: [module(bags)])

    return make


def bag_backward(mode):
    def make(r):
        return backward(*set_up_bags(r, mode), lambda grad: grad, lambda grad: [grad])

    return make


def set_up_bags(r, mode):
    """An EmbeddingBag around the table, bags, and the gradient of the first rows."""
    weight, index, gradient = numbers(r)
    module = nn.EmbeddingBag.from_pretrained(weight, freeze=False, mode=mode)
    bags = index.view(-1, r["bag"])
    return module, bags, gradient[: len(bags)]


def normal(r):
    weight = torch.empty(r["V"], r["D"])
    generator = torch.Generator().manual_seed(r["seed"] + 1)

    def run():
        return nn.init.normal_(weight, generator=generator)

    return Task(run, lambda: [run()])


def copy(r):
    _, _, gradient = numbers(r)
    return Task(gradient.clone, lambda: [gradient.clone()])


def packed_bags(r, length):
    """Sums of bags of rows of 8 bits; a look-up is a bag of one."""
    weight, index, _ = numbers(r)
    packed = torch.ops.quantized.embedding_bag_byte_prepack(weight)
    offsets = torch.arange(0, len(index), length)

    def run():
        return torch.ops.quantized.embedding_bag_byte_rowwise_offsets(packed, index, offsets)

    return Task(run, lambda: [run()])


def nearest(r):
    """By cosine; the norms of the rows beforehand, as ours are kept too."""
    weight, _, gradient = numbers(r)
    query = gradient[0]
    scale = 1 / (weight.norm(dim=1) * query.norm())

    def run():
        return torch.topk((weight @ query) * scale, r["k"])

    return Task(run, lambda: list(run()))


def one_hot_product(r):
    emb, index, _ = set_up(r)
    transposed = emb.weight.data.transpose(0, 1)

    def run():
        return F.linear(F.one_hot(index, r["V"]).float(), transposed)

    return Task(run, lambda: [run()])


def matmul(r):
    emb, _, a = set_up(r)
    b = emb.weight.data
    return Task(lambda: a @ b, lambda: [a @ b])


def linear_backward(r):
    emb, _, x = set_up(r)
    w = emb.weight
    x.requires_grad_()

    def run():
        x.grad = w.grad = None
        out = F.linear(x, w)
        out.backward(out.detach())
        return out

    return Task(run, lambda: [run(), x.grad, w.grad])


OPERATIONS = {
    "look-up": look_up,
    "look-up of an Int32Array": look_up,
    "dense backward": dense_backward,
    "dense backward, grad read": dense_backward,
    "sparse backward + coalesce": sparse_backward,
    "renorm": renorm,
    "step: sparse SGD": step(optim.SGD, sparse=True),
    "step: dense SGD": step(optim.SGD, sparse=False),
    "step: dense SGD, grad read": step(optim.SGD, sparse=False),
    "step: sparse Adagrad": step(optim.Adagrad, sparse=True, eps=True),
    "step: dense Adagrad": step(optim.Adagrad, sparse=False, eps=True),
    "step: SparseAdam": step(optim.SparseAdam, sparse=True),
    "step: dense Adam": step(optim.Adam, sparse=False),
    "bag sum": bag("sum"),
    "bag mean": bag("mean"),
    "bag max": bag("max"),
    "bag sum backward": bag_backward("sum"),
    "bag max backward": bag_backward("max"),
    "normal_": normal,
    "copy to a new array": copy,
    "look-up, int8": lambda r: packed_bags(r, 1),
    "bag sum, int8": lambda r: packed_bags(r, r["bag"]),
    "nearest": nearest,
    "one-hot product": one_hot_product,
    "matmul": matmul,
    "linear + backward": linear_backward,
    "skip-gram, sparse": lambda r: Task(*skip_gram(r, sparse=True)),
    "skip-gram, dense": lambda r: Task(*skip_gram(r, sparse=False)),
}


def sample(task, seconds):
    """The mean over as many operations as last `seconds` together, in seconds."""
    spent = 0.0
    runs = 0
    while runs == 0 or spent < seconds:
        if task.prepare:
            task.prepare()
        start = perf_counter()
        for _ in range(task.chunk):
            task.run()
        spent += perf_counter() - start
        runs += task.chunk
    return spent / runs


def warm_up(task, seconds):
    start = perf_counter()
    while True:
        each = sample(task, 0)
        if not task.prepare and each * task.chunk < CHUNK_SECONDS:
            task.chunk *= 2
        if perf_counter() - start >= seconds:
            break


def measure(task, r):
    samples = []
    start = perf_counter()

    def goes_on(count, limit):
        return len(samples) < count and perf_counter() - start < limit

    while not samples or goes_on(r["least"], r["patience"]) or goes_on(r["most"], r["seconds"]):
        samples.append(1000 * sample(task, SAMPLE_SECONDS))
    return samples


def answer(arrays=(), **values):
    """A line of JSON, and the arrays as float32 after it."""
    arrays = [x.detach().to(torch.float32).contiguous() for x in arrays]
    values["floats"] = [x.numel() for x in arrays]
    sys.stdout.buffer.write(json.dumps(values).encode() + b"\n")
    for x in arrays:
        sys.stdout.buffer.write((ctypes.c_char * (4 * x.numel())).from_address(x.data_ptr()))
    sys.stdout.buffer.flush()


def main():
    # Every sparse Adagrad step complains about checks that torch itself leaves off.
    warnings.filterwarnings("ignore", message="Sparse invariant checks")
    threads = int(sys.argv[1])
    if threads:
        torch.set_num_threads(threads)
    gc.disable()
    answer(version=torch.__version__, threads=torch.get_num_threads())
    tasks = {}
    for line in sys.stdin.buffer:
        r = json.loads(line)
        op = r["op"]
        if r["do"] == "prepare":
            r["input"] = sys.stdin.buffer.read(r["bytes"])
            tasks[op] = OPERATIONS[op](r)
            answer(tasks[op].outputs())
        elif r["do"] == "warm up":
            warm_up(tasks[op], r["seconds"])
            answer()
        elif r["do"] == "measure":
            answer(samples=measure(tasks[op], r))
        else:
            del tasks[op]
            gc.collect()
            answer()


if __name__ == "__main__":
    main()
