"""PyTorch's learning rates over time: python3 test/golden/lr_scheduler.py, with torch 2.13.

Writes lr_scheduler.json beside itself. A case has groups that start from `lrs`, `schedulers` over them and `metrics` for
those that watch one. `expected` are the groups' learning rates from the start and after each of 50 steps, in which all
schedulers step in turn. `edits`: before step k a group's lr is set by hand, [k, group, lr]. After 20 steps `stopped` holds
the groups' lr and initial_lr and the schedulers' state dicts.
"""

import torch
from generate import camel, number, write
from torch import nn, optim
from torch.optim import lr_scheduler

STEPS, STOP = 50, 20

LAMBDAS = {
    "inverse": lambda epoch: 1 / (1 + epoch),
    "halving": lambda epoch: 0.5 ** (epoch // 7),
    "warmup": lambda epoch: min(1, (epoch + 1) / 10),
}


def made(optimizer, name, options):
    options = dict(options)
    named = options.get("lr_lambda")
    if isinstance(named, list):
        options["lr_lambda"] = [LAMBDAS[one] for one in named]
    elif named:
        options["lr_lambda"] = LAMBDAS[named]
    return getattr(lr_scheduler, name)(optimizer, **options)


def renamed(options):
    """T_max is tMax in JavaScript."""
    return camel({key.lower(): value for key, value in options.items()})


def case(lrs, *schedulers, edits=(), metrics=None, initial_lrs=None):
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": lr} for lr in lrs]
    for group, lr in zip(groups, initial_lrs or [], strict=False):
        group["initial_lr"] = lr
    optimizer = optim.SGD(groups)
    optimizer.step()
    live = [made(optimizer, name, options) for name, options in schedulers]

    def current():
        return [group["lr"] for group in optimizer.param_groups]

    expected, stopped = [current()], None
    for step in range(STEPS):
        if step == STOP:
            stopped = {
                "lrs": current(),
                "initial_lrs": [
                    group.get("initial_lr") for group in optimizer.param_groups
                ],
                "state_dicts": [
                    {key: number(x) for key, x in scheduler.state_dict().items()}
                    for scheduler in live
                ],
            }
        for at, group, lr in edits:
            if at == step:
                optimizer.param_groups[group]["lr"] = lr
        optimizer.step()
        for scheduler in live:
            if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau):
                scheduler.step(metrics[step])
            else:
                scheduler.step()
            assert scheduler.get_last_lr() == current()
        expected.append(current())
    return {
        "lrs": lrs,
        "initial_lrs": initial_lrs,
        "schedulers": [[name, renamed(options)] for name, options in schedulers],
        "edits": list(edits),
        "metrics": metrics and [number(x) for x in metrics],
        "expected": expected,
        "stopped": stopped,
    }


def plateau_cases():
    stuck = [max(1 - step / 10, 0.3) for step in range(STEPS)]
    creeping = [1 - step * 1e-5 for step in range(STEPS)]
    noise = torch.rand(STEPS, generator=torch.Generator().manual_seed(1)).tolist()
    negative = [-x for x in noise]
    spoiled = [float("nan") if step % 5 == 0 else 1.0 for step in range(STEPS)]
    every = [
        {"patience": 2},
        {"patience": 1, "cooldown": 3, "factor": 0.5},
        {"patience": 0, "mode": "max", "min_lr": 1e-3},
        {"patience": 3, "threshold": 0.1, "threshold_mode": "abs"},
        {"patience": 2, "mode": "max", "threshold": 0.05, "cooldown": 1},
        {"patience": 1, "mode": "max", "threshold_mode": "abs", "factor": 0.3},
        {"patience": 1, "min_lr": [0.05, 0.001], "eps": 1e-3},
    ]
    plan = [(stuck, every), (noise, every), (creeping, every[:4]), (negative, every[:4])]
    for metrics, variants in (*plan, (spoiled, [{}])):
        for options in variants:
            yield case([0.1, 0.5], ("ReduceLROnPlateau", options), metrics=metrics)


def cases():
    lrs = [0.1, 0.5]
    steps = ("StepLR", {"step_size": 7})
    cosine = ("CosineAnnealingLR", {"T_max": 50})
    waves = ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01})
    rule = ("LambdaLR", {"lr_lambda": ["inverse", "halving"]})
    edits = [(3, 0, 0.7), (12, 1, 1e-3), (30, 0, 0.05)]
    yield case(lrs, steps)
    yield case(lrs, ("StepLR", {"step_size": 1, "gamma": 0.9}))
    yield case(lrs, ("StepLR", {"step_size": 3, "gamma": 1.25}), edits=edits)
    for t_max, eta_min in ((1, 0), (2, 0.01), (5, 0), (10, 0.001), (50, 0), (100, 0.1)):
        yield case(lrs, ("CosineAnnealingLR", {"T_max": t_max, "eta_min": eta_min}))
    yield case(lrs, cosine, edits=edits)
    yield case(lrs, waves, edits=edits)
    yield case(lrs, ("LambdaLR", {"lr_lambda": "warmup"}))
    yield case(lrs, rule, edits=edits)
    yield case(lrs, ("LambdaLR", {"lr_lambda": "warmup"}), steps)
    yield case(lrs, ("LambdaLR", {"lr_lambda": "inverse"}), cosine, edits=edits)
    yield case(lrs, steps, waves, edits=edits)
    yield case(lrs, ("StepLR", {"step_size": 2, "gamma": 0.5}), steps)
    noise = torch.rand(STEPS, generator=torch.Generator().manual_seed(2)).tolist()
    watch = ("ReduceLROnPlateau", {"patience": 3, "factor": 0.5})
    yield case(lrs, steps, watch, metrics=noise, edits=edits)
    started = [0.2, 1.0]
    for last in (0, 6, 19):
        for name, options in (steps, cosine, waves, rule):
            resumed = (name, {**options, "last_epoch": last})
            yield case(lrs, resumed, initial_lrs=started)
    yield case(lrs, rule, initial_lrs=started)
    yield from plateau_cases()


if __name__ == "__main__":
    write("lr_scheduler", cases)
