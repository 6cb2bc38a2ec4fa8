"""Response of the target lesions at one time, with the reason in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from hepadose.errors import MissingInputError, SettingsError
from hepadose.recist.criteria import Criterion
from hepadose.recist.exact import Number, exact, percent_change
from hepadose.recist.lesions import Kind, Lesion, Observation, Status


class Category(StrEnum):
    """Response categories of targets, non-targets and overall."""

    CR = "CR"
    PR = "PR"
    SD = "SD"
    PD = "PD"
    NON_CR_NON_PD = "non-CR/non-PD"
    """Of non-targets alone."""
    NE = "NE"


CATEGORY_WORDS = {
    Category.CR: "complete response",
    Category.PR: "partial response",
    Category.SD: "stable disease",
    Category.PD: "progressive disease",
    Category.NON_CR_NON_PD: "neither complete response nor progression",
    Category.NE: "not evaluable",
}

Seen = Mapping[str, Observation]
"""What was seen at one time, by the lesion's name."""


@dataclass(frozen=True)
class TargetResponse:
    """Category of the targets at one time, and the sums that it follows from.

    Parameters
    ----------
    category : Category
    total : Fraction, optional
        In the criterion's unit; None where a target is not evaluable.
    baseline, smallest : Fraction
        Sums at the baseline, and the smallest one before this time.
    from_baseline_percent, from_smallest_percent : Fraction, optional
        Changes; None without a sum, or against 0.
    reason : str
        Why it is this category.
    """

    category: Category
    total: Fraction | None
    baseline: Fraction
    smallest: Fraction
    from_baseline_percent: Fraction | None
    from_smallest_percent: Fraction | None
    reason: str


def classify_sums(rules: Criterion, baseline: Number, smallest: Number, current: Number) -> Category:
    """Category of a sum of lesions that are all evaluable and not lymph nodes.

    Parameters
    ----------
    rules : Criterion
    baseline, smallest, current : number
        Sums at the baseline, the smallest one before this time, and now.

    Returns
    -------
    Category
        Progression goes before response: −40 % of the baseline but +50 % of the smallest sum is PD.

    Raises
    ------
    SettingsError
        If the smallest sum is above the baseline, which counts as one of them.

    Examples
    --------
    >>> from hepadose.recist.criteria import criterion
    >>> classify_sums(criterion("recist-1.1"), 100, 50, 60).value
    'PD'
    """
    if exact(smallest) > exact(baseline):
        raise SettingsError("The smallest sum so far cannot be above the baseline, which is one of them.")
    if exact(current) == 0:
        return Category.CR
    if rules.is_progression(smallest, current):
        return Category.PD
    return Category.PR if rules.is_partial(baseline, current) else Category.SD


def total_size(rules: Criterion, targets: Sequence[Lesion], seen: Seen) -> tuple[Fraction, bool]:
    """Sum over the targets that are evaluable, and whether all are.

    Parameters
    ----------
    rules : Criterion
    targets : sequence of Lesion
    seen : mapping of str to Observation

    Raises
    ------
    MissingInputError
        If nothing is recorded for a target.
    """
    if missing := [each.name for each in targets if each.name not in seen]:
        raise MissingInputError(
            f"Nothing is recorded for {', '.join(missing)}; measure it, or record it as absent or not evaluable."
        )
    sizes = [seen[each.name].size(each, rules.quantity) for each in targets]
    known = [size for size in sizes if size is not None]
    return sum(known, Fraction(0)), len(known) == len(sizes)


