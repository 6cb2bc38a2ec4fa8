"""Ratio of activities of two segmentations of one patient: what a contour's error does to a prescription.

By body surface it hardly moves, and against the ratio of volumes: ∂ln A/∂ln V_liver = −(V_t/V_l)/A. With one
compartment it is the ratio of volumes itself. So all models stand side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hepadose.sirt.inputs import Volumes
from hepadose.sirt.prescription import PrescriptionInput, prescribe


@dataclass(frozen=True)
class ActivityRatio:
    """One model's activities from both segmentations.

    Parameters
    ----------
    model, goal : str
    first_gbq, second_gbq : float
    """

    model: str
    goal: str
    first_gbq: float
    second_gbq: float

    @property
    def ratio(self) -> float:
        """First over second; NaN where the second is 0."""
        return self.first_gbq / self.second_gbq if self.second_gbq else float("nan")


def activity_ratios(given: PrescriptionInput, first: Volumes, second: Volumes) -> tuple[ActivityRatio, ...]:
    """Activities that follow from two segmentations, all else equal.

    Parameters
    ----------
    given : PrescriptionInput
        Patient, product, goals; its volumes are replaced, and tumors of known uptake keep their own.
    first, second : Volumes
        For instance found automatically and adjusted by hand.

    Returns
    -------
    tuple of ActivityRatio
        One per model and goal that both allow.

    Examples
    --------
    >>> from hepadose.sirt.inputs import Patient
    >>> from hepadose.sirt.products import products
    >>> given = PrescriptionInput(products()["resin"], Volumes(1800, 1800, 200), Patient(1.75, 75))
    >>> found = activity_ratios(given, Volumes(1800 * 0.94, 1800 * 0.94, 200), given.volumes)
    >>> round(found[0].ratio, 6)
    1.003909
    """
    rows = [prescribe(replace(given, volumes=volumes)).rows for volumes in (first, second)]
    later = {(row.model, row.goal): row.activity_gbq for row in rows[1]}
    return tuple(
        ActivityRatio(row.model, row.goal, row.activity_gbq, later[row.model, row.goal])
        for row in rows[0]
        if (row.model, row.goal) in later
    )
