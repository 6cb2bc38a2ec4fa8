"""From a CT on any grid to what a network sees: canonical axes, the model's spacing, windowed values.

Training on real CTs goes through the same functions, so that a network meets what it was trained on.
"""

from __future__ import annotations

import numpy as np

from hepadose.errors import EmptyRegionError, UnitsError
from hepadose.images import Image
from hepadose.segmentation.bundle_metadata import SOURCES, Channel

AIR_HU = -1024.0
"""Given to what lies outside of the image."""

_SAMPLE_VOXELS = 2_000_000
_TISSUE_HU, _LEAST_TISSUE = (-20.0, 250.0), 0.01
_DARK_HU, _LEAST_DARK = -40.0, 0.005


def require_ct(image: Image) -> None:
    """Refuse an image that cannot be a CT in HU.

    Parameters
    ----------
    image : Image

    Raises
    ------
    EmptyRegionError
        If the image has no voxels or shows one value only.
    UnitsError
        If its values are not those of a CT: fat and air below zero, organs a little above.
    """
    if not image.array.size:
        raise EmptyRegionError("The CT has no voxels; choose another image.")
    values = np.asarray(_sample(image.array), dtype=np.float64)
    if not np.isfinite(values).all():
        raise UnitsError("The CT holds values that are no numbers (NaN or infinite); export it again.")
    if values.min() == values.max():
        raise EmptyRegionError(f"The CT is empty: every voxel is {values.min():g} HU; choose another image.")
    dark = np.mean(values < _DARK_HU)
    tissue = np.mean((values > _TISSUE_HU[0]) & (values < _TISSUE_HU[1]))
    if dark < _LEAST_DARK or tissue < _LEAST_TISSUE:
        low, high = np.percentile(values, (1, 99))
        raise UnitsError(
            f"The image does not look like a CT in HU: its values run from {low:.0f} to {high:.0f}, but fat and air "
            "lie below -40 HU and organs between -20 and 250 HU; choose a CT, with its rescale slope and intercept "
            "applied."
        )


