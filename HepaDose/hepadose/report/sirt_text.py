"""The result of a radioembolization case as plain text, for a letter or the hospital's own record."""

from __future__ import annotations

import hepadose
from hepadose.report.sirt_html import MODEL_WORDS
from hepadose.report.text import number
from hepadose.sirt.analysis import SirtResult
from hepadose.sirt.prescription import PrescriptionRow


def sirt_text(result: SirtResult) -> str:
    """Volumes, activities, doses, limits and origins with their units, one per line.

    Parameters
    ----------
    result : SirtResult

    Returns
    -------
    str
    """
    given = result.prescription.input
    lines = [f"Y-90 radioembolization, {given.product.name}, dose constant {given.constant}"]
    lines += [f"Volume of {name}: {number(volume_ml, 1, 'ml')}" for name, volume_ml in result.volumes_ml.items()]
    lines += [activity_line(row) for row in result.prescription.rows]
    if (tightest := result.prescription.tightest) is not None:
        lines.append(f"Tightest limit: {tightest.name}, {number(tightest.activity_gbq, 2, 'GBq')}")
    lines += [f"Mean dose of {row.name}: {number(row.mean_gy, 1, 'Gy')} ({result.dose_method})" for row in result.doses]
    lines += [f"Outline of {name}: {origin}" for name, origin in result.origins.items()]
    return "\n".join([*lines, f"HepaDose {result.software_version}. {hepadose.RESEARCH_USE}"])


def activity_line(row: PrescriptionRow) -> str:
    """One model's activity in words.

    Parameters
    ----------
    row : PrescriptionRow
    """
    doses = f"territory {number(row.territory_gy, 0, 'Gy')}, lungs {number(row.lungs_gy, 1, 'Gy')}"
    return f"{MODEL_WORDS[row.model]}, {row.goal}: {number(row.activity_gbq, 2, 'GBq')} ({doses})"
