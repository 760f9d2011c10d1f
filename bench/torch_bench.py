"""PyTorch's side of the benchmark, on one thread; torch.ts starts it.

Reads one JSON request a line and answers each with a line:
    {"do": "prepare", "op", "V", "D", "N", ...} -> {"means": [...]}
    {"do": "measure", "least", "most", "seconds"} -> {"samples": [...]} in ms
"""

import gc
import json
import sys
import warnings
from time import perf_counter

try:
    import torch
    import torch.nn.functional as F
    from torch import nn, optim
except ImportError:
    sys.exit()

SAMPLE_SECONDS = 0.005


class Task:
    """run() is one operation, outputs() what it left, restore() undoes it."""

    def __init__(self, run, outputs, restore=None):
        self.run = run
        self.outputs = outputs
        self.restore = restore


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


def dense_backward(r):
    emb, index, gradient = set_up(r)

    def run():
        emb.zero_grad()
        emb(index).backward(gradient)

    return Task(run, lambda: [emb.weight.grad])


def sparse_backward(r):
    emb, index, gradient = set_up(r, sparse=True)

    def run():
        emb.zero_grad()
        emb(index).backward(gradient)
        return emb.weight.grad.coalesce()

    def outputs():
        coalesced = run()
        return [coalesced.indices(), coalesced.values()]

    return Task(run, outputs)


def renorm(r):
    emb, index, _ = set_up(r, max_norm=r["maxNorm"])
    original = emb.weight.data.clone()
    return Task(
        lambda: emb(index),
        lambda: [emb(index), emb.weight],
        lambda: emb.weight.data.copy_(original),
    )


def step(r, optimizer, sparse, **options):
    emb, index, gradient = set_up(r, sparse=sparse)
    stepper = optimizer(emb.parameters(), lr=r["lr"], **options)
    emb(index).backward(gradient)
    return Task(stepper.step, lambda: [emb.weight])


def sgd(sparse):
    return lambda r: step(r, optim.SGD, sparse)


def adagrad(sparse):
    return lambda r: step(r, optim.Adagrad, sparse, eps=r["eps"])


def bag(mode, backward):
    def make(r):
        weight, index, gradient = numbers(r)
        module = nn.EmbeddingBag.from_pretrained(weight, freeze=False, mode=mode)
        bags = index.view(-1, r["bag"])
        gradient = gradient[: len(bags)]

        def run():
            module.zero_grad()
            out = module(bags)
            if backward:
                out.backward(gradient)
            return out

        return Task(run, lambda: [run()] if not backward else [(run(), module.weight.grad)[1]])

    return make


def normal(r):
    weight = torch.empty(r["V"], r["D"])
    generator = torch.Generator().manual_seed(r["seed"] + 1)
    return Task(lambda: nn.init.normal_(weight, generator=generator), lambda: [weight])


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
    "dense backward": dense_backward,
    "dense backward, grad read": dense_backward,
    "sparse backward + coalesce": sparse_backward,
    "renorm": renorm,
    "SGD step, sparse": sgd(sparse=True),
    "SGD step, dense": sgd(sparse=False),
    "SGD step, dense read": sgd(sparse=False),
    "Adagrad step, sparse": adagrad(sparse=True),
    "Adagrad step, dense": adagrad(sparse=False),
    "Adagrad step, dense read": adagrad(sparse=False),
    "SparseAdam step": lambda r: step(r, optim.SparseAdam, sparse=True),
    "Adam step": lambda r: step(r, optim.Adam, sparse=False),
    "bag sum": bag("sum", backward=False),
    "bag mean": bag("mean", backward=False),
    "bag max": bag("max", backward=False),
    "bag sum + backward": bag("sum", backward=True),
    "bag max + backward": bag("max", backward=True),
    "normal_": normal,
    "one-hot product": one_hot_product,
    "matmul": matmul,
    "linear + backward": linear_backward,
}


def sample(task, seconds):
    """The mean over as many operations as last `seconds` together, in ms."""
    spent = 0.0
    runs = 0
    while runs == 0 or spent < seconds:
        if task.restore:
            task.restore()
        start = perf_counter()
        task.run()
        spent += perf_counter() - start
        runs += 1
    return 1000 * spent / runs


def mean_magnitude(x):
    return x.detach().abs().mean(dtype=torch.float64).item()


def prepare(r):
    task = OPERATIONS[r["op"]](r)
    task.run()
    means = [mean_magnitude(x) for x in task.outputs()]
    start = perf_counter()
    while perf_counter() - start < r["warmUp"]:
        sample(task, 0)
    return task, means


def measure(task, r):
    samples = []
    start = perf_counter()
    while len(samples) < r["least"] or (
        len(samples) < r["most"] and perf_counter() - start < r["seconds"]
    ):
        samples.append(sample(task, SAMPLE_SECONDS))
    return samples


def answer(**values):
    print(json.dumps(values), flush=True)


def main():
    # Every sparse Adagrad step complains about checks that torch itself leaves off.
    warnings.filterwarnings("ignore", message="Sparse invariant checks")
    torch.set_num_threads(1)
    gc.disable()
    answer(version=torch.__version__)
    task = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "prepare":
            task = None  # Frees the tables of the line before.
            gc.collect()
            task, means = prepare(request)
            answer(means=means)
        else:
            answer(samples=measure(task, request))


if __name__ == "__main__":
    main()
