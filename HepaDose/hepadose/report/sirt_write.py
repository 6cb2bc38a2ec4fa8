"""Writing the files of a radioembolization report: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hepadose.evaluation.review import ContourReview
from hepadose.images import Image, resample
from hepadose.report.canvas import as_png
from hepadose.report.sirt_graphs import DoseScene, draw_dose_planes, draw_sirt_dvh
from hepadose.report.sirt_html import render_sirt_report
from hepadose.report.sirt_tables import sirt_table_files
from hepadose.report.write import write_together
from hepadose.sirt.analysis import SirtResult
from hepadose.sirt.lungs import with_lung_dose
from hepadose.sirt.regions import OutlinedRegions, treatment_regions
from hepadose.timing import TimingRecord


def dose_scene(outlined: OutlinedRegions, dose: Image | None, ct: Image | None = None) -> DoseScene | None:
    """Dose, CT and regions on one grid; None where there is no dose.

    Parameters
    ----------
    outlined : OutlinedRegions
    dose : Image, optional
        In Gy, on any grid.
    ct : Image, optional
        In HU, on any grid.

    Returns
    -------
    DoseScene or None
    """
    if dose is None:
        return None
    regions = treatment_regions(outlined)
    background = None if ct is None else resample(ct, regions.grid, outside=-1000.0)
    return DoseScene(resample(dose, regions.grid), regions, background)


def write_sirt_report(
    folder: Path,
    result: SirtResult,
    scene: DoseScene | None = None,
    timing: Sequence[TimingRecord] = (),
    review: ContourReview | None = None,
) -> dict[str, Path]:
    """Write report.html, figures, CSV and JSON into a folder; existing reports there are replaced as a whole.

    Parameters
    ----------
    folder : Path
        Created where absent.
    result : SirtResult
    scene : DoseScene, optional
        What the figures show; without it there are none.
    timing : sequence of TimingRecord
    review : ContourReview, optional
        What a person said about the automatic outline of the liver.

    Returns
    -------
    dict of str to Path
        The files by their name relative to the folder.

    Raises
    ------
    MissingDependencyError
        If matplotlib or jinja2 is not installed; nothing is written then.
    OutputError
        If the folder cannot be written.
    """
    figures = {}
    if scene is not None:
        scene = _with_lungs(scene, result)
        figures = {"planes": as_png(draw_dose_planes(scene)), "dvh": as_png(draw_sirt_dvh(scene))}
    contents = {"report.html": render_sirt_report(result, figures, timing, review).encode()}
    contents |= sirt_table_files(result, timing, review)
    return write_together(folder, contents | {f"figures/{name}.png": data for name, data in figures.items()})


def _with_lungs(scene: DoseScene, result: SirtResult) -> DoseScene:
    """The scene with the lungs' dose by their own density, or without lungs where the result has no dose of them."""
    if not any(row.kind == "lungs" for row in result.doses):
        return replace(scene, regions=replace(scene.regions, lungs=None))
    return replace(scene, dose=with_lung_dose(scene.dose, scene.regions, result.prescription.input))
