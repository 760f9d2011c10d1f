"""PyTorch's answers about modules, initial weights, generator states and clipping.

    python3 test/golden/modules.py

writes modules.json beside itself; generate.py says how, and in which form.
"""

import base64
import warnings

import torch
from generate import (
    INF,
    NAN,
    SEED,
    camel,
    digest,
    draw_case,
    enc,
    error_case,
    number,
    randint,
    randn,
    write,
)
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.nn.utils.rnn import pad_sequence, unpad_sequence

# ---- initial values ----

SEEDS = (0, 42, 2**32 + 5)
SHAPES = ((3, 5), (1, 1), (7, 2), (4, 8), (17, 33), (2, 3, 4), (5, 1, 2, 3), (2, 0))


def init_case(op, seed, shape, **options):
    """`name` is the op in JavaScript; the tensor starts as sevens."""
    torch.manual_seed(seed)
    out = getattr(nn.init, op)(torch.full(shape, 7.0), **options)
    return {
        "what": "init",
        "op": op,
        "shape": list(shape),
        "options": camel(options),
        "seed": seed,
        **digest(out),
        # The generator has gone on as far as it should.
        "next": torch.rand(1).item(),
    }


def gain_case(nonlinearity, *param):
    gain = nn.init.calculate_gain(nonlinearity, *param)
    return {"what": "gain", "args": [nonlinearity, *param], "gain": gain}


def linear_case(seed, rows, columns, bias=True):
    torch.manual_seed(seed)
    layer = nn.Linear(rows, columns, bias=bias)
    return {
        "what": "linear",
        "args": [rows, columns],
        "bias": bias,
        "seed": seed,
        "weight": digest(layer.weight),
        "bias_values": digest(layer.bias) if bias else None,
        "next": torch.rand(1).item(),
    }


def init_cases():
    for seed in SEEDS:
        for shape in SHAPES:
            for name in ("uniform_", "normal_"):
                yield init_case(f"xavier_{name}", seed, shape)
                yield init_case(f"kaiming_{name}", seed, shape)
    gain = nn.init.calculate_gain("relu")
    for name in ("uniform_", "normal_"):
        for options in (
            {"gain": gain},
            {"gain": 0.0},
            {"gain": 1e-30},
            {"gain": 5.0 / 3},
        ):
            yield init_case(f"xavier_{name}", 7, (6, 4), **options)
        for options in (
            {"mode": "fan_out"},
            {"nonlinearity": "relu"},
            {"nonlinearity": "relu", "mode": "fan_out"},
            {"nonlinearity": "tanh", "a": 3.0},
            {"nonlinearity": "selu"},
            {"nonlinearity": "linear"},
            {"a": 0.2},
            {"a": -1.5},
            {"a": 5**0.5},
        ):
            yield init_case(f"kaiming_{name}", 7, (6, 4), **options)
            yield init_case(f"kaiming_{name}", 7, (3, 5, 2), **options)
        for shape in ((0,), (0, 3), (4, 0, 2)):
            yield init_case(f"kaiming_{name}", 7, shape)
        yield init_case(f"xavier_{name}", 7, (0, 3))
        yield init_case(name, 7, (20,))
    yield init_case("uniform_", 7, (20,), a=-0.37, b=0.11)
    yield init_case("normal_", 7, (20,), mean=0.3, std=0.02)
    yield init_case("constant_", 7, (3,), val=0.1)
    yield init_case("ones_", 7, (3,))
    yield init_case("zeros_", 7, (3,))
    for word in ("linear", "conv1d", "conv2d", "conv3d", "sigmoid", "tanh", "relu"):
        yield gain_case(word)
    for word in ("selu", "leaky_relu", *(f"conv_transpose{n}d" for n in (1, 2, 3))):
        yield gain_case(word)
    for slope in (0, 0.2, 1, -2, 5**0.5):
        yield gain_case("leaky_relu", slope)
    yield gain_case("relu", 0.5)
    for seed in SEEDS:
        for rows, columns in ((3, 5), (1, 1), (16, 4), (5, 1), (100, 7), (0, 3), (3, 0)):
            yield linear_case(seed, rows, columns)
            yield linear_case(seed, rows, columns, bias=False)


