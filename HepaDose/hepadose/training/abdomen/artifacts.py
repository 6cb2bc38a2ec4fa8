"""What a scanner adds to a synthetic CT, in place: table, noise, streaks of metal, starved rays, a round field of view.

Arrays are HU, float32, ``[k, j, i]`` with equal spacing along all axes.
"""

from __future__ import annotations

import numpy as np

AIR_HU, BODY_HU = -1000.0, -300.0
OUTSIDE_HU = -1024.0
STARVED_SHARE, BAND_MM, BAND_HU = 0.16, (8.0, 45.0), (0.0, 40.0)
"""Share of scans with starved rays, and width (standard deviation) and depth of their dark band."""
NOISE_SLICES = 24
"""Independent slices of noise; further ones are these, rolled and turned over."""


def add_table(hu: np.ndarray, spacing_mm: float, random: np.random.Generator) -> None:
    """A flat or curved table of a bright shell around foam behind the body; nothing where the body leaves the view.

    Parameters
    ----------
    hu : numpy.ndarray, shape (k, j, i)
        32-bit floats in HU; changed in place.
    spacing_mm : float
        Along all axes.
    random : numpy.random.Generator
    """
    body = (hu[:, :, ::2] > BODY_HU).mean(axis=(0, 2))
    rows = np.flatnonzero(body > 0.02)
    if not rows.size:
        return
    top_mm = (rows[-1] + 1) * spacing_mm + random.uniform(0.0, 5.0)
    across_mm = (np.arange(hu.shape[2]) - hu.shape[2] / 2 + random.normal(0, 4)) * spacing_mm
    bend = across_mm**2 / random.uniform(900.0, 2500.0) if random.random() < 0.65 else 0.0 * across_mm
    below_mm = np.arange(hu.shape[1])[:, None] * spacing_mm - (top_mm - bend)
    thick_mm, shell_mm = random.uniform(18.0, 55.0), random.uniform(0.8, 2.0)
    inside = np.clip(0.5 - (np.abs(across_mm) - random.uniform(190.0, 265.0)) / spacing_mm, 0, 1)
    depth_mm = np.abs(below_mm - thick_mm / 2) - thick_mm / 2
    shell = np.clip(0.5 - (np.abs(depth_mm) - shell_mm) / spacing_mm, 0, 1) * min(2 * shell_mm / spacing_mm, 1.0)
    foam = np.clip(0.5 - depth_mm / spacing_mm, 0, 1)
    table = AIR_HU + inside * np.maximum(foam * random.uniform(20.0, 120.0), shell * random.uniform(700.0, 1300.0))
    np.maximum(hu, table.astype(np.float32), out=hu)


