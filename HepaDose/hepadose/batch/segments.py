"""Segments of a file as 3D Slicer saves it (.seg.nrrd): names, label values and layers that may overlap."""

from __future__ import annotations

import re
from pathlib import Path

from hepadose.errors import MissingInputError, UnreadableFileError
from hepadose.images import Image

_NAME = re.compile(r"Segment(\d+)_Name$")


def read_segments(path: Path) -> dict[str, Image]:
    """All segments of a file by name.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict of str to Image
        Boolean, on the file's grid, in the file's order.

    Raises
    ------
    MissingInputError
        If there is no such file, or it holds no segments.
    UnreadableFileError
        If it cannot be read.
    """
    import SimpleITK as sitk

    path = Path(path)
    if not path.is_file():
        raise MissingInputError(f'There is no file "{path.name}".')
    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError as problem:
        raise UnreadableFileError(f'The segmentation "{path.name}" cannot be read; save it again.') from problem
    names = {int(match[1]): key for key in image.GetMetaDataKeys() if (match := _NAME.match(key))}
    if not names:
        raise MissingInputError(f'The file "{path.name}" holds no named segments; save it from Segment Editor.')
    layers = [image] if image.GetNumberOfComponentsPerPixel() == 1 else _layers(image)
    grid = Image.from_sitk(layers[0])
    arrays = [grid.array, *(sitk.GetArrayFromImage(layer) for layer in layers[1:])]
    return {
        image.GetMetaData(names[number]): grid.with_array(
            arrays[int(_entry(image, number, "Layer", "0"))] == int(_entry(image, number, "LabelValue", "1"))
        )
        for number in sorted(names)
    }


def _layers(image) -> list:
    import SimpleITK as sitk

    return [sitk.VectorIndexSelectionCast(image, layer) for layer in range(image.GetNumberOfComponentsPerPixel())]


def _entry(image, number: int, key: str, default: str) -> str:
    name = f"Segment{number}_{key}"
    return image.GetMetaData(name) if image.HasMetaDataKey(name) else default
