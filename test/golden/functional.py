"""PyTorch's tensor functions, for functional.test.ts to compare with.

    python3 test/golden/functional.py

writes functional.json beside itself (torch 2.13 on CPU). Encodings are those of
generate.py. Values and gradients are of two kinds:

- exact: PyTorch's bits in float32, where nothing is rounded, or once and correctly;
- near: float64's result for the same float32 inputs, rounded, with "ulp": for every
  element an int8 e, base64, meaning an error may be counted in units of 2^(e - 23), the
  last place of the largest number that has to be rounded on the way: of the addends
  where there is a sum, of the element itself where there is none. -128: no error at all.
  A result below the smallest normal number may be zero: PyTorch's sigmoid(-100) is.

PyTorch's float32 is asserted to be within FEW units, so the units are fair.
"""

import base64
import math
import warnings

import torch
import torch.nn.functional as F
from generate import INF, NAN, camel, enc, error_case, inputs, randint, write
from torch.nn.utils.rnn import unpad_sequence

FEW = 4
# FEW units of this are the smallest normal number.
FEW_TINY = 2.0**-126 * 2**23 / FEW
FLOAT_MAX = torch.finfo(torch.float32).max


def randn(*shape):
    return torch.randn(math.prod(shape), generator=inputs).view(shape)


# ---- near values ----


def near(true, scale, single, what, slack=0):
    """`true` and `scale` in float64. PyTorch's float32 has to be as near, or slack."""
    rounded = true.float()
    scale = torch.maximum(scale.nan_to_num(FLOAT_MAX, FLOAT_MAX, 0), true.abs())
    scale = scale.nan_to_num(FLOAT_MAX, FLOAT_MAX, 0).clamp(max=FLOAT_MAX)
    tiny = (true != 0) & (true.abs() < 2.0**-126)
    scale = torch.where(tiny, scale.clamp(min=FEW_TINY), scale)
    exponent = torch.where(scale > 0, scale.log2().floor().clamp(-126, 127), -128)
    unit = torch.where(scale > 0, torch.exp2(exponent - 23), 0)
    same = (single == rounded) | (single.isnan() & rounded.isnan())
    distance = (single.double() - true).abs()
    fine = same | (distance <= FEW * unit + slack)
    assert fine.all(), (what, single[~fine], true[~fine], (distance / unit)[~fine])
    data = exponent.to(torch.int8).contiguous().numpy().tobytes()
    return {**enc(rounded), "ulp": base64.b64encode(data).decode()}


def itself(fn, x, g, out, grads):
    return out, grads


def of_addends(absolute):
    """A sum of products: the same sum and the same gradients of absolute values."""

    def scale(fn, x, g, out, grads):
        x = [t.abs().requires_grad_() for t in x]
        out = absolute(*x)
        return out, torch.autograd.grad(out, x, g.abs())

    return scale


def of_div(fn, x, g, out, grads):
    a, b = [t.abs().requires_grad_() for t in x]
    return out, [abs(t) for t in torch.autograd.grad(a / b, (a, b), g.abs())]


def of_tanh(fn, x, g, out, grads):
    """1 - t^2 is as good as 1."""
    return out, [g]


def of_sigmoid(fn, x, g, out, grads):
    """1 - s is as good as 1."""
    return out, [g * out]


def exponents(x, dim):
    """p, and what is rounded before e^: x minus the largest, and the log of the sum."""
    away = (x - x.amax(dim, True)).abs()
    size = away.exp().log().clamp(min=0) + (-away).exp().sum(dim, True).log() + 1
    return x.softmax(dim), torch.minimum(size, 1 + away + size)


def of_softmax(dim):
    def scale(fn, x, g, out, grads):
        (x,) = x
        p, size = exponents(x, dim)
        size = torch.where(p > 0, size, 0)
        dot = (p * g.abs() * size).sum(dim, True)
        whole = (p * g.abs()).sum(dim, True)
        return p * size, [p * size * (g.abs() + whole) + p * dot]

    return scale


def of_log_softmax(dim):
    def scale(fn, x, g, out, grads):
        p, size = exponents(x[0], dim)
        spread = torch.where(p > 0, p * size, 0) * g.abs().sum(dim, True)
        return size, [g.abs() + spread]

    return scale


