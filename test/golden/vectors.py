"""The cases of vectors.json with PyTorch's answers.

    python3 test/golden/vectors.py

writes vectors-torch.json beside itself (torch 2.13 on CPU); `npm run vectors` makes
vectors.json of it. README's "Test vectors" says what a case is and how an input follows
from its seed, which is the CRC-32 of its case's and its own name: a new case changes no
other one.

Tolerances are principles, set before our numbers were seen:

- EXACT, PyTorch's bits: what is drawn, looked up, picked or compared, gradients of
  look-ups, sums of bags, integers.
- near(scale): FEW units in the last place of the largest number that is rounded on the
  way, which is the sum of absolute addends where numbers are added.
- 1e-6 for renorm, and for bags where PyTorch has no order of its own.
- an optimizer: 3e-7 of the larger of parameter and change after one step, 2e-6 after
  ten, 4e-5 after two hundred.

Where PyTorch has no answer, or a wrong one, the case says "float64": that is the formula
in double, rounded once.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from generate import INF, NAN, camel, number
from torch import nn, optim
from torch.nn.utils.rnn import pad_sequence, unpad_sequence
from vector_case import (
    EPSILON,
    EXACT,
    FEW,
    ITSELF,
    TINY,
    case,
    floats,
    function,
    given,
    integers,
    largest,
    literal,
    near,
    within,
    write,
)

ONE_STEP, TEN_STEPS, TRAINING = 3e-7, 2e-6, 4e-5
SHARE = within(relative=FEW * EPSILON)


# ---- initialisation ----


def init(fill):
    return lambda shape, **options: fill(torch.empty(shape), **options)


DRAWS = {
    "Embedding": lambda **args: nn.Embedding(**args).weight,
    "randn": lambda shape: torch.randn(shape),
    "rand": lambda shape: torch.rand(shape),
    "randint": lambda low, high, shape: torch.randint(low, high, shape),
    "randperm": lambda n: torch.randperm(n),
    "multinomial": lambda weights, num_samples, replacement: torch.multinomial(
        torch.tensor(weights), num_samples, replacement
    ),
    "uniform_": init(nn.init.uniform_),
    "normal_": init(nn.init.normal_),
    "xavierUniform_": init(nn.init.xavier_uniform_),
    "xavierNormal_": init(nn.init.xavier_normal_),
    "kaimingUniform_": init(nn.init.kaiming_uniform_),
    "kaimingNormal_": init(nn.init.kaiming_normal_),
}
MODES = {"fan_in": "fanIn", "fan_out": "fanOut"}


def draws(name, seed, *calls):
    """Several draws after one manual_seed."""

    def run(_):
        torch.manual_seed(int(seed))
        results = [DRAWS[call](**args) for call, args in calls]
        return {f"draw{i}": (t, EXACT) for i, t in enumerate(results)}

    def code(call, args):
        return {
            "call": call,
            **{k: MODES.get(v, v) if k == "mode" else v for k, v in camel(args).items()},
        }

    options = {"seed": seed, "draws": [code(*call) for call in calls]}
    case(name, "draws", options, {}, run)


def table(rows, dim, **more):
    return "Embedding", {"num_embeddings": rows, "embedding_dim": dim, **more}


def initialisation():
    sizes = (1, 2, 3, 15, 16, 17, 31, 32, 33, 40)
    draws("randn of 1 to 40", 0, *[("randn", {"shape": [n]}) for n in sizes])
    some = [("randn", {"shape": [3]}), ("randn", {"shape": [4, 5]}), ("rand", {"shape": [2]})]
    for seed in (1, 42, 123456789, 2**32 - 1, 2**32 + 5, -1, 2**53 - 1, str(2**64 - 1)):
        draws(f"seed {seed}", seed, *some)
    draws("tables", 42, table(3, 3), table(10, 10), table(2, 2))
    draws("the sine is kept", 0, table(1, 1), table(4, 4), table(1, 1))
    padded = [table(7, 3, padding_idx=0), table(4, 5, padding_idx=-1)]
    draws("tables with padding", 7, *padded)
    draws("rand", 3, ("rand", {"shape": [1]}), ("rand", {"shape": [33]}))
    bounds = ((-1, 1), (0, 1e-3), (-1e-3, 1e8), (5, 5))
    draws("uniform_", 5, *[("uniform_", {"shape": [17], "a": a, "b": b}) for a, b in bounds])
    for n in (9, 20):
        normals = [{"mean": m, "std": s} for m, s in ((0.3, 0.02), (-1, 10), (0, 0))]
        draws(f"normal_ of {n}", 5, *[("normal_", {"shape": [n], **more}) for more in normals])
    ranges = ((0, 1), (0, 10), (-5, 5), (0, 2**28 - 1), (0, 2**28), (-(2**31), 2**31 - 1))
    draws("randint", 8, *[("randint", {"low": a, "high": b, "shape": [9]}) for a, b in ranges])
    draws("randperm", 9, *[("randperm", {"n": n}) for n in (0, 1, 2, 10, 40)])
    weights = [0.1, 0.2, 3.0, 0.5, 1e-6]
    for words, replacement, counts in (("with", True, (1, 20)), ("without", False, (1, 3, 5))):
        same = {"weights": weights, "replacement": replacement}
        calls = [("multinomial", {**same, "num_samples": n}) for n in counts]
        draws(f"multinomial, {words} replacement", 10, *calls)
    for fill in ("xavierUniform_", "xavierNormal_"):
        draws(fill, 11, (fill, {"shape": [5, 4]}), (fill, {"shape": [3, 7], "gain": 5 / 3}))
    for fill in ("kaimingUniform_", "kaimingNormal_"):
        more = {"shape": [3, 7], "mode": "fan_out", "nonlinearity": "relu"}
        draws(fill, 12, (fill, {"shape": [5, 4], "a": math.sqrt(5)}), (fill, more))

    def linear(_):
        torch.manual_seed(13)
        layer = nn.Linear(6, 4)
        return {"weight": (layer.weight, EXACT), "bias": (layer.bias, EXACT)}

    options = {"seed": 13, "inFeatures": 6, "outFeatures": 4}
    case("Linear", "newLinear", options, {}, linear)


# ---- look-up ----

SPECIAL = [[NAN, INF, -INF], [0.0, -0.0, 1e-45], [-1e-45, 1e-39, 3.4028234663852886e38]]


def look_up(name, inputs, **options):
    def fn(weight, index):
        if "padding_idx" in options:
            assert (index == options["padding_idx"] % len(weight)).any(), name
        return F.embedding(index, weight, **options)

    grads = {"weight": EXACT}
    function(f"look-up, {name}", "embedding", fn, inputs, camel(options), grads=grads)


def look_ups():
    shapes = ((), (1,), (5,), (2, 3), (0,), (2, 0, 3), (2, 3, 2))
    dims = (1, 3, 33, 16, 4)
    for i, shape in enumerate(shapes):
        dim = dims[i % len(dims)]
        inputs = {
            "weight": floats(6, dim),
            "index": integers(*shape, high=6),
            "gradient": floats(*shape, dim),
        }
        look_up(f"{list(shape)} x {dim}", inputs)
    for dim in (4, 9):
        inputs = {
            "weight": floats(5, dim),
            "index": integers(2, 4, high=5),
            "gradient": floats(2, 4, dim),
        }
        for name, options in (
            ("repeated rows", {}),
            ("padding", {"padding_idx": 0}),
            ("padding from the end", {"padding_idx": -1}),
            ("by frequency", {"scale_grad_by_freq": True}),
            ("by frequency, padding", {"scale_grad_by_freq": True, "padding_idx": 0}),
            ("sparse", {"sparse": True}),
            ("sparse, padding", {"sparse": True, "padding_idx": 3}),
        ):
            look_up(f"{name}, {dim}", inputs, **options)
    specials = {"weight": literal(SPECIAL), "index": given([2, 0, 1, 1]), "gradient": floats(4, 3)}
    look_up("special values", specials)
    rows = [[NAN, INF, -INF], [-0.0, -0.0, 1e-45], [1e-45, -INF, -0.0], [-0.0, 0.0, -1e-45]]
    backward = {"weight": floats(3, 3), "index": given([2, 0, 1, 0]), "gradient": literal(rows)}
    look_up("special gradients", backward)
    look_up("special gradients, sparse", backward, sparse=True)

    def run(tensors):
        weight, index, gradient = tensors["weight"], tensors["index"], tensors["gradient"]
        rows, counts = index.unique(return_counts=True)
        sums = torch.zeros(6, 5, dtype=torch.float64)
        share = gradient.double() / torch.bincount(index, minlength=6)[index][:, None]
        sums.index_add_(0, index, share)
        most = torch.zeros_like(sums).index_add_(0, index, share.abs())
        assert counts.max() > 2
        return {
            "out": (weight[index], EXACT),
            "weight.grad.indices": (rows[None], EXACT),
            "weight.grad.values": (sums[rows].float(), near(most)),
        }

    inputs = {"weight": floats(6, 5), "index": integers(9, high=6), "gradient": floats(9, 5)}
    options = {"sparse": True, "scaleGradByFreq": True}
    case("look-up, sparse by frequency", "embedding", options, inputs, run, "float64")


# ---- renorm ----


def renorm():
    limits = {2: 1.25, 1: 2.5, 0.5: 11.0, 3: 1.0, INF: 0.875, -INF: 0.125, 0: 2.0, -1: 0.03125}
    weight = [
        [0.5, -0.75, 0.125, 0.25, -0.375],
        [3.0, -4.0, 1.0, 0.3, -0.7],
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.3, 0.0, -0.2, 0.0],
        [0.01, -0.02, 0.03, -0.04, 0.05],
        [0.9, 0.8, -0.7, 0.6, -0.5],
        [100.0, -300.0, 200.0, 1.0, 50.0],
    ]
    index = [[1, 0, 1], [3, 5, 2], [4, 5, 1]]
    for p, max_norm in limits.items():

        def run(tensors, p=p, max_norm=max_norm):
            table, index = tensors["weight"], tensors["index"]
            before = table.clone()
            out = F.embedding(index, table, None, max_norm, p)
            moved = (table != before).any(1)
            assert moved.any() and not moved[index.unique()].all(), (p, moved)
            tolerance = within(relative=1e-6)
            return {"weight": (table, tolerance), "out": (out, tolerance)}

        options = {"maxNorm": max_norm, "normType": number(float(p)) if math.isinf(p) else p}
        case(
            f"renorm, p = {p}",
            "embedding",
            options,
            {"weight": literal(weight), "index": given(index)},
            run,
        )

    def run(tensors):
        weight = tensors["weight"]
        out = F.embedding_bag(tensors["input"], weight, mode="sum", max_norm=1.0)
        return {
            "weight": (weight, within(relative=1e-6)),
            "out": (out, within(1e-6 * largest(weight) * 4)),
        }

    tolerance = within(relative=1e-6)
    for sparse in (False, True):
        options = {"max_norm": 1.0, **({"sparse": True} if sparse else {})}

        def fn(weight, index, options=options):
            return F.embedding(index, weight, **options)

        inputs = {
            "weight": floats(5, 5),
            "index": given([1, 4, 1, 3]),
            "gradient": floats(4, 5),
        }
        function(
            f"renorm and backward{', sparse' if sparse else ''}",
            "embedding",
            fn,
            inputs,
            camel(options),
            tolerance,
            {"weight": EXACT},
            after={"weight": tolerance},
        )

    def of_rows(weight, input, gradient, perSampleWeights=None):
        if perSampleWeights is None:
            return tolerance
        addends = perSampleWeights[..., None].abs() * F.embedding(input, weight.abs())
        return within(1e-6 * largest(addends.sum(1)))

    for mode in ("sum", "max"):
        options = {"mode": mode, "max_norm": 1.0}
        inputs = {
            "weight": floats(5, 5),
            "input": given([[1, 4, 1, 3], [0, 0, 3, 2], [2, 4, 3, 1]]),
            "gradient": floats(3, 5),
        }
        grads = {"weight": EXACT}
        if mode == "sum":
            inputs["perSampleWeights"] = floats(3, 4)
            # The rows after renorm are within 1e-6 of PyTorch's, and so are their products.
            grads["perSampleWeights"] = of_sample_weights
        bag(f"{mode}, renorm and backward", inputs, options, of_rows, grads, {"weight": tolerance})

    inputs = {"weight": floats(6, 17), "input": integers(3, 4, high=6)}
    case("renorm of bags", "embeddingBag", {"mode": "sum", "maxNorm": 1}, inputs, run)


# ---- bags ----


def bag(name, inputs, options, out=EXACT, grads=None, after=None):
    def fn(weight, input, offsets=None, perSampleWeights=None):
        return F.embedding_bag(
            input, weight, offsets, per_sample_weights=perSampleWeights, **options
        )

    grads = {"weight": EXACT} if grads is None else grads
    function(f"bag {name}", "embeddingBag", fn, inputs, camel(options), out, grads, after)


def bag_in_double(name, inputs, options, fn):
    """out and gradients by fn(weight, rows' weights) in float64."""

    def run(tensors):
        wanted = ["weight"] + (["perSampleWeights"] if "perSampleWeights" in tensors else [])
        doubles = {key: t.double() if t.is_floating_point() else t for key, t in tensors.items()}

        def results(doubles):
            doubles = {key: t.clone() for key, t in doubles.items()}
            for key in wanted:
                doubles[key].requires_grad_()
            out = fn(**{key: t for key, t in doubles.items() if key != "gradient"})
            out.backward(doubles["gradient"])
            return {"out": out, **{f"{key}.grad": doubles[key].grad for key in wanted}}

        absolute = {key: t.abs() for key, t in doubles.items()}
        scales = results(absolute)
        found = {
            key: (t.detach().float(), within(1e-6 * largest(scales[key])))
            for key, t in results(doubles).items()
        }
        if options.get("sparse"):
            sums, tolerance = found.pop("weight.grad")
            rows = tensors["input"].unique()
            found["weight.grad.indices"] = (rows[None], EXACT)
            found["weight.grad.values"] = (sums[rows], tolerance)
        return found

    case(f"bag {name}", "embeddingBag", camel(options), inputs, run, "float64")


def weighted_mean(weight, input, perSampleWeights):
    rows = F.embedding(input, weight) * perSampleWeights[..., None]
    return rows.sum(1) / perSampleWeights.sum(1)[:, None]


def weighted_mean_without(weight, input, perSampleWeights):
    """Row 3 is padding."""
    return weighted_mean(weight, input, perSampleWeights * (input != 3))


def weighted_mean_of_parts(weight, input, perSampleWeights, offsets):
    """0 for an empty bag."""
    bag_of = torch.bucketize(torch.arange(len(input)), offsets, right=True) - 1
    rows = F.embedding(input, weight) * perSampleWeights[:, None]
    total = torch.zeros(len(offsets), dtype=weight.dtype).index_add(0, bag_of, perSampleWeights)
    sums = torch.zeros(len(offsets), weight.shape[1], dtype=weight.dtype)
    return sums.index_add(0, bag_of, rows) / torch.where(total == 0, 1, total)[:, None]


def mean_by_frequency(weight, input):
    counts = torch.bincount(input.flatten())[input][..., None]
    rows = F.embedding(input, weight)
    return (rows.detach() + (rows - rows.detach()) / counts).mean(1)


def of_sample_weights(weight, input, perSampleWeights, gradient, offsets=None):
    """Dot products of rows and gradients."""
    return within(1e-6 * largest(weight) * gradient.abs().sum(1).max().item())


def bags():
    for dim in (1, 3, 4, 16, 33):
        for mode in ("sum", "mean", "max"):
            inputs = {
                "weight": floats(5, dim),
                "input": integers(3, 4, high=5),
                "gradient": floats(3, dim),
            }
            bag(f"{mode}, 3 x 4, {dim}", inputs, {"mode": mode})
    for mode in ("sum", "mean", "max"):
        inputs = {
            "weight": floats(7, 5),
            "input": integers(12, high=7),
            "offsets": given([0, 0, 5, 5, 9, 12]),
            "gradient": floats(6, 5),
        }
        bag(f"{mode}, offsets and empty bags", inputs, {"mode": mode})
        bag(f"{mode}, padding", inputs, {"mode": mode, "padding_idx": 3})
        last = {**inputs, "gradient": floats(5, 5)}
        bag(f"{mode}, last offset", last, {"mode": mode, "include_last_offset": True})
        if mode != "max":
            bag(f"{mode}, sparse", inputs, {"mode": mode, "sparse": True})
        none = {
            "weight": floats(7, 5),
            "input": given([]),
            "offsets": given([0, 0]),
            "gradient": floats(2, 5),
        }
        bag(f"{mode}, nothing in it", none, {"mode": mode})
        special = {
            "weight": literal([*SPECIAL, [-0.0, -0.0, -0.0]]),
            "input": given([[3, 1], [3, 3], [1, 2], [0, 2]]),
        }
        bag(f"{mode}, special values", {**special, "gradient": floats(4, 3)}, {"mode": mode})

    inputs = {
        "weight": floats(5, 9),
        "input": integers(12, high=5),
        "offsets": given([0, 3, 3, 10]),
        "perSampleWeights": floats(12),
        "gradient": floats(4, 9),
    }
    both = {"weight": EXACT, "perSampleWeights": of_sample_weights}
    bag("weighted sum, offsets", inputs, {"mode": "sum"}, grads=both)
    bag("weighted sum, sparse", inputs, {"mode": "sum", "sparse": True}, grads=both)

    def of_sums(weight, input, offsets, perSampleWeights, gradient):
        addends = perSampleWeights[:, None].abs() * F.embedding(input, weight.abs())
        return near(torch.stack([part.sum(0) for part in addends.tensor_split(offsets[1:])]))

    # Beside padding PyTorch rounds every product before it adds it, elsewhere not.
    bag("weighted sum, padding", inputs, {"mode": "sum", "padding_idx": 3}, of_sums, both)
    rows = {
        **inputs,
        "input": integers(3, 4, high=5),
        "perSampleWeights": floats(3, 4),
        "gradient": floats(3, 9),
    }
    del rows["offsets"]
    bag("weighted sum, 3 x 4", rows, {"mode": "sum"}, grads=both)
    positive = {**rows, "perSampleWeights": floats(3, 4, low=0.5, high=1.5)}
    bag_in_double("weighted mean", positive, {"mode": "mean"}, weighted_mean)
    padded = {**positive, "input": given([[0, 3, 2, 1], [3, 3, 2, 4], [1, 4, 0, 1]])}
    without = {"mode": "mean", "padding_idx": 3}
    bag_in_double("weighted mean, padding", padded, without, weighted_mean_without)
    listed = {
        "weight": floats(5, 5),
        "input": inputs["input"],
        "offsets": inputs["offsets"],
        "perSampleWeights": floats(12, low=0.5, high=1.5),
        "gradient": floats(4, 5),
    }
    bag_in_double("weighted mean, offsets", listed, {"mode": "mean"}, weighted_mean_of_parts)
    bag_in_double(
        "weighted mean, sparse", listed, {"mode": "mean", "sparse": True}, weighted_mean_of_parts
    )
    plain = {key: rows[key] for key in ("weight", "input", "gradient")}
    bag_in_double(
        "mean by frequency", plain, {"mode": "mean", "scale_grad_by_freq": True}, mean_by_frequency
    )

    def run(tensors):
        """The winners of PyTorch's dense gradient: it refuses a sparse one."""
        weight = tensors["weight"].requires_grad_()
        out = F.embedding_bag(tensors["input"], weight, mode="max")
        out.backward(tensors["gradient"])
        return {"out": (out, EXACT), "weight.grad": (weight.grad, EXACT)}

    case("bag max, sparse", "embeddingBag", {"mode": "max", "sparse": True}, plain, run)


# ---- optimizers ----

STATE = ("momentum_buffer", "sum", "exp_avg", "exp_avg_sq", "max_exp_avg_sq")


def gradients_of(tensors, sparse):
    """The gradient of each of ten steps, as PyTorch makes it."""
    weight, gradient = tensors["weight"], tensors["gradient"]
    for k in range(10):
        if "index" not in tensors:
            yield gradient[k].clone()
            continue
        table = weight.clone().requires_grad_()
        F.embedding(tensors["index"][k], table, sparse=sparse).backward(gradient[k])
        yield table.grad


def moments(first, last, state):
    found = {
        "step1": (first, {**within(relative=ONE_STEP), "start": "weight"}),
        "step10": (last, {**within(relative=TEN_STEPS), "start": "weight"}),
    }
    for key, value in state.items():
        found[key] = (value, within(TEN_STEPS * largest(value)))
    return found


def optimizer_inputs(form, shape):
    rows, dim = shape
    if form == "dense":
        return {"weight": floats(*shape), "gradient": floats(10, *shape)}
    return {
        "weight": floats(*shape),
        "index": integers(10, 5, high=rows),
        "gradient": floats(10, 5, dim),
    }


def optimizer_options(kind, form, options):
    return {"optimizer": kind, "sparse": form == "sparse", "options": camel(options)}


def title(kind, form, options):
    words = [f"{key} {value}" for key, value in camel(options).items() if key != "lr"]
    return ", ".join([kind, form, *words]).replace("True", "true")


def optimizer(kind, form, options, shape=(3, 7)):
    def run(tensors):
        param = nn.Parameter(tensors["weight"].clone())
        rule = getattr(optim, kind)([param], **options)
        for k, grad in enumerate(gradients_of(tensors, form == "sparse")):
            param.grad = grad
            rule.step()
            if k == 0:
                first = param.detach().clone()
        state = rule.state[param]
        kept = {key: state[key].to_dense() for key in STATE if state.get(key) is not None}
        return moments(first, param.detach(), kept)

    inputs = optimizer_inputs(form, shape)
    case(
        title(kind, form, options), "optimizer", optimizer_options(kind, form, options), inputs, run
    )


def rowwise_adagrad(
    p, grads, lr=0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10
):
    """sum[r] += mean of g[r]^2; p[r] -= clr g[r] / (sqrt(sum[r]) + eps), on rows touched."""
    total = np.full(len(p), float(initial_accumulator_value))
    for t, (rows, g) in enumerate(grads):
        if weight_decay:
            dense = np.zeros_like(p)
            dense[rows] = g
            rows, g = np.arange(len(p)), dense + weight_decay * p
        total[rows] += np.mean(g**2, axis=1)
        p[rows] -= lr / (1 + t * lr_decay) * g / (np.sqrt(total[rows])[:, None] + eps)
        yield p, {"sum": total}


def decaying_sparse_adam(p, grads, lr=0.001, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
    m, v = np.zeros_like(p), np.zeros_like(p)
    for t, (rows, g) in enumerate(grads, 1):
        p[rows] *= 1 - lr * weight_decay
        m[rows] = betas[0] * m[rows] + (1 - betas[0]) * g
        v[rows] = betas[1] * v[rows] + (1 - betas[1]) * g**2
        rate = lr * math.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
        p[rows] -= rate * m[rows] / (np.sqrt(v[rows]) + eps)
        yield p, {"exp_avg": m, "exp_avg_sq": v}


def by_formula(kind, formula, form, options, shape=(3, 7)):
    def run(tensors):
        grads = []
        for k, gradient in enumerate(tensors["gradient"].double().numpy()):
            if form == "dense":
                grads.append((np.arange(len(gradient)), gradient))
                continue
            index = tensors["index"][k].numpy()
            sums = np.zeros(shape)
            np.add.at(sums, index, gradient)
            rows = np.unique(index)
            grads.append((rows, sums[rows]))
        start = tensors["weight"].double().numpy().copy()
        steps = [
            (
                torch.from_numpy(p.copy()).float(),
                {k: torch.from_numpy(x.copy()).float() for k, x in state.items()},
            )
            for p, state in formula(start, grads, **options)
        ]
        return moments(steps[0][0], *steps[-1])

    inputs = optimizer_inputs(form, shape)
    codes = optimizer_options(kind, form, options)
    case(title(kind, form, options), "optimizer", codes, inputs, run, "float64")


def optimizers():
    momentum = {"lr": 0.1, "momentum": 0.9}
    for form in ("dense", "rows", "sparse"):
        optimizer("SGD", form, {"lr": 0.1})
        optimizer("SGD", form, momentum)
        optimizer("SGD", form, {**momentum, "nesterov": True})
        optimizer("Adagrad", form, {"lr": 0.1})
        optimizer("Adagrad", form, {"lr": 0.1, "lr_decay": 0.5})
    for form in ("dense", "rows"):
        optimizer("SGD", form, {"lr": 0.1, "weight_decay": 0.1})
        optimizer("SGD", form, {**momentum, "weight_decay": 0.1, "dampening": 0.5})
        optimizer("Adagrad", form, {"lr": 0.1, "weight_decay": 0.1})
        optimizer("Adam", form, {"lr": 0.01})
        optimizer("Adam", form, {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True})
        optimizer("AdamW", form, {"lr": 0.01})
        optimizer("AdamW", form, {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True})
    optimizer("SGD", "dense", {"lr": 0.1, "maximize": True})
    optimizer(
        "Adagrad", "sparse", {"lr": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-3}, (3, 9)
    )
    optimizer("Adam", "dense", {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3}, (3, 9))
    optimizer("SparseAdam", "sparse", {"lr": 0.01})
    optimizer("SparseAdam", "sparse", {"lr": 0.1, "betas": (0.5, 0.75), "eps": 1e-3}, (3, 9))
    by_formula("SparseAdam", decaying_sparse_adam, "sparse", {"lr": 0.1, "weight_decay": 0.1})
    for form in ("dense", "rows", "sparse"):
        by_formula("RowwiseAdagrad", rowwise_adagrad, form, {"lr": 0.1})
    by_formula("RowwiseAdagrad", rowwise_adagrad, "rows", {"lr": 0.1, "lr_decay": 0.5}, (3, 9))
    by_formula("RowwiseAdagrad", rowwise_adagrad, "dense", {"lr": 0.1, "weight_decay": 0.1})
    more = {"lr": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-3}
    by_formula("RowwiseAdagrad", rowwise_adagrad, "sparse", more)


# ---- losses ----


def whole(parts, reduction):
    return parts if reduction == "none" else getattr(parts, reduction)()


def losses():
    for reduction in ("none", "mean", "sum"):
        options = {"reduction": reduction}
        one = {"gradient": floats(3, 7)} if reduction == "none" else {}

        def share(x, gradient=None, reduction=reduction):
            return 1 / x.numel() if reduction == "mean" else 1

        def of_bce(x, target, gradient=None, reduction=reduction):
            parts = x.clamp(min=0) + (x * target).abs() + (-x.abs()).exp().log1p()
            return near(whole(parts, reduction))

        function(
            f"binary cross entropy, {reduction}",
            "binaryCrossEntropyWithLogits",
            lambda x, target, o=options: F.binary_cross_entropy_with_logits(x, target, **o),
            {"x": floats(3, 7, low=-4, high=4), "target": floats(3, 7, low=0, high=1), **one},
            options,
            of_bce,
            {"x": lambda x, target, gradient=None, s=share: near(2 * s(x))},
        )
        function(
            f"mean squared error, {reduction}",
            "mseLoss",
            lambda x, target, o=options: F.mse_loss(x, target, **o),
            {"x": floats(3, 7, low=-4, high=4), "target": floats(3, 7), **one},
            options,
            lambda x, target, gradient=None, r=reduction: near(whole((x - target) ** 2, r)),
            {
                "x": lambda x, target, gradient=None, s=share: near(2 * (x - target) * s(x)),
                "target": lambda x, target, gradient=None, s=share: near(2 * (x - target) * s(x)),
            },
        )
        for name, ignore, target in (
            ("", -100, integers(6, high=5)),
            (", ignored", 2, given([2, 0, 4, 2, 1, 3])),
        ):
            more = {**options, "ignore_index": ignore}
            one = {"gradient": floats(6)} if reduction == "none" else {}

            def of_classes(x, target, gradient=None, r=reduction):
                # x, its largest, and the logarithm of the sum are added.
                return near(whole(x.abs().amax(1) * 2 + math.log(5), r))

            def of_slope(x, target, gradient=None, r=reduction, i=ignore):
                return near(2 / (target != i).sum() if r == "mean" else torch.tensor(2.0))

            function(
                f"cross entropy, {reduction}{name}",
                "crossEntropy",
                lambda x, target, o=more: F.cross_entropy(x, target, **o),
                {"x": floats(6, 5, low=-4, high=4), "target": target, **one},
                camel(more),
                of_classes,
                {"x": of_slope},
            )
            function(
                f"negative log likelihood, {reduction}{name}",
                "nllLoss",
                lambda x, target, o=more: F.nll_loss(x, target, **o),
                {"x": floats(6, 5, low=-4, high=0), "target": target, **one},
                camel(more),
                EXACT
                if reduction == "none"
                else lambda x, target, gradient=None, r=reduction: near(whole(x.abs().amax(1), r)),
                {"x": EXACT if reduction != "mean" else SHARE},
            )


# ---- functions ----


def fn_of(fn, **options):
    return lambda x: fn(x, **options)


def exact_root(x):
    return x.double().sqrt().float()


EXTREME = [0.0, 1.0, 0.5, 9.0, 20.0, 88.7, 100.0, 1e30, INF, 1e-8, 1e-30, 1e-45, 0.625]
EXTREME += [-x for x in EXTREME] + [NAN, 17.5]


def functions():
    def scaled(most):
        return lambda x, gradient: near(most)

    table = [
        ("relu", torch.relu, EXACT, EXACT),
        ("sigmoid", torch.sigmoid, ITSELF, scaled(1)),
        ("tanh", torch.tanh, ITSELF, scaled(1)),
        ("exp", torch.exp, ITSELF, ITSELF),
        ("log", torch.log, ITSELF, ITSELF),
        ("logSigmoid", F.logsigmoid, ITSELF, scaled(1)),
    ]
    for name, fn, out, grad in table:
        function(f"{name}, special values", name, fn_of(fn), {"x": literal(EXTREME)}, out=out)
        low = 0.0625 if name == "log" else -4
        inputs = {"x": floats(3, 7, low=low, high=4), "gradient": floats(3, 7)}
        function(name, name, fn_of(fn), inputs, out=out, grads={"x": grad})

    # Rounded correctly, which PyTorch's vector library does not do in a fifth of all cases.
    root = {"out": EXACT, "reference": "float64"}
    function("sqrt, special values", "sqrt", exact_root, {"x": literal(EXTREME)}, **root)
    inputs = {"x": floats(3, 7, low=0.0625, high=4), "gradient": floats(3, 7)}
    function("sqrt", "sqrt", exact_root, inputs, grads={"x": SHARE}, **root)

    masked = [
        [INF, 0.0, 1.0],
        [-INF, 0.0, 1.0],
        [-INF, -INF, -INF],
        [NAN, 0.0, 1.0],
        [1e30, 0.0, -1e30],
        [5.0, 5.0, 5.0],
    ]
    for name, fn in (("softmax", F.softmax), ("logSoftmax", F.log_softmax)):
        out = within(TINY, FEW * EPSILON) if name == "softmax" else within(FEW * EPSILON * 10)
        special = out if name == "softmax" else within(FEW * EPSILON * math.log(3), FEW * EPSILON)
        along = {"dim": 1}
        function(
            f"{name}, special values",
            name,
            fn_of(fn, dim=1),
            {"x": literal(masked)},
            along,
            special,
        )
        for dim in (0, 1):
            inputs = {"x": floats(3, 17, low=-4, high=4), "gradient": floats(3, 17)}
            # g - sum(g p), with sizes below 1 and below 1 each; log: g - p sum(g)
            size = 2 if name == "softmax" else 1 + (17 if dim == 1 else 3)
            function(
                f"{name}, dim {dim}",
                name,
                fn_of(fn, dim=dim),
                inputs,
                {"dim": dim},
                out,
                {"x": near(size)},
            )

    def products(a, b, gradient=None):
        return near(a.abs() @ b.abs())

    for name, left, right, result in (
        ("", (5, 7), (7, 3), (5, 3)),
        (" in tiles", (5, 33), (33, 9), (5, 9)),
        (" of batches", (2, 3, 4), (2, 4, 5), (2, 3, 5)),
    ):
        function(
            f"matrix product{name}",
            "matmul",
            lambda a, b: a @ b,
            {"a": floats(*left), "b": floats(*right), "gradient": floats(*result)},
            {},
            products,
            {
                "a": lambda a, b, gradient: near(gradient.abs() @ b.abs().mT),
                "b": lambda a, b, gradient: near(a.abs().mT @ gradient.abs()),
            },
        )
    for lead in ((4,), (2, 3), ()):
        function(
            f"linear, {list(lead)}",
            "linear",
            lambda x, weight, bias: F.linear(x, weight, bias),
            {
                "x": floats(*lead, 6),
                "weight": floats(5, 6),
                "bias": floats(5),
                "gradient": floats(*lead, 5),
            },
            {},
            lambda x, weight, bias, gradient: near(x.abs() @ weight.abs().T + bias.abs()),
            {
                "x": lambda x, weight, bias, gradient: near(gradient.abs() @ weight.abs()),
                "weight": lambda x, weight, bias, gradient: near(
                    gradient.abs().reshape(-1, 5).T @ x.abs().reshape(-1, 6)
                ),
                "bias": lambda x, weight, bias, gradient: near(
                    gradient.abs().reshape(-1, 5).sum(0)
                ),
            },
        )

    def of_cosine(x1, x2, gradient):
        return near(2 / torch.minimum(x1.norm(dim=1), x2.norm(dim=1)))

    inputs = {"x1": floats(3, 9), "x2": floats(3, 9), "gradient": floats(3)}
    slopes = {"x1": of_cosine, "x2": of_cosine}
    function(
        "cosine similarity", "cosineSimilarity", F.cosine_similarity, inputs, {}, near(1.0), slopes
    )
    for p in (2, 1, 3, INF):

        def of_norm(x, gradient, p=p):
            return near(2 * (gradient.abs().sum(1) / x.norm(p, 1)))

        options = {"p": number(float(p)) if math.isinf(p) else p}
        inputs = {"x": floats(3, 9), "gradient": floats(3, 9)}
        function(
            f"normalize, p = {p}",
            "normalize",
            fn_of(F.normalize, p=p),
            inputs,
            options,
            SHARE,
            {"x": of_norm},
        )


def largest_of(**options):
    return lambda x: x.max(**options).values if options else x.max()


def reductions():
    for dim in (None, 0, 1):
        options = {} if dim is None else {"dim": dim}
        shape = {None: (), 0: (7,), 1: (3,)}[dim]
        inputs = {"x": floats(3, 7), "gradient": floats(*shape)}
        suffix = "" if dim is None else f", dim {dim}"

        def of_sum(x, gradient, dim=dim):
            return near(x.abs().sum() if dim is None else x.abs().sum(dim))

        def of_mean(x, gradient, dim=dim):
            return near(x.abs().mean() if dim is None else x.abs().mean(dim))

        function(
            f"sum{suffix}",
            "sum",
            fn_of(torch.sum, **options),
            inputs,
            options,
            of_sum,
            {"x": EXACT},
        )
        function(
            f"mean{suffix}",
            "mean",
            fn_of(torch.mean, **options),
            inputs,
            options,
            of_mean,
            {"x": SHARE},
        )
        function(f"max{suffix}", "max", largest_of(**options), inputs, options, EXACT, {"x": EXACT})
        picked = {"x": inputs["x"]}
        function(f"argmax{suffix}", "argmax", fn_of(torch.argmax, **options), picked, options)
    ties = [[1.0, 3.0, 3.0], [NAN, 2.0, NAN], [-INF, -INF, -INF], [0.0, -0.0, 0.0]]
    function(
        "argmax, ties and NaN",
        "argmax",
        fn_of(torch.argmax, dim=1),
        {"x": literal(ties)},
        {"dim": 1},
    )
    index = {"x": integers(2, 3, high=5)}
    function("one-hot", "oneHot", fn_of(F.one_hot, num_classes=5), index, {"numClasses": 5})
    whole = {"x": integers(3, 7, low=-(2**31), high=2**31)}
    for dim in (0, 1):
        function(f"max of integers, dim {dim}", "max", largest_of(dim=dim), whole, {"dim": dim})
    function("max of integers", "max", largest_of(), whole)
    # Odd ones halfway between two float32, too.
    halfway = [2**24 + 1, -(2**24) - 3, 2**31 - 1, -(2**31), 0, 7, -1]
    function("float", "float", lambda x: x.float(), {"x": given(halfway)})


def arithmetic():
    def of_sums(slope):
        return lambda a, b, gradient: near((gradient * slope(a, b)).abs().sum(0))

    slopes = {
        "add": lambda a, b: torch.ones_like(a),
        "sub": lambda a, b: torch.ones_like(a),
        "mul": lambda a, b: a,
        "div": lambda a, b: a / b**2,
    }
    for name, slope in slopes.items():
        inputs = {"a": floats(3, 5), "b": floats(5, low=0.5, high=1.5), "gradient": floats(3, 5)}
        function(name, name, binary(name), inputs, grads={"a": EXACT, "b": of_sums(slope)})
        alone = {"a": floats(3, 5), "gradient": floats(3, 5)}
        options = {"other": 0.7}
        exact = {"a": EXACT}
        function(f"{name}, a number", name, beside(name, 0.7), alone, options, grads=exact)
        if name == "div":
            continue
        # As large as products may be without wrapping around.
        inputs = {
            "a": integers(3, 5, low=-46340, high=46340),
            "b": integers(5, low=-46340, high=46340),
        }
        function(f"{name} of integers", name, binary(name), inputs)
        alone = {"a": inputs["a"]}
        function(f"{name} of integers, a number", name, beside(name, -7), alone, {"other": -7})
    inputs = {"x": floats(3, 5), "gradient": floats(3, 5)}
    function("neg", "neg", torch.neg, inputs, grads={"x": EXACT})


def binary(name):
    return lambda a, b: getattr(torch, name)(a, b)


def beside(name, other):
    return lambda a: getattr(torch, name)(a, other)


# ---- shapes ----


def shapes():
    x = {"x": floats(3, 5, 2)}
    for dim, start, length in ((0, 1, 2), (1, 2, 3), (2, -1, 1)):
        shape = [3, 5, 2]
        shape[dim] = length
        options = {"dim": dim, "start": start, "length": length}
        function(
            f"narrow, dim {dim}",
            "narrow",
            fn_of(torch.narrow, **options),
            {**x, "gradient": floats(*shape)},
            options,
            grads={"x": EXACT},
        )
    for dims, shape in (((0, 1), (5, 3, 2)), ((0, -1), (2, 5, 3))):
        options = {"dim0": dims[0], "dim1": dims[1]}
        function(
            f"transpose, {list(dims)}",
            "transpose",
            fn_of(torch.transpose, **options),
            {**x, "gradient": floats(*shape)},
            options,
            grads={"x": EXACT},
        )
    for dim, sizes in ((0, ((1, 5), (2, 5), (0, 5))), (1, ((3, 1), (3, 4), (3, 2)))):
        inputs = {key: floats(*size) for key, size in zip("abc", sizes, strict=True)}
        total = [sum(axis) if i == dim else axis[0] for i, axis in enumerate(zip(*sizes))]
        function(
            f"cat, dim {dim}",
            "cat",
            lambda a, b, c, dim=dim: torch.cat([a, b, c], dim),
            {**inputs, "gradient": floats(*total)},
            {"dim": dim},
            grads=dict.fromkeys("abc", EXACT),
        )
    index = {"a": integers(3, high=9), "b": integers(2, high=9)}
    function("cat of integers", "cat", lambda a, b: torch.cat([a, b]), index, {"dim": 0})
    lengths = (2, 4, 1)
    for first, side in ((False, "right"), (True, "left")):
        options = {"batch_first": first, "padding_value": -0.5, "padding_side": side}
        inputs = {key: floats(n, 3) for key, n in zip("abc", lengths, strict=True)}
        function(
            f"pad_sequence, {side}",
            "padSequence",
            lambda a, b, c, o=options: pad_sequence([a, b, c], **o),
            {**inputs, "gradient": floats(*((3, 4) if first else (4, 3)), 3)},
            camel(options),
            grads=dict.fromkeys("abc", EXACT),
        )

        def unpadded(x, lengths, first=first):
            # A copy, for PyTorch transposes its argument in place.
            return torch.cat(unpad_sequence(x * 1, lengths, first))

        function(
            f"unpad_sequence{', batch first' if first else ''}",
            "unpadSequence",
            unpadded,
            {
                "x": floats(*((3, 4) if first else (4, 3)), 3),
                "lengths": given(lengths),
                "gradient": floats(sum(lengths), 3),
            },
            {"batchFirst": first},
            grads={"x": EXACT},
        )


# ---- clipping and learning rates ----


def clipping():
    def slope_of(tensors):
        gradient = tensors["gradient"]
        if "index" not in tensors:
            return gradient.clone()
        return torch.zeros(3, 7).index_add(0, tensors["index"], gradient)

    def clip(form, name, operation, run, **options):
        rows = {"index": given([2, 0, 2])} if form != "dense" else {}
        gradient = floats(3, 7, low=-2, high=2)
        inputs = {"weight": floats(3, 7), **rows, "gradient": gradient}
        more = {"sparse": form == "sparse"} if rows else {}
        case(f"{name}, {form}", operation, {**camel(options), **more}, inputs, run)

    for p in (2, 1, 3, INF):
        for form in ("dense", "rows", "sparse"):
            if p != 2 and form != "dense":
                continue

            def run(tensors, p=p):
                param = nn.Parameter(tensors["weight"])
                param.grad = slope_of(tensors)
                norm = nn.utils.clip_grad_norm_(param, 1.5, p)
                assert norm > 1.5
                relative = within(relative=2 * FEW * EPSILON)
                return {"norm": (norm, relative), "clipped": (param.grad, relative)}

            options = {"max_norm": 1.5, "norm_type": float(p) if math.isinf(p) else p}
            clip(form, f"clip_grad_norm_, p = {p}", "clipGradNorm_", run, **options)
    for form in ("dense", "rows", "sparse"):

        def run(tensors):
            param = nn.Parameter(tensors["weight"])
            param.grad = slope_of(tensors)
            nn.utils.clip_grad_value_(param, 0.75)
            return {"clipped": (param.grad, EXACT)}

        clip(form, "clip_grad_value_", "clipGradValue_", run, clip_value=0.75)


def schedulers():
    factors = [1.0, 0.5, 2.0, 0.1, 0.0, 1.5, 0.75]
    metrics = [3.0, 2.0, 2.5, 1.99995, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    plateau = {"factor": 0.3, "patience": 1, "cooldown": 1, "min_lr": 0.05}
    table = (
        ("StepLR", 7, {"step_size": 3, "gamma": 0.3}, {}),
        ("LambdaLR", 6, {}, {"factors": factors}),
        ("CosineAnnealingLR", 11, {"T_max": 5, "eta_min": 0.05}, {}),
        ("ReduceLROnPlateau", 11, plateau, {"metrics": metrics}),
    )
    for kind, steps, options, more in table:

        def run(_, kind=kind, steps=steps, options=options, more=more):
            rule = optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.7)
            extra = {"lr_lambda": factors.__getitem__} if kind == "LambdaLR" else {}
            schedule = getattr(optim.lr_scheduler, kind)(rule, **options, **extra)
            lrs = []
            for k in range(steps):
                rule.step()
                schedule.step(*([metrics[k]] if "metrics" in more else []))
                lrs.append(rule.param_groups[0]["lr"])
            assert len(set(lrs)) > 2
            return {"lrs": (torch.tensor(lrs), within(relative=EPSILON))}

        named = {"T_max": "tMax"}
        given_options = camel({named.get(key, key): value for key, value in options.items()})
        codes = {"scheduler": kind, "lr": 0.7, "steps": steps, "options": given_options, **more}
        case(kind, "scheduler", codes, {}, run)


# ---- training ----

STEPS = 200


def learned(losses, **params):
    return {
        "losses": (torch.tensor(losses), within(relative=TRAINING)),
        **{key: (t, {**within(relative=TRAINING), "start": key}) for key, t in params.items()},
    }


def skip_gram(tensors):
    center, offset, negative = (tensors[key] for key in ("center", "offset", "negative"))
    words = nn.Embedding.from_pretrained(tensors["words"], freeze=False, sparse=True)
    contexts = nn.Embedding.from_pretrained(tensors["contexts"], freeze=False)
    rules = [
        optim.SparseAdam(words.parameters(), lr=0.05),
        optim.Adagrad(contexts.parameters(), lr=0.2),
    ]
    losses = []
    for k in range(STEPS):
        word = words(center[k])
        right = (word * contexts((center[k] + offset[k]) % 40)).sum(1)
        wrong = (word.reshape(16, 1, 8) * contexts(negative[k])).sum(2)
        loss = (F.logsigmoid(right).sum() + F.logsigmoid(-wrong).sum()) * (-1 / 16)
        for rule in rules:
            rule.zero_grad()
        loss.backward()
        for rule in rules:
            rule.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    return learned(losses, words=words.weight, contexts=contexts.weight)


def classifier(tensors):
    target = tensors["target"]
    index = 4 * tensors["item"] + target[..., None]
    bags = nn.EmbeddingBag.from_pretrained(tensors["table"], freeze=False, mode="mean", sparse=True)
    weight, bias = nn.Parameter(tensors["weight"]), nn.Parameter(tensors["bias"])
    rules = [optim.SGD(bags.parameters(), lr=1), optim.AdamW([weight, bias], lr=0.01)]
    losses = []
    for k in range(STEPS):
        logits = F.linear(torch.tanh(bags(index[k])), weight, bias)
        loss = F.cross_entropy(logits, target[k])
        for rule in rules:
            rule.zero_grad()
        loss.backward()
        for rule in rules:
            rule.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    return learned(losses, table=bags.weight, weight=weight, bias=bias)


def training():
    inputs = {
        "words": floats(40, 8, low=-0.5, high=0.5),
        "contexts": floats(40, 8, low=-0.5, high=0.5),
        "center": integers(STEPS, 16, high=40),
        "offset": integers(STEPS, 16, low=1, high=4),
        "negative": integers(STEPS, 16, 5, high=40),
    }
    case("skip-gram, 200 steps", "skipGram", {}, inputs, skip_gram)
    inputs = {
        "table": floats(60, 8),
        "weight": floats(4, 8),
        "bias": floats(4),
        "item": integers(STEPS, 16, 4, high=15),
        "target": integers(STEPS, 16, high=4),
    }
    case("classifier of bags, 200 steps", "classifier", {}, inputs, classifier)


if __name__ == "__main__":
    parts = (initialisation, look_ups, renorm, bags, optimizers, losses, functions, reductions)
    more = (arithmetic, shapes, clipping, schedulers)
    write("vectors-torch", (*parts, *more, training))
