"""Trains one network as its configuration says; goes on where an earlier sitting stopped or was killed."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from hepadose.errors import HepaDoseError, SettingsError
from hepadose.networks import build
from hepadose.training.checkpoint import (
    BEST_WEIGHTS,
    LAST_WEIGHTS,
    begin_with,
    load_checkpoint,
    load_weights,
    save_checkpoint,
    save_weights,
)
from hepadose.training.compute import Precision, choose_device
from hepadose.training.config import TrainingConfig
from hepadose.training.data_cases import open_source
from hepadose.training.data_patches import batches_from
from hepadose.training.losses import build_loss
from hepadose.training.progress import TrainingProgress
from hepadose.training.records import TrainingLog
from hepadose.training.schedule import build_optimizer, learning_rate
from hepadose.training.validate import validate

CONFIG_FILE = "training.json"


@dataclass(frozen=True)
class TrainingNews:
    """What a training tells while it runs.

    Parameters
    ----------
    progress : TrainingProgress
    loss : float
        Running mean of the last steps.
    share_used : float
        Of the budget.
    dice : dict or None
        Of a validation that has just ended, by label.
    """

    progress: TrainingProgress
    loss: float
    share_used: float
    dice: dict[str, float] | None = None


def train(
    config: TrainingConfig,
    folder: Path,
    tell: Callable[[TrainingNews], None] = lambda news: None,
    should_stop: Callable[[], bool] = lambda: False,
    start_from: Path | None = None,
) -> TrainingProgress:
    """Train until the budget is used up, validation rests, or somebody asks to stop.

    Parameters
    ----------
    config : TrainingConfig
    folder : Path
        Holds checkpoint, weights and tables; a checkpoint found here is gone on from.
    tell : callable
        Called after each step.
    should_stop : callable
        Asked after each step; the state is saved before the end.
    start_from : Path, optional
        Weights of another training or model to begin with in place of random ones, see
        :func:`hepadose.training.checkpoint.begin_with`; not read where a checkpoint is gone on from.

    Returns
    -------
    TrainingProgress

    Raises
    ------
    SettingsError
        If the folder holds a training of another network or other labels.
    HepaDoseError
        If the loss is no number any more.

    Notes
    -----
    On a processor, with the same number of threads and a budget in steps, the same configuration gives the same losses,
    however often it is interrupted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if config.run.threads:
        torch.set_num_threads(config.run.threads)
    sitting = _Sitting(config, folder, start_from)
    try:
        return sitting.run(tell, should_stop)
    finally:
        sitting.close()


