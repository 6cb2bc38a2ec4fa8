"""Draw the contact sheet of synthetic abdomens that the documentation shows.

    PYTHONPATH=HepaDose python Testing/make_contact_sheet.py

Every case is an axial slice through the middle of the liver and a coronal one, in an abdominal window.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from hepadose.images import Image
from hepadose.training.abdomen import random_abdomen, render_ct

OUTPUT = Path(__file__).parents[1] / "Resources" / "Screenshots" / "synthetic-abdomens.png"
WINDOW_HU = (-110.0, 240.0)
TILE_PX, SPAN_MM = 168, 420.0
COLUMNS = 6


def main() -> None:
    """Write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=24)
    parser.add_argument("--outline", action="store_true", help="draw the liver's outline")
    options = parser.parse_args()
    pairs = [_case(seed, options.outline) for seed in range(options.first_seed, options.first_seed + options.cases)]
    rows = [np.hstack(pairs[start : start + COLUMNS]) for start in range(0, len(pairs), COLUMNS)]
    width = max(row.shape[1] for row in rows)
    sheet = np.vstack([np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    _write(sheet, options.output)


def _case(seed: int, outline: bool) -> np.ndarray:
    abdomen = random_abdomen(seed)
    ct = render_ct(abdomen, seed)
    liver = abdomen.liver.array
    k, j = (int(np.median(np.flatnonzero(liver.any(axis=axes)))) for axes in ((1, 2), (0, 2)))
    views = ((ct.array[k], liver[k]), (ct.array[::-1, j], liver[::-1, j]))
    return np.hstack([_tile(hu, mask if outline else None, ct) for hu, mask in views])


def _tile(hu: np.ndarray, mask: np.ndarray | None, ct: Image) -> np.ndarray:
    """One view in the middle of a square tile."""
    from scipy import ndimage

    low, high = WINDOW_HU
    gray = np.clip((hu - low) / (high - low), 0.0, 1.0)
    factor = ct.spacing_mm[0] * TILE_PX / SPAN_MM
    gray = _centered(np.clip(ndimage.zoom(gray, factor, order=1), 0, 1))
    tile = np.repeat((gray * 255).astype(np.uint8)[..., None], 3, axis=2)
    if mask is not None:
        shape = _centered(ndimage.zoom(mask.astype(np.float32), factor, order=1)) > 0.5
        tile[shape & ~ndimage.binary_erosion(shape)] = (255, 210, 0)
    tile[0], tile[:, 0] = 40, 40
    return tile


def _centered(image: np.ndarray) -> np.ndarray:
    result = np.zeros((TILE_PX, TILE_PX), image.dtype)
    cut = [slice(max(0, (size - TILE_PX) // 2), max(0, (size - TILE_PX) // 2) + TILE_PX) for size in image.shape]
    image = image[tuple(cut)]
    start = [(TILE_PX - size) // 2 for size in image.shape]
    result[start[0] : start[0] + image.shape[0], start[1] : start[1] + image.shape[1]] = image
    return result


def _write(sheet: np.ndarray, path: Path) -> None:
    """An 8-bit PNG of 64 gray levels: small enough for the repository."""
    from PIL import Image as Picture

    Picture.fromarray(sheet).quantize(64).save(path, optimize=True)


if __name__ == "__main__":
    main()
