"""One patient's answer: volumes, activities by every model, doses from an image of activity, and what guidance says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

import hepadose
from hepadose.errors import SettingsError
from hepadose.findings import Finding, ok
from hepadose.images import Image, resample
from hepadose.provenance import SegmentationOrigin
from hepadose.sirt.guidance import PART_WORDS, Guidance, Part, Standing, guidance
from hepadose.sirt.image_checks import label_findings
from hepadose.sirt.image_dose import RegionDose, image_activity_gbq, region_doses
from hepadose.sirt.kernels import kernel_dose
from hepadose.sirt.local_dose import concentration_of_known_activity, local_dose
from hepadose.sirt.lungs import lung_findings, with_lung_dose
from hepadose.sirt.prescription import Prescription, PrescriptionInput, prescribe
from hepadose.sirt.regions import OutlinedRegions, TreatmentRegions, treatment_regions


class ImageKind(StrEnum):
    """What an image of activity says."""

    CONCENTRATION = "concentration"
    """MBq/ml at injection: a quantitative PET."""
    COUNTS = "counts"
    """Proportional to activity: MAA SPECT, bremsstrahlung, or a PET that is scaled to the known activity."""


class DoseMethod(StrEnum):
    """How energy is placed."""

    LOCAL = "local deposition"
    KERNEL = "voxel kernel"


@dataclass(frozen=True, eq=False)
class ActivityImage:
    """An image of activity on its own grid.

    Parameters
    ----------
    image : Image
        MBq/ml at injection, or counts.
    kind : ImageKind
    activity_gbq : float, optional
        In the vial at injection; counts need it.
    method : DoseMethod
    """

    image: Image
    kind: ImageKind
    activity_gbq: float | None = None
    method: DoseMethod = DoseMethod.LOCAL

    def __post_init__(self) -> None:
        if self.kind is ImageKind.COUNTS and self.activity_gbq is None:
            raise SettingsError("Counts become a dose only with the activity that was, or will be, injected; give it.")


@dataclass(frozen=True)
class GuidanceRow:
    """A published dose value beside what this patient has.

    Parameters
    ----------
    guidance : Guidance
    about : str
        The part of the liver in words, or the tumor's name.
    dose_gy : float
    standing : Standing
    source : str
        Where the dose comes from: a model of the prescription or the image.
    """

    guidance: Guidance
    about: str
    dose_gy: float
    standing: Standing
    source: str

    @property
    def words(self) -> str:
        """Kind and value, for instance "limit: at most 40 Gy"."""
        return f"{self.guidance.kind}: {self.guidance.text()}"


@dataclass(frozen=True)
class SirtResult:
    """Everything that is shown and saved, at full precision.

    Parameters
    ----------
    prescription : Prescription
    treatment : str
        One of :data:`hepadose.sirt.guidance.TREATMENTS`.
    volumes_ml : dict of str to float
        Liver, territory, normal parts and each tumor.
    doses : tuple of RegionDose
        From the image of activity; empty without one.
    image_activity_gbq : float or None
        Activity in the whole image by its own calibration.
    liver_activity_gbq : float or None
        Of it, in the liver.
    dose_method : str
        How doses of the image were computed; empty without one.
    guidance : tuple of GuidanceRow
    origins : dict of str to SegmentationOrigin
        Where each outline came from.
    findings : tuple of Finding
    software_version : str
    disease : str
        One of :data:`hepadose.sirt.guidance.DISEASES`; empty where none was stated.
    """

    prescription: Prescription
    treatment: str
    volumes_ml: dict[str, float]
    doses: tuple[RegionDose, ...]
    image_activity_gbq: float | None
    liver_activity_gbq: float | None
    dose_method: str
    guidance: tuple[GuidanceRow, ...]
    origins: dict[str, SegmentationOrigin]
    findings: tuple[Finding, ...]
    software_version: str = field(default=hepadose.__version__)
    disease: str = ""


def analyze(
    outlined: OutlinedRegions,
    given: PrescriptionInput,
    treatment: str,
    activity: ActivityImage | None = None,
    origins: dict[str, SegmentationOrigin] | None = None,
    findings: Iterable[Finding] = (),
    disease: str | None = None,
    *,
    dose: Image | None = None,
) -> tuple[SirtResult, Image | None]:
    """Compute everything for one patient.

    Parameters
    ----------
    outlined : OutlinedRegions
        On any grid; volumes are measured there, and the dose is brought there by linear interpolation.
    given : PrescriptionInput
        Its volumes are replaced by those of the regions, and its uptake, where it has none, by that of the image.
    treatment : str
    activity : ActivityImage, optional
    origins : dict of str to SegmentationOrigin, optional
    findings : iterable of Finding
        What was found before.
    disease : str, optional
        Leaves out what was published for other diseases.
    dose : Image, optional
        In Gy, as this function gave it before for the same image and choices; computed if omitted.

    Returns
    -------
    result : SirtResult
    dose : Image or None
        In Gy on the grid of the image of activity, where there is one; with the density of liver everywhere.

    Raises
    ------
    HepaDoseError
        If an input is impossible, in words.
    """
    values = guidance(given.product.matrix, treatment, disease)
    regions = treatment_regions(outlined)
    given = replace(given, volumes=regions.volumes)
    measured = _Measured() if activity is None else _measured(activity, regions, given, dose)
    if measured.doses and not given.uptake:
        given = replace(given, uptake=_uptake(measured.doses, regions))
    prescription = prescribe(given)
    result = SirtResult(
        prescription,
        treatment,
        _volumes(regions),
        measured.doses,
        measured.whole_gbq,
        measured.liver_gbq,
        activity.method.value if activity is not None else "",
        (*_from_image(values, measured.doses), *_from_prescription(values, prescription)),
        origins or {},
        (*findings, *regions.findings, *measured.findings, *prescription.findings),
        disease=disease or "",
    )
    return result, measured.dose


@dataclass(frozen=True, eq=False)
class _Measured:
    """What an image of activity gives."""

    dose: Image | None = None
    doses: tuple[RegionDose, ...] = ()
    whole_gbq: float | None = None
    liver_gbq: float | None = None
    findings: tuple[Finding, ...] = ()


def _measured(
    activity: ActivityImage, regions: TreatmentRegions, given: PrescriptionInput, dose: Image | None
) -> _Measured:
    compute = kernel_dose if activity.method is DoseMethod.KERNEL else local_dose
    if activity.kind is ImageKind.COUNTS:
        perfused = resample(regions.grid.with_array(regions.territory), activity.image, nearest=True)
        concentration, _ = concentration_of_known_activity(
            activity.image, perfused, activity.activity_gbq, given.delivery
        )
        amounts = (None, None)
        # Only the counts of the territory are scaled; what the lungs hold stays unknown.
        regions = replace(regions, lungs=None)
        told = [ok("Activity", f"Counts were scaled to {activity.activity_gbq:.2f} GBq in the vial.")]
    else:
        concentration = activity.image
        liver = resample(regions.grid, concentration, nearest=True)
        everywhere = np.ones(concentration.shape, bool)
        amounts = tuple(image_activity_gbq(concentration, mask) for mask in (everywhere, liver.array > 0))
        told = label_findings(amounts[0], activity.activity_gbq, given)
    dose = dose or compute(concentration, given.density_g_per_ml, given.constant)
    doses = region_doses(with_lung_dose(resample(dose, regions.grid), regions, given), regions)
    return _Measured(dose, doses, *amounts, (*told, *lung_findings(doses, regions, given)))


def _uptake(doses: tuple[RegionDose, ...], regions: TreatmentRegions) -> tuple[tuple[str, float, float], ...]:
    """Name, volume in the territory and T/N of the tumors whose uptake the image shows plausibly."""
    treated = regions.treated_tumors_ml()
    return tuple(
        (row.name, treated[row.name], min(max(row.uptake_ratio, 0.1), 50.0))
        for row in doses
        if row.kind == "tumor" and row.uptake_ratio is not None and treated[row.name] > 0.0 and row.uptake_ratio > 0.0
    )


def _volumes(regions: TreatmentRegions) -> dict[str, float]:
    parts = {
        "liver": regions.liver,
        "territory": regions.territory,
        "whole normal liver": regions.normal_liver,
        "normal liver in the territory": regions.normal_territory,
        **regions.tumors,
    }
    return {name: regions.ml(mask) for name, mask in parts.items()}


def _from_image(values: tuple[Guidance, ...], doses: tuple[RegionDose, ...]) -> tuple[GuidanceRow, ...]:
    return tuple(
        GuidanceRow(value, row.name, row.mean_gy, value.standing(row.mean_gy), "image")
        for value in values
        for row in doses
        if row.kind == value.part.value
    )


def _from_prescription(values: tuple[Guidance, ...], prescription: Prescription) -> tuple[GuidanceRow, ...]:
    rows = []
    for row in prescription.rows:
        known = {Part.TERRITORY: [(PART_WORDS[Part.TERRITORY], row.territory_gy)]}
        if row.normal_gy is not None:
            known[Part.NORMAL_TERRITORY] = [(PART_WORDS[Part.NORMAL_TERRITORY], row.normal_gy)]
            names = [name for name, _, _ in prescription.input.uptake]
            known[Part.TUMOR] = list(zip(names, row.tumors_gy, strict=True))
        for value in values:
            for about, dose_gy in known.get(value.part, []):
                rows.append(GuidanceRow(value, about, dose_gy, value.standing(dose_gy), f"{row.title}"))
    return tuple(rows)


def broken_limits(result: SirtResult) -> tuple[GuidanceRow, ...]:
    """Limits, not targets, that are exceeded."""
    return tuple(row for row in result.guidance if row.standing is Standing.EXCEEDED)
