"""One case of the test vectors: inputs from seeds, outputs with tolerances, the file of all.

README's "Test vectors" is the description of what is written here.
"""

import base64
import json
import math
import zlib

import numpy as np
import torch
from generate import HERE, NAN, narrow, number, raw

EPSILON = 2.0**-23
FEW = 4
TINY = 2.0**-126
cases = []

# ---- inputs ----


def uniforms(seed, n):
    x, out = seed, np.empty(n)
    for i in range(n):
        x = (1664525 * x + 1013904223) % 2**32
        out[i] = (x >> 8) / 2**24
    return out


def floats(*shape, low=-1, high=1):
    def make(seed):
        u = uniforms(seed, math.prod(shape))
        values = (low + u * (high - low)).astype(np.float32).reshape(shape)
        spec = {"dtype": "float32", "shape": shape, "seed": seed, "low": low, "high": high}
        return spec, torch.from_numpy(values)

    return make


def integers(*shape, low=0, high):
    def make(seed):
        u = uniforms(seed, math.prod(shape))
        values = (low + np.floor(u * (high - low))).astype(np.int64).reshape(shape)
        spec = {"dtype": "int32", "shape": shape, "seed": seed, "low": low, "high": high}
        return spec, torch.from_numpy(values)

    return make


def literal(values, dtype=torch.float32):
    def code(value):
        return "-0" if value == 0 and math.copysign(1, value) < 0 else number(value)

    def make(_):
        t = torch.tensor(values, dtype=dtype)
        name = "float32" if dtype == torch.float32 else "int32"
        flat = [code(value) for value in t.flatten().tolist()]
        return {"dtype": name, "shape": list(t.shape), "values": flat}, t

    return make


def given(values):
    return literal(values, torch.int64)


# ---- outputs ----

EXACT = {}


def largest(x):
    x = torch.as_tensor(x).detach().double()
    return x[x.isfinite()].abs().max().item() if x.isfinite().any() else 0.0


def tight(x):
    """Two digits suffice; rounded down."""
    if x == 0:
        return 0
    digits = 1 - math.floor(math.log10(x))
    return float(f"{math.floor(x * 10.0**digits) / 10.0**digits:.1e}")


def within(absolute=0.0, relative=0.0):
    made = {"absolute": tight(absolute), "relative": tight(relative)}
    return {key: value for key, value in made.items() if value > 0}


def near(scale):
    return within(FEW * EPSILON * largest(scale))


#: A result below the smallest normal number may be zero.
ITSELF = within(TINY, FEW * EPSILON)


def output(values, tolerance):
    t = narrow(values)
    if t.is_floating_point():
        t = torch.where(t.isnan(), torch.tensor(NAN), t)
    return {
        "dtype": "float32" if t.is_floating_point() else "int32",
        "shape": list(t.shape),
        "values": base64.b64encode(raw(t)).decode(),
        **tolerance,
    }


def case(name, operation, options, inputs, run, reference=None):
    """run(tensors by name) -> {output: (tensor, tolerance)}"""
    assert name not in [other["name"] for other in cases], name
    made = {key: make(zlib.crc32(f"{name}/{key}".encode())) for key, make in inputs.items()}
    tensors = {key: t.clone() for key, (_, t) in made.items()}
    cases.append(
        {
            "name": name,
            "operation": operation,
            **({"reference": reference} if reference else {}),
            "options": options,
            "inputs": {key: spec for key, (spec, _) in made.items()},
            "outputs": {key: output(*pair) for key, pair in run(tensors).items()},
        }
    )


def function(name, operation, fn, inputs, options=None, out=EXACT, grads=None, after=None, **more):
    """out, the gradients of `grads`, the inputs `after` it. A tolerance may be a function."""

    def run(tensors):
        for key in grads or {}:
            tensors[key].requires_grad_()
        arguments = {key: t for key, t in tensors.items() if key != "gradient"}
        result = fn(**arguments)

        def met(tolerance):
            if not callable(tolerance):
                return tolerance
            doubles = {
                key: t.detach().double() if t.is_floating_point() else t
                for key, t in tensors.items()
            }
            return tolerance(**doubles)

        found = {"out": (result.detach(), met(out))}
        if grads:
            result.backward(tensors.get("gradient"))
        for key, tolerance in (grads or {}).items():
            grad = tensors[key].grad
            if grad.is_sparse:
                sums = grad.coalesce()
                found[f"{key}.grad.indices"] = (sums.indices(), EXACT)
                found[f"{key}.grad.values"] = (sums.values(), met(tolerance))
            else:
                found[f"{key}.grad"] = (grad, met(tolerance))
        return found | {key: (tensors[key], tolerance) for key, tolerance in (after or {}).items()}

    case(name, operation, options or {}, inputs, run, **more)


# ---- the file ----


def text():
    """One line for each input and output, so that a difference can be read."""

    def line(key, value):
        return f"  {json.dumps(key)}: {json.dumps(value, allow_nan=False)}"

    def one(case):
        parts = {key: case[key] for key in ("inputs", "outputs") if case[key]}
        head = {key: value for key, value in case.items() if key not in ("inputs", "outputs")}
        blocks = [
            f' "{part}": {{\n' + ",\n".join(line(*entry) for entry in entries.items()) + "\n }"
            for part, entries in parts.items()
        ]
        return ",\n".join([json.dumps(head, allow_nan=False)[:-1], *blocks]) + "}"

    head = json.dumps({"torch": torch.__version__})[:-1]
    return head + ', "cases": [\n' + ",\n".join(map(one, cases)) + "\n]}\n"


def write(name, parts):
    """Runs the functions that make cases."""
    assert torch.backends.cpu.get_cpu_capability().startswith("AVX"), "other normal numbers"
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    for part in parts:
        part()
    (HERE / f"{name}.json").write_text(text())
    outputs = sum(len(case["outputs"]) for case in cases)
    print(f"{name}.json: {len(cases)} cases, {outputs} outputs, {len(text())} bytes")
