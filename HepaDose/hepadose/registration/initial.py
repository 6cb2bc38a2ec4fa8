"""Where to start: the liver's centers where both contours are known, a search over all translations otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, ndimage

from hepadose.images import Image
from hepadose.registration.working import covered, onto_working_grid, whole_grid, working_grid

if TYPE_CHECKING:
    import SimpleITK as sitk

_SEARCH_SPACING_MM = 8.0
_SEARCH_MARGIN_MM = 24.0
_LEAST_OVERLAP = 0.6
"""Share of the liver's surroundings that a position must find inside the follow-up scan to be considered."""


def center_of(mask: Image) -> np.ndarray:
    """Center of mass of a mask in LPS mm."""
    return mask.ijk_to_points(np.argwhere(mask.array)[:, ::-1].mean(axis=0))


def start_from_contours(follow_up_liver: Image, planning_liver: Image) -> sitk.Euler3DTransform:
    """The translation that brings the liver's centers together."""
    fixed_center = center_of(follow_up_liver)
    return _translation(fixed_center, center_of(planning_liver) - fixed_center)


def start_from_images(follow_up: Image, planning: Image, planning_liver: Image) -> sitk.Euler3DTransform:
    """The translation at which the surroundings of the planning liver correlate best with the follow-up CT.

    All positions at which enough of the surroundings lies within the follow-up scan are tried at once, so neither the
    table position nor the frame of reference nor the scanned length matters.

    Parameters
    ----------
    follow_up, planning : Image
        CTs in HU.
    planning_liver : Image
        Boolean, on the grid of ``planning``.

    Returns
    -------
    SimpleITK.Euler3DTransform
        Takes follow-up points (LPS mm) to planning points; its center is the liver.

    References
    ----------
    Padfield, IEEE Trans Image Process 21 (2012) 2706–2718, doi:10.1109/TIP.2011.2181402.
    """
    template_grid = working_grid(planning_liver, _SEARCH_MARGIN_MM, _SEARCH_SPACING_MM)
    search_grid = whole_grid(follow_up, _SEARCH_SPACING_MM)
    template, known = _coarse(planning, template_grid)
    near = _near(planning_liver, template_grid) & known
    scene, seen = _coarse(follow_up, search_grid)
    score = _masked_correlation(scene, seen, template, near)
    shift_kji = np.array(np.unravel_index(int(np.argmax(score)), score.shape)) - np.array(template.shape) + 1
    offset_lps = np.asarray(search_grid.origin_lps) + shift_kji[::-1] * _SEARCH_SPACING_MM - template_grid.origin_lps
    return _translation(center_of(planning_liver) + offset_lps, -offset_lps)


def _translation(center_lps: np.ndarray, offset_lps: np.ndarray) -> sitk.Euler3DTransform:
    import SimpleITK as sitk

    transform = sitk.Euler3DTransform()
    transform.SetCenter([float(value) for value in center_lps])
    transform.SetTranslation([float(value) for value in offset_lps])
    return transform


def _coarse(image: Image, grid: Image) -> tuple[np.ndarray, np.ndarray]:
    return onto_working_grid(image, grid).array.astype(float), covered(image, grid, rim_mm=0.0)


def _near(mask: Image, grid: Image) -> np.ndarray:
    from hepadose.registration.masks import propagate_mask

    inside = propagate_mask(mask, grid).array
    return ndimage.distance_transform_edt(~inside, sampling=grid.spacing_kji_mm) <= _SEARCH_MARGIN_MM


def _masked_correlation(scene: np.ndarray, seen: np.ndarray, template: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Normalized correlation over the voxels that both masks know, for every shift; 0 where too few overlap."""
    shape = [fft.next_fast_len(a + b - 1, real=True) for a, b in zip(scene.shape, template.shape, strict=True)]

    def spectrum(values: np.ndarray) -> np.ndarray:
        return fft.rfftn(values, shape)

    def correlate(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        full = fft.irfftn(a * b, shape)
        return full[tuple(slice(0, n + m - 1) for n, m in zip(scene.shape, template.shape, strict=True))]

    # Values are centered first: correlations of large positive numbers lose digits.
    scene, template = (scene - scene[seen].mean()) * seen, (template - template[near].mean()) * near
    s, s2, w = spectrum(scene), spectrum(scene**2), spectrum(seen.astype(float))
    flipped = [np.flip(values) for values in (template, template**2, near.astype(float))]
    t, t2, n = (spectrum(values) for values in flipped)
    count = np.maximum(correlate(w, n), 1e-9)
    sum_s, sum_t = correlate(s, n), correlate(w, t)
    covariance = correlate(s, t) - sum_s * sum_t / count
    variances = (correlate(s2, n) - sum_s**2 / count) * (correlate(w, t2) - sum_t**2 / count)
    enough = (count >= _LEAST_OVERLAP * near.sum()) & (variances > 1e-3 * variances.max())
    return np.where(enough, covariance / np.sqrt(np.maximum(variances, 1e-9)), 0.0)
