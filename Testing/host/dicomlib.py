"""Stand-in of DICOMLib, its database and the plug-ins of Slicer and SlicerRT that load images, doses and contours.

Only the functions and methods that the real ones have exist, and they fail as the real ones do: a plug-in's exception
is swallowed and its node is missing; what is not in the database is no file. Files are read by pydicom and SimpleITK,
never by HepaDose. One thing is unlike SlicerRT: its conversion rules are C++, so the voxels that they would make of the
contours are put beside them at once. :class:`Faults` plants errors.
"""

from __future__ import annotations

import importlib.machinery
import logging
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pydicom

import dicom_nodes

SERIES_UID, INSTANCE_UID = "0020,000E", "0008,0018"


@dataclass
class Faults:
    """Errors planted in the import.

    Parameters
    ----------
    unindexed, failing : set of str
        Modalities that the database does not take up; that their plug-in cannot load.
    crash : str
        Modality whose loading raises out of DICOMUtils.
    change : dict
        By modality, what is done to the node that a plug-in has made; may raise, as a plug-in may in the middle.
    dose_unit : str or None
        What SlicerRT states as unit of the dose.
    voxels : bool
        Whether contours can be converted to voxels.
    """

    unindexed: set[str] = field(default_factory=set)
    failing: set[str] = field(default_factory=set)
    crash: str = ""
    change: dict[str, Callable] = field(default_factory=dict)
    dose_unit: str | None = "GY"
    voxels: bool = True


FAULTS = Faults()


class ctkDICOMDatabase:
    """The index of DICOM files; knows what it needs of each file and nothing else."""

    __slots__ = ("_directory", "_files", "_opened")

    def __init__(self, directory="users-own"):
        self._directory, self._files, self._opened = directory, {}, True

    isOpen = property(lambda self: self._opened)
    databaseDirectory = property(lambda self: self._directory)

    def patients(self):
        return tuple(dict.fromkeys(header.PatientID for header in self._files.values()))

    def studiesForPatient(self, patientUID):
        chosen = [header for header in self._files.values() if header.PatientID == patientUID]
        return tuple(dict.fromkeys(str(header.StudyInstanceUID) for header in chosen))

    def seriesForStudy(self, studyUID):
        chosen = [header for header in self._files.values() if header.StudyInstanceUID == studyUID]
        return tuple(dict.fromkeys(str(header.SeriesInstanceUID) for header in chosen))

    def filesForSeries(self, seriesUID, hits=-1):
        files = [file for file, header in self._files.items() if header.SeriesInstanceUID == seriesUID]
        return tuple(files if hits < 0 else files[:hits])

    def fileForInstance(self, sopInstanceUID):
        return next((file for file, header in self._files.items() if header.SOPInstanceUID == sopInstanceUID), "")

    def seriesForFile(self, fileName):
        return self.fileValue(fileName, SERIES_UID)

    def instanceForFile(self, fileName):
        return self.fileValue(fileName, INSTANCE_UID)

    def fileValue(self, fileName, tag):
        header = self._files.get(fileName)
        group, element = (int(part, 16) for part in tag.split(","))
        found = None if header is None else header.get((group, element))
        return "" if found is None else str(found.value)

    def openDatabase(self, databaseFile):
        self._directory, self._opened = str(Path(databaseFile).parent), True

    def closeDatabase(self):
        self._opened = False

    def initializeDatabase(self):
        self._files = {}


class qSlicerDICOMLoadable:
    """One way to load some files."""

    __slots__ = ("confidence", "files", "name", "selected", "tooltip", "warning")

    def __init__(self):
        self.files, self.name, self.tooltip, self.warning = (), "", "", ""
        self.selected, self.confidence = False, 0.5


class _Plugin:
    loadType, confidence = "", 0.5

    def examineForImport(self, fileLists):
        loadables = []
        for files in fileLists:
            header = pydicom.dcmread(files[0], stop_before_pixels=True)
            groups = [files] if header.Modality == "CT" else [[file] for file in files]
            if header.Modality in self._makers:
                loadables += [self._loadable(group, header) for group in groups]
        return loadables

    def _loadable(self, files, header):
        loadable = qSlicerDICOMLoadable()
        loadable.files, loadable.selected, loadable.confidence = tuple(files), True, self.confidence
        loadable.name = f"{header.get('SeriesNumber', '')}: {header.get('SeriesDescription', '')}"
        return loadable

    def load(self, loadable):
        import slicer

        header = pydicom.dcmread(loadable.files[0], stop_before_pixels=True)
        if header.Modality in FAULTS.failing:
            return False
        node = self._makers[header.Modality](slicer.mrmlScene, loadable)
        FAULTS.change.get(header.Modality, lambda node: None)(node)
        return True


class DICOMScalarVolumePluginClass(_Plugin):
    """Loads images; a dose too, as bare numbers, where nobody is surer than it."""

    loadType = "Scalar Volume"
    _makers: ClassVar = {"CT": dicom_nodes.make_volume, "RTDOSE": dicom_nodes.make_volume}


class DicomRtImportExportPluginClass(_Plugin):
    """Loads doses and contours."""

    loadType, confidence = "RT", 1.0
    _makers: ClassVar = {
        "RTDOSE": lambda scene, loadable: dicom_nodes.make_dose(scene, loadable, FAULTS.dose_unit),
        "RTSTRUCT": lambda scene, loadable: dicom_nodes.make_segmentation(scene, loadable, FAULTS.voxels),
    }


