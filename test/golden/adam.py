"""PyTorch's Adam, AdamW and SparseAdam, for adam.test.ts to compare with.

    python3 test/golden/adam.py

writes adam.json beside itself (torch 2.13 on CPU). Encodings are those of generate.py.

Parameters and gradients are windows of one pool of normal numbers, the first case:
{"shape", "at"} is the block of that shape that begins at element `at`. A gradient is null
for none; its `at`, for a dense one (of step k from 0, with zeros in row k % rows); or
{"rows", "at"} for one of looked up rows, whose values have the shape [rows, dim].

Two rules do not exist in PyTorch. They are computed here in float64, from the formula:
SparseAdam's weightDecay (p *= 1 - lr weightDecay on touched rows before the update), and
RowwiseAdagrad (sum[r] += mean_d g[r, d]^2; p[r] -= clr g[r] / (sqrt(sum[r]) + eps),
clr = lr / (1 + (t - 1) lr_decay), g = +-gradient + weight_decay p).
"""

import math
from itertools import cycle

import torch
import torch.nn.functional as F
from generate import camel, enc, error_case, randint, randn, write
from torch import nn, optim

STEPS = 10
POOL = 4096
INF = math.inf
pool = torch.empty(0)


# ---- inputs ----


def window(*shape):
    n = math.prod(shape)
    at = randint(POOL - n + 1, ()).item()
    return pool[at : at + n].view(shape).clone(), at


def started(shape):
    values, at = window(*shape)
    return values, {"shape": list(shape), "at": at}


def dense_gradient(shape, step):
    values, at = window(*shape)
    values[step % shape[0]] = 0
    return values, at


def rows_gradient(shape, count):
    rows = randint(shape[0], (count,))
    values, at = window(count, shape[1])
    return (rows, values), {"rows": rows.tolist(), "at": at}


def gradients(shape, form, missing=()):
    """Ten gradients and their codes. "rows" repeats rows, and one of them is empty."""
    made = []
    for k, count in enumerate((4, 7, 1, 0, 12, 3, 3, 6, 2, 9)):
        if form == "dense":
            made.append(dense_gradient(shape, k))
        else:
            made.append(rows_gradient(shape, count))
    return [(None, None) if k in missing else one for k, one in enumerate(made)]


def dense(grad, shape):
    """The gradient that a lookup of those rows has: added in order."""
    if grad is None or isinstance(grad, torch.Tensor):
        return grad
    rows, values = grad
    table = torch.zeros(shape, requires_grad=True)
    F.embedding(rows, table).backward(values)
    return table.grad


def sparse(grad, shape):
    if grad is None:
        return None
    rows, values = grad
    return torch.sparse_coo_tensor(rows[None], values, shape)


# ---- the two formulas ----


class Formula:
    """What follows from float64: a parameter, its options and its state."""

    def __init__(self, param, options):
        self.param = param.double()
        self.options = options
        self.step_count = 0

    def gradient(self, grad):
        """Touched rows, ascending, and their sums: all rows of a dense gradient."""
        if isinstance(grad, torch.Tensor):
            rows, sums = torch.arange(len(grad)), grad.double()
        else:
            rows, place = torch.unique(grad[0], return_inverse=True)
            sums = torch.zeros(len(rows), self.param.shape[1], dtype=torch.float64)
            sums.index_add_(0, place, grad[1].double())
        return rows, -sums if self.options.get("maximize") else sums


