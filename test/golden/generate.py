"""PyTorch's answers, for the tests to compare with.

    python3 test/golden/generate.py

writes random, embedding, renorm, optim, print, ops and repr .json beside itself
(torch 2.13 on CPU). Two runs on one machine write the same bytes; another CPU may
change last bits, so every file names the CPU kernels in use.

A tensor is {"shape", "dtype": "float32" | "int32", "data": base64, little-endian}.
Options have the names that JavaScript gives them. A number that JSON cannot hold is
the string that `Number()` reads: "Infinity", "-Infinity", "NaN".
"""

import base64
import hashlib
import json
import math
import re
import warnings
from itertools import cycle, islice
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.nn.utils.rnn import pad_sequence

SEED = 20260
HERE = Path(__file__).parent
INF, NAN = math.inf, math.nan
inputs = torch.Generator()


# ---- encoding ----


def narrow(t):
    """The tensor as float32 or int32, contiguous and detached."""
    t = t.detach().contiguous()
    if t.is_floating_point():
        assert t.dtype == torch.float32
        return t
    assert (t == t.int()).all()
    return t.int()


def raw(t):
    t = narrow(t)
    return t.numpy().astype(t.numpy().dtype.newbyteorder("<")).tobytes()


def enc(t):
    return {
        "shape": list(t.shape),
        "dtype": "float32" if t.is_floating_point() else "int32",
        "data": base64.b64encode(raw(t)).decode(),
    }


def digest(t):
    """The hash, and all of a small tensor or the beginning of a big one."""
    part = {"out": enc(t)} if t.numel() <= 64 else {"first": enc(t.flatten()[:8])}
    return {"sha256": hashlib.sha256(raw(t)).hexdigest(), **part}


def number(x):
    if isinstance(x, float) and not math.isfinite(x):
        return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"
    return x


def camel(options):
    def name(key):
        return re.sub("_([a-z])", lambda m: m[1].upper(), key)

    return {name(key): number(value) for key, value in options.items()}


def write(name, cases):
    inputs.manual_seed(SEED)
    head = {
        "torch": torch.__version__,
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "seed": SEED,
    }
    lines = [json.dumps(case, allow_nan=False) for case in cases()]
    text = json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n"
    (HERE / f"{name}.json").write_text(text)
    print(f"{name}.json: {len(lines)} cases, {len(text)} bytes")


# ---- inputs ----


def randn(*shape):
    return torch.randn(shape, generator=inputs)


def randint(high, shape):
    return torch.randint(high, shape, generator=inputs)


# ---- random ----
#
# How 2.13 draws (u32 = next MT19937 output, u64 = first u32 << 32 | second u32,
# u53 = (u64 & (2^53 - 1)) * 2^-53), each checked against a plain Python MT19937:
#   rand         (u32 & 0xffffff) * 2^-24
#   uniform_     f32(rand * f32(to - from) + from), rounded once; `to` becomes `from`
#   randint      low + u32 % (high - low); from a range of 2^28 on, low + u64 % range
#   randperm     r = 0..n-1; for i in 0..n-2: swap r[i], r[i + u32 % (n - i)]
#   multinomial  with replacement, n > 1: running float32 sum of the weights, each
#                divided (float32) by the last; a sample is the first place whose
#                value >= u53
#   multinomial  without replacement, or n = 1 either way: q = f32(-log1p(-u53)) for
#                each weight; the n largest f32(weight / q), descending (n = 1: the
#                first largest). No MKL: its generators are compiled out. Ties are in
#                no stable order; they need weights of 0 among the samples.

DRAW = {
    "embedding": lambda **args: nn.Embedding(**args).weight,
    "rand": torch.rand,
    "randn": torch.randn,
    "randint": torch.randint,
    "randperm": torch.randperm,
    "uniform_": lambda size, **args: torch.empty(size).uniform_(**args),
    "normal_": lambda size, **args: torch.empty(size).normal_(**args),
    "multinomial": lambda weights, **args: torch.multinomial(
        torch.tensor(weights, dtype=torch.float32), **args
    ),
}


def draw_case(op, seed, **args):
    torch.manual_seed(seed)
    out = DRAW[op](**args)
    return {"op": op, "args": camel(args), "seed": seed, **digest(out)}


def embedding_draw(seed, rows, dim, **more):
    args = {"num_embeddings": rows, "embedding_dim": dim, **more}
    return draw_case("embedding", seed, **args)


def sequence_case(seed, *calls):
    """Several draws from one generator; `sha256` is of all their bytes in order."""
    torch.manual_seed(seed)
    results = [DRAW[op](**args) for op, args in calls]
    return {
        "op": "sequence",
        "seed": seed,
        "calls": [{"op": op, "args": camel(args)} for op, args in calls],
        "results": [digest(t) for t in results],
        "sha256": hashlib.sha256(b"".join(map(raw, results))).hexdigest(),
    }


