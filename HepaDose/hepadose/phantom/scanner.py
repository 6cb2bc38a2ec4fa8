"""What a CT scanner adds to anatomy: slices, blur, noise with its texture, and the table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hepadose.images import Image, resample
from hepadose.phantom.target import grid_coordinates
from hepadose.phantom.tissues import AIR_HU

if TYPE_CHECKING:
    import SimpleITK as sitk

NOISE_SLICES = 24
"""Independent noise slices; further ones are these, turned and rolled."""
LOWEST_HU, HIGHEST_HU = -1024.0, 3071.0


@dataclass(frozen=True)
class Scan:
    """How a CT is taken.

    Parameters
    ----------
    grid : Image
        Voxel grid of the series; its values are not used.
    noise_hu : float
        Standard deviation in the body's center in slices of 3 mm.
    curved_table : bool
        A diagnostic scanner's table instead of the flat one for radiotherapy.
    """

    grid: Image
    noise_hu: float
    curved_table: bool = False


def scan_grid(center_lps, field_of_view_mm: float, length_mm: float, matrix: int, slice_mm: float) -> Image:
    """An empty axial grid around a center; only its geometry is meant."""
    slices = int(np.ceil(length_mm / slice_mm)) + 1
    pixel_mm = field_of_view_mm / matrix
    extent = np.array([(matrix - 1) * pixel_mm, (matrix - 1) * pixel_mm, (slices - 1) * slice_mm])
    origin = np.round(np.asarray(center_lps, float) - extent / 2.0, 2)
    empty = np.broadcast_to(np.float32(0.0), (slices, matrix, matrix))
    return Image(empty, (pixel_mm, pixel_mm, slice_mm), tuple(origin))


def take_ct(painted: Image, scan: Scan, random: np.random.Generator, transform: sitk.Transform | None = None) -> Image:
    """Scan painted anatomy.

    Parameters
    ----------
    painted : Image
        HU on the anatomy's grid, planning frame.
    scan : Scan
        Grid and noise.
    random : numpy.random.Generator
        Chooses the noise.
    transform : SimpleITK.Transform, optional
        From points of the scan to points of the anatomy.

    Returns
    -------
    Image
        Whole HU as float32 on the scan's grid.
    """
    from scipy import ndimage

    # A slice averages over its thickness; its box profile has the standard deviation thickness / sqrt(12).
    sigma = scan.grid.spacing_mm[2] / np.sqrt(12.0) / painted.spacing_mm[2]
    averaged = painted.with_array(ndimage.gaussian_filter1d(painted.array, sigma, axis=0, mode="nearest"))
    hu = resample(averaged, scan.grid, transform, outside=AIR_HU).array
    _add_table(hu, scan)
    if scan.noise_hu > 0:
        _add_noise(hu, scan, random)
    np.rint(hu, out=hu)
    return scan.grid.with_array(np.clip(hu, LOWEST_HU, HIGHEST_HU, out=hu))


def _add_table(hu: np.ndarray, scan: Scan) -> None:
    """Lay the patient on a table: carbon shell around foam, below the lowest point of the body."""
    x, y, _ = grid_coordinates(scan.grid)
    body = (hu > -300.0).any(axis=0)
    rows = np.flatnonzero(body.any(axis=1))
    if not rows.size:
        return
    across = x[0] - float(x.mean())
    top = float(y[0, rows[-1], 0]) + 5.0
    bend = across**2 / 1500.0 if scan.curved_table else np.zeros_like(across)
    below = y[0] - (top - bend)
    soft = scan.grid.spacing_mm[1]
    shell = np.clip(0.5 - (np.abs(np.abs(below - 22.0) - 22.0) - 1.2) / soft, 0, 1)
    foam = np.clip(0.5 - (np.abs(below - 22.0) - 22.0) / soft, 0, 1)
    inside = np.clip(0.5 - (np.abs(across) - (215.0 if scan.curved_table else 260.0)) / soft, 0, 1)
    table = AIR_HU + inside * np.maximum(foam * 70.0, shell * (1150.0 if scan.curved_table else 930.0))
    np.maximum(hu, table.astype(np.float32), out=hu)


def _add_noise(hu: np.ndarray, scan: Scan, random: np.random.Generator) -> None:
    from scipy import ndimage

    level_hu = scan.noise_hu * np.sqrt(3.0 / scan.grid.spacing_mm[2])
    body = (hu[:: max(len(hu) // 8, 1)] > -500.0).mean(axis=0)
    # Photons that crossed more of the body are fewer: the center is noisier than the rim.
    depth = ndimage.gaussian_filter(body, 45.0 / scan.grid.spacing_mm[0])
    gain = (level_hu * (0.35 + 0.65 * depth / max(float(depth.max()), 1e-6))).astype(np.float32)
    base = _noise_slices(min(NOISE_SLICES, len(hu)), hu.shape[1:], scan.grid.spacing_mm[0], random)
    for k in range(len(hu)):
        slice_noise = base[k % len(base)]
        if k >= len(base):
            slice_noise = np.roll(
                slice_noise[::-1] if random.random() < 0.5 else slice_noise.T, random.integers(0, 400, 2), (0, 1)
            )
        hu[k] += gain * slice_noise


def _noise_slices(count: int, shape: tuple[int, int], pixel_mm: float, random: np.random.Generator) -> np.ndarray:
    """Periodic noise of standard deviation 1 with the power spectrum of filtered backprojection: ramp and roll-off."""
    white = random.standard_normal((count, *shape)).astype(np.float32)
    rows = np.fft.fftfreq(shape[0], pixel_mm)[:, None]
    columns = np.fft.rfftfreq(shape[1], pixel_mm)[None, :]
    frequency = np.hypot(rows, columns)
    amplitude = np.sqrt(frequency + 0.02) * np.exp(-((frequency / 0.36) ** 2))
    noise = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=shape).astype(np.float32)
    return noise / noise.std()