def of_cross_entropy(target, **args):
    def scale(fn, x, g, out, grads):
        (x,) = x
        dim = 0 if x.ndim == 1 else 1
        p, size = exponents(x, dim)
        finite = size.nan_to_num(FLOAT_MAX, FLOAT_MAX)
        logp = (-finite).requires_grad_()
        out = F.nll_loss(logp, target, **args)
        (each,) = torch.autograd.grad(out, logp, g)
        each = each.abs()
        spread = torch.where(p > 0, p * size, 0) * each.sum(dim, True)
        return out, [each + spread]

    return scale


def of_bce(fn, x, g, out, grads):
    """max(x, 0), x t and log(1 + e^-|x|) are added; s - t is subtracted."""
    (x,), t = x, fn.target.double()
    parts = x.clamp(min=0) + (x * t).abs() + (-x.abs()).exp().log1p()
    slope = x.sigmoid() + t
    n = x.numel() if fn.reduction == "mean" else 1
    whole = parts if fn.reduction == "none" else parts.sum() / n
    return whole, [g.abs() * slope / n]


def of_cosine(dim, eps):
    """d cos / dx = y / (|x| |y|) - cos x / |x|^2, the second only above eps."""

    def scale(fn, x, g, out, grads):
        shape = torch.broadcast_shapes(*[t.shape for t in x])
        a, b = [t.abs().expand(shape) for t in x]
        norms = [t.norm(dim=dim, keepdim=True).clamp(min=eps) for t in (a, b)]
        product = norms[0] * norms[1]
        whole = (a * b).sum(dim, True) / product
        g = g.abs().unsqueeze(dim)
        found = [
            (g * (other / product + whole * one / norm**2)).sum_to_size(t.shape)
            for t, one, other, norm in zip(x, (a, b), (b, a), norms, strict=True)
        ]
        return whole.squeeze(dim), found

    return scale


def of_normalize(p, dim, eps):
    """d(x / n) = g / n - sum(g x) / n^2 dn, dn / dx = (|x| / n)^(p - 1) sign(x)."""

    def scale(fn, x, g, out, grads):
        x, g = x[0].abs(), g.abs()
        n = x.norm(p, dim, True).clamp(min=eps)
        steep = (x == n).double() if abs(p) == INF else (x / n) ** (p - 1)
        return out, [g / n + (g * x).sum(dim, True) / n**2 * steep]

    return scale


# ---- cases ----


def floats(tensors):
    return [t for t in tensors if t.is_floating_point()]


def vjp(fn, tensors, grad_out=None):
    """Result and gradients; what is float requires them."""
    tensors = [t.detach().clone() for t in tensors]
    wanted = [t.requires_grad_() for t in floats(tensors)]
    out = fn(*tensors)
    if not wanted or out.grad_fn is None:
        return out, [], None
    grad_out = randn(*out.shape) if grad_out is None else grad_out
    return out, torch.autograd.grad(out, wanted, grad_out), grad_out


def case(op, fn, tensors, scale=None, sums=(), grad_out=None, slack=0, **args):
    """scale: None for exact results. sums: inputs whose exact gradient is one of sums."""
    out, grads, grad_out = vjp(fn, tensors, grad_out)
    name = out.grad_fn.name() if out.grad_fn else None
    values, found = enc(out), [enc(grad) for grad in grads]
    if scale:
        doubles = [t.double() if t.is_floating_point() else t for t in tensors]
        g = None if grad_out is None else grad_out.double()
        true, slopes, _ = vjp(fn, doubles, g)
        true, slopes = true.detach(), [t.detach() for t in slopes]
        sizes, steps = scale(fn, floats(doubles), g, true, slopes)
        if not sums:
            size = sizes.detach().abs()
            values = near(true, size, out.detach(), (op, args), slack)
        for i, grad in enumerate(grads):
            if not sums or i in sums:
                size = steps[i].detach().abs()
                found[i] = near(slopes[i], size, grad, (op, args, i))
    given = iter(found)
    return {
        "op": op,
        "args": camel(args),
        "inputs": [enc(t) for t in tensors],
        "out": values,
        "grad_fn": name,
        "grad_out": None if grad_out is None else enc(grad_out),
        "grads": [
            next(given) if found and t.is_floating_point() else None for t in tensors
        ],
    }