def random_cases():
    tables = [(1, 1), (2, 1), (1, 3), (3, 3), (5, 3), (4, 4), (17, 1), (7, 3)]
    tables += [(1, 31), (8, 4), (11, 3), (17, 59)]
    seeds = (0, 7, 42, 123456789, 2**32 + 5, -1)
    for seed in seeds:
        for rows, dim in tables:
            yield embedding_draw(seed, rows, dim)
    for seed, rows, dim in [(0, 10, 3), (0, 2, 3), (0, 100, 37), (42, 1000, 64)]:
        yield embedding_draw(seed, rows, dim)
    yield embedding_draw(987654321, 30000, 100)
    yield embedding_draw(42, 100, 37, padding_idx=3)
    yield embedding_draw(42, 4, 4, padding_idx=3)
    yield draw_case("uniform_", 5, size=[1000], **{"from": -0.37, "to": 0.11})
    yield draw_case("normal_", 5, size=[1003], mean=0.3, std=0.02)
    yield draw_case("normal_", 5, size=[9], mean=0.3, std=0.02)
    yield draw_case("normal_", 5, size=[20], mean=-1, std=10)

    def table(rows, dim):
        return "embedding", {"num_embeddings": rows, "embedding_dim": dim}

    yield sequence_case(42, table(3, 3), table(10, 10), table(2, 2))
    # The third table is the sine that the first one left, the second keeps it.
    yield sequence_case(0, table(1, 1), table(4, 4), table(1, 1))
    for seed in (0, 42):
        yield sequence_case(
            seed,
            ("rand", {"size": [5]}),
            ("randn", {"size": [3]}),
            ("randint", {"low": 0, "high": 10, "size": [7]}),
            ("randn", {"size": [20]}),
            ("randperm", {"n": 10}),
            ("randn", {"size": [1]}),
            ("randint", {"low": 0, "high": 2**31 - 1, "size": [3]}),
            ("uniform_", {"size": [3], "from": -1, "to": 1}),
        )

    for seed in (0, 42, 2**32 + 5):
        for n in (1, 16, 64, 1000):
            yield draw_case("rand", seed, size=[n])
        for a, b in [(0, 1), (-1, 1), (5, 5), (1, 1.0000001), (-1e-3, 1e8)]:
            yield draw_case("uniform_", seed, size=[64], **{"from": a, "to": b})
        for low, high in [
            (0, 1),
            (0, 10),
            (-5, 5),
            (-100, 2**20),
            (0, 2**28 - 1),
            (0, 2**28),
            (0, 2**31 - 1),
            (-(2**31), 2**31 - 1),
        ]:
            yield draw_case("randint", seed, low=low, high=high, size=[20])
        for n in (0, 1, 2, 10, 1000, 40000):
            yield draw_case("randperm", seed, n=n)

    skewed = (torch.rand(100, generator=inputs) ** 3).tolist()
    vectors = [[1], [1, 2, 3, 4], [0, 0, 1, 0], [0.1] * 10, [1e-8, 1, 1e8, 3], skewed]
    for weights in vectors:
        usable = sum(w > 0 for w in weights)
        for replacement, counts in (
            (True, {1, 2, 20, 1000}),
            (False, {1, (usable + 1) // 2, usable}),
        ):
            for n in sorted(counts):
                args = {"num_samples": n, "replacement": replacement}
                yield draw_case("multinomial", 42, weights=weights, **args)


# ---- embedding ----


def gradient(grad):
    if not grad.is_sparse:
        return {"grad": enc(grad)}
    sums = grad.coalesce()
    return {
        "indices": enc(grad._indices()),
        "values": enc(grad._values()),
        "coalesced_indices": enc(sums.indices()),
        "coalesced_values": enc(sums.values()),
    }


def embedding_case(weight, index, grad_out, padding_idx, freq, sparse):
    weight.requires_grad_()
    out = F.embedding(index, weight, padding_idx, None, 2.0, freq, sparse)
    out.backward(grad_out)
    return {
        "op": "embedding",
        "weight": enc(weight),
        "index": enc(index),
        "padding_idx": padding_idx,
        "scale_grad_by_freq": freq,
        "sparse": sparse,
        "out": enc(out),
        "grad_out": enc(grad_out),
        **gradient(weight.grad),
    }


def repeated_case(op, calls, rows=7, dim=5, padding_idx=None, freq=False):
    """One table used more than once. "accumulate": a backward for every call;
    "shared": all calls in one graph, whose last call then comes first in the sum.
    Sparse sums are PyTorch's merge: while both have entries left, that with the smaller
    row goes next and equal rows are added. `calls` is [(index shape, sparse)]."""
    weight = randn(rows, dim).requires_grad_()
    outs, grads, encoded = [], [], []
    for shape, sparse in calls:
        index = randint(rows, shape)
        out = F.embedding(index, weight, padding_idx, None, 2.0, freq, sparse)
        outs.append(out)
        grads.append(randn(*out.shape))
        call = {"index": index, "out": out, "grad_out": grads[-1]}
        encoded.append({"sparse": sparse, **{k: enc(t) for k, t in call.items()}})
    if op == "shared":
        torch.autograd.backward(outs, grads)
    else:
        for out, grad in zip(outs, grads, strict=True):
            out.backward(grad)
    return {
        "op": op,
        "weight": enc(weight),
        "padding_idx": padding_idx,
        "scale_grad_by_freq": freq,
        "calls": encoded,
        **gradient(weight.grad),
    }


def embedding_cases():
    # Cycles of coprime lengths, so that every pair of properties meets.
    dims = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64)
    heights = (1, 2, 3, 5, 7, 10, 13, 17, 20, 26, 33, 41, 50)
    many = (100,)
    shapes = ((), (1,), (2,), (0,), (2, 0, 3), (5,), (2, 3), (2, 3, 4), (4, 1), many)
    shapes += ((10, 10),)
    modes = ((False, False), (True, False), (False, True), (False, False))
    pads = (None, "first", "last", "negative", None, "lowest", None)
    plan = zip(cycle(dims), cycle(heights), cycle(shapes), cycle(modes), cycle(pads))
    for i, (dim, rows, shape, (freq, sparse), pad) in enumerate(islice(plan, 80)):
        if math.prod(shape) == 100:
            rows, dim = 7, min(dim, 17)
        elif dim > 17:
            rows = min(rows, 10)
        padding_idx = {"first": 0, "last": rows - 1, "negative": -1, "lowest": -rows}
        padding_idx = padding_idx.get(pad)
        if shape == () and sparse:  # PyTorch throws if there is padding
            padding_idx = None
        grad_out = randn(*shape, dim)
        if i % 3 == 0:
            grad_out.view(-1)[::3] = 0.0
            grad_out.view(-1)[1::5] = -0.0
        weight, index = randn(rows, dim), randint(rows, shape)
        yield embedding_case(weight, index, grad_out, padding_idx, freq, sparse)

    dense, sparse = [((2, 3), False), ((4,), False)], [((2, 3), True), ((4,), True)]
    for op in ("accumulate", "shared"):
        yield repeated_case(op, dense)
        yield repeated_case(op, dense, padding_idx=2)
        yield repeated_case(op, dense, freq=True)
        yield repeated_case(op, dense + [((20,), False)], dim=17)
        yield repeated_case(op, sparse)
        yield repeated_case(op, sparse, padding_idx=2)
        yield repeated_case(op, sparse + [((20,), True)], dim=17)
        yield repeated_case(op, [((2, 3), False), ((4,), True)])
        yield repeated_case(op, [((2, 3), True), ((4,), False)])


# ---- renorm ----


def renorm_case(what, weight, index, max_norm, p):
    before = weight.clone()
    weight.requires_grad_()
    out = F.embedding(index, weight, None, max_norm, p)
    grad_out = randn(*out.shape)
    out.backward(grad_out)
    after = weight.detach()

    # A row is sane if the formula in double gives it too.
    norm = torch.linalg.vector_norm(before.double(), p, dim=1)
    clipped = before.double() * (max_norm / (norm + 1e-7))[:, None]
    changes = (norm > max_norm) & torch.isin(torch.arange(len(norm)), index)
    exact = torch.where(changes[:, None], clipped, before.double())
    sane = torch.isclose(after.double(), exact, rtol=1e-5, atol=0, equal_nan=True)
    sane = sane.all(1)
    assert sane.all() or what == "extreme", (what, max_norm, p)
    return {
        "what": what,
        "weight": enc(before),
        "index": enc(index),
        "max_norm": number(max_norm),
        "norm_type": number(p),
        "sane": sane.tolist(),
        "weight_after": enc(torch.where(sane[:, None], after, 0)),
        "out": enc(torch.where(sane[index][..., None], out, 0)),
        "grad_out": enc(grad_out),
        "grad": enc(weight.grad),
    }


def renorm_cases():
    """Rows that are not sane (overflow, underflow) stand as zeros in the results."""
    dims = (1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 33, 64)
    limits = {2: 1.0, 1: 1.5, INF: 0.5, -INF: 0.1, 0: 2.0, 0.5: 3.0, 3: 0.8, -1: 0.05}
    limits[2.5] = 1.0
    some = cycle(dims)
    for p, max_norm in limits.items():
        for dim in dims if p == 2 else islice(some, 5):
            weight = randn(6, dim)
            weight *= torch.tensor([[0.0], [0.01], [10.0], [1.0], [1.0], [100.0]])
            index = torch.tensor([[2, 1, 2, 0], [3, 5, 2, 3]])  # never row 4
            yield renorm_case("random", weight, index, max_norm, p)

    for max_norm in (0.0, -1.0, INF, NAN, 1e-6, 1e6):
        for p, dim in ((2, 3), (1, 4), (INF, 9)):
            weight = randn(4, dim)
            weight[1] = 0
            index = torch.tensor([3, 1, 0, 3])
            yield renorm_case("limit", weight, index, max_norm, p)

    index = torch.tensor([0, 1, 2, 3, 0])
    rows = [[3.0, 4.0, 0.0], [0.0, -5.0, 0.0], [0.0, 0.0, 0.0], [3.0, 4.0, 0.1]]
    yield renorm_case("exactly", torch.tensor(rows), index, 5.0, 2)
    rows = [[1.0, -2.0, 3.0], [0.0, -6.0, 0.0], [2.0, 2.0, 2.0], [1.0, -2.0, 3.5]]
    yield renorm_case("exactly", torch.tensor(rows), index, 6.0, 1)
    rows = [[1.0, -2.0, 2.0], [0.0, -2.0, 0.0], [2.0, 2.0, 2.0], [1.0, -2.0, 2.5]]
    yield renorm_case("exactly", torch.tensor(rows), index, 2.0, INF)
    rows = [[1.0, -2.0, 0.0], [0.0, -6.0, 0.0], [0.0, 0.0, 0.0], [1.0, -2.0, 3.5]]
    yield renorm_case("exactly", torch.tensor(rows), index, 2.0, 0)

    rows = [[INF, 2.0, -3.0], [1.0, NAN, 2.0], [-INF, INF, 0.0], [NAN, INF, 1.0]]
    for p in (2, 1, INF, -INF, 0, 0.5, 3):
        yield renorm_case("not finite", torch.tensor(rows), index, 1.5, p)

    rows = [[1e30, -1e30, 1.0], [1e-30, 1e-30, 0.0], [1e20, 2.0, 3.0], [3.0, 4.0, 0.0]]
    for p, max_norm in ((2, 1.0), (3, 1.0), (1, 1.0), (0.5, 1.0), (2, 1e-31)):
        yield renorm_case("extreme", torch.tensor(rows), index, max_norm, p)


# ---- optim ----


def sparse_grad(shape, count):
    """What Embedding(sparse=True) makes: uncoalesced, rows repeated."""
    index = randint(shape[0], (1, count))
    return torch.sparse_coo_tensor(index, randn(count, shape[1]), shape)


def grad_json(grad):
    if not grad.is_sparse:
        return enc(grad)
    return {"indices": enc(grad._indices()), "values": enc(grad._values())}


def state_json(state):
    """Sparse momentum is written dense."""
    found = {}
    for key, value in state.items():
        if key == "step":
            found[key] = int(value)
        elif value is not None:
            found[key] = enc(value.to_dense())
    return found


def optim_case(kind, options, shape, sparse, tensor_lr=False, every=False):
    param = nn.Parameter(randn(*shape))
    param0 = param.detach().clone()
    if sparse:
        grads = [sparse_grad(shape, n) for n in (4, 7, 1, 0, 12, 3, 3, 6, 2, 9)]
    else:
        grads = [randn(*shape) for _ in range(10)]
        for i, grad in enumerate(grads):
            grad[i % shape[0]] = 0
    lr = {"lr": torch.tensor(options["lr"])} if tensor_lr else {}
    optimizer = getattr(optim, kind)([param], **{**options, **lr})
    steps, states = [], []
    for grad in grads:
        param.grad = grad.clone()
        optimizer.step()
        steps.append(enc(param))
        states.append(state_json(optimizer.state[param]))
    case = {
        "optimizer": kind,
        "options": camel(options),
        "sparse": sparse,
        "tensor_lr": tensor_lr,
        "param0": enc(param0),
        "grads": [grad_json(grad) for grad in grads],
        "param1": steps[0],
        "param10": steps[-1],
        "state": states[-1],
    }
    if every:
        case |= {"steps": steps, "states": states}
    return case


def optim_cases():
    """Every variant on (6, 5) and (9, 7), dense and, where PyTorch allows it, sparse."""
    sgd = [
        {},
        {"lr": 0.01},
        {"lr": 0.01, "maximize": True},
        {"lr": 0.01, "weight_decay": 0.5},
        {"lr": 0.01, "momentum": 0.9},
        {"lr": 0.01, "weight_decay": 0.1, "maximize": True},
        {"lr": 0.01, "momentum": 0.9, "dampening": 0.5},
        {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1},
        {"lr": 0.01, "momentum": 0.9, "nesterov": True},
        {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"lr": 0.01, "momentum": 0.9, "nesterov": True, "maximize": True},
        {"lr": 0.01, "momentum": 0.9, "dampening": 0.5, "maximize": True},
        {"lr": 0.01, "dampening": 0.5},
    ]
    adagrad = [
        {},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "maximize": True},
        {"maximize": True},
        {"lr": 0.1},
        {"lr": 0.1, "eps": 1e-3},
        {"initial_accumulator_value": 0.1},
        {"initial_accumulator_value": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "lr_decay": 0.5},
        {"lr": 0.1, "lr_decay": 0.5, "weight_decay": 0.1},
    ]
    watched = [
        ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}, False),
        ("SGD", {"lr": 0.01, "momentum": 0.9, "dampening": 0.5}, True),
        ("Adagrad", {"lr": 0.1, "lr_decay": 0.5}, False),
    ]
    for shape in ((6, 5), (9, 7)):
        for kind, variants in (("SGD", sgd), ("Adagrad", adagrad)):
            for options in variants:
                for sparse in (False, True):
                    if sparse and "weight_decay" in options:
                        continue  # PyTorch throws
                    every = shape == (6, 5) and (kind, options, sparse) in watched
                    yield optim_case(kind, options, shape, sparse, every=every)
            # A tensor's lr is float32, so the option says what float32 makes of it.
            options = {"lr": torch.tensor(0.01).item()}
            yield optim_case(kind, options, shape, False, tensor_lr=True)


