"""Activities that follow each edit of liver, territory and tumors; doses and guidance once the user pauses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hepadose.errors import MissingInputError
from hepadose.findings import Finding, warning
from hepadose.images import Image
from hepadose.mrml.images import volume_node_to_image
from hepadose.mrml.sirt.choices import BQ_PER_ML, DISEASES, IMAGE_KINDS, METHODS, PRODUCTS, TREATMENTS, UNKNOWN
from hepadose.mrml.sirt.reader import RegionReader, region_origins
from hepadose.sirt.analysis import ActivityImage, DoseMethod, ImageKind, SirtResult, analyze
from hepadose.sirt.decay import decayed_gbq
from hepadose.sirt.inputs import Patient, Volumes
from hepadose.sirt.mird import Delivery
from hepadose.sirt.prescription import DoseGoals, Prescription, PrescriptionInput, prescribe
from hepadose.sirt.products import Product, products
from hepadose.sirt.regions import OutlinedRegions, TreatmentRegions, treatment_regions

USUAL_LUNGS_KG = 1.0


@dataclass(frozen=True, eq=False)
class SirtAnswer:
    """The whole answer, and what its pictures are drawn from."""

    result: SirtResult
    outlined: OutlinedRegions
    dose: Image | None
    """In Gy, on the grid of the image of activity; None without one."""


class LiveSirt:
    """One treatment that follows its segments."""

    def __init__(self) -> None:
        self._reader = RegionReader()
        self._ratios: dict[str, float] = {}
        """T/N of each tumor as last measured; an edit of an outline keeps it until the user pauses."""
        self._dose: tuple[Any, Image] | None = None

    def follow(self, choices: Any) -> Prescription:
        """The activities for the segments as they are now; T/N ratios as last measured.

        Raises
        ------
        HepaDoseError
            What is missing or impossible, in words.
        """
        regions = treatment_regions(self._reader.outlined(choices))
        given = prescription_input(choices, regions.volumes)
        return prescribe(replace(given, uptake=self._uptake(choices, regions)))

    def answer(self, choices: Any, *, may_compute: bool = True) -> SirtAnswer:
        """Everything, with the doses of the image of activity where one is chosen.

        Parameters
        ----------
        choices : parameter node
        may_compute : bool
            Whether a dose by voxel kernel, which takes seconds, is computed where none fits; the image is left out
            of the answer otherwise, which is said.

        Raises
        ------
        HepaDoseError
            What is missing or impossible, in words.
        """
        product = chosen_product(choices)
        activity = activity_image(choices, product)
        outlined = self._reader.outlined(choices, with_lungs=activity is not None)
        regions = treatment_regions(outlined)
        given = prescription_input(choices, regions.volumes)
        findings = list(choice_findings(choices, given))
        key = None if activity is None else _dose_key(choices, regions)
        known = self._dose[1] if self._dose is not None and self._dose[0] == key else None
        if activity is not None and known is None and activity.method is DoseMethod.KERNEL and not may_compute:
            activity = None
            findings.append(warning("Dose", "Outlines or choices changed; press Compute dose for the new doses."))
        manual = self._uptake(choices, regions) if choices.uptakeRatio > UNKNOWN else ()
        result, dose = analyze(
            outlined,
            replace(given, uptake=manual),
            TREATMENTS[choices.treatment],
            activity,
            region_origins(choices),
            findings,
            DISEASES[choices.disease],
            dose=known,
        )
        if dose is not None:
            self._dose = key, dose
        self._ratios = {row.name: row.uptake_ratio for row in result.doses if row.uptake_ratio}
        return SirtAnswer(result, outlined, dose)

    def _uptake(self, choices: Any, regions: TreatmentRegions) -> tuple[tuple[str, float, float], ...]:
        treated = {name: ml for name, ml in regions.treated_tumors_ml().items() if ml > 0.0}
        if choices.uptakeRatio > UNKNOWN:
            return tuple((name, ml, choices.uptakeRatio) for name, ml in treated.items())
        return tuple((name, ml, self._ratios[name]) for name, ml in treated.items() if name in self._ratios)


def chosen_product(choices: Any) -> Product:
    """The microspheres of the choices."""
    return products()[PRODUCTS[choices.product]]


def prescription_input(choices: Any, volumes: Volumes) -> PrescriptionInput:
    """What activities are computed from.

    Raises
    ------
    HepaDoseError
        If a value is impossible: a height in centimeters, a shunt above 50 % …
    """
    lungs_kg = choices.lungMassKg if choices.lungMassKg > UNKNOWN else USUAL_LUNGS_KG
    return PrescriptionInput(
        chosen_product(choices),
        volumes,
        patient_of(choices),
        Delivery(choices.lungShuntPercent / 100.0, choices.residualPercent / 100.0, lungs_kg),
        DoseGoals(
            _known(choices.territoryGoalGy),
            _known(choices.tumorGoalGy),
            _known(choices.normalLimitGy),
            choices.lungLimitGy,
        ),
        density_g_per_ml=_known(choices.densityGPerMl),
    )


def patient_of(choices: Any) -> Patient | None:
    """Body size; None where height or weight is unknown."""
    if choices.heightM <= UNKNOWN or choices.weightKg <= UNKNOWN:
        return None
    return Patient(choices.heightM, choices.weightKg)


def _known(value: float) -> float | None:
    return value if value > UNKNOWN else None


def choice_findings(choices: Any, given: PrescriptionInput) -> tuple[Finding, ...]:
    """What the choices leave out that a model needs."""
    found = []
    if "bsa" in given.product.models and given.patient is None:
        found.append(warning("Body surface", "Give height and weight for the activity by body surface."))
    if given.goals.territory_gy is None:
        found.append(warning("Territory", "Give the wanted mean dose of the territory for the one-compartment model."))
    if choices.activityVolume is None and choices.uptakeRatio <= UNKNOWN and choices.tumorSegments:
        found.append(warning("Uptake", "The partition model needs an image of activity or a T/N ratio."))
    return tuple(found)


def activity_image(choices: Any, product: Product) -> ActivityImage | None:
    """The chosen image of activity, in MBq/ml at injection or as counts; None where none is chosen.

    Raises
    ------
    HepaDoseError
        If counts come without the injected activity, or the node is empty or lies under a transform.
    """
    if choices.activityVolume is None:
        return None
    image = volume_node_to_image(choices.activityVolume, "image of activity")
    kind = ImageKind(IMAGE_KINDS[choices.activityKind])
    injected_gbq = _known(choices.injectedGbq)
    if kind is ImageKind.COUNTS and injected_gbq is None:
        raise MissingInputError("Counts become a dose only with the injected activity; type it in GBq.")
    if kind is ImageKind.CONCENTRATION:
        # Back to the time of injection, and from Bq to MBq.
        per_unit = BQ_PER_ML[choices.activityUnit] * 1e-6
        factor = decayed_gbq(per_unit, -choices.hoursAfterInjection, product.half_life_h)
        image = image.with_array(np.asarray(image.array, np.float32) * np.float32(factor))
    return ActivityImage(image, kind, injected_gbq, DoseMethod(METHODS[choices.doseMethod]))


def _dose_key(choices: Any, regions: TreatmentRegions) -> tuple[Any, ...]:
    """Everything that a dose map depends on."""
    volume = choices.activityVolume
    key = (volume.GetID(), volume.GetImageData().GetMTime(), choices.activityKind, choices.activityUnit)
    key += (choices.hoursAfterInjection,)
    key += (choices.injectedGbq, choices.doseMethod, choices.product, choices.densityGPerMl)
    if ImageKind(IMAGE_KINDS[choices.activityKind]) is ImageKind.COUNTS:
        # Counts are scaled by what lies in the territory.
        key += (choices.lungShuntPercent, choices.residualPercent, hash(np.packbits(regions.territory).tobytes()))
        key += (regions.grid.origin_lps,)
    return key
