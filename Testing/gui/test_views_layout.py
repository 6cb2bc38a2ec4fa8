"""Layouts have Slicer's numbers; the 3-D, plot and table views show their nodes."""

import numpy as np
import pytest
import slicer
from PySide6.QtCore import Qt
from views_example import BLUE, RED, add_segmentation, add_sphere, add_volume, box, half_and_half, shown

FOUR_UP, FOUR_UP_TABLE, FOUR_UP_PLOT, ONE_UP_RED, FOUR_UP_PLOT_TABLE = 3, 34, 37, 6, 38


@pytest.fixture
def manager(slicer_app):
    yield slicer.app.layoutManager()
    slicer.app.layoutManager().setLayout(FOUR_UP)
    slicer_app.process_events()


def visible_views(manager):
    names = [name for name in manager.sliceViewNames() if manager.sliceWidget(name).isVisible()]
    others = (manager.threeDWidget(0), manager.plotWidget(0), manager.tableWidget(0))
    return names, [type(each).__name__ for each in others if each is not None and each.isVisible()]


@pytest.mark.parametrize(
    ("number", "slices", "others"),
    [
        (FOUR_UP, ["Red", "Green", "Yellow"], ["qMRMLThreeDWidget"]),
        (FOUR_UP_PLOT, ["Red", "Green", "Yellow"], ["qMRMLPlotWidget"]),
        (FOUR_UP_TABLE, ["Red", "Green", "Yellow"], ["qMRMLThreeDWidget", "qMRMLTableWidget"]),
        (FOUR_UP_PLOT_TABLE, ["Red", "Green", "Yellow"], ["qMRMLPlotWidget", "qMRMLTableWidget"]),
        (ONE_UP_RED, ["Red"], []),
    ],
)
def test_a_layout_shows_exactly_its_views(slicer_app, manager, number, slices, others):
    manager.setLayout(number)
    slicer_app.process_events()
    assert manager.layout == number
    shown_slices, shown_others = visible_views(manager)
    assert sorted(shown_slices) == sorted(slices)
    assert shown_others == others


@pytest.mark.parametrize("number", [41, 98, 1234])
def test_a_number_without_layout_is_refused(manager, number):
    with pytest.raises(ValueError, match=str(number)):
        manager.setLayout(number)
    assert manager.layout == FOUR_UP


def test_the_layout_property_can_be_written_as_in_slicer(slicer_app, manager):
    heard = []
    manager.connect("layoutChanged(int)", heard.append)
    manager.layout = ONE_UP_RED
    assert heard == [ONE_UP_RED]
    manager.disconnect("layoutChanged(int)", heard.append)