# ---- print ----


def tensor_print(t, requires_grad=False, parameter=False):
    t = nn.Parameter(t, requires_grad) if parameter else t.requires_grad_(requires_grad)
    return {
        "tensor": enc(t),
        "requires_grad": requires_grad,
        "parameter": parameter,
        "expected": str(t),
    }


def arange(*shape):
    return torch.arange(math.prod(shape), dtype=torch.int32).view(shape)


def sparse_print(index, values, size, coalesce=False, requires_grad=False):
    t = torch.sparse_coo_tensor(index, values, size)
    t = (t.coalesce() if coalesce else t).requires_grad_(requires_grad)
    return {
        "sparse": {
            "indices": enc(t.detach()._indices()),
            "values": enc(t.detach()._values()),
            "size": list(size),
            "coalesced": t.is_coalesced(),
        },
        "requires_grad": requires_grad,
        "expected": str(t),
    }


def grad_fn_prints():
    """`expr` in terms of emb (10 x 4, padding_idx 0), idx (2 x 3) and out = emb(idx)."""
    emb = nn.Embedding(10, 4, padding_idx=0)
    nn.init.normal_(emb.weight, generator=inputs)
    with torch.no_grad():
        emb.weight[0] = 0
    idx = torch.tensor([[1, 2, 0], [3, 0, 9]])
    out = emb(idx)
    sparse_emb = nn.Embedding.from_pretrained(emb.weight.detach(), False, sparse=True)
    sparse_emb(idx).sum().backward()
    for expr in (
        "emb.weight",
        "emb.weight.data",
        "emb.weight[3]",
        "out",
        "out[0, 2]",
        "out[1]",
        "out[0, 0, 1]",
        "out.detach()",
        "out.sum()",
        "out.sum(1)",
        "out.mean()",
        "out.mean(dim=-1, keepdim=True)",
        "out + out",
        "out - 1",
        "out * 2",
        "out / 2",
        "-out",
        "out.exp()",
        "out.log()",
        "out.sqrt()",
        "out.reshape(6, 4)",
        "out.transpose(0, 1)",
        "out.narrow(1, 0, 2)",
        "out @ emb.weight.T",
        "out[0] @ emb.weight.T",
        "torch.matmul(out, out.transpose(1, 2))",
        "F.linear(out, emb.weight)",
        "F.linear(out[0], emb.weight, emb.weight[:, 0])",
        "F.logsigmoid(out)",
        "F.binary_cross_entropy_with_logits(out, out.detach() * 0 + 1)",
        "F.embedding_bag(idx, emb.weight, mode='sum')",
        "sparse_emb.weight.grad",
        "sparse_emb.weight.grad.coalesce()",
    ):
        scope = {"torch": torch, "F": F, "emb": emb, "idx": idx, "out": out}
        expected = str(eval(expr, scope | {"sparse_emb": sparse_emb}))
        weight, index = enc(emb.weight), enc(idx)
        yield {"expr": expr, "weight": weight, "index": index, "expected": expected}


