"""PyTorch's answers about bags.

    python3 test/golden/bag.py

writes bag.json beside itself (torch 2.13 on CPU); generate.py says how tensors are
written. A case is a table with its calls. Every answer is PyTorch's, but PyTorch has
more than one: what its code paths do, found by comparing them with plain loops.

    forward   sum: acc = f32(acc + row) in index order; with weights fma(row, w, acc),
              but f32(acc + f32(row * w)) as soon as there is a padding row. Here it is
              always the first: the same bags are asked for without their padding.
              mean: that sum / f32(how many are not padding). max: the first of equals.
    gradient  dense: grad = fma(grad_out, f32(w / count / size), grad), the fraction in
              double, in the order of indices.sort(), which is that of the indices up to
              16 of them and none in particular above: `exact` is false there, except
              for plain sums, where F.embedding adds the same rows in index order.
              sparse: f32(grad_out * f32(1 / size)), f32(grad_out * w). max: bag by bag.
    by freq   2.13 looks up the wrong row's count, and refuses sparse gradients. As long
              as all counts are equal it is right, and then the same to the bit as a sum
              with the weights f32(w / count / size). That sum is asked for instead;
              with weights of its own it is `exact` to a rounding of that fraction.
    width 0   throws where there are offsets; (3, 0) throws too: not asked for.

"weighted mean" is what PyTorch lacks: F.embedding and a reduction, in double.
"""

import math
import re
from itertools import cycle, islice

import torch
import torch.nn.functional as F
from generate import INF, camel, enc, number, randint, randn, write

DIMS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 300)
ROWS = 7
MOST_BAGS = 6


class Bags:
    """Indices in one of the forms that embedding_bag takes: `rows` is (B, L); `lengths`
    of bags make offsets, with the end too if `last`."""

    def __init__(self, rows=None, lengths=None, last=False):
        self.rows, self.last = rows, last
        self.lengths = [rows[1]] * rows[0] if lengths is None else lengths
        self.total = sum(self.lengths)
        sizes = torch.tensor(self.lengths, dtype=torch.long)
        self.bag = torch.arange(len(sizes)).repeat_interleave(sizes)

    def ends(self):
        return torch.tensor([0, *self.lengths]).cumsum(0)

    def fill(self, padding):
        """Random indices; some are padding, and all of the first bag that has any."""
        index = randint(ROWS, (self.total,))
        if padding is not None:
            index[randint(4, (self.total,)) == 0] = padding
            if self.total > 0 and self.total % 2 == 1:
                index[self.bag == self.bag[0]] = padding
        return index

    def call(self, index, weight, weights=None, **options):
        if self.rows is None:
            offsets = self.ends() if self.last else self.ends()[:-1]
            options |= {"offsets": offsets, "include_last_offset": self.last}
        else:
            index = index.view(self.rows)
            weights = weights if weights is None else weights.view(self.rows)
        return F.embedding_bag(index, weight, per_sample_weights=weights, **options)

    def without(self, keep):
        """The same bags with fewer entries."""
        lengths = torch.bincount(self.bag[keep], minlength=len(self.lengths))
        return Bags(lengths=lengths.tolist())


def close(a, b):
    assert torch.allclose(a, b, rtol=1e-4, atol=1e-4), (a, b)


def scales(bags, index, keep, mode, weights, freq):
    """weight / count / size of every entry, in double."""
    scale = torch.ones(bags.total).double()
    if weights is not None:
        scale = weights.detach().double()
    if freq:
        scale = scale / torch.bincount(index, minlength=ROWS)[index]
    if mode == "mean":
        sizes = torch.bincount(bags.bag[keep], minlength=len(bags.lengths))
        scale = scale / sizes.clamp(min=1)[bags.bag]
    return scale


