"""Which lesions can be measured at the baseline, and which of them are proposed as targets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from hepadose.errors import SettingsError
from hepadose.recist.criteria import Criterion, criterion
from hepadose.recist.exact import Number, exact
from hepadose.recist.lesions import NODE_NORMAL_MM, Kind, Lesion, Part, Role

SMALLEST_MM = Fraction(10)
THIN_SLICE_MM = Fraction(5)
MOST_TARGETS, MOST_PER_ORGAN = 5, 2
NEVER_MEASURED = (Kind.SIMPLE_CYST, Kind.BLASTIC_BONE)
NODES = "lymph nodes"
"""All lymph nodes count as one organ."""


@dataclass(frozen=True)
class Candidate:
    """A lesion at the baseline.

    Parameters
    ----------
    lesion : Lesion
    part : Part
        Its axes and volume.
    slice_thickness_mm : float
        Of the series that was measured.
    reproducible : bool
        Whether the reader expects to find and measure it again; largest alone does not decide.
    """

    lesion: Lesion
    part: Part
    slice_thickness_mm: float
    reproducible: bool = True


@dataclass(frozen=True)
class Proposal:
    """What a lesion shall count for, and why.

    Parameters
    ----------
    role : Role or None
        None for what is no tumor: normal lymph nodes, simple cysts.
    reason : str
    overridden : bool
        Whether a person decided otherwise than the rules.
    """

    role: Role | None
    reason: str
    overridden: bool = False


def smallest_measurable_mm(slice_thickness_mm: Number) -> Fraction:
    """Long axis that a lesion needs at least on CT or MRI.

    Parameters
    ----------
    slice_thickness_mm : number

    Returns
    -------
    Fraction
        10 mm, or twice the slice thickness where that is above 5 mm.

    References
    ----------
    Eisenhauer et al., Eur J Cancer 45 (2009) 228, doi:10.1016/j.ejca.2008.10.026.

    Examples
    --------
    >>> [float(smallest_measurable_mm(each)) for each in ("2.5", "5.0", "5.1", "7.5")]
    [10.0, 10.0, 10.2, 15.0]
    """
    thickness = exact(slice_thickness_mm)
    return SMALLEST_MM if thickness <= THIN_SLICE_MM else 2 * thickness


def why_not_measurable(candidate: Candidate, rules: Criterion | None = None) -> str:
    """Why a lesion cannot be a target; empty where it can.

    Parameters
    ----------
    candidate : Candidate
    rules : Criterion, optional
        RECIST 1.1 if omitted.
    """
    rules, lesion = rules or criterion("recist-1.1"), candidate.lesion
    if lesion.kind in NEVER_MEASURED:
        return f"a {lesion.kind} is never measured"
    if lesion.irradiated_before_baseline and not lesion.progressed_since_irradiation:
        return "treated before the baseline without growing there since"
    if lesion.kind is Kind.NODE:
        return _small_node(candidate, rules)
    needed, long_axis = smallest_measurable_mm(candidate.slice_thickness_mm), exact(candidate.part.long_axis_mm)
    if long_axis < needed:
        return f"long axis {float(long_axis):g} mm is below {float(needed):g} mm"
    return ""


def _small_node(candidate: Candidate, rules: Criterion) -> str:
    short_axis = exact(candidate.part.short_axis_mm)
    needed = rules.node_hilum_target_mm if candidate.lesion.at_liver_hilum else rules.node_target_mm
    return "" if short_axis >= needed else f"short axis {float(short_axis):g} mm is below {float(needed):g} mm"


def propose_targets(
    candidates: Sequence[Candidate], rules: Criterion | None = None, chosen: Mapping[str, Role] | None = None
) -> dict[str, Proposal]:
    """Targets by the rules: the largest, at most two per organ and five in all; the rest is followed as non-target.

    Parameters
    ----------
    candidates : sequence of Candidate
        In any order.
    rules : Criterion, optional
        RECIST 1.1 if omitted.
    chosen : mapping of str to Role, optional
        What a person decided, by the lesion's name; counts before the rules' own choice fills up.

    Returns
    -------
    dict of str to Proposal
        In the order of the candidates.

    Raises
    ------
    SettingsError
        If names are not unique, unknown, or more targets were chosen than the rules allow.
    """
    chosen = dict(chosen or {})
    names = [each.lesion.name for each in candidates]
    if len(set(names)) < len(names):
        raise SettingsError("Every lesion needs a name of its own.")
    if unknown := sorted(set(chosen) - set(names)):
        raise SettingsError(f"A role is given for {', '.join(unknown)}, but there is no such lesion.")
    counts: dict[str, int] = defaultdict(int)
    proposals: dict[str, Proposal] = {}
    for each in sorted(candidates, key=lambda each: (chosen.get(each.lesion.name) is not Role.TARGET, *_rank(each))):
        proposal = _proposal(each, rules, chosen.get(each.lesion.name), counts)
        if proposal.role is Role.TARGET:
            counts[_organ(each.lesion)] += 1
        proposals[each.lesion.name] = proposal
    return {name: proposals[name] for name in names}


def _proposal(candidate: Candidate, rules: Criterion | None, wish: Role | None, counts: Mapping[str, int]) -> Proposal:
    lesion, reason = candidate.lesion, why_not_measurable(candidate, rules)
    if wish is Role.NEW:
        raise SettingsError(f'"{lesion.name}" was there at the baseline and cannot be new.')
    full = _full(lesion, counts)
    if wish is Role.TARGET:
        if full:
            raise SettingsError(f'"{lesion.name}" cannot be a target: {full}.')
        return Proposal(Role.TARGET, reason or "chosen", overridden=True)
    if wish is Role.NON_TARGET:
        return Proposal(Role.NON_TARGET, "chosen", overridden=True)
    if lesion.kind is Kind.SIMPLE_CYST:
        return Proposal(None, reason)
    if lesion.kind is Kind.NODE and exact(candidate.part.short_axis_mm) < NODE_NORMAL_MM:
        return Proposal(None, "a lymph node below 10 mm is normal")
    if reason or full:
        return Proposal(Role.NON_TARGET, reason or full)
    return Proposal(Role.TARGET, "measurable and among the largest")


def _full(lesion: Lesion, counts: Mapping[str, int]) -> str:
    if sum(counts.values()) >= MOST_TARGETS:
        return f"there are {MOST_TARGETS} targets already"
    if counts.get(_organ(lesion), 0) >= MOST_PER_ORGAN:
        return f"there are {MOST_PER_ORGAN} targets in {_organ(lesion)} already"
    return ""


def _organ(lesion: Lesion) -> str:
    return NODES if lesion.kind is Kind.NODE else lesion.organ.strip().lower()


def _rank(candidate: Candidate) -> tuple:
    """Reproducible ones first, cystic ones last, then the largest; the name decides between equals."""
    part = candidate.part
    axis = part.short_axis_mm if candidate.lesion.kind is Kind.NODE else part.long_axis_mm
    is_cystic = candidate.lesion.kind is Kind.CYSTIC_METASTASIS
    return (not candidate.reproducible, is_cystic, -exact(axis), candidate.lesion.name)
