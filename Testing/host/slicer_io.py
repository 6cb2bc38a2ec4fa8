"""Reading and writing of the application, ``slicer.app.ioManager()``: scenes, volumes and segmentations."""

# Classes, methods and arguments bear Slicer's own names.
from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from host.standin import stand_in

FILE_TYPES = {
    ".mrb": "SceneFile",
    ".mrml": "SceneFile",
    ".seg.nrrd": "SegmentationFile",
    ".nrrd": "VolumeFile",
    ".nii": "VolumeFile",
    ".nii.gz": "VolumeFile",
    ".mha": "VolumeFile",
}


@stand_in
class qSlicerCoreIOManager(QObject):
    """Loads and saves files."""

    def __init__(self, files=None, parent=None):
        super().__init__(parent)
        self._files = files

    def fileType(self, file):
        endings = [ending for ending in FILE_TYPES if file.lower().endswith(ending)]
        if not endings:
            raise NotImplementedError(f"the stand-in of Slicer cannot read {Path(file).name}")
        return FILE_TYPES[max(endings, key=len)]

    def loadNodes(self, fileType, parameters, loadedNodes=None, userMessages=None):
        path = parameters["fileName"]
        if fileType == "SceneFile":
            return self.loadScene(path, parameters.get("clear", False), userMessages)
        readers = {"VolumeFile": self._files.load_volumes, "SegmentationFile": self._files.load_segmentation}
        if fileType not in readers:
            raise NotImplementedError(f"the stand-in of Slicer has no reader of {fileType}")
        found = readers[fileType](path)
        nodes = [node for node in (found if isinstance(found, list) else [found]) if node is not None]
        for node in nodes:
            if loadedNodes is not None:
                loadedNodes.AddItem(node)
        return bool(nodes)

    def loadScene(self, fileName, clear=True, userMessages=None):
        if clear:
            self._files.scene.Clear(0)
        return self._files.load_scene(fileName)

    def saveNodes(self, fileType, parameters, userMessages=None, scene=None):
        if fileType != "SceneFile":
            raise NotImplementedError(f"the stand-in of Slicer has no writer of {fileType}")
        return self.saveScene(parameters["fileName"], None, userMessages)

    def saveScene(self, fileName, screenShot=None, userMessages=None):
        return bool(self._files.save_scene(fileName))


@stand_in
class qSlicerIOManager(qSlicerCoreIOManager):
    """Loads and saves files, and would show dialogs for it."""