def _sample(array: np.ndarray) -> np.ndarray:
    """Evenly chosen voxels, so that the check costs nothing for a large image."""
    steps = [1, 1, 1]
    while np.prod([-(-size // step) for size, step in zip(array.shape, steps, strict=True)]) > _SAMPLE_VOXELS:
        axis = int(np.argmax([size / step for size, step in zip(array.shape, steps, strict=True)]))
        steps[axis] += 1
    return array[:: steps[0], :: steps[1], :: steps[2]]


def model_grid(image: Image, spacing_mm: tuple[float, float, float]) -> Image:
    """The grid with axes along L, P and S and the model's spacing that covers a whole image.

    Parameters
    ----------
    image : Image
        In any orientation.
    spacing_mm : tuple of 3 float
        Along i, j, k of the result.

    Returns
    -------
    Image
        Its array holds no memory and must not be written to.
    """
    last = np.asarray(image.shape[::-1], dtype=float)
    # The faces of the outermost voxels, half a voxel beyond their centers.
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * last - 0.5
    points = image.ijk_to_points(corners)
    low, high = points.min(axis=0), points.max(axis=0)
    spacing = np.asarray(spacing_mm, dtype=float)
    counts = np.maximum(np.ceil((high - low) / spacing - 1e-6).astype(int), 1)
    # Centered, so that both ends lose or gain the same.
    origin = (low + high) / 2 - (counts - 1) / 2 * spacing
    empty = np.broadcast_to(np.uint8(0), tuple(int(count) for count in counts[::-1]))
    return Image(empty, tuple(spacing), tuple(origin))


def to_grid(image: Image, grid: Image, outside: float = AIR_HU) -> Image:
    """An image on another grid: averaged over whole voxels where the grid is coarser, then interpolated linearly.

    Sampling a fine CT at a coarse grid's points alone would keep its noise and alias thin structures.

    Parameters
    ----------
    image : Image
        Any orientation; HU.
    grid : Image
        Where it is wanted.
    outside : float
        Value where the image has no voxel.

    Returns
    -------
    Image
        32-bit floats.
    """
    import SimpleITK as sitk

    factors = _shrink_factors(image, grid)
    source = _padded(image, factors).to_sitk()
    if max(factors) > 1:
        source = sitk.BinShrink(sitk.Cast(source, sitk.sitkFloat32), factors)
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(grid.shape[::-1])
    resampler.SetOutputSpacing(grid.spacing_mm)
    resampler.SetOutputOrigin(grid.origin_lps)
    resampler.SetOutputDirection(grid.direction.ravel().tolist())
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.SetDefaultPixelValue(float(outside))
    resampler.SetOutputPixelType(sitk.sitkFloat32)
    return grid.with_array(sitk.GetArrayFromImage(resampler.Execute(source)))


def _shrink_factors(image: Image, grid: Image) -> list[int]:
    """How many voxels along i, j, k fit into one of the grid's, whose axes may point elsewhere."""
    along = np.abs(grid.direction.T @ image.direction)
    wanted = np.asarray(grid.spacing_mm)[np.argmax(along, axis=0)]
    return [max(int(w / s + 1e-3), 1) for w, s in zip(wanted, image.spacing_mm, strict=True)]


def _padded(image: Image, factors: list[int]) -> Image:
    """The last voxels repeated up to a multiple, so that averaging drops none."""
    missing = [(-size) % factor for size, factor in zip(image.shape, factors[::-1], strict=True)]
    if not any(missing):
        return image
    array = np.pad(image.array, [(0, count) for count in missing], mode="edge")
    return Image(array, image.spacing_mm, image.origin_lps, image.direction)


def inside_liver(hu: np.ndarray, liver: np.ndarray) -> np.ndarray:
    """The liver alone, with its median as zero: neither the phase of contrast nor other organs are left to learn.

    Parameters
    ----------
    hu : numpy.ndarray
        In HU.
    liver : numpy.ndarray of bool
        Of the same shape.

    Returns
    -------
    numpy.ndarray
        32-bit floats: HU above the liver's median inside it, air outside.
    """
    values = np.full(hu.shape, AIR_HU, np.float32)
    if liver.any():
        values[liver] = hu[liver] - np.median(hu[liver])
    return values


def channel_image(name: str, cts: dict[str, np.ndarray], liver: np.ndarray | None) -> np.ndarray | None:
    """What a channel shows, of the CTs that are there.

    Parameters
    ----------
    name : str
        One of :data:`~hepadose.segmentation.bundle_metadata.IMAGES`.
    cts : dict of numpy.ndarray
        "ct" and, where it was given, "planning_ct"; HU on one grid.
    liver : numpy.ndarray of bool or None
        On the same grid; needed where the channel shows the liver alone.

    Returns
    -------
    numpy.ndarray or None
        In HU; None where a CT is missing.
    """
    if not set(SOURCES[name]) <= set(cts):
        return None
    images = [cts[source] for source in SOURCES[name]]
    if not name.endswith("_in_liver"):
        return images[0]
    after, *before = (inside_liver(hu, liver) for hu in images)
    return np.where(liver, after - before[0], AIR_HU) if before else after


def network_input(images: dict[str, np.ndarray | None], channels: tuple[Channel, ...]) -> np.ndarray:
    """The input of a network: every channel windowed to 0–1.

    Parameters
    ----------
    images : dict
        HU on the model's grid, by the channel's image, see :func:`channel_image`; None where it was not given.
    channels : tuple of Channel

    Returns
    -------
    numpy.ndarray, shape (C, k, j, i)
        32-bit floats; zeros for a missing image.
    """
    shape = next(hu.shape for hu in images.values() if hu is not None)
    volume = np.zeros((len(channels), *shape), np.float32)
    for target, channel in zip(volume, channels, strict=True):
        values = images.get(channel.image)
        if values is None:
            continue
        low, high = channel.window_hu
        np.subtract(np.clip(values, low, high), low, out=target)
        target /= high - low
    return volume
