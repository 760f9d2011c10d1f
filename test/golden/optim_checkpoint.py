"""PyTorch's optimizers stopped and resumed: python3 test/golden/optim_checkpoint.py, with torch 2.13.

Writes optim_checkpoint.json beside itself. A case trains parameters for a few steps, writes `weights` and `state_dict`
down, goes on with `grads` (for each step one a parameter, null for none) and writes `after`, the weights at the end.
The first two parameters are one group, the third is another. A sparse tensor is {"indices", "values"}.
"""

import torch
from generate import enc, grad_json, randn, sparse_grad, write
from torch import nn, optim

BEFORE, AFTER = 4, 5


def encoded(value):
    """A state_dict for JSON: tensors as elsewhere, tuples as lists."""
    if isinstance(value, torch.Tensor):
        return grad_json(value)
    if isinstance(value, dict):
        return {key: encoded(x) for key, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(x) for x in value]
    return value


def checkpoint(kind, groups, options=None, sparse=False, skip=None, schedule=False):
    """`skip` is a parameter that never gets a gradient."""
    shapes = [(6, 5), (4, 3), (7, 2)] if sparse else [(6, 5), (3,), (7, 2)]
    params = [nn.Parameter(randn(*shape)) for shape in shapes]
    parts = [params[:2], params[2:]]
    given = [
        {"params": part, **group} for part, group in zip(parts, groups, strict=True)
    ]
    optimizer = getattr(optim, kind)(given, **(options or {}))
    if schedule:
        optim.lr_scheduler.StepLR(optimizer, 2)

    def step():
        grads = []
        for i, param in enumerate(params):
            grad = sparse_grad(param.shape, 3 + i) if sparse else randn(*param.shape)
            grads.append(None if i == skip else grad)
            param.grad = None if i == skip else grad.clone()
        optimizer.step()
        return [None if grad is None else grad_json(grad) for grad in grads]

    for _ in range(BEFORE):
        step()
    weights = [enc(param) for param in params]
    state_dict = encoded(optimizer.state_dict())
    grads = [step() for _ in range(AFTER)]
    return {
        "optimizer": kind,
        "sparse": sparse,
        "weights": weights,
        "state_dict": state_dict,
        "grads": grads,
        "after": [enc(param) for param in params],
    }


def cases():
    momentum = {"lr": 0.01, "momentum": 0.9}
    slow = {"lr": 0.003, "momentum": 0.5, "dampening": 0.5}
    yield checkpoint("SGD", [{}, {"lr": 0.1}])
    yield checkpoint("SGD", [{**momentum, "nesterov": True}, slow])
    yield checkpoint("SGD", [momentum, {"weight_decay": 0.1}], slow, skip=1)
    yield checkpoint("SGD", [momentum, slow], sparse=True)
    yield checkpoint("SGD", [momentum, {"lr": 0.1}], sparse=True, schedule=True)
    decaying = {"lr": 0.1, "lr_decay": 0.5}
    yield checkpoint("Adagrad", [decaying, {"weight_decay": 0.1}])
    yield checkpoint("Adagrad", [decaying, {"eps": 1e-3}], sparse=True)
    start = {"initial_accumulator_value": 0.5}
    yield checkpoint("Adagrad", [decaying, {"maximize": True}], start, skip=2)
    amsgrad = {"amsgrad": True, "lr": 0.1}
    yield checkpoint("Adam", [{"lr": 0.01}, {"lr": 0.1, "betas": (0.5, 0.9)}])
    yield checkpoint("Adam", [amsgrad, {"weight_decay": 0.1}], {"eps": 1e-3})
    yield checkpoint("Adam", [{"lr": torch.tensor(0.01)}, {"maximize": True}], skip=1)
    decoupled = {"decoupled_weight_decay": True, "weight_decay": 0.1}
    yield checkpoint("Adam", [decoupled, {"lr": 0.1}], schedule=True)
    yield checkpoint("AdamW", [{"lr": 0.01}, {"lr": 0.1, "weight_decay": 0.5}])
    yield checkpoint("AdamW", [amsgrad, {"maximize": True}])
    wide = {"lr": 0.1, "betas": (0.5, 0.9)}
    yield checkpoint("SparseAdam", [{"lr": 0.01}, wide], sparse=True)
    yield checkpoint("SparseAdam", [wide, {"maximize": True}], sparse=True, skip=0)


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.sparse.check_sparse_tensor_invariants.disable()
    write("optim_checkpoint", cases)
