"""What is strange about an image of activity: another activity than the vial's, or too much in the lungs."""

from __future__ import annotations

from collections.abc import Iterable

from hepadose.findings import Finding, ok, warning
from hepadose.sirt.guidance import lung_limits
from hepadose.sirt.image_dose import RegionDose
from hepadose.sirt.prescription import PrescriptionInput

LABEL_SURPRISE = 0.10


def label_findings(whole_gbq: float, vial_gbq: float | None, given: PrescriptionInput) -> list[Finding]:
    """Whether image and vial tell the same activity; a difference is told and never corrected."""
    if vial_gbq is None:
        return [ok("Activity", f"The image holds {whole_gbq:.2f} GBq at injection.")]
    expected = vial_gbq * (1.0 - given.delivery.residual)
    difference = whole_gbq / expected - 1.0
    text = f"The image holds {whole_gbq:.2f} GBq at injection, {difference:+.0%} of the {expected:.2f} GBq delivered"
    if abs(difference) <= LABEL_SURPRISE:
        return [ok("Activity", f"{text}.")]
    assays = "; assays of resin vials found up to a quarter more than on the label"
    why = assays if given.product.matrix == "resin" else ""
    return [warning("Activity", f"{text}{why}. Nothing was corrected.")]


def lung_findings(doses: Iterable[RegionDose]) -> list[Finding]:
    """Lungs whose mean dose is above the limit of one session."""
    limit = lung_limits().per_session_gy
    return [
        warning("Lungs", f"The image gives the lungs {row.mean_gy:.1f} Gy on average, above {limit:g} Gy per session.")
        for row in doses
        if row.kind == "lungs" and row.mean_gy > limit
    ]