def print_cases():
    lists = [
        [1e-8],
        [1e8],
        [99999999.0],
        [1e9],
        [1e-5, 1],
        [1e-4, 1],
        [9.9e-5, 0.5],
        [INF],
        [-INF],
        [NAN],
        [-0.0],
        [0.0, -0.0],
        [INF, 1.5, NAN, -INF],
        [INF, 2, NAN],
        [0.03125],
        [0.00005],
        [0.00005, 1],
        [2.5, 0.5],
        [0.5],
        [1.00005],
        [1.00005, 1.00015, 1.00025, -1.00035],
        [123456.789],
        [123456.789, 0.001],
        [1.0, 2, 3],
        [1.0, 1000],
        [1.0, 1001],
        [-1.0, 20, -300],
        [0.0, 1e8],
        [1.5, 1500],
        [1.5, 1501],
        [0.99999, 9.99999, 99.99999],
        [3.4e38, 1e-45],
        [16777216, 0.5],
        [[1, 2.5], [-3, 4]],
        [[1e-6, 1], [NAN, -1e6]],
        3.0,
        2.5,
        -0.0,
        NAN,
        -INF,
        1e-8,
        123456.789,
        0.03125,
    ]
    for values in lists:
        yield tensor_print(torch.tensor(values, dtype=torch.float32))
    for shape in ((0,), (2, 0), (0, 3), (2, 0, 3)):
        for dtype in (torch.float32, torch.int32):
            yield tensor_print(torch.zeros(shape, dtype=dtype))
        yield tensor_print(torch.zeros(shape), True)
    for shape in ((6,), (2, 3), (2, 3, 4), (2, 1, 2, 2), (1, 1, 1, 1), (1, 30)):
        yield tensor_print(arange(*shape) * 1.0)
        yield tensor_print(randn(*shape))
        yield tensor_print(randint(1000, shape).int() - 500)
    for exponent in range(-6, 7):
        yield tensor_print(randn(3, 4) * 10.0**exponent)
    for n in (24, 25, 31):
        yield tensor_print(randn(n))
        yield tensor_print(randn(n) * 1e5)
        yield tensor_print(randint(2**31 - 1, (n,)).int())
    # Around the width of a line, where the suffix goes onto the next one.
    for n in range(5, 11):
        yield tensor_print(arange(n) + 0.5, True)
        yield tensor_print(arange(n) * 1000 + 100000)
    yield tensor_print(randn(2, 8), True)
    yield tensor_print(randn(2, 9), True)
    # Summarised above 1000 elements.
    for shape in ((1000,), (1001,), (25, 40), (26, 40), (2, 600), (1001, 1)):
        yield tensor_print(arange(*shape))
    for shape in ((1001,), (40, 30), (3, 350), (7, 12, 13), (8, 2, 9, 8)):
        yield tensor_print(randn(*shape), shape[0] == 40)
    yield tensor_print(randn(2, 3), True)
    yield tensor_print(torch.tensor(2.5), True)
    yield tensor_print(randn(2, 3), True, parameter=True)
    yield tensor_print(randn(2, 3), False, parameter=True)
    yield tensor_print(randn(40, 30), True, parameter=True)

    index = torch.tensor([[3, 1, 3]])
    yield sparse_print(index, randn(3, 2), (5, 2))
    yield sparse_print(index, randn(3, 2), (5, 2), coalesce=True)
    yield sparse_print(index, randn(3, 2), (5, 2), requires_grad=True)
    yield sparse_print(index, torch.ones(3, 4), (5, 4))
    yield sparse_print(index[:, :1], randn(1, 1), (5, 1))
    yield sparse_print(index[:, :0], randn(0, 2), (5, 2))
    yield sparse_print(index[:, :0], randn(0, 2), (5, 2), coalesce=True)
    yield sparse_print(randint(50, (1, 30)), randn(30, 8), (50, 8))
    yield sparse_print(randint(50, (1, 30)), randn(30, 40), (50, 40))
    yield from grad_fn_prints()