class DecayingSparseAdam(Formula):
    def __init__(self, param, options):
        super().__init__(param, options)
        self.exp_avg = torch.zeros_like(self.param)
        self.exp_avg_sq = torch.zeros_like(self.param)

    def step(self, grad):
        self.step_count += 1
        t, (b1, b2) = self.step_count, self.options.get("betas", (0.9, 0.999))
        lr, eps = self.options.get("lr", 1e-3), self.options.get("eps", 1e-8)
        rows, g = self.gradient(grad)
        self.param[rows] *= 1 - lr * self.options.get("weight_decay", 0)
        self.exp_avg[rows] += (1 - b1) * (g - self.exp_avg[rows])
        self.exp_avg_sq[rows] += (1 - b2) * (g * g - self.exp_avg_sq[rows])
        rate = lr * math.sqrt(1 - b2**t) / (1 - b1**t)
        root = self.exp_avg_sq[rows].sqrt()
        self.param[rows] -= rate * self.exp_avg[rows] / (root + eps)

    def state(self):
        averages = {"exp_avg": self.exp_avg, "exp_avg_sq": self.exp_avg_sq}
        return {"step": self.step_count, **averages}


class RowwiseAdagrad(Formula):
    def __init__(self, param, options):
        super().__init__(param, options)
        start = options.get("initial_accumulator_value", 0)
        self.sum = torch.full((len(param),), start, dtype=torch.float64)

    def step(self, grad):
        self.step_count += 1
        o = self.options
        rate = o.get("lr", 1e-2) / (1 + (self.step_count - 1) * o.get("lr_decay", 0))
        rows, g = self.gradient(grad)
        g = g + o.get("weight_decay", 0) * self.param[rows]
        self.sum[rows] += (g * g).mean(1)
        root = self.sum[rows].sqrt()[:, None]
        self.param[rows] -= rate * g / (root + o.get("eps", 1e-10))

    def state(self):
        return {"step": self.step_count, "sum": self.sum}


FORMULAS = {
    "SparseAdam": DecayingSparseAdam,
    "RowwiseAdagrad": RowwiseAdagrad,
    # One accumulator a row is one an element where a row has one column.
    "Adagrad": RowwiseAdagrad,
}


# ---- cases ----


def state_json(state):
    def code(key, value):
        return int(value) if key == "step" else enc(value.float())

    return {key: code(key, value) for key, value in state.items()}


def moment(param, state):
    return {"param": enc(param.float()), "state": state_json(state)}


def learned(kind, groups, dtype=torch.float32):
    """What ten steps make of groups [(options, [(param, gradients)])], by PyTorch."""
    made = [
        {"params": [nn.Parameter(param.to(dtype, copy=True)) for param, _ in members], **options}
        for options, members in groups
    ]
    optimizer = getattr(optim, kind)(made)
    params = [param for group in made for param in group["params"]]
    wanted = [grads for _, members in groups for _, grads in members]
    form = sparse if kind == "SparseAdam" else dense
    for k in range(STEPS):
        for param, grads in zip(params, wanted, strict=True):
            grad = form(grads[k], param.shape)
            param.grad = None if grad is None else grad.to(dtype)
        optimizer.step()
        yield params, [optimizer.state[param] for param in params], optimizer


def followed(kind, groups):
    """The same by a formula."""
    members = [(o, param, grads) for o, group in groups for param, grads in group]
    rules = [FORMULAS[kind](param, options) for options, param, _ in members]
    for k in range(STEPS):
        for rule, (_, _, grads) in zip(rules, members, strict=True):
            grad = grads[k]
            if kind != "SparseAdam" and rule.options.get("weight_decay"):
                grad = dense(grad, rule.param.shape)
            if grad is not None:
                rule.step(grad)
        yield [rule.param for rule in rules], [rule.state() for rule in rules], None


def check(kind, groups):
    """PyTorch keeps the tests' tolerances to its own float64 and to the formula."""
    kind = "Adagrad" if kind == "RowwiseAdagrad" else kind
    runs = [learned(kind, groups), learned(kind, groups, torch.float64)]
    if kind in FORMULAS:
        runs.append(followed(kind, groups))
    starts = [param.double() for _, members in groups for param, _ in members]
    for k, moments in enumerate(zip(*runs, strict=True)):
        tolerance = {0: 3e-7, STEPS - 1: 2e-6}.get(k, INF)
        found = [params for params, _, _ in moments]
        for start, single, *doubles in zip(starts, *found, strict=True):
            for true in doubles:
                scale = torch.maximum(true.abs(), (true - start).abs())
                off = (single.double() - true).abs() > tolerance * scale
                assert not off.any(), (kind, groups[0][0], k)


