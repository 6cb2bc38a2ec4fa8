"""Published dose guidance by product and treatment: what is a limit, what a target, and for which part of the liver.

It is shown beside computed doses with its source. It approves nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from hepadose.errors import SettingsError


class Kind(StrEnum):
    """The direction of a dose value."""

    LIMIT = "limit"
    TARGET = "target"


class Standing(StrEnum):
    """How a dose stands to a published value."""

    KEPT = "kept"
    EXCEEDED = "exceeded"
    REACHED = "reached"
    NOT_REACHED = "not reached"
    ABOVE = "above"
    """More than the range of a target."""

    @property
    def is_good(self) -> bool:
        """Whether a limit is kept or a target reached."""
        return self in (Standing.KEPT, Standing.REACHED)


class Part(StrEnum):
    """What a dose value is about."""

    TERRITORY = "territory"
    NORMAL_TERRITORY = "normal_territory"
    NORMAL_LIVER = "normal_liver"
    TUMOR = "tumor"


PART_WORDS = {
    Part.TERRITORY: "treated territory",
    Part.NORMAL_TERRITORY: "normal liver in the territory",
    Part.NORMAL_LIVER: "whole normal liver",
    Part.TUMOR: "tumor",
}
TREATMENTS = ("segmentectomy", "lobectomy", "unilobar", "bilobar")
DISEASES = {
    "HCC": "hepatocellular carcinoma",
    "ICC": "intrahepatic cholangiocarcinoma",
    "mCRC": "metastases of colorectal cancer",
}


@dataclass(frozen=True)
class Guidance:
    """One published dose value.

    Parameters
    ----------
    product : str
        Matrix of the microspheres.
    treatment : str
    part : Part
    kind : Kind
    from_gy, to_gy : float, optional
        A target's lower and upper end, or a limit.
    better_from_gy : float, optional
        Where the target had better begin.
    condition, evidence : str
    disease : tuple of str
        Keys of :data:`DISEASES` that it was published for; empty where the source names none.
    """

    product: str
    treatment: str
    part: Part
    kind: Kind
    from_gy: float | None = None
    to_gy: float | None = None
    better_from_gy: float | None = None
    condition: str = ""
    evidence: str = ""
    disease: tuple[str, ...] = ()

    def standing(self, dose_gy: float) -> Standing:
        """How a dose stands to the value.

        Examples
        --------
        >>> Guidance("resin", "unilobar", Part.NORMAL_TERRITORY, Kind.LIMIT, to_gy=40).standing(39.9).value
        'kept'
        >>> Guidance("resin", "lobectomy", Part.NORMAL_TERRITORY, Kind.TARGET, from_gy=70).standing(39.9).value
        'not reached'
        >>> Guidance("glass", "bilobar", Part.TERRITORY, Kind.TARGET, from_gy=80, to_gy=150).standing(306).value
        'above'
        """
        if self.kind is Kind.LIMIT:
            return Standing.KEPT if dose_gy <= self.to_gy else Standing.EXCEEDED
        if dose_gy < self.from_gy:
            return Standing.NOT_REACHED
        return Standing.REACHED if self.to_gy is None or dose_gy <= self.to_gy else Standing.ABOVE

    def text(self) -> str:
        """In words, with its unit."""
        if self.kind is Kind.LIMIT:
            words = f"at most {self.to_gy:g} Gy"
        elif self.to_gy is not None:
            words = f"{self.from_gy:g}–{self.to_gy:g} Gy"
        else:
            words = f"at least {self.from_gy:g} Gy"
        if self.better_from_gy is not None:
            words += f", better {self.better_from_gy:g} Gy"
        conditions = [", ".join(self.disease), self.condition]
        stated = "; ".join(condition for condition in conditions if condition)
        return f"{words} ({stated})" if stated else words


@dataclass(frozen=True)
class LungLimits:
    """Limits of the mean lung dose in Gy."""

    per_session_gy: float
    cumulative_gy: float
    careful_gy: float


@cache
def _file() -> dict:
    return json.loads(Path(__file__).with_name("guidance.json").read_text(encoding="utf-8"))


def source() -> str:
    """The publication that all values are from."""
    return _file()["source"]


def lung_limits() -> LungLimits:
    """Limits of the mean lung dose."""
    return LungLimits(**_file()["lungs"])


def guidance(matrix: str, treatment: str, disease: str | None = None) -> tuple[Guidance, ...]:
    """All values for a product, a treatment and a disease.

    Parameters
    ----------
    matrix : {"glass", "resin"}
    treatment : str
        One of :data:`TREATMENTS`.
    disease : str, optional
        One of :data:`DISEASES`. Values for other diseases are left out then, and where one was published for this
        disease, the general one for the same part and direction gives way. Without it every value is there, with its
        disease as its condition.

    Returns
    -------
    tuple of Guidance

    Raises
    ------
    SettingsError
        If there is no such treatment or disease.

    Examples
    --------
    >>> [each.text() for each in guidance("glass", "bilobar", "mCRC") if each.part is Part.TUMOR]
    ['at least 189 Gy (mCRC)']
    """
    if treatment not in TREATMENTS:
        raise SettingsError(f'Treatments are {", ".join(TREATMENTS)}; got "{treatment}".')
    require_disease(disease)
    every = [each for each in _entries() if each.product == matrix and each.treatment == treatment]
    if disease is None:
        return tuple(every)
    own = {(each.part, each.kind) for each in every if disease in each.disease}
    return tuple(
        each for each in every if disease in each.disease or (not each.disease and (each.part, each.kind) not in own)
    )


def require_disease(disease: str | None) -> None:
    """Refuse a disease without published values.

    Raises
    ------
    SettingsError
    """
    if disease is not None and disease not in DISEASES:
        listed = ", ".join(f"{name} ({words})" for name, words in DISEASES.items())
        raise SettingsError(f'Diseases with published values are {listed}; got "{disease}".')


def _entries() -> tuple[Guidance, ...]:
    return tuple(
        Guidance(
            **entry
            | {
                "part": Part(entry["part"]),
                "kind": Kind(entry["kind"]),
                "disease": tuple(entry.get("disease", ())),
            }
        )
        for entry in _file()["entries"]
    )
