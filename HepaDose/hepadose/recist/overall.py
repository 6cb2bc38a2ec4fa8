"""Overall response from targets, non-targets and new lesions, and the best one over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hepadose.errors import SettingsError
from hepadose.recist.target_response import Category


class NewLesions(StrEnum):
    """Whether there are new lesions."""

    NO = "no"
    EQUIVOCAL = "equivocal"
    """Goes on as before; when it is confirmed later, progression dates back to its first appearance."""
    YES = "yes"


NON_TARGET_CATEGORIES = (Category.CR, Category.NON_CR_NON_PD, Category.PD, Category.NE)


def overall_response(
    target: Category | None, non_target: Category | None = None, new: NewLesions = NewLesions.NO
) -> Category:
    """Response of the whole disease at one time.

    Parameters
    ----------
    target : Category or None
        None for a patient without target lesions.
    non_target : Category or None
        Complete response, neither complete response nor progression, progression or not evaluable; None where there
        were none. Progression is a reader's statement about the whole burden of disease.
    new : NewLesions

    Returns
    -------
    Category
        NE where there was no disease at the baseline and none is new.

    Raises
    ------
    SettingsError
        If non-targets have a category that needs measurements, or targets one without.

    References
    ----------
    Eisenhauer et al., Eur J Cancer 45 (2009) 228, doi:10.1016/j.ejca.2008.10.026, tables 1 and 2.

    Examples
    --------
    >>> overall_response(Category.CR, Category.NON_CR_NON_PD).value
    'PR'
    """
    if non_target is not None and non_target not in NON_TARGET_CATEGORIES:
        raise SettingsError(f"Non-target lesions are not measured and cannot have {non_target.value}.")
    if target is Category.NON_CR_NON_PD:
        raise SettingsError("Target lesions are measured; their category is CR, PR, SD, PD or NE.")
    if Category.PD in (target, non_target) or new is NewLesions.YES:
        return Category.PD
    if target is None:
        return non_target or Category.NE
    if target is Category.CR and non_target not in (None, Category.CR):
        return Category.PR
    return target


def back_dated(new: Sequence[NewLesions]) -> tuple[NewLesions, ...]:
    """Statements about one possible new lesion over time, where a later confirmation counts from the first doubt on.

    Parameters
    ----------
    new : sequence of NewLesions
        In the order of time.

    Examples
    --------
    >>> [each.value for each in back_dated([NewLesions.NO, NewLesions.EQUIVOCAL, NewLesions.YES])]
    ['no', 'yes', 'yes']
    """
    dated = list(new)
    for time in range(len(dated) - 2, -1, -1):
        if dated[time] is NewLesions.EQUIVOCAL and dated[time + 1] is NewLesions.YES:
            dated[time] = NewLesions.YES
    return tuple(dated)


@dataclass(frozen=True)
class Protocol:
    """What a study demands of a best overall response.

    Parameters
    ----------
    confirm : bool
        Response must be seen again; wanted in trials without randomization whose endpoint is response.
    confirm_after_days : int
    stable_from_days : int
        Since the baseline, before which stable disease does not count.
    """

    confirm: bool = False
    confirm_after_days: int = 28
    stable_from_days: int = 42


def best_overall_response(responses: Sequence[tuple[int, Category]], protocol: Protocol | None = None) -> Category:
    """The best response until progression.

    Parameters
    ----------
    responses : sequence of (int, Category)
        Days since the baseline and overall response, in the order of time.
    protocol : Protocol, optional
        Unconfirmed if omitted.

    Returns
    -------
    Category
        NE where nothing counts.

    Examples
    --------
    >>> best_overall_response([(56, Category.PR), (112, Category.PD)]).value
    'PR'
    >>> best_overall_response([(56, Category.PR), (112, Category.PD)], Protocol(confirm=True)).value
    'SD'
    """
    protocol = protocol or Protocol()
    order = list(responses)
    end = next((index for index, (_, each) in enumerate(order) if each is Category.PD), len(order))
    before = order[:end]
    for wanted, repeats in ((Category.CR, {Category.CR}), (Category.PR, {Category.PR, Category.CR})):
        seen = (index for index, (_, each) in enumerate(before) if each is wanted)
        if any(_confirmed(index, before, repeats, protocol) for index in seen):
            return wanted
    if any(each is Category.NON_CR_NON_PD for _, each in before):
        return Category.NON_CR_NON_PD
    stable = (Category.SD, Category.PR, Category.CR)
    if any(each in stable and day >= protocol.stable_from_days for day, each in before):
        return Category.SD
    return Category.PD if end < len(order) else Category.NE


def _confirmed(index: int, responses: list[tuple[int, Category]], repeats: set[Category], protocol: Protocol) -> bool:
    day = responses[index][0]
    return not protocol.confirm or any(
        each in repeats and later - day >= protocol.confirm_after_days for later, each in responses[index + 1 :]
    )
