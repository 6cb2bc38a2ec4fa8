"""A patient's lesions at two or more times: measured, paired, classified by every criterion that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hepadose.errors import GeometryMismatchError, MissingInputError
from hepadose.findings import Finding, warning
from hepadose.recist.diameters import DiameterSettings, LesionDiameters, measure_diameters
from hepadose.recist.exact import exact, recorded_mm
from hepadose.recist.follow import Course, Sighting, follow_lesions
from hepadose.recist.lesions import TOO_SMALL_MM, Lesion, Observation, Part, Role, Status
from hepadose.recist.measurable import Candidate, Proposal, propose_targets, smallest_measurable_mm
from hepadose.recist.overall import NewLesions, overall_response
from hepadose.recist.pairing import LesionMap
from hepadose.recist.records import (
    Assessment,
    AssessmentSettings,
    CriterionResponse,
    LesionCourse,
    TimePoint,
)
from hepadose.recist.target_response import Category, respond
from hepadose.recist.words import caveat_sentence, variability_sentences

THICK_SLICES_MM = 5.0


def assess(
    times: Sequence[TimePoint],
    settings: AssessmentSettings | None = None,
    known: Mapping[str, Lesion] | None = None,
) -> Assessment:
    """Measure, pair and classify the lesions of a patient.

    Parameters
    ----------
    times : sequence of TimePoint
        Baseline first.
    settings : AssessmentSettings, optional
    known : mapping of str to Lesion, optional
        What is known of lesions of the baseline, by name; lesions of the liver that were not treated before if omitted.

    Returns
    -------
    Assessment

    Raises
    ------
    MissingInputError
        If there is no lesion at the baseline, or no follow-up.
    GeometryMismatchError
        If the times do not share one grid, or the paired lesions are not the measured ones.
    """
    settings = settings or AssessmentSettings()
    if not times or not times[0].measured.names:
        raise MissingInputError("There is no lesion at the baseline; choose the outlines from before the treatment.")
    course = follow_lesions([_paired(time) for time in times], settings.pairing)
    measured = [_measure(time.measured, settings.diameters) for time in times]
    observed = {name: _observations(name, course, measured) for name in (*course.baseline, *course.new)}
    lesions = {name: (known or {}).get(name, Lesion(name)) for name in observed}
    proposals = _proposals(course, lesions, observed, times[0].measured, settings)
    rows = tuple(_row(lesions[name], proposals[name], observed[name], course, measured) for name in observed)
    responses = tuple(_responses(rows, times, count, settings) for count in range(2, len(times) + 1))
    names = tuple(time.name for time in times)
    return Assessment(names, rows, responses, settings, _findings(rows, times, course))


def _paired(time: TimePoint) -> LesionMap:
    if time.paired is not None and time.paired.names != time.measured.names:
        raise GeometryMismatchError(f"{time.name}: the lesions on the common grid are not those that were measured.")
    return time.paired or time.measured


def _measure(lesions: LesionMap, settings: DiameterSettings) -> dict[str, tuple[LesionDiameters, Part]]:
    found = {}
    for name in lesions.names:
        mask = lesions.mask(name)
        diameters = measure_diameters(mask, settings)
        # The mask was cut out: its slices count from the first one of the lesion.
        k = lesions.labels.lps_to_ijk(diameters.long_axis.start_lps)[2]
        diameters = replace(diameters, slice_index=round(float(k)))
        lengths = (recorded_mm(each.length_mm) for each in (diameters.long_axis, diameters.short_axis))
        found[name] = diameters, Part(*lengths, mask.volume_ml())
    return found


def _observations(name: str, course: Course, measured: list[dict]) -> tuple[Observation, ...]:
    observations, was_absent = [], False
    for number, (seen, sizes) in enumerate(zip(course.sightings, measured, strict=True)):
        sighting = seen[name]
        parts = tuple(sizes[part][1] for part in sighting.parts)
        known_before = number > 0 and name in course.baseline
        reappeared = bool(parts) and was_absent and known_before
        observations.append(Observation(_status(sighting, parts), parts, sighting.merged_into, reappeared))
        was_absent = was_absent or sighting.status is Status.ABSENT
    return tuple(observations)


def _status(sighting: Sighting, parts: tuple[Part, ...]) -> Status:
    if parts and max(exact(part.long_axis_mm) for part in parts) < TOO_SMALL_MM:
        return Status.TOO_SMALL
    return sighting.status


def _proposals(
    course: Course,
    lesions: Mapping[str, Lesion],
    observed: Mapping[str, tuple[Observation, ...]],
    baseline: LesionMap,
    settings: AssessmentSettings,
) -> dict[str, Proposal]:
    thickness_mm = baseline.labels.spacing_mm[2]
    candidates = [Candidate(lesions[name], observed[name][0].parts[0], thickness_mm) for name in course.baseline]
    proposals = propose_targets(candidates, settings.criteria[0], settings.roles)
    return proposals | {name: Proposal(Role.NEW, "not there at the baseline") for name in course.new}


def _row(
    lesion: Lesion, proposal: Proposal, observations: tuple[Observation, ...], course: Course, measured: list[dict]
) -> LesionCourse:
    parts = [seen[lesion.name].parts for seen in course.sightings]
    diameters = tuple(tuple(sizes[part][0] for part in names) for names, sizes in zip(parts, measured, strict=True))
    volumes_ml = tuple(sum(part.volume_ml for part in each.parts) for each in observations)
    return LesionCourse(lesion, proposal.role, proposal.reason, observations, diameters, volumes_ml)


def _responses(
    rows: Sequence[LesionCourse], times: Sequence[TimePoint], count: int, settings: AssessmentSettings
) -> tuple[CriterionResponse, ...]:
    """By every criterion, at the last of the first ``count`` times."""
    targets = [row.lesion for row in rows if row.role is Role.TARGET]
    course = [{row.lesion.name: row.observations[time] for row in rows} for time in range(count)]
    now = times[count - 1]
    non_target = now.non_target or _non_target(rows, count - 1)
    new = now.new or _new(rows, count)
    responses = []
    for rules in settings.criteria:
        target = respond(rules, targets, course) if targets else None
        remarks = [caveat_sentence(rules, now.months_since_treatment)]
        if target is not None:
            remarks = [*variability_sentences(rules, target, len(targets), one_reader=settings.one_reader), *remarks]
        overall = overall_response(target and target.category, non_target, new)
        said = tuple(remark for remark in remarks if remark)
        responses.append(CriterionResponse(rules, target, non_target, new, overall, said))
    return tuple(responses)


def _non_target(rows: Sequence[LesionCourse], time: int) -> Category | None:
    """Gone or not; unequivocal progression is a reader's statement and never derived."""
    seen = [(row.observations[time], row.lesion) for row in rows if row.role is Role.NON_TARGET]
    if not seen:
        return None
    if any(each.status is Status.NOT_EVALUABLE for each, _ in seen):
        return Category.NE
    return Category.CR if all(each.is_gone(lesion) for each, lesion in seen) else Category.NON_CR_NON_PD


