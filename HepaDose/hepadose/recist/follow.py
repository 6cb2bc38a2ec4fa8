"""Lesions followed over two or more times: which parts each has at each time, and what it is then called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hepadose.errors import MissingInputError
from hepadose.recist.lesions import Status
from hepadose.recist.pairing import Fate, LesionMap, Link, PairingSettings, pair_lesions


@dataclass(frozen=True)
class Sighting:
    """A lesion at one time.

    Parameters
    ----------
    status : Status
        Measured, absent or merged.
    parts : tuple of str
        Names of its parts at that time.
    merged_into : str
        The lesion that carries the axis of both.
    gap_mm : float
        Above 0 where it was taken for the same in spite of a gap.
    """

    status: Status
    parts: tuple[str, ...] = ()
    merged_into: str = ""
    gap_mm: float = 0.0


ABSENT = Sighting(Status.ABSENT)


@dataclass(frozen=True)
class Course:
    """All lesions at all times.

    Parameters
    ----------
    sightings : tuple of dict of str to Sighting
        Per time, by the lesion's name; a lesion that is new later is absent before.
    links : tuple of tuple of Link
        Between each time and the lesions known until then.
    baseline : tuple of str
        Lesions of the first time.
    new : tuple of str
        Lesions that appeared later.
    """

    sightings: tuple[dict[str, Sighting], ...]
    links: tuple[tuple[Link, ...], ...]
    baseline: tuple[str, ...]
    new: tuple[str, ...]


@dataclass
class _Known:
    """Lesions known so far, each where it was seen last."""

    last_seen: LesionMap
    merged_into: dict[str, str] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)

    def note(self, present: LesionMap, links: Sequence[Link]) -> dict[str, Sighting]:
        """What became of every known lesion, and the new ones."""
        seen: dict[str, Sighting] = {}
        for link in links:
            if link.fate is Fate.NEW:
                self.new.append(f"New lesion {len(self.new) + 1}")
                seen[self.new[-1]] = Sighting(Status.MEASURED, link.after)
            elif link.fate is Fate.VANISHED:
                seen |= dict.fromkeys(link.before, ABSENT)
            else:
                carrier, *others = link.before
                seen[carrier] = Sighting(Status.MEASURED, link.after, gap_mm=link.gap_mm)
                self.merged_into |= dict.fromkeys(others, carrier)
        self._update(present, seen)
        return seen | {name: self._merged(name, seen) for name in self.merged_into}

    def _merged(self, name: str, seen: dict[str, Sighting]) -> Sighting:
        carrier = self.merged_into[name]
        while carrier in self.merged_into:
            carrier = self.merged_into[carrier]
        return ABSENT if seen[carrier].status is Status.ABSENT else Sighting(Status.MERGED, merged_into=carrier)

    def _update(self, present: LesionMap, seen: dict[str, Sighting]) -> None:
        names = tuple(name for name in (*self.last_seen.names, *self.new) if name not in self.merged_into)
        names = tuple(dict.fromkeys(names))
        labels = np.zeros(present.labels.shape, np.int32)
        for number, name in enumerate(names, start=1):
            if name in self.last_seen.names and not seen[name].parts:
                labels[self.last_seen.labels.array == self.last_seen.names.index(name) + 1] = number
        for number, name in enumerate(names, start=1):
            for part in seen[name].parts:
                labels[present.labels.array == present.names.index(part) + 1] = number
        self.last_seen = LesionMap(present.labels.with_array(labels), names)


def follow_lesions(times: Sequence[LesionMap], settings: PairingSettings | None = None) -> Course:
    """Follow all lesions from the first time on.

    Parameters
    ----------
    times : sequence of LesionMap
        In the order of time, on one grid; the first is the baseline, whose names stay.
    settings : PairingSettings, optional

    Returns
    -------
    Course
        Of merged lesions the first of the baseline carries the axis of both from then on. A lesion that is absent is
        looked for again at every later time, where it was seen last.

    Raises
    ------
    MissingInputError
        If there is no follow-up.
    GeometryMismatchError
        If the grids differ.
    """
    if len(times) < 2:
        raise MissingInputError("Following lesions needs a baseline and at least one later time.")
    known = _Known(times[0])
    sightings = [{name: Sighting(Status.MEASURED, (name,)) for name in times[0].names}]
    links = []
    for present in times[1:]:
        links.append(pair_lesions(known.last_seen, present, settings))
        sightings.append(known.note(present, links[-1]))
    every = (*times[0].names, *known.new)
    complete = tuple({name: seen.get(name, ABSENT) for name in every} for seen in sightings)
    return Course(complete, tuple(links), times[0].names, tuple(known.new))
