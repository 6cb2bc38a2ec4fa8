"""How good a trained network or a finished model is on cases that it has never seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from hepadose.errors import EmptyRegionError, SettingsError
from hepadose.networks import build
from hepadose.segmentation.bundle import Bundle, read_bundle
from hepadose.segmentation.engine import EngineInputs, run_model
from hepadose.training.checkpoint import BEST_WEIGHTS, load_weights
from hepadose.training.config import TrainingConfig, read_config
from hepadose.training.loop import CONFIG_FILE
from hepadose.training.predict import predict_labels
from hepadose.training.scores import CaseScore, score
from hepadose.training.unseen import WholeCase, config_of_model, stored_images, unseen_cases, whole_cases

Tell = Callable[[int], None]
"""Told after each case how many are done."""
_LESION_TASK = "tumor"


def evaluate_training(
    training: Path,
    cases: int = 40,
    weights: str = BEST_WEIGHTS,
    tell: Tell = lambda done: None,
    folder: Path | None = None,
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
    folder : Path, optional
        Labeled CTs to judge on instead, see :func:`hepadose.training.unseen.unseen_cases`.

    Returns
    -------
    list of CaseScore
        One per case and label; single lesions are counted where the task is to find tumors.

    Raises
    ------
    MissingInputError, SettingsError
        If there is no such training, or the folder lacks images or labels.
    """
    config = read_config(training / CONFIG_FILE)
    module = build(config.network.name, config.network.arguments).eval()
    module.load_state_dict(load_weights(training / weights))
    scores = []
    for done, case in enumerate(unseen_cases(config, cases, folder), start=1):
        found = predict_labels(module, case, config)
        for value, rule in enumerate(config.labels, start=1):
            true = case.labels.with_array(case.labels.array == value)
            scores.append(score(found == value, true, case.name, rule.name, _has_lesions(config, rule.name)))
        tell(done)
    return scores


def evaluate_bundle(
    model: Path,
    config: TrainingConfig | None = None,
    cases: int = 40,
    tell: Tell = lambda done: None,
    folder: Path | None = None,
) -> list[CaseScore]:
    """Scores of a finished model as users run it, with location, threshold and post-processing.

    The model gets the whole CT and, where it looks inside the liver, the true liver.

    Parameters
    ----------
    model : Path
        Its folder.
    config : TrainingConfig, optional
        Of its training, which says what its labels are; without it, its task says so. All of the model's targets count
        as one label.
    cases, tell, folder
        As in :func:`evaluate_training`.

    Returns
    -------
    list of CaseScore
        One per case, under the name of the task.

    Raises
    ------
    SettingsError
        If the cases lack something that the model needs: the liver, or the CT before treatment.
    """
    bundle = read_bundle(model)
    config = config or config_of_model(bundle.description)
    values = [v for v, rule in enumerate(config.labels, 1) if not config.targets or rule.name in config.targets]
    task = bundle.description.task
    scores = []
    for done, whole in enumerate(whole_cases(config, cases, folder), start=1):
        true = whole.case.labels.with_array(np.isin(whole.case.labels.array, values))
        found = _run(bundle, whole, stored_images(config.data.channels))
        scores.append(score(found, true, whole.case.name, task, task == _LESION_TASK))
        tell(done)
    return scores


def _has_lesions(config: TrainingConfig, label: str) -> bool:
    return config.task == _LESION_TASK and (not config.targets or label in config.targets)


def _run(bundle: Bundle, whole: WholeCase, channels: tuple[str, ...]) -> np.ndarray:
    labels, images = whole.case.labels, dict(zip(channels, whole.case.images_hu, strict=True))
    needs_liver = bundle.inference.region == "liver" or "liver" in bundle.description.needs
    if needs_liver and whole.liver is None:
        raise SettingsError(
            f"The model {bundle.description.name} looks inside the liver, but the data set names none; choose one "
            'whose dataset.json has a label "liver".'
        )
    missing = [name for name in bundle.description.needs if name not in (*images, "liver")]
    if missing:
        raise SettingsError(f"The model {bundle.description.name} needs the {missing[0]}, which the cases lack.")
    planning = images.get("planning_ct")
    inputs = EngineInputs(
        labels.with_array(images["ct"]),
        None if planning is None else labels.with_array(planning),
        whole.liver if needs_liver else None,
    )
    try:
        return run_model(bundle, inputs).mask.array
    except EmptyRegionError:
        # Nothing found is a result, and a bad one where there is something.
        return np.zeros(labels.shape, bool)
