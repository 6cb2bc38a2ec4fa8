"""The patient's body: a synthetic abdomen with the whole lungs, a treated territory and tumors inside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from hepadose.errors import EmptyRegionError
from hepadose.images import Image
from hepadose.phantom.fields import stream
from hepadose.phantom.settings import ContrastPhase
from hepadose.sirt_patient.settings import MOST_TUMORS, SirtPatientSettings
from hepadose.sirt_patient.territory import treated_part
from hepadose.training.abdomen import (
    Abdomen,
    AbdomenSettings,
    FieldOfView,
    RenderingSettings,
    Tissue,
    Tumor,
    TumorLook,
    random_abdomen,
    render_ct,
    with_tumors,
)
from hepadose.training.abdomen.tissues import is_any

BODIES_FROM = 50_000_000
"""Training counts its synthetic bodies from 0 and tests theirs from 20 million; nobody has seen these."""
DRAWN_MM = (20.0, 60.0)
SMALLEST_MM = 8.0
ROOM = 0.62
"""Depth of a tumor's center in the territory, relative to its diameter: uneven tumors need more than half."""
APART_MM = 6.0
LOOKS = (TumorLook.HYPODENSE, TumorLook.HYPERDENSE, TumorLook.RIM, TumorLook.NECROTIC)


@dataclass(frozen=True, eq=False)
class TreatedAnatomy:
    """One patient's CT and true regions, all on one grid.

    Parameters
    ----------
    ct : Image
        HU.
    liver, territory, lungs : Image
        Boolean; the territory lies in the liver, vessels and tumors belong to it.
    tumors : dict of str to Image
        Boolean, inside the territory, none touching another; "Tumor 1" is the largest.
    """

    ct: Image
    liver: Image
    territory: Image
    tumors: dict[str, Image]
    lungs: Image

    @property
    def normal_territory(self) -> Image:
        """Territory without its tumors."""
        every = np.any([tumor.array for tumor in self.tumors.values()], axis=0)
        return self.territory.with_array(self.territory.array & ~every)


def build_treated_anatomy(settings: SirtPatientSettings) -> TreatedAnatomy:
    """Make the body of one patient and take its CT.

    Parameters
    ----------
    settings : SirtPatientSettings

    Returns
    -------
    TreatedAnatomy

    Raises
    ------
    EmptyRegionError
        If the territory has no room for a tumor.
    """
    body = random_abdomen(
        BODIES_FROM + settings.seed,
        AbdomenSettings(
            spacing_mm=settings.spacing_mm,
            field_of_view=FieldOfView.CHEST_AND_ABDOMEN,
            liver_kind=settings.liver_kind,
            tumor_share=0.0,
            reaction_share=0.0,
        ),
    )
    reached = treated_part(body.liver, settings.part, stream(settings.seed, "territory"))
    body = with_tumors(body, _place_tumors(body.liver.with_array(reached), settings))
    index, grid = body.tumor_index.array, body.labels
    tumors = {f"Tumor {number}": grid.with_array(index == number) for number in range(1, len(body.tumors) + 1)}
    # An uneven tumor may bulge over the watershed; the vessels that feed it make it part of the territory.
    territory = reached | (index > 0)
    lungs = is_any(grid.array, (Tissue.LUNG, Tissue.LUNG_VESSEL))
    return TreatedAnatomy(
        _portal_venous_ct(body), body.liver, grid.with_array(territory), tumors, grid.with_array(lungs)
    )


def _portal_venous_ct(body: Abdomen) -> Image:
    usual = RenderingSettings(
        phase=ContrastPhase.PORTAL_VENOUS,
        random_intensity_share=0.0,
        noise_hu=(8.0, 16.0),
        slice_thickness_mm=(2.0, 3.0),
        metal_share=0.0,
        circle_share=0.0,
        table_share=1.0,
    )
    return render_ct(body, body.seed, usual)


def _place_tumors(territory: Image, settings: SirtPatientSettings) -> tuple[Tumor, ...]:
    """Tumors deep in the territory and apart from each other, the largest first."""
    random = stream(settings.seed, "treated tumors")
    diameters_mm = settings.tumor_diameters_mm
    if diameters_mm is None:
        count = len(settings.uptake_ratios or ()) or int(random.integers(1, MOST_TUMORS + 1))
        diameters_mm = np.exp(random.uniform(*np.log(DRAWN_MM), count))
    depth_mm = ndimage.distance_transform_edt(territory.array, sampling=territory.spacing_kji_mm).astype(np.float32)
    tumors = []
    for wanted_mm in sorted(diameters_mm, reverse=True):
        tumor = _placed(territory, depth_mm, float(wanted_mm), random)
        tumors.append(tumor)
        _keep_free(territory, depth_mm, tumor)
    return tuple(sorted(tumors, key=lambda tumor: -tumor.diameter_mm))


def _placed(territory: Image, depth_mm: np.ndarray, wanted_mm: float, random: np.random.Generator) -> Tumor:
    """A tumor where there is room for it, smaller than wanted where there is none."""
    diameter_mm = min(wanted_mm, float(depth_mm.max()) / ROOM * 0.999)
    if diameter_mm < SMALLEST_MM:
        raise EmptyRegionError("The territory has no room for the tumors; ask for fewer, or choose another seed.")
    found = np.argwhere(depth_mm >= ROOM * diameter_mm)
    center = territory.ijk_to_points(found[int(random.integers(len(found)))][::-1])
    look = LOOKS[int(random.integers(len(LOOKS)))]
    place = tuple(float(value) for value in center)
    return Tumor(place, diameter_mm, look, random.uniform(0.0, 0.05), int(random.integers(2**31)))


def _keep_free(territory: Image, depth_mm: np.ndarray, tumor: Tumor) -> None:
    """Lower the depth to the distance from a tumor's surface."""
    points = [
        territory.origin_lps[axis] + territory.spacing_mm[axis] * np.arange(territory.shape[2 - axis])
        for axis in range(3)
    ]
    x, y, z = (points[axis] - tumor.center_lps[axis] for axis in range(3))
    away_mm = np.sqrt(x[None, None, :] ** 2 + y[None, :, None] ** 2 + z[:, None, None] ** 2)
    np.minimum(depth_mm, away_mm - ROOM * tumor.diameter_mm - APART_MM, out=depth_mm, casting="same_kind")
