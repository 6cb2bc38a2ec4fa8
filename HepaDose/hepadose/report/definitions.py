"""What each figure of the result means, in one line: shown beside the number in the report and in the scene."""

from __future__ import annotations

import numpy as np

from hepadose.flr.gates import product_text
from hepadose.flr.result import FlrResult
from hepadose.flr.settings import PlanarDefinition
from hepadose.report.text import (
    D90,
    GAP,
    LOGISTIC_D50,
    UNDEFINED,
    VOLUME_MATCH,
    dose_unit,
    interval,
    number,
    quantity_words,
)

FLR_WRITTEN_OUT = (
    "FLR here means focal liver reaction: the part of the liver that changed after irradiation. "
    "Liver surgeons read FLR as future liver remnant; the two have nothing to do with each other."
)

PLANAR_NAMES = {
    PlanarDefinition.CHENG: "Boundary IoU of Cheng et al. 2021, mean over slices",
    PlanarDefinition.PUBLISHED_SCRIPT: "Published script for liver reactions, mean over slices",
}

METHOD = (
    "Every isodose region inside the liver is compared with the reaction by the overlap of their boundary bands "
    "(Boundary IoU). The capsule of the liver does not count as boundary. The best level is the vertex of a parabola "
    "through the top of that curve; the interval joins the scatter over blocks of liver with the dose uncertainty that "
    "the registration error causes at the reaction's edge: the mean error times the dose gradient there, used as if it "
    "were one standard deviation (1.96 of it on either side, in quadrature)."
)


def best_rows(result: FlrResult) -> list[tuple[str, str, str]]:
    """Name, value and meaning of the figures around the best level."""
    best, unit = result.best, dose_unit(result.dose)
    return [
        ("Best level", number(best.refined_gy, 1, unit), f"Vertex of the curve's top; {quantity_words(result.dose)}"),
        ("95 % interval", interval(best.interval_gy, unit=unit), "Scatter of the edge and registration error together"),
        (
            "Interval of the edge alone",
            interval(best.bootstrap_interval_gy, unit=unit),
            "Bootstrap over blocks of liver",
        ),
        ("Plateau", interval(best.plateau_gy, unit=unit), "Levels with at least 95 % of the largest Boundary IoU"),
        ("Largest Boundary IoU", number(best.boundary_iou, 2), f"At the level {number(best.level_gy, 1, unit)}"),
        (
            "Dose uncertainty",
            number(best.dose_uncertainty_gy, 1, unit),
            _uncertainty_words(result),
        ),
        ("Reaction", number(result.reaction_ml, 1, "ml"), "Volume inside the liver"),
        ("Liver", number(result.liver_ml, 0, "ml"), "Volume of the liver on the follow-up CT"),
        ("Interface", number(result.interface_cm2, 1, "cm²"), "Area of the reaction's boundary inside the liver"),
    ]


def _uncertainty_words(result: FlrResult) -> str:
    if not np.isfinite(result.best.dose_uncertainty_gy):
        return "The registration error is unknown; it is not part of the 95 % interval"
    product = product_text(result.best, result.dose.unit).replace(" ", GAP).replace(f"{GAP}×{GAP}", " × ")
    return (
        f"Mean registration error × median gradient at the edge, {product}; the 95 % interval takes it as if it were "
        "one standard deviation"
    )


def estimator_rows(result: FlrResult) -> list[tuple[str, str, str]]:
    """Name, value and definition of the companion estimators; doses in the quantity of the result."""
    estimators, unit = result.estimators, dose_unit(result.dose)
    return [
        (
            VOLUME_MATCH,
            number(estimators.volume_match_gy, 1, unit),
            "Isodose in the liver with the reaction's volume",
        ),
        (
            D90,
            number(estimators.d90_gy, 1, unit),
            "Dose that 90 % of the reaction received; not the dose at its edge",
        ),
        (
            LOGISTIC_D50,
            number(estimators.logistic_d50_gy, 1, unit),
            f"Dose of even odds over liver voxels; 50 % to 73 % within {number(estimators.logistic_width_gy, 1, unit)}",
        ),
        ("Youden's threshold", number(estimators.youden_gy, 1, unit), "Cut with the largest sensitivity + specificity"),
        (
            "Area under the ROC curve",
            number(estimators.auc, 3),
            "How well dose alone tells reaction from liver (0.5 not at all, 1 fully)",
        ),
        (
            "Reaction inside the best isodose",
            number(100 * estimators.concordance_of_reaction, 1, "%"),
            "Part of the reaction inside the best isodose",
        ),
        (
            "Best isodose inside the reaction",
            number(100 * estimators.concordance_of_isodose, 1, "%"),
            "Part of the best isodose region that reacted",
        ),
    ]


def planar_rows(result: FlrResult) -> list[tuple[str, str, str]]:
    """Name, best level and largest value of the published 2-D definitions; empty where none was asked for."""
    rows = []
    for curve in result.planar:
        # Where no level scores at all, none is the best.
        if not np.nan_to_num(curve.boundary_iou).any():
            rows.append((PLANAR_NAMES[curve.definition], UNDEFINED, UNDEFINED))
            continue
        best = int(np.nanargmax(curve.boundary_iou))
        step = float(np.diff(curve.levels_gy).max()) if curve.levels_gy.size > 1 else 0.0
        unit = dose_unit(result.dose)
        level = f"{curve.levels_gy[best]:g}{GAP}{unit}, in steps of {step:g}{GAP}{unit}"
        rows.append((PLANAR_NAMES[curve.definition], level, number(float(curve.boundary_iou[best]), 2)))
    return rows
