"""Puts a liver on the grid: parenchyma, vessels, gallbladder, clips and fluid around it."""

from __future__ import annotations

import numpy as np

from hepadose.phantom import organs, trunk
from hepadose.phantom.shapes import Shape
from hepadose.training.abdomen.body_grid import BodyGrid, Box
from hepadose.training.abdomen.liver_forms import LiverForm
from hepadose.training.abdomen.liver_vessels import hepatic_tree, portal_tree
from hepadose.training.abdomen.settings import LiverKind
from hepadose.training.abdomen.shaping import varied
from hepadose.training.abdomen.tissues import LIVER_TISSUES, Tissue, is_any


def paint_liver(grid: BodyGrid, liver: LiverForm, random: np.random.Generator) -> None:
    """Parenchyma, portal and hepatic veins inside it, and the gallbladder.

    Parameters
    ----------
    grid : BodyGrid
        Its labels are changed.
    liver : LiverForm
        What is painted.
    random : numpy.random.Generator
    """
    found = grid.distance(liver.shape)
    if found is None:
        return
    box, distance_mm = found
    grid.fill(Tissue.LIVER, box, _largest(distance_mm < 0.0))
    grid.paint(Tissue.VENA_CAVA, organs.inferior_vena_cava())
    wide_mm = random.uniform(-0.6, 1.2)
    for tissue, tree in (
        (Tissue.PORTAL_VEIN, portal_tree(wide_mm, random)),
        (Tissue.HEPATIC_VEIN, hepatic_tree(wide_mm, random)),
    ):
        whole = varied(tree, (0, 0, 0), shift_mm=liver.shift_mm) if liver.shift_mm.any() else tree
        grid.paint(tissue, whole, thin=True, over=(Tissue.LIVER,))
    if liver.gallbladder is not None:
        wall_mm = random.uniform(0.5, 2.5)
        grid.layers(liver.gallbladder, ((Tissue.GALLBLADDER_WALL, 0.0), (Tissue.BILE, wall_mm)), thin=True)
    _keep_largest(grid)
    if (liver.kind is LiverKind.CIRRHOTIC and random.random() < 0.5) or random.random() < 0.06:
        _paint_ascites(grid, box, distance_mm, random)


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask; the mask itself where it is in one piece or empty."""
    from scipy import ndimage

    parts, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return parts == sizes.argmax()


def _keep_largest(grid: BodyGrid) -> None:
    """What the gallbladder or the vena cava has cut off the liver becomes fat."""
    mask = is_any(grid.labels, LIVER_TISSUES)
    grid.labels[mask & ~_largest(mask)] = Tissue.VISCERAL_FAT


def _paint_ascites(grid: BodyGrid, box: Box, distance_mm: np.ndarray, random: np.random.Generator) -> None:
    """Fluid around the liver and in the flanks, instead of fat."""
    reach_mm = random.uniform(3.0, 22.0)
    in_front = grid.coordinates(box)[1] < 40.0
    grid.fill(Tissue.FLUID, box, (distance_mm < reach_mm) & in_front, over=(Tissue.VISCERAL_FAT,))
    inside = Shape(lambda x, y, z: np.maximum(-trunk.wall_depth().distance(x, y, z) - reach_mm, y - 45.0))
    low = Shape(lambda x, y, z: np.maximum(inside.distance(x, y, z), trunk.below_diaphragm().distance(x, y, z)))
    grid.paint(Tissue.FLUID, low, over=(Tissue.VISCERAL_FAT,))