# ---- ops ----

OPS = {
    "at": lambda x, index: x[tuple(index)],
    "pad_sequence": lambda *x, **args: pad_sequence(x, **args),
}


def op_case(op, *tensors, **args):
    """`grads` has an entry for each input, null where there is none."""
    function = OPS.get(op) or getattr(F, op, None) or getattr(torch, op)
    tensors = [t.clone() for t in tensors]
    wanted = [t for t in tensors if t.is_floating_point()]
    if op == "binary_cross_entropy_with_logits":
        wanted = wanted[:1]
    for t in wanted:
        t.requires_grad_()
    out = function(*tensors, **args)
    grad_out, grads = None, {}
    if wanted:
        grad_out = randn(*out.shape)
        found = torch.autograd.grad(out, wanted, grad_out)
        grads = {id(t): enc(grad) for t, grad in zip(wanted, found, strict=True)}
    return {
        "op": op,
        "args": camel(args),
        "inputs": [enc(t) for t in tensors],
        "out": enc(out),
        "grad_out": grad_out if grad_out is None else enc(grad_out),
        "grads": [grads.get(id(t)) for t in tensors],
    }


def arithmetic_cases():
    pairs = [((4, 5), (4, 5)), ((3,), (1,)), ((2, 3), (3,)), ((2, 3), (2, 1))]
    pairs += [((2, 1, 4), (3, 1)), ((), (2, 3)), ((5,), (4, 1)), ((0, 3), (3,))]
    for op in ("add", "sub", "mul", "div"):
        for a, b in pairs:
            yield op_case(op, randn(*a), randn(*b))
        for other in (2.5, -0.1):
            yield op_case(op, randn(3, 3), other=other)
    yield op_case("div", randn(3), torch.tensor([0.0, -0.0, INF]))
    special = torch.tensor([0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 88.8, -104.0, 1e-45])
    for op in ("neg", "exp", "log", "sqrt"):
        x = randn(5, 7) * 3
        yield op_case(op, x.abs() + 0.1 if op in ("log", "sqrt") else x)
        yield op_case(op, special)


