"""From dose, liver and reaction on one grid to the dose at which the liver reacted.

:class:`FlrAnalysis` prepares a dose and a liver once and then answers for any reaction: :meth:`FlrAnalysis.curve` in
a fraction of a second after each edit, :meth:`FlrAnalysis.result` with interval, estimators and gates. Every door
(command line, batch, module) calls it; none computes.
"""

from __future__ import annotations

import dataclasses

import numpy as np

import hepadose
from hepadose.errors import EmptyRegionError, GeometryMismatchError
from hepadose.evaluation.dvh import DoseVolumeHistogram
from hepadose.findings import Finding, warning
from hepadose.flr import gates
from hepadose.flr.best import agreement_curve, best_level, mean_boundary_iou_over_blocks
from hepadose.flr.estimators import companion_estimators
from hepadose.flr.interface import interface_area_cm2, interface_voxels, median_gradient, surface_table
from hepadose.flr.planar import planar_curve
from hepadose.flr.radiobiology import (
    biologically_effective_dose,
    dose_for_bed,
    equivalent_dose,
    validity_findings,
)
from hepadose.flr.result import (
    BestLevel,
    DoseContext,
    DvhMetrics,
    FlrImages,
    FlrResult,
    LevelCurve,
    PlanarCurve,
    RegistrationSummary,
)
from hepadose.flr.settings import DoseQuantity, FlrSettings
from hepadose.flr.sweep import BlockCounts, IsodoseSweep
from hepadose.images import Image, require_same_grid
from hepadose.provenance import SegmentationOrigin

NO_REGISTRATION = RegistrationSummary(method="none (same grid)", estimated_error_mm=0.0)


def dose_in_quantity(
    dose_gy: np.ndarray, quantity: DoseQuantity, fractions: int | None, alpha_beta_gy: float
) -> np.ndarray:
    """Physical dose turned into the quantity of the levels, voxel by voxel.

    Parameters
    ----------
    dose_gy : numpy.ndarray
        Total physical dose in Gy; NaN stays NaN.
    quantity : DoseQuantity
        What is wanted.
    fractions : int or None
        Number of equal fractions; needed for EQD2 and BED.
    alpha_beta_gy : float
        Alpha/beta in Gy.

    Returns
    -------
    numpy.ndarray
        Gy of ``quantity``, same shape.

    Raises
    ------
    UnitsError
        If EQD2 or BED is wanted and the fractions are unknown.
    """
    if quantity is DoseQuantity.PHYSICAL:
        return dose_gy
    bed = biologically_effective_dose(dose_gy, fractions, alpha_beta_gy)
    return bed if quantity is DoseQuantity.BED else equivalent_dose(bed, alpha_beta_gy)


def settings_for(dose_gy: Image, liver: Image, fractions: int | None, **choices: object) -> FlrSettings:
    """Settings whose levels reach to the largest dose in the liver, in the chosen quantity.

    Parameters
    ----------
    dose_gy, liver : Image
        Physical dose in Gy and liver mask on one grid.
    fractions : int or None
        Number of fractions; needed for EQD2 and BED.
    **choices : object
        Fields of :class:`hepadose.flr.settings.FlrSettings`; a ``last_level_gy`` given here is kept.

    Raises
    ------
    SettingsError
        If a choice is out of range.
    UnitsError
        If EQD2 or BED is asked for without fractions.
    """
    chosen = FlrSettings.spanning(1000.0, **choices)
    inside = dose_gy.array[liver.array.astype(bool)]
    if not np.isfinite(inside).any():
        return chosen
    largest = np.nanmax(inside)
    return FlrSettings.spanning(
        float(dose_in_quantity(largest, chosen.quantity, fractions, chosen.alpha_beta_gy)), **choices
    )


