"""Train, resume, cancel and export a personal model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hepadose.errors import CancelledError
from hepadose.segmentation.bundle import WEIGHTS_FILE
from hepadose.training.checkpoint import BEST_WEIGHTS, LAST_WEIGHTS
from hepadose.training.export import export_training
from hepadose.training.loop import TrainingNews, train
from hepadose.training.personal.case import PersonalCase, save_case
from hepadose.training.personal.recipe import DEFAULT_SECONDS, Recipe, personal_config

TRAINING_FOLDER, MODEL_FOLDER = "training", "model"


@dataclass(frozen=True)
class Personalized:
    """A personal model.

    Parameters
    ----------
    model : Path
        Its folder, to be used like any other model.
    steps : int
    seconds : float
        Of training, over all sittings.
    best_dice : float
        On changes of the patient that were kept apart; they are not a later scan.
    """

    model: Path
    steps: int
    seconds: float
    best_dice: float


def personalize(
    base: Path,
    case: PersonalCase,
    folder: Path,
    *,
    recipe: Recipe = Recipe.OURS,
    seconds: float = DEFAULT_SECONDS,
    tell: Callable[[TrainingNews], None] = lambda news: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Personalized:
    """Let a general model go on learning from one patient.

    Parameters
    ----------
    base : Path
        Folder of the general model.
    case : PersonalCase
        CT, liver and tumor before treatment.
    folder : Path
        Of the patient's case; an interrupted training in it is gone on from.
    recipe : Recipe
    seconds : float
        Budget of our recipe.
    tell : callable
        Called after each step.
    should_stop : callable
        Asked after each step; what was learned so far stays and is gone on from the next time.

    Returns
    -------
    Personalized

    Raises
    ------
    CancelledError
        If ``should_stop`` said so.
    HepaDoseError
        If the model does not serve, or a file cannot be written.
    """
    folder = Path(folder)
    save_case(folder, case)
    config = personal_config(Path(base), folder, recipe, seconds)
    stopped = []

    def asked() -> bool:
        if should_stop():
            stopped.append(True)
        return bool(stopped)

    progress = train(config, folder / TRAINING_FOLDER, tell, asked, start_from=Path(base) / WEIGHTS_FILE)
    if stopped:
        raise CancelledError("Personalizing was stopped; what was learned is kept and gone on from the next time.")
    weights = BEST_WEIGHTS if recipe is Recipe.OURS else LAST_WEIGHTS
    exported = export_training(folder / TRAINING_FOLDER, folder / MODEL_FOLDER, "personal", weights)
    return Personalized(exported.folder, progress.step, progress.elapsed_s, progress.best_dice)
