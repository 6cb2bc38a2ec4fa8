"""Published threshold doses of focal liver reactions, shown as context only.

Each row says what was measured and how; the definitions differ, so that the numbers cannot be compared with each other
or with a patient without them. Equivalents are computed from the published value, voxel dose over that study's number
of fractions (linear-quadratic model). Most values were read in abstracts: go to the source before quoting one.
"""

from __future__ import annotations

from dataclasses import dataclass

CAUTION = (
    "Context, not a reference range: the definitions differ. A value can be compared only where modality, contrast "
    "phase, time since treatment, fractionation and liver function (Child-Pugh class) are the same; D90 values lie "
    "above the dose at the edge of a reaction."
)

STATE_BEFORE_COMPARING = (
    "Modality",
    "Contrast phase",
    "Time since treatment",
    "Child-Pugh class",
)
"""What a reader must state about the patient, beside the fractionation, before comparing."""


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


PUBLISHED_THRESHOLDS = (
    PublishedThreshold(
        "Herfarth 2003, Int J Radiat Oncol Biol Phys 57:444",
        "Single-fraction stereotactic radiotherapy, 36 patients, 131 CTs",
        "Multiphasic CT, median 1.8 months (1.2–4.6)",
        "13.7 Gy, median (8.9–19.2), by volume match",
        "107.5 / 45.8 Gy",
    ),
    PublishedThreshold(
        "Seidensticker 2011, Radiat Oncol 6:40",
        "Single-fraction HDR brachytherapy, 23 metastases",
        "Gd-EOB MRI, 6 / 12 / 24 weeks",
        "9.4 / 11.4 / 14 Gy, median D90 of the reaction",
        "53.6 / 23.3, 76.4 / 32.8, 112 / 47.6 Gy",
    ),
    PublishedThreshold(
        "Tolerance study with SPIO, abstract",
        "Single-fraction HDR brachytherapy, 25 patients",
        "T2 MRI with SPIO, 3 days, 6, 12, 24 weeks",
        "18.3, 12.9, 15, 20.4 Gy, D90 of the reaction",
        "–",
    ),
    PublishedThreshold(
        "Takeda 2012, Radiother Oncol 104:374",
        "Stereotactic radiotherapy in 5 fractions, 24 patients (23 Child-Pugh A, 1 B)",
        "CT before contrast / portal phase, peak at 6 months (3–12)",
        "32.4 (30.3–35.4) / 34.4 (31.9–36.0) Gy by volume match; the authors propose 30 Gy in 5 fractions",
        "120 / 54 Gy for 30 Gy in 5",
    ),
    PublishedThreshold(
        "Doi 2016, PMC4915544",
        "Stereotactic radiotherapy, 54 cirrhotic livers with HCC, 10 with metastases",
        "Gd-EOB MRI, 3–6 months",
        "BED (α/β 2 Gy) 57.3 Gy, median (30–227.9) in cirrhosis, 114.0 Gy (70.4–244.9) in normal liver",
        "given as BED",
    ),
    PublishedThreshold(
        "Jung 2016, Radiat Oncol J 34(1)",
        "Stereotactic radiotherapy, 45–60 Gy in 3 fractions, 6 patients",
        "Gd-EOB MRI, change of intensity",
        "23.5 Gy, median (18.3–39.4)",
        "115.5 / 50.9 Gy",
    ),
    PublishedThreshold(
        "Gd-EOB after 45 Gy in 3 fractions, abstract",
        "Stereotactic radiotherapy in 3 fractions, 17 patients",
        "Gd-EOB MRI, hepatobiliary phase, 2–4 months",
        "19.8 Gy, median D50 (14.2–28.7)",
        "85.1 / 38.0 Gy",
    ),
    PublishedThreshold(
        "MR-guided SBRT 2021, abstract",
        "MR-guided stereotactic radiotherapy, 9 patients with metastases",
        "MRI, 2–5 months",
        "35 Gy, median level of the largest DSC",
        "–",
    ),
)
