"""Every prescription model side by side for one patient, with what limits the activity.

A row says with which model, constant and wanted dose it was computed; what several limits allow is the smallest of
them, and the one that decides is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hepadose.checks import require_range
from hepadose.findings import Finding, warning
from hepadose.sirt.bsa import bsa_activity_gbq, empirical_activity_gbq, shunt_factor
from hepadose.sirt.inputs import (
    DENSITY_G_PER_ML,
    Patient,
    Volumes,
    residual_findings,
    shunt_findings,
)
from hepadose.sirt.mird import Delivery, lung_dose_gy, lung_limited_activity_gbq, mird_activity_gbq, mird_dose_gy
from hepadose.sirt.partition import (
    Territory,
    TumorUptake,
    activity_for_normal_gbq,
    activity_for_tumor_gbq,
    partition_dose,
    ratio_findings,
)
from hepadose.sirt.physics import DosePreset
from hepadose.sirt.products import Product


@dataclass(frozen=True)
class DoseGoals:
    """What the treatment shall reach and keep to, in Gy; None leaves a goal or a limit out.

    Parameters
    ----------
    territory_gy : float, optional
        Mean dose to the territory (one compartment).
    tumor_gy : float, optional
        Mean dose that every tumor shall reach (partition).
    normal_limit_gy : float, optional
        Mean dose to the normal liver of the territory (partition).
    lung_limit_gy : float
        Mean dose to the lungs in this session.
    """

    territory_gy: float | None = None
    tumor_gy: float | None = None
    normal_limit_gy: float | None = None
    lung_limit_gy: float = 30.0


@dataclass(frozen=True)
class PrescriptionInput:
    """Everything an activity is computed from.

    Parameters
    ----------
    product : Product
    patient : Patient, optional
        Only the model by body surface needs it.
    volumes : Volumes
    delivery : Delivery
    goals : DoseGoals
    uptake : tuple of (str, float, float)
        Name, volume in ml and T/N ratio of each tumor in the territory; empty if there was no scan of uptake.
    density_g_per_ml : float, optional
        The product's if omitted.
    constant : DosePreset, optional
        The product's if omitted.

    Raises
    ------
    SettingsError
    """

    product: Product
    volumes: Volumes
    patient: Patient | None = None
    delivery: Delivery = field(default_factory=Delivery)
    goals: DoseGoals = field(default_factory=DoseGoals)
    uptake: tuple[tuple[str, float, float], ...] = ()
    density_g_per_ml: float | None = None
    constant: DosePreset | None = None

    def __post_init__(self) -> None:
        if self.density_g_per_ml is None:
            object.__setattr__(self, "density_g_per_ml", self.product.density_g_per_ml)
        if self.constant is None:
            object.__setattr__(self, "constant", self.product.constant)
        require_range("density of liver", self.density_g_per_ml, *DENSITY_G_PER_ML, "g/ml")

    def mass_kg(self, volume_ml: float) -> float:
        """Mass of a volume of liver or tumor."""
        return volume_ml * self.density_g_per_ml / 1000.0

    @property
    def territory(self) -> Territory:
        """Compartments of the territory; tumors without a known uptake count as normal liver."""
        tumors = tuple(TumorUptake(self.mass_kg(ml), ratio, name) for name, ml, ratio in self.uptake)
        rest_ml = self.volumes.territory_ml - sum(ml for _, ml, _ in self.uptake)
        return Territory(self.mass_kg(max(rest_ml, 0.0)), tumors)


@dataclass(frozen=True)
class PrescriptionRow:
    """One model's answer.

    Parameters
    ----------
    model : str
        "bsa", "empirical", "mird" or "partition".
    goal : str
        What it was computed for, in words.
    activity_gbq : float
        In the vial at injection.
    reduced_by : float
        Factor for the lung shunt that is in it; 1 where the model does not know one.
    territory_gy, lungs_gy : float
        Mean doses that follow, by one compartment.
    normal_gy : float or None
        Normal liver of the territory, where the uptake is known.
    tumors_gy : tuple of float
        In the order of the tumors, where the uptake is known.
    constant : DosePreset
    """

    model: str
    goal: str
    activity_gbq: float
    reduced_by: float
    territory_gy: float
    lungs_gy: float
    normal_gy: float | None
    tumors_gy: tuple[float, ...]
    constant: DosePreset

    @property
    def title(self) -> str:
        """Model and goal in words: "MIRD, 120 Gy to the territory"."""
        name = self.model.upper() if self.model in ("bsa", "mird") else self.model.capitalize()
        return f"{name}, {self.goal}"


@dataclass(frozen=True)
class Limit:
    """The largest activity that a limit allows."""

    name: str
    activity_gbq: float


@dataclass(frozen=True)
class Prescription:
    """All models side by side.

    Parameters
    ----------
    input : PrescriptionInput
    rows : tuple of PrescriptionRow
    limits : tuple of Limit
        The tightest first.
    findings : tuple of Finding
    """

    input: PrescriptionInput
    rows: tuple[PrescriptionRow, ...]
    limits: tuple[Limit, ...]
    findings: tuple[Finding, ...]

    @property
    def tightest(self) -> Limit | None:
        """The limit that decides; None where nothing is limited."""
        return self.limits[0] if self.limits else None

    def row(self, model: str) -> PrescriptionRow | None:
        """A model's first answer; None if it gave none."""
        return next((row for row in self.rows if row.model == model), None)


