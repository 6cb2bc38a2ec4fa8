"""When an image of activity was taken and injected, by its attributes, and the factor to the time of injection.

References
----------
DICOM PS3.3 C.8.9.1 (Decay Correction), C.8.9.2 (PET Isotope), C.12.1.1.8 (Timezone Offset From UTC).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
from pydicom.dataset import Dataset

from hepadose.checks import require_range
from hepadose.errors import MissingTagError, UnitsError
from hepadose.findings import Finding, ok, warning
from hepadose.sirt.decay import HOURS, hours_between
from hepadose.sirt.decay_tags import (
    F18_HALF_LIFE_H,
    DecayCorrection,
    PetTimes,
    factor_of_f18_protocol,
    factor_to_injection,
)

SUBJECT = "Decay"
SCAN_MINUTES = (1.0, 120.0)
SAME_NUCLIDE = 0.02
"""Half-lives of Y-90 in use (64.0–64.24 h) differ by less than this part."""
_OFFSET = re.compile(r"([+-])(\d{2})(\d{2})$")


@dataclass(frozen=True)
class EmissionTimes:
    """What the files say about time; None where they say nothing.

    Parameters
    ----------
    correction : str
        Decay Correction (0054,1102), as stated.
    scans : tuple of (datetime or None)
        Acquisition of every slice.
    injection : datetime or None
        Radiopharmaceutical Start DateTime.
    half_life_h : float or None
        Radionuclide Half Life in hours.
    zone_known : bool
        Whether the files state a time zone; else all times are taken to be in one.
    day_known : bool
        Whether the files state the day of the injection; else it is taken to be that of the series.
    """

    correction: str
    scans: tuple[datetime | None, ...]
    injection: datetime | None
    half_life_h: float | None
    zone_known: bool = True
    day_known: bool = True


def emission_times(datasets: Sequence[Dataset]) -> EmissionTimes:
    """The times of a series.

    Parameters
    ----------
    datasets : sequence of pydicom.Dataset
        Its slices in order.

    Returns
    -------
    EmissionTimes
    """
    first = datasets[0]
    pharmaceutical = (first.get("RadiopharmaceuticalInformationSequence") or [Dataset()])[0]
    half_life_s = pharmaceutical.get("RadionuclideHalfLife")
    start = str(pharmaceutical.get("RadiopharmaceuticalStartDateTime") or "").strip()
    stated = _zone_of(str(first.get("TimezoneOffsetFromUTC") or ""))
    # PS3.5 6.2: times without an offset are local; the injection's offset is the only one known then.
    zone = stated or _zone_of(start) or UTC
    clock = str(pharmaceutical.get("RadiopharmaceuticalStartTime") or "").strip()
    on_day = str(first.get("SeriesDate") or "") + clock if clock else ""
    return EmissionTimes(
        str(first.get("DecayCorrection") or "").upper(),
        tuple(_acquisition(dataset, zone) for dataset in datasets),
        _instant(start or on_day, zone),
        float(half_life_s) / 3600.0 if half_life_s else None,
        stated is not None,
        bool(start),
    )


def factors_to_injection(times: EmissionTimes, half_life_h: float) -> tuple[np.ndarray, tuple[Finding, ...]]:
    """What stored concentrations in Bq/ml are multiplied by to hold at the time of injection.

    Parameters
    ----------
    times : EmissionTimes
    half_life_h : float
        Of the product.

    Returns
    -------
    numpy.ndarray, shape (slices,)
        Differs between slices only where no decay was corrected: bed positions are scanned one after the other.
    tuple of Finding

    Raises
    ------
    UnitsError
        If the scanner was run for another nuclide.
    MissingTagError
        If the files do not say what is needed.
    SettingsError
        If the scan lies long before or after the injection.
    """
    _require_y90(times.half_life_h, half_life_h)
    correction = _correction(times)
    if correction is DecayCorrection.ADMIN:
        return np.ones(len(times.scans)), (ok(SUBJECT, "The scanner corrected the decay to the injection."),)
    _require_times(times)
    scans = times.scans if correction is DecayCorrection.NONE else (min(times.scans),) * len(times.scans)
    factors = [factor_to_injection(PetTimes("BQML", correction, scan, times.injection, half_life_h)) for scan in scans]
    return np.array(factors), _findings(times, correction, min(scans))


def factors_of_f18_run(
    times: EmissionTimes, half_life_h: float, scan_minutes: float
) -> tuple[np.ndarray, tuple[Finding, ...]]:
    """As :func:`factors_to_injection`, for Y-90 on a scanner that was run with the protocol for F-18.

    Parameters
    ----------
    times : EmissionTimes
    half_life_h : float
        Of the product.
    scan_minutes : float
        Duration of the scan of one bed position, 1–120.

    Returns
    -------
    numpy.ndarray, shape (slices,)
        Decay and positron yield of F-18 taken back, those of Y-90 put in their place.
    tuple of Finding

    Raises
    ------
    UnitsError
        If the files do not say F-18.
    MissingTagError, SettingsError
    """
    require_range("duration of the scan", scan_minutes, *SCAN_MINUTES, "minutes")
    if times.half_life_h is None or abs(times.half_life_h / F18_HALF_LIFE_H - 1.0) > SAME_NUCLIDE:
        raise UnitsError("The files do not say that the scanner was run for F-18; leave --f18-protocol out.")
    correction = _correction(times)
    _require_times(times)
    start = times.injection if correction is DecayCorrection.ADMIN else min(times.scans)
    corrected = correction is not DecayCorrection.NONE
    factors = []
    for scan in times.scans:
        over_h = hours_between(start, scan) if corrected else 0.0
        since_h = hours_between(times.injection, scan)
        require_range("time from injection to scan", since_h, -1.0, HOURS[1], "h")
        protocol = factor_of_f18_protocol(over_h, scan_minutes if corrected else 0.0)
        factors.append(protocol * 2.0 ** (since_h / half_life_h))
    text = "Scanned with the protocol for F-18: its decay and positron yield were taken back, as asked for."
    return np.array(factors), (warning(SUBJECT, text), *_findings(times, correction, min(times.scans)))


def _findings(times: EmissionTimes, correction: DecayCorrection, scan: datetime) -> tuple[Finding, ...]:
    hours = (scan - times.injection) / timedelta(hours=1)
    state = "was corrected to the start of the scan" if correction is DecayCorrection.START else "was not corrected"
    found = [ok(SUBJECT, f"Decay {state}, {hours:.2f} h after the injection; values were taken back to it.")]
    if not times.zone_known:
        text = "The files state no time zone; injection and scan are taken to be told by the same clock."
        found.append(warning(SUBJECT, text))
    if not times.day_known:
        text = "The files tell the hour of the injection, not its day; that of the scan was taken. If it was another "
        found.append(warning(SUBJECT, f"{text}day, give the hours from injection to scan (--hours)."))
    return tuple(found)


def _correction(times: EmissionTimes) -> DecayCorrection:
    if times.correction not in DecayCorrection.__members__:
        raise MissingTagError(
            "The image does not say to which time its decay is corrected (DecayCorrection (0054,1102)); give the hours "
            "from injection to that time (--hours), or scale it to the known activity (--counts and --injected)."
        )
    return DecayCorrection(times.correction)


def _require_times(times: EmissionTimes) -> None:
    if times.injection is None or None in times.scans:
        raise MissingTagError(
            "The image does not say when the activity was injected or scanned (RadiopharmaceuticalStartDateTime "
            "(0018,1078), AcquisitionTime (0008,0032)); give the hours from injection to scan (--hours)."
        )


def _require_y90(stated_h: float | None, half_life_h: float) -> None:
    if stated_h is None or abs(stated_h / half_life_h - 1.0) <= SAME_NUCLIDE:
        return
    raise UnitsError(
        f"The image was made for a nuclide with a half-life of {stated_h:.3g} h, not {half_life_h:g} h: its Bq/ml are "
        "not those of Y-90. Scale it to the known activity (--counts and --injected); for F-18, --f18-protocol takes "
        "its decay and positron yield back."
    )


def _acquisition(dataset: Dataset, zone: timezone) -> datetime | None:
    both = str(dataset.get("AcquisitionDateTime") or "")
    day = str(dataset.get("AcquisitionDate") or dataset.get("SeriesDate") or "")
    clock = str(dataset.get("AcquisitionTime") or "")
    return _instant(both or (day + clock if day and clock else ""), zone)


def _zone_of(text: str) -> timezone | None:
    """The offset from UTC at the end of a text such as "20240301120000+0100"; None where there is none."""
    found = _OFFSET.search(text.strip())
    if not found:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset)


def _instant(text: str, zone: timezone) -> datetime | None:
    """A DICOM date and time, in its own zone or else the given one; None where it is none."""
    own = _zone_of(text)
    whole, _, part = _OFFSET.sub("", text.strip()).partition(".")
    if len(whole) < 10 or not whole.isdigit():
        return None
    try:
        moment = datetime.strptime(whole[:14].ljust(14, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        return None
    seconds = float(f"0.{part}") if part.isdigit() else 0.0
    return (moment + timedelta(seconds=seconds)).replace(tzinfo=own or zone)