def reduction_cases():
    for op in ("sum", "mean"):
        for shape in ((), (1,), (7,), (3, 4), (2, 3, 4), (33, 17)):
            yield op_case(op, randn(*shape))
        for dim in ([0], [1], [-1], [0, 2], [1, 2], [0, 1, 2]):
            for keepdim in (False, True):
                yield op_case(op, randn(2, 3, 4), dim=dim, keepdim=keepdim)


def view_cases():
    for shape, a, b in (((2, 3), 0, 1), ((2, 3, 4), 0, 2), ((2, 3, 4), -1, -2)):
        yield op_case("transpose", randn(*shape), dim0=a, dim1=b)
    for start, shape in (((2, 6), [3, 4]), ((2, 6), [-1]), ((2, 3, 4), [6, -1])):
        yield op_case("reshape", randn(*start), shape=shape)
    yield op_case("reshape", randn(1), shape=[])
    for dim, index in ((0, 1), (1, -1), (2, 0)):
        yield op_case("select", randn(2, 3, 4), dim=dim, index=index)
    for index in ([1], [0, 2], [-1, -1, -1]):
        yield op_case("at", randn(2, 3, 4), index=index)
    for dim, start, length in ((0, 1, 1), (1, 0, 2), (2, 1, 3), (-1, 2, 0)):
        yield op_case("narrow", randn(2, 3, 4), dim=dim, start=start, length=length)


def matmul_cases():
    sizes = [(1, 1, 1), (1, 7, 1), (5, 1, 3), (5, 7, 3), (4, 4, 4), (8, 16, 8)]
    for n, k, m in (*sizes, (17, 33, 9)):
        yield op_case("matmul", randn(n, k), randn(k, m))
    for batch, n, k, m in ((3, 6, 8, 1), (4, 6, 5, 1), (2, 3, 4, 5)):
        yield op_case("matmul", randn(batch, n, k), randn(batch, k, m))
    sizes = [((5, 7), 3), ((1, 1), 1), ((2, 3, 4), 5), ((9,), 4), ((17, 33), 9)]
    for shape, fan_out in sizes:
        x, weight = randn(*shape), randn(fan_out, shape[-1])
        yield op_case("linear", x, weight)
        yield op_case("linear", x, weight, randn(fan_out))


def loss_cases():
    extreme = [100.0, -100.0, 0.0, -0.0, 20.0, -20.0, 1e-8, 88.0, -88.0, 104.0]
    extreme = torch.tensor(extreme)
    for x in (randn(4, 5) * 4, extreme, torch.tensor([INF, -INF, NAN])):
        yield op_case("logsigmoid", x)
    op = "binary_cross_entropy_with_logits"
    for reduction in ("none", "mean", "sum"):
        for target in (torch.zeros(10), torch.ones(10), torch.arange(10) / 10):
            yield op_case(op, extreme, target, reduction=reduction)
        target = randint(2, (4, 5)).float()
        yield op_case(op, randn(4, 5) * 3, target, reduction=reduction)


