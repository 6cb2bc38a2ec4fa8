"""What a user may choose where the files of a case leave a choice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CaseChoices:
    """What the user chose where the files leave a choice; None leaves it to the references between the files.

    Parameters
    ----------
    planning_series, follow_up_series : int, optional
        Series numbers as the pre-flight list gives them.
    structure_set, dose : int, optional
        Numbers from 1, as the messages give them.
    fractions : int, optional
        Number of fractions, confirmed.
    liver : str
        Name of the liver structure, or the role "liver".
    liver_required : bool
        Refuse a case without that structure; else the list warns of it.
    fill_missing : bool
        Interpolate missing slices.
    trust_frames : bool
        The user confirms that dose and planning CT share their coordinates though their frames of reference differ.
    """

    planning_series: int | None = None
    follow_up_series: int | None = None
    structure_set: int | None = None
    dose: int | None = None
    fractions: int | None = None
    liver: str = "liver"
    liver_required: bool = True
    fill_missing: bool = False
    trust_frames: bool = False
