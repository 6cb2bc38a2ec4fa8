"""How good a network is on fixed cases while it is trained."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from hepadose.evaluation.overlap import dice
from hepadose.training.compute import Precision
from hepadose.training.config import TrainingConfig
from hepadose.training.data_cases import Case
from hepadose.training.predict import predict_labels


def validate(
    module: torch.nn.Module, cases: Sequence[Case], config: TrainingConfig, precision: Precision
) -> tuple[dict[str, float], float]:
    """Dice coefficient per label, and the mean of them.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode.
    cases : sequence of Case
    config : TrainingConfig
    precision : Precision

    Returns
    -------
    by_label : dict
        Mean over the cases; a case without the label, found or true, does not count. NaN if none counts.
    mean : float
        Over the labels; 0 if none counts.
    """
    found: dict[str, list[float]] = {rule.name: [] for rule in config.labels}
    for case in cases:
        with precision.autocast():
            labels = predict_labels(module, case, config)
        for value, name in enumerate(found, start=1):
            found[name].append(dice(labels == value, case.labels.array == value))
    by_label = {name: _mean(values) for name, values in found.items()}
    mean = _mean(list(by_label.values()))
    return by_label, 0.0 if math.isnan(mean) else mean


def _mean(values: list[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan
