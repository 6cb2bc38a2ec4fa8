"""From a DICOM folder to what a viewer shows: images, dose and filled structures, without identifiers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hepadose.dicom.case import FlrCase, preflight_flr_case
from hepadose.dicom.choices import CaseChoices
from hepadose.dicom.rasterize import rasterize
from hepadose.dicom.roles import SYNONYMS, find_structure
from hepadose.dicom.rtdose import dose_banner
from hepadose.dicom.rtstruct import RtStruct, Structure
from hepadose.errors import AmbiguousInputError, HepaDoseError, MissingInputError
from hepadose.findings import error
from hepadose.images import Image, bounding_box
from hepadose.timing import TimingLog
from hepadose.worker.outcomes import CaseSources, LoadedCase, LoadedPreflight, LoadedStructure, mark_of
from hepadose.worker.stages import Progress, part

_READING_SHARE = 0.75


def load_case(folder: Path, choices: CaseChoices | None, progress: Progress, log: TimingLog) -> LoadedPreflight:
    """Read and check a folder, and fill its structures.

    Parameters
    ----------
    folder : Path
        All DICOM files of the case.
    choices : CaseChoices or None
        What the user chose.
    progress : callable
        Told the stage and the fraction done.
    log : TimingLog
        Gets one record per step.

    Returns
    -------
    LoadedPreflight
    """
    choices = choices or CaseChoices()
    with log.step("Read DICOM"):
        checked = preflight_flr_case(folder, choices, part(progress, 0.0, _READING_SHARE))
    if checked.case is None:
        return LoadedPreflight(checked.findings, None, checked.problem)
    with log.step("Rasterize structures") as step:
        case = _loaded(checked.case, choices, part(progress, _READING_SHARE, 0.98))
        step.details["structures"] = len(case.structures) + len(case.follow_up_structures)
    return LoadedPreflight(checked.findings, case)


def _loaded(case: FlrCase, choices: CaseChoices, progress: Progress) -> LoadedCase:
    later = case.follow_up_structures
    counts = [len(case.structures.structures), len(later.structures) if later else 0]
    planned = counts[0] / max(sum(counts), 1)
    structures = _filled(case.structures, case.planning.image, choices.liver, part(progress, 0.0, planned))
    follow_up_structures: tuple[LoadedStructure, ...] = ()
    if later is not None:
        follow_up_structures = _filled(later, case.follow_up.image, choices.liver, part(progress, planned, 1.0))
    return LoadedCase(
        planning=case.planning.image,
        follow_up=case.follow_up.image,
        dose=case.dose.image,
        dose_banner=dose_banner(case.dose, case.fractions),
        structures=structures,
        follow_up_structures=follow_up_structures,
        fractions=case.fractions,
        prescription_gy=None if case.plan is None else case.plan.prescription_gy,
        findings=case.findings,
        same_frame=case.follow_up.frame_of_reference_uid == case.dose.frame_of_reference_uid != "",
        interval_days=_interval_days(case),
        sources=_sources(case),
    )


def _sources(case: FlrCase) -> CaseSources:
    later = case.follow_up_structures
    return CaseSources(
        planning_series=mark_of(case.planning.series_uid),
        follow_up_series=mark_of(case.follow_up.series_uid),
        dose=mark_of(case.dose.sop_instance_uid),
        structures=mark_of(case.structures.sop_instance_uid),
        follow_up_structures="" if later is None else mark_of(later.sop_instance_uid),
    )


def _interval_days(case: FlrCase) -> int | None:
    earlier, later = case.planning.acquisition_date, case.follow_up.acquisition_date
    return None if earlier is None or later is None else (later - earlier).days


def _filled(structures: RtStruct, grid: Image, liver: str, progress: Progress) -> tuple[LoadedStructure, ...]:
    """Every structure that has a voxel on the grid."""
    roles = _roles(structures, liver)
    filled = []
    for done, structure in enumerate(structures):
        progress("Filling the structures", done / len(structures.structures))
        one = _one_filled(structure, grid, roles.get(structure.number, ""))
        filled += [] if one is None else [one]
    return tuple(filled)


def _one_filled(structure: Structure, grid: Image, role: str) -> LoadedStructure | None:
    """The structure as a mask; None without a voxel."""
    if structure.is_empty:
        return None
    try:
        filled = rasterize(structure, grid)
    except HepaDoseError as problem:
        # One odd structure shall not keep the others from being shown: it is shown empty, with the reason.
        corner = grid.cropped((slice(0, 1),) * 3)
        empty = corner.with_array(corner.array < corner.array)
        reason = (error(f'Structure "{structure.name}"', str(problem)),)
        return LoadedStructure(structure.name, empty, structure.color, role, structure.interpreted_type, reason)
    box = bounding_box(filled.mask.array)
    if box is None:
        return None
    mask = filled.mask.cropped(box)
    # A copy, so that the whole CT's mask is not kept in memory for each structure.
    mask = mask.with_array(mask.array.copy())
    return LoadedStructure(structure.name, mask, structure.color, role, structure.interpreted_type, filled.findings)


def _roles(structures: Iterable[Structure], liver: str) -> dict[int, str]:
    """Roles by structure number; a role that fits none or several is left out."""
    roles: dict[int, str] = {}
    for role in SYNONYMS:
        try:
            structure = find_structure(structures, liver if role == "liver" else role)
        except (MissingInputError, AmbiguousInputError):
            continue
        roles.setdefault(structure.number, role)
    return roles
