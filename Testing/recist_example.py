"""Shapes and lesions for tests of diameters and response criteria."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from hepadose.images import Image
from hepadose.recist.lesions import Kind, Lesion, Observation, Part, Status


def plane(pixels, row_mm: float = 1.0, column_mm: float | None = None) -> Image:
    """A single slice."""
    return Image(np.asarray(pixels, bool)[None], (row_mm if column_mm is None else column_mm, row_mm, 2.5))


def ellipse(semi_mm: tuple[float, float], degrees: float, pixel_mm: float, half: int = 40) -> Image:
    """A tilted ellipse centered on a pixel."""
    y, x = (np.mgrid[-half : half + 1, -half : half + 1]) * pixel_mm
    angle = np.deg2rad(degrees)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return plane((along / semi_mm[0]) ** 2 + (across / semi_mm[1]) ** 2 <= 1.0, pixel_mm)


def l_shape() -> np.ndarray:
    """Two arms of 40 × 10 that share a corner."""
    pixels = np.zeros((40, 40), bool)
    pixels[:, :10] = pixels[-10:] = True
    return pixels


def c_shape() -> np.ndarray:
    """A square of 40 with a slot of 20 × 30 from the right."""
    pixels = np.ones((40, 40), bool)
    pixels[10:30, 10:] = False
    return pixels


def balls(centers_kji, radius: float, shape=(30, 60, 60), spacing_mm=(1.0, 1.0, 1.0)) -> Image:
    """Balls around voxels, radius in voxels, in one mask."""
    grid = np.mgrid[: shape[0], : shape[1], : shape[2]]
    mask = np.zeros(shape, bool)
    for center in centers_kji:
        mask |= sum((axis - place) ** 2 for axis, place in zip(grid, center, strict=True)) <= radius**2
    return Image(mask, spacing_mm)


def measured(long_mm: str | float, short_mm: str | float | None = None, volume_ml: float = 0.0) -> Observation:
    """A lesion with one part."""
    short = long_mm if short_mm is None else short_mm
    return Observation(Status.MEASURED, (Part(Decimal(str(long_mm)), Decimal(str(short)), volume_ml),))


def seen(**sizes) -> dict[str, Observation]:
    """Lesions with their long axis, or an observation as it is."""
    return {name: size if isinstance(size, Observation) else measured(size) for name, size in sizes.items()}


def lesions(*names: str, kind: Kind = Kind.NON_NODAL) -> list[Lesion]:
    """Lesions of the liver."""
    return [Lesion(name, kind=kind) for name in names]


ABSENT = Observation(Status.ABSENT)
UNKNOWN = Observation(Status.NOT_EVALUABLE)
SMALL = Observation(Status.TOO_SMALL)