EXTREME = torch.tensor(
    [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 9.0, -9.0, 20.0, -20.0, 88.7, -88.7, 100.0]
    + [-100.0, 104.0, -104.0, 1e30, -1e30, INF, -INF, NAN, 1e-8, -1e-8, 1e-30, -1e-30]
    + [1e-45, -1e-45, 1e-3, -1e-3, 0.625, -0.625, 17.5, -17.5]
)


def pointwise_cases():
    def logsigmoid(fn, x, g, out, grads):
        return out, grads

    table = [
        ("relu", F.relu, None),
        ("tanh", torch.tanh, of_tanh),
        ("sigmoid", torch.sigmoid, of_sigmoid),
        ("log_sigmoid", F.logsigmoid, logsigmoid),
    ]
    for op, fn, scale in table:
        for x in (EXTREME, randn(4, 9) * 3, randn(1), randn(2, 0), randn()):
            yield case(op, fn, [x], scale)
        steps = torch.arange(-32, 33) / 4
        yield case(op, fn, [steps], scale, grad_out=torch.ones(65))


def softmax_cases():
    rows = [[1e30, 0.0, -1e30], [INF, 0.0, 1.0], [-INF, 0.0, 1.0], [-INF, -INF, -INF]]
    rows += [[NAN, 0.0, 1.0], [100.0, -100.0, 0.0], [20.0, 0.0, -20.0], [5.0, 5.0, 5.0]]
    rows += [[-1e30, -1e30, -1e30], [0.0, -0.0, -88.0], [1e-8, 0.0, -1e-8]]
    shapes = [((), 0), ((7,), 0), ((2, 33), 1), ((5, 3), 0), ((2, 3, 4), 1)]
    shapes += [((2, 3, 4), -1), ((2, 3, 4), -3), ((3, 1), 1), ((0, 3), 1), ((2, 0), 1)]
    inputs = [(torch.tensor(rows), 1), *[(randn(*s) * 3, dim) for s, dim in shapes]]
    for x, dim in inputs:
        for op, fn, scale in (
            ("softmax", F.softmax, of_softmax),
            ("log_softmax", F.log_softmax, of_log_softmax),
        ):
            some = scale(dim) if x.numel() else None
            yield case(op, lambda t, fn=fn: fn(t, dim), [x], some, dim=dim)


def classified(op, x, target, **args):
    """The target is an argument, as it may be an array."""
    fn = getattr(F, op)
    if op == "cross_entropy":
        scale = of_cross_entropy(target, **args)
    else:
        scale = of_addends(lambda t: F.nll_loss(-t, target, **args))
    encoded = enc(target)
    made = case(op, lambda t: fn(t, target, **args), [x], scale, **args)
    return {**made, "target": encoded}


def class_loss_cases():
    shapes = [(5,), (1,), (7,), (4, 7), (1, 1), (2, 33), (2, 3, 4), (2, 4, 2, 1)]
    for op in ("cross_entropy", "nll_loss"):
        for shape in shapes:
            classes = shape[0] if len(shape) == 1 else shape[1]
            kept = () if len(shape) == 1 else (shape[0], *shape[2:])
            every = ("mean", "sum", "none")
            for reduction in every if shape in ((4, 7), (2, 3, 4)) else every[::2]:
                x, target = randn(*shape) * 2, randint(classes, kept)
                yield classified(op, x, target, reduction=reduction)
        for reduction in ("mean", "sum", "none"):
            some = torch.tensor([1, -100, 0, 2, -100])
            yield classified(op, randn(5, 3), some, reduction=reduction)
            one = torch.tensor([0, 2, 2, 1])
            args = {"ignore_index": 2, "reduction": reduction}
            yield classified(op, randn(4, 3), one, **args)
            yield classified(op, randn(4, 3), one * 0 + 2, **args)
            yield classified(op, randn(3), torch.tensor(-100), reduction=reduction)
            grid = torch.tensor([[0, 1, 1], [1, 0, 1]])
            args = {"ignore_index": 0, "reduction": reduction}
            yield classified(op, randn(2, 2, 3), grid, **args)
            yield classified(op, randn(2, 2, 3, 1), grid[..., None] * 0, **args)
            args = {"ignore_index": -1, "reduction": reduction}
            yield classified(op, randn(2, 3), torch.tensor([-1, 2]), **args)
    rows = [[1e30, 0.0, -1e30], [100.0, -100.0, 0.0], [-INF, 0.0, 1.0]]
    for target in ([0, 0, 1], [1, 1, 2]):
        for reduction in ("none", "sum"):
            x = torch.tensor(rows)
            yield classified(
                "cross_entropy", x, torch.tensor(target), reduction=reduction
            )


