"""What must be said beside a category: how near it is to another one, and what the criterion's own limits are."""

from __future__ import annotations

from fractions import Fraction

from hepadose.recist.criteria import Criterion, Quantity, variability_limits
from hepadose.recist.target_response import Category, TargetResponse


def variability_sentences(
    rules: Criterion, response: TargetResponse, targets: int, *, one_reader: bool = False
) -> tuple[str, ...]:
    """Which boundaries between categories lie within the variability of readers.

    Parameters
    ----------
    rules : Criterion
        Published limits are for diameters; there are no sentences for other quantities.
    response : TargetResponse
    targets : int
        Number of target lesions; a single one varies more than a sum.
    one_reader : bool
        Whether one reader measured both times, else two.

    Returns
    -------
    tuple of str
        A boundary counts where the change is nearer to it than half the width of the 95 % limits of agreement.

    References
    ----------
    Yoon et al., Eur J Cancer 53 (2016) 5, doi:10.1016/j.ejca.2015.10.014.
    """
    if rules.quantity is not Quantity.DIAMETER or response.category is Category.CR:
        return ()
    limits, source = variability_limits()
    situation = f"{'sum' if targets > 1 else 'one lesion'}, {'one reader' if one_reader else 'two readers'}"
    low, high = limits[situation]
    half = (high - low) / 2
    boundaries = (
        ("partial response", response.from_baseline_percent, rules.partial_percent, "baseline"),
        ("progression", response.from_smallest_percent, rules.progression_percent, "smallest sum"),
    )
    return tuple(
        f"The change of {_percent(change)} from the {reference} is within reader variability of the boundary of {name} "
        f"({_percent(limit)}): {_readers(targets, one_reader)} differ by {_percent(low)} to {_percent(high)} "
        f"(95 % limits; {source.partition(',')[0]})."
        for name, change, limit, reference in boundaries
        if change is not None and abs(change - limit) < half
    )


def _percent(value: Fraction) -> str:
    return f"{float(value):+.1f} %".replace("-", "−")


def _readers(targets: int, one_reader: bool) -> str:
    what = "sums" if targets > 1 else "diameters of one lesion"
    return f"{what} measured {'twice by one reader' if one_reader else 'by two readers'}"


def caveat_sentence(rules: Criterion, months_since_treatment: float | None) -> str:
    """The criterion's own warning, with the time since treatment where it depends on it.

    Parameters
    ----------
    rules : Criterion
    months_since_treatment : float, optional
        Since radiotherapy or radioembolization; None where it is not known.

    Returns
    -------
    str
        Empty where there is nothing to say.
    """
    if not rules.caveat or rules.caveat_months is None:
        return rules.caveat
    if months_since_treatment is None:
        return f"{rules.caveat} The time since treatment was not stated."
    if months_since_treatment >= rules.caveat_months:
        return f"{rules.caveat} This was {months_since_treatment:.1f} months after treatment."
    return (
        f"{rules.caveat} This was only {months_since_treatment:.1f} months after treatment, less than "
        f"{rules.caveat_months}: do not call it progression without a later image."
    )
