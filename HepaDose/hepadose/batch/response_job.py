"""What one unattended assessment of a response is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hepadose.errors import SettingsError
from hepadose.recist.criteria import criterion
from hepadose.recist.diameters import DiameterSettings
from hepadose.recist.lesions import Role
from hepadose.recist.overall import NewLesions
from hepadose.recist.pairing import PairingSettings
from hepadose.recist.target_response import Category


@dataclass(frozen=True)
class ResponseJob:
    """The choices of one run.

    Parameters
    ----------
    lesions : tuple of str, optional
        Names of the segments that are lesions; if omitted, those whose name begins with "tumor", "tumour", "lesion" or
        "GTV".
    join_parts : bool
        Each segment is one lesion. Else the parts of a segment that is the only one are lesions of their own.
    transforms : tuple of Path
        One per follow-up, from the baseline's points to the follow-up's; none where all share their coordinates.
    criteria : tuple of str
        Keys of the criteria; the first leads.
    diameters : DiameterSettings
    pairing : PairingSettings
    months : tuple of float
        Since the treatment, per follow-up; none where unknown.
    irradiated : tuple of str
        Lesions that were treated before the baseline.
    roles : dict of str to Role
        What a person decided.
    non_target : Category, optional
        A reader's statement at the last follow-up.
    new : NewLesions, optional
        A reader's statement at the last follow-up.
    one_reader : bool
    """

    lesions: tuple[str, ...] | None = None
    join_parts: bool = False
    transforms: tuple[Path, ...] = ()
    criteria: tuple[str, ...] = ("recist-1.1", "volume")
    diameters: DiameterSettings = field(default_factory=DiameterSettings)
    pairing: PairingSettings = field(default_factory=PairingSettings)
    months: tuple[float, ...] = ()
    irradiated: tuple[str, ...] = ()
    roles: dict[str, Role] = field(default_factory=dict)
    non_target: Category | None = None
    new: NewLesions | None = None
    one_reader: bool = False

    def __post_init__(self) -> None:
        if not self.criteria:
            raise SettingsError("At least one response criterion is needed.")
        for key in self.criteria:
            criterion(key)

    def require_follow_ups(self, count: int) -> None:
        """Refuse lists that do not fit the number of follow-ups.

        Raises
        ------
        SettingsError
        """
        for name, values in (("transforms", self.transforms), ("months since treatment", self.months)):
            if values and len(values) != count:
                raise SettingsError(f"There are {count} follow-ups, but {len(values)} {name}; give one each or none.")
