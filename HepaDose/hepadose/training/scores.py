"""What a judgment of a network consists of: scores per case and label, their table, and their summary."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hepadose.evaluation.lesions import SIZE_CLASSES_MM, Detection, by_size, detect_lesions
from hepadose.evaluation.overlap import dice
from hepadose.evaluation.surface import surface_distances
from hepadose.images import Image

_NUMBERS = ("dice", "assd_mm", "hd95_mm", "true_ml", "found_ml")


@dataclass(frozen=True)
class CaseScore:
    """One label of one case.

    Parameters
    ----------
    case, label : str
    dice : float
        NaN where the label is neither there nor found.
    assd_mm, hd95_mm : float
        Average symmetric surface distance, and the larger 95th percentile; NaN where a surface is missing.
    true_ml, found_ml : float
    detection : Detection or None
        Of the single lesions, where the label consists of lesions.
    """

    case: str
    label: str
    dice: float
    assd_mm: float
    hd95_mm: float
    true_ml: float
    found_ml: float
    detection: Detection | None = None


def score(found: np.ndarray, true: Image, case: str, label: str, has_lesions: bool = False) -> CaseScore:
    """Compare two masks.

    Parameters
    ----------
    found : numpy.ndarray of bool, shape (k, j, i)
        On the grid of ``true``.
    true : Image
        Boolean.
    case, label : str
        Their names.
    has_lesions : bool
        Whether single lesions are counted, see :mod:`hepadose.evaluation.lesions`.

    Returns
    -------
    CaseScore

    Raises
    ------
    GeometryMismatchError
        If the shapes differ.
    """
    overlap = dice(found, true.array)
    distances = surface_distances(found, true.array, true.spacing_kji_mm)
    return CaseScore(
        case,
        label,
        overlap,
        distances.mean_mm,
        distances.hd95_mm,
        float(np.count_nonzero(true.array) * true.voxel_volume_ml),
        float(np.count_nonzero(found) * true.voxel_volume_ml),
        detect_lesions(found, true.array, true.voxel_volume_ml) if has_lesions else None,
    )


def write_scores(scores: Iterable[CaseScore], path: Path) -> None:
    """One line per case and label, as CSV.

    Parameters
    ----------
    scores : iterable of CaseScore
        Where one counts lesions, all lines have the columns of their size classes, empty where none are counted.
    path : Path
        Is replaced.
    """
    scores = list(scores)
    rows = [_cells(each) for each in scores]
    columns = dict.fromkeys(key for row in rows for key in row) or ("case", "label", *_NUMBERS)
    with path.open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, list(columns))
        writer.writeheader()
        writer.writerows(rows)


def summary_of(scores: list[CaseScore], kind: str) -> dict[str, Any]:
    """What goes into a model's description: per label the mean and the worst over the cases that have it.

    Parameters
    ----------
    scores : list of CaseScore
    kind : str
        What the cases are ("unseen synthetic abdomens").

    Returns
    -------
    dict
        "cases", "kind", and in "labels" per label: Dice and distances over the cases where they are defined; volumes
        in ml over all cases; the number of cases in which one of both masks is empty and no distance exists; where
        lesions are counted, "lesions" per size class and "false_positives_per_case".
    """
    labels = dict.fromkeys(each.label for each in scores)
    return {
        "cases": len({each.case for each in scores}),
        "kind": kind,
        "labels": {label: _row([each for each in scores if each.label == label]) for label in labels},
    }


def summary_lines(summary: dict[str, Any]) -> Iterator[str]:
    """The summary as it is told at the end of a judgment, see :func:`summary_of`.

    Parameters
    ----------
    summary : dict

    Yields
    ------
    str
        One line without a line break.
    """
    for label, row in summary["labels"].items():
        yield (
            f"{label}: {row['cases']} cases, mean Dice {row['mean_dice']:.3f} (lowest {row['lowest_dice']:.3f}), "
            f"mean surface distance {row['mean_assd_mm']:.2f} mm (largest {row['largest_assd_mm']:.2f} mm), "
            f"mean HD95 {row['mean_hd95_mm']:.2f} mm (largest {row['largest_hd95_mm']:.2f} mm)"
        )
        yield (
            f"  mean volume {row['mean_true_ml']:.1f} ml, found {row['mean_found_ml']:.1f} ml; "
            f"{row['missed']} cases missed, {row['imagined']} with a find where there is nothing"
        )
        for size in row.get("lesions", ()):
            share = f" ({size['detected'] / size['lesions']:.0%})" if size["lesions"] else ""
            yield f"  lesions {size['diameter']}: {size['detected']} of {size['lesions']} detected{share}"
        if "lesions" in row:
            yield f"  false positives per case: {row['false_positives_per_case']:.2f}"


def _cells(score: CaseScore) -> dict[str, str | int]:
    cells: dict[str, str | int] = {"case": score.case, "label": score.label}
    cells |= {name: f"{getattr(score, name):.4f}" for name in _NUMBERS}
    if score.detection is None:
        return cells
    for limits, size in zip(SIZE_CLASSES_MM, by_size(score.detection.lesions), strict=True):
        name = "_".join(f"{limit:g}" for limit in limits if math.isfinite(limit))
        name = name if math.isfinite(limits[1]) else f"from_{name}"
        cells[f"lesions_{name}_mm"], cells[f"detected_{name}_mm"] = size.lesions, size.detected
    cells["false_positives"] = score.detection.false_positives
    cells["false_positive_ml"] = f"{score.detection.false_positive_ml:.4f}"
    return cells


def _row(scores: list[CaseScore]) -> dict[str, Any]:
    overlaps, distances, hd95 = (_known(scores, name) for name in ("dice", "assd_mm", "hd95_mm"))
    return {
        "cases": len(overlaps),
        "mean_dice": _rounded(np.mean, overlaps),
        "lowest_dice": _rounded(min, overlaps),
        "mean_assd_mm": _rounded(np.mean, distances),
        "largest_assd_mm": _rounded(max, distances),
        "mean_hd95_mm": _rounded(np.mean, hd95),
        "largest_hd95_mm": _rounded(max, hd95),
        "mean_true_ml": _rounded(np.mean, _known(scores, "true_ml")),
        "mean_found_ml": _rounded(np.mean, _known(scores, "found_ml")),
        "missed": sum(each.true_ml > 0 and not each.found_ml for each in scores),
        "imagined": sum(each.found_ml > 0 and not each.true_ml for each in scores),
        **_detection_row([each.detection for each in scores if each.detection is not None]),
    }


def _detection_row(detections: list[Detection]) -> dict[str, Any]:
    if not detections:
        return {}
    sizes = by_size(lesion for each in detections for lesion in each.lesions)
    return {
        "lesions": [{"diameter": s.words, "lesions": s.lesions, "detected": s.detected} for s in sizes],
        "false_positives_per_case": _rounded(np.mean, [each.false_positives for each in detections]),
    }


def _known(scores: list[CaseScore], name: str) -> list[float]:
    return [value for value in (getattr(each, name) for each in scores) if not math.isnan(value)]


def _rounded(reduce: Callable, values: list[float]) -> float:
    return round(float(reduce(values)), 4) if values else math.nan