def index_cases():
    for values, classes in (([0, 2, 1], -1), ([[0, 1], [3, 1]], 5), (4, -1), ([], 3)):
        index = torch.tensor(values, dtype=torch.int64)
        yield op_case("one_hot", index, num_classes=classes)
    for first, value, side in (
        (False, 0.0, "right"),
        (True, 0.0, "right"),
        (True, -1.5, "left"),
        (False, 2.0, "left"),
    ):
        args = {"batch_first": first, "padding_value": value, "padding_side": side}
        for shapes in (
            ((3,), (1,), (4,)),
            ((2, 3), (4, 3)),
            ((2,), (0,)),
            ((3, 2, 2),),
        ):
            yield op_case("pad_sequence", *[randn(*shape) for shape in shapes], **args)
        args["padding_value"] = int(value)
        yield op_case("pad_sequence", *[randint(50, (n,)) for n in (2, 5, 1)], **args)


def ops_cases():
    yield from arithmetic_cases()
    yield from reduction_cases()
    yield from view_cases()
    yield from matmul_cases()
    yield from loss_cases()
    yield from index_cases()


# ---- repr ----

# Whole numbers are ints, as JavaScript cannot tell 1.0 from 1.
REPRS = [
    {},
    {"padding_idx": 0},
    {"padding_idx": 9},
    {"padding_idx": -1},
    {"padding_idx": -10},
    {"max_norm": 1},
    {"max_norm": 1.5},
    {"max_norm": 0},
    {"max_norm": -1},
    {"max_norm": 1e-5},
    {"max_norm": INF},
    {"max_norm": NAN},
    {"norm_type": 1},
    {"norm_type": 2},
    {"norm_type": 0.5},
    {"norm_type": INF},
    {"norm_type": -INF},
    {"scale_grad_by_freq": True},
    {"scale_grad_by_freq": False},
    {"sparse": True},
    {"sparse": True, "scale_grad_by_freq": True},
    {"padding_idx": 3, "max_norm": 2.5, "norm_type": 1, "sparse": True},
]

