"""Read a CT series: one volume in Hounsfield units, slices ascending along the normal, whatever the file order.

Told as findings: ignored localizers, dropped duplicates, resampled tilt. Refused: missing slices and uneven spacing
(unless interpolation is asked for), mixed geometry, several acquisitions at the same place.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from hepadose.dicom import ct_geometry as geometry
from hepadose.dicom.ct_pixels import AIR_HU, slice_hu
from hepadose.dicom.ct_slice import CtSlice, read_ct_slice
from hepadose.dicom.files import date_of, maker_of, tolerant, uid_of
from hepadose.dicom.series_key import are_several_stacks
from hepadose.dicom.wording import are, counted, were
from hepadose.errors import AmbiguousInputError, GeometryMismatchError, MissingInputError, UnreadableFileError
from hepadose.findings import Finding, warning
from hepadose.images import Image

SUBJECT = "CT series"


@dataclass(frozen=True, eq=False)
class CtSeries:
    """One CT series as a volume.

    Parameters
    ----------
    image : Image
        HU, 32-bit floats.
    frame_of_reference_uid, study_uid, series_uid : str
        Empty where the files have none.
    sop_instance_uids : tuple of str
        Per k; empty text for an interpolated slice.
    acquisition_date : datetime.date or None
        For intervals; never to be shown.
    description : str
        Series description; may hold anything a person typed, never to be logged.
    manufacturer : str
        Of the scanner.
    findings : tuple of Finding
        What was corrected or ignored.
    """

    image: Image
    frame_of_reference_uid: str
    study_uid: str
    series_uid: str
    sop_instance_uids: tuple[str, ...]
    acquisition_date: datetime.date | None
    description: str
    manufacturer: str = ""
    findings: tuple[Finding, ...] = ()


@tolerant
def read_ct_series(
    paths: Sequence[Path], *, fill_missing: bool = False, acquisition: int | None = None, subject: str = SUBJECT
) -> CtSeries:
    """Read the files of one CT series.

    Parameters
    ----------
    paths : sequence of Path
        In any order; localizers, secondary captures and unreadable files are left out with a finding.
    fill_missing : bool
        Interpolate missing slices, or unevenly spaced ones onto even spacing, linearly instead of refusing them.
    acquisition : int, optional
        Take only the slices with this Acquisition Number.
    subject : str
        What the user calls the series, for findings and messages ("Follow-up CT").

    Returns
    -------
    CtSeries

    Raises
    ------
    MissingInputError
        If no CT slice is among the files.
    AmbiguousInputError
        If the files belong to several series, or several acquisitions lie at the same place.
    GeometryMismatchError
        If slices are missing, unevenly spaced, shifted, or of different size, spacing or orientation.
    UnreadableFileError, MissingTagError, MissingDependencyError
        If pixels cannot be read or have no unit.

    References
    ----------
    DICOM PS3.3 C.7.6.2 (Image Plane module), C.8.2.1 (CT Image module).
    """
    slices, findings = _readable_slices(paths, acquisition, subject)
    _require_one_series(slices, subject)
    _require_one_geometry(slices, subject)
    slices = sorted(slices, key=lambda one: one.position_mm)
    slices, duplicates = _without_duplicates(slices, subject)
    findings += duplicates
    ladder = geometry.slice_ladder(np.array([one.position_mm for one in slices]))
    findings += _check_ladder(ladder, fill_missing, subject)
    image, corrected = _volume(slices, ladder, subject)
    uids = [""] * image.shape[0]
    if ladder.is_even:
        for slot, one in zip(ladder.slots, slices, strict=True):
            uids[slot] = uid_of(one.dataset, "SOPInstanceUID")
    return _series(slices[0].dataset, image, tuple(uids), (*findings, *corrected, *_unit_findings(slices, subject)))


def _series(first: Dataset, image: Image, uids: tuple[str, ...], findings: tuple[Finding, ...]) -> CtSeries:
    return CtSeries(
        image=image,
        frame_of_reference_uid=uid_of(first, "FrameOfReferenceUID"),
        study_uid=uid_of(first, "StudyInstanceUID"),
        series_uid=uid_of(first, "SeriesInstanceUID"),
        sop_instance_uids=uids,
        acquisition_date=date_of(first),
        description=str(first.get("SeriesDescription") or ""),
        manufacturer=maker_of(first),
        findings=findings,
    )


def _readable_slices(
    paths: Sequence[Path], acquisition: int | None, subject: str
) -> tuple[list[CtSlice], list[Finding]]:
    slices, findings, ignored = [], [], Counter()
    for path in map(Path, paths):
        try:
            kind, one = read_ct_slice(path)
        except UnreadableFileError as problem:
            findings.append(warning(subject, f"{problem} It was left out."))
            continue
        if one is None:
            ignored[kind] += 1
        elif acquisition is None or one.acquisition == acquisition:
            slices.append(one)
    if ignored:
        words = ", ".join(f"{count} {kind}" for kind, count in sorted(ignored.items()))
        findings.append(warning(subject, f"Images that are no slices of a volume were ignored: {words}."))
    if not slices:
        chosen = "" if acquisition is None else f" with acquisition number {acquisition}"
        raise MissingInputError(f"{subject}: none of the {len(paths)} files is a CT slice{chosen}.")
    return slices, findings


def _require_one_series(slices: list[CtSlice], subject: str) -> None:
    series = Counter(one.series_key for one in slices)
    if len(series) > 1:
        counts = ", ".join(str(count) for count in series.values())
        raise AmbiguousInputError(
            f"{subject}: the files belong to {len(series)} series with {counts} slices; give the files of one of them."
        )
    if are_several_stacks((one.instance, one.position_mm) for one in slices):
        raise AmbiguousInputError(
            f"{subject}: the files name no series (Series Instance UID is blank), and their numbers show that several "
            f"series are mixed among the {len(slices)} slices; put each into a folder of its own and give one."
        )


def _require_one_geometry(slices: list[CtSlice], subject: str) -> None:
    """Refuse slices of different size, pixel spacing or orientation, with a count of each kind."""
    kinds = {
        "size": Counter(f"{one.shape[1]} × {one.shape[0]} pixels" for one in slices),
        "pixel spacing": Counter(f"{one.spacing_ji_mm[1]:.4g} × {one.spacing_ji_mm[0]:.4g} mm" for one in slices),
    }
    for what, counts in kinds.items():
        if len(counts) > 1:
            words = ", ".join(f"{counted(count, 'slice')} of {value}" for value, count in counts.most_common())
            raise GeometryMismatchError(
                f"{subject}: the slices of one series differ in {what}: {words}; separate them and give one kind."
            )
    turned = sum(not np.allclose(one.axes, slices[0].axes, atol=2e-3) for one in slices)
    if turned:
        raise GeometryMismatchError(
            f"{subject}: the slices of one series differ in orientation: {turned} of {len(slices)} are turned against "
            "the first one; separate them and give one kind."
        )


def _without_duplicates(slices: list[CtSlice], subject: str) -> tuple[list[CtSlice], list[Finding]]:
    """Drop slices that repeat another one; refuse different images at the same position."""
    same_mm = geometry.same_position_mm(np.array([one.position_mm for one in slices]))
    kept = [slices[0]]
    for one in slices[1:]:
        if one.position_mm - kept[-1].position_mm > same_mm:
            kept.append(one)
        elif not np.array_equal(slice_hu(one.dataset, one.path), slice_hu(kept[-1].dataset, kept[-1].path)):
            raise _different_images(slices, subject)
    dropped = len(slices) - len(kept)
    if not dropped:
        return kept, []
    return kept, [
        warning(subject, f"{counted(dropped, 'duplicate slice')} (same position, same pixels) {were(dropped)} dropped.")
    ]


def _different_images(slices: list[CtSlice], subject: str) -> Exception:
    acquisitions = Counter(one.acquisition for one in slices)
    if len(acquisitions) > 1 and None not in acquisitions:
        words = ", ".join(f"number {number}: {count} slices" for number, count in sorted(acquisitions.items()))
        return AmbiguousInputError(
            f"{subject}: the series holds {len(acquisitions)} acquisitions at the same place ({words}); "
            "say which one is meant by its acquisition number."
        )
    return GeometryMismatchError(
        f"{subject}: the series holds different images at the same position (several phases or reconstructions in "
        "one series?); separate them and give one of each."
    )


def _check_ladder(ladder: geometry.SliceLadder, fill_missing: bool, subject: str) -> list[Finding]:
    findings = []
    if not ladder.is_even:
        gaps_mm = np.diff(ladder.positions_mm)
        what = f"the slice spacing is uneven, {gaps_mm.min():.2f} to {gaps_mm.max():.2f} mm"
        if not fill_missing:
            raise GeometryMismatchError(f"{subject}: {what}; {_FILL_REMEDY}.")
        findings.append(warning(subject, f"{what}: slices were interpolated to {ladder.spacing_mm:.2f} mm."))
    elif gone := ladder.missing.size:
        what = f"{counted(gone, 'slice')} {are(gone)} missing: {geometry.describe_gaps(ladder)}"
        if ladder.is_mixed:
            what = f"the slice spacing is mixed: {geometry.describe_steps(ladder)}"
        if not fill_missing:
            raise GeometryMismatchError(
                f"{subject}: {what}, at a spacing of {ladder.spacing_mm:.2f} mm; {_FILL_REMEDY}."
            )
        findings.append(warning(subject, f"{what}; interpolated linearly."))
    return [Finding(one.level, one.subject, one.text[0].upper() + one.text[1:]) for one in findings]


_FILL_REMEDY = "export the complete series again, or ask for interpolation (fill_missing)"


def _volume(slices: list[CtSlice], ladder: geometry.SliceLadder, subject: str) -> tuple[Image, list[Finding]]:
    """The slices on their even grid, a gantry tilt undone."""
    axes, origin_lps = slices[0].axes, slices[0].origin_lps
    shifts_mm = geometry.in_plane_shifts(np.array([one.origin_lps for one in slices]), axes)
    volume = np.stack([slice_hu(one.dataset, one.path) for one in slices])
    row_mm, column_mm = slices[0].spacing_ji_mm
    findings = []
    if np.abs(shifts_mm[-1]).max() > geometry.SHEAR_MM * (len(slices) - 1):
        volume, first_ij = geometry.unsheared(volume, shifts_mm / (column_mm, row_mm), AIR_HU)
        origin_lps = origin_lps + axes[:, :2] @ (first_ij * (column_mm, row_mm))
        tilt_deg = np.degrees(np.arctan2(np.linalg.norm(shifts_mm[-1]), np.ptp(ladder.positions_mm)))
        findings.append(
            warning(
                subject, f"The gantry was tilted by {tilt_deg:.1f}°: the slices were resampled onto an upright grid."
            )
        )
    if ladder.missing.size or not ladder.is_even:
        volume = geometry.interpolate_slices(volume, ladder.positions_mm, ladder.slot_positions_mm)
    image = Image(volume, (column_mm, row_mm, ladder.spacing_mm), tuple(origin_lps), axes)
    return image, findings


def _unit_findings(slices: list[CtSlice], subject: str) -> list[Finding]:
    unit = str(slices[0].dataset.get("RescaleType") or "HU").upper()
    if unit == "HU":
        return []
    return [warning(subject, f"The files do not call their values Hounsfield units (rescale type {unit[:16]}).")]
