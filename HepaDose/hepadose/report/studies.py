"""Published threshold doses of focal liver reactions, shown as context only.

Each row says what was measured and how; the definitions differ, so that the numbers cannot be compared with each other
or with a patient without them. Equivalents are computed from the published value, voxel dose over that study's number
of fractions (linear-quadratic model). Most values were read in abstracts: go to the source before quoting one.
What a study did not state is left empty here and never guessed. :mod:`hepadose.report.published` sets a patient beside
the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CAUTION = (
    "Context, not a reference range: the definitions differ. A value can be compared only where modality, contrast "
    "phase, time since treatment, fractionation and liver function (Child-Pugh class) are the same; D90 values lie "
    "above the dose at the edge of a reaction."
)

MODALITIES = ("CT", "Gd-EOB MRI", "SPIO MRI", "other MRI")
PHASES = ("native", "arterial", "portal venous", "delayed", "hepatobiliary")
CHILD_PUGH = ("no cirrhosis", "A", "B", "C")


class Definition(StrEnum):
    """How a study drew one dose from reaction and dose distribution; only values of one definition are alike."""

    VOLUME_MATCH = "volume match"
    D90 = "D90 of the reaction"
    LOGISTIC_D50 = "logistic D50"
    LARGEST_DSC = "level of the largest DSC"


@dataclass(frozen=True)
class StudyValue:
    """One published value in physical Gy, for a phase or a time where the study gives one for each."""

    gy: float
    spread_gy: tuple[float, float] | None = None
    phase: str | None = None
    months: tuple[float, float] | None = None
    """Window since treatment; None for the study's whole window."""


@dataclass(frozen=True)
class StudyConditions:
    """What a patient must share with a study before values are compared; None or empty where it was not stated."""

    modality: str | None = None
    phases: tuple[str, ...] = ()
    months: tuple[float, float] | None = None
    fractions: int | None = None
    livers: tuple[str, ...] = ()
    """Child-Pugh classes of (nearly) all patients."""
    definition: Definition | None = None
    values: tuple[StudyValue, ...] = ()


@dataclass(frozen=True)
class PublishedThreshold:
    """One published threshold as its authors defined it."""

    source: str
    technique: str
    imaging: str
    """Modality, phase and time since treatment."""
    threshold: str
    """The value with its spread and definition."""
    equivalents: str
    """BED (α/β 2 Gy) and EQD2 (α/β 3 Gy) of the value; "–" where the fractionation is not known."""
    conditions: StudyConditions = StudyConditions()


WEEKS_PER_MONTH = 365.25 / 12 / 7
SCAN_TOLERANCE_WEEKS = 2.0
"""How far a scan may lie from a study's nominal time and still count as taken then."""


def around(weeks: float) -> tuple[float, float]:
    """Window in months around a study's nominal time of a scan.

    Examples
    --------
    >>> [round(month, 2) for month in around(12)]
    [2.3, 3.22]
    """
    low, high = weeks - SCAN_TOLERANCE_WEEKS, weeks + SCAN_TOLERANCE_WEEKS
    return max(low, 0.0) / WEEKS_PER_MONTH, high / WEEKS_PER_MONTH


