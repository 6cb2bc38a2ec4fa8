"""How far a training is: what a checkpoint stores beside weights, and what validation makes of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from hepadose.training.config import TrainingConfig


@dataclass(frozen=True)
class TrainingProgress:
    """How far a training is.

    Parameters
    ----------
    step : int
        Steps done.
    elapsed_s : float
        Time spent in all sittings.
    best_dice, best_step : float, int
        Best validation so far; -1 before the first.
    without_better : int
        Validations since then.
    reductions : int
        How often the learning rate was reduced because validation had come to rest.
    """

    step: int = 0
    elapsed_s: float = 0.0
    best_dice: float = -1.0
    best_step: int = -1
    without_better: int = 0
    reductions: int = 0

    def to_dict(self) -> dict:
        """Plain numbers by name.

        Returns
        -------
        dict
        """
        return asdict(self)

    def share_used(self, config: TrainingConfig) -> float:
        """Share of the budget that is used up: of steps or of time, whichever is further; 1 at the end.

        Parameters
        ----------
        config : TrainingConfig
            Its budget counts.

        Returns
        -------
        float
            0 to 1.
        """
        run = config.run
        by_steps = self.step / run.steps if run.steps > 0 else 0.0
        by_time = self.elapsed_s / run.seconds if run.seconds > 0 else 0.0
        return min(max(by_steps, by_time), 1.0)

    def validated(self, dice: float, config: TrainingConfig) -> TrainingProgress:
        """After a validation with this mean Dice coefficient.

        Parameters
        ----------
        dice : float
            Mean over the labels, 0 to 1.
        config : TrainingConfig
            Its schedule counts; "plateau" reduces the learning rate.

        Returns
        -------
        TrainingProgress
        """
        if dice > self.best_dice:
            return replace(self, best_dice=dice, best_step=self.step, without_better=0)
        worse = self.without_better + 1
        rests = config.optimizer.schedule == "plateau" and worse % max(config.optimizer.every, 1) == 0
        return replace(self, without_better=worse, reductions=self.reductions + int(rests))

    def has_come_to_rest(self, config: TrainingConfig) -> bool:
        """Whether early stopping ends the training here.

        Parameters
        ----------
        config : TrainingConfig
            Its patience counts; 0 never rests.

        Returns
        -------
        bool
        """
        return 0 < config.run.patience <= self.without_better
