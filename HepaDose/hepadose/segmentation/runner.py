"""A network and its tiles: chosen before the start so that the memory suffices, changed aloud where it does not."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hepadose.errors import NotEnoughMemoryError
from hepadose.findings import Finding, warning
from hepadose.memory import memory_now
from hepadose.segmentation.bundle_metadata import ModelDescription
from hepadose.segmentation.localize import Box
from hepadose.segmentation.memory import needed_bytes
from hepadose.segmentation.runtimes import SUBJECT, DeviceFailedError, DeviceMemoryError, Ladder, Runtime
from hepadose.segmentation.tiles import Shape, fitting_tile, slide, smaller_tile, tile_count


class TileRunner:
    """Runs a model's network over volumes.

    Parameters
    ----------
    model : ModelDescription
    ladder : Ladder
    input_voxels : int
        Of the CT as it was given; for the memory that is predicted.
    """

    def __init__(self, model: ModelDescription, ladder: Ladder, input_voxels: int) -> None:
        self._model, self._input_voxels = model, input_voxels
        self._waiting = list(ladder.steps)
        self._findings = list(ladder.findings)
        self._tile: Shape = self._model.patch_size
        self.tiles_run = 0
        self._runtime: Runtime = self._waiting.pop(0)()

    @property
    def description(self) -> str:
        """Library, version and device that ran the network last.

        Returns
        -------
        str
        """
        return self._runtime.description

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What had to be changed on the way.

        Returns
        -------
        tuple of Finding
        """
        return tuple(self._findings)

    def tile_count(self, box: Box, overlap: float) -> int:
        """How many tiles a box needs.

        Parameters
        ----------
        box : tuple of 3 slice
            On the model's grid.
        overlap : float
            Least share of a tile that the next one covers again.

        Returns
        -------
        int
        """
        shape = tuple(axis.stop - axis.start for axis in box)
        return tile_count(shape, self._fitting(shape), overlap)

    def slide(self, volume: np.ndarray, overlap: float, tell: Callable[[int, int], None]) -> np.ndarray:
        """Blended logits of a whole volume (C, k, j, i).

        Parameters
        ----------
        volume : numpy.ndarray, shape (C, k, j, i)
            32-bit floats, 0 to 1.
        overlap : float
            Least share of a tile that the next one covers again.
        tell : callable
            Told before each tile how many are done and how many there are; may raise to stop.

        Returns
        -------
        numpy.ndarray, shape (labels, k, j, i)
            32-bit floats.

        Raises
        ------
        NotEnoughMemoryError
            If the memory does not suffice for the smallest tiles on the last device.
        """
        while True:
            tile = self._affordable(volume.shape[1:])
            try:
                return slide(volume, self._predict, tile, overlap, tell)
            except DeviceMemoryError as problem:
                self._step_down(tile, problem)
            except DeviceFailedError as problem:
                self._hand_over(str(problem), problem)

    def _predict(self, tile: np.ndarray) -> np.ndarray:
        self.tiles_run += 1
        found = self._runtime.predict(tile)
        if not np.isfinite(found).all():
            # Reduced precision overflows on a card before it does on the processor.
            raise DeviceFailedError(f"The network {self._model.name} computed values that are no numbers.")
        return found

    def _fitting(self, shape: Shape) -> Shape:
        return fitting_tile(shape, self._tile, self._model.patch_multiple)

    def _affordable(self, shape: Shape) -> Shape:
        """The tile, made smaller before the start until the predicted memory is free."""
        free = memory_now().available_bytes
        while True:
            tile = self._fitting(shape)
            # Tiles of a card lie in its own memory; what else is needed is counted in either case.
            per_voxel = 0.0 if self._runtime.on_gpu else self._model.memory_bytes_per_voxel
            needed = needed_bytes(self._input_voxels, shape, len(self._model.labels), tile, per_voxel)
            if math.isnan(free) or needed <= free:
                return tile
            smaller = smaller_tile(tile, self._model.patch_multiple)
            if smaller is None:
                raise NotEnoughMemoryError(
                    f"The model {self._model.name} needs about {needed / 1e9:.1f} GB of memory for this CT, but "
                    f"{free / 1e9:.1f} GB are free; close other programs or crop the CT."
                )
            self._shrink(smaller, f"only {free / 1e9:.1f} GB of memory are free")

    def _shrink(self, tile: Shape, reason: str) -> None:
        self._tile = tile
        words = " × ".join(str(size) for size in tile[::-1])
        self._findings.append(
            warning(SUBJECT, f"Smaller tiles of {words} voxels were used because {reason}; edges may differ slightly.")
        )

    def _step_down(self, tile: Shape, problem: DeviceMemoryError) -> None:
        """Smaller tiles on a card first, then the processor; smaller tiles there too."""
        smaller = smaller_tile(tile, self._model.patch_multiple)
        if smaller is not None:
            place = "graphics card's memory" if self._runtime.on_gpu else "memory"
            self._shrink(smaller, f"the {place} did not suffice for larger ones")
            return
        if not self._waiting:
            raise NotEnoughMemoryError(
                f"The memory does not suffice for the model {self._model.name}, not even in small tiles; close other "
                "programs or crop the CT."
            ) from problem
        self._hand_over("The graphics card's memory did not suffice.", problem)

    def _hand_over(self, reason: str, problem: DeviceMemoryError | DeviceFailedError) -> None:
        if not self._waiting:
            raise problem
        self._runtime = self._waiting.pop(0)()
        self._tile = self._model.patch_size
        self._findings.append(warning(SUBJECT, f"{reason} The network ran on the processor."))