def case(kind, form, groups, formula=False):
    """groups: [(options, [(shape, steps without a gradient)])]"""
    made, codes = [], []
    for options, members in groups:
        params, encoded = [], []
        for shape, missing in members:
            param, start = started(shape)
            grads = gradients(shape, form, missing)
            params.append((param, [grad for grad, _ in grads]))
            encoded.append({"start": start, "grads": [code for _, code in grads]})
        made.append((options, params))
        codes.append({"options": camel(options), "params": encoded})
    columns = {shape[-1] for _, members in groups for shape, _ in members}
    if not formula or (kind == "RowwiseAdagrad" and columns == {1}):
        check(kind, made)
    run = followed if formula else learned
    moments = [
        [moment(*one) for one in zip(params, states, strict=True)]
        for params, states, _ in run(kind, made)
    ]
    members = [member for group in codes for member in group["params"]]
    for member, first, last in zip(members, moments[0], moments[-1], strict=True):
        member |= {"after1": first, "after10": last}
    return {
        "what": "steps",
        "optimizer": kind,
        "form": form,
        "formula": formula,
        "groups": codes,
    }


def one(kind, form, options, shape, missing=()):
    formula = kind == "RowwiseAdagrad" or "weight_decay" in options
    formula = formula and kind in FORMULAS
    return case(kind, form, [(options, [(shape, missing)])], formula)


def dict_json(state_dict):
    """PyTorch's own layout; tensors encoded, a step tensor as 0-D float32."""

    def code(value):
        return enc(value) if isinstance(value, torch.Tensor) else value

    return {
        "state": {
            i: {key: code(value) for key, value in state.items()}
            for i, state in state_dict["state"].items()
        },
        "param_groups": state_dict["param_groups"],
    }


def resumed_case(kind, form, options, shape):
    """Every step's parameter and state_dict."""
    param, start = started(shape)
    grads = gradients(shape, form)
    run = learned(kind, [(options, [(param.clone(), [grad for grad, _ in grads])])])
    steps = [
        {"param": enc(params[0]), "state_dict": dict_json(optimizer.state_dict())}
        for params, _, optimizer in run
    ]
    return {
        "what": "resumed",
        "optimizer": kind,
        "form": form,
        "options": camel(options),
        "start": start,
        "grads": [code for _, code in grads],
        "steps": steps,
    }


def closure_case(kind, options, shape):
    """loss = sum (p - target)^2, through a lookup of all rows for SparseAdam."""
    param, start = started(shape)
    target, goal = started(shape)
    param = nn.Parameter(param)
    optimizer = getattr(optim, kind)([param], **options)
    every = torch.arange(shape[0])
    losses = []

    def closure():
        optimizer.zero_grad()
        p = F.embedding(every, param, sparse=True) if kind == "SparseAdam" else param
        loss = ((p - target) * (p - target)).sum()
        loss.backward()
        return loss

    for _ in range(STEPS):
        losses.append(optimizer.step(closure).item())
    return {
        "what": "closure",
        "optimizer": kind,
        "options": camel(options),
        "start": start,
        "target": goal,
        "losses": losses,
        "param": enc(param),
    }


# A tensor's lr is float32: the option says what float32 makes of it.
F32 = torch.tensor(0.01).item()