class Reduced:
    """A loss with its reduction."""

    def __init__(self, loss, reduction):
        self.loss, self.reduction = loss, reduction

    def __call__(self, *tensors):
        return self.loss(*tensors, reduction=self.reduction)


class WithTarget:
    """binary_cross_entropy_with_logits; in float64 by the formula that loses nothing."""

    def __init__(self, target, reduction):
        self.target, self.reduction = target, reduction

    def __call__(self, x):
        t = self.target
        if x.dtype == torch.float32:
            loss = F.binary_cross_entropy_with_logits
            return loss(x, t, reduction=self.reduction)
        loss = x.clamp(min=0) - x * t + (-x.abs()).exp().log1p()
        return loss if self.reduction == "none" else getattr(loss, self.reduction)()


def pair_loss_cases():
    for reduction in ("mean", "sum", "none"):
        loss = Reduced(F.mse_loss, reduction)
        for a, b in (((4, 5), (4, 5)), ((2, 3), (3,)), ((3, 1), (1, 4)), ((), (2,))):

            def squares(x, y, loss=loss):
                return loss(x, -y)

            tensors = [randn(*a), randn(*b)]
            scale = of_addends(squares)
            yield case("mse_loss", loss, tensors, scale, reduction=reduction)
        # PyTorch subtracts its logsigmoid from (1 - t) x: 0 for x = -30, t = 0.
        op = "binary_cross_entropy_with_logits"
        x = torch.tensor([[1e30, -1e30, 1000.0], [-1000.0, 30.0, -30.0], [0.5, 0.125, 2]])
        for target in (torch.zeros(3, 3), torch.ones(3, 3), torch.rand(3, 3) * 0 + 0.25):
            loss = WithTarget(target, reduction)
            if reduction != "none":
                x = x.clamp(-1e6, 1e6)
            slack = 1e-7 if reduction == "none" else 0
            args = {"slack": slack, "reduction": reduction}
            made = case(op, loss, [x], of_bce, **args)
            yield {**made, "target": enc(target)}


def similarity_cases():
    for a, b, dim in (
        ((4, 5), (4, 5), 1),
        ((4, 5), (4, 5), 0),
        ((4, 17), (17,), -1),
        ((2, 3, 4), (2, 3, 4), 1),
        ((3, 1, 5), (4, 5), 2),
        ((6,), (6,), 0),
    ):

        def fn(x, y, dim=dim):
            return F.cosine_similarity(x, y, dim)

        scale = of_cosine(dim, 1e-8)
        yield case("cosine_similarity", fn, [randn(*a), randn(*b)], scale, dim=dim)

    x, y = randn(5, 3), randn(5, 3)
    x[1], y[2], x[3] = 0, 0, 1e-5
    x[4] = y[4] * 2
    for eps in (1e-8, 1e-3, 1.0):

        def fn(x, y, eps=eps):
            return F.cosine_similarity(x, y, 1, eps)

        scale = of_cosine(1, eps)
        yield case("cosine_similarity", fn, [x, y], scale, dim=1, eps=eps)

    for p in (1.0, 2.0, 3.0, INF, 0.5, 2.5, -1.0, 0.0):
        usual = p in (1, 2, 3, INF)
        shapes = (((5, 3), 1), ((5, 3), 0), ((2, 2, 3), -1), ((9,), 0))
        for shape, dim in shapes[0 if usual else 2 :]:
            for eps in (1e-12, 2.0) if shape == (5, 3) else (1e-12,):
                x = randn(*shape)
                if shape == (5, 3):
                    x[1] = 0
                    x[2] = torch.tensor([1.5, -1.5, 0.0])
                    x[3] *= 1e-3

                def fn(x, p=p, dim=dim, eps=eps):
                    return F.normalize(x, p, dim, eps)

                scale = of_normalize(p, dim, eps)
                yield case("normalize", fn, [x], scale, p=p, dim=dim, eps=eps)

    # The next row begins with the norm of this one.
    alike = torch.tensor([[2.0, -2.0, 1.0], [2.0, 1.0, 2.0], [-1.0, 1.0, 1.0]])
    odd = torch.tensor([[NAN, 1.0, NAN], [1e30, -1e-30, 1.0], [0.0, 0.0, 0.0]])
    for p in (INF, -INF):
        for x in (alike, odd):

            def fn(x, p=p):
                return F.normalize(x, p)

            yield case("normalize", fn, [x], of_normalize(p, 1, 1e-12), p=p)