def add_noise(hu: np.ndarray, spacing_mm: float, level_hu: float, random: np.random.Generator) -> None:
    """Noise of the given standard deviation in the body's center, with the texture of a random kernel.

    Parameters
    ----------
    hu, spacing_mm, random
        As for :func:`add_table`.
    level_hu : float
        Standard deviation where voxels measure 1 mm; larger ones average it in proportion to their edge, as three real
        CTs show (10 HU as reconstructed, 4 HU in voxels of 2 mm, 3–4 HU of 3 mm).
    """
    from scipy import ndimage

    body = (hu[:: max(len(hu) // 8, 1)] > -500.0).mean(axis=0)
    # Photons that crossed more of the body are fewer: the center is noisier than the rim.
    depth = ndimage.gaussian_filter(body, 45.0 / spacing_mm)
    averaged_hu = level_hu / max(spacing_mm, 1.0)
    gain = (averaged_hu * (0.3 + 0.7 * depth / max(float(depth.max()), 1e-6))).astype(np.float32)
    base = _noise_slices(min(NOISE_SLICES, len(hu)), hu.shape[1:], spacing_mm, random)
    for k in range(len(hu)):
        roll = tuple(int(value) for value in random.integers(0, 200, 2))
        hu[k] += gain * np.roll(base[k % len(base)], roll if k >= len(base) else (0, 0), (0, 1))


def _noise_slices(count: int, shape, spacing_mm: float, random: np.random.Generator) -> np.ndarray:
    """Periodic noise of standard deviation 1: ramp of the reconstruction, roll-off of the kernel, linked slices."""
    from scipy import ndimage

    white = random.standard_normal((count, *shape), dtype=np.float32)
    white = ndimage.gaussian_filter1d(white, random.uniform(0.05, 0.8), axis=0, mode="wrap")
    rows = np.fft.fftfreq(shape[0], spacing_mm)[:, None]
    columns = np.fft.rfftfreq(shape[1], spacing_mm)[None, :]
    frequency = np.hypot(rows, columns).astype(np.float32)
    amplitude = np.sqrt(frequency + 0.01) * np.exp(-((frequency / random.uniform(0.08, 0.3)) ** 2))
    noise = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=shape).astype(np.float32)
    return noise / noise.std()


def add_starvation(hu: np.ndarray, spacing_mm: float, random: np.random.Generator) -> None:
    """Horizontal streaks and a dark band where arms or a wide body starve and harden the rays from side to side.

    Parameters
    ----------
    hu, spacing_mm, random
        As for :func:`add_table`. Now and then only, and more often where the body leaves the view at the sides.
    """
    from scipy import ndimage

    touches_sides = float((hu[:, :, (0, -1)] > BODY_HU).mean())
    if random.random() > STARVED_SHARE + touches_sides:
        return
    slices, lines, _ = hu.shape
    rows = random.standard_normal((slices, lines, 1)).astype(np.float32)
    rows = random.uniform(3.0, 18.0) * ndimage.gaussian_filter1d(rows, 0.6, axis=1)
    if random.random() < 0.6:
        # At the height of an arm or of the spine; streaks are strongest there.
        drift_mm = np.cumsum(random.normal(0.0, 1.5, slices))[:, None]
        away_mm = spacing_mm * (np.arange(lines)[None] - random.uniform(0.25, 0.75) * lines) - drift_mm
        band = np.exp(-0.5 * (away_mm / random.uniform(*BAND_MM)) ** 2).astype(np.float32)[..., None]
        rows = rows * (0.3 + band) - random.uniform(*BAND_HU) * band
    # The band fades on its way through the body.
    ramp = np.linspace(random.uniform(0.2, 1.0), random.uniform(0.2, 1.0), hu.shape[2], dtype=np.float32)
    hu += rows * ramp * (hu > BODY_HU)


def add_metal(hu: np.ndarray, spacing_mm: float, random: np.random.Generator) -> None:
    """A metal object in the body with bright and dark streaks in its slices; nothing where there is no body.

    Parameters
    ----------
    hu, spacing_mm, random
        As for :func:`add_table`.
    """
    found = np.flatnonzero(hu > BODY_HU)
    if not found.size:
        return
    k, j, i = np.unravel_index(random.choice(found), hu.shape)
    half = max(1, round(random.uniform(2.0, 20.0) / spacing_mm))
    rows, columns = (
        np.arange(hu.shape[1], dtype=np.float32)[:, None] - j,
        np.arange(hu.shape[2], dtype=np.float32)[None] - i,
    )
    away_mm = np.hypot(rows, columns) * spacing_mm
    turn = np.arctan2(rows, columns)
    waves = sum(np.cos(n * turn + random.uniform(0, 6.3)) for n in random.integers(2, 24, 8))
    streaks = random.uniform(30.0, 110.0) * waves * np.exp(-away_mm / random.uniform(35.0, 120.0))
    slab = slice(max(k - half, 0), k + half + 1)
    hu[slab] += (streaks * (hu[slab] > -800.0)).astype(np.float32)
    core = away_mm < max(spacing_mm, random.uniform(1.5, 8.0))
    hu[slab][:, core] = 2800.0


def add_circle(hu: np.ndarray, random: np.random.Generator) -> None:
    """A round field of view: nothing is reconstructed outside it.

    Parameters
    ----------
    hu, random
        As for :func:`add_table`.
    """
    rows = np.arange(hu.shape[1])[:, None] - (hu.shape[1] - 1) / 2
    columns = np.arange(hu.shape[2])[None] - (hu.shape[2] - 1) / 2
    radius = max(hu.shape[1:]) / 2 * random.uniform(0.99, 1.06)
    hu[:, np.hypot(rows, columns) > radius] = OUTSIDE_HU
