"""The log of a training as CSV, and for TensorBoard where that is installed."""

from __future__ import annotations

import csv
from pathlib import Path

STEPS_FILE, VALIDATION_FILE = "steps.csv", "validation.csv"
STEP_COLUMNS = ("step", "elapsed_s", "learning_rate", "loss", "gradient_norm")


class TrainingLog:
    """Appends to the tables in a training's folder.

    Parameters
    ----------
    folder : Path
    labels : tuple of str
        Names of the labels, which give the columns of the validation.
    first_step : int
        Where this sitting starts; later lines of a killed sitting are removed, because their steps are done again.
    """

    def __init__(self, folder: Path, labels: tuple[str, ...], first_step: int) -> None:
        columns = ("step", "elapsed_s", "mean_dice", *(f"dice_{label}" for label in labels))
        self._steps = _open_table(folder / STEPS_FILE, STEP_COLUMNS, first_step)
        self._validations = _open_table(folder / VALIDATION_FILE, columns, first_step)
        self._board = _tensorboard(folder, first_step)

    def step(self, step: int, elapsed_s: float, rate: float, loss: float, gradient_norm: float) -> None:
        """One step; the loss in full precision, so that two runs can be compared.

        Parameters
        ----------
        step : int
        elapsed_s : float
            Of all sittings.
        rate : float
            Learning rate.
        loss : float
        gradient_norm : float
            Before clipping.
        """
        row = (step, f"{elapsed_s:.1f}", f"{rate:.6g}", repr(loss), f"{gradient_norm:.4g}")
        csv.writer(self._steps).writerow(row)
        self._to_board(step, loss=loss, learning_rate=rate, gradient_norm=gradient_norm)

    def validation(self, step: int, elapsed_s: float, dice: dict[str, float], mean: float) -> None:
        """One validation: Dice coefficient per label over all cases.

        Parameters
        ----------
        step : int
        elapsed_s : float
            Of all sittings.
        dice : dict of float
            By label; NaN where no case has it.
        mean : float
            Over the labels.
        """
        row = (step, f"{elapsed_s:.1f}", f"{mean:.5f}", *(f"{value:.5f}" for value in dice.values()))
        csv.writer(self._validations).writerow(row)
        self._validations.flush()
        self._to_board(step, **{f"dice/{name}": value for name, value in dice.items()})

    def flush(self) -> None:
        """Bring everything to disk; called before a checkpoint, so that no step is missing in the table."""
        self._steps.flush()

    def close(self) -> None:
        """End the sitting."""
        for table in (self._steps, self._validations):
            table.close()
        if self._board is not None:
            self._board.close()

    def _to_board(self, step: int, **values: float) -> None:
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)


def read_losses(folder: Path) -> dict[int, float]:
    """The loss of every step in a training's table.

    Parameters
    ----------
    folder : Path
        Of the training.

    Returns
    -------
    dict of float
        By step.
    """
    with (folder / STEPS_FILE).open(newline="", encoding="utf-8") as table:
        return {int(row["step"]): float(row["loss"]) for row in csv.DictReader(table)}


def _open_table(path: Path, columns: tuple[str, ...], first_step: int):
    lines = [columns]
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as table:
            # The last line of a killed sitting may be cut off.
            done = (row for row in csv.reader(table) if len(row) == len(columns) and row[0].isdigit())
            lines += [row for row in done if int(row[0]) <= first_step]
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", newline="", encoding="utf-8") as table:
        csv.writer(table).writerows(lines)
    temporary.replace(path)
    return path.open("a", newline="", encoding="utf-8")


def _tensorboard(folder: Path, first_step: int):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"), purge_step=first_step + 1)
