"""Random synthetic abdomens: one seed, one patient."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from hepadose.images import Image
from hepadose.phantom.fields import stream
from hepadose.training.abdomen.belly import paint_gut, paint_organs
from hepadose.training.abdomen.body_grid import BodyGrid
from hepadose.training.abdomen.build import Build, random_build
from hepadose.training.abdomen.chest import paint_chest
from hepadose.training.abdomen.lesions import (
    Reaction,
    Tumor,
    paint_tumors,
    random_cysts,
    random_reaction,
    random_tumors,
    reacted,
)
from hepadose.training.abdomen.liver_forms import LiverForm, random_liver
from hepadose.training.abdomen.liver_painting import paint_liver
from hepadose.training.abdomen.outlined import bent
from hepadose.training.abdomen.settings import AbdomenSettings, FieldOfView
from hepadose.training.abdomen.tissues import LIVER_TISSUES, TUMOR_TISSUES, Tissue, is_any
from hepadose.training.abdomen.torso import paint_arms, paint_skeleton, paint_wall, random_habitus

FIELD_SHARES = {
    FieldOfView.ABDOMEN: 0.34,
    FieldOfView.UPPER_ABDOMEN: 0.22,
    FieldOfView.CHEST_AND_ABDOMEN: 0.16,
    FieldOfView.TORSO: 0.10,
    FieldOfView.CUT_ABOVE: 0.09,
    FieldOfView.CUT_BELOW: 0.09,
}
FIELDS_MM = {
    FieldOfView.ABDOMEN: ((-330.0, -190.0), (110.0, 180.0)),
    FieldOfView.UPPER_ABDOMEN: ((-190.0, -95.0), (100.0, 170.0)),
    FieldOfView.CHEST_AND_ABDOMEN: ((-190.0, -90.0), (220.0, 330.0)),
    FieldOfView.TORSO: ((-340.0, -260.0), (230.0, 330.0)),
    FieldOfView.CUT_ABOVE: ((-330.0, -190.0), (10.0, 70.0)),
    FieldOfView.CUT_BELOW: ((-60.0, 20.0), (150.0, 300.0)),
}
"""Range of the lowest and of the highest level in mm of the anatomical frame (0 is the first lumbar vertebra)."""


@dataclass(frozen=True, eq=False)
class Abdomen:
    """One synthetic patient.

    Parameters
    ----------
    labels : Image
        Values of :class:`Tissue`, uint8.
    background : Image
        The same without tumors and reaction.
    tumor_index : Image
        Number of the tumor in each voxel, counted from 1 in the order of ``tumors``; 0 elsewhere.
    tumors : tuple of Tumor
        What lies in the liver; small or peripheral ones may hold few voxels.
    reaction : Reaction or None
        Where the liver has reacted to radiotherapy.
    form : LiverForm or None
        The liver's form and volume; the volume holds for the whole liver, also where the scan cuts it. None where the
        liver is that of an outlined patient.
    seed : int
        Chooses the patient.
    """

    labels: Image
    background: Image
    tumor_index: Image
    tumors: tuple[Tumor, ...]
    reaction: Reaction | None
    form: LiverForm | None
    seed: int

    @property
    def liver(self) -> Image:
        """Parenchyma, vessels inside it, cysts, tumors and reaction; without gallbladder and vena cava; boolean.

        Returns
        -------
        Image
        """
        return self.labels.with_array(is_any(self.labels.array, LIVER_TISSUES))

    @property
    def tumor(self) -> Image:
        """All tumors with their necrotic, calcified and lipiodol parts; without cysts; boolean.

        Returns
        -------
        Image
        """
        return self.labels.with_array(is_any(self.labels.array, TUMOR_TISSUES))

    @property
    def reaction_mask(self) -> Image:
        """Where the liver has reacted, with the vessels and tumors that lie there; boolean, empty if nowhere.

        Returns
        -------
        Image
        """
        if self.reaction is None:
            return self.labels.with_array(np.zeros(self.labels.shape, bool))
        return reacted(self.background, self.reaction)


def random_abdomen(seed: int, settings: AbdomenSettings | None = None) -> Abdomen:
    """The anatomy of one random patient; the same seed and settings always give the same one.

    Parameters
    ----------
    seed : int
        Chooses the patient, 0 or greater.
    settings : AbdomenSettings, optional
        What is fixed instead of drawn.

    Returns
    -------
    Abdomen
    """
    settings = settings or AbdomenSettings()
    build = random_build(stream(seed, "build"))
    habitus = random_habitus(stream(seed, "habitus"))
    form = random_liver(settings.liver_kind, build.enlargement, stream(seed, "liver"))
    low_mm, shape = _field(settings, build, habitus.fat_mm, stream(seed, "field of view"))
    grid = BodyGrid(low_mm, shape, settings.spacing_mm, build)
    paint_wall(grid, habitus)
    paint_skeleton(grid, stream(seed, "skeleton"))
    paint_chest(grid, stream(seed, "chest"))
    paint_organs(grid, form, stream(seed, "organs"))
    paint_gut(grid, form, stream(seed, "gut"))
    paint_liver(grid, form, stream(seed, "vessels"))
    paint_arms(grid, habitus)
    return _with_lesions(grid.image(grid.labels), form, seed, settings)


def bent_abdomen(tissues: Image, seed: int, settings: AbdomenSettings | None = None) -> Abdomen:
    """A random patient of the build of an outlined one, see :mod:`hepadose.training.abdomen.outlined`.

    Parameters
    ----------
    tissues : Image
        From :func:`hepadose.training.abdomen.outlined.tissues_of`.
    seed : int
        Chooses the patient, 0 or greater.
    settings : AbdomenSettings, optional
        Only lesions follow it; spacing, field of view and liver are the outlined patient's.

    Returns
    -------
    Abdomen
    """
    return _with_lesions(bent(tissues, seed), None, seed, settings or AbdomenSettings())


def _with_lesions(labels: Image, form: LiverForm | None, seed: int, settings: AbdomenSettings) -> Abdomen:
    random = stream(seed, "lesions")
    if random.random() < 0.2:
        labels, _ = paint_tumors(labels, random_cysts(labels, random))
    none = labels.with_array(np.zeros(labels.shape, np.uint8))
    abdomen = Abdomen(labels, labels, none, (), None, form, seed)
    if random.random() < settings.tumor_share:
        abdomen = with_tumors(abdomen, random_tumors(labels, settings.most_tumors, random))
    random = stream(seed, "reaction")
    if random.random() < settings.reaction_share:
        abdomen = with_reaction(abdomen, random_reaction(labels, abdomen.tumors, random))
    return abdomen


def with_tumors(abdomen: Abdomen, tumors: tuple[Tumor, ...]) -> Abdomen:
    """The same patient with these tumors instead of the earlier ones: the other scan of a pre/post pair.

    Parameters
    ----------
    abdomen : Abdomen
        The patient; anatomy and reaction stay as they are.
    tumors : tuple of Tumor
        For instance ``tuple(tumor.scaled(0.6) for tumor in abdomen.tumors)`` for a response to treatment.

    Returns
    -------
    Abdomen
    """
    return _painted(replace(abdomen, tumors=tuple(tumors)))


def with_reaction(abdomen: Abdomen, reaction: Reaction | None) -> Abdomen:
    """The same patient with another reaction, or with none.

    Parameters
    ----------
    abdomen : Abdomen
        The patient; anatomy and tumors stay as they are.
    reaction : Reaction or None

    Returns
    -------
    Abdomen
    """
    return _painted(replace(abdomen, reaction=reaction))


def _painted(abdomen: Abdomen) -> Abdomen:
    labels, index = paint_tumors(abdomen.background, abdomen.tumors)
    if abdomen.reaction is not None:
        mask = abdomen.reaction_mask.array
        labels.array[mask & (labels.array == Tissue.LIVER)] = Tissue.REACTION
    return replace(abdomen, labels=labels, tumor_index=index)


def _field(settings: AbdomenSettings, build: Build, fat_mm: float, random: np.random.Generator):
    """Place of the first voxel in mm and voxels along k, j, i."""
    kind = settings.field_of_view or FieldOfView(random.choice(list(FIELD_SHARES), p=list(FIELD_SHARES.values())))
    bottom, top = (random.uniform(*limits) * build.scale[2] for limits in FIELDS_MM[kind])
    width_mm = np.array([360.0, 250.0]) * build.scale[:2] + 1.6 * fat_mm
    extent_mm = width_mm * random.choice([random.uniform(0.84, 0.98), random.uniform(1.0, 1.3)], p=[0.2, 0.8])
    middle = np.append(random.normal(0.0, (9.0, 9.0)), (bottom + top) / 2)
    if random.random() < 0.4:
        extent_mm[1] = extent_mm[0]
    extent_mm = np.append(extent_mm, top - bottom)
    shape = settings.shape or tuple(int(np.ceil(value / settings.spacing_mm)) for value in extent_mm[::-1])
    # A fixed shape keeps the level of the field's cut edge.
    extent_mm = np.array(shape[::-1]) * settings.spacing_mm
    low_mm = middle - extent_mm / 2
    if kind is FieldOfView.CUT_ABOVE:
        low_mm[2] = top - extent_mm[2]
    elif kind is FieldOfView.CUT_BELOW:
        low_mm[2] = bottom
    return low_mm, shape