def _new(rows: Sequence[LesionCourse], count: int) -> NewLesions:
    """A new lesion stays one, also where it is gone later."""
    seen = any(each.parts for row in rows if row.role is Role.NEW for each in row.observations[:count])
    return NewLesions.YES if seen else NewLesions.NO


def _findings(rows: Sequence[LesionCourse], times: Sequence[TimePoint], course: Course) -> tuple[Finding, ...]:
    findings = []
    for time in times:
        thickness_mm = time.measured.labels.spacing_mm[2]
        if thickness_mm > THICK_SLICES_MM:
            least_mm = float(smallest_measurable_mm(thickness_mm))
            text = f"Slices of {thickness_mm:g} mm are thick: only lesions from {least_mm:g} mm on are measurable."
            findings.append(warning(time.name, text))
    for row in rows:
        findings += _findings_of(row, times, course)
    return tuple(findings)


def _findings_of(row: LesionCourse, times: Sequence[TimePoint], course: Course) -> list[Finding]:
    name, findings = row.lesion.name, []
    for number, time in enumerate(times):
        sighting = course.sightings[number][name]
        subject = f"{name}, {time.name}"
        if any(each.is_concave for each in row.diameters[number]):
            share = min(each.inside_fraction for each in row.diameters[number])
            text = (
                f"Only {100 * share:.0f} % of the long axis lies inside the lesion; consider its longest internal line."
            )
            findings.append(warning(subject, text))
        if sighting.gap_mm > 0.0:
            text = f"Taken for the same lesion across a gap of {sighting.gap_mm:.1f} mm; check the registration."
            findings.append(warning(subject, text))
        if len(sighting.parts) > 1:
            findings.append(warning(subject, f"The lesion split into {len(sighting.parts)}; their axes are added."))
        if sighting.merged_into:
            findings.append(warning(subject, f'Merged into "{sighting.merged_into}", which carries the axis of both.'))
    return findings
