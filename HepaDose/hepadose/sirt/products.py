"""Microspheres as data: what can be ordered, how much is usual, and which constants belong to them.

``products.json`` beside this file holds the two that are on the market; a hospital's own file of the same form serves
as well. Its form is ``products.schema.json``; every defect is refused in a sentence of its own.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hepadose.errors import SettingsError, UnreadableFileError
from hepadose.findings import Finding, error, warning
from hepadose.sirt.physics import DosePreset, preset
from hepadose.sirt.schema import defects, shown


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
        found = defects(
            asdict(self) | {"vials_gbq": list(self.vials_gbq), "models": list(self.models)}, _item(), self.name
        )
        if found:
            raise SettingsError(" ".join(found))

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
        If it is no JSON file.
    SettingsError
        If it breaks the schema, two products have one id, or a usual activity is above the largest; every defect has a
        sentence.
    """
    path = path or Path(__file__).with_name("products.json")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise UnreadableFileError(
            f'{path.name} is no JSON file with a list "products"; write it like the one that HepaDose ships.'
        ) from problem
    found = defects(content, products_schema(), path.name)
    found = found or _contradictions(content["products"], path.name)
    if found:
        raise SettingsError(" ".join(found))
    return {entry["id"]: Product(**entry) for entry in content["products"]}


def product_named(wanted: str, path: Path | None = None) -> Product:
    """One product by its id.

    Parameters
    ----------
    wanted : str
    path : Path, optional
        As for :func:`products`.

    Raises
    ------
    SettingsError
        Listing the ids there are.
    """
    known = products(path)
    if wanted not in known:
        raise SettingsError(f'There is no product "{wanted}"; known are {", ".join(known)}.')
    return known[wanted]


@cache
def products_schema() -> dict[str, Any]:
    """The JSON schema of a file of products, as it is shipped."""
    return json.loads(Path(__file__).with_name("products.schema.json").read_text(encoding="utf-8"))


def _item() -> dict[str, Any]:
    """The part of the schema about one product."""
    return products_schema()["properties"]["products"]["items"]


def _contradictions(entries: list[dict[str, Any]], where: str) -> list[str]:
    """What a schema cannot say: values that contradict each other."""
    found, seen = [], set()
    for number, entry in enumerate(entries, start=1):
        name = f"{where}: products {number} ({shown(entry['name'])})"
        if entry["id"] in seen:
            found.append(f"{name}: another product has the id {shown(entry['id'])} too.")
        seen.add(entry["id"])
        if entry["usual_most_gbq"] > entry["most_gbq"]:
            text = f"usual_most_gbq ({entry['usual_most_gbq']:g}) is above most_gbq ({entry['most_gbq']:g})"
            found.append(f"{name}: {text}.")
    return found
