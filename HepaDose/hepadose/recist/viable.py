"""The part of a tumor that enhances in the arterial phase, for criteria that count viable tissue alone."""

from __future__ import annotations

import math

import numpy as np

from hepadose.errors import SettingsError
from hepadose.images import Image, require_same_grid


def viable_part(lesion: Image, arterial: Image, native: Image, threshold_hu: float) -> Image:
    """Where a lesion takes up contrast.

    There is no default threshold: enhancement depends on scanner, contrast medium and timing, and a reader's outline
    of the viable part is the alternative.

    Parameters
    ----------
    lesion : Image
        Mask.
    arterial, native : Image
        CT in HU in the arterial phase and without contrast, registered, on the grid of the mask.
    threshold_hu : float
        Least increase; above 0.

    Returns
    -------
    Image
        Mask; empty where nothing enhances.

    Raises
    ------
    GeometryMismatchError
        If the grids differ.
    SettingsError
        If the threshold is not above 0.

    References
    ----------
    Lencioni and Llovet, Semin Liver Dis 30 (2010) 52, doi:10.1055/s-0030-1247132.
    """
    if not (threshold_hu > 0.0 and math.isfinite(threshold_hu)):
        raise SettingsError(f"The threshold of enhancement must be above 0 HU, got {threshold_hu:g} HU.")
    require_same_grid(lesion=lesion, arterial=arterial, native=native)
    # In floating point: integers of 16 bits could overflow.
    gain = np.subtract(arterial.array, native.array, dtype=np.float32)
    return lesion.with_array(lesion.array.astype(bool) & (gain >= threshold_hu))
