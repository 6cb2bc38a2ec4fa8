"""RT structure sets read by plastimatch, a reader that shares no line with ours."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import SimpleITK as sitk

from hepadose.images import Image


def is_there() -> bool:
    """Whether it is installed."""
    return find_spec("plastimatch") is not None


def read_masks(path: Path, grid: Image, folder: Path, even_odd: bool = True) -> dict[str, Image]:
    """Every structure of a file as plastimatch fills it on a grid, by the name it read.

    Parameters
    ----------
    path : Path
        The structure set.
    grid : Image
    folder : Path
        For its files; created.
    even_odd : bool
        Whether contours within contours cut holes; else all that lies in any of them is filled.
    """
    folder.mkdir(parents=True)
    sitk.WriteImage(grid.with_array(grid.array.astype("int16")).to_sitk(), str(folder / "grid.nrrd"))
    options = ("--fixed", folder / "grid.nrrd", "--output-prefix", folder / "masks", "--prefix-format", "nrrd")
    listed = ("--output-ss-list", folder / "names.txt")
    call = [_program(), "convert", "--input", path, *options, *listed, *["--xor-contours"] * even_odd]
    subprocess.run([str(part) for part in call], check=True, capture_output=True)
    lines = (folder / "names.txt").read_text(encoding="utf-8").splitlines()
    names = [line.split("|", 2)[2] for line in lines if line.count("|") >= 2]
    return {name: _mask(folder / "masks" / f"{name}.nrrd") for name in names}


def _mask(path: Path) -> Image:
    image = Image.from_sitk(sitk.ReadImage(str(path)))
    return image.with_array(image.array > 0)


def _program() -> Path:
    place = Path(find_spec("plastimatch").origin).parent / "bin"
    return place / ("plastimatch.exe" if sys.platform == "win32" else "plastimatch")