def maximum_cases():
    ties = torch.tensor([[1.0, 3.0, 3.0], [-0.0, 0.0, -1.0], [2.0, 2.0, 2.0]])
    odd = torch.tensor([[NAN, 1.0, NAN], [INF, -INF, INF], [-INF, -INF, -INF]])
    whole = torch.tensor([[5, -7, 5], [-(2**31), 2**31 - 1, 0]]).int()
    shapes = ((), (1,), (9,), (3, 4), (2, 3, 4))
    inputs = [ties, odd, odd[1:], whole, *[randn(*shape) for shape in shapes]]
    for x in inputs:
        some = None if x.dtype == torch.int32 else itself
        yield case("max", lambda t: t.max(), [x], some)
        yield case("argmax", lambda t: t.argmax(), [x])
        for dim in range(-1, max(x.ndim, 1)):
            args = {"dim": dim, "keepdim": dim == 1}
            yield case("max_values", lambda t, a=args: t.max(**a).values, [x], **args)
            yield case("max_indices", lambda t, a=args: t.max(**a).indices, [x], **args)
            yield case("argmax", lambda t, a=args: t.argmax(**a), [x], **args)
    for dim in (0, 1):
        empty = randn(0, 3) if dim else randn(3, 0)
        yield case("argmax", lambda t, dim=dim: t.argmax(dim), [empty], dim=dim)


def joined_cases():
    for shapes, dim in (
        (((2, 3), (1, 3), (4, 3)), 0),
        (((2, 3), (2, 1)), 1),
        (((2, 3), (2, 5)), -1),
        (((2, 2, 3), (2, 1, 3), (2, 4, 3)), 1),
        (((2, 2, 3), (1, 2, 3)), -3),
        (((3,), (1,), (0,)), 0),
        (((2, 3), (0, 3)), 0),
        (((4, 1),), 0),
    ):

        def fn(*tensors, dim=dim):
            return torch.cat(tensors, dim)

        yield case("cat", fn, [randn(*shape) for shape in shapes], dim=dim)
        ints = [randint(100, shape).int() for shape in shapes]
        yield case("cat", fn, ints, dim=dim)
    x = randn(2, 3)
    yield case("cat", lambda a, b: torch.cat((a, b)), [x, x + 1], dim=0)


def integer_cases():
    low, high = -(2**31), 2**31 - 1
    edges = torch.tensor([low, high, -1, 0, 46341, 123456789, -7, 16777217]).int()
    other = torch.tensor([-1, 1, low, low, 46341, 987654321, 2, 1]).int()
    small = torch.tensor([[3], [-4]]).int()
    ops = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}
    for op, fn in ops.items():
        yield case(op, fn, [edges, other])
        yield case(op, fn, [small, other])
        yield case(op, fn, [small, torch.tensor(5).int()])
        for number in (3, -1, high):

            def by_number(x, fn=fn, number=number):
                return fn(x, number)

            yield case(op, by_number, [edges], other=number)
        # With float32, whose gradient is the only one.
        yield case(op, fn, [edges, randn(8)])
        yield case(op, fn, [randn(8), edges[edges != 0].repeat(2)[:8]])
        yield case(op, fn, [randn(2, 3), torch.tensor([1, -2, 3]).int()])
        absolute = torch.add if op == "sub" else fn
        size = small.abs().double()
        scale = of_addends(lambda y, f=absolute, size=size: f(size, y))
        yield case(op, fn, [small, randn(3)], scale, sums=(0,))


def broadcast_cases():
    pairs = [((1,), (5,)), ((3, 1, 2), (4, 1)), ((2, 1), (2, 5)), ((1, 1, 1), (2, 3))]
    pairs += [((2, 3), (1, 3)), ((0,), (1,)), ((2, 0, 3), (3,)), ((9,), (4, 9))]
    ops = {
        "add": (torch.add, of_addends(torch.add)),
        "sub": (torch.sub, of_addends(torch.add)),
        "mul": (torch.mul, of_addends(torch.mul)),
        "div": (torch.div, of_div),
    }
    for op, (fn, scale) in ops.items():
        for a, b in pairs:
            yield case(op, fn, [randn(*a), randn(*b)], scale)


