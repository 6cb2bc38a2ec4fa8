"""How well a deformed CT explains another one: local linear regression, so that contrast phases may differ.

Within every window the fixed image is explained by ``slope × moving + offset``. The offset is free, so a region that
turned darker or brighter as a whole (the reaction itself, another contrast phase) does not pull at the deformation;
the slope is drawn towards the global one where a window holds nothing but noise. The energy is the squared residual in
units of the noise. This file knows nothing of livers or transforms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

_TAIL = 2.0
"""Windows whose residual variance exceeds this many times the noise pull ever less: gas, sliding, a new lesion."""
_RIDGE = 0.05
"""Strength of the pull of a window's slope to the global one: like some 15 of a window's several hundred voxels."""


@dataclass(frozen=True)
class WindowFit:
    """Local regression of the fixed on the moving image."""

    energy: float
    """Half the sum over windows of the mean squared residual, in units of the noise variance."""
    force: np.ndarray
    """Derivative of the energy with respect to the moving image's values."""
    residual_variance: np.ndarray
    """Mean squared residual of every window in HU²; 0 outside the region."""


class LocalRegression:
    """Similarity of one fixed image with any deformed moving image.

    Parameters
    ----------
    fixed : numpy.ndarray, shape (k, j, i)
        In HU.
    region : numpy.ndarray of bool, same shape
        Voxels that count; each of them is the center of one window.
    window : int
        Odd edge of the window in voxels.
    noise_hu : float
        Standard deviation of the residual of a perfect alignment.
    global_slope : float
        HU of the fixed per HU of the moving image, over the whole region.
    """

    def __init__(
        self, fixed: np.ndarray, region: np.ndarray, window: int, noise_hu: float = 10.0, global_slope: float = 1.0
    ) -> None:
        self.region = region.astype(np.float32)
        # Centered values keep the variances, which are differences of squares, exact in single precision.
        self.level_hu = float(np.median(fixed[region]))
        self.fixed = ((fixed - self.level_hu) * self.region).astype(np.float32)
        self.window = window
        self.noise_hu = noise_hu
        self.global_slope = global_slope
        self._share = self.region / np.maximum(self._sum(self.region), 1.0)
        self._fixed_mean = self._mean(self.fixed)
        self._fixed_variance = self._mean(self.fixed**2) - self._fixed_mean**2

    def fit(self, moving: np.ndarray) -> WindowFit:
        """Explain the fixed by the moving image, window by window; the force is the exact derivative of the energy."""
        moving = ((moving - self.level_hu) * self.region).astype(np.float32)
        moving_mean = self._mean(moving)
        ridge = _RIDGE * self.noise_hu**2
        variance = np.maximum(self._mean(moving**2) - moving_mean**2, 0.0) + ridge
        covariance = self._mean(moving * self.fixed) - moving_mean * self._fixed_mean + ridge * self.global_slope
        slope = covariance / variance
        cost = np.maximum(self._fixed_variance + ridge * self.global_slope**2 - slope * covariance, 0.0) * self.region
        offset = self._fixed_mean - slope * moving_mean
        excess = 1.0 + cost / (_TAIL * self.noise_hu**2)
        energy = 0.5 * _TAIL * float(np.log(excess).sum(dtype=np.float64))
        return WindowFit(energy, self._force(moving, slope, offset, self._share / excess), cost)

    def _force(self, moving: np.ndarray, slope: np.ndarray, offset: np.ndarray, share: np.ndarray) -> np.ndarray:
        pull = self.fixed * self._sum(share * slope)
        pull -= moving * self._sum(share * slope**2)
        pull -= self._sum(share * slope * offset)
        return -self.region * pull / self.noise_hu**2

    def _mean(self, values: np.ndarray) -> np.ndarray:
        return self._sum(values) * self._share

    def _sum(self, values: np.ndarray) -> np.ndarray:
        return ndimage.uniform_filter(values, self.window, mode="constant") * np.float32(self.window**3)