# ---- trees ----


class Inner(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(2, 3)
        self.scale = nn.Parameter(torch.ones(3))

    def extra_repr(self):
        return "a note"


class Outer(nn.Module):
    """Shared parameters and modules, a parameter after modules, a note of two lines."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(4, 3, padding_idx=0)
        self.inner = Inner()
        self.tied = self.words.weight
        self.again = self.inner
        self.layers = nn.ModuleList([self.inner, nn.ReLU(), nn.Linear(3, 2, bias=False)])
        self.nothing = None
        self.label = "not a parameter"
        self.last = nn.Parameter(torch.ones(2))

    def extra_repr(self):
        return "first line\nsecond line"


class Tied(nn.Module):
    """A language model whose output projection is its table."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Embedding(6, 4)
        self.decoder = nn.Linear(4, 6)
        self.decoder.weight = self.encoder.weight


class Told(nn.Module):
    def extra_repr(self):
        return "first line\nsecond line"


class Cycle(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.self = self
        self.after = nn.Parameter(torch.ones(1))


def stack(*sizes):
    return nn.Sequential(*(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])))


class Net(nn.Sequential):
    pass


def repeated():
    layer = nn.Linear(2, 2)
    return nn.Sequential(layer, nn.ReLU(), layer)


TREES = {
    "Outer": Outer,
    "Tied": Tied,
    "Told": Told,
    "Cycle": Cycle,
    "Linear": lambda: nn.Linear(3, 2),
    "Linear without bias": lambda: nn.Linear(3, 2, bias=False),
    "ReLU": nn.ReLU,
    "Sequential": lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)),
    "empty Sequential": nn.Sequential,
    "Sequential in Sequential": lambda: nn.Sequential(stack(2, 3, 4), stack(4, 5)),
    "Sequential of one module twice": repeated,
    "a subclass of Sequential": lambda: Net(nn.ReLU()),
    "empty ModuleList": nn.ModuleList,
    "ModuleList of equals": lambda: nn.ModuleList([nn.Linear(4, 4) for _ in range(3)]),
    "ModuleList of runs": lambda: nn.ModuleList(
        [nn.ReLU(), *(nn.Linear(4, 4) for _ in range(2)), nn.ReLU(), nn.ReLU()]
    ),
    "ModuleList of Sequentials": lambda: nn.ModuleList(
        [*(stack(2, 2, 2) for _ in range(3)), stack(2, 2)]
    ),
    "ModuleList of ModuleLists": lambda: nn.ModuleList(
        [nn.ModuleList([nn.ReLU() for _ in range(11)]) for _ in range(2)]
    ),
    "ModuleList of one module twice": lambda: nn.ModuleList([nn.ReLU()] * 2),
    "ModuleList of tables": lambda: nn.ModuleList(
        [nn.Embedding(3, 2), nn.Embedding(3, 2, padding_idx=0)]
    ),
}


def tree_case(name):
    model = TREES[name]()
    applied = []
    if name != "Cycle":
        model.apply(lambda module: applied.append(type(module).__name__))
    return {
        "what": "tree",
        "name": name,
        "modules": [name for name, _ in model.named_modules()],
        "children": [name for name, _ in model.named_children()],
        "parameters": [name for name, _ in model.named_parameters()],
        "state": None if name == "Cycle" else list(model.state_dict()),
        "applied": applied,
        "text": None if name == "Cycle" else str(model),
    }


def model_case(name, seed, index):
    """Initial values of all parameters, in order, and one pass through the model."""
    torch.manual_seed(seed)
    if name == "Tied":
        model = Tied()
        out = model.decoder(model.encoder(index))
    else:
        model = nn.Sequential(nn.Embedding(9, 5), nn.Linear(5, 7), nn.ReLU(), stack(7, 3, 2))
        out = model(index)
    grad_out = randn(*out.shape)
    out.backward(grad_out)
    return {
        "what": "model",
        "name": name,
        "seed": seed,
        "index": enc(index),
        "parameters": {key: enc(value) for key, value in model.named_parameters()},
        "out": enc(out),
        "grad_out": enc(grad_out),
        "grads": {key: enc(value.grad) for key, value in model.named_parameters()},
    }