def reduction_cases():
    for op in ("sum", "mean"):
        for shape, dim, keepdim in (
            ((33, 3), [0], False),
            ((3, 33), [1], True),
            ((2, 3, 4, 2), [1, 3], False),
            ((2, 3, 4, 2), [-1, 0], True),
            ((2, 3, 4, 2), [2], False),
            ((2, 3, 4), [], False),
            ((5,), [0], False),
            ((), [0], False),
            ((2, 0), [1], False),
            ((0, 3), [1], True),
            ((0,), None, False),
            ((1, 300), [1], False),
        ):
            args = {} if dim is None else {"dim": dim, "keepdim": keepdim}
            if dim == [] and op == "mean":
                continue  # Other grad_fn name than sum's, the same as all dims.

            def fn(x, op=op, args=args):
                return getattr(torch, op)(x, **args)

            yield case(op, fn, [randn(*shape)], of_addends(fn), **args)


def product_cases():
    for a, b in (
        ((5,), (5,)),
        ((1,), (1,)),
        ((3, 4), (4,)),
        ((4,), (4, 3)),
        ((2, 3, 4), (4,)),
        ((3,), (2, 3, 4)),
        ((3, 1), (1, 5)),
        ((5, 9), (9, 6)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (5, 4, 2)),
        ((1, 33), (33, 1)),
        ((33, 1), (1, 7)),
        ((2, 0), (0, 3)),
        ((0, 2), (2, 3)),
    ):
        fn = torch.matmul
        yield case("matmul", fn, [randn(*a), randn(*b)], of_addends(fn))
    for x, weight, bias in (
        ((3, 4), (5, 4), (5,)),
        ((4,), (5, 4), (5,)),
        ((2, 3, 4), (5, 4), (5,)),
        ((2, 3, 4), (5, 4), None),
        ((0, 4), (5, 4), (5,)),
        ((2, 17), (1, 17), (1,)),
    ):
        tensors = [randn(*shape) for shape in (x, weight, bias) if shape]
        yield case("linear", F.linear, tensors, of_addends(F.linear))


def view_cases():
    swaps = [((2, 3, 4, 5), 1, 3), ((3, 4), 1, -2), ((2, 3), 0, 0), ((4,), 0, -1)]
    for shape, a, b in swaps:

        def fn(x, a=a, b=b):
            return x.transpose(a, b)

        yield case("transpose", fn, [randn(*shape)], dim0=a, dim1=b)
        yield case("transpose", fn, [randint(99, shape).int()], dim0=a, dim1=b)
    shapes = [((4, 3), [2, -1]), ((2, 0), [0, 5]), ((6,), [1, 2, 3, 1]), ((2, 3), [6])]
    for shape, to in shapes:
        yield case("reshape", lambda x, to=to: x.reshape(to), [randn(*shape)], shape=to)
    for shape, dim, start, length in (
        ((5, 3), 0, 1, 3),
        ((5, 3), 1, -2, 2),
        ((2, 3, 4), 1, 1, 1),
        ((2, 3, 4), -1, 0, 4),
        ((5,), 0, 5, 0),
    ):
        args = {"dim": dim, "start": start, "length": length}
        yield case("narrow", lambda x, a=args: x.narrow(**a), [randn(*shape)], **args)
    for values, classes in (([2, 0, 2], -1), ([[1], [0]], 2), (0, 1), ([[0, 4, 1]], 6)):
        index = torch.tensor(values)

        def fn(x, classes=classes):
            return F.one_hot(x.long(), classes)

        yield case("one_hot", fn, [index], num_classes=classes)


def unpadded(shape, lengths, batch_first, integers=False):
    """One result for each length; PyTorch transposes its input, so it gets a copy."""
    padded = randint(99, shape).int() if integers else randn(*shape)
    leaf = padded.clone() if integers else padded.clone().requires_grad_()
    outs = unpad_sequence(leaf.clone(), torch.tensor(lengths), batch_first)
    grads = [] if integers else [randn(*out.shape) for out in outs]
    if grads:
        torch.autograd.backward(outs, grads)
    return {
        "op": "unpad_sequence",
        "args": {"lengths": lengths, "batchFirst": batch_first},
        "inputs": [enc(padded)],
        "outs": [enc(out) for out in outs],
        "grad_fns": [out.grad_fn.name() if out.grad_fn else None for out in outs],
        "grad_outs": [enc(grad) for grad in grads],
        "grads": [None if leaf.grad is None else enc(leaf.grad)],
    }