def test_a_segment_is_a_surface_in_3d(slicer_app, manager):
    volume = add_volume(slicer_app.scene, half_and_half())
    segmentation = add_segmentation(slicer_app.scene, volume, {"Target": (box(), RED)})
    view = manager.threeDWidget(0).threeDView()
    before = shown(view).astype(int)
    segmentation.CreateClosedSurfaceRepresentation()
    manager.resetThreeDViews()
    slicer_app.process_events()
    after = shown(view).astype(int)
    middle = after[view.height // 2, view.width // 2]
    assert middle[0] > 100
    assert middle[0] > 3 * max(middle[1], middle[2])
    untouched = before[view.height // 2, view.width // 2]
    assert untouched[0] <= untouched[2]


ORANGE = (1.0, 0.7, 0.0)


def without_box(manager):
    """The 3-D view with nothing but the scene's objects."""
    manager.threeDWidget(0).mrmlViewNode().SetBoxVisible(False)
    manager.threeDWidget(0).mrmlViewNode().SetAxisLabelsVisible(False)
    return manager.threeDWidget(0).threeDView()


def test_a_translucent_surface_tints_what_is_behind_it(slicer_app, manager):
    view = without_box(manager)
    empty = shown(view).astype(int)
    add_sphere(slicer_app.scene, 20.0, BLUE)
    outer = add_sphere(slicer_app.scene, 40.0, ORANGE)
    outer.GetDisplayNode().SetOpacity(0.35)
    manager.resetThreeDViews()
    slicer_app.process_events()
    pixels, y, x = shown(view).astype(int), view.height // 2, view.width // 2
    # The front of the outer sphere, lit from the eye, in front of the inner one.
    assert pixels[y, x] == pytest.approx(np.array([0.35 * 255, 0.35 * 0.7 * 255, 0.65 * 255]), abs=12)
    beside = pixels[y, x + 62] - empty[y, x + 62]
    assert beside[0] > 15
    assert beside[2] < -60


def test_resetting_the_3d_view_frames_what_is_visible(slicer_app, manager):
    view = without_box(manager)
    add_sphere(slicer_app.scene, 20.0, BLUE, center=(100.0, 0.0, -500.0))
    add_sphere(slicer_app.scene, 300.0, ORANGE).GetDisplayNode().SetVisibility(False)
    empty = shown(view)
    manager.resetThreeDViews()
    slicer_app.process_events()
    rows, columns = np.nonzero((shown(view) != empty).any(axis=2))
    # The camera stands where the box around the sphere, whose corner is the root of 3 farther than its face, fits in.
    assert np.ptp(rows) == pytest.approx(view.height / np.sqrt(3.0), rel=0.05)
    assert (rows.min() + rows.max()) / 2 == pytest.approx(view.height / 2, abs=2)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(view.width / 2, abs=2)


def test_a_visible_box_is_framed_with_the_volumes_it_encloses(slicer_app, manager):
    add_volume(slicer_app.scene, half_and_half())
    manager.resetThreeDViews()
    slicer_app.process_events()
    camera = manager.threeDWidget(0).threeDView().cameraNode()
    distance = np.linalg.norm(np.array(camera.GetPosition()) - camera.GetFocalPoint())
    half_diagonal = np.linalg.norm([41.0, 41.0, 31.5])
    assert distance > half_diagonal / np.sin(np.radians(camera.GetViewAngle() / 2))


def test_the_slice_appears_in_3d_when_asked_for(slicer_app, manager):
    volume = add_volume(slicer_app.scene, half_and_half())
    slicer.util.setSliceViewerLayers(background=volume, fit=True)
    manager.resetSliceViews()
    manager.resetThreeDViews()
    before = shown(manager.threeDWidget(0).threeDView())
    manager.sliceWidget("Green").sliceController().setSliceVisible(True)
    slicer_app.process_events()
    assert (shown(manager.threeDWidget(0).threeDView()) != before).mean() > 0.05


@pytest.fixture
def table(slicer_app):
    node = slicer_app.scene.AddNewNodeByClass("vtkMRMLTableNode", "Agreement")
    slicer.util.updateTableFromArray(node, np.array([[0.0, 0.0], [10.0, 0.5], [20.0, 1.0]]), ["Dose", "IoU"])
    return node


@pytest.fixture
def chart(slicer_app, table):
    series = slicer_app.scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", "IoU")
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName("Dose")
    series.SetYColumnName("IoU")
    series.SetPlotType(series.PlotTypeScatter)
    series.SetMarkerStyle(series.MarkerStyleNone)
    series.SetColor(*RED)
    node = slicer_app.scene.AddNewNodeByClass("vtkMRMLPlotChartNode", "Curve")
    node.AddAndObservePlotSeriesNodeID(series.GetID())
    node.SetLegendVisibility(False)
    for axis, high in (("X", 20.0), ("Y", 1.0)):
        getattr(node, f"Set{axis}AxisRangeAuto")(False)
        getattr(node, f"Set{axis}AxisRange")(0.0, high)
    return node


def show_chart(slicer_app, manager, chart):
    manager.setLayout(FOUR_UP_PLOT)
    slicer.app.applicationLogic().GetSelectionNode().SetActivePlotChartID(chart.GetID())
    slicer.app.applicationLogic().PropagatePlotChartSelection()
    slicer_app.process_events()
    return manager.plotWidget(0).plotView()


def is_red_near(view, x_fraction, y_fraction):
    """Whether the curve's color is at a point given in fractions of the axes."""
    pixels = shown(view).astype(int)
    bottom, left = view.chart().GetAxis(1), view.chart().GetAxis(0)
    x = bottom.GetPoint1()[0] + x_fraction * (bottom.GetPoint2()[0] - bottom.GetPoint1()[0])
    y = left.GetPoint1()[1] + y_fraction * (left.GetPoint2()[1] - left.GetPoint1()[1])
    row, column = round(view.height - y), round(x)
    near = pixels[row - 3 : row + 4, column - 3 : column + 4]
    return bool(((near[..., 0] > 180) & (near[..., 1] < 120)).any())


def test_the_plot_view_draws_the_chosen_chart_s_curve_at_its_place(slicer_app, manager, chart):
    view = show_chart(slicer_app, manager, chart)
    assert is_red_near(view, 0.5, 0.5)
    assert is_red_near(view, 0.25, 0.25)
    assert not is_red_near(view, 0.25, 0.75)


def test_the_curve_follows_its_table(slicer_app, manager, chart, table):
    view = show_chart(slicer_app, manager, chart)
    slicer.util.updateTableFromArray(table, np.array([[0.0, 1.0], [10.0, 0.5], [20.0, 0.0]]), ["Dose", "IoU"])
    slicer_app.process_events()
    assert is_red_near(view, 0.25, 0.75)
    assert not is_red_near(view, 0.25, 0.25)


def test_without_a_chart_the_plot_view_is_blank(slicer_app, manager, chart):
    view = show_chart(slicer_app, manager, chart)
    manager.plotWidget(0).mrmlPlotViewNode().SetPlotChartNodeID(None)
    slicer_app.process_events()
    assert shown(view).min() == 255


def test_a_plot_of_an_array_is_shown_in_a_layout_with_a_plot_view(slicer_app, manager):
    manager.setLayout(FOUR_UP_TABLE)
    array = np.array([[0.0, 0.0], [10.0, 0.5], [20.0, 1.0]])
    made = slicer.util.plot(array, xColumnIndex=0, columnNames=["Dose", "IoU"], title="Agreement")
    made.GetNthPlotSeriesNode(0).SetColor(*RED)
    slicer_app.process_events()
    assert manager.layout == FOUR_UP_PLOT_TABLE
    assert manager.plotWidget(0).mrmlPlotViewNode().GetPlotChartNode() is made
    assert is_red_near(manager.plotWidget(0).plotView(), 0.5, 0.5)


def ink(view, x, y, width, height):
    """Columns that are not white in a part of a view, counted from the view's left edge."""
    part = shown(view)[y : y + height, x : x + width].min(axis=2)
    return x + np.nonzero((part < 160).any(axis=0))[0]


@pytest.mark.parametrize("size", [10, 13])
def test_a_title_is_as_large_as_its_chart_says_and_stands_whole_in_a_narrow_view(slicer_app, manager, chart, size):
    chart.SetTitle("Best 32.3 Gy (95 % interval 23.2–41.4 Gy)")
    chart.SetTitleFontSize(size)
    view = show_chart(slicer_app, manager, chart)
    slicer_app.process_events()
    assert view.width < 400
    columns = ink(view, 0, 0, view.width, size + 4)
    # 41 characters of about half their height.
    assert np.ptp(columns) == pytest.approx(41 * 0.5 * size, rel=0.15)
    assert columns.min() > 5
    assert columns.max() < view.width - 5


def test_the_table_view_shows_the_chosen_table(slicer_app, manager, table):
    manager.setLayout(FOUR_UP_TABLE)
    slicer.app.applicationLogic().GetSelectionNode().SetActiveTableID(table.GetID())
    slicer.app.applicationLogic().PropagateTableSelection()
    cells = manager.tableWidget(0).tableView().model()
    headers = [cells.headerData(column, Qt.Orientation.Horizontal) for column in range(cells.columnCount())]
    assert headers == ["Dose", "IoU"]
    assert cells.data(cells.index(1, 1)) == "0.5"