class _Sitting:
    """One start of a training, with all that changes from step to step."""

    def __init__(self, config: TrainingConfig, folder: Path, start_from: Path | None = None) -> None:
        self.config, self.folder = config, folder
        self.device = choose_device(config.run.device)
        self.precision = Precision(config.run.precision, self.device)
        torch.manual_seed(config.run.seed)
        self.module = build(config.network.name, config.network.arguments)
        if start_from is not None:
            begin_with(self.module, load_weights(start_from))
        self.module.to(self.device)
        self.average = copy.deepcopy(self.module).eval()
        self.optimizer = build_optimizer(config.optimizer, self.module.parameters())
        self.loss = build_loss(config.loss)
        self.progress = TrainingProgress()
        self.resume()
        self.log = TrainingLog(folder, tuple(rule.name for rule in config.labels), self.progress.step)
        self.source = self.validation = None
        self.recent_loss = math.nan

    def resume(self) -> None:
        """Take up the checkpoint in the folder, if there is one."""
        stored = load_checkpoint(self.folder, self.device)
        if stored is None:
            self.folder.joinpath(CONFIG_FILE).write_text(self.config.to_json(), encoding="utf-8")
            return
        try:
            self.module.load_state_dict(stored["module"])
            self.average.load_state_dict(stored["average"])
            self.optimizer.load_state_dict(stored["optimizer"])
        except (RuntimeError, ValueError, KeyError) as problem:
            raise SettingsError(
                "The folder holds a training of another network or with another optimizer; choose another folder."
            ) from problem
        self.precision.load_state(stored["precision"])
        self.progress = TrainingProgress(**stored["progress"])
        self.folder.joinpath(CONFIG_FILE).write_text(self.config.to_json(), encoding="utf-8")

    def run(self, tell: Callable[[TrainingNews], None], should_stop: Callable[[], bool]) -> TrainingProgress:
        """All steps that are left."""
        if self.is_over():
            return self.progress
        # Here, for a process that prepares patches could not say what is wrong with the configuration.
        self.source = open_source(self.config)
        with closing(batches_from(self.config, self.progress.step)) as batches:
            self.run_over(batches, tell, should_stop)
        self.save()
        return self.progress

    def run_over(
        self,
        batches: Iterator[tuple[torch.Tensor, torch.Tensor]],
        tell: Callable[[TrainingNews], None],
        should_stop: Callable[[], bool],
    ) -> None:
        """Step after step, with validations and checkpoints in between."""
        last_save = clock = time.monotonic()
        while not self.is_over():
            self.step(*next(batches))
            now = time.monotonic()
            self.progress = replace(self.progress, elapsed_s=self.progress.elapsed_s + now - clock)
            clock = now
            self.record()
            dice = self.validated() if self.is_time_to_validate() else None
            if now - last_save >= self.config.run.checkpoint_every_s:
                self.save()
                last_save = now
            tell(TrainingNews(self.progress, self.recent_loss, self.progress.share_used(self.config), dice))
            if should_stop():
                break

    def is_over(self) -> bool:
        """Whether the budget is used up or validation has come to rest."""
        return self.progress.share_used(self.config) >= 1.0 or self.progress.has_come_to_rest(self.config)

    def step(self, inputs: torch.Tensor, labels: torch.Tensor) -> None:
        """One change of the weights."""
        settings, step = self.config.optimizer, self.progress.step
        # Dropout of a step is the same whether the training was interrupted before it or not.
        torch.manual_seed(self.config.run.seed * 1_000_003 + step)
        self.rate = learning_rate(settings, step, self.progress.share_used(self.config), self.progress.reductions)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate
        self.module.train()
        with self.precision.autocast():
            logits = self.module(inputs.to(self.device))
        loss = self.loss(logits, labels.to(self.device))
        self.last_loss = float(loss.detach())
        if not math.isfinite(self.last_loss):
            raise HepaDoseError(
                f"The loss of step {step + 1} is no number; lower the learning rate or compute with 32 bits, and start "
                "again: the last checkpoint is from before."
            )
        self.gradient_norm = self.precision.update(loss, self.module, self.optimizer, settings.clip_norm)
        self.progress = replace(self.progress, step=step + 1)
        _average(self.average, self.module, min(settings.average, (1 + step) / (10 + step)))

    def record(self) -> None:
        """Write the step into the table."""
        previous = self.last_loss if math.isnan(self.recent_loss) else self.recent_loss
        self.recent_loss = 0.95 * previous + 0.05 * self.last_loss
        done = self.progress
        self.log.step(done.step, done.elapsed_s, self.rate, self.last_loss, self.gradient_norm)

    def is_time_to_validate(self) -> bool:
        """Every so many steps, and at the end."""
        return self.progress.step % self.config.run.validate_every_steps == 0 or self.is_over()

    def validated(self) -> dict[str, float]:
        """Judge the running mean of the weights, and keep it if it is the best so far."""
        if self.validation is None:
            self.validation = tuple(self.source.validation_cases())
        dice, mean = validate(self.average, self.validation, self.config, self.precision)
        self.progress = self.progress.validated(mean, self.config)
        self.log.validation(self.progress.step, self.progress.elapsed_s, dice, mean)
        if self.progress.best_step == self.progress.step:
            save_weights(self.folder / BEST_WEIGHTS, self.average.state_dict())
        return dice

    def save(self) -> None:
        """Checkpoint and the last weights."""
        self.log.flush()
        save_weights(self.folder / LAST_WEIGHTS, self.average.state_dict())
        content = {
            "module": self.module.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "precision": self.precision.state(),
            "progress": self.progress.to_dict(),
            "device": self.device.type,
        }
        save_checkpoint(self.folder, content)

    def close(self) -> None:
        """Close the tables."""
        self.log.close()


@torch.no_grad()
def _average(average: torch.nn.Module, module: torch.nn.Module, decay: float) -> None:
    for mean, now in zip(average.state_dict().values(), module.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1.0 - decay)
        else:
            mean.copy_(now)
