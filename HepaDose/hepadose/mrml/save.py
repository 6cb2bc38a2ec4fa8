"""Saving a scene as one file or as a folder: complete or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hepadose.errors import OutputError

if TYPE_CHECKING:
    from slicer import vtkMRMLScene


def save_scene(scene: vtkMRMLScene, path: Path) -> Path:
    """Save a scene so that Slicer opens it.

    Parameters
    ----------
    scene : vtkMRMLScene
        What is saved, with all its data.
    path : Path
        With the ending ``.mrb``: one file, replaced if it exists. With the ending ``.mrml``: that file with its data
        in the folder ``Data`` beside it; its folder must be new or empty.

    Returns
    -------
    Path
        The scene file.

    Raises
    ------
    OutputError
        If the ending is another one, the folder is taken or cannot be written, or Slicer cannot save the scene.
    """
    path = Path(path)
    writers = {".mrb": _save_bundle, ".mrml": _save_folder}
    if path.suffix.lower() not in writers:
        raise OutputError(f'A scene is saved as .mrb or .mrml, got the ending "{path.suffix}".')
    try:
        writers[path.suffix.lower()](scene, path)
    except OSError as problem:
        raise OutputError(
            f"The scene cannot be saved ({problem.strerror or problem}); "
            "choose a folder that you may write to and that has space left."
        ) from problem
    return path


def _save_bundle(scene: vtkMRMLScene, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=path.parent) as unfinished:
        # The bundle's inner folder takes the file's name, so the unfinished file has the final name in another place.
        bundle = Path(unfinished) / path.name
        if not scene.WriteToMRB(str(bundle)) or not bundle.is_file():
            raise OutputError("Slicer could not write the scene; see its log for the node that failed.")
        os.replace(bundle, path)


def _save_folder(scene: vtkMRMLScene, path: Path) -> None:
    folder = path.parent
    if folder.exists() and any(folder.iterdir()):
        raise OutputError("A scene with its data needs a new or empty folder; choose another one or save as .mrb.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as unfinished:
        # Slicer names the scene file after the folder it is given.
        inner = Path(unfinished) / path.stem
        inner.mkdir()
        if not scene.SaveSceneToSlicerDataBundleDirectory(str(inner)):
            raise OutputError("Slicer could not write the scene; see its log for the node that failed.")
        if folder.exists():
            folder.rmdir()
        os.replace(inner, folder)
