"""What was planted, kept beside the DICOM files for tests and benchmarks; the analysis never reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import UnreadableFileError
from hepadose.images import Image
from hepadose.phantom.motion import as_transform
from hepadose.phantom.settings import DigitalPatientSettings

if TYPE_CHECKING:
    import SimpleITK as sitk

TRUTH_FOLDER = "truth"


@dataclass(frozen=True, eq=False)
class PlantedTruth:
    """The truth about one digital patient.

    Parameters
    ----------
    planted_gy : float
        Dose at the edge of the reaction, in Gy of ``quantity``.
    quantity : str
        "physical", "eqd2" or "bed".
    planted_physical_gy : float
        The same as physical dose in Gy.
    alpha_beta_gy : float
        Alpha/beta in Gy that belongs to ``planted_gy``.
    fractions : int
        Number of fractions.
    settings : dict
        All settings of the patient.
    measures : dict of str to float
        Volumes in ml and other figures of the patient.
    reaction, liver : Image
        Boolean masks on the follow-up CT's grid.
    transform : SimpleITK.Transform
        Follow-up LPS points to planning LPS points.
    """

    planted_gy: float
    quantity: str
    planted_physical_gy: float
    alpha_beta_gy: float
    fractions: int
    settings: dict
    measures: dict[str, float]
    reaction: Image
    liver: Image
    transform: sitk.Transform


def write_truth(
    folder: Path,
    settings: DigitalPatientSettings,
    masks: dict[str, Image],
    displacement: sitk.Image,
    measures: dict[str, float],
) -> None:
    """Write ``truth.json``, one .nrrd per mask and the displacement field into ``folder``."""
    import SimpleITK as sitk

    folder.mkdir(parents=True)
    for name, mask in masks.items():
        sitk.WriteImage(mask.to_sitk(), str(folder / f"{name}.nrrd"), useCompression=True)
    field = sitk.Cast(displacement, sitk.sitkVectorFloat32)
    sitk.WriteImage(field, str(folder / "follow_up_to_planning.nrrd"), useCompression=True)
    content = {
        "planted_gy": settings.planted_gy,
        "quantity": settings.planted_quantity.value,
        "planted_physical_gy": settings.planted_physical_gy,
        "alpha_beta_gy": settings.alpha_beta_gy,
        "fractions": settings.technique.fractions,
        "settings": asdict(settings),
        "measures": measures,
    }
    (folder / "truth.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_truth(folder: Path) -> PlantedTruth:
    """Read what was planted.

    Parameters
    ----------
    folder : Path
        Folder of the digital patient (the one that contains ``dicom`` and ``truth``).

    Raises
    ------
    UnreadableFileError
        If the truth is missing or damaged.
    """
    import SimpleITK as sitk

    folder = Path(folder) / TRUTH_FOLDER
    try:
        content = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        masks = {name: _read_mask(folder / f"{name}.nrrd") for name in ("reaction", "liver")}
        transform = as_transform(sitk.ReadImage(str(folder / "follow_up_to_planning.nrrd")))
        return PlantedTruth(**content, **masks, transform=transform)
    except (OSError, RuntimeError, TypeError, json.JSONDecodeError) as problem:
        raise UnreadableFileError(
            "The truth of this digital patient is missing or damaged; make the digital patient again."
        ) from problem


def _read_mask(path: Path) -> Image:
    import SimpleITK as sitk

    image = Image.from_sitk(sitk.ReadImage(str(path)))
    return image.with_array(image.array.astype(np.uint8) > 0)