ERRORS = """
nn.Embedding(-1, 3)
nn.Embedding(3, -1)
nn.Embedding(2.5, 3)
nn.Embedding(3, 2.5)
nn.Embedding("3", 2)
nn.Embedding(3, 2, padding_idx=3)
nn.Embedding(3, 2, padding_idx=-4)
nn.Embedding(0, 2, padding_idx=0)
nn.Embedding(3, 2, padding_idx=1.0)
nn.Embedding(3, 2, _weight=torch.zeros(2, 3))
nn.Embedding(3, 2, dtype=torch.int32)
nn.Embedding.from_pretrained(torch.zeros(3))
nn.Embedding.from_pretrained(torch.zeros(3, 2).int(), freeze=False)
nn.Embedding.from_pretrained(torch.zeros(3, 2), padding_idx=3)
nn.Embedding(3, 2).load_state_dict({"weight": torch.zeros(4, 2)})
nn.Embedding(3, 2).load_state_dict({})
nn.Embedding(3, 2).load_state_dict({"weight": torch.zeros(3, 2), "bias": w})
nn.Embedding(3, 2).load_state_dict({"bias": w})
nn.Embedding(3, 2)(torch.tensor([0, 3]))
nn.Embedding(3, 2)(torch.tensor([[0, -1]]))
nn.Embedding(3, 2)(torch.tensor([0.0]))
nn.Embedding(3, 2)(torch.tensor([0]).short())
nn.Embedding(3, 2)(torch.tensor([0]).byte())
nn.Embedding(3, 2)(torch.tensor([True]))
nn.Embedding(3, 2)([0])
nn.Embedding(3, 2)(None)
nn.Embedding(0, 2)(torch.tensor([0]))
nn.Embedding(3, 0)(torch.tensor([5]))
nn.Embedding(3, 2, max_norm=1.0)(torch.tensor([3]))
nn.Embedding(3, 2, max_norm=1.0)(torch.tensor([-1]))
nn.Embedding(3, 2, max_norm=1.0)(torch.tensor([0.0]))
nn.Embedding.from_pretrained(torch.ones(3, 2).int(), max_norm=1.0)(torch.tensor([0]))
F.embedding(torch.tensor([0]), torch.zeros(3))
F.embedding(torch.tensor([0]), torch.zeros(3), max_norm=1.0)
F.embedding(torch.tensor([0]), torch.zeros(3, 2), padding_idx=3)
F.embedding(torch.tensor([0]), torch.zeros(3, 2), padding_idx=-4)
F.embedding(idx, w, scale_grad_by_freq=True, sparse=True).sum().backward()
F.embedding(torch.tensor(1), w, padding_idx=0, sparse=True).sum().backward()
y = (w * w).sum(); F.embedding(idx, w, max_norm=1.0); y.backward()
y = (w * w[0]).sum(); F.embedding(idx, w, max_norm=1.0); y.backward()
optim.SGD([])
optim.SGD(w)
optim.SGD([1])
optim.SGD([w * 2])
optim.SGD([{"params": [w]}, {"params": [w]}])
optim.SGD([w, w])
optim.SGD([w], lr=-0.1)
optim.SGD([w], lr=torch.ones(2))
optim.SGD([w], momentum=-1)
optim.SGD([w], weight_decay=-1)
optim.SGD([w], nesterov=True)
optim.SGD([w], momentum=0.9, dampening=0.5, nesterov=True)
w.grad = sparse; optim.SGD([w], weight_decay=0.1).step()
optim.SGD([w]).load_state_dict({"state": {}, "param_groups": []})
optim.SGD([w]).load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]})
optim.Adagrad([])
optim.Adagrad([w], lr=-0.1)
optim.Adagrad([w], lr=torch.ones(2))
optim.Adagrad([w], lr_decay=-1)
optim.Adagrad([w], weight_decay=-1)
optim.Adagrad([w], initial_accumulator_value=-1)
optim.Adagrad([w], eps=-1)
w.grad = sparse; optim.Adagrad([w], weight_decay=0.1).step()
pad_sequence([])
pad_sequence(5)
pad_sequence([w, 5])
pad_sequence([w], padding_side="x")
pad_sequence([torch.zeros(2, 3), torch.zeros(2, 4)])
pad_sequence([torch.tensor(1.0), torch.tensor(2.0)])
F.one_hot(torch.tensor([0.0]))
F.one_hot(torch.tensor([0]).int())
F.one_hot(torch.tensor([-1]))
F.one_hot(torch.tensor([3]), 3)
F.one_hot(torch.tensor([3]), 0)
F.one_hot(torch.tensor([], dtype=torch.int64))
F.one_hot(torch.tensor([], dtype=torch.int64), 0)
F.one_hot([0])
y = (w * w).sum(); y.backward(); y.backward()
y = F.embedding(idx, w); y.sum().backward(); y.sum().backward()
y = w * 2; z = (y * y).sum(); y.add_(1); z.backward()
y = w.exp(); z = y.sum(); y.mul_(2); z.backward()
w.add_(1)
w.zero_()
w.view(-1).add_(1)
w[0].fill_(1)
(w * 2).backward()
F.embedding(idx, w).backward()
torch.ones(()).backward()
torch.ones(2).backward()
torch.ones(2).sum().backward()
(w * 2).backward(torch.ones(2, 3))
torch.tensor([1]).requires_grad_()
(w * 2).requires_grad_(False)
w * torch.ones(5)
w @ torch.ones(3, 2)
torch.ones(2, 3, 4) @ torch.ones(3, 4, 5)
F.linear(torch.ones(2, 3), torch.ones(4, 2))
w.reshape(4)
w.reshape(-1, 4)
w.reshape(-1, -1)
w.narrow(0, 1, 3)
w.narrow(0, 4, 1)
w.narrow(0, 0, -1)
w[3]
w[0, 0, 0]
w.transpose(0, 2)
w.sum(2)
w.sum((0, 0))
w.item()
F.binary_cross_entropy_with_logits(w, torch.ones(3))
F.binary_cross_entropy_with_logits(w, w.detach(), reduction="x")
torch.empty(2).uniform_(1, 0)
torch.empty(2).normal_(0, -1)
nn.init.uniform_(w, 1, 0)
nn.init.normal_(w, 0, -1)
torch.randint(5, 5, (2,))
torch.randperm(-1)
torch.randn(-1)
torch.manual_seed(2**64)
torch.multinomial(torch.tensor([-1.0, 1.0]), 1)
torch.multinomial(torch.tensor([0.0, 0.0]), 2, True)
torch.multinomial(torch.tensor([0.0, 0.0]), 1)
torch.multinomial(torch.tensor([1.0, 1.0]), 3)
torch.multinomial(torch.tensor([1.0, 1.0]), 0)
torch.multinomial(torch.tensor([1, 1]), 1)
"""


ERROR_TYPES = (
    AssertionError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    Warning,
)


def error_case(what):
    """`what` is run with w (3 x 2, a leaf), idx = [0, 2] and sparse, a gradient for w."""
    scope = {"torch": torch, "nn": nn, "F": F, "optim": optim}
    scope |= {"pad_sequence": pad_sequence, "idx": torch.tensor([0, 2])}
    scope["w"] = torch.ones(3, 2, requires_grad=True)
    scope["sparse"] = torch.sparse_coo_tensor([[0, 2]], torch.ones(2, 2), (3, 2))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(what, scope)  # noqa: S102
    except ERROR_TYPES as error:
        message = str(error)
        return {"what": what, "type": type(error).__name__, "message": message}
    raise AssertionError(f"no error: {what}")


def repr_cases():
    for options in REPRS:
        text = str(nn.Embedding(10, 3, **options))
        yield {"what": "repr", "args": [10, 3], "options": camel(options), "text": text}
    for rows, dim in ((1, 1), (0, 0), (100000, 300)):
        text = str(nn.Embedding(rows, dim))
        yield {"what": "repr", "args": [rows, dim], "options": {}, "text": text}
    for what in ERRORS.strip().splitlines():
        yield error_case(what)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_printoptions(profile="default")
    torch.sparse.check_sparse_tensor_invariants.disable()
    print(f"torch {torch.__version__}, seed {SEED}")
    write("random", random_cases)
    write("embedding", embedding_cases)
    write("renorm", renorm_cases)
    write("optim", optim_cases)
    write("print", print_cases)
    write("ops", ops_cases)
    write("repr", repr_cases)