def tree_cases():
    for name in TREES:
        yield tree_case(name)
    for name in ("Tied", "Sequential"):
        yield model_case(name, 3, randint(6, (2, 3)))
        yield model_case(name, 2**32 + 5, randint(6, (5,)))


# ---- states of generators ----

DRAWS = {
    "fresh": (),
    "one word": (("rand", {"size": [1]}),),
    "623 words": (("rand", {"size": [623]}),),
    "624 words": (("rand", {"size": [624]}),),
    "625 words": (("rand", {"size": [625]}),),
    "a kept normal": (("randn", {"size": [3]}),),
    "a kept normal, used": (("randn", {"size": [4]}),),
    "a kept normal across a block": (("randn", {"size": [1]}), ("randn", {"size": [700]})),
    "a permutation": (("randperm", {"n": 1000}),),
}


def bytes_of(state):
    return base64.b64encode(state.numpy().tobytes()).decode()


def state_case(moment, seed):
    """`calls` from a seed lead to `state`, from which `after` follows."""
    torch.manual_seed(seed)
    calls = DRAWS[moment]
    for op, args in calls:
        getattr(torch, op)(**args)
    state = torch.get_rng_state()
    after = [torch.randn(5), torch.rand(700), torch.randn(20), torch.randint(1000, (5,))]
    return {
        "what": "state",
        "moment": moment,
        "seed": seed,
        "calls": [{"op": op, "args": camel(args)} for op, args in calls],
        "state": bytes_of(state),
        "after": [digest(t) for t in after],
    }


def state_cases():
    for moment in DRAWS:
        yield state_case(moment, 5)
    yield state_case("fresh", 2**32 + 5)
    yield state_case("a kept normal", -1)
    yield {"what": "default", "state": bytes_of(torch.Generator().get_state())}


# ---- clipping ----


def clip_case(grads, **options):
    """`grads` has None for a parameter without one."""
    params = [nn.Parameter(torch.zeros(2) if g is None else torch.zeros_like(g)) for g in grads]
    for param, grad in zip(params, grads, strict=True):
        param.grad = None if grad is None else grad.clone()
    by_value = "clip_value" in options
    total = None
    if by_value:
        clip_grad_value_(params, **options)
    else:
        total = clip_grad_norm_(params, **options).item()
    return {
        "what": "clip_value" if by_value else "clip_norm",
        "options": camel(options),
        "grads": [None if g is None else enc(g) for g in grads],
        "total": number(total),
        "clipped": [None if p.grad is None else enc(p.grad) for p in params],
    }


def clip_cases():
    def several(p=2):
        grads = [randn(3, 4), None, randn(5) * 10, randn(1), randn(9, 11) * 0.1]
        # PyTorch has no largest element of nothing.
        return grads if p == INF else [*grads, randn(0, 3)]

    for p in (2, 1, INF, 3, 0.5, 2.5, 10):
        for max_norm in (1, 1e-3, 0, 1e6):
            yield clip_case(several(p), max_norm=max_norm, norm_type=p)
        yield clip_case([randn(7)], max_norm=1.5, norm_type=p)
        yield clip_case([torch.zeros(3), torch.zeros(2)], max_norm=1, norm_type=p)
        for bad in (INF, -INF, NAN):
            grads = [torch.tensor([1.0, bad, -2.0]), torch.tensor([3.0])]
            yield clip_case(grads, max_norm=1, norm_type=p)
        yield clip_case([torch.tensor([INF]), torch.tensor([NAN])], max_norm=1, norm_type=p)
    yield clip_case([randn(4)], max_norm=INF)
    # Here the 1e-6 beside the norm counts.
    yield clip_case([torch.tensor([3e-6]), torch.tensor([-4e-6])], max_norm=1e-6)
    yield clip_case([None], max_norm=1)
    yield clip_case([], max_norm=1)
    for clip_value in (1, 0.1, 0, 1e6, INF):
        yield clip_case(several(), clip_value=clip_value)
    special = torch.tensor([INF, -INF, NAN, 0.0, -0.0, 1e-45, -1e-45, 3.4e38])
    yield clip_case([special], clip_value=0.5)
    yield clip_case([special], clip_value=0)


