"""Patients whose organs somebody has outlined, as anatomies beside the drawn ones: their label maps, bent at random.

Only the shapes serve. Gray values come from the renderer, as for every synthetic abdomen.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from hepadose.errors import MissingInputError
from hepadose.images import Image
from hepadose.phantom.fields import smooth_field, stream
from hepadose.phantom.shapes import Shape, turned
from hepadose.training.abdomen.liver_vessels import hepatic_tree, portal_tree
from hepadose.training.abdomen.tissues import Tissue

SOLID = {
    "spleen": Tissue.SPLEEN,
    "gallbladder": Tissue.BILE,
    "liver": Tissue.LIVER,
    "pancreas": Tissue.PANCREAS,
    "adrenal_gland": Tissue.ADRENAL,
    "esophagus": Tissue.ESOPHAGUS,
    "urinary_bladder": Tissue.BLADDER,
    "prostate": Tissue.MUSCLE,
    "kidney_cyst": Tissue.BLADDER,
    "aorta": Tissue.ARTERY,
    "iliac_artery": Tissue.ARTERY,
    "inferior_vena_cava": Tissue.VENA_CAVA,
    "iliac_vena": Tissue.SYSTEMIC_VEIN,
    "portal_vein_and_splenic_vein": Tissue.PORTAL_TRUNK,
    "pulmonary_vein": Tissue.HEART_BLOOD,
    "spinal_cord": Tissue.SPINAL_CANAL,
    "gluteus": Tissue.MUSCLE,
    "autochthon": Tissue.MUSCLE,
    "iliopsoas": Tissue.MUSCLE,
    "costal_cartilages": Tissue.CARTILAGE,
}
LAYERED = {
    "kidney": (Tissue.KIDNEY_CORTEX, Tissue.KIDNEY_MEDULLA, 7.0),
    "heart": (Tissue.MYOCARDIUM, Tissue.HEART_BLOOD, 9.0),
    "stomach": (Tissue.GUT_WALL, Tissue.STOMACH_CONTENT, 3.0),
    "duodenum": (Tissue.GUT_WALL, Tissue.SMALL_BOWEL_CONTENT, 3.0),
    "small_bowel": (Tissue.GUT_WALL, Tissue.SMALL_BOWEL_CONTENT, 3.0),
    "colon": (Tissue.GUT_WALL, Tissue.FECES, 3.0),
}
"""Wall, inside, and the wall's thickness in mm."""
BONES = ("vertebrae", "rib", "hip", "sacrum", "femur", "humerus", "scapula", "clavicula", "sternum", "skull")
LUNGS = "lung"
"""Names of structures as TotalSegmentator gives them, without sides, lobes and numbers."""
GAS_HU, FAT_HU, BONE_HU, LUNG_VESSEL_HU = -250.0, -25.0, 150.0, -500.0
SKIN_MM, SUBCUTANEOUS_MM = 2.5, 18.0
TURN_DEG, STRETCH = 4.0, 0.10
BENDS_MM = ((45.0, (3.0, 9.0)), (20.0, (0.5, 2.5)))
"""Correlation length of each bend, and range of its standard deviation."""
CUT_SHARE, LEAST_LIVER_MM = 0.5, 40.0
PHANTOM_LIVER_MM = (np.array([-125.0, -95.0, -75.0]), np.array([95.0, 75.0, 90.0]))
"""Box around the liver in whose frame the vessels are drawn."""


def tissues_of(ct: Image, labels: np.ndarray, numbers: dict[str, int]) -> Image:
    """The tissues of an outlined patient: organs by their outline, what lies between them by its CT number.

    Parameters
    ----------
    ct : Image
        In HU, on the grid of the synthetic abdomen.
    labels : numpy.ndarray, shape (k, j, i)
        Outlined structures on the same grid.
    numbers : dict of str to int
        Names of the structures, as TotalSegmentator has them; others are left to their CT number.

    Returns
    -------
    Image
        Values of :class:`Tissue`, uint8.

    Raises
    ------
    MissingInputError
        If no liver is outlined.
    """
    if not np.isin(labels, [number for name, number in numbers.items() if name == "liver"]).any():
        raise MissingInputError("The outlined patient shows no structure called liver; choose another folder.")
    hu, spacing_mm = ct.array, ct.spacing_kji_mm
    tissues = _between_organs(hu, spacing_mm)
    for name, number in numbers.items():
        here = labels == number
        if here.any():
            _paint(tissues, _stem(name), here, hu, spacing_mm)
    return ct.with_array(tissues)


def _stem(name: str) -> str:
    """The structure's name without its side, lobe or number; empty where it is not known."""
    known = sorted((*SOLID, *LAYERED, *BONES, LUNGS), key=len, reverse=True)
    return next((stem for stem in known if name == stem or name.startswith(stem + "_")), "")


