"""PyTorch's twin of examples/skip-gram/model.ts, on batches made beforehand."""

import torch
import torch.nn.functional as F
from torch import nn, optim


def skip_gram(r, sparse):
    """One pass over all batches, and what the two tables hold after it.

    r["input"]: the table of centers [V, D] in float32; centers [batches, N] and targets [batches, N, targets] in int32.
    """
    rows, dim, n, batches, targets = (r[key] for key in ("V", "D", "N", "batches", "targets"))
    table = torch.frombuffer(bytearray(r["input"][: 4 * rows * dim]), dtype=torch.float32)
    words = torch.frombuffer(bytearray(r["input"][4 * rows * dim :]), dtype=torch.int32).long()
    centers, contexts = words.split([batches * n, batches * n * targets])
    center = nn.Embedding.from_pretrained(table.view(rows, dim), freeze=False, sparse=sparse)
    context = nn.Embedding.from_pretrained(torch.zeros(rows, dim), freeze=False, sparse=sparse)
    labels = torch.zeros(n, targets, 1)
    labels[:, 0] = 1
    sgd = optim.SGD([center.weight, context.weight], lr=r["lr"])
    pairs = list(zip(centers.view(batches, n), contexts.view(batches, n, targets), strict=True))

    def run():
        for chosen, others in pairs:
            scores = context(others) @ center(chosen).unsqueeze(2)
            loss = F.binary_cross_entropy_with_logits(scores, labels, reduction="sum")
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            loss.item()

    def outputs():
        run()
        return [center.weight, context.weight]

    return run, outputs
