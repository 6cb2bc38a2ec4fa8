"""The Segment Editor's widget edits segments by real mouse and keys, with the real effects."""

import numpy as np
import pytest
import slicer
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from views_example import (
    BLUE,
    RED,
    SHAPE_KJI,
    add_segmentation,
    add_volume,
    box,
    color_at,
    drag,
    half_and_half,
    segment_array,
)

MIDDLE_KJI = tuple(size // 2 for size in SHAPE_KJI)
DIAMETER_MM = 14
# A brush of 3.5 voxels' radius; as the polygon of 32 sides that the effect draws it covers the same voxel centers.
RADIUS_VOXELS = 3.5


class Bench:
    """One editor on one segmentation, as a panel embeds it."""

    def __init__(self, slicer_app):
        self.app = slicer_app
        self.scene = slicer_app.scene
        self.volume = add_volume(self.scene, half_and_half())
        masks = {"Target": (np.zeros(SHAPE_KJI, np.uint8), RED), "Other": (box(10.0, 30.0), BLUE)}
        self.segmentation = add_segmentation(self.scene, self.volume, masks)
        slicer.util.setSliceViewerLayers(background=self.volume, fit=True)
        slicer.app.layoutManager().resetSliceViews()
        slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(0.0)
        self.node = self.scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.setMRMLScene(self.scene)
        self.editor.setMRMLSegmentEditorNode(self.node)
        self.editor.setSegmentationNode(self.segmentation)
        self.editor.setSourceVolumeNode(self.volume)
        slicer_app.window.show_panel("", self.editor)
        slicer_app.process_events()

    @property
    def red(self):
        return slicer.app.layoutManager().sliceWidget("Red").sliceView()

    def mask(self, segment_id="Target"):
        return segment_array(self.segmentation, segment_id, self.volume)

    def start(self, effect):
        self.editor.setActiveEffectByName(effect)
        if effect in ("Paint", "Erase"):
            self.editor.activeEffect().setCommonParameter("BrushAbsoluteDiameter", DIAMETER_MM)
        self.app.process_events()

    def click(self, name):
        button = next(each for each in buttons(self.editor) if name in (each.objectName, each.text))
        assert button.enabled, f"{name} is disabled"
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        self.app.process_events()


def buttons(widget):
    import qt

    return widget.findChildren(qt.QToolButton) + widget.findChildren(qt.QPushButton)


@pytest.fixture
def bench(slicer_app):
    bench = Bench(slicer_app)
    yield bench
    bench.editor.setMRMLSegmentEditorNode(None)
    slicer_app.window.show_panel("", None)
    bench.editor.deleteLater()
    slicer_app.process_events()


def disk(center_kji=MIDDLE_KJI):
    """The voxels under the brush at a voxel of the slice."""
    k, j, i = np.indices(SHAPE_KJI)
    distance = np.hypot(j - center_kji[1], i - center_kji[2])
    return ((k == center_kji[0]) & (distance <= RADIUS_VOXELS)).astype(np.uint8)


def test_a_click_paints_exactly_the_voxels_under_the_brush(bench):
    bench.start("Paint")
    drag(bench.red, [(0.0, 0.0, 0.0)])
    np.testing.assert_array_equal(bench.mask(), disk())


def test_a_stroke_paints_along_its_way_in_one_slice(bench):
    bench.start("Paint")
    drag(bench.red, [(-16.0, 0.0, 0.0), (-8.0, 0.0, 0.0), (0.0, 0.0, 0.0)])
    painted = bench.mask()
    ends = disk() | disk((MIDDLE_KJI[0], MIDDLE_KJI[1], MIDDLE_KJI[2] - 8))
    assert (painted >= ends).all()
    assert set(np.argwhere(painted)[:, 0]) == {MIDDLE_KJI[0]}
    assert painted[MIDDLE_KJI[0], MIDDLE_KJI[1]].sum() == 8 + 2 * int(RADIUS_VOXELS) + 1


def test_what_was_painted_is_shown_in_its_color(bench):
    before = color_at(bench.red, (-4.0, 0.0, 0.0))
    bench.start("Paint")
    drag(bench.red, [(-4.0, 0.0, 0.0)])
    bench.start("")
    after = color_at(bench.red, (-4.0, 0.0, 0.0))
    assert before[0] == before[1]
    assert after[0] > after[1] + 60


def test_a_stroke_fires_the_segmentation_s_events(bench):
    heard = []
    segmentation = slicer.vtkSegmentation
    for event in (segmentation.SourceRepresentationModified, segmentation.SegmentModified):
        bench.segmentation.GetSegmentation().AddObserver(event, lambda _caller, name: heard.append(name))
    through_node = []
    bench.segmentation.AddObserver(segmentation.SourceRepresentationModified, lambda *_: through_node.append(1))
    bench.start("Paint")
    drag(bench.red, [(0.0, 0.0, 0.0)])
    assert len(heard) >= 2
    assert through_node


def test_the_eraser_removes_exactly_the_voxels_under_the_brush(bench):
    slicer.util.updateSegmentBinaryLabelmapFromArray(box(), bench.segmentation, "Target", bench.volume)
    bench.start("Erase")
    drag(bench.red, [(0.0, 0.0, 0.0)])
    np.testing.assert_array_equal(bench.mask(), box() & ~disk() & 1)


def test_a_sphere_brush_paints_in_neighboring_slices(bench):
    bench.start("Paint")
    bench.editor.activeEffect().setCommonParameter("BrushSphere", 1)
    drag(bench.red, [(0.0, 0.0, 0.0)])
    assert set(np.argwhere(bench.mask())[:, 0]) == {MIDDLE_KJI[0] + step for step in (-2, -1, 0, 1, 2)}


@pytest.mark.parametrize(("mode", "left_of_other"), [("OverwriteAllSegments", 0), ("OverwriteNone", 1)])
def test_the_overwrite_mode_says_whether_other_segments_lose(bench, mode, left_of_other):
    bench.node.SetOverwriteMode(getattr(bench.node, mode))
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(21.0)
    bench.start("Paint")
    drag(bench.red, [(20.0, 20.0, 21.0)])
    k, j, i = (round((place - start) / step) for place, start, step in ((21, -30, 3), (20, -40, 2), (20, -40, 2)))
    assert bench.mask()[k, j, i] == 1
    assert bench.mask("Other")[k, j, i] == left_of_other


def test_undo_and_redo_go_back_and_forth(bench):
    bench.start("Paint")
    drag(bench.red, [(0.0, 0.0, 0.0)])
    drag(bench.red, [(-20.0, -20.0, 0.0)])
    both = bench.mask()
    bench.click("UndoButton")
    np.testing.assert_array_equal(bench.mask(), disk())
    bench.click("UndoButton")
    assert bench.mask().sum() == 0
    bench.click("RedoButton")
    bench.click("RedoButton")
    np.testing.assert_array_equal(bench.mask(), both)


def test_only_so_many_states_are_kept_for_undo(bench):
    bench.editor.maximumNumberOfUndoStates = 2
    bench.start("Paint")
    for place in (-20.0, -10.0, 0.0, 10.0):
        drag(bench.red, [(place, -20.0, 0.0)])
    for _undo in range(4):
        bench.editor.undo()
    assert bench.mask().sum() > 0


def test_keys_undo_and_choose_effects_until_they_are_uninstalled(bench):
    window = slicer.util.mainWindow()
    window.activateWindow()
    bench.editor.installKeyboardShortcuts()
    bench.app.process_events()
    QTest.keyClick(bench.red, Qt.Key.Key_2)
    assert bench.editor.activeEffect().name == "Paint"
    bench.start("Paint")
    drag(bench.red, [(0.0, 0.0, 0.0)])
    QTest.keyClick(bench.red, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert bench.mask().sum() == 0
    QTest.keyClick(bench.red, Qt.Key.Key_Space)
    assert bench.editor.activeEffect() is None
    bench.editor.uninstallKeyboardShortcuts()
    QTest.keyClick(bench.red, Qt.Key.Key_2)
    assert bench.editor.activeEffect() is None


def test_the_threshold_takes_the_voxels_in_the_range(bench):
    bench.start("Threshold")
    effect = bench.editor.activeEffect()
    effect.setParameter("MinimumThreshold", 50)
    effect.setParameter("MaximumThreshold", 150)
    bench.node.SetOverwriteMode(bench.node.OverwriteNone)
    bench.click("Apply")
    np.testing.assert_array_equal(bench.mask(), (half_and_half() >= 50).astype(np.uint8))


def test_scissors_erase_what_the_outline_holds_through_all_slices(bench):
    slicer.util.updateSegmentBinaryLabelmapFromArray(box(), bench.segmentation, "Target", bench.volume)
    bench.start("Scissors")
    outline = [(-25.0, -25.0, 0.0), (-1.0, -25.0, 0.0), (-1.0, 25.0, 0.0), (-25.0, 25.0, 0.0), (-25.0, -25.0, 0.0)]
    drag(bench.red, outline)
    left = np.zeros(SHAPE_KJI, np.uint8)
    left[:, :, SHAPE_KJI[2] // 2 :] = 1
    np.testing.assert_array_equal(bench.mask(), box() & left)


def test_the_largest_island_is_kept(bench):
    slicer.util.updateSegmentBinaryLabelmapFromArray(
        box() | disk((MIDDLE_KJI[0], 4, 4)), bench.segmentation, "Target", bench.volume
    )
    bench.start("Islands")
    bench.click("Apply")
    np.testing.assert_array_equal(bench.mask(), box())


def test_smoothing_by_a_median_takes_single_voxels_away(bench):
    mask = box()
    mask[MIDDLE_KJI[0], 3, 3] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, bench.segmentation, "Target", bench.volume)
    bench.start("Smoothing")
    bench.editor.activeEffect().setParameter("KernelSizeMm", 6)
    bench.click("Apply")
    assert bench.mask()[MIDDLE_KJI[0], 3, 3] == 0
    assert bench.mask()[MIDDLE_KJI] == 1


def test_another_segment_is_added(bench):
    bench.start("Logical operators")
    effect = bench.editor.activeEffect()
    effect.setParameter("Operation", "UNION")
    effect.setParameter("ModifierSegmentID", "Other")
    bench.click("Apply")
    np.testing.assert_array_equal(bench.mask(), box(10.0, 30.0))


def test_a_one_click_effect_can_be_undone(bench):
    bench.node.SetOverwriteMode(bench.node.OverwriteNone)
    bench.start("Threshold")
    bench.click("Apply")
    assert bench.mask().sum() > 0
    bench.editor.undo()
    assert bench.mask().sum() == 0


def test_segments_are_added_and_removed_by_their_buttons(bench):
    bench.click("+ Add")
    ids = bench.segmentation.GetSegmentation().GetSegmentIDs()
    assert len(ids) == 3
    assert bench.editor.currentSegmentID() == ids[2]
    bench.click("− Remove")
    assert bench.segmentation.GetSegmentation().GetSegmentIDs() == ("Target", "Other")
    assert bench.editor.currentSegmentID() == "Other"


def test_the_eye_hides_and_shows_a_segment(bench):
    table = bench.editor._face.table
    place = table.visualItemRect(table.item(1, 0)).center()
    display = bench.segmentation.GetDisplayNode()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert not display.GetSegmentVisibility("Other")
    place = table.visualItemRect(table.item(1, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert display.GetSegmentVisibility("Other")


def test_the_surface_in_3d_follows_the_strokes(bench):
    bench.click("Show 3D")
    bench.start("Paint")
    drag(bench.red, [(0.0, 0.0, 0.0)])
    surface = slicer.vtkSegmentationConverter.GetSegmentationClosedSurfaceRepresentationName()
    polygons = bench.segmentation.GetSegmentation().GetSegment("Target").GetRepresentation(surface)
    assert polygons.GetBounds()[:2] == pytest.approx((-7.0, 7.0), abs=2.0)
    bench.click("Show 3D")
    assert bench.segmentation.GetSegmentation().GetSegment("Target").GetRepresentation(surface) is None


def test_choosing_a_segment_tells_its_id(bench):
    heard = []
    bench.editor.connect("currentSegmentIDChanged(QString)", lambda segment_id: heard.append(segment_id))
    bench.editor.setCurrentSegmentID("Other")
    assert heard == ["Other"]
    bench.start("Erase")
    drag(bench.red, [(20.0, 20.0, 0.0)])
    assert bench.mask("Target").sum() == 0


def test_parts_hide_by_their_properties(bench):
    editor = bench.editor
    parts = {
        "segmentationNodeSelectorVisible": "segmentation_row",
        "sourceVolumeNodeSelectorVisible": "volume_row",
        "addRemoveSegmentButtonsVisible": "add_remove",
        "undoEnabled": "undo_row",
    }
    for name, part in parts.items():
        assert editor._face.part(part).isVisible()
        setattr(editor, name, False)
        assert not editor._face.part(part).isVisible()


def test_what_cannot_be_edited_has_no_effects(bench):
    bench.editor.readOnly = True
    assert not any(each.enabled for each in buttons(bench.editor) if each.objectName == "Paint")
    bench.editor.readOnly = False
    bench.editor.setSourceVolumeNode(None)
    assert not any(each.enabled for each in buttons(bench.editor) if each.objectName == "Paint")


def test_an_effect_that_slicer_lacks_is_refused(bench):
    with pytest.raises(ValueError, match="Brush"):
        bench.editor.setActiveEffectByName("Brush")
    with pytest.raises(NotImplementedError, match="Margin"):
        bench.editor.setActiveEffectByName("Margin")
    assert bench.editor.activeEffect() is None


def test_a_name_that_the_real_editor_lacks_is_refused(bench):
    with pytest.raises(AttributeError, match="segmentsTable"):
        _ = bench.editor.segmentsTable
    with pytest.raises(ValueError, match="segmentChanged"):
        bench.editor.connect("segmentChanged(QString)", print)


def test_closing_the_scene_lets_go_of_everything(bench):
    bench.start("Paint")
    bench.app.close_scene()
    assert bench.editor.segmentationNode() is None
    assert bench.editor.activeEffect() is None
    assert bench.editor.currentSegmentID() == ""
    drag(bench.red, [(0.0, 0.0, 0.0)])
    assert bench.scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0


def test_the_segments_of_a_loaded_scene_are_listed(bench, slicer_app, tmp_path):
    bench.node.SetSingletonTag("Panel")
    # In the file the editor's node comes before the segments.
    later = add_segmentation(bench.scene, bench.volume, {"Later": (box(), RED)})
    later.SetName("Later")
    bench.editor.setSegmentationNode(later)
    slicer_app.save_scene(tmp_path / "scene.mrb")

    def wait_for_a_scene(*_):
        node = slicer.vtkMRMLSegmentEditorNode()
        node.SetSingletonTag("Panel")
        bench.editor.setMRMLSegmentEditorNode(bench.scene.AddNode(node))

    observation = bench.scene.AddObserver(slicer.vtkMRMLScene.EndCloseEvent, wait_for_a_scene)
    slicer_app.load_scene(tmp_path / "scene.mrb")
    bench.scene.RemoveObserver(observation)
    assert bench.editor.segmentationNode() is slicer.util.getNode("Later")
    assert bench.editor._face.table.rowCount == 1
    assert bench.editor._face._buttons["Paint"].enabled


def test_a_deleted_editor_does_not_hear_the_scene_any_more(bench, slicer_app):
    editor = slicer.qMRMLSegmentEditorWidget()
    editor.setMRMLScene(bench.scene)
    editor.setMRMLSegmentEditorNode(bench.scene.AddNewNodeByClass("vtkMRMLSegmentEditorNode"))
    editor.setSegmentationNode(bench.segmentation)
    editor.delete()
    bench.segmentation.GetSegmentation().GetSegment("Target").SetName("Renamed")
    slicer_app.close_scene()
    assert slicer_app.errors == []
