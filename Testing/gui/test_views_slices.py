"""The slice views show what is in the scene, at the right place, and follow mouse, wheel and scene."""

import numpy as np
import pytest
import slicer
from views_example import (
    BLUE,
    HIGH_HU,
    RED,
    SHAPE_KJI,
    SPACING_MM,
    add_segmentation,
    add_sphere,
    add_volume,
    box,
    color_at,
    half_and_half,
    pixel,
    shown,
    turn_wheel,
)

# Window 200, level 50: black at -50 HU, white at 150 HU.
GRAY_OF_0, GRAY_OF_100 = 64, 191
LEFT, RIGHT = (24.0, 4.0, 0.0), (-24.0, 4.0, 0.0)


@pytest.fixture
def ct(slicer_app):
    volume = add_volume(slicer_app.scene, half_and_half())
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    slicer.app.layoutManager().resetSliceViews()
    for name in slicer.app.layoutManager().sliceViewNames():
        slicer.app.layoutManager().sliceWidget(name).sliceLogic().SetSliceOffset(0.0)
    slicer_app.process_events()
    return volume


@pytest.fixture
def red(ct):
    return slicer.app.layoutManager().sliceWidget("Red").sliceView()


def gray_at(view, ras):
    red, green, blue = color_at(view, ras)
    assert red == green == blue
    return red


def test_a_voxel_has_the_gray_of_its_value_in_the_window(red):
    assert gray_at(red, RIGHT) == pytest.approx(GRAY_OF_0, abs=1)
    assert gray_at(red, LEFT) == pytest.approx(GRAY_OF_100, abs=1)


def test_outside_the_volume_the_view_is_black(red):
    assert gray_at(red, (0.0, 60.0, 0.0)) == 0


def test_patient_right_is_on_the_left_of_the_axial_slice(red):
    assert pixel(red, (30.0, 0.0, 0.0))[0] < pixel(red, (-30.0, 0.0, 0.0))[0]
    assert pixel(red, (0.0, 30.0, 0.0))[1] < pixel(red, (0.0, -30.0, 0.0))[1]


@pytest.mark.parametrize("name", ["Red", "Green", "Yellow"])
def test_every_slice_orientation_cuts_the_same_volume(ct, name):
    view = slicer.app.layoutManager().sliceWidget(name).sliceView()
    # A point of the plane that this view shows: 0 on the axis across it.
    point = [6.0, 6.0, 6.0]
    point[{"Red": 2, "Green": 1, "Yellow": 0}[name]] = 0.0
    assert gray_at(view, point) == pytest.approx(GRAY_OF_100, abs=1)


@pytest.mark.parametrize("opacity", [0.0, 0.3, 1.0])
def test_the_dose_in_front_is_mixed_by_its_opacity(slicer_app, ct, red, opacity):
    dose = add_volume(slicer_app.scene, np.full(SHAPE_KJI, 10.0), "Dose", window=20.0, level=10.0)
    slicer.util.setSliceViewerLayers(foreground=dose, foregroundOpacity=opacity)
    slicer_app.process_events()
    assert gray_at(red, LEFT) == pytest.approx((1 - opacity) * GRAY_OF_100 + opacity * 127.5, abs=2)


def test_a_segment_is_filled_and_outlined_where_it_is(slicer_app, ct, red):
    add_segmentation(slicer_app.scene, ct, {"Target": (box(), RED)})
    slicer_app.process_events()
    inside, outside = np.array(color_at(red, (8.0, 8.0, 0.0))), np.array(color_at(red, (30.0, 30.0, 0.0)))
    assert inside[0] > inside[1] + 40
    assert outside[0] == outside[1]
    # The outermost voxel's outer face lies half a voxel beyond its center.
    x, y = pixel(red, (17.0, 0.0, 0.0))
    border = shown(red)[y, x - 3 : x + 4].astype(int)
    assert (border[:, 0] - border[:, 1]).max() > 200


def test_a_hidden_segment_is_not_drawn(slicer_app, ct, red):
    segmentation = add_segmentation(slicer_app.scene, ct, {"Target": (box(), RED)})
    segmentation.GetDisplayNode().SetSegmentVisibility("Target", False)
    slicer_app.process_events()
    assert gray_at(red, (8.0, 8.0, 0.0)) == pytest.approx(GRAY_OF_100, abs=1)


def test_a_model_is_a_line_where_the_slice_cuts_it(slicer_app, ct, red):
    add_sphere(slicer_app.scene, 20.0, BLUE)
    slicer_app.process_events()
    line = color_at(red, (-20.0, 0.0, 0.0))
    assert line[2] > 200
    assert line[0] < 100
    assert gray_at(red, (-10.0, 0.0, 0.0)) == pytest.approx(GRAY_OF_0, abs=1)


def test_the_wheel_scrolls_by_one_slice(slicer_app, red):
    logic = slicer.app.layoutManager().sliceWidget("Red").sliceLogic()
    before = logic.GetSliceOffset()
    turn_wheel(red, 2)
    assert abs(logic.GetSliceOffset() - before) == pytest.approx(2 * SPACING_MM[2])
    turn_wheel(red, -2)
    assert logic.GetSliceOffset() == pytest.approx(before)