def call_case(weight, grad_out, bags, mode, pad, weighted, frozen, freq, sparse, **more):
    padding = None if pad is None else pad % ROWS
    index = bags.fill(padding)
    keep = index != (-1 if padding is None else padding)
    weights = randn(bags.total).requires_grad_() if weighted else None
    grad_out = grad_out[: len(bags.lengths)]
    table = weight.clone().requires_grad_(not frozen)
    options = {"mode": mode, "padding_idx": pad, **more}
    kind = {} if mode == "max" else {"sparse": sparse}
    out = bags.call(index, table, weights, **options, **kind)
    if out.requires_grad:
        out.backward(grad_out)
    after = table.detach()

    if weighted and padding is not None:
        same = bags.without(keep).call(index[keep], after, weights[keep], mode=mode)
        close(out, same)
        out = same
    if freq:
        scale = scales(bags, index, keep, mode, weights, freq).float()
        table.grad = None
        same = {"mode": "sum", "padding_idx": pad, "sparse": sparse}
        bags.call(index, table, scale, **same).backward(grad_out)

    case = {
        "mode": mode,
        "rows": bags.rows,
        "input": enc(index if bags.rows is None else index.view(bags.rows)),
        "lengths": bags.lengths,
        "last": bags.last,
        "padding_idx": pad,
        "weights": None if weights is None else enc(weights),
        "frozen": frozen,
        "scale_grad_by_freq": freq,
        "sparse": sparse,
        "out": enc(out),
        "weights_grad": None if weights is None else enc(weights.grad),
    }
    if "max_norm" in more:
        case |= {
            "max_norm": more["max_norm"],
            "norm_type": number(more["norm_type"]),
            "weight_after": enc(after),
        }
    if frozen:
        return case
    if table.grad.is_sparse:
        grad = table.grad
        values = {"indices": enc(grad._indices()), "values": enc(grad._values())}
        return case | {"exact": not freq, **values}
    grad = table.grad
    exact = torch.equal(index.sort()[1], index.sort(stable=True)[1])
    exact = exact and not (weighted and freq)
    if not exact and mode == "sum" and not weighted and not freq:
        skip = -1 if padding is None else padding
        one = grad_out[bags.bag]
        grad = torch.ops.aten.embedding_dense_backward(one, index, ROWS, skip, False)
        close(grad, table.grad)
        exact = True
    return case | {"exact": exact or mode == "max", "grad": enc(grad)}


FORMS = (
    Bags(rows=(3, 4)),
    Bags(lengths=[3, 0, 2, 1]),
    Bags(lengths=[2, 3, 0], last=True),
    Bags(rows=(1, 1)),
    Bags(lengths=[0, 0]),
    Bags(rows=(0, 3)),
    Bags(lengths=[1]),
    Bags(lengths=[0, 5, 1, 0, 2, 3]),
    Bags(lengths=[2], last=True),
    Bags(lengths=[]),
    Bags(rows=(2, 5)),
    Bags(lengths=[], last=True),
    Bags(lengths=[7, 9]),
    Bags(lengths=[30, 0, 50, 20], last=True),
    Bags(rows=(5, 20)),
    Bags(lengths=[1, 1, 1, 1, 1, 1]),
    Bags(rows=(2, 1)),
)

# weighted, frozen, by frequency, sparse
PLAIN = ("sum", False, False, False, False)
KINDS = (
    PLAIN,
    ("mean", False, False, False, False),
    ("max", False, False, False, False),
    ("sum", True, False, False, False),
    ("sum", False, False, False, True),
    ("mean", False, False, True, False),
    ("max", False, False, False, True),
    ("sum", True, True, False, False),
    ("mean", False, False, False, True),
    ("sum", True, False, False, True),
    ("sum", True, False, True, False),
    ("mean", False, False, True, True),
    ("sum", False, False, True, False),
    ("mean", False, True, False, False),
)
PADS = (None, 0, None, -1, 3, None, -ROWS, ROWS - 1, None)


def table_of(dim):
    """Rows of different magnitudes, so that the order of additions shows."""
    return randn(ROWS, dim) * torch.exp2(randint(9, (ROWS, 1)) - 4.0)


def plain_cases():
    # Cycles of lengths without a common divisor, so that every pair of properties meets.
    plan = zip(cycle(FORMS), cycle(KINDS), cycle(PADS))
    for dim in DIMS:
        weight, grad_out = table_of(dim), randn(MOST_BAGS, dim)
        grad_out[0, ::3], grad_out[1, 1::2] = 0.0, -0.0
        calls = []
        for bags, kind, pad in islice(plan, {64: 5, 300: 3}.get(dim, 9)):
            mode, weighted, frozen, freq, sparse = kind
            args = (mode, pad, weighted, frozen, freq, sparse)
            calls.append(call_case(weight, grad_out, bags, *args))
        # Long bags too, whatever the plan gave them.
        calls.append(call_case(weight, grad_out, Bags(lengths=[33, 0, 40]), *plain(dim)))
        tensors = {"weight": enc(weight), "grad_out": enc(grad_out)}
        yield {"op": "embedding_bag", **tensors, "calls": calls}


def plain(dim):
    mode = ("sum", "mean", "max")[dim % 3]
    return mode, (None, 2)[dim % 2], False, False, False, False


def special_cases():
    """Zeros of both signs, infinities and NaN: what wins, what is kept."""
    rows = [[0.0, -0.0], [-0.0, 0.0], [math.nan, 1.0], [1.0, math.nan]]
    rows += [[INF, -INF], [-INF, INF], [-3.0, 3e38]]
    weight, grad_out = torch.tensor(rows), torch.ones(MOST_BAGS, 2)
    entries = [[0, 1], [1], [2, 3], [3, 2], [4, 5], [6, 6]]
    calls = []
    for mode in ("sum", "mean", "max"):
        table = weight.clone().requires_grad_()
        bags = Bags(lengths=[len(bag) for bag in entries])
        index = torch.tensor(sum(entries, []))
        out = bags.call(index, table, mode=mode)
        out.backward(grad_out)
        calls.append(
            {
                "mode": mode,
                "rows": None,
                "input": enc(index),
                "lengths": bags.lengths,
                "last": False,
                "padding_idx": None,
                "weights": None,
                "frozen": False,
                "scale_grad_by_freq": False,
                "sparse": False,
                "out": enc(out),
                "weights_grad": None,
                "exact": True,
                "grad": enc(table.grad),
            }
        )
    tensors = {"weight": enc(weight), "grad_out": enc(grad_out)}
    yield {"op": "embedding_bag", **tensors, "calls": calls}


