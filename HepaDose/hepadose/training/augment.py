"""Random patches: one resampling that turns, scales, bends and mirrors, then changes of the gray values."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from hepadose.phantom.shapes import turned
from hepadose.training.config_parts import AugmentationSettings
from hepadose.training.data_cases import Case

_PIVOT_HU = 50.0
_OUTSIDE_HU = -60.0
"""Darker is what lies outside of a liver that is shown alone, and fat at its rim."""
_BEND_NODES = 5
_MOST_THIN_SLICES = 12


def cut_patch(
    case: Case,
    center_kji: np.ndarray,
    size: tuple[int, int, int],
    settings: AugmentationSettings,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """A patch around a voxel, seen by a slightly different patient and scanner.

    Parameters
    ----------
    case : Case
    center_kji : numpy.ndarray, shape (3,)
        Voxel in the patch's middle.
    size : tuple of 3 int
        Voxels along k, j, i.
    settings : AugmentationSettings
    random : numpy.random.Generator

    Returns
    -------
    images_hu : numpy.ndarray, shape (C, k, j, i)
        32-bit floats; beyond its border the case is continued by its outermost voxels, as it is in use.
    labels : numpy.ndarray, shape (k, j, i)
        uint8; continued likewise.
    """
    grid = _sampling_grid(case, center_kji, size, settings, random)
    images = torch.from_numpy(np.ascontiguousarray(case.images_hu, np.float32))[None]
    labels = torch.from_numpy(case.labels.array.astype(np.float32))[None, None]
    images = functional.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=True)
    labels = functional.grid_sample(labels, grid, mode="nearest", padding_mode="border", align_corners=True)
    images_hu, numbers = images[0].numpy(), labels[0, 0].numpy().astype(np.uint8)
    if random.random() < settings.thin_share:
        shown = _thin_stack(size[0], random)
        images_hu, numbers = images_hu[:, shown], numbers[shown]
    return _gray_values(images_hu, settings, random), numbers


def _thin_stack(count: int, random: np.random.Generator) -> np.ndarray:
    """Which slice is shown at each place, where only a few neighboring ones are there."""
    slices = int(random.integers(1, min(_MOST_THIN_SLICES, count) + 1))
    first = int(random.integers(count - slices + 1))
    return np.clip(np.arange(count), first, first + slices - 1)


def _sampling_grid(case, center_kji, size, settings, random) -> torch.Tensor:
    """Where each voxel of the patch is read, in grid_sample's coordinates (i, j, k from −1 to 1)."""
    spacing = np.asarray(case.labels.spacing_mm)
    matrix = _matrix(spacing, settings, random)
    shape_ijk = np.asarray(case.labels.shape[::-1], dtype=float)
    half = np.maximum(shape_ijk - 1, 1) / 2
    axes = [torch.arange(count, dtype=torch.float32) - (count - 1) / 2 for count in size]
    offsets = torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1], dim=-1)
    shift_mm = _bend(size, settings.bend_mm, random)
    linear = torch.from_numpy((matrix.T / half).astype(np.float32))
    start = torch.from_numpy(((center_kji[::-1] - (shape_ijk - 1) / 2) / half).astype(np.float32))
    bend = shift_mm * torch.from_numpy((1.0 / (spacing * half)).astype(np.float32))
    return (offsets @ linear + start + bend)[None]


def _matrix(spacing_mm: np.ndarray, settings: AugmentationSettings, random: np.random.Generator) -> np.ndarray:
    """Takes voxel offsets (i, j, k) of the patch to voxel offsets of the case; turns happen in millimeters."""
    rotation = np.eye(3)
    for axis, angle in enumerate(random.normal(0.0, settings.rotation_deg, 3)):
        rotation = rotation @ turned(angle, axis)
    scale = np.exp(random.normal(0.0, settings.scale))
    mirror = np.where(random.random(3) < np.asarray(settings.flip[::-1]), -1.0, 1.0)
    return np.diag(1.0 / spacing_mm) @ rotation @ np.diag(scale * mirror * spacing_mm)


def _bend(size: tuple[int, int, int], bend_mm: float, random: np.random.Generator) -> torch.Tensor:
    """A smooth random shift in mm, shape (k, j, i, 3)."""
    nodes = torch.from_numpy(random.normal(0.0, bend_mm, (1, 3, *(_BEND_NODES,) * 3)).astype(np.float32))
    return functional.interpolate(nodes, size=size, mode="trilinear", align_corners=True)[0].permute(1, 2, 3, 0)


def _gray_values(images_hu: np.ndarray, settings: AugmentationSettings, random: np.random.Generator) -> np.ndarray:
    from scipy import ndimage

    if random.random() < settings.invert_share:
        images_hu = np.where(images_hu > _OUTSIDE_HU, -images_hu, images_hu)
    shift, factor = random.normal(*settings.shift_hu), np.exp(random.normal(0.0, settings.contrast))
    images_hu = (images_hu - _PIVOT_HU) * np.float32(factor) + np.float32(_PIVOT_HU + shift)
    if settings.blur_voxels > 0 and random.random() < 0.5:
        sigma = random.uniform(0.0, settings.blur_voxels)
        images_hu = np.stack([ndimage.gaussian_filter(image, sigma) for image in images_hu])
    if settings.noise_hu > 0:
        spread = np.float32(random.uniform(0.0, settings.noise_hu))
        images_hu = images_hu + spread * random.standard_normal(images_hu.shape, dtype=np.float32)
    return images_hu