def level_in_quantities(
    level_gy: float, quantity: DoseQuantity, fractions: int | None, alpha_beta_gy: float
) -> dict[str, float]:
    """A level of one quantity in all three, by printed label with alpha/beta; empty without fractions."""
    if fractions is None:
        return {}
    bed = {
        DoseQuantity.PHYSICAL: lambda: biologically_effective_dose(level_gy, fractions, alpha_beta_gy),
        DoseQuantity.EQD2: lambda: level_gy * (1.0 + 2.0 / alpha_beta_gy),
        DoseQuantity.BED: lambda: level_gy,
    }[quantity]()
    return {
        f"physical dose in {fractions} fractions": float(dose_for_bed(bed, fractions, alpha_beta_gy)),
        f"EQD2 (α/β {alpha_beta_gy:g} Gy)": float(equivalent_dose(bed, alpha_beta_gy)),
        f"BED (α/β {alpha_beta_gy:g} Gy)": float(bed),
    }


class FlrAnalysis:
    """One dose in one liver, ready for any reaction.

    Parameters
    ----------
    dose_gy : Image
        Physical dose in Gy on the grid of the follow-up CT, NaN where the dose grid does not reach.
    liver : Image
        Boolean mask on the same grid.
    settings : FlrSettings
        What is compared and how.
    fractions : int, optional
        Number of fractions; needed for EQD2 and BED.
    banner : str
        The dose in words, as read; made from the dose where empty.

    Raises
    ------
    GeometryMismatchError
        If the grids differ or the dose covers less than 10 % of the liver.
    EmptyRegionError
        If the liver is empty.
    UnitsError, SettingsError
        If fractions are missing or a setting does not fit the image.
    """

    def __init__(
        self, dose_gy: Image, liver: Image, settings: FlrSettings, *, fractions: int | None = None, banner: str = ""
    ) -> None:
        require_same_grid(dose=dose_gy, liver=liver)
        self.dose_gy, self.liver, self.settings, self.fractions = dose_gy, liver, settings, fractions
        liver_voxels = np.count_nonzero(liver.array)
        covered = np.count_nonzero(liver.array & np.isfinite(dose_gy.array))
        self.covered_fraction = covered / liver_voxels if liver_voxels else 0.0
        if liver_voxels and self.covered_fraction < 0.1:
            raise GeometryMismatchError(
                f"The dose grid covers only {100 * self.covered_fraction:.1f} % of the liver: dose and CT do not "
                "belong together or lie in different frames of reference; register the follow-up CT or choose the "
                "right dose."
            )
        self._levels_dose = dose_in_quantity(dose_gy.array, settings.quantity, fractions, settings.alpha_beta_gy)
        self._sweep = IsodoseSweep(self._levels_dose, liver.array, dose_gy.spacing_kji_mm, settings)
        self.context = self._dose_context(banner)

    def _dose_context(self, banner: str) -> DoseContext:
        maximum = float(np.nanmax(self.dose_gy.array))
        part = f" in {self.fractions} fractions" if self.fractions else ", fractions unknown"
        physical = self.settings.quantity is DoseQuantity.PHYSICAL
        return DoseContext(
            quantity=self.settings.quantity,
            fractions=self.fractions,
            alpha_beta_gy=None if physical else self.settings.alpha_beta_gy,
            maximum_gy=maximum,
            banner=banner or f"maximum {maximum:.1f} Gy{part}, physical dose",
        )

    def counts(self, reaction: np.ndarray) -> BlockCounts:
        """Voxel counts of every level for a reaction mask [k, j, i]; incremental after the first call."""
        return self._sweep.match(reaction)

    def curve(self, reaction: np.ndarray) -> LevelCurve:
        """Agreement of every level with a reaction mask [k, j, i]; incremental after the first call."""
        counts = self.counts(reaction)
        curve = agreement_curve(counts, self.settings.levels_gy, self.dose_gy.voxel_volume_ml)
        if not self.settings.in_plane:
            return curve
        return dataclasses.replace(curve, boundary_iou_mean_over_slices=mean_boundary_iou_over_blocks(counts))

    def best(self, reaction: np.ndarray, registration: RegistrationSummary = NO_REGISTRATION) -> BestLevel:
        """The best level for a reaction mask [k, j, i] with plateau and interval.

        Raises
        ------
        EmptyRegionError
            If the reaction is empty, fills the liver, or no level comes near it.
        """
        self.require_boundary(reaction)
        counts = self.counts(reaction)
        dose, inside, liver = self._cropped(reaction)
        interface = interface_voxels(inside, liver)
        return best_level(
            agreement_curve(counts, self.settings.levels_gy, self.dose_gy.voxel_volume_ml),
            counts,
            registration_error_mm=registration.estimated_error_mm,
            gradient_gy_per_mm=median_gradient(dose, interface, self.dose_gy.spacing_kji_mm),
            bootstrap_samples=self.settings.bootstrap_samples,
            seed=self.settings.seed,
        )

    def _cropped(self, reaction: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Level dose, reaction and domain on the liver's box."""
        box, liver = self._sweep.box, self._sweep.liver
        return self._levels_dose[box], reaction[box] & liver, liver

    def require_boundary(self, reaction: np.ndarray) -> None:
        """Refuse a reaction mask [k, j, i] that has no boundary inside the liver.

        Raises
        ------
        EmptyRegionError
            If the reaction is empty, lies outside the liver or fills it.
        """
        _, inside, liver = self._cropped(reaction)
        if not reaction.any():
            raise EmptyRegionError("The focal liver reaction is empty: draw or segment it on the follow-up CT first.")
        if not inside.any():
            raise EmptyRegionError("The focal liver reaction lies completely outside the liver or the dose grid.")
        if not (liver & ~inside).any():
            raise EmptyRegionError(
                "The focal liver reaction fills the liver, so it has no boundary inside the liver to compare with an "
                "isodose; correct the reaction or the liver."
            )

    def result(
        self,
        reaction: Image,
        *,
        reaction_origin: SegmentationOrigin,
        liver_origin: SegmentationOrigin,
        registration: RegistrationSummary = NO_REGISTRATION,
        findings: tuple[Finding, ...] = (),
    ) -> FlrResult:
        """The complete answer for one reaction.

        Parameters
        ----------
        reaction : Image
            Boolean mask on the grid of the dose.
        reaction_origin, liver_origin : SegmentationOrigin
            Where the masks came from.
        registration : RegistrationSummary
            How the dose came to this grid, with its error in mm (NaN if unknown).
        findings : tuple of Finding
            What was found before; the quality gates are appended.

        Returns
        -------
        FlrResult

        Raises
        ------
        GeometryMismatchError
            If the reaction is on another grid.
        EmptyRegionError
            If the reaction is empty, fills the liver, or no level comes near it.
        """
        require_same_grid(dose=self.dose_gy, reaction=reaction)
        mask = reaction.array.astype(bool)
        best = self.best(mask, registration)
        dose, inside, liver = self._cropped(mask)
        spacing = self.dose_gy.spacing_kji_mm
        return FlrResult(
            settings=self.settings,
            dose=self.context,
            liver_ml=self.liver.volume_ml(),
            reaction_ml=np.count_nonzero(inside) * self.dose_gy.voxel_volume_ml,
            interface_cm2=interface_area_cm2(inside, liver, spacing),
            curve=self.curve(mask),
            best=best,
            best_equivalents=level_in_quantities(
                best.refined_gy, self.settings.quantity, self.fractions, self.settings.alpha_beta_gy
            ),
            surface=surface_table(dose, inside, liver, spacing, self.settings.table_levels_gy),
            estimators=companion_estimators(dose[liver], inside[liver], best.refined_gy),
            dvh=self._dvh(inside, liver),
            reaction_origin=reaction_origin,
            liver_origin=liver_origin,
            registration=registration,
            findings=(*findings, *self._gates(mask, best, registration)),
            software_version=hepadose.__version__,
            planar=self._planar(mask),
        )

    def _planar(self, reaction: np.ndarray) -> tuple[PlanarCurve, ...]:
        levels, liver = self.settings.table_levels_gy, self.liver.array
        return tuple(
            PlanarCurve(name, levels, planar_curve(name, reaction, self._levels_dose, liver, levels))
            for name in self.settings.planar_definitions
        )

    def _dvh(self, inside: np.ndarray, liver: np.ndarray) -> tuple[DvhMetrics, ...]:
        dose = self.dose_gy.array[self._sweep.box]
        regions = {"Reaction": inside, "Liver": liver, "Liver without reaction": liver & ~inside}
        return tuple(dvh_metrics(name, dose[region], self.dose_gy.voxel_volume_ml) for name, region in regions.items())

    def _gates(self, reaction: np.ndarray, best: BestLevel, registration: RegistrationSummary) -> tuple[Finding, ...]:
        voxel_ml, unit = self.dose_gy.voxel_volume_ml, self.context.unit
        inside_ml = np.count_nonzero(self._cropped(reaction)[1]) * voxel_ml
        drawn_ml = np.count_nonzero(reaction) * voxel_ml
        findings = [
            gates.gate_coverage(self.covered_fraction),
            gates.gate_reaction_volume(inside_ml),
            gates.gate_reaction_inside_liver(drawn_ml - inside_ml, inside_ml),
            gates.gate_band(
                self.settings.band_mm,
                self.dose_gy.spacing_kji_mm,
                registration.estimated_error_mm,
                self.settings.in_plane,
            ),
            gates.gate_range(best, self.settings.levels_gy, unit),
            gates.gate_agreement(best),
            gates.gate_dose_uncertainty(best, unit),
            gates.gate_interval(best, unit),
        ]
        negative = int(np.count_nonzero(self.dose_gy.array < 0))
        if negative:
            findings.append(warning("Dose", f"{negative} voxels have a dose below 0 Gy and count as 0 Gy in EQD2/BED."))
        if self.settings.quantity is not DoseQuantity.PHYSICAL:
            findings.extend(validity_findings(self.context.maximum_gy, self.fractions, self.settings.alpha_beta_gy))
        return tuple(findings)


def dvh_metrics(structure: str, doses_gy: np.ndarray, voxel_volume_ml: float) -> DvhMetrics:
    """Dose metrics of one structure; all NaN with volume 0 where it has no voxel.

    Parameters
    ----------
    structure : str
        Its name.
    doses_gy : numpy.ndarray, shape (n,)
        Physical dose of its voxels in Gy.
    voxel_volume_ml : float
        Volume of one voxel in ml.
    """
    if not doses_gy.size:
        return DvhMetrics(structure, 0.0, *[float("nan")] * 8)
    dvh = DoseVolumeHistogram(doses_gy, voxel_volume_ml)
    return DvhMetrics(
        structure=structure,
        volume_ml=dvh.volume_ml,
        mean_gy=dvh.mean_gy,
        minimum_gy=float(dvh.doses_gy[-1]),
        maximum_gy=float(dvh.doses_gy[0]),
        d2_gy=dvh.dose_at_percent_gy(2),
        d50_gy=dvh.dose_at_percent_gy(50),
        d90_gy=dvh.dose_at_percent_gy(90),
        d95_gy=dvh.dose_at_percent_gy(95),
        d98_gy=dvh.dose_at_percent_gy(98),
    )


def analyze_flr(
    images: FlrImages,
    settings: FlrSettings,
    *,
    fractions: int | None,
    reaction_origin: SegmentationOrigin,
    liver_origin: SegmentationOrigin,
    registration: RegistrationSummary = NO_REGISTRATION,
    findings: tuple[Finding, ...] = (),
    banner: str = "",
) -> FlrResult:
    """The dose at which the liver reacted, from images that share the follow-up CT's grid.

    Parameters and errors are those of :class:`FlrAnalysis` and :meth:`FlrAnalysis.result`.

    Returns
    -------
    FlrResult
    """
    analysis = FlrAnalysis(images.dose_gy, images.liver, settings, fractions=fractions, banner=banner)
    return analysis.result(
        images.reaction,
        reaction_origin=reaction_origin,
        liver_origin=liver_origin,
        registration=registration,
        findings=findings,
    )
