"""Parameters live in the scene and are tied to widgets as Slicer ties them; what it refuses is refused."""

import enum
from pathlib import Path
from typing import Annotated, Optional

import pytest

pytest.importorskip("slicer")
from slicer import vtkMRMLScalarVolumeNode, vtkMRMLTextNode


class Phase(enum.Enum):
    ARTERIAL = 1
    VENOUS = 2


@pytest.fixture
def wrapping(slicer_app):
    """The module as the product imports it, and a maker of wrapped nodes."""
    import slicer
    from slicer import parameterNodeWrapper as module

    def wrap(cls, node=None):
        node = node or slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode")
        return module.parameterNodeWrapper(cls)(node)

    return module, wrap


@pytest.fixture
def all_types(wrapping):
    module, _wrap = wrapping

    @module.parameterPack
    class Point:
        x: float = 1.0
        label: str = "p"

    class Parameters:
        volume: vtkMRMLScalarVolumeNode
        fractions: Annotated[int, module.WithinRange(0, 100)] = 5
        band_mm: Annotated[float, module.Default(5.0)]
        quantity: Annotated[str, module.Choice(["physical", "bed"])] = "physical"
        phase: Phase = Phase.VENOUS
        folder: Path
        shown: bool = True
        names: list[str]
        weights: dict[str, float]
        pair: tuple[int, str]
        maybe: Optional[int]  # noqa: UP045
        note: Optional[vtkMRMLTextNode]  # noqa: UP045
        point: Point

    return Parameters


def test_defaults_come_from_the_class_the_annotation_or_the_type(wrapping, all_types):
    parameters = wrapping[1](all_types)
    assert (parameters.fractions, parameters.band_mm, parameters.folder) == (5, 5.0, Path())
    assert (parameters.volume, parameters.maybe, parameters.names) == (None, None, [])
    assert parameters.phase is Phase.VENOUS


def fill(parameters):
    import slicer

    parameters.volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    parameters.fractions, parameters.band_mm, parameters.quantity = 3, 7.25, "bed"
    parameters.phase, parameters.folder, parameters.shown = Phase.ARTERIAL, Path("/data/case"), False
    parameters.names.append("Liver")
    parameters.weights = {"a": 0.5}
    parameters.pair, parameters.maybe = (2, "two"), 4
    parameters.note = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "note")
    parameters.point.x = 2.5


def check(parameters):
    assert parameters.volume.GetName() == "CT"
    assert (parameters.fractions, parameters.band_mm, parameters.quantity) == (3, 7.25, "bed")
    assert (parameters.phase, parameters.folder, parameters.shown) == (Phase.ARTERIAL, Path("/data/case"), False)
    assert (parameters.names, dict(parameters.weights)) == (["Liver"], {"a": 0.5})
    assert (parameters.pair, parameters.maybe) == ((2, "two"), 4)
    assert parameters.note.GetName() == "note"
    assert (parameters.point.x, parameters.point.label) == (2.5, "p")


def test_values_are_read_back_by_another_wrapper_of_the_same_node(wrapping, all_types):
    parameters = wrapping[1](all_types)
    fill(parameters)
    check(type(parameters)(parameters.parameterNode))


def test_values_survive_saving_closing_and_loading_the_scene(slicer_app, wrapping, all_types, tmp_path):
    import slicer

    parameters = wrapping[1](all_types)
    parameters.parameterNode.SetName("kept")
    fill(parameters)
    slicer_app.save_scene(tmp_path / "scene.mrb")
    slicer_app.close_scene()
    slicer_app.load_scene(tmp_path / "scene.mrb")
    check(type(parameters)(slicer.util.getNode("kept")))


@pytest.mark.parametrize(
    ("name", "value", "error", "message"),
    [
        ("fractions", 101, ValueError, r"101 is not within range \[0, 100\]"),
        ("fractions", 2.5, TypeError, "must be of type int, got float"),
        ("fractions", None, ValueError, "must not be None"),
        ("quantity", "eqd2", ValueError, "'eqd2' is not one of"),
        ("shown", 1, TypeError, "must be of type bool, got int"),
        ("folder", "/data", TypeError, "must be of type .*Path, got str"),
        ("phase", "ARTERIAL", TypeError, "must be of type Phase, got str"),
        ("pair", (1,), ValueError, "needs 2 elements, got 1"),
        ("maybe", "4", ValueError, "must be of type int"),
        ("fractoins", 3, AttributeError, "Parameters has no parameter 'fractoins'"),
    ],
)
def test_a_wrong_value_or_name_is_refused(wrapping, all_types, name, value, error, message):
    parameters = wrapping[1](all_types)
    with pytest.raises(error, match=message):
        setattr(parameters, name, value)
    assert parameters.fractions == 5


def test_a_node_of_another_class_is_refused(wrapping, all_types):
    import slicer

    with pytest.raises(TypeError, match="must be of type vtkMRMLScalarVolumeNode, got vtkMRMLTextNode"):
        wrapping[1](all_types).volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode")


def test_a_type_that_cannot_be_kept_and_a_reserved_name_are_refused(wrapping):
    class Strange:
        thing: object

    class Reserved:
        connectGui: int  # noqa: N815

    with pytest.raises(TypeError, match="Strange member thing: Unable to create serializer for type"):
        wrapping[1](Strange)
    with pytest.raises(ValueError, match="Cannot use reserved name 'connectGui'"):
        wrapping[1](Reserved)


