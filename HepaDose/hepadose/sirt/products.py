"""Microspheres as data: what can be ordered, how much is usual, and which constants belong to them.

``products.json`` beside this file holds the two that are on the market; a hospital's own file of the same form serves
as well. What a file misspells or leaves out is refused.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path

from hepadose.errors import SettingsError, UnreadableFileError
from hepadose.findings import Finding, error, warning
from hepadose.sirt.inputs import DENSITY_G_PER_ML
from hepadose.sirt.physics import DosePreset, preset

MODELS = ("bsa", "empirical", "mird", "partition")
MATRICES = ("glass", "resin")


@dataclass(frozen=True)
class Product:
    """One kind of microspheres.

    Parameters
    ----------
    id, name : str
    matrix : {"glass", "resin"}
    bq_per_sphere : float
        Activity of a sphere at calibration; doses of different products are not exchangeable because of it.
    vials_gbq : tuple of float
        Vials at calibration.
    vial_step_gbq : float
        Step in which vials of other activity can be ordered; 0 if not at all.
    usual_most_gbq, most_gbq : float
        Above the first an activity is unusual, above the second it is refused.
    density_g_per_ml : float
        Of liver, as this product's instructions take it.
    dose_constant : str
        Name of a preset, see :mod:`hepadose.sirt.physics`.
    half_life_h : float
    models : tuple of str
        Prescription models that are used with it.
    source : str

    Raises
    ------
    SettingsError
    """

    id: str
    name: str
    matrix: str
    bq_per_sphere: float
    vials_gbq: tuple[float, ...]
    vial_step_gbq: float
    usual_most_gbq: float
    most_gbq: float
    density_g_per_ml: float
    dose_constant: str
    half_life_h: float
    models: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "vials_gbq", tuple(self.vials_gbq))
        object.__setattr__(self, "models", tuple(self.models))
        if self.matrix not in MATRICES:
            raise SettingsError(f'{self.name}: the matrix is one of {", ".join(MATRICES)}, got "{self.matrix}".')
        wrong = sorted(set(self.models) - set(MODELS))
        if wrong or not self.models:
            raise SettingsError(f"{self.name}: models are {', '.join(MODELS)}, got {', '.join(wrong) or 'none'}.")
        positive = (self.bq_per_sphere, self.usual_most_gbq, self.most_gbq, self.half_life_h, *self.vials_gbq)
        if min(positive) <= 0.0 or self.vial_step_gbq < 0.0 or not self.vials_gbq:
            raise SettingsError(f"{self.name}: activities and the half-life must be positive.")
        if not DENSITY_G_PER_ML[0] <= self.density_g_per_ml <= DENSITY_G_PER_ML[1]:
            raise SettingsError(f"{self.name}: a density of {self.density_g_per_ml:g} g/ml is not that of liver.")
        preset(self.dose_constant)

    @property
    def constant(self) -> DosePreset:
        """The preset of its dose constant."""
        return preset(self.dose_constant)

    def activity_findings(self, activity_gbq: float) -> tuple[Finding, ...]:
        """What is unusual about an activity."""
        text = f"{activity_gbq:.2f} GBq of {self.name.lower()} is more than "
        if activity_gbq > self.most_gbq:
            return (error("Activity", f"{text}can be given at once ({self.most_gbq:g} GBq)."),)
        if activity_gbq > self.usual_most_gbq:
            return (warning("Activity", f"{text}usual ({self.usual_most_gbq:g} GBq)."),)
        return ()


@cache
def products(path: Path | None = None) -> dict[str, Product]:
    """The products of a file, by id.

    Parameters
    ----------
    path : Path, optional
        The file that HepaDose ships if omitted.

    Returns
    -------
    dict of str to Product

    Raises
    ------
    UnreadableFileError
        If it is no such file.
    SettingsError
        If an entry is wrong.
    """
    path = path or Path(__file__).with_name("products.json")
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["products"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise UnreadableFileError(f'{path.name} needs a list "products", as the file that HepaDose ships.') from problem
    found = [_product(entry) for entry in entries]
    return {product.id: product for product in found}


def _product(entry: dict) -> Product:
    known = {field.name for field in fields(Product)}
    needed = {field.name for field in fields(Product) if field.default is MISSING}
    wrong, missing = sorted(set(entry) - known), sorted(needed - set(entry))
    if wrong or missing:
        parts = [f"does not know {', '.join(wrong)}"] * bool(wrong) + [f"needs {', '.join(missing)}"] * bool(missing)
        raise SettingsError(f"The product {entry.get('name', '?')} {' and '.join(parts)}.")
    return Product(**entry)
