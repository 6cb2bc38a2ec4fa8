"""The optimizer of a configuration and its learning rate at every step."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from hepadose.training.config_parts import OptimizerSettings


def build_optimizer(settings: OptimizerSettings, parameters: Iterable[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """The optimizer with its starting learning rate.

    Parameters
    ----------
    settings : OptimizerSettings
    parameters : iterable of torch.nn.Parameter
        What it changes.

    Returns
    -------
    torch.optim.Optimizer
    """
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.name == "sgd":
        return torch.optim.SGD(parameters, lr=rate, momentum=settings.momentum, weight_decay=decay)
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    return kind(parameters, lr=rate, weight_decay=decay)


def learning_rate(settings: OptimizerSettings, step: int, share_used: float, reductions: int) -> float:
    """The learning rate of one step.

    Parameters
    ----------
    settings : OptimizerSettings
    step : int
        Counted from 0.
    share_used : float
        Share of the budget used up, 0 to 1.
    reductions : int
        How often validation has come to rest so far; only "plateau" uses it.

    Returns
    -------
    float
        0 or more.

    Examples
    --------
    >>> settings = OptimizerSettings(learning_rate=0.01, schedule="polynomial", power=1.0, warmup_steps=10)
    >>> [round(learning_rate(settings, step, share, 0), 4) for step, share in ((0, 0.0), (9, 0.0), (500, 0.5))]
    [0.001, 0.01, 0.005]
    """
    share = min(max(share_used, 0.0), 1.0)
    factors = {
        "constant": lambda: 1.0,
        "cosine": lambda: 0.5 * (1.0 + math.cos(math.pi * share)),
        "polynomial": lambda: (1.0 - share) ** settings.power,
        "step": lambda: settings.factor ** (step // max(settings.every, 1)),
        "plateau": lambda: settings.factor**reductions,
    }
    warmup = min((step + 1) / settings.warmup_steps, 1.0) if settings.warmup_steps else 1.0
    return settings.learning_rate * warmup * factors[settings.schedule]()
