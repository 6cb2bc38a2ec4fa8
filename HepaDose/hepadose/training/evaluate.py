"""How good a trained network or a finished model is on cases that it has never seen."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from hepadose.errors import EmptyRegionError, SettingsError
from hepadose.evaluation.overlap import dice
from hepadose.evaluation.surface import surface_distances
from hepadose.networks import build
from hepadose.segmentation.bundle import Bundle, read_bundle
from hepadose.segmentation.engine import EngineInputs, run_model
from hepadose.training.checkpoint import BEST_WEIGHTS, load_weights
from hepadose.training.config import TrainingConfig, read_config
from hepadose.training.data_cases import Case, open_source
from hepadose.training.data_synthetic import TEST_SEED, SyntheticSource
from hepadose.training.loop import CONFIG_FILE
from hepadose.training.predict import predict_labels

Predict = Callable[[Case], dict[str, np.ndarray]]
"""From a case to the masks of what was found, by name."""


@dataclass(frozen=True)
class CaseScore:
    """One label of one case.

    Parameters
    ----------
    case, label : str
    dice : float
        NaN where the label is neither there nor found.
    assd_mm, hd95_mm : float
        Average symmetric surface distance, and the larger 95th percentile; NaN where a surface is missing.
    true_ml, found_ml : float
    """

    case: str
    label: str
    dice: float
    assd_mm: float
    hd95_mm: float
    true_ml: float
    found_ml: float


def evaluate_training(
    training: Path, cases: int = 40, weights: str = BEST_WEIGHTS, tell: Callable[[int], None] = lambda done: None
) -> list[CaseScore]:
    """Scores of the network of a training, without post-processing.

    Parameters
    ----------
    training : Path
        Its folder; it may still be running.
    cases : int
        Number of synthetic cases that serve neither training nor validation; of a folder, all cases that were kept for
        validation are used.
    weights : str
        Which weights of the training.
    tell : callable
        Told after each case how many are done.
    """
    config = read_config(training / CONFIG_FILE)
    module = build(config.network.name, config.network.arguments).eval()
    module.load_state_dict(load_weights(training / weights))

    def predict(case: Case) -> dict[str, np.ndarray]:
        found = predict_labels(module, case, config)
        return {rule.name: found == value for value, rule in enumerate(config.labels, start=1)}

    return list(_scores(unseen_cases(config, cases), predict, config, tell))


def evaluate_bundle(
    folder: Path, config: TrainingConfig, cases: int = 40, tell: Callable[[int], None] = lambda done: None
) -> list[CaseScore]:
    """Scores of a finished model as users run it, with location, threshold and post-processing.

    Parameters
    ----------
    folder : Path
        Of the model.
    config : TrainingConfig
        Of its training, which says what its labels are; all of the model's targets count as one label.
    cases, tell
        As in :func:`evaluate_training`.

    Raises
    ------
    SettingsError
        If the model needs the liver or a second CT, which is not at hand here.
    """
    bundle = read_bundle(folder)
    if bundle.description.needs or bundle.inference.region != "body":
        raise SettingsError("Only models that need nothing but a CT can be evaluated as users run them.")
    name = bundle.description.task

    def predict(case: Case) -> dict[str, np.ndarray]:
        return {name: _run(bundle, case)}

    return list(_scores(unseen_cases(config, cases), predict, config, tell, whole=name))


def unseen_cases(config: TrainingConfig, count: int) -> Iterator[Case]:
    """Cases that serve neither training nor validation; of a folder, those kept for validation."""
    source = open_source(config)
    return source.cases(TEST_SEED, count) if isinstance(source, SyntheticSource) else source.validation_cases()


def score(found: np.ndarray, true: np.ndarray, case: Case, label: str) -> CaseScore:
    """Compare two masks on a case's grid."""
    distances = surface_distances(found, true, case.labels.spacing_kji_mm)
    voxel_ml = case.labels.voxel_volume_ml
    return CaseScore(
        case.name,
        label,
        dice(found, true),
        distances.mean_mm,
        distances.hd95_mm,
        np.count_nonzero(true) * voxel_ml,
        np.count_nonzero(found) * voxel_ml,
    )


def write_scores(scores: Iterable[CaseScore], path: Path) -> None:
    """One line per case and label, as CSV."""
    with path.open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, [field.name for field in fields(CaseScore)])
        writer.writeheader()
        for each in scores:
            values = asdict(each)
            writer.writerow({key: f"{v:.4f}" if isinstance(v, float) else v for key, v in values.items()})


def summary_of(scores: list[CaseScore], kind: str) -> dict[str, Any]:
    """What goes into a model's description: per label the mean and the worst over the cases that have it.

    Parameters
    ----------
    scores : list of CaseScore
    kind : str
        What the cases are ("unseen synthetic abdomens").
    """
    labels = {each.label: None for each in scores}
    return {
        "cases": len({each.case for each in scores}),
        "kind": kind,
        "labels": {label: _row([each for each in scores if each.label == label]) for label in labels},
    }


def _row(scores: list[CaseScore]) -> dict[str, Any]:
    overlaps = [each.dice for each in scores if not math.isnan(each.dice)]
    distances = [each.assd_mm for each in scores if not math.isnan(each.assd_mm)]
    return {
        "cases": len(overlaps),
        "mean_dice": _rounded(np.mean, overlaps),
        "lowest_dice": _rounded(min, overlaps),
        "mean_assd_mm": _rounded(np.mean, distances),
        "largest_assd_mm": _rounded(max, distances),
    }


def _rounded(reduce: Callable, values: list[float]) -> float:
    return round(float(reduce(values)), 4) if values else math.nan


def _scores(
    cases: Iterable[Case], predict: Predict, config: TrainingConfig, tell: Callable[[int], None], whole: str = ""
) -> Iterator[CaseScore]:
    values = {rule.name: [value] for value, rule in enumerate(config.labels, start=1)}
    if whole:
        values = {whole: [number for name, (number,) in values.items() if not config.targets or name in config.targets]}
    for done, case in enumerate(cases, start=1):
        found = predict(case)
        for name, numbers in values.items():
            yield score(found[name], np.isin(case.labels.array, numbers), case, name)
        tell(done)


def _run(bundle: Bundle, case: Case) -> np.ndarray:
    try:
        return run_model(bundle, EngineInputs(case.labels.with_array(case.images_hu[0]))).mask.array
    except EmptyRegionError:
        # Nothing found is a result, and a bad one where there is something.
        return np.zeros(case.labels.shape, bool)
