"""Batches of patches by step: everything random follows from seed, step and place in the batch.

A training that is resumed at a step therefore meets the very patches it would have met, and it does not matter how many
processes prepare them.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import count

import numpy as np
import torch

from hepadose.training.augment import cut_patch
from hepadose.training.config import TrainingConfig, config_from_json
from hepadose.training.config_parts import PatchSettings
from hepadose.training.data_cases import Case, open_source

_AHEAD = 3


class PatchBatches:
    """The batch of every step.

    Parameters
    ----------
    config : TrainingConfig
        Its source is opened once.
    """

    def __init__(self, config: TrainingConfig) -> None:
        self._config, self._source = config, open_source(config)

    def __getitem__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (batch, C, k, j, i) from 0 to 1, and labels (batch, k, j, i) as uint8."""
        patches = [self._patch(step, place) for place in range(self._config.patches.batch)]
        inputs, labels = (np.stack(parts) for parts in zip(*patches, strict=True))
        return inputs, labels

    def _patch(self, step: int, place: int) -> tuple[np.ndarray, np.ndarray]:
        random = np.random.default_rng((self._config.run.seed, step, place))
        case = self._source.training_case(step, random)
        center = patch_center(case, self._config.patches, random)
        images_hu, labels = cut_patch(case, center, self._config.patches.size, self._config.augmentation, random)
        return windowed(images_hu, self._config.data.window_hu), labels


def windowed(images_hu: np.ndarray, window_hu: tuple[float, float]) -> np.ndarray:
    """HU clipped to a window and mapped to 0–1.

    Parameters
    ----------
    images_hu : numpy.ndarray
        Of any shape, in HU.
    window_hu : tuple of 2 float
        Becomes 0 and 1.

    Returns
    -------
    numpy.ndarray, same shape
        0 to 1.

    Examples
    --------
    >>> windowed(np.array([-500.0, 25.0, 900.0]), (-200.0, 250.0)).tolist()
    [0.0, 0.5, 1.0]
    """
    low, high = window_hu
    return (np.clip(images_hu, low, high) - low) / (high - low)


def patch_center(case: Case, patches: PatchSettings, random: np.random.Generator) -> np.ndarray:
    """The voxel in a patch's middle: anywhere, or near a voxel of a random label.

    Patches stay inside the case where it is large enough, and are centered where it is not.

    Parameters
    ----------
    case : Case
    patches : PatchSettings
        Size in voxels along k, j, i, and the share of patches placed on a label.
    random : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (3,)
        Along k, j, i; halves of voxels for even sizes.
    """
    shape, size = np.asarray(case.labels.shape), np.asarray(patches.size)
    center = random.uniform(0.0, shape)
    present = np.flatnonzero(np.bincount(case.labels.array.ravel(), minlength=2)[1:]) + 1
    if random.random() < patches.foreground_share and present.size:
        places = np.flatnonzero(case.labels.array.ravel() == random.choice(present))
        chosen = np.array(np.unravel_index(random.choice(places), case.labels.shape))
        # Not always in the middle, or the network learns that it is there.
        center = chosen + random.uniform(-0.35, 0.35, 3) * size
    low, high = (size - 1) / 2, shape - 1 - (size - 1) / 2
    inside = np.clip(center, np.minimum(low, high), np.maximum(low, high))
    return np.where(low <= high, inside, (shape - 1) / 2)


def batches_from(config: TrainingConfig, first_step: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """The batches of all steps from one on, without end, prepared by other processes if the configuration says so.

    Close the iterator to end these processes.

    Parameters
    ----------
    config : TrainingConfig
    first_step : int
        Counted from 0; the same step always gives the same batch.

    Yields
    ------
    tuple of 2 torch.Tensor
        Windowed images, shape (N, C, k, j, i), 32-bit floats; labels, shape (N, k, j, i), 64-bit whole numbers.
    """
    steps = count(first_step)
    if not config.run.workers:
        batches = PatchBatches(config)
        yield from (_tensors(*batches[step]) for step in steps)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(config.run.workers, context, _start_worker, (config.to_json(),)) as pool:
        waiting = deque(pool.submit(_batch_of, next(steps)) for _ in range(_AHEAD * config.run.workers))
        try:
            while True:
                inputs, labels = waiting.popleft().result()
                waiting.append(pool.submit(_batch_of, next(steps)))
                yield _tensors(inputs, labels)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _tensors(inputs: np.ndarray, labels: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(inputs), torch.from_numpy(labels.astype(np.int64))


_worker_batches: list[PatchBatches] = []
"""What a process that prepares patches keeps from one to the next."""


def _start_worker(config_text: str) -> None:
    # Ctrl-C is for the training itself, which ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A training that was killed cannot end them.
    threading.Thread(target=_end_with, args=(multiprocessing.parent_process(),), daemon=True).start()
    torch.set_num_threads(1)
    _worker_batches[:] = [PatchBatches(config_from_json(config_text))]


def _end_with(parent) -> None:
    parent.join()
    os._exit(1)


def _batch_of(step: int) -> tuple[np.ndarray, np.ndarray]:
    return _worker_batches[0][step]
