"""What the adjusted contours of a study corrected: measured from the difference, named by organs and by the reader."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hepadose.batch.segments import read_segments
from hepadose.errors import SettingsError
from hepadose.evaluation.corrections import REGIONS, Correction, find_corrections
from hepadose.evaluation.reader_study import Reading
from hepadose.images import Image

NOTHING = "none"
UNKNOWN_ML, UNKNOWN_PLACE = float("nan"), (float("nan"),) * 3


def corrections_of(
    adjusted: Reading, automatic: Reading | None, confirmed: tuple[str, ...] | None, organs: dict[str, Image]
) -> tuple[Correction, ...]:
    """The corrections of one adjusted contour.

    Parameters
    ----------
    adjusted : Reading
    automatic : Reading, optional
        What it was adjusted from.
    confirmed : tuple of str, optional
        Regions that the reader named, of :data:`hepadose.evaluation.corrections.REGIONS`; None leaves what the
        difference proposes. A single region takes all of the difference; of several, each takes what was proposed for
        it, and what no difference explains has an unknown volume (NaN).
    organs : dict of str to Image
        Outlines of neighbors by region; may be empty.

    Returns
    -------
    tuple of Correction
    """
    found = find_corrections(automatic.mask, adjusted.mask, organs) if automatic is not None else ()
    if confirmed is None:
        return found
    if len(confirmed) == 1 and found:
        return tuple(replace(each, proposed=confirmed[0]) for each in found)
    kept = tuple(each for each in found if each.proposed in confirmed)
    named = {each.proposed for each in kept}
    missed = (Correction(UNKNOWN_ML, UNKNOWN_ML, UNKNOWN_PLACE, region) for region in confirmed if region not in named)
    return (*kept, *missed)


def confirmed_regions(case: str, text: str) -> tuple[str, ...] | None:
    """The regions in a cell, separated by semicolons; None for an empty cell, no region for "none".

    Raises
    ------
    SettingsError
        If a region is not on the list.

    Examples
    --------
    >>> confirmed_regions("1", "Heart; portal vein"), confirmed_regions("1", "none"), confirmed_regions("1", "")
    (('heart', 'portal vein'), (), None)
    """
    if not text:
        return None
    if text.lower() == NOTHING:
        return ()
    names = tuple(dict.fromkeys(part.strip().lower() for part in text.split(";") if part.strip()))
    unknown = [name for name in names if name not in REGIONS]
    if unknown:
        known = ", ".join(REGIONS)
        raise SettingsError(f'Case {case}: corrected regions are {known}, or "none"; got "{unknown[0]}".')
    return names


def read_organs(case: str, path: Path) -> dict[str, Image]:
    """Outlines of neighbors from a segmentation whose segments are named as the regions are.

    Raises
    ------
    SettingsError
        If none of its segments is named as a region.
    MissingInputError, UnreadableFileError
        If there is no such file, or it cannot be read.
    """
    organs = {name.lower(): mask for name, mask in read_segments(path).items() if name.lower() in REGIONS}
    if not organs:
        raise SettingsError(f"Case {case}: no segment of the organs is named as a region: {', '.join(REGIONS)}.")
    return organs
