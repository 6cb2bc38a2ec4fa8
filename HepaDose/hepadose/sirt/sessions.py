"""Several injections into territories of one liver: their doses added voxel by voxel, and what the lungs get from all.

Every injection is a partition of its own (or one compartment, where no uptake is known); where territories overlap, the
tissue gets the dose of each. The lungs get the sum, whichever territory the activity was shunted from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from hepadose.checks import require_range
from hepadose.errors import EmptyRegionError, GeometryMismatchError, SettingsError
from hepadose.findings import Finding, ok, warning
from hepadose.images import Image, require_same_grid
from hepadose.sirt.guidance import lung_limits
from hepadose.sirt.image_dose import RegionDose, region_doses
from hepadose.sirt.inputs import DENSITY_G_PER_ML
from hepadose.sirt.mird import Delivery
from hepadose.sirt.partition import PartitionDose, Territory, TumorUptake, partition_dose, ratio_findings
from hepadose.sirt.physics import DosePreset
from hepadose.sirt.regions import OutlinedRegions, TreatmentRegions, treatment_regions

MOST_EARLIER_GY = 1000.0


@dataclass(frozen=True, eq=False)
class Injection:
    """One injection.

    Parameters
    ----------
    name : str
        As the report shall call it.
    activity_gbq : float
        In the vial at injection, 0 or more.
    territory : Image, optional
        What it reaches, boolean, on the grid of the liver; the whole liver if omitted.
    delivery : Delivery
        Its own shunt and residual; the mass of the lungs is the same for all.
    uptake : dict of str to float
        T/N ratio of tumors by name; the others count as normal liver.

    Raises
    ------
    SettingsError
    """

    name: str
    activity_gbq: float
    territory: Image | None = None
    delivery: Delivery = field(default_factory=Delivery)
    uptake: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 <= self.activity_gbq < float("inf"):
            raise SettingsError(f"{self.name}: the activity must be 0 GBq or more, got {self.activity_gbq:g} GBq.")


@dataclass(frozen=True)
class SessionSettings:
    """What all injections of a session share.

    Parameters
    ----------
    constant : DosePreset
        One for all: doses by different constants are not added.
    density_g_per_ml : float
    earlier_lungs_gy : float
        Mean lung dose of earlier sessions.

    Raises
    ------
    SettingsError
    """

    constant: DosePreset
    density_g_per_ml: float
    earlier_lungs_gy: float = 0.0

    def __post_init__(self) -> None:
        require_range("density of liver", self.density_g_per_ml, *DENSITY_G_PER_ML, "g/ml")
        require_range("lung dose of earlier sessions", self.earlier_lungs_gy, 0.0, MOST_EARLIER_GY, "Gy")


@dataclass(frozen=True, eq=False)
class InjectionDose:
    """What one injection alone gives.

    Parameters
    ----------
    injection : Injection
    territory_ml : float
        With its tumors, inside the liver.
    doses : PartitionDose
        Tumors in the order of ``tumors``.
    tumors : tuple of str
        Those in the territory whose uptake is known.
    """

    injection: Injection
    territory_ml: float
    doses: PartitionDose
    tumors: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class SessionDose:
    """All injections of a session together.

    Parameters
    ----------
    injections : tuple of InjectionDose
    dose : Image
        Sum in Gy on the grid of the liver; zero outside it.
    regions : tuple of RegionDose
        Metrics of the sum; the territory is the union of all.
    lungs_gy : float
        Mean dose of this session.
    cumulative_lungs_gy : float
        With earlier sessions.
    lung_factor : float
        By which all activities must be multiplied to keep both limits of the lungs: 1 where they are kept, 0 where
        earlier sessions have used them up.
    overlap_ml : float
        Liver that more than one injection reaches.
    findings : tuple of Finding
    """

    injections: tuple[InjectionDose, ...]
    dose: Image
    regions: tuple[RegionDose, ...]
    lungs_gy: float
    cumulative_lungs_gy: float
    lung_factor: float
    overlap_ml: float
    findings: tuple[Finding, ...]


def session_dose(outlined: OutlinedRegions, injections: Sequence[Injection], settings: SessionSettings) -> SessionDose:
    """Add the doses of all injections of a session.

    Parameters
    ----------
    outlined : OutlinedRegions
        Liver, tumors and lungs; its territory is not used.
    injections : sequence of Injection
        At least one, with names of their own.
    settings : SessionSettings

    Returns
    -------
    SessionDose

    Raises
    ------
    SettingsError
        If there is no injection, two have one name, masses of the lungs differ, or a T/N ratio names no tumor.
    GeometryMismatchError
        If a territory is on another grid.
    EmptyRegionError
        If a territory does not touch the liver.

    References
    ----------
    Ho S et al., Eur J Nucl Med 1996;23:947-952, doi:10.1007/BF01084369, for each injection.
    """
    _require_distinct(injections, outlined)
    parts = [_regions_of(outlined, injection) for injection in injections]
    alone = tuple(_alone(injection, part, settings) for injection, part in zip(injections, parts, strict=True))
    dose_gy, reached = np.zeros(outlined.liver.shape, np.float32), np.zeros(outlined.liver.shape, np.uint8)
    for one, part in zip(alone, parts, strict=True):
        dose_gy += _map(one, part)
        reached += part.territory
    union = outlined.liver.with_array(reached > 0)
    regions = treatment_regions(replace(outlined, territory=union))
    dose = outlined.liver.with_array(dose_gy)
    # A map of the liver says nothing about the lungs; they have a mean dose of their own.
    metrics = tuple(row for row in region_doses(dose, regions) if row.kind != "lungs")
    lungs_gy = sum(one.doses.lungs_gy for one in alone)
    return SessionDose(
        alone,
        dose,
        metrics,
        lungs_gy,
        lungs_gy + settings.earlier_lungs_gy,
        lung_factor(lungs_gy, settings.earlier_lungs_gy),
        regions.ml(reached > 1),
        (*regions.findings, *_findings(alone, settings, regions.ml(reached > 1))),
    )


def lung_factor(lungs_gy: float, earlier_gy: float = 0.0) -> float:
    """By which the activities of a session must be multiplied to keep the lungs to both limits.

    Parameters
    ----------
    lungs_gy : float
        Mean dose of the session.
    earlier_gy : float
        Of earlier ones.

    Returns
    -------
    float
        0–1.

    Examples
    --------
    >>> lung_factor(20.0), lung_factor(40.0), lung_factor(20.0, 40.0), lung_factor(1.0, 60.0)
    (1.0, 0.75, 0.5, 0.0)
    """
    limits = lung_limits()
    allowed_gy = max(min(limits.per_session_gy, limits.cumulative_gy - earlier_gy), 0.0)
    return 1.0 if lungs_gy <= allowed_gy else allowed_gy / lungs_gy


def _require_distinct(injections: Sequence[Injection], outlined: OutlinedRegions) -> None:
    if not injections:
        raise SettingsError("A session needs at least one injection.")
    names = [injection.name for injection in injections]
    if len(set(names)) < len(names):
        raise SettingsError(f"Injections need names of their own, got {', '.join(names)}.")
    masses_kg = sorted({injection.delivery.lung_mass_kg for injection in injections})
    if len(masses_kg) > 1:
        listed = ", ".join(f"{mass_kg:g}" for mass_kg in masses_kg)
        raise SettingsError(f"The lungs have one mass for all injections, got {listed} kg.")
    known = {name for name, _ in outlined.tumors}
    for injection in injections:
        unknown = sorted(set(injection.uptake) - known)
        if unknown:
            raise SettingsError(f"{injection.name}: a T/N ratio is given for {', '.join(unknown)}, which is no tumor.")


def _regions_of(outlined: OutlinedRegions, injection: Injection) -> TreatmentRegions:
    """The rules of overlapping outlines for one territory; refusals name the injection."""
    try:
        if injection.territory is not None:
            require_same_grid(liver=outlined.liver, territory=injection.territory)
        return treatment_regions(replace(outlined, territory=injection.territory))
    except EmptyRegionError as problem:
        raise EmptyRegionError(f"{injection.name}: {problem}") from problem
    except GeometryMismatchError as problem:
        raise GeometryMismatchError(f"{injection.name}: {problem}") from problem


def _alone(injection: Injection, regions: TreatmentRegions, settings: SessionSettings) -> InjectionDose:
    """One injection by the partition model."""
    treated = regions.treated_tumors_ml()
    tumors = tuple(name for name in injection.uptake if treated[name] > 0.0)
    kg_per_ml = settings.density_g_per_ml / 1000.0
    uptake = tuple(TumorUptake(treated[name] * kg_per_ml, injection.uptake[name], name) for name in tumors)
    rest_ml = regions.ml(regions.territory) - sum(treated[name] for name in tumors)
    territory = Territory(max(rest_ml, 0.0) * kg_per_ml, uptake)
    doses = partition_dose(injection.activity_gbq, territory, injection.delivery, settings.constant)
    return InjectionDose(injection, regions.ml(regions.territory), doses, tumors)


def _map(one: InjectionDose, regions: TreatmentRegions) -> np.ndarray:
    """Its dose in Gy: even in normal liver and in every tumor of the territory."""
    dose_gy = np.where(regions.territory, np.float32(one.doses.normal_gy), np.float32(0.0))
    for name, tumor_gy in zip(one.tumors, one.doses.tumors_gy, strict=True):
        dose_gy[regions.tumors[name] & regions.territory] = tumor_gy
    return dose_gy


def _findings(alone: Sequence[InjectionDose], settings: SessionSettings, overlap_ml: float) -> tuple[Finding, ...]:
    limits, found = lung_limits(), []
    for one in alone:
        uptake = tuple(TumorUptake(1.0, ratio, name) for name, ratio in one.injection.uptake.items())
        found += ratio_findings(Territory(1.0, uptake))
    if overlap_ml > 0.0:
        found.append(ok("Territories", f"{overlap_ml:.1f} ml of liver get the dose of more than one injection."))
    lungs_gy = sum(one.doses.lungs_gy for one in alone)
    total_gy = lungs_gy + settings.earlier_lungs_gy
    if lungs_gy > limits.per_session_gy:
        text = f"All injections give {lungs_gy:.1f} Gy, above {limits.per_session_gy:g} Gy per session."
        found.append(warning("Lungs", text))
    if total_gy > limits.cumulative_gy:
        text = f"With earlier sessions they get {total_gy:.1f} Gy, above {limits.cumulative_gy:g} Gy in all."
        found.append(warning("Lungs", text))
    return tuple(found)
