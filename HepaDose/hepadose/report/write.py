"""Writing the report's files: all of them or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hepadose.errors import OutputError
from hepadose.flr.result import FlrImages, FlrResult
from hepadose.report import tables
from hepadose.report.canvas import as_png
from hepadose.report.graphs import draw_curve, draw_dvh
from hepadose.report.html import render_flr_report
from hepadose.report.published import PatientStatement
from hepadose.report.slices import draw_planes
from hepadose.timing import TimingRecord


def write_flr_report(
    folder: Path,
    result: FlrResult,
    images: FlrImages,
    timing: Sequence[TimingRecord] = (),
    statement: PatientStatement | None = None,
) -> dict[str, Path]:
    """Write report.html, figures, CSV and JSON into a folder; existing reports there are replaced as a whole.

    Parameters
    ----------
    folder : Path
        Created where absent.
    result : FlrResult
        What is reported.
    images : FlrImages
        What the figures show, on one grid.
    timing : sequence of TimingRecord
        Steps to list with their durations.
    statement : PatientStatement, optional
        What was stated about the patient; where complete, the answer is set beside published thresholds.

    Returns
    -------
    dict of str to Path
        The files by their name relative to the folder, "report.html" first.

    Raises
    ------
    MissingDependencyError
        If matplotlib or jinja2 is not installed; nothing is written then.
    OutputError
        If the folder cannot be written.
    """
    figures = {
        "planes": as_png(draw_planes(result, images)),
        "curve": as_png(draw_curve(result)),
        "dvh": as_png(draw_dvh(result, images)),
    }
    contents = {"report.html": render_flr_report(result, figures, timing, statement).encode()}
    contents |= _table_files(result, images, timing, statement)
    contents |= {f"figures/{name}.png": data for name, data in figures.items()}
    return write_together(folder, contents)


def write_flr_tables(
    folder: Path,
    result: FlrResult,
    images: FlrImages | None = None,
    timing: Sequence[TimingRecord] = (),
    statement: PatientStatement | None = None,
) -> dict[str, Path]:
    """Write only CSV and JSON; needs neither matplotlib nor jinja2. Without images there is no dvh.csv.

    Returns
    -------
    dict of str to Path
        The files by name.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    return write_together(folder, _table_files(result, images, timing, statement))


def _table_files(
    result: FlrResult, images: FlrImages | None, timing: Sequence[TimingRecord], statement: PatientStatement | None
) -> dict[str, bytes]:
    texts = {
        "result.json": tables.result_json(result, timing, statement),
        "curve.csv": tables.curve_csv(result),
        "surface.csv": tables.surface_csv(result),
        "dvh_metrics.csv": tables.dvh_metrics_csv(result),
        "planar.csv": tables.planar_csv(result),
        "dvh.csv": "" if images is None else tables.dvh_csv(images),
    }
    return {name: text.encode() for name, text in texts.items() if text}


def write_together(folder: Path, contents: dict[str, bytes]) -> dict[str, Path]:
    """Write files beside their place first and move them only when all are complete.

    Parameters
    ----------
    folder : Path
        Created where absent.
    contents : dict of str to bytes
        What to write, by path relative to the folder.

    Raises
    ------
    OutputError
        If the folder cannot be written; nothing half-written stays.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder) as unfinished:
            for name, data in contents.items():
                path = Path(unfinished) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            for name in contents:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(Path(unfinished) / name, folder / name)
    except OSError as problem:
        raise OutputError(
            f"The report cannot be written ({problem.strerror or problem}); "
            "choose a folder that exists, that you may write to and that has space left."
        ) from problem
    return {name: folder / name for name in contents}
