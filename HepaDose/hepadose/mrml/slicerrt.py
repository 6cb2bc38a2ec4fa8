"""Load a case through SlicerRT's importer, so that other tools of Slicer know its patient, studies and series.

Slicer's own DICOM machinery makes the nodes from the files; they are taken only where they agree with what HepaDose
reads from the same files. Otherwise they are removed and HepaDose's own loader makes them, and the pre-flight list says
why. Written after the public sources of Slicer's DICOMLib and of SlicerRT; it has been run against a stand-in of them
only, never against SlicerRT itself.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hepadose.errors import HepaDoseError, MissingInputError
from hepadose.findings import warning
from hepadose.mrml.dose import is_dose_volume
from hepadose.mrml.loaded import CaseNodes, add_loaded_case
from hepadose.mrml.slicerrt_check import (
    SUBJECT,
    accept_structures,
    accept_volumes,
    dose_unit_of,
    require_same_ct,
    require_same_dose,
)
from hepadose.worker import CaseSources, LoadedCase, LoadedStructure, mark_of

if TYPE_CHECKING:
    from slicer import vtkMRMLNode, vtkMRMLScalarVolumeNode, vtkMRMLScene, vtkMRMLSegmentationNode

INSTANCE_UIDS = "DICOM.instanceUIDs"
NO_DICOM_MODULE = "Slicer's DICOM module is not loaded here."


def why_slicerrt_is_missing() -> str:
    """Why nothing can be loaded through SlicerRT here, in one sentence; empty where it can."""
    import slicer

    modules = getattr(slicer, "modules", None)
    plugins = getattr(modules, "dicomPlugins", {})
    if getattr(slicer, "dicomDatabase", None) is None:
        return NO_DICOM_MODULE
    if not hasattr(modules, "dicomrtimportexport") or "DicomRtImportExportPlugin" not in plugins:
        return "The extension SlicerRT is not installed; install it in the Extensions Manager and restart Slicer."
    if "DICOMScalarVolumePlugin" not in plugins:
        return "Slicer's DICOM module cannot load images here: its plug-in for them is not loaded."
    # Last, because looking for a package that is missing takes time, and the panel asks often.
    return NO_DICOM_MODULE if importlib.util.find_spec("DICOMLib") is None else ""


def slicerrt_available() -> bool:
    """Whether a case can be loaded through SlicerRT here."""
    return not why_slicerrt_is_missing()


def load_case_through_slicerrt(scene: vtkMRMLScene, case: LoadedCase, folder: Path) -> Generator[None, None, CaseNodes]:
    """Add a case to the application's scene through SlicerRT; by HepaDose's own loader where that fails.

    Each step blocks the window until one series is loaded. While the steps run, the DICOM module shows a temporary
    database; afterwards it shows the user's again, which is not changed.

    Parameters
    ----------
    scene : vtkMRMLScene
        ``slicer.mrmlScene``: SlicerRT knows no other.
    case : LoadedCase
        Read from the folder; says which series to load and what must come out.
    folder : Path
        The DICOM files.

    Yields
    ------
    None
        After each series and each comparison.

    Returns
    -------
    CaseNodes
        As :func:`hepadose.mrml.loaded.add_loaded_case` gives them. The findings on the follow-up CT say how they were
        loaded.
    """
    attempt = _Attempt(scene)
    try:
        return (yield from attempt.run(case, Path(folder)))
    except HepaDoseError as problem:
        reason = str(problem).rstrip(".")
    except Exception as problem:
        # SlicerRT, its plug-ins and the database are not ours: whatever they raise must not cost the user the case.
        # The message is left out because it may name files or the patient.
        reason = f"Its import stopped with {type(problem).__name__}"
    finally:
        attempt.clear_up()
    text = f"{reason}. HepaDose's own loader was used instead."
    case = replace(case, findings=(*case.findings, warning(SUBJECT, text)))
    return (yield from add_loaded_case(scene, case))


@dataclass(frozen=True)
class _Wanted:
    """The objects of a case in the DICOM database: identifiers, empty where there is none."""

    planning_series: str
    follow_up_series: str
    dose: str
    structures: str
    follow_up_structures: str


class _Attempt:
    """One import; remembers what it adds to the scene until all of it is accepted."""

    def __init__(self, scene: vtkMRMLScene) -> None:
        self.scene, self._accepted = scene, False
        self._nodes: list[str] = []
        self._items: list[int] = []

    def run(self, case: LoadedCase, folder: Path) -> Generator[None, None, CaseNodes]:
        """Load, compare and accept."""
        _require_loadable(case)
        nodes = yield from self._load(case, folder)
        require_same_dose(nodes.dose, dose_unit_of(nodes.dose), case.dose)
        yield
        require_same_ct(nodes.planning, case.planning, "Planning CT")
        yield
        require_same_ct(nodes.follow_up, case.follow_up, "Follow-up CT")
        yield
        findings = yield from accept_structures(nodes, case)
        accept_volumes(nodes, case, findings)
        self._accepted = True
        return nodes

    def clear_up(self) -> None:
        """Remove everything that was added, unless all of it was accepted."""
        if self._accepted:
            return
        hierarchy = _hierarchy(self.scene)
        for identifier in reversed(self._nodes):
            node = self.scene.GetNodeByID(identifier)
            if node is not None:
                self.scene.RemoveNode(node)
        left = set(_items(hierarchy))
        for item in reversed(self._items):
            if item in left:
                hierarchy.RemoveItem(item, False, False)
        self._nodes, self._items = [], []

    def _load(self, case: LoadedCase, folder: Path) -> Generator[None, None, CaseNodes]:
        from DICOMLib import DICOMUtils

        # Named after the process: a second Slicer of the same user must not empty it meanwhile.
        with DICOMUtils.TemporaryDICOMDatabase(f"HepaDose-DICOM-{os.getpid()}") as database:
            if not DICOMUtils.importDicom(str(folder), database):
                raise MissingInputError("Slicer's DICOM module could not index the folder")
            yield
            wanted = _find_in_database(database, case.sources)
            planning = self._series(DICOMUtils, wanted.planning_series, "planning CT")
            yield
            follow_up = self._series(DICOMUtils, wanted.follow_up_series, "follow-up CT")
            yield
            dose = self._object(DICOMUtils, database, wanted.dose, "vtkMRMLScalarVolumeNode", "dose")
            yield
            drawn = self._structures(DICOMUtils, database, wanted.structures, case.structures)
            yield
            later = self._structures(DICOMUtils, database, wanted.follow_up_structures, case.follow_up_structures)
        yield
        return CaseNodes(planning, follow_up, dose, drawn, later)

    def _series(self, utilities: Any, series_uid: str, subject: str) -> vtkMRMLScalarVolumeNode:
        added = self._adding(utilities.loadSeriesByUID, [series_uid])
        found = [node for node in added if node.IsA("vtkMRMLScalarVolumeNode") and not is_dose_volume(node)]
        return _only([node for node in found if _uids_of(node)[0] == series_uid], subject)

    def _object(self, utilities: Any, database: Any, uid: str, class_name: str, subject: str) -> vtkMRMLNode:
        added = self._adding(utilities.loadByInstanceUID, uid)
        found = [node for node in added if node.IsA(class_name)]
        if class_name == "vtkMRMLScalarVolumeNode":
            found = [node for node in found if is_dose_volume(node)]
        series_uid = database.seriesForFile(database.fileForInstance(uid))
        return _only([node for node in found if _is_of(node, uid, series_uid)], subject)

    def _structures(
        self, utilities: Any, database: Any, uid: str, structures: tuple[LoadedStructure, ...]
    ) -> vtkMRMLSegmentationNode | None:
        if not structures:
            return None
        return self._object(utilities, database, uid, "vtkMRMLSegmentationNode", "structure set")

    def _adding(self, load: Callable[..., Any], *arguments: Any) -> list[vtkMRMLNode]:
        """Run one step of the import and give the nodes it added; remembered even where it fails in the middle."""
        hierarchy = _hierarchy(self.scene)
        nodes_before, items_before = set(_node_ids(self.scene)), set(_items(hierarchy))
        try:
            load(*arguments)
        finally:
            added = [identifier for identifier in _node_ids(self.scene) if identifier not in nodes_before]
            self._nodes += added
            self._items += [item for item in _items(hierarchy) if item not in items_before]
        return [self.scene.GetNodeByID(identifier) for identifier in added]


def _require_loadable(case: LoadedCase) -> None:
    """Refuse where SlicerRT cannot give the same case."""
    missing = why_slicerrt_is_missing()
    if missing:
        raise MissingInputError(missing)
    if case.sources is None:
        raise MissingInputError("The case was not read from DICOM files")
    if not case.sources.dose:
        raise MissingInputError("The total dose was computed from stored doses, which SlicerRT would keep apart")


def _find_in_database(database: Any, sources: CaseSources) -> _Wanted:
    """The identifiers behind the marks of a case."""
    series = {mark_of(uid): uid for uid in _all_series(database)}
    named = {"planning CT": sources.planning_series, "follow-up CT": sources.follow_up_series}
    for subject, mark in named.items():
        if mark not in series:
            raise MissingInputError(f"Slicer's DICOM module did not find the series of the {subject}")
    others = [uid for mark, uid in series.items() if mark not in named.values()]
    files = [file for uid in others for file in database.filesForSeries(uid)]
    instances = {mark_of(uid): uid for uid in map(database.instanceForFile, files)}
    for subject, mark in {"dose": sources.dose, "structure set": sources.structures}.items():
        if mark and mark not in instances:
            raise MissingInputError(f"Slicer's DICOM module did not find the {subject}")
    objects = (sources.dose, sources.structures, sources.follow_up_structures)
    return _Wanted(*(series[mark] for mark in named.values()), *(instances.get(mark, "") for mark in objects))


def _all_series(database: Any) -> Iterator[str]:
    for patient in database.patients():
        for study in database.studiesForPatient(patient):
            yield from database.seriesForStudy(study)


def _only(nodes: list[vtkMRMLNode], subject: str) -> vtkMRMLNode:
    if len(nodes) != 1:
        many = f"{len(nodes)} nodes" if nodes else "nothing"
        raise MissingInputError(f"SlicerRT made {many} of the {subject}, expected one node")
    return nodes[0]


def _uids_of(node: vtkMRMLNode) -> tuple[str, list[str]]:
    """Series Instance UID and SOP Instance UIDs that a node came from, as its import stated them."""
    from slicer import vtkMRMLSubjectHierarchyConstants as Constants

    hierarchy = _hierarchy(node.GetScene())
    item = hierarchy.GetItemByDataNode(node)
    if not item:
        return "", (node.GetAttribute(INSTANCE_UIDS) or "").split()
    series_uid = hierarchy.GetItemUID(item, Constants.GetDICOMUIDName())
    instances = node.GetAttribute(INSTANCE_UIDS) or hierarchy.GetItemUID(item, Constants.GetDICOMInstanceUIDName())
    return series_uid, instances.split()


def _is_of(node: vtkMRMLNode, uid: str, series_uid: str) -> bool:
    """Whether a node came from an object. A second import of a series may leave the object unstated."""
    stated_series, instances = _uids_of(node)
    return uid in instances if instances else stated_series == series_uid


def _hierarchy(scene: vtkMRMLScene) -> Any:
    from slicer import vtkMRMLSubjectHierarchyNode

    return vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)


def _items(hierarchy: Any) -> list[int]:
    from vtkmodules.vtkCommonCore import vtkIdList

    items = vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    return [items.GetId(place) for place in range(items.GetNumberOfIds())]


def _node_ids(scene: vtkMRMLScene) -> list[str]:
    return [scene.GetNthNode(place).GetID() for place in range(scene.GetNumberOfNodes())]
