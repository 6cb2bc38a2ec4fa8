"""Whether an image of activity holds what was in the vial."""

from __future__ import annotations

from hepadose.findings import Finding, ok, warning
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