def test_scrolling_shows_the_other_slice(slicer_app, ct, red):
    array = slicer.util.arrayFromVolume(ct)
    array[SHAPE_KJI[0] // 2 + 1] = 150.0
    slicer.util.arrayFromVolumeModified(ct)
    slicer_app.process_events()
    assert gray_at(red, RIGHT) == pytest.approx(GRAY_OF_0, abs=1)
    slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(SPACING_MM[2])
    slicer_app.process_events()
    assert gray_at(red, RIGHT) >= 254


def test_the_bar_shows_and_moves_the_slice(slicer_app, red):
    widget = slicer.app.layoutManager().sliceWidget("Red")
    widget.sliceController().setSliceOffsetValue(6.0)
    assert widget.sliceLogic().GetSliceOffset() == 6.0
    slicer_app.process_events()
    assert widget.sliceController()._number.text == "S: 6.0 mm"


def test_slices_jump_to_a_point(slicer_app, red):
    node = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode()
    type(node).JumpAllSlices(slicer_app.scene, 4.0, 8.0, 12.0)
    manager = slicer.app.layoutManager()
    offsets = {name: manager.sliceWidget(name).sliceLogic().GetSliceOffset() for name in ("Red", "Green", "Yellow")}
    # The sagittal offset grows to the left, against the R of RAS.
    assert offsets == {"Red": 12.0, "Green": 8.0, "Yellow": -4.0}
    assert manager.sliceWidget("Yellow").sliceController()._number.prefix == "L: "


def test_many_changes_in_one_turn_of_the_event_loop_are_drawn_once(slicer_app, red):
    red.grab()
    before = len(red._render_ms)
    for offset in range(20):
        slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(float(offset))
    slicer_app.process_events()
    assert len(red._render_ms) == before + 1


@pytest.fixture
def all_stale(slicer_app, red):
    """The three slice views, drawn, and then all asking to be drawn again."""
    names = ("Red", "Green", "Yellow")
    views = [slicer.app.layoutManager().sliceWidget(name).sliceView() for name in names]
    for view in views:
        view.grab()
    slicer_app.process_events()
    for view in views:
        view._render_ms.clear()
    for name in names:
        slicer.app.layoutManager().sliceWidget(name).sliceLogic().SetSliceOffset(6.0)
    return views


def test_at_most_one_view_is_drawn_per_turn_of_the_event_loop(slicer_app, all_stale):
    counts = [0]
    for _turn in range(10):
        slicer_app.app.processEvents()
        counts.append(sum(len(view._render_ms) for view in all_stale))
    assert counts[-1] == len(all_stale)
    assert max(np.diff(counts)) == 1
    slicer_app.process_events()
    assert [len(view._render_ms) for view in all_stale] == [1, 1, 1]


def test_nothing_is_drawn_while_the_application_pauses_it(slicer_app, all_stale):
    with slicer.util.RenderBlocker():
        slicer_app.process_events(0.05)
        assert [view._render_ms for view in all_stale] == [[], [], []]
    slicer_app.process_events()
    assert [len(view._render_ms) for view in all_stale] == [1, 1, 1]


def test_a_hidden_view_is_drawn_when_it_is_shown(slicer_app, all_stale):
    red = all_stale[0]
    red.hide()
    slicer_app.process_events(0.05)
    assert red._render_ms == []
    red.show()
    slicer_app.process_events(0.05)
    assert len(red._render_ms) == 1


def test_drawing_a_slice_takes_milliseconds(slicer_app, red, record_property):
    red.grab()
    red._render_ms.clear()
    for offset in range(10):
        slicer.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(float(offset))
        red.grab()
    median = float(np.median(red._render_ms))
    record_property("ms_per_slice", median)
    print(f"{median:.0f} ms per slice of {red.width} × {red.height} pixels")
    assert median < 500


def test_closing_the_scene_empties_the_views_and_loading_fills_them(slicer_app, ct, red, tmp_path):
    slicer_app.save_scene(tmp_path / "scene.mrb")
    slicer_app.close_scene()
    assert gray_at(red, LEFT) == 0
    slicer_app.load_scene(tmp_path / "scene.mrb")
    slicer.app.layoutManager().resetSliceViews()
    slicer_app.process_events()
    assert gray_at(red, LEFT) == pytest.approx(GRAY_OF_100, abs=1)
    assert slicer.app.layoutManager().sliceWidget("Red").mrmlSliceNode().GetOrientation() == "Axial"
    assert slicer.util.arrayFromVolume(slicer.util.getNode("CT")).max() == HIGH_HU


def test_segments_and_models_are_drawn_in_a_loaded_scene(slicer_app, ct, red, tmp_path):
    add_segmentation(slicer_app.scene, ct, {"Target": (box(), RED)})
    add_sphere(slicer_app.scene, 20.0, BLUE)
    slicer_app.process_events()
    before = shown(red)
    slicer_app.save_scene(tmp_path / "scene.mrb")
    slicer_app.close_scene()
    slicer_app.load_scene(tmp_path / "scene.mrb")
    assert color_at(red, (8.0, 8.0, 0.0))[0] > color_at(red, (8.0, 8.0, 0.0))[1] + 40
    assert np.abs(shown(red).astype(int) - before).mean() < 1
