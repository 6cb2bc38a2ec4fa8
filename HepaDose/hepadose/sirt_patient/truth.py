"""What was planted in a digital patient of radioembolization; the analysis never reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from hepadose.errors import UnreadableFileError
from hepadose.sirt.mird import Delivery
from hepadose.sirt.physics import preset
from hepadose.sirt.products import products
from hepadose.sirt_patient.anatomy import TreatedAnatomy
from hepadose.sirt_patient.settings import SirtPatientSettings

TRUTH_FILE = "truth.json"


@dataclass(frozen=True)
class PlantedRegion:
    """What one region holds.

    Parameters
    ----------
    volume_ml, activity_gbq : float
        The activity is that at injection.
    mean_gy : float
        All energy stays in the region: k · activity / mass.
    uptake_ratio : float or None
        T/N of a tumor.
    """

    volume_ml: float
    activity_gbq: float
    mean_gy: float
    uptake_ratio: float | None = None


@dataclass(frozen=True)
class PlantedSirt:
    """The truth about one digital patient.

    Parameters
    ----------
    product : str
    injected_gbq, lung_shunt, residual, lung_mass_kg : float
        As in :class:`hepadose.sirt_patient.settings.SirtPatientSettings`.
    constant : str
    gy_kg_per_gbq, density_g_per_ml, half_life_h : float
        Of the product.
    regions : dict of str to PlantedRegion
        By the names of the analysis: "liver", "territory", "whole normal liver", "normal liver in the territory",
        "lungs" and each tumor's.
    settings : dict
        All settings of the patient.
    """

    product: str
    injected_gbq: float
    lung_shunt: float
    residual: float
    lung_mass_kg: float
    constant: str
    gy_kg_per_gbq: float
    density_g_per_ml: float
    half_life_h: float
    regions: dict[str, PlantedRegion]
    settings: dict

    @property
    def delivery(self) -> Delivery:
        """What becomes of the activity in the vial."""
        return Delivery(self.lung_shunt, self.residual, self.lung_mass_kg)

    @property
    def tumors(self) -> dict[str, PlantedRegion]:
        """The tumors by name."""
        return {name: region for name, region in self.regions.items() if region.uptake_ratio is not None}

    @property
    def normal_bq_per_ml(self) -> float:
        """Concentration in normal liver of the territory."""
        normal = self.regions["normal liver in the territory"]
        return 1e9 * normal.activity_gbq / normal.volume_ml


def plant_activity(anatomy: TreatedAnatomy, ratios: tuple[float, ...], settings: SirtPatientSettings) -> PlantedSirt:
    """Share the activity out: lungs by the shunt, territory by volumes weighted with uptake.

    Parameters
    ----------
    anatomy : TreatedAnatomy
    ratios : tuple of float
        T/N of each tumor in the order of ``anatomy.tumors``.
    settings : SirtPatientSettings

    Returns
    -------
    PlantedSirt
    """
    product = products()[settings.product]
    constant = preset(product.dose_constant)
    delivery = Delivery(settings.lung_shunt, settings.residual, settings.lung_mass_kg)
    gbq = settings.injected_gbq * delivery.to_liver
    normal_ml = anatomy.normal_territory.volume_ml()
    tumors_ml = {name: tumor.volume_ml() for name, tumor in anatomy.tumors.items()}
    weighted_ml = normal_ml + sum(r * ml for r, ml in zip(ratios, tumors_ml.values(), strict=True))

    def liver(volume_ml: float, activity_gbq: float, ratio: float | None = None) -> PlantedRegion:
        mean_gy = constant.gy_kg_per_gbq * activity_gbq / (volume_ml * product.density_g_per_ml / 1000.0)
        return PlantedRegion(volume_ml, activity_gbq, mean_gy, ratio)

    normal_gbq = gbq * normal_ml / weighted_ml
    liver_ml = anatomy.liver.volume_ml()
    lungs_gbq = settings.injected_gbq * delivery.to_lungs
    lungs_gy = constant.gy_kg_per_gbq * lungs_gbq / settings.lung_mass_kg
    regions = {
        "liver": liver(liver_ml, gbq),
        "territory": liver(anatomy.territory.volume_ml(), gbq),
        "whole normal liver": liver(liver_ml - sum(tumors_ml.values()), normal_gbq),
        "normal liver in the territory": liver(normal_ml, normal_gbq),
        "lungs": PlantedRegion(anatomy.lungs.volume_ml(), lungs_gbq, lungs_gy),
    }
    for ratio, (name, ml) in zip(ratios, tumors_ml.items(), strict=True):
        regions[name] = liver(ml, gbq * ratio * ml / weighted_ml, float(ratio))
    return PlantedSirt(
        product.id,
        settings.injected_gbq,
        settings.lung_shunt,
        settings.residual,
        settings.lung_mass_kg,
        constant.name,
        constant.gy_kg_per_gbq,
        product.density_g_per_ml,
        product.half_life_h,
        regions,
        asdict(settings),
    )


def write_sirt_truth(folder: Path, truth: PlantedSirt) -> None:
    """Write ``truth.json`` into a folder."""
    (folder / TRUTH_FILE).write_text(json.dumps(asdict(truth), indent=2) + "\n", encoding="utf-8")


def read_sirt_truth(folder: Path) -> PlantedSirt:
    """Read what was planted.

    Parameters
    ----------
    folder : Path
        Folder of the digital patient.

    Returns
    -------
    PlantedSirt

    Raises
    ------
    UnreadableFileError
        If the truth is missing or damaged.
    """
    try:
        content = json.loads((Path(folder) / TRUTH_FILE).read_text(encoding="utf-8"))
        regions = {name: PlantedRegion(**region) for name, region in content.pop("regions").items()}
        return PlantedSirt(**content, regions=regions)
    except (OSError, TypeError, KeyError, AttributeError, json.JSONDecodeError) as problem:
        raise UnreadableFileError(
            "The truth of this digital patient is missing or damaged; make the digital patient again."
        ) from problem