ADAM = [
    {},
    {"lr": 0.01},
    {"lr": F32},
    {"weight_decay": 0.1},
    {"weight_decay": 0.1, "maximize": True},
    {"weight_decay": 0.1, "amsgrad": True},
    {"weight_decay": 0.1, "amsgrad": True, "eps": 0.1},
    {"lr": 0.1, "amsgrad": True},
    {"lr": 0.01, "maximize": True},
    {"lr": 0.01, "betas": (0.5, 0.75)},
    {"lr": 0.01, "betas": (0.0, 0.99)},
    {"lr": 0.01, "betas": (0.9, 0.0)},
    {"lr": 0.01, "eps": 0.0},
    {"lr": 0.0, "weight_decay": 0.1},
    {
        "lr": 0.1,
        "betas": (0.8, 0.9),
        "eps": 1e-3,
        "weight_decay": 0.5,
        "amsgrad": True,
        "maximize": True,
    },
]
DECOUPLED = [
    {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True},
    {"lr": 0.01, "decoupled_weight_decay": True},
]
SPARSE = [
    {},
    {"lr": 0.01},
    {"lr": F32},
    {"lr": 0.01, "maximize": True},
    {"lr": 0.01, "betas": (0.5, 0.75)},
    {"lr": 0.01, "betas": (0.0, 0.0)},
    {"lr": 0.1, "eps": 1e-3},
    {"lr": 0.01, "weight_decay": 0.1},
    {"lr": 0.1, "weight_decay": 0.5, "maximize": True, "eps": 1e-3},
]
ROWWISE = [
    {},
    {"lr": 0.1},
    {"lr": 0.1, "lr_decay": 0.5},
    {"initial_accumulator_value": 0.1},
    {"lr": 0.1, "eps": 1e-3},
    {"lr": 0.1, "maximize": True},
    {"lr": 0.1, "lr_decay": 0.5, "initial_accumulator_value": 0.1, "eps": 0.01},
]
DECAYING_ROWWISE = [
    {"weight_decay": 0.1},
    {"lr": 0.1, "weight_decay": 0.1, "maximize": True, "lr_decay": 0.5},
]
PLAN = [
    ("Adam", ADAM + DECOUPLED),
    ("AdamW", ADAM[:2] + ADAM[3:10] + ADAM[13:]),
    ("SparseAdam", SPARSE),
    ("RowwiseAdagrad", ROWWISE + DECAYING_ROWWISE),
]
# What is watched for every number of columns.
PLAIN = {"Adam": {"lr": 0.05, "amsgrad": True}}
DIMS = (1, 3, 4, 5, 16, 17)


def steps_cases():
    dims = cycle(DIMS)
    for kind, variants in PLAN:
        forms = ["rows"] if kind == "SparseAdam" else ["dense", "rows"]
        for form in forms:
            # Adam treats rows as a dense gradient: a third of the variants will do.
            few = kind.startswith("Adam") and form == "rows"
            for options in variants[:: 3 if few else 1]:
                yield one(kind, form, options, (3, next(dims)))
        for form in forms if kind == "RowwiseAdagrad" else forms[:1]:
            for dim in (*DIMS, 64, 300):
                shape = (1 if dim == 300 else 2, dim)
                yield one(kind, form, PLAIN.get(kind, {"lr": 0.05}), shape)
    # Any number of dimensions.
    for kind in ("Adam", "AdamW"):
        yield one(kind, "dense", {"lr": 0.01}, (7,))
        yield one(kind, "dense", {"lr": 0.01, "amsgrad": True}, (2, 3, 2))
    for kind, form, more in (
        ("Adam", "dense", {"amsgrad": True}),
        ("AdamW", "dense", {}),
        ("AdamW", "rows", {}),
        ("SparseAdam", "rows", {}),
        ("RowwiseAdagrad", "rows", {}),
    ):
        # No gradient in steps 1, 4 and 5; in the first one; in all of them.
        for missing in ((1, 4, 5), (0,)):
            yield one(kind, form, {"lr": 0.05, **more}, (3, 4), missing)
        groups = [
            ({"lr": 0.05, **more}, [((3, 4), ()), ((2, 5), (2, 3))]),
            ({"lr": 0.01, "eps": 1e-4}, [((5, 3), (1,))]),
        ]
        yield case(kind, form, groups, kind == "RowwiseAdagrad")