def prescribe(given: PrescriptionInput) -> Prescription:
    """Compute every model that the product and the inputs allow.

    Parameters
    ----------
    given : PrescriptionInput

    Returns
    -------
    Prescription

    Examples
    --------
    >>> from hepadose.sirt.products import products
    >>> given = PrescriptionInput(products()["resin"], Volumes(1800, 1800, 200), Patient(1.75, 75), Delivery(0.12))
    >>> round(prescribe(given).row("bsa").activity_gbq, 4)
    1.4514
    """
    answers = [answer for model in given.product.models for answer in MODELS[model](given)]
    rows = tuple(_row(given, *answer) for answer in answers)
    limits = _limits(given)
    return Prescription(given, rows, limits, _findings(given, rows, limits))


def _by_surface(given: PrescriptionInput):
    if given.patient is None:
        return
    factor = shunt_factor(given.delivery.lung_shunt)
    yield "bsa", "body surface and involvement", bsa_activity_gbq(given.patient, given.volumes) * factor, factor


def _by_table(given: PrescriptionInput):
    factor = shunt_factor(given.delivery.lung_shunt)
    share = given.volumes.territory_ml / given.volumes.liver_ml
    activity_gbq = empirical_activity_gbq(given.volumes.involvement) * share * factor
    yield "empirical", "involvement (cross-check only)", activity_gbq, factor


def _by_compartment(given: PrescriptionInput):
    dose_gy = given.goals.territory_gy
    if dose_gy is not None:
        mass_kg = given.mass_kg(given.volumes.territory_ml)
        activity_gbq = mird_activity_gbq(dose_gy, mass_kg, given.delivery, given.constant)
        yield "mird", f"{dose_gy:g} Gy to the territory", activity_gbq, 1.0


def _by_partition(given: PrescriptionInput):
    if not given.uptake:
        return
    goals, territory = given.goals, given.territory
    if goals.tumor_gy is not None:
        activities = [
            activity_for_tumor_gbq(goals.tumor_gy, number, territory, given.delivery, given.constant)
            for number in range(len(territory.tumors))
        ]
        yield "partition", f"{goals.tumor_gy:g} Gy to every tumor", max(activities), 1.0
    if goals.normal_limit_gy is not None:
        activity_gbq = activity_for_normal_gbq(goals.normal_limit_gy, territory, given.delivery, given.constant)
        yield "partition", f"{goals.normal_limit_gy:g} Gy to normal liver", activity_gbq, 1.0


MODELS = {"bsa": _by_surface, "empirical": _by_table, "mird": _by_compartment, "partition": _by_partition}


def _row(given: PrescriptionInput, model: str, goal: str, activity_gbq: float, factor: float) -> PrescriptionRow:
    delivery, constant = given.delivery, given.constant
    split = partition_dose(activity_gbq, given.territory, delivery, constant) if given.uptake else None
    return PrescriptionRow(
        model,
        goal,
        activity_gbq,
        factor,
        mird_dose_gy(activity_gbq, given.mass_kg(given.volumes.territory_ml), delivery, constant),
        lung_dose_gy(activity_gbq, delivery, constant),
        split.normal_gy if split else None,
        split.tumors_gy if split else (),
        constant,
    )


def _limits(given: PrescriptionInput) -> tuple[Limit, ...]:
    goals, delivery, constant = given.goals, given.delivery, given.constant
    limits = [Limit(f"{given.product.name}: largest activity", given.product.most_gbq)]
    if delivery.lung_shunt > 0.0:
        allowed = lung_limited_activity_gbq(goals.lung_limit_gy, delivery, constant)
        limits.append(Limit(f"lungs {goals.lung_limit_gy:g} Gy", allowed))
    if given.uptake and goals.normal_limit_gy is not None:
        allowed = activity_for_normal_gbq(goals.normal_limit_gy, given.territory, delivery, constant)
        limits.append(Limit(f"normal liver {goals.normal_limit_gy:g} Gy", allowed))
    if given.product.matrix == "resin" and shunt_factor(delivery.lung_shunt) == 0.0:
        limits.append(Limit("lung shunt above 20 %: contraindicated", 0.0))
    return tuple(sorted(limits, key=lambda limit: limit.activity_gbq))


def _findings(given: PrescriptionInput, rows, limits) -> tuple[Finding, ...]:
    found = [*given.patient.findings()] if given.patient else []
    found += [*shunt_findings(given.delivery.lung_shunt), *residual_findings(given.delivery.residual)]
    found += ratio_findings(given.territory) if given.uptake else ()
    for row in rows:
        found += given.product.activity_findings(row.activity_gbq)
        broken = [limit for limit in limits if row.activity_gbq > limit.activity_gbq * (1.0 + 1e-9)]
        if broken:
            text = f"{row.title}: {row.activity_gbq:.2f} GBq, but {broken[0].name} allows "
            found.append(warning("Conflict", f"{text}{broken[0].activity_gbq:.2f} GBq."))
    return tuple(found)
