"""What one unattended radioembolization case is asked to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hepadose.errors import SettingsError
from hepadose.sirt.analysis import DoseMethod, ImageKind
from hepadose.sirt.guidance import TREATMENTS, require_disease
from hepadose.sirt.inputs import Patient
from hepadose.sirt.mird import Delivery
from hepadose.sirt.prescription import DoseGoals


@dataclass(frozen=True)
class RegionNames:
    """Names of the segments that play a part.

    Parameters
    ----------
    liver : str
    territory, lungs : str, optional
    tumors : tuple of str, optional
        If omitted, every segment whose name begins with "tumor", "tumour", "lesion" or "GTV".
    """

    liver: str = "liver"
    territory: str | None = None
    lungs: str | None = None
    tumors: tuple[str, ...] | None = None


@dataclass(frozen=True)
class SirtJob:
    """The choices of one run.

    Parameters
    ----------
    product : str
        Id of a product, see :func:`hepadose.sirt.products.products`.
    products_file : Path, optional
        Products of the hospital in place of those that HepaDose ships.
    treatment : str
        One of :data:`hepadose.sirt.guidance.TREATMENTS`.
    names : RegionNames
    patient : Patient, optional
        Without height and weight there is no activity by body surface.
    delivery : Delivery
    goals : DoseGoals
    uptake : dict of str to float
        T/N ratio of tumors by name; measured in the image of activity where there is one and none is given.
    density_g_per_ml : float, optional
    constant : str, optional
        Name of a dose constant; the product's if omitted.
    activity_file : Path, optional
        PET or SPECT: an image file, the folder of a DICOM series, or the one DICOM file of a SPECT.
    activity_kind : ImageKind
        Whether its numbers are a concentration or counts.
    unit_bq_per_ml : float
        What 1 in the file is in Bq/ml, for a concentration.
    hours_after_injection : float, optional
        Time to which the numbers are decay-corrected, after the injection. If omitted, what a DICOM series says, or
        the injection itself.
    injected_gbq : float, optional
        In the vial at injection; counts need it.
    method : DoseMethod
    activity_series : int, optional
        Which PET or NM series of a folder with several, from 1.
    f18_scan_minutes : float, optional
        The PET was run with the protocol for F-18, so many minutes per bed position; that protocol is taken back.
    ct_folder : Path, optional
        Folder of the DICOM CT that the outlines belong to; by default that of the outlines.
    fill_missing : bool
        Interpolate missing slices of that CT.
    trust_frames : bool
        The user confirms that coordinates are shared though frames of reference differ.
    dicom_out : bool
        Write regions and numbers as DICOM too.
    disease : str, optional
        One of :data:`hepadose.sirt.guidance.DISEASES`; all published values are shown if omitted.

    Raises
    ------
    SettingsError
        If the choices contradict each other.
    """

    product: str = "glass"
    products_file: Path | None = None
    treatment: str = "unilobar"
    names: RegionNames = field(default_factory=RegionNames)
    patient: Patient | None = None
    delivery: Delivery = field(default_factory=Delivery)
    goals: DoseGoals = field(default_factory=DoseGoals)
    uptake: dict[str, float] = field(default_factory=dict)
    density_g_per_ml: float | None = None
    constant: str | None = None
    activity_file: Path | None = None
    activity_kind: ImageKind = ImageKind.CONCENTRATION
    unit_bq_per_ml: float = 1.0
    hours_after_injection: float | None = None
    injected_gbq: float | None = None
    method: DoseMethod = DoseMethod.LOCAL
    activity_series: int | None = None
    f18_scan_minutes: float | None = None
    ct_folder: Path | None = None
    fill_missing: bool = False
    trust_frames: bool = False
    dicom_out: bool = False
    disease: str | None = None

    def __post_init__(self) -> None:
        if self.treatment not in TREATMENTS:
            raise SettingsError(f'Treatments are {", ".join(TREATMENTS)}; got "{self.treatment}".')
        require_disease(self.disease)
        if self.activity_kind is ImageKind.COUNTS and self.activity_file and self.injected_gbq is None:
            raise SettingsError("Counts become a dose only with the injected activity; give it in GBq.")
        if self.f18_scan_minutes is not None and self.hours_after_injection is not None:
            raise SettingsError("The protocol for F-18 is taken back by the files' own times; leave the hours out.")
        if not self.unit_bq_per_ml > 0.0:
            raise SettingsError("The unit of the image must be a positive number of Bq/ml.")
