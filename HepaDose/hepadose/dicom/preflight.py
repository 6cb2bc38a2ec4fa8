"""The pre-flight list: what was found and what is wrong, in words, before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hepadose.dicom.ct import CtSeries
from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.roles import find_structure
from hepadose.dicom.rtdose import RtDose, dose_banner
from hepadose.dicom.rtplan import RtPlan
from hepadose.dicom.rtstruct import RtStruct
from hepadose.dicom.wording import are, counted
from hepadose.errors import GeometryMismatchError, HepaDoseError
from hepadose.findings import Finding, error, ok, warning
from hepadose.images import Image

PLAUSIBLE_LIVER_ML = (500.0, 4000.0)
TOLERATED_OUTSIDE = 0.05
"""A larger part of the liver outside the dose grid is an error."""
DAYS_PER_MONTH = 30.44
LISTED_STRUCTURES = 12


def series_findings(series: CtSeries, number: int, subject: str) -> list[Finding]:
    """One line on a series, with the number it can be chosen by, and what reading it told."""
    lowest, highest = float(series.image.array.min()), float(series.image.array.max())
    found = [ok(subject, f"Series {number}: {series.image.describe_grid()}, {lowest:.0f} to {highest:.0f} HU.")]
    if series.acquisition_date is None:
        found.append(warning(subject, "The files do not say on which day it was taken."))
    return [*found, *series.findings]


def dose_findings(dose: RtDose, fractions: int | None) -> list[Finding]:
    """The dose banner, the grid and what reading it told."""
    return [ok("Dose", f"{dose_banner(dose, fractions)}; {dose.image.describe_grid()}."), *dose.findings]


def require_same_frame(dose: RtDose, planning: CtSeries, trusted: bool = False) -> Finding:
    """Whether dose and planning CT are in the same frame of reference.

    Raises
    ------
    GeometryMismatchError
        If they are not and the user has not confirmed that their coordinates are shared.
    """
    if not dose.frame_of_reference_uid or not planning.frame_of_reference_uid:
        return warning("Dose", "Dose or planning CT states no frame of reference; assumed to belong together.")
    if dose.frame_of_reference_uid == planning.frame_of_reference_uid:
        return ok("Dose", "Dose and planning CT share their frame of reference.")
    if trusted:
        return warning(
            "Dose", "Dose and planning CT differ in frame of reference; the user confirmed their coordinates."
        )
    raise GeometryMismatchError(
        "Dose and planning CT are in different frames of reference, so the dose has no known place on the CT; "
        "choose the CT that the dose was planned on, or confirm that their coordinates are shared (trust_frames)."
    )


def plan_findings(plan: RtPlan | None, fractions: int | None) -> list[Finding]:
    """Fractions, prescription and status of the plan."""
    if plan is None:
        return _given_fractions(fractions)
    prescription = (
        "no prescription stated" if plan.prescription_gy is None else f"{plan.prescription_gy:g} Gy prescribed"
    )
    planned = "unknown" if plan.fractions_planned is None else str(plan.fractions_planned)
    text = f"{planned} fractions planned, {prescription}, {counted(len(plan.beam_numbers), 'beam')}"
    found = [_approval_finding(plan.approval, text), *plan.findings]
    if fractions is not None and plan.fractions_planned not in (None, fractions):
        given = counted(fractions, "fraction")
        text = f"{given} given but the plan says {plan.fractions_planned}; the given number is used."
        found.append(warning("Plan", text))
    elif fractions is not None and plan.fractions_planned is None:
        found += _given_fractions(fractions)
    return found


def _approval_finding(approval: str, text: str) -> Finding:
    """The plan in words, green only where it was approved."""
    if approval == "APPROVED":
        return ok("Plan", f"{text}, approved.")
    states = {"REJECTED": "It was rejected", "UNAPPROVED": "It is not approved"}
    state = states.get(approval, "Whether it was approved is not stated")
    return warning("Plan", f"{text}. {state}; check whether this is the plan that was treated.")


def _given_fractions(fractions: int | None) -> list[Finding]:
    if fractions is None:
        return [warning("Fractions", "The number of fractions is unknown: physical dose only, no EQD2 or BED.")]
    return [ok("Fractions", f"{counted(fractions, 'fraction')}, as given by the user.")]


def structure_findings(structures: RtStruct, planning: CtSeries) -> list[Finding]:
    """The drawn structures with their volumes on the planning CT, and what reading them told."""
    drawn = [structure for structure in structures.structures if not structure.is_empty]
    volumes = [
        (structure, rasterize(structure, planning.image).mask.volume_ml()) for structure in drawn[:LISTED_STRUCTURES]
    ]
    words = ", ".join(f'"{structure.name}" {_milliliters(volume_ml)}' for structure, volume_ml in volumes)
    more = f" and {len(drawn) - LISTED_STRUCTURES} more" if len(drawn) > LISTED_STRUCTURES else ""
    found = [ok("Structures", f"{len(drawn)} drawn: {words}{more}.")]
    empty = len(structures.structures) - len(drawn)
    if empty:
        found.append(warning("Structures", f"{counted(empty, 'structure')} {are(empty)} empty."))
    frames = {structures.frame_of_reference_uid, planning.frame_of_reference_uid} - {""}
    if len(frames) > 1:
        text = "They state another frame of reference than the planning CT; their coordinates are taken as its own."
        found.append(warning("Structures", text))
    return [*found, *structures.findings]


def later_structure_findings(structure_sets: Sequence[RtStruct]) -> list[Finding]:
    """Whether the follow-up CT has structures of its own; several sets are not used."""
    if not structure_sets:
        return []
    if len(structure_sets) > 1:
        return [
            warning("Follow-up CT", f"{len(structure_sets)} structure sets were drawn on it; none of them is used.")
        ]
    drawn = sum(not structure.is_empty for structure in structure_sets[0])
    return [ok("Follow-up CT", f"It has a structure set of its own with {counted(drawn, 'drawn structure')}.")]


def liver_findings(
    structures: RtStruct, wanted: str, grid: Image, dose: RtDose | None, required: bool = True
) -> list[Finding]:
    """The liver by name, its volume, and whether the dose grid covers it; an error where it cannot be told.

    Where the structure is not required, its absence is a warning.
    """
    try:
        liver = find_structure(structures.structures, wanted)
        filled = rasterize(liver, grid)
    except HepaDoseError as problem:
        return [(error if required else warning)("Liver", str(problem))]
    volume_ml = filled.mask.volume_ml()
    low, high = PLAUSIBLE_LIVER_ML
    level = ok if low <= volume_ml <= high else warning
    unusual = "" if level is ok else f"; unusual for a liver ({low:g} to {high:g} ml)"
    found = [level("Liver", f'Structure "{liver.name}", {_milliliters(volume_ml)}{unusual}.'), *filled.findings]
    return found if dose is None or not volume_ml else [*found, coverage_finding(filled.mask, dose)]


def coverage_finding(liver: Image, dose: RtDose) -> Finding:
    """Whether the dose grid covers the liver mask (both in one frame of reference)."""
    part = outside_part(liver, dose.image)
    if part == 0:
        return ok("Dose", "The dose grid covers the whole liver.")
    text = f"{part:.1%} of the liver lies outside the dose grid"
    if part > TOLERATED_OUTSIDE:
        return error("Dose", f"{text}; calculate and export the dose on a grid that covers the liver.")
    return warning("Dose", f"{text}, where no dose is known; it counts as 0 Gy there.")


def outside_part(mask: Image, grid: Image) -> float:
    """Part (0–1) of a mask's voxel centers outside the box of a grid's voxel centers; 0 for an empty mask."""
    indices_kji = np.argwhere(mask.array)
    if not len(indices_kji):
        return 0.0
    there_ijk = grid.lps_to_ijk(mask.ijk_to_points(indices_kji[:, ::-1]))
    last = np.array(grid.shape[::-1]) - 1
    inside = ((there_ijk >= -1e-6) & (there_ijk <= last + 1e-6)).all(axis=1)
    return float(1.0 - inside.mean())


def relation_findings(planning: CtSeries, follow_up: CtSeries) -> list[Finding]:
    """Frames of reference of, and time between, the two CTs."""
    same = planning.frame_of_reference_uid and planning.frame_of_reference_uid == follow_up.frame_of_reference_uid
    if same:
        frames = warning(
            "Follow-up CT", "It claims the planning CT's frame of reference; check whether they are aligned."
        )
    else:
        frames = ok("Follow-up CT", "It has its own frame of reference: a registration to the planning CT is needed.")
    return [frames, *_interval(planning, follow_up)]


def _interval(planning: CtSeries, follow_up: CtSeries) -> list[Finding]:
    if planning.acquisition_date is None or follow_up.acquisition_date is None:
        return []
    days = (follow_up.acquisition_date - planning.acquisition_date).days
    if days < 0:
        text = f"It was taken {-days} days before the planning CT; check which CT is which."
        return [warning("Follow-up CT", text)]
    months = days / DAYS_PER_MONTH
    text = f"Taken {days} days ({months:.1f} months) after the planning CT."
    return [ok("Follow-up CT", text) if days else warning("Follow-up CT", "Taken on the day of the planning CT.")]


def _milliliters(volume_ml: float) -> str:
    return f"{volume_ml:.0f} ml" if volume_ml >= 100 else f"{volume_ml:.1f} ml"
