"""One small analyzed example that the tests of report, scene and modules share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepadose.findings import ok, warning
from hepadose.flr.analysis import analyze_flr
from hepadose.flr.result import FlrImages, FlrResult, RegistrationSummary
from hepadose.flr.settings import FlrSettings
from hepadose.images import Image
from hepadose.provenance import SegmentationOrigin

PLANTED_GY = 31.0
REACTION_ORIGIN = SegmentationOrigin("Density difference", "1", edited=True, detail="threshold −12 HU")
LIVER_ORIGIN = SegmentationOrigin("RTSTRUCT", detail="structure Liver")
REGISTRATION = RegistrationSummary("rigid, affine, B-spline", 1.4, 0.956, 1.1, 0.0)


@dataclass(frozen=True, eq=False)
class Example:
    """Images and their result."""

    images: FlrImages
    result: FlrResult


def tilted_direction(degrees: float) -> np.ndarray:
    """Columns i, j, k of a grid turned about the patient's x and z axes."""
    angle = np.radians(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    about_x = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    about_z = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    return about_z @ about_x


def example_images(shape: tuple[int, int, int] = (24, 48, 56), tilt_degrees: float = 0.0) -> FlrImages:
    """An ellipsoidal liver in a body, a dose that falls off from a target, and a reaction above 31 Gy.

    The grid is 220 mm wide and high and 180 mm long whatever the shape.
    """
    extent_mm = np.array([200.0, 220.0, 260.0])
    spacing_kji = extent_mm / shape
    axes = [(np.arange(size) + 0.5) * step - size * step / 2 for size, step in zip(shape, spacing_kji, strict=True)]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    grid = Image(np.zeros(shape), tuple(spacing_kji[::-1]), (-110.0, -95.0, -60.0), tilted_direction(tilt_degrees))
    body = (x / 125) ** 2 + (y / 100) ** 2 < 1
    liver = ((x + 35) / 78) ** 2 + ((y + 5) / 70) ** 2 + (z / 72) ** 2 < 1
    distance_mm = np.sqrt((x + 55) ** 2 + (y - 5) ** 2 + (1.1 * z) ** 2)
    dose = 58.0 / (1.0 + np.exp((distance_mm - 34.0) / 7.0))
    wobble = 1.2 * np.sin(x / 6.0) * np.cos(y / 7.0 + z / 9.0)
    reaction = liver & (dose + wobble >= PLANTED_GY)
    noise = np.random.default_rng(1).normal(0, 9, shape)
    spine = (x / 18) ** 2 + ((y - 65) / 16) ** 2 < 1
    ct = np.where(body, -90.0, -1000.0) + 130.0 * (body & ((x / 108) ** 2 + (y / 82) ** 2 < 1))
    ct = np.where(liver, 105.0, ct) - 38.0 * reaction
    ct = np.where(spine, 320.0, ct) + noise
    return FlrImages(
        follow_up_ct=grid.with_array(ct.astype(np.float32)),
        dose_gy=grid.with_array(dose.astype(np.float32)),
        liver=grid.with_array(liver),
        reaction=grid.with_array(reaction),
        planning_ct=grid.with_array((ct + 38.0 * reaction).astype(np.float32)),
    )


def analyzed(images: FlrImages, fractions: int | None = 5, **choices: object) -> Example:
    """The example analyzed with few bootstrap samples."""
    settings = FlrSettings(**({"bootstrap_samples": 100, "band_mm": 10.0, "level_step_gy": 0.5} | choices))
    result = analyze_flr(
        images,
        settings,
        fractions=fractions,
        reaction_origin=REACTION_ORIGIN,
        liver_origin=LIVER_ORIGIN,
        registration=REGISTRATION,
        findings=(
            ok("Dose", "maximum 58.0 Gy in 5 fractions, physical dose"),
            warning("Follow-up CT", "1 slice is missing; it was interpolated."),
        ),
    )
    return Example(images, result)