def respond(rules: Criterion, targets: Sequence[Lesion], course: Sequence[Seen]) -> TargetResponse:
    """Category of the target lesions at the last of several times.

    Parameters
    ----------
    rules : Criterion
    targets : sequence of Lesion
        In any order.
    course : sequence of mapping of str to Observation
        Baseline first, the time to be judged last.

    Returns
    -------
    TargetResponse

    Raises
    ------
    MissingInputError
        If there is no target, no follow-up, nothing recorded for a target, or one was not evaluable at the baseline.
    """
    if not targets or len(course) < 2:
        raise MissingInputError("A response needs at least one target lesion, a baseline and a follow-up.")
    sums = [total_size(rules, targets, seen) for seen in course]
    if not sums[0][1] or sums[0][0] == 0:
        raise MissingInputError("Every target must have been measured at the baseline; choose other targets.")
    baseline = sums[0][0]
    smallest = min(total for total, complete in sums[:-1] if complete)
    total, complete = sums[-1]
    category, reason = _decide(rules, targets, course, (baseline, smallest, total), complete)
    return TargetResponse(
        category,
        total if complete else None,
        baseline,
        smallest,
        percent_change(total, baseline) if complete else None,
        percent_change(total, smallest) if complete else None,
        reason,
    )


def _decide(
    rules: Criterion,
    targets: Sequence[Lesion],
    course: Sequence[Seen],
    sums: tuple[Fraction, Fraction, Fraction],
    complete: bool,
) -> tuple[Category, str]:
    baseline, smallest, total = sums
    if _all_gone(targets, course[-1]):
        return Category.CR, "every target is gone" + _node_words(targets)
    if back := _back_after_all_were_gone(targets, course):
        return Category.PD, f"{', '.join(back)} is there again after all targets were gone"
    if rules.is_progression(smallest, total):
        rest = "" if complete else ", and some targets are not even counted"
        return Category.PD, _progression_words(rules, smallest, total) + rest
    if grown := _grown_lesions(rules, targets, course):
        return Category.PD, f"{', '.join(grown)} grew by {float(rules.progression_percent):g} % or more"
    if not complete:
        return Category.NE, "not every target could be evaluated"
    change = _percent_words(percent_change(total, baseline))
    limit = f"{float(rules.partial_percent):g} %".replace("-", "−")
    if rules.is_partial(baseline, total):
        return Category.PR, f"the sum changed by {change} from the baseline; {limit} is needed"
    return Category.SD, f"the sum changed by {change} from the baseline: neither {limit} nor progression"


def _all_gone(targets: Sequence[Lesion], seen: Seen) -> bool:
    """A merged lesion is as gone as the one that carries it."""
    return all(
        seen[each.name].is_gone(each) for each in targets if seen[each.name].status is not Status.MERGED
    ) and any(seen[each.name].status is not Status.MERGED for each in targets)


def _node_words(targets: Sequence[Lesion]) -> str:
    return ", lymph nodes are below 10 mm" if any(each.kind is Kind.NODE for each in targets) else ""


def _back_after_all_were_gone(targets: Sequence[Lesion], course: Sequence[Seen]) -> list[str]:
    if not any(_all_gone(targets, seen) for seen in course[1:-1]):
        return []
    now = course[-1]
    return [
        each.name
        for each in targets
        if now[each.name].status is not Status.NOT_EVALUABLE and not now[each.name].is_gone(each)
    ]


def _grown_lesions(rules: Criterion, targets: Sequence[Lesion], course: Sequence[Seen]) -> list[str]:
    """Targets that progress by themselves; one that carries a merged lesion's axis has not grown by that."""
    if not rules.progression_per_lesion:
        return []
    carriers = {each.merged_into for seen in course for each in seen.values()}
    grown = []
    for lesion in targets:
        sizes = [seen[lesion.name].size(lesion, rules.quantity) for seen in course]
        merged = any(seen[lesion.name].status is Status.MERGED for seen in course)
        if lesion.name in carriers or merged or sizes[-1] is None:
            continue
        if rules.is_progression(min(size for size in sizes[:-1] if size is not None), sizes[-1]):
            grown.append(lesion.name)
    return grown


def _progression_words(rules: Criterion, smallest: Fraction, total: Fraction) -> str:
    added = f"{float(total - smallest):.1f} {rules.unit}"
    change = percent_change(total, smallest)
    if change is None:
        return f"the sum grew by {added} from 0"
    return f"the sum grew by {_percent_words(change)} ({added}) from the smallest one so far"


def _percent_words(change: Fraction | None) -> str:
    return "an undefined share" if change is None else f"{float(change):+.1f} %".replace("-", "−")