def renorm_cases():
    limits = ((2.0, 1.0), (1.0, 1.5), (INF, 0.5), (0.5, 3.0), (3.0, 0.8))
    kinds = (PLAIN, KINDS[1], KINDS[2], KINDS[3], KINDS[4])
    plan = zip(cycle(limits), cycle(kinds), cycle(PADS[1:]), cycle(FORMS[:3]))
    for dim in (3, 8, 17, 33):
        weight, grad_out = randn(ROWS, dim), randn(MOST_BAGS, dim)
        weight *= torch.tensor([0.0, 0.01, 10.0, 1.0, 1.0, 100.0, 1.0])[:, None]
        calls = []
        for (p, max_norm), kind, pad, bags in islice(plan, 6):
            mode, weighted, frozen, freq, sparse = kind
            args = (mode, pad, weighted, frozen, freq, sparse)
            more = {"max_norm": max_norm, "norm_type": p}
            calls.append(call_case(weight, grad_out, bags, *args, **more))
        tensors = {"weight": enc(weight), "grad_out": enc(grad_out)}
        yield {"op": "renorm", **tensors, "calls": calls}


def weighted_mean_call(weight, grad_out, bags, pad, frozen, positive):
    """sum(w x) / sum(w) over what is not padding, with its gradients."""
    index = bags.fill(pad)
    weights = randn(bags.total)
    weights = (weights.abs() + 0.1 if positive else weights).requires_grad_()
    table = weight.double().requires_grad_()
    own = weights.double()
    rows = F.embedding(index, table) * own[:, None]
    keep = torch.ones(bags.total).bool() if pad is None else index != pad
    out = []
    for b in range(len(bags.lengths)):
        mine = (bags.bag == b) & keep
        total = own[mine].sum()
        out.append(rows[mine].sum(0) / (total if mine.any() else 1))
    out = torch.stack(out)
    out.backward(grad_out[: len(bags.lengths)].double())
    return {
        "mode": "mean",
        "rows": bags.rows,
        "input": enc(index if bags.rows is None else index.view(bags.rows)),
        "lengths": bags.lengths,
        "last": bags.last,
        "padding_idx": pad,
        "weights": enc(weights),
        "frozen": frozen,
        "scale_grad_by_freq": False,
        "sparse": False,
        "out": enc(out.float()),
        "weights_grad": enc(weights.grad),
        **({} if frozen else {"grad": enc(table.grad.float())}),
    }


def missing_cases():
    forms = (FORMS[0], FORMS[1], FORMS[2], FORMS[7], FORMS[6])
    plan = zip(cycle(forms), cycle((None, 3, None, 0)), cycle((False, True, False)))
    for dim in (1, 4, 9, 33):
        weight, grad_out = randn(ROWS, dim), randn(MOST_BAGS, dim)
        calls = []
        for i, (bags, pad, frozen) in enumerate(islice(plan, 5)):
            args = (bags, pad, frozen, i != 1)
            calls.append(weighted_mean_call(weight, grad_out, *args))
        tensors = {"weight": enc(weight), "grad_out": enc(grad_out)}
        yield {"op": "weighted mean", **tensors, "calls": calls}


def module_cases():
    """The module as it is made: its text, and its weight from a seed."""
    more = (
        {},
        {"mode": "sum"},
        {"mode": "max", "padding_idx": -1},
        {"padding_idx": 2, "sparse": True, "include_last_offset": True},
        {"max_norm": 2.0, "norm_type": 1.0, "scale_grad_by_freq": True, "mode": "sum"},
        {"max_norm": 0.5, "norm_type": INF, "padding_idx": 0},
    )
    for seed, options in enumerate(more):
        torch.manual_seed(seed)
        module = torch.nn.EmbeddingBag(ROWS, 5, **options)
        # Numbers are written as JavaScript has them: 2, where Python has 2.0.
        text = re.sub(r"(\d)\.0\b", r"\1", str(module))
        given = {"seed": seed, "options": camel(options)}
        weight = {"weight": enc(module.weight)}
        yield {"op": "module", **given, "text": text, **weight, "calls": []}


def cases():
    yield from module_cases()
    yield from plain_cases()
    yield from special_cases()
    yield from renorm_cases()
    yield from missing_cases()


if __name__ == "__main__":
    write("bag", cases)
