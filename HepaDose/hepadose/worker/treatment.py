"""A radioembolization case as a viewer shows it: CT, image of activity and outlines, without any patient identifier."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hepadose.findings import Finding, ok
from hepadose.images import Image, bounding_box
from hepadose.worker.outcomes import LoadedStructure

if TYPE_CHECKING:
    from hepadose.timing import TimingLog
    from hepadose.worker.stages import Progress

COLORS = {"liver": (222, 130, 102), "lungs": (196, 163, 209), "territory": (89, 191, 217)}
TUMOR_COLORS = ((242, 217, 64), (115, 230, 89), (242, 115, 191), (140, 153, 255))


@dataclass(frozen=True, eq=False)
class LoadedTreatment:
    """Everything that is shown of one radioembolization case.

    Parameters
    ----------
    ct : Image
        In HU.
    activity : Image or None
        As stored: a concentration or counts.
    structures : tuple of LoadedStructure
        On the grid of the CT, each cut to its voxels.
    activity_kind, activity_unit : str
        As the panel words them; empty where the files do not say.
    hours_after_injection : float
        Time to which the image's numbers belong; 0 at injection.
    injected_gbq : float or None
        In the vial at injection, where it is known.
    findings : tuple of Finding
    """

    ct: Image
    activity: Image | None
    structures: tuple[LoadedStructure, ...]
    activity_kind: str = ""
    activity_unit: str = ""
    hours_after_injection: float = 0.0
    injected_gbq: float | None = None
    findings: tuple[Finding, ...] = ()


def load_sample_treatment(folder: Path, progress: Progress, log: TimingLog) -> LoadedTreatment:
    """The digital patient of the sample data, with its PET.

    Parameters
    ----------
    folder : Path
        As :func:`hepadose.setup.sirt_sample.make_sirt_sample` gives it.
    progress : callable
    log : TimingLog

    Raises
    ------
    HepaDoseError
        If a file is missing or damaged.
    """
    from hepadose.batch.segments import read_segments
    from hepadose.batch.volume import read_image
    from hepadose.setup.sirt_sample import SIRT_SAMPLE
    from hepadose.sirt_patient.patient import CT_FILE, PET_FILE, SEGMENTS_FILE

    with log.step("Load case"):
        progress("Reading CT and PET", 0.0)
        ct, activity = read_image(folder / CT_FILE), read_image(folder / PET_FILE)
        progress("Reading the outlines", 0.5)
        structures = tuple(_structures(read_segments(folder / SEGMENTS_FILE)))
    return LoadedTreatment(
        ct,
        activity,
        structures,
        hours_after_injection=SIRT_SAMPLE.hours_after_injection,
        injected_gbq=SIRT_SAMPLE.injected_gbq,
        findings=(ok("Case", f"Digital patient, no data of a person. CT: {ct.describe_grid()}."),),
    )


def _structures(masks: dict[str, Image]):
    tumors = 0
    for name, mask in masks.items():
        box = bounding_box(mask.array, (1, 1, 1))
        if box is None:
            continue
        color = COLORS.get(name.lower())
        if color is None:
            color, tumors = TUMOR_COLORS[tumors % len(TUMOR_COLORS)], tumors + 1
        yield LoadedStructure(name, mask.cropped(box), color, role="liver" if name.lower() == "liver" else "")
