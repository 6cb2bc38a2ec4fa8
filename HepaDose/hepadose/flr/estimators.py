"""Threshold doses by the definitions that other publications use, beside the Boundary IoU match.

They answer different questions: a D90 of the reaction lies above the dose at its edge, and a volume match needs no
overlap at all. Published thresholds must be compared within one definition.
"""

from __future__ import annotations

import numpy as np

from hepadose.evaluation.dvh import DoseVolumeHistogram
from hepadose.flr.result import CompanionEstimators

LOGISTIC_BINS = 600
LOGISTIC_ITERATIONS = 50


def companion_estimators(dose: np.ndarray, reaction: np.ndarray, best_gy: float) -> CompanionEstimators:
    """All companion estimators of one reaction.

    Parameters
    ----------
    dose : numpy.ndarray, shape (n,)
        Dose of every liver voxel in Gy (any quantity).
    reaction : numpy.ndarray of bool, shape (n,)
        Which of them belong to the reaction; at least one does and at least one does not.
    best_gy : float
        Level of the isodose region whose concordance is reported.

    Returns
    -------
    CompanionEstimators

    References
    ----------
    Herfarth 2003, doi:10.1016/s0360-3016(03)00586-8 (volume match); Seidensticker 2011, Radiat Oncol 6:40 (D90).
    """
    inside = dose >= best_gy
    common = int(np.count_nonzero(inside & reaction))
    d50, width = logistic_d50(dose, reaction)
    auc, youden = auc_and_youden(dose, reaction)
    return CompanionEstimators(
        volume_match_gy=volume_match(dose, int(np.count_nonzero(reaction))),
        d90_gy=DoseVolumeHistogram(dose[reaction], 1.0).dose_at_percent_gy(90),
        logistic_d50_gy=d50,
        logistic_width_gy=width,
        auc=auc,
        youden_gy=youden,
        concordance_of_reaction=common / int(np.count_nonzero(reaction)),
        concordance_of_isodose=common / int(inside.sum()) if inside.any() else float("nan"),
    )


def volume_match(dose: np.ndarray, voxels: int) -> float:
    """Dose in Gy whose isodose region has ``voxels`` voxels: midway between the last one in and the first one out.

    Examples
    --------
    >>> volume_match(np.array([10.0, 20.0, 30.0, 40.0]), 2)
    25.0
    """
    if voxels >= dose.size:
        return float(dose.min())
    part = np.partition(dose, dose.size - voxels - 1)
    return float((part[dose.size - voxels - 1] + part[dose.size - voxels :].min()) / 2)


def auc_and_youden(dose: np.ndarray, reaction: np.ndarray) -> tuple[float, float]:
    """Area under the ROC curve of dose as a classifier of reaction, and the dose of the largest Youden index.

    Ties in dose count half. The cut lies midway between the lowest dose called positive and the next lower one.

    Examples
    --------
    >>> auc_and_youden(np.array([10.0, 20.0, 30.0, 40.0]), np.array([False, False, True, True]))
    (1.0, 25.0)
    """
    values, inverse = np.unique(dose, return_inverse=True)
    positives = np.bincount(inverse, weights=reaction, minlength=values.size)
    negatives = np.bincount(inverse, minlength=values.size) - positives
    sensitivity = np.append(np.cumsum(positives[::-1])[::-1] / positives.sum(), 0.0)
    fallout = np.append(np.cumsum(negatives[::-1])[::-1] / negatives.sum(), 0.0)
    auc = float(np.sum((fallout[:-1] - fallout[1:]) * (sensitivity[:-1] + sensitivity[1:]) / 2))
    cut = int(np.argmax((sensitivity - fallout)[:-1]))
    return auc, float(values[0] if cut == 0 else (values[cut - 1] + values[cut]) / 2)


def logistic_d50(dose: np.ndarray, reaction: np.ndarray) -> tuple[float, float]:
    """Dose of 50 % reaction probability and the width (1/slope) of a logistic fit, both in Gy.

    The fit is the maximum of the likelihood over liver voxels, binned by dose. Doses that separate reaction from
    rest completely have no finite maximum: the dose between them is returned with width 0. NaN where the probability
    does not rise with dose.
    """
    if dose[reaction].min() > dose[~reaction].max():
        return float((dose[reaction].min() + dose[~reaction].max()) / 2), 0.0
    edges = np.linspace(dose.min(), dose.max(), LOGISTIC_BINS + 1)
    which = np.clip(np.searchsorted(edges, dose, side="right") - 1, 0, LOGISTIC_BINS - 1)
    total = np.bincount(which, minlength=LOGISTIC_BINS)
    filled = total > 0
    center = np.bincount(which, weights=dose, minlength=LOGISTIC_BINS)[filled] / total[filled]
    hits = np.bincount(which, weights=reaction, minlength=LOGISTIC_BINS)[filled]
    intercept, slope = _fit_logistic(center, hits, total[filled])
    if not slope > 0:
        return float("nan"), float("nan")
    return float(-intercept / slope), float(1.0 / slope)


def _fit_logistic(dose: np.ndarray, hits: np.ndarray, total: np.ndarray) -> tuple[float, float]:
    """Intercept and slope by Newton's method on standardized dose, with halved steps where the likelihood falls."""
    mean, scale = np.average(dose, weights=total), max(np.sqrt(np.cov(dose, fweights=total)), 1e-9)
    design = np.stack([np.ones_like(dose), (dose - mean) / scale])
    parameters = np.zeros(2)
    likelihood = _log_likelihood(parameters, design, hits, total)
    for _ in range(LOGISTIC_ITERATIONS):
        probability = 1.0 / (1.0 + np.exp(-parameters @ design))
        information = (design * (total * probability * (1 - probability))) @ design.T + 1e-9 * np.eye(2)
        step = np.linalg.solve(information, design @ (hits - total * probability))
        while (trial := _log_likelihood(parameters + step, design, hits, total)) < likelihood - 1e-9:
            step = step / 2
        parameters, gain, likelihood = parameters + step, trial - likelihood, trial
        if gain < 1e-9 * max(abs(likelihood), 1.0):
            break
    return parameters[0] - parameters[1] * mean / scale, parameters[1] / scale


def _log_likelihood(parameters: np.ndarray, design: np.ndarray, hits: np.ndarray, total: np.ndarray) -> float:
    score = parameters @ design
    return float(np.sum(hits * score - total * np.logaddexp(0.0, score)))