PUBLISHED_THRESHOLDS = (
    PublishedThreshold(
        "Herfarth 2003, Int J Radiat Oncol Biol Phys 57:444",
        "Single-fraction stereotactic radiotherapy, 36 patients, 131 CTs",
        "Multiphasic CT, median 1.8 months (1.2–4.6)",
        "13.7 Gy, median (8.9–19.2), by volume match",
        "107.5 / 45.8 Gy",
        StudyConditions(
            "CT",
            months=(1.2, 4.6),
            fractions=1,
            definition=Definition.VOLUME_MATCH,
            values=(StudyValue(13.7, (8.9, 19.2)),),
        ),
    ),
    PublishedThreshold(
        "Seidensticker 2011, Radiat Oncol 6:40",
        "Single-fraction HDR brachytherapy, 23 metastases",
        "Gd-EOB MRI, 6 / 12 / 24 weeks",
        "9.4 / 11.4 / 14 Gy, median D90 of the reaction",
        "53.6 / 23.3, 76.4 / 32.8, 112 / 47.6 Gy",
        StudyConditions(
            "Gd-EOB MRI",
            months=(around(6)[0], around(24)[1]),
            fractions=1,
            definition=Definition.D90,
            values=tuple(StudyValue(gy, months=around(weeks)) for gy, weeks in ((9.4, 6), (11.4, 12), (14.0, 24))),
        ),
    ),
    PublishedThreshold(
        "Tolerance study with SPIO, abstract",
        "Single-fraction HDR brachytherapy, 25 patients",
        "T2 MRI with SPIO, 3 days, 6, 12, 24 weeks",
        "18.3, 12.9, 15, 20.4 Gy, D90 of the reaction",
        "–",
        StudyConditions(
            "SPIO MRI",
            months=(0.0, around(24)[1]),
            fractions=1,
            definition=Definition.D90,
            values=(
                StudyValue(18.3, months=(0.0, around(3 / 7)[1])),
                *(StudyValue(gy, months=around(weeks)) for gy, weeks in ((12.9, 6), (15.0, 12), (20.4, 24))),
            ),
        ),
    ),
    PublishedThreshold(
        "Takeda 2012, Radiother Oncol 104:374",
        "Stereotactic radiotherapy in 5 fractions, 24 patients (23 Child-Pugh A, 1 B)",
        "CT before contrast / portal phase, peak at 6 months (3–12)",
        "32.4 (30.3–35.4) / 34.4 (31.9–36.0) Gy by volume match; the authors propose 30 Gy in 5 fractions",
        "120 / 54 Gy for 30 Gy in 5",
        StudyConditions(
            "CT",
            ("native", "portal venous"),
            (3.0, 12.0),
            5,
            ("A",),
            Definition.VOLUME_MATCH,
            (
                StudyValue(32.4, (30.3, 35.4), phase="native"),
                StudyValue(34.4, (31.9, 36.0), phase="portal venous"),
            ),
        ),
    ),
    PublishedThreshold(
        "Doi 2016, PMC4915544",
        "Stereotactic radiotherapy, 54 cirrhotic livers with HCC, 10 with metastases",
        "Gd-EOB MRI, 3–6 months",
        "BED (α/β 2 Gy) 57.3 Gy, median (30–227.9) in cirrhosis, 114.0 Gy (70.4–244.9) in normal liver",
        "given as BED",
        StudyConditions("Gd-EOB MRI", months=(3.0, 6.0)),
    ),
    PublishedThreshold(
        "Jung 2016, Radiat Oncol J 34(1)",
        "Stereotactic radiotherapy, 45–60 Gy in 3 fractions, 6 patients",
        "Gd-EOB MRI, change of intensity",
        "23.5 Gy, median (18.3–39.4)",
        "115.5 / 50.9 Gy",
        StudyConditions("Gd-EOB MRI", fractions=3, values=(StudyValue(23.5, (18.3, 39.4)),)),
    ),
    PublishedThreshold(
        "Gd-EOB after 45 Gy in 3 fractions, abstract",
        "Stereotactic radiotherapy in 3 fractions, 17 patients",
        "Gd-EOB MRI, hepatobiliary phase, 2–4 months",
        "19.8 Gy, median D50 (14.2–28.7)",
        "85.1 / 38.0 Gy",
        StudyConditions(
            "Gd-EOB MRI",
            ("hepatobiliary",),
            (2.0, 4.0),
            3,
            definition=Definition.LOGISTIC_D50,
            values=(StudyValue(19.8, (14.2, 28.7)),),
        ),
    ),
    PublishedThreshold(
        "MR-guided SBRT 2021, abstract",
        "MR-guided stereotactic radiotherapy, 9 patients with metastases",
        "MRI, 2–5 months",
        "35 Gy, median level of the largest DSC",
        "–",
        StudyConditions(months=(2.0, 5.0), definition=Definition.LARGEST_DSC, values=(StudyValue(35.0),)),
    ),
)