def test_a_node_that_leaves_the_scene_leaves_the_parameter(wrapping, all_types):
    import slicer

    parameters = wrapping[1](all_types)
    parameters.volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    slicer.mrmlScene.RemoveNode(parameters.volume)
    assert parameters.volume is None


def test_observers_find_the_new_value_and_modify_blocks_send_one_event(wrapping, all_types):
    import slicer

    parameters = wrapping[1](all_types)
    seen = []
    parameters.AddObserver("ModifiedEvent", lambda _caller, _event: seen.append(parameters.fractions))
    parameters.fractions = 8
    assert seen == [8]
    with slicer.util.NodeModify(parameters):
        parameters.fractions, parameters.band_mm = 9, 1.0
    assert seen == [8, 9]
    assert parameters.isCached("fractions")


def tied(widget, name):
    """A panel's namespace with one widget for a parameter."""
    widget.objectName = "thing"
    widget.setProperty("SlicerParameterName", name)
    return type("", (), {})(), widget


def connect(parameters, widget, name):
    ui, widget = tied(widget, name)
    ui.thing = widget
    return parameters.connectGui(ui)


def test_every_accepted_pair_of_widget_and_type_goes_both_ways(wrapping, all_types):
    import ctk
    import qt

    pairs = [
        (qt.QSpinBox(), "fractions", "value", 7),
        (qt.QDoubleSpinBox(), "band_mm", "value", 2.5),
        (ctk.ctkDoubleSpinBox(), "band_mm", "value", 3.5),
        (qt.QComboBox(), "quantity", "currentIndex", 1),
        (qt.QComboBox(), "phase", "currentIndex", 0),
        (qt.QCheckBox(), "shown", "checked", False),
        (ctk.ctkPathLineEdit(), "folder", "currentPath", "/tmp"),
        (ctk.ctkSliderWidget(), "fractions", "value", 11.0),
    ]
    for widget, name, attribute, shown in pairs:
        parameters = wrapping[1](type("Parameters", (), dict(vars(all_types))))
        connect(parameters, widget, name)
        before = getattr(parameters, name)
        setattr(widget, attribute, shown)
        changed = getattr(parameters, name)
        assert changed != before, name
        setattr(parameters, name, before)
        assert getattr(widget, attribute) != shown, name


def test_a_node_selector_shows_and_sets_the_node(wrapping, all_types):
    import slicer

    combo = slicer.qMRMLNodeComboBox()
    combo.noneEnabled = True
    combo.setMRMLScene(slicer.mrmlScene)
    parameters = wrapping[1](all_types)
    connect(parameters, combo, "volume")
    assert combo.nodeTypes == ["vtkMRMLScalarVolumeNode"]
    parameters.volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")
    assert combo.currentNode() is parameters.volume
    combo.setCurrentNode(None)
    assert parameters.volume is None


def test_the_range_of_the_annotation_is_the_widgets_range(wrapping, all_types):
    import qt

    box = qt.QSpinBox()
    connect(wrapping[1](all_types), box, "fractions")
    assert (box.minimum, box.maximum) == (0, 100)


def refused_pairs():
    return [("QLineEdit", "fractions"), ("QCheckBox", "fractions"), ("QSpinBox", "band_mm"), ("QComboBox", "volume")]


@pytest.mark.parametrize(("cls", "name"), refused_pairs())
def test_a_widget_that_cannot_show_the_type_is_refused(wrapping, all_types, cls, name):
    import qt

    with pytest.raises(RuntimeError, match=f"Unable to create GUI connector .* to widget type '{cls}'"):
        connect(wrapping[1](all_types), getattr(qt, cls)(), name)


def test_a_class_derived_from_an_accepted_widget_is_refused(wrapping, all_types):
    import qt

    class MySpinBox(qt.QSpinBox):
        pass

    with pytest.raises(RuntimeError, match="widget type 'MySpinBox'"):
        connect(wrapping[1](all_types), MySpinBox(), "fractions")


def test_an_unbounded_number_cannot_be_on_a_slider(wrapping, all_types):
    import ctk

    with pytest.raises(RuntimeError, match=r"ctkSliderWidget .* unbounded"):
        connect(wrapping[1](all_types), ctk.ctkSliderWidget(), "band_mm")


def test_a_text_on_a_combo_box_needs_choices(wrapping):
    import qt

    class Parameters:
        name: str

    with pytest.raises(RuntimeError, match="QComboBox 'thing' requires the Choice annotation"):
        connect(wrapping[1](Parameters), qt.QComboBox(), "name")


def test_a_widget_named_after_a_missing_field_is_refused(wrapping, all_types):
    import qt

    with pytest.raises(ValueError, match="Cannot find a param with the given name: fraction; Parameters has"):
        connect(wrapping[1](all_types), qt.QSpinBox(), "fraction")


def test_a_disconnected_widget_and_its_parameter_go_their_own_ways(wrapping, all_types):
    import qt

    parameters, box = wrapping[1](all_types), qt.QSpinBox()
    tag = connect(parameters, box, "fractions")
    parameters.disconnectGui(tag)
    box.value = 40
    assert parameters.fractions == 5
    parameters.fractions = 6
    assert box.value == 40


def test_a_field_of_a_pack_is_tied_by_its_dotted_name(wrapping, all_types):
    import qt

    parameters, box = wrapping[1](all_types), qt.QDoubleSpinBox()
    connect(parameters, box, "point.x")
    box.value = 9.5
    assert parameters.point.x == 9.5
    with pytest.raises(ValueError, match="Cannot find a param with the given name: z in Point"):
        connect(parameters, qt.QDoubleSpinBox(), "point.z")
