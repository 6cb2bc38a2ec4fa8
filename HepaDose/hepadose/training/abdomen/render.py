"""A synthetic abdomen as a CT in HU: tissue, texture, slices, noise, artifacts, table and field of view."""

from __future__ import annotations

import numpy as np

from hepadose.images import Image, bounding_box
from hepadose.phantom.fields import smooth_field, stream
from hepadose.training.abdomen.artifacts import add_circle, add_metal, add_noise, add_starvation, add_table
from hepadose.training.abdomen.contrast import Palette, palette
from hepadose.training.abdomen.generate import Abdomen
from hepadose.training.abdomen.settings import RenderingSettings
from hepadose.training.abdomen.tissues import Tissue

LOWEST_HU, HIGHEST_HU = -1024.0, 3071.0
FWHM_TO_SIGMA = 0.4247
COARSE_MM, FINE_MM = 9.0, 3.0


def render_ct(abdomen: Abdomen, seed: int, settings: RenderingSettings | None = None) -> Image:
    """Take a CT of a synthetic patient; the same patient, seed and settings always give the same one.

    Parameters
    ----------
    abdomen : Abdomen
        The patient.
    seed : int
        Chooses contrast, noise and artifacts, independently of the patient's own seed.
    settings : RenderingSettings, optional
        What is fixed instead of drawn.

    Returns
    -------
    Image
        Whole HU as float32 on the grid of the labels, from -1024 to 3071.
    """
    settings = settings or RenderingSettings()
    colors = palette(abdomen.tumors, settings, stream(seed, "contrast"))
    hu = _tissues(abdomen, colors)
    _soften_reaction(hu, abdomen, colors, stream(seed, "reaction"))
    _add_texture(hu, abdomen, colors, stream(seed, "texture"))
    spacing_mm = abdomen.labels.spacing_mm[0]
    hu = _blurred(hu, spacing_mm, settings, stream(seed, "kernel"))
    if (random := stream(seed, "table")).random() < settings.table_share:
        add_table(hu, spacing_mm, random)
    if (random := stream(seed, "metal")).random() < settings.metal_share:
        add_metal(hu, spacing_mm, random)
    add_starvation(hu, spacing_mm, stream(seed, "starvation"))
    random = stream(seed, "noise")
    add_noise(hu, spacing_mm, _noise_level(settings, random), random)
    if (random := stream(seed, "circle")).random() < settings.circle_share:
        add_circle(hu, random)
    np.rint(hu, out=hu)
    return abdomen.labels.with_array(np.clip(hu, LOWEST_HU, HIGHEST_HU, out=hu))


def _tissues(abdomen: Abdomen, colors: Palette) -> np.ndarray:
    labels = abdomen.labels.array
    hu = colors.mean_hu[labels]
    for label, table in ((Tissue.TUMOR, colors.tumor_hu), (Tissue.TUMOR_RIM, colors.rim_hu)):
        here = labels == label
        hu[here] = table[abdomen.tumor_index.array[here]]
    return hu


def _soften_reaction(hu: np.ndarray, abdomen: Abdomen, colors: Palette, random: np.random.Generator) -> None:
    """Let the reaction fade into the liver over some millimeters instead of ending at a line."""
    from scipy import ndimage

    spacing_mm = abdomen.labels.spacing_mm[0]
    width_mm = random.uniform(0.5, 4.5)
    margin = int(np.ceil(3 * width_mm / spacing_mm))
    box = bounding_box(abdomen.labels.array == Tissue.REACTION, (margin,) * 3)
    if box is None:
        return
    labels = abdomen.labels.array[box]
    parenchyma = (labels == Tissue.LIVER) | (labels == Tissue.REACTION)
    share = (labels == Tissue.REACTION).astype(np.float32)
    # Normalized by what is parenchyma, so that it does not fade towards the capsule and the vessels.
    weight = ndimage.gaussian_filter(parenchyma.astype(np.float32), width_mm / spacing_mm)
    soft = ndimage.gaussian_filter(share, width_mm / spacing_mm) / np.maximum(weight, 1e-3)
    liver_hu, reaction_hu = colors.mean_hu[[Tissue.LIVER, Tissue.REACTION]]
    hu[box][parenchyma] = (liver_hu + (reaction_hu - liver_hu) * soft)[parenchyma]


def _add_texture(hu: np.ndarray, abdomen: Abdomen, colors: Palette, random: np.random.Generator) -> None:
    """The tissues' own structure, coarse and fine, and slow changes over the whole body."""
    spacing_mm = abdomen.labels.spacing_kji_mm
    share = random.uniform(0.3, 0.9)
    structure = share * smooth_field(hu.shape, spacing_mm, COARSE_MM, random)
    structure += np.float32(np.sqrt(1 - share**2)) * smooth_field(hu.shape, spacing_mm, FINE_MM, random)
    hu += structure * colors.texture_hu[abdomen.labels.array]
    # Fat between the fibers of muscles, from none in the young to much in the old.
    fatty = np.clip(structure - random.uniform(0.4, 2.5), 0.0, 1.2) * (abdomen.labels.array == Tissue.MUSCLE)
    hu -= np.float32(random.uniform(30.0, 90.0)) * fatty
    slow = smooth_field(hu.shape, spacing_mm, 70.0, random)
    hu += np.float32(random.uniform(0.0, 3.0)) * slow * (hu > -300.0)


def _noise_level(settings: RenderingSettings, random: np.random.Generator) -> float:
    """Standard deviation in HU; low levels are as frequent as high ones."""
    low, high = np.log(np.maximum(settings.noise_hu, 1e-3))
    return float(np.exp(random.uniform(low, high)))


def _blurred(hu: np.ndarray, spacing_mm: float, settings: RenderingSettings, random: np.random.Generator) -> np.ndarray:
    """Partial volume within the voxel, the kernel in the plane and the slice profile across it."""
    from scipy import ndimage

    plane = FWHM_TO_SIGMA * np.hypot(spacing_mm, random.uniform(0.8, 2.2)) / spacing_mm
    low, high = settings.slice_thickness_mm
    thickness_mm = random.uniform(low, high)
    across = np.hypot(0.3, thickness_mm / np.sqrt(12.0) / spacing_mm)
    for axis, sigma in ((0, across), (1, plane), (2, plane)):
        hu = ndimage.gaussian_filter1d(hu, sigma, axis=axis, mode="nearest", truncate=2.5)
    return hu