def unpad_cases():
    for lengths in ([4, 2, 1], [1, 0, 3], [4, 4, 4]):
        yield unpadded((3, 4), lengths, True)
        yield unpadded((4, 3), lengths, False)
        yield unpadded((3, 4, 2), lengths, True)
        yield unpadded((4, 3, 2), lengths, False)
    yield unpadded((2, 5), [5, 3], True, integers=True)
    yield unpadded((5, 2), [5, 3], False, integers=True)


# ---- printing ----

# x is 2 x 3 and a leaf, i its integer parts, target = [2, 0].
PRINTS = """
x.relu()
F.relu(x)
x.tanh()
F.tanh(x)
x.sigmoid()
F.sigmoid(x)
F.logsigmoid(x)
F.softmax(x, dim=1)
F.softmax(x, dim=0)
F.log_softmax(x, dim=-1)
F.cross_entropy(x, target)
F.cross_entropy(x, target, reduction="none")
F.cross_entropy(x[0], target[0])
F.cross_entropy(x[None], target[:1, None].expand(1, 3) * 0)
F.cross_entropy(x, target * 0 - 100)
F.nll_loss(x, target)
F.nll_loss(x, target, reduction="sum")
F.mse_loss(x, x.detach() * 2)
F.mse_loss(x, x.detach() * 2, reduction="none")
F.binary_cross_entropy_with_logits(x, torch.ones(2, 3))
F.binary_cross_entropy_with_logits(x, torch.ones(2, 3), reduction="sum")
F.binary_cross_entropy_with_logits(x, torch.ones(2, 3), reduction="none")
F.cosine_similarity(x, torch.ones(3))
F.cosine_similarity(x, torch.ones(2, 3), dim=0)
F.normalize(x)
F.normalize(x, p=1, dim=0)
F.normalize(x, p=INF)
F.linear(x, torch.ones(2, 3), torch.ones(2))
F.linear(x, torch.ones(2, 3))
F.linear(x[0], torch.ones(2, 3), torch.ones(2))
F.linear(x[None], torch.ones(2, 3), torch.ones(2))
x.max()
x.max(1).values
x.max(1).indices
x.max(0, keepdim=True).values
x.argmax()
x.argmax(1)
x.argmax(1, keepdim=True)
torch.cat([x, x])
torch.cat([x, x], dim=1)
torch.cat([i, i])
x + i
x - i
x * i
x / i
i + i
i - i
i * i
i / i
i * 2
i + 1
i / 2
x @ torch.ones(3)
torch.ones(2) @ x
x[0] @ torch.ones(3)
x[None] @ torch.ones(3)
torch.ones(2) @ x[None]
x.sum([0, 1])
x.mean(0)
x.sum(1, keepdim=True)
x.transpose(0, 1)
x.reshape(3, 2)
x.narrow(1, 1, 2)
x[1]
unpad_sequence(x, torch.tensor([2, 1]), True)[1]
"""


def print_case(what):
    x = [[1.5, -2.0, 0.25], [3.0, -0.5, 1.0]]
    scope = {"torch": torch, "F": F, "INF": INF, "unpad_sequence": unpad_sequence}
    scope["x"] = torch.tensor(x, requires_grad=True)
    scope["i"] = torch.tensor([[1, -2, 3], [4, 5, -6]]).int()
    scope["target"] = torch.tensor([2, 0])
    out = eval(what, scope)
    if out.dtype == torch.int64:
        out = out.int()
    return {"print": what, "text": str(out)}


# ---- errors ----