# ---- sequences cut to length ----


def unpad_case(padded, lengths, batch_first):
    floats = padded.is_floating_point()
    leaf = padded.clone().requires_grad_(floats)
    # A copy, for PyTorch transposes its argument in place.
    outs = unpad_sequence(leaf * 1 if floats else leaf.clone(), torch.tensor(lengths), batch_first)
    grad_outs = [randn(*out.shape) for out in outs] if floats else []
    if floats:
        torch.autograd.backward(outs, grad_outs)
    return {
        "what": "unpad",
        "padded": enc(padded),
        "lengths": lengths,
        "batch_first": batch_first,
        "outs": [enc(out) for out in outs],
        "grad_outs": [enc(grad) for grad in grad_outs],
        "grad": enc(leaf.grad) if floats else None,
        "grad_fn": outs[0].grad_fn.name() if floats else None,
    }


def unpad_cases():
    for lengths, rest in (([3, 1, 4], ()), ([2, 0], (3,)), ([3], (2, 2)), ([2, 2, 2], (1,))):
        for batch_first in (False, True):
            sequences = [randn(n, *rest) for n in lengths]
            padded = pad_sequence(sequences, batch_first=batch_first, padding_value=9.0)
            yield unpad_case(padded, lengths, batch_first)
            integers = [randint(50, (n, *rest)) for n in lengths]
            yield unpad_case(pad_sequence(integers, batch_first=batch_first), lengths, batch_first)
    yield unpad_case(randn(4, 3), [1, 0, 2], False)


# ---- errors ----

ERRORS = """
nn.Linear(-1, 2)
nn.Linear(2, -1)
nn.Linear(2, 2)(torch.ones(3))
nn.Linear(2, 2).train(1)
nn.ModuleList(3)
nn.ModuleList([3])
nn.ModuleList([torch.ones(2)])
nn.Sequential(3)
nn.Sequential(nn.ReLU)
nn.Sequential(nn.ModuleList())(w)
nn.ModuleList()[0]
nn.Sequential(nn.ReLU())[1]
nn.Sequential().insert(4, nn.ReLU())
nn.init.xavier_uniform_(torch.ones(3))
nn.init.xavier_normal_(torch.ones(()))
nn.init.kaiming_uniform_(torch.ones(3))
nn.init.kaiming_normal_(torch.ones(3))
nn.init.kaiming_uniform_(w, mode="fan")
nn.init.kaiming_normal_(w, nonlinearity="gelu")
nn.init.calculate_gain("gelu")
nn.init.calculate_gain("leaky_relu", "x")
nn.init.xavier_uniform_(w, gain=-1)
nn.init.xavier_normal_(w, gain=-1)
nn.init.normal_(w, std=-1)
nn.init.uniform_(w, 1, 0)
w.grad = torch.full((3, 2), float("nan")); nn.utils.clip_grad_norm_(w, 1, error_if_nonfinite=True)
w.grad = torch.full((3, 2), float("inf")); nn.utils.clip_grad_norm_(w, 1, float("inf"), error_if_nonfinite=True)
w.grad = torch.full((3, 2), float("inf")); nn.utils.clip_grad_norm_([w], 1, 0.5, error_if_nonfinite=True)
torch.Generator().set_state(torch.zeros(10, dtype=torch.uint8))
torch.Generator().set_state(torch.zeros(5056, dtype=torch.uint8))
torch.Generator().set_state([1, 2])
torch.set_rng_state(torch.zeros(5056))
nn.Sequential(nn.Linear(2, 2)).load_state_dict({})
"""


def module_cases():
    yield from init_cases()
    yield from tree_cases()
    yield from state_cases()
    yield from clip_cases()
    yield from unpad_cases()
    for what in ERRORS.strip().splitlines():
        yield {**error_case(what), "what": "error", "code": what}


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "Initializing zero-element tensors is a no-op")
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    print(f"torch {torch.__version__}, seed {SEED}")
    write("modules", module_cases)