# w is 3 x 2 and a leaf, `sparse` a gradient for it.
ERRORS = """
optim.{0}([])
optim.{0}(w)
optim.{0}([1])
optim.{0}([w * 2])
optim.{0}([{{"params": [w]}}, {{"params": [w]}}])
optim.{0}([w, w])
optim.{0}([w], lr=-0.1)
optim.{0}([w], lr=torch.ones(2))
optim.{0}([w], lr="0.1")
optim.{0}([w], weights_decay=1)
optim.{0}([w]).add_param_group({{"params": [w]}})
optim.{0}([w]).add_param_group({{}})
optim.{0}([w]).load_state_dict({{"state": {{}}, "param_groups": []}})
optim.{0}([w]).load_state_dict({{"state": {{}}, "param_groups": [{{"params": [0, 1]}}]}})
"""
BETAS = """
optim.{0}([w], lr=float("nan"))
optim.{0}([w], eps=-1)
optim.{0}([w], betas=(-0.1, 0.999))
optim.{0}([w], betas=(1.0, 0.999))
optim.{0}([w], betas=(0.9, 1.0))
optim.{0}([w], betas=(0.9, -0.1))
optim.{0}([w], betas=(float("nan"), 0.999))
optim.{0}([w], betas=0.9)
optim.{0}([w], betas=(0.9,))
"""
OWN = {
    "SGD": """
optim.SGD([w], momentum=-1)
optim.SGD([w], weight_decay=-1)
optim.SGD([w], nesterov=True)
optim.SGD([w], momentum=0.9, dampening=0.5, nesterov=True)
w.grad = sparse; optim.SGD([w], weight_decay=0.1).step()
""",
    "Adagrad": """
optim.Adagrad([w], lr=float("nan"))
optim.Adagrad([w], lr_decay=-1)
optim.Adagrad([w], weight_decay=-1)
optim.Adagrad([w], initial_accumulator_value=-1)
optim.Adagrad([w], eps=-1)
w.grad = sparse; optim.Adagrad([w], weight_decay=0.1).step()
""",
    "Adam": BETAS
    + """
optim.Adam([w], weight_decay=-1)
optim.Adam([w], betas=(torch.tensor(0.9), 0.999))
w.grad = sparse; optim.Adam([w]).step()
""",
    "AdamW": BETAS
    + """
optim.AdamW([w], weight_decay=-1)
optim.AdamW([w], decoupled_weight_decay=False)
w.grad = sparse; optim.AdamW([w]).step()
""",
    "SparseAdam": BETAS
    + """
optim.SparseAdam([w], lr=0)
optim.SparseAdam([w], eps=0)
optim.SparseAdam([w], amsgrad=True)
optim.SparseAdam([sparse])
w.grad = torch.ones(3, 2); optim.SparseAdam([w]).step()
F.embedding(idx, w).sum().backward(); optim.SparseAdam([w]).step()
""",
}


def adam_cases():
    global pool
    pool = randn(POOL)
    yield {"pool": enc(pool)}
    yield from steps_cases()
    yield resumed_case("Adam", "dense", {"lr": 0.05, "amsgrad": True}, (3, 4))
    yield resumed_case("AdamW", "rows", {"lr": 0.05, "weight_decay": 0.1}, (3, 4))
    yield resumed_case("SparseAdam", "rows", {"lr": 0.05}, (3, 4))
    for kind in ("Adam", "AdamW", "SparseAdam"):
        yield closure_case(kind, {"lr": 0.1}, (3, 2))
    yield closure_case("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}, (5,))
    for kind, own in OWN.items():
        for what in (ERRORS + own).format(kind).split("\n"):
            if what:
                yield error_case(what)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    print(f"torch {torch.__version__}")
    write("adam", adam_cases)