# w is 3 x 2 and a leaf, x = torch.ones(2, 3, 4).
ERRORS = """
F.softmax(w, dim=2)
F.softmax(w, dim=-3)
F.log_softmax(w, dim=2)
F.softmax(w)
F.log_softmax(w)
F.softmax(w.int(), dim=0)
F.log_softmax(w.int(), dim=0)
F.softmax(w, dim="0")
F.logsigmoid(w.int())
F.cross_entropy(w, torch.tensor([0, 1, 5]))
F.cross_entropy(w, torch.tensor([0, 1, -1]))
F.cross_entropy(w, torch.tensor([0, -1, 5]), ignore_index=-1)
F.cross_entropy(w, torch.tensor([0, 1]))
F.cross_entropy(w, torch.tensor([[0, 1, 1]]))
F.cross_entropy(w, torch.tensor([0.0, 1.0, 1.0]))
F.cross_entropy(w[0], torch.tensor(2))
F.cross_entropy(w[0, 0], torch.tensor(0))
F.cross_entropy(w.int(), torch.tensor([0, 1, 1]))
F.cross_entropy(w, torch.tensor([0, 1, 1]), reduction="x")
F.cross_entropy(w, torch.tensor([0, 1, 1]), ignore_index=0.5)
F.cross_entropy(torch.zeros(3, 0), torch.zeros(3).long())
F.cross_entropy(x, torch.zeros(2, 3).long())
F.cross_entropy(x, torch.full((2, 4), 7))
F.cross_entropy(x, torch.zeros(3, 4).long())
F.nll_loss(w, torch.tensor([0, 1, 5]))
F.nll_loss(w, torch.tensor([0, 1, -1]))
F.nll_loss(w, torch.tensor([0, 1]))
F.nll_loss(w, torch.tensor([0.0, 1.0, 1.0]))
F.nll_loss(w[0, 0], torch.tensor(0))
F.nll_loss(w.int(), torch.tensor([0, 1, 1]))
F.nll_loss(w, torch.tensor([0, 1, 1]), reduction="x")
F.nll_loss(x, torch.zeros(2, 5).long())
F.nll_loss(x, torch.full((2, 4), 7))
F.mse_loss(w, torch.zeros(3))
F.mse_loss(w, torch.zeros(3, 2), reduction="x")
F.mse_loss(w.int(), torch.zeros(3, 2).int())
F.binary_cross_entropy_with_logits(w, torch.zeros(3, 2).int())
F.cosine_similarity(w, torch.ones(3))
F.cosine_similarity(w, torch.ones(3, 2), dim=2)
F.cosine_similarity(w[0], torch.ones(2))
F.cosine_similarity(w.int(), torch.ones(3, 2).int())
F.normalize(w, dim=2)
F.normalize(w[0])
F.normalize(w.int())
F.normalize(w, p="2")
w.max(2)
w.argmax(2)
torch.zeros(0).max()
torch.zeros(0, 3).max(0)
torch.zeros(3, 0).max(1)
torch.zeros(0).argmax()
torch.zeros(0, 3).argmax(0)
torch.cat([])
torch.cat([w, 5])
torch.cat(w)
torch.cat([w, torch.ones(2, 3)])
torch.cat([w, torch.ones(2)])
torch.cat([w, torch.ones(3, 2)], 2)
torch.cat([torch.tensor(1.0), torch.tensor(2.0)])
torch.tensor([1, 2]).int().mean()
w.int() + torch.ones(5).int()
w @ torch.ones(3)
torch.ones(2) @ w
w @ torch.tensor(1.0)
torch.ones(2) @ torch.ones(3)
x @ torch.ones(5)
x @ torch.ones(3, 5)
F.linear(w, torch.ones(4, 3))
F.linear(w, torch.ones(4, 2), torch.ones(3))
x.transpose(0, 3)
x.reshape(5, -1)
x.narrow(3, 0, 1)
x.narrow(1, 2, 2)
x.sum(3)
x.mean((0, 0))
F.one_hot(torch.tensor([5]), 5)
F.one_hot(torch.tensor([-1]), 5)
"""


def functional_cases():
    yield from pointwise_cases()
    yield from softmax_cases()
    yield from class_loss_cases()
    yield from pair_loss_cases()
    yield from similarity_cases()
    yield from maximum_cases()
    yield from joined_cases()
    yield from integer_cases()
    yield from broadcast_cases()
    yield from reduction_cases()
    yield from product_cases()
    yield from view_cases()
    yield from unpad_cases()
    for what in PRINTS.strip().splitlines():
        yield print_case(what)
    for what in ERRORS.strip().splitlines():
        yield {**error_case("x = torch.ones(2, 3, 4); " + what), "what": what}


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.set_printoptions(profile="default")
    torch.sparse.check_sparse_tensor_invariants.disable()
    warnings.filterwarnings("ignore", "Using a target size")
    print(f"torch {torch.__version__}")
    write("functional", functional_cases)