class TemporaryDICOMDatabase:
    """The database for a while another one."""

    def __init__(self, directory=None):
        self.temporaryDatabaseDir, self.originalDatabaseDir = directory, None

    def __enter__(self):
        import slicer

        self.originalDatabaseDir = slicer.dicomDatabase.databaseDirectory
        slicer.dicomDatabase.openDatabase(f"{self.temporaryDatabaseDir or 'now'}/ctkDICOM.sql")
        slicer.dicomDatabase.initializeDatabase()
        return slicer.dicomDatabase

    def __exit__(self, type, value, traceback):
        import slicer

        slicer.dicomDatabase.initializeDatabase()
        slicer.dicomDatabase.openDatabase(f"{self.originalDatabaseDir}/ctkDICOM.sql")


def importDicom(dicomDataDir, dicomDatabase=None, copyFiles=False):
    """Take up every DICOM file of a folder."""
    import slicer

    if not isinstance(dicomDataDir, str):
        raise TypeError("addDirectory takes a str")
    for path in sorted(Path(dicomDataDir).rglob("*")):
        if path.is_file() and pydicom.misc.is_dicom(path):
            header = pydicom.dcmread(path, stop_before_pixels=True)
            if header.Modality not in FAULTS.unindexed:
                (dicomDatabase or slicer.dicomDatabase)._files[str(path)] = header
    return True


def getLoadablesFromFileLists(
    fileLists, pluginClassNames=None, messages=None, progressCallback=None, pluginInstances=None
):
    """What each plug-in offers."""
    import slicer

    loadables = {}
    for name in pluginClassNames or slicer.modules.dicomPlugins:
        plugin = slicer.modules.dicomPlugins[name]()
        loadables[plugin] = []
        try:
            loadables[plugin] = plugin.examineForImport(fileLists)
        except Exception as problem:
            logging.getLogger("host.dicom").error("DICOM Plugin failed: %s", problem)
    return loadables, any(loadables.values())


def loadLoadables(loadablesByPlugin, messages=None, progressCallback=None):
    """Load what is selected; a plug-in that raises is only logged."""
    import slicer

    before = {node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode")}
    for plugin, loadables in loadablesByPlugin.items():
        for loadable in loadables:
            if not loadable.selected:
                continue
            try:
                plugin.load(loadable)
            except Exception:
                logging.getLogger("host.dicom").info("DICOM plugin failed to load", exc_info=True)
    return [node.GetID() for node in slicer.util.getNodesByClass("vtkMRMLNode") if node.GetID() not in before]


def loadSeriesByUID(seriesUIDs, messages=None, progressCallback=None):
    """Load whole series by whoever is surest of them."""
    import slicer

    if not isinstance(seriesUIDs, list) or not seriesUIDs:
        raise ValueError("SeriesUIDs must contain a list")
    _crash_if_planted(seriesUIDs[0])
    offered, _any = getLoadablesFromFileLists([slicer.dicomDatabase.filesForSeries(uid) for uid in seriesUIDs])
    surest = max((one.confidence for group in offered.values() for one in group), default=0)
    for group in offered.values():
        for loadable in group:
            loadable.selected = loadable.confidence == surest
    return loadLoadables(offered)


def loadByInstanceUID(instanceUID, messages=None, progressCallback=None):
    """Load the one thing that holds an instance."""
    import slicer

    file = slicer.dicomDatabase.fileForInstance(instanceUID)
    series = slicer.dicomDatabase.seriesForFile(file)
    _crash_if_planted(series)
    offered, _any = getLoadablesFromFileLists([slicer.dicomDatabase.filesForSeries(series)])
    fitting = [(one.confidence, plugin, one) for plugin, group in offered.items() for one in group if file in one.files]
    # As in Slicer, where nothing fits, what follows stumbles over None.
    _confidence, plugin, loadable = max(fitting, key=lambda entry: entry[0], default=(0, None, None))
    return loadLoadables({plugin: [loadable]})


def _crash_if_planted(series):
    import slicer

    header = pydicom.dcmread(slicer.dicomDatabase.filesForSeries(series)[0], stop_before_pixels=True)
    if header.Modality == FAULTS.crash:
        raise OSError(f"DICOM module or database cannot be accessed: {header.PatientName}")


class _Module:
    def logic(self):
        raise NotImplementedError("the stand-in of SlicerRT is called by its plug-in only")


def install(set_item, set_attribute) -> Faults:
    """Put DICOMLib, the database and both plug-ins in place; gives the faults to plant.

    Parameters
    ----------
    set_item, set_attribute : callable
        ``monkeypatch.setitem`` and ``monkeypatch.setattr``.
    """
    import slicer

    functions = (importDicom, getLoadablesFromFileLists, loadLoadables, loadSeriesByUID, loadByInstanceUID)
    utilities, package = types.ModuleType("DICOMLib.DICOMUtils"), types.ModuleType("DICOMLib")
    vars(utilities).update({part.__name__: part for part in (TemporaryDICOMDatabase, *functions)})
    package.DICOMUtils, package.__spec__ = utilities, importlib.machinery.ModuleSpec("DICOMLib", None)
    set_item(sys.modules, "DICOMLib", package)
    set_item(sys.modules, "DICOMLib.DICOMUtils", utilities)
    if not hasattr(slicer, "modules"):
        set_attribute(slicer, "modules", types.ModuleType("slicer.modules"), raising=False)
    plugins = {
        "DICOMScalarVolumePlugin": DICOMScalarVolumePluginClass,
        "DicomRtImportExportPlugin": DicomRtImportExportPluginClass,
    }
    set_attribute(slicer.modules, "dicomPlugins", plugins, raising=False)
    set_attribute(slicer.modules, "dicomrtimportexport", _Module(), raising=False)
    set_attribute(slicer, "dicomDatabase", ctkDICOMDatabase(), raising=False)
    set_attribute(sys.modules[__name__], "FAULTS", Faults())
    return FAULTS
