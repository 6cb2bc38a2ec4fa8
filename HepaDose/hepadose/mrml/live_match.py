"""The isodose match that follows the editor: prepared once per dose and liver, then read anew at each brush stroke.

Everything is cut to the liver's surroundings. What an edit of the reaction leaves as it was (dose, liver, bands of all
isodoses) is never computed again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hepadose.errors import EmptyRegionError, HepaDoseError
from hepadose.findings import Finding
from hepadose.flr.analysis import FlrAnalysis
from hepadose.flr.result import BestLevel, DoseContext, FlrImages, FlrResult, LevelCurve, RegistrationSummary
from hepadose.flr.settings import FlrSettings
from hepadose.images import Image, bounding_box, resample
from hepadose.mrml.dose import dose_banner_of, fractions_of, volume_node_to_dose
from hepadose.mrml.flr_input import dose_findings
from hepadose.mrml.images import numpy_matrix, volume_node_to_image, vtk_matrix
from hepadose.mrml.labelmaps import stored_voxels
from hepadose.mrml.segmentation import require_segment, segment_to_mask
from hepadose.provenance import SegmentationOrigin

if TYPE_CHECKING:
    from slicer import vtkMRMLScalarVolumeNode, vtkMRMLScene, vtkMRMLSegmentationNode

MARGIN_MM = 30.0
"""What is kept around the liver: enough for figures and for what is drawn beyond the capsule."""


class LiveMatch:
    """One dose in one liver on one follow-up CT, following the reaction as it is edited.

    Parameters
    ----------
    scene : vtkMRMLScene
        Holds the nodes.
    follow_up_volume : vtkMRMLScalarVolumeNode
        Follow-up CT in HU; its grid is the grid of the analysis.
    dose_volume : vtkMRMLScalarVolumeNode
        Total physical dose in Gy that lies on the follow-up CT; sampled linearly, once.
    segmentation : vtkMRMLSegmentationNode
        Holds liver and reaction.
    liver_segment_id, reaction_segment_id : str
        Ids or names of the segments.
    settings : FlrSettings
        Quantity, levels and band; assign new ones and :attr:`stale` says that the match must be prepared anew.
    fractions : int, optional
        Number of equal fractions; needed for EQD2 and BED.
    registration : RegistrationSummary
        How the dose came onto the follow-up CT, with its error in mm.
    liver_origin : SegmentationOrigin
        Where the liver came from.
    findings : sequence of Finding
        What was found before; kept in the result.
    planning_volume : vtkMRMLScalarVolumeNode, optional
        Planning CT that lies on the follow-up CT; shown in the report.

    Raises
    ------
    HepaDoseError
        Whatever is missing or does not fit together, in words.
    """

    def __init__(
        self,
        scene: vtkMRMLScene,
        follow_up_volume: vtkMRMLScalarVolumeNode,
        dose_volume: vtkMRMLScalarVolumeNode,
        segmentation: vtkMRMLSegmentationNode,
        liver_segment_id: str,
        reaction_segment_id: str,
        settings: FlrSettings,
        *,
        fractions: int | None,
        registration: RegistrationSummary,
        liver_origin: SegmentationOrigin,
        findings: Sequence[Finding] = (),
        planning_volume: vtkMRMLScalarVolumeNode | None = None,
    ) -> None:
        self.scene, self.settings, self.fractions, self.registration = scene, settings, fractions, registration
        self.liver_origin, self.findings = liver_origin, tuple(findings)
        self._volumes = {"follow-up CT": follow_up_volume, "dose": dose_volume, "planning CT": planning_volume}
        self._segmentation = segmentation
        self._liver_id = require_segment(segmentation, liver_segment_id)
        self._reaction_id = require_segment(segmentation, reaction_segment_id)
        self.curve: LevelCurve | None = None
        """The last good curve."""
        self.problem: HepaDoseError | None = None
        """Why :attr:`curve` does not describe the reaction as it is now; None where it does."""
        self._best: BestLevel | None = None
        self._reaction: np.ndarray | None = None
        self._prepare()

    @property
    def nodes(self) -> tuple[object, ...]:
        """What is matched: follow-up CT, dose, planning CT, segmentation, and the ids of liver and reaction."""
        return (*self._volumes.values(), self._segmentation, self._liver_id, self._reaction_id)

    @property
    def is_current(self) -> bool:
        """Whether the last curve belongs to the reaction that was read last."""
        return self.curve is not None and self.problem is None

    def _prepare(self) -> None:
        follow_up = volume_node_to_image(self._volumes["follow-up CT"], "follow-up CT")
        liver = segment_to_mask(self._segmentation, self._liver_id, follow_up)
        margin = tuple(int(np.ceil(MARGIN_MM / spacing)) for spacing in follow_up.spacing_kji_mm)
        box = bounding_box(liver.array, margin)
        if box is None:
            raise EmptyRegionError("The liver segment is empty on the follow-up CT; choose or draw the liver first.")
        self._follow_up, self._liver = _copy_of(follow_up, box), _copy_of(liver, box)
        dose = volume_node_to_dose(self._volumes["dose"])
        self._dose_findings = dose_findings(self._volumes["dose"], dose)
        self._dose = _copy_of(dose, box) if dose.same_grid_as(follow_up) else self._sampled(dose, float("nan"))
        self._planning = self._planning_on_grid()
        # A banner that speaks of other fractions than those of the match would contradict its result.
        same_parts = self.fractions == fractions_of(self._volumes["dose"])
        banner = dose_banner_of(self._volumes["dose"]) if same_parts else ""
        self._analysis = FlrAnalysis(self._dose, self._liver, self.settings, fractions=self.fractions, banner=banner)
        self._state_whole_maximum(float(np.nanmax(dose.array)), banner)
        self._prepared_for = (self.settings, self.fractions)
        self._volume_states = {name: _volume_state(node) for name, node in self._volumes.items()}
        self._liver_voxels, self._liver_state = self._liver_count(), self._liver_modified()

    def _sampled(self, image: Image, outside: float) -> Image:
        return resample(image, self._follow_up, outside=outside)

    def _planning_on_grid(self) -> Image | None:
        node = self._volumes["planning CT"]
        return None if node is None else self._sampled(volume_node_to_image(node, "planning CT"), -1000.0)

    def _state_whole_maximum(self, maximum_gy: float, banner: str) -> None:
        """The largest dose is that of the whole distribution, not of the liver's surroundings."""
        context = dataclasses.replace(self._analysis.context, maximum_gy=maximum_gy)
        if not banner:
            part = f" in {self.fractions} fractions" if self.fractions else ", fractions unknown"
            context = dataclasses.replace(context, banner=f"maximum {maximum_gy:.1f} Gy{part}, physical dose")
        self._analysis.context = context

    def update(self) -> LevelCurve:
        """Read the reaction and compare it with every level.

        Returns
        -------
        LevelCurve

        Raises
        ------
        HepaDoseError
            If there is no curve for the reaction as it is; :attr:`curve` stays the last good one and
            :attr:`problem` says why it is out of date.
        """
        try:
            reaction = self.read_reaction()
            self._analysis.require_boundary(reaction)
            curve = self._analysis.curve(reaction)
        except HepaDoseError as problem:
            self.problem, self._best = problem, None
            raise
        self._reaction, self.curve, self.problem, self._best = reaction, curve, None, None
        return curve

    def read_reaction(self) -> np.ndarray:
        """The reaction segment as a boolean array [k, j, i] on the analysis grid, as it is now."""
        return segment_to_mask(self._segmentation, self._reaction_id, self._dose).array

    def best(self) -> BestLevel:
        """The best level of the last curve with its interval; takes longer than a curve, and is kept until an edit.

        Raises
        ------
        HepaDoseError
            If there is no up-to-date curve or no level comes near the reaction.
        """
        if self._best is None:
            self._best = self._analysis.best(self._current_reaction(), self.registration)
        return self._best

    def _current_reaction(self) -> np.ndarray:
        if self.problem is not None:
            raise self.problem
        if self._reaction is None:
            self.update()
        return self._reaction

    def result(self, reaction_origin: SegmentationOrigin) -> FlrResult:
        """The complete answer for the reaction as read last.

        Raises
        ------
        HepaDoseError
            As :meth:`best`.
        """
        result = self._analysis.result(
            self._dose.with_array(self._current_reaction()),
            reaction_origin=reaction_origin,
            liver_origin=self.liver_origin,
            registration=self.registration,
            findings=(*self.findings, *self._dose_findings),
        )
        self._best = result.best
        return result

    @property
    def dose_gy(self) -> Image:
        """Physical dose in Gy around the liver, on the grid of the analysis."""
        return self._dose

    @property
    def liver(self) -> Image:
        """The liver as it was when the match was prepared, on the grid of the analysis."""
        return self._liver

    @property
    def known_best_gy(self) -> float | None:
        """The best level of the last curve where it was computed already."""
        return None if self._best is None else self._best.refined_gy

    @property
    def context(self) -> DoseContext:
        """What a level means here: quantity, fractions and alpha/beta."""
        return self._analysis.context

    @property
    def images(self) -> FlrImages:
        """The images of the analysis around the liver, for the report.

        Raises
        ------
        HepaDoseError
            If there is no up-to-date reaction.
        """
        return FlrImages(
            follow_up_ct=self._follow_up,
            dose_gy=self._dose,
            liver=self._liver,
            reaction=self._dose.with_array(self._current_reaction()),
            planning_ct=self._planning,
        )

    @property
    def stale(self) -> str:
        """Why the match must be prepared anew, in words; empty while dose, liver and settings are the same."""
        if (self.settings, self.fractions) != self._prepared_for:
            return "The settings changed."
        for name, node in self._volumes.items():
            if _volume_state(node) != self._volume_states[name]:
                return f"The {name} changed."
        return "The liver changed." if self._liver_changed() else ""

    def _liver_modified(self) -> tuple[int, object]:
        """Cheap to compare; changes with every edit of the liver, and of segments that share its labelmap."""
        voxels = stored_voxels(self._segmentation, self._liver_id)
        return (0 if voxels is None else voxels.modified, self._segmentation.GetParentTransformNode())

    def _liver_count(self) -> int:
        voxels = stored_voxels(self._segmentation, self._liver_id)
        return 0 if voxels is None else voxels.voxel_count()

    def _liver_changed(self) -> bool:
        """Whether any voxel of the liver differs; looked at only where its labelmap was touched."""
        if self._segmentation.GetSegmentation().GetSegment(self._liver_id) is None:
            return True
        state = self._liver_modified()
        if state == self._liver_state:
            return False
        if state[1] is not None or self._liver_count() != self._liver_voxels:
            return True
        now = segment_to_mask(self._segmentation, self._liver_id, self._liver).array
        if not np.array_equal(now, self._liver.array):
            return True
        self._liver_state = state
        return False


def _copy_of(image: Image, box: tuple[slice, slice, slice]) -> Image:
    """A part of an image that does not keep the whole in memory."""
    part = image.cropped(box)
    return part.with_array(part.array.copy())


def _volume_state(node: vtkMRMLScalarVolumeNode | None) -> tuple[object, ...]:
    """What changes when a volume's voxels or place change; display settings do not count."""
    if node is None or node.GetImageData() is None:
        return (None,)
    matrix = vtk_matrix()
    node.GetIJKToRASMatrix(matrix)
    return (node.GetImageData().GetMTime(), numpy_matrix(matrix).tobytes(), node.GetParentTransformNode())