def _between_organs(hu: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """Air, skin, fat, muscle and bone by CT number."""
    parts, count = ndimage.label(ndimage.binary_opening(hu > GAS_HU, iterations=2))
    largest = 1 + int(np.argmax(np.bincount(parts.ravel())[1:])) if count else -1
    body = ndimage.binary_dilation(parts == largest, iterations=2) & (hu > GAS_HU)
    body = np.stack([ndimage.binary_fill_holes(each) for each in body])
    depth_mm = np.stack([ndimage.distance_transform_edt(each, sampling=spacing_mm[1:]) for each in np.pad(body, 1)])
    depth_mm = depth_mm[1:-1, 1:-1, 1:-1]
    tissues = np.full(hu.shape, Tissue.MUSCLE, np.uint8)
    tissues[hu < FAT_HU] = Tissue.VISCERAL_FAT
    tissues[(hu < FAT_HU) & (depth_mm < SUBCUTANEOUS_MM)] = Tissue.SUBCUTANEOUS_FAT
    tissues[hu < GAS_HU] = Tissue.GAS
    tissues[hu > BONE_HU] = Tissue.BONE_MARROW
    tissues[depth_mm < SKIN_MM] = Tissue.SKIN
    tissues[~body] = Tissue.AIR
    return tissues


def _paint(tissues: np.ndarray, stem: str, here: np.ndarray, hu: np.ndarray, spacing_mm) -> None:
    """One structure."""
    if stem in SOLID:
        tissues[here] = SOLID[stem]
    elif stem in LAYERED:
        wall, inside, thickness_mm = LAYERED[stem]
        deep = ndimage.distance_transform_edt(here, sampling=spacing_mm) > thickness_mm
        tissues[here] = wall
        tissues[deep] = inside
        tissues[here & (hu < GAS_HU)] = Tissue.GAS
        if stem == "kidney":
            tissues[here & (hu < FAT_HU)] = Tissue.KIDNEY_SINUS
    elif stem in BONES:
        tissues[here] = np.where(hu[here] > np.percentile(hu[here], 65), Tissue.BONE_CORTEX, Tissue.BONE_MARROW)
    elif stem == LUNGS:
        tissues[here] = np.where(hu[here] > LUNG_VESSEL_HU, Tissue.LUNG_VESSEL, Tissue.LUNG)


def bent(tissues: Image, seed: int) -> Image:
    """Another patient of similar build: turned, stretched, bent, seen through another field of view, with new vessels.

    Parameters
    ----------
    tissues : Image
        From :func:`tissues_of`.
    seed : int
        Chooses the patient.

    Returns
    -------
    Image
        Values of :class:`Tissue`, uint8, with the spacing of the given one.
    """
    random = stream(seed, "outlined")
    places = _places(tissues, random)
    last = len(tissues.array) - 1
    shown = np.flatnonzero(((places[0] > -0.5) & (places[0] < last + 0.5)).mean(axis=(1, 2)) > 0.5)
    places[0] = np.clip(places[0], 0, last)
    labels = ndimage.map_coordinates(tissues.array, places, order=0, mode="constant", cval=Tissue.AIR)
    bent_labels = _slices(tissues.with_array(labels), shown[0], shown[-1] + 1)
    _draw_vessels(bent_labels, random)
    return _cut(bent_labels, random)


def _places(tissues: Image, random: np.random.Generator) -> np.ndarray:
    """Where each voxel is read, shape (3, k, j, i), in voxels."""
    shape, spacing_mm = tissues.shape, np.asarray(tissues.spacing_kji_mm)
    matrix = np.diag(np.exp(-random.normal(0.0, STRETCH, 3)))
    for axis, angle in enumerate(random.normal(0.0, TURN_DEG, 3)):
        matrix = matrix @ turned(angle, axis)
    middle_mm = (np.asarray(shape) - 1) * spacing_mm / 2
    away_mm = np.indices(shape, np.float32).reshape(3, -1) * spacing_mm[:, None] - middle_mm[:, None]
    places_mm = (matrix @ away_mm + middle_mm[:, None]).reshape(3, *shape)
    for length_mm, spread in BENDS_MM:
        spread_mm = random.uniform(*spread)
        for axis in range(3):
            places_mm[axis] += spread_mm * smooth_field(shape, tuple(spacing_mm), length_mm, random)
    return places_mm / spacing_mm[:, None, None, None]


def _draw_vessels(labels: Image, random: np.random.Generator) -> None:
    """Portal and hepatic veins in the liver, stretched to its box; outlines of patients do not show them."""
    voxels = np.argwhere(labels.array == Tissue.LIVER)
    if not len(voxels):
        return
    points = labels.ijk_to_points(voxels[:, ::-1])
    # The frame of the vessels has z upward and x, y along L, P, as the grid does.
    low, high = points.min(axis=0), points.max(axis=0)
    from_low, from_high = PHANTOM_LIVER_MM
    framed = from_low + (points - low) / np.maximum(high - low, 1.0) * (from_high - from_low)
    wide_mm = random.uniform(-0.6, 1.2)
    for tissue, tree in (
        (Tissue.PORTAL_VEIN, portal_tree(wide_mm, random)),
        (Tissue.HEPATIC_VEIN, hepatic_tree(wide_mm, random)),
    ):
        inside = voxels[_inside(tree, framed.astype(np.float32))]
        labels.array[tuple(inside.T)] = tissue


def _inside(tree: Shape, points: np.ndarray) -> np.ndarray:
    """Which points, shape (n, 3), lie inside a union of shapes."""
    inside = np.zeros(len(points), bool)
    for part in tree.parts or (tree,):
        low, high = part.bounds_mm
        near = np.flatnonzero(np.all((points >= low) & (points <= high), axis=1))
        inside[near] |= part.distance(*points[near].T) < 0.0
    return inside


def _cut(labels: Image, random: np.random.Generator) -> Image:
    """In some patients only a stack of slices, with at least a part of the liver."""
    slices = np.flatnonzero((labels.array == Tissue.LIVER).any(axis=(1, 2)))
    if random.random() > CUT_SHARE or not slices.size:
        return labels
    least = int(np.ceil(LEAST_LIVER_MM / labels.spacing_mm[2]))
    first = int(random.integers(0, max(slices[-1] - least, 0) + 1))
    last = int(random.integers(min(max(first, slices[0]) + least, len(labels.array)), len(labels.array) + 1))
    return _slices(labels, first, last)


def _slices(labels: Image, first: int, last: int) -> Image:
    return labels.cropped((slice(first, last), slice(0, labels.shape[1]), slice(0, labels.shape[2])))
