"""PyTorch's answers about packed tables and the rows nearest to a query.

    python3 test/golden/quantized.py

writes quantized.json beside itself (torch 2.13 on CPU); generate.py says how tensors are
written, bytes are base64. What torch.ops.quantized does, found by comparing bits:

    byte  a row is D bytes q, then float32 scale = f32((max - min) / 255) and bias = min;
          q = rint(f32(f32(x - min) * f32(255 / f32(max - min + 1e-8)))), so that rows
          that vary by less than about 1e-8 come out coarse. unpack is fma(q, scale, bias).
          The sign of a bias that is zero depends on the width of the CPU's vectors.
    4bit  D / 2 bytes, the even column low, then float16 scale and bias. bias = f16(min),
          scale = f16((max - bias) / 15), 1 where that is 0 or the range is 0;
          q = clamp(rint(f32(f32(x - bias) * f32(1 / scale))), 0, 15): a product, no quotient.
          q * scale is exact, so that unpack rounds once.
    bags  byte: acc = f32(acc + bias), acc = fma(q, scale, acc), with weights in both. `mode`
          is ignored: always a sum.
    A row with a NaN or an infinity, or one whose range float32 (or float16) cannot hold,
    is packed as nonsense; such rows are not asked for.
"""

import base64
import warnings

import torch
from generate import digest, enc, inputs, randint, randn, write
from torch.ao.nn import quantized as modules

DIMS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 130)
ROWS = 12
ops = torch.ops.quantized


def pack64(t):
    return base64.b64encode(t.contiguous().view(torch.uint8).numpy().tobytes()).decode()


def power(low, high, rows):
    return 2.0 ** (torch.rand(rows, 1, generator=inputs) * (high - low) + low)


def random_rows(dim, low, high):
    """Rows of different widths around different middles."""
    spread = power(low, high, ROWS) * randn(ROWS, dim)
    return spread + power(low, high, ROWS) * randn(ROWS, 1)


def ties(dim, least):
    """3 * scale lies halfway between two floats: the bias, next to nothing, decides."""
    scale = 1 + 2**-23
    return torch.tensor([(3 * scale, 255 * scale, least)[i % 3] for i in range(dim)])


def hard_rows(dim, largest):
    """Constant, zero, huge, tiny, subnormal, one step apart, far off, from next to nothing to one."""
    steps = torch.arange(dim) / max(dim - 1, 1)
    middle = torch.full((dim,), 1000.0)
    return torch.stack(
        [
            torch.full((dim,), -1.7),
            torch.zeros(dim),
            torch.full((dim,), largest),
            largest * 0.49 * torch.cos(6 * steps),
            1e-20 * torch.sin(9 * steps + 1),
            3e-42 * torch.sin(9 * steps + 1),
            torch.where(torch.arange(dim) % 3 == 1, torch.nextafter(middle, 2 * middle), middle),
            60000 + 7 * torch.sin(5 * steps),
            1e-30 + steps,
            ties(dim, -1e-20),
            ties(dim, 1e-20),
            1 + 1e-7 * torch.sin(9 * steps),
        ]
    ).float()


def pack_case(weight, packed, unpack, **more):
    case = {"op": "pack", "weight": enc(weight), "packed": pack64(packed), **more}
    return {**case, "unpacked": digest(unpack(packed).float())}


def pack_cases():
    for dim in DIMS:
        for weight in (random_rows(dim, -30, 12), hard_rows(dim, 3.38e38)):
            packed = ops.embedding_bag_byte_prepack(weight)
            yield pack_case(weight, packed, ops.embedding_bag_byte_unpack, kind="int8")
            packed = weight.bfloat16()
            yield pack_case(weight, packed, lambda p: p.float(), kind="bfloat16")
        for weight in (random_rows(dim, -22, 12), hard_rows(dim, 65504.0)):
            if dim % 2 == 0:
                packed = ops.embedding_bag_4bit_prepack(weight)
                yield pack_case(weight, packed, ops.embedding_bag_4bit_unpack, kind="int4")
            packed = weight.half()
            yield pack_case(weight, packed, lambda p: p.float(), kind="float16")


BAG_OPS = {
    "int8": (ops.embedding_bag_byte_prepack, ops.embedding_bag_byte_rowwise_offsets),
    "int4": (ops.embedding_bag_4bit_prepack, ops.embedding_bag_4bit_rowwise_offsets),
}


def bag_cases():
    for kind, (pack, bag) in BAG_OPS.items():
        for dim in (2, 4, 8, 16, 34, 64):
            for lengths in ([3, 0, 5, 1], [17, 90], [0]):
                for weighted in (False, True):
                    weight = random_rows(dim, -6, 3)
                    n = sum(lengths)
                    index = randint(ROWS, (n,))
                    offsets = torch.tensor([0, *lengths]).cumsum(0)
                    weights = randn(n) if weighted else None
                    args = {"per_sample_weights": weights, "include_last_offset": True}
                    yield {
                        "op": "bag",
                        "kind": kind,
                        "weight": enc(weight),
                        "index": enc(index),
                        "offsets": enc(offsets),
                        "weights": None if weights is None else enc(weights),
                        "out": enc(bag(pack(weight), index, offsets, **args)),
                    }


def scores(metric, table, queries):
    """In double: larger is nearer."""
    table, queries = table.double(), queries.double()
    if metric == "l2":
        return -torch.cdist(queries, table, compute_mode="donot_use_mm_for_euclid_dist")
    if metric == "cosine":
        table = table / table.norm(dim=1, keepdim=True)
        queries = queries / queries.norm(dim=1, keepdim=True)
    return queries @ table.T


def nearest_cases():
    for metric in ("cosine", "dot", "l2"):
        for rows, dim, count, k in ((300, 7, 5, 10), (300, 32, 6, 3), (20, 16, 1, 20)):
            table, queries = randn(rows, dim), randn(count, dim)
            values, indices = torch.topk(scores(metric, table, queries), k)
            gap = (values[:, :-1] - values[:, 1:]).min()
            assert gap > 1e-7, gap
            yield {
                "op": "nearest",
                "metric": metric,
                "k": k,
                "table": enc(table),
                "queries": enc(queries),
                "values": enc((values.abs() if metric == "l2" else values).float()),
                "indices": enc(indices),
            }


def word_cases():
    for dtype in (torch.quint8, torch.quint4x2):
        yield {"op": "text", "text": repr(modules.Embedding(10, 4, dtype=dtype))}
        yield {"op": "text", "text": repr(modules.EmbeddingBag(10, 4, dtype=dtype))}
    for what in (
        lambda: ops.embedding_bag_4bit_prepack(torch.zeros(2, 3)),
        lambda: torch.topk(torch.zeros(3), 4),
    ):
        try:
            what()
        except RuntimeError as error:
            yield {"op": "error", "text": str(error).splitlines()[0]}


def cases():
    yield from pack_cases()
    yield from bag_cases()
    yield from nearest_cases()
    yield from word_cases()


if __name__ == "__main__":
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    write("quantized", cases)
