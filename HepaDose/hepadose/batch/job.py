"""What one unattended focal-liver-reaction run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path

from hepadose.dicom.choices import CaseChoices
from hepadose.errors import SettingsError
from hepadose.flr.settings import BandMode, DoseQuantity, FlrSettings, PlanarDefinition
from hepadose.registration.settings import RegistrationMethod


@dataclass(frozen=True)
class FlrJob:
    """The choices of one run; everything left at its default is found in the DICOM folder.

    Parameters
    ----------
    choices : CaseChoices
        Which files play which part, where the folder leaves a choice.
    quantity : DoseQuantity
        Scale of the levels.
    alpha_beta_gy : float
        Alpha/beta of the liver in Gy.
    band_mode, band_mm, in_plane
        The boundary band, see :class:`~hepadose.flr.settings.FlrSettings`.
    first_level_gy, last_level_gy, level_step_gy : float or None
        The levels; the last one is the largest dose in the liver where None.
    planar_definitions : tuple of PlanarDefinition
        Published 2-D definitions to evaluate beside.
    registration : RegistrationMethod
        Kind of registration.
    transform_file : Path, optional
        A transform (follow-up to planning, LPS mm) to use instead of registering.
    transform_error_mm : float
        Its error in mm; NaN where unknown.
    reaction_name : str, optional
        Structure on the follow-up CT that holds the reaction.
    reaction_file : Path, optional
        Image file (NRRD, NIfTI, MetaImage) with the reaction, edited by hand, in the space of the follow-up CT.
    reaction_model : str, optional
        Model that finds the reaction where it is not given, see
        :func:`~hepadose.segmentation.backends.open_segmenter`; the density difference by default.
    liver_model : str, optional
        Model that finds the liver on a CT without a contour of it. Without one, the planning CT must have a contour,
        which registration carries over where the follow-up CT has none.
    seed : int
        Seed of the bootstrap.
    """

    choices: CaseChoices = field(default_factory=CaseChoices)
    quantity: DoseQuantity = DoseQuantity.PHYSICAL
    alpha_beta_gy: float = 3.0
    band_mode: BandMode = BandMode.SYMMETRIC
    band_mm: float = 5.0
    in_plane: bool = False
    first_level_gy: float = 5.0
    last_level_gy: float | None = None
    level_step_gy: float = 0.1
    planar_definitions: tuple[PlanarDefinition, ...] = ()
    registration: RegistrationMethod = RegistrationMethod.BSPLINE
    transform_file: Path | None = None
    transform_error_mm: float = float("nan")
    reaction_name: str | None = None
    reaction_file: Path | None = None
    reaction_model: str | None = None
    liver_model: str | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if sum(map(bool, (self.reaction_name, self.reaction_file, self.reaction_model))) > 1:
            raise SettingsError("The reaction is given twice, as structure, file or model; give one of them.")
        # Refuses impossible levels and bands before anything is read.
        FlrSettings.spanning(1000.0, **self.match_choices())

    def match_choices(self) -> dict[str, object]:
        """What was chosen of :class:`~hepadose.flr.settings.FlrSettings`."""
        names = {f.name for f in fields(FlrSettings)} & {f.name for f in fields(self)}
        choices = {name: getattr(self, name) for name in names}
        return {name: value for name, value in choices.items() if value is not None}
