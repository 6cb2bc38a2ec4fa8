"""A .ui file that asks for what Slicer does not have is refused, naming file, widget and attribute."""

import pytest

FORM = """<?xml version="1.0" encoding="UTF-8"?>
<ui version="4.0">
 <class>Form</class>
 <widget class="qMRMLWidget" name="Form">
  <layout class="QVBoxLayout" name="column">{content}</layout>
 </widget>
 <customwidgets>
  <customwidget><class>qMRMLWidget</class><extends>QWidget</extends><header>qMRMLWidget.h</header></customwidget>
  <customwidget><class>qMRMLNodeComboBox</class><extends>QWidget</extends><header>a.h</header></customwidget>
  <customwidget><class>ctkPathLineEdit</class><extends>QWidget</extends><header>b.h</header></customwidget>
 </customwidgets>
 <connections>{connections}</connections>
</ui>
"""


@pytest.fixture
def load(slicer_app, tmp_path):
    import slicer

    def read(content="", connections=""):
        path = tmp_path / "Form.ui"
        path.write_text(FORM.format(content=content, connections=connections), encoding="utf-8")
        return slicer.util.loadUI(str(path))

    return read


def widget(cls, *properties, name="thing"):
    return f'<item><widget class="{cls}" name="{name}">{"".join(properties)}</widget></item>'


def prop(name, value, stdset=""):
    return f'<property name="{name}"{stdset}>{value}</property>'


SCENE_TO_BOX = {
    "sender": "Form",
    "signal": "mrmlSceneChanged(vtkMRMLScene*)",
    "receiver": "box",
    "slot": "setMRMLScene(vtkMRMLScene*)",
}


def connection(**changed):
    parts = (f"<{end}>{name}</{end}>" for end, name in {**SCENE_TO_BOX, **changed}.items())
    return f"<connection>{''.join(parts)}</connection>"


def test_widgets_are_made_with_the_properties_of_the_file(load):
    import slicer

    content = widget("QPushButton", prop("text", "<string>Load</string>"), name="button") + widget(
        "ctkPathLineEdit", prop("filters", "<set>ctkPathLineEdit::Dirs|ctkPathLineEdit::Files</set>"), name="path"
    )
    ui = slicer.util.childWidgetVariables(load(content))
    assert ui.button.text == "Load"
    assert ui.path.filters == ui.path.Dirs | ui.path.Files


def test_dynamic_properties_are_kept(load):
    marked = widget("QSpinBox", prop("SlicerParameterName", "<string>fractions</string>", ' stdset="0"'))
    assert load(marked).findChild("QSpinBox", "thing").property("SlicerParameterName") == "fractions"


def test_the_scene_reaches_the_node_selectors_through_the_connections(load):
    import slicer

    content = widget(
        "qMRMLNodeComboBox",
        prop("nodeTypes", "<stringlist><string>vtkMRMLTextNode</string></stringlist>"),
        name="box",
    )
    form = load(content, connection())
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode", "note")
    assert not form.box.isEnabled()
    form.setMRMLScene(slicer.mrmlScene)
    assert form.box.isEnabled()
    assert form.box.currentNode() is node


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            widget("QLabel", prop("caption", "<string>x</string>")),
            r"widget 'thing' \(QLabel\) has no property 'caption'",
        ),
        (
            widget("qMRMLNodeComboBox", prop("nodeType", "<string>x</string>")),
            r"widget 'thing' \(qMRMLNodeComboBox\) has no property 'nodeType'",
        ),
        (widget("QSpinBox", prop("maximum", "<string>9</string>")), "'maximum' is of type int and takes no <string>"),
        (
            widget("qMRMLNodeComboBox", prop("noneEnabled", "<string>yes</string>")),
            "'noneEnabled' of qMRMLNodeComboBox is of type 'bool'",
        ),
        (widget("QSlider", prop("orientation", "<enum>Qt::Diagonal</enum>")), "'orientation' knows no 'Qt::Diagonal'"),
        (
            widget("ctkPathLineEdit", prop("filters", "<set>ctkPathLineEdit::Folders</set>")),
            "there is no enumerator 'ctkPathLineEdit::Folders'",
        ),
        (widget("QLabel", prop("width", "<number>9</number>")), "property 'width' is not writable"),
        (widget("QMagicBox"), r"\(QMagicBox\): neither Qt nor CTK nor Slicer"),
        (widget("ctkSliderWidget"), r"\(ctkSliderWidget\): the class is not declared among the custom widgets"),
        (
            '<item><layout class="QRingLayout" name="ring"/></item>',
            r"'ring' \(QRingLayout\): Qt has no such class",
        ),
        (
            f'<item><layout class="QFormLayout" name="rows">{prop("glue", "<number>1</number>")}</layout></item>',
            r"layout 'rows' \(QFormLayout\) has no property 'glue'",
        ),
    ],
)
def test_what_does_not_exist_is_refused(load, content, message):
    with pytest.raises(RuntimeError, match=f"Form.ui: .*{message}"):
        load(content)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"signal": "sceneChanged(vtkMRMLScene*)"}, r"qMRMLWidget has no signal 'sceneChanged\(vtkMRMLScene\*\)'"),
        ({"slot": "setScene(vtkMRMLScene*)"}, r"qMRMLNodeComboBox has no slot 'setScene\(vtkMRMLScene\*\)'"),
        ({"receiver": "other"}, "there is no widget 'other'"),
        ({"slot": "setCurrentNodeID(QString)"}, "does not fit qMRMLNodeComboBox"),
    ],
)
def test_a_connection_that_cannot_be_made_is_refused(load, wrong, message):
    with pytest.raises(RuntimeError, match=f"Form.ui: connection .*{message}"):
        load(widget("qMRMLNodeComboBox", name="box"), connection(**wrong))


def test_a_missing_file_is_refused(slicer_app, tmp_path):
    import slicer

    with pytest.raises(RuntimeError, match="file not found"):
        slicer.util.loadUI(str(tmp_path / "None.ui"))
