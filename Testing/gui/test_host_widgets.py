"""The stand-ins of CTK's and Slicer's widgets behave as the panels need it."""

import pytest

NODE = "vtkMRMLTextNode"


@pytest.fixture
def combo(slicer_app):
    import slicer

    box = slicer.qMRMLNodeComboBox()
    box.nodeTypes = [NODE]
    box.noneEnabled = True
    box.setMRMLScene(slicer.mrmlScene)
    return box


def add(name="note", kind=NODE):
    import slicer

    return slicer.mrmlScene.AddNewNodeByClass(kind, name)


def texts(combo):
    inner = combo.findChild("QComboBox")
    return [inner.itemText(index) for index in range(combo.nodeCount() + 1)]


def test_a_node_selector_follows_nodes_that_come_go_and_change_their_name(combo):
    import slicer

    node = add("first")
    add("other", "vtkMRMLTableNode")
    assert texts(combo) == ["None", "first"]
    node.SetName("renamed")
    assert texts(combo) == ["None", "renamed"]
    slicer.mrmlScene.RemoveNode(node)
    assert texts(combo) == ["None"]


def test_the_current_node_stays_when_others_come_and_go(combo):
    import slicer

    first, second = add("first"), add("second")
    combo.setCurrentNode(second)
    add("third")
    slicer.mrmlScene.RemoveNode(first)
    assert combo.currentNode() is second
    assert combo.currentNodeID == second.GetID()


def test_a_removed_current_node_and_a_closed_scene_leave_none(combo, slicer_app):
    import slicer

    heard = []
    combo.connect("currentNodeChanged(vtkMRMLNode*)", heard.append)
    node = add()
    combo.setCurrentNode(node)
    slicer.mrmlScene.RemoveNode(node)
    other = add()
    combo.setCurrentNodeID(other.GetID())
    slicer_app.close_scene()
    assert heard == [node, None, other, None]


def test_without_none_the_first_node_is_chosen_as_soon_as_there_is_one(combo):
    combo.noneEnabled = False
    assert combo.currentNode() is None
    node = add()
    assert combo.currentNode() is node


def test_hidden_and_derived_nodes_are_shown_only_on_request(combo):
    add("hidden").SetHideFromEditors(True)
    combo.nodeTypes = [NODE, "vtkMRMLScalarVolumeNode"]
    combo.showChildNodeTypes = False
    add("labels", "vtkMRMLLabelMapVolumeNode")
    assert texts(combo) == ["None"]
    combo.showHidden = True
    assert texts(combo) == ["None", "hidden"]
    combo.showChildNodeTypes = True
    assert sorted(texts(combo)) == ["None", "hidden", "labels"]


def test_nodes_can_be_filtered_by_an_attribute(combo):
    marked = add("marked")
    add("plain")
    marked.SetAttribute("ModuleName", "FLRDose")
    combo.addAttribute(NODE, "ModuleName", "FLRDose")
    assert texts(combo) == ["None", "marked"]


def test_a_new_node_made_in_the_selector_is_chosen(combo):
    combo.baseName = "Isodose"
    node = combo.addNode()
    assert node.GetName().startswith("Isodose")
    assert combo.currentNode() is node


def test_a_selector_that_is_gone_is_not_told_of_new_nodes(combo):
    combo.delete()
    add()


@pytest.fixture
def folded(slicer_app):
    """A collapsible button with one label, in a shown window."""
    import ctk
    import qt

    button = ctk.ctkCollapsibleButton()
    button.text = "Inputs"
    label = qt.QLabel("inside", button)
    qt.QVBoxLayout(button).addWidget(label)
    button.show()
    return button, label


def test_a_collapsible_button_hides_and_shows_what_it_holds(folded):
    button, label = folded
    heard = []
    button.connect("contentsCollapsed(bool)", heard.append)
    button.collapsed = True
    assert not label.visible
    assert button.maximumHeight < 40
    button.collapsed = False
    assert label.visible
    assert heard == [True, False]


def test_a_click_on_the_header_folds_and_a_click_below_does_not(folded):
    import qt
    from PySide6.QtTest import QTest

    button, _label = folded
    button.resize(200, 120)
    QTest.mouseClick(button, qt.Qt.LeftButton, pos=qt.QPoint(50, 100))
    assert not button.collapsed
    QTest.mouseClick(button, qt.Qt.LeftButton, pos=qt.QPoint(50, 5))
    assert button.collapsed


def test_a_child_shown_while_folded_appears_when_unfolded_and_a_hidden_one_stays_hidden(folded):
    button, label = folded
    label.hide()
    button.collapsed = True
    label.show()
    assert not label.visible
    button.collapsed = False
    assert label.visible
    label.hide()
    button.collapsed = True
    button.collapsed = False
    assert not label.visible


def test_a_slider_widget_keeps_to_range_and_decimals_and_tells_once(slicer_app):
    import ctk

    heard = []
    slider = ctk.ctkSliderWidget()
    slider.minimum, slider.maximum, slider.decimals, slider.singleStep = 5.0, 60.0, 1, 0.5
    slider.valueChanged.connect(heard.append)
    slider.value = 30.26
    slider.value = 80.0
    assert heard == [30.3, 60.0]
    slider.findChild("QSlider").value = 0
    assert slider.value == 5.0


def test_a_range_widget_tells_of_both_ends(slicer_app):
    import ctk

    heard = []
    widget = ctk.ctkRangeWidget()
    widget.setRange(0.0, 10.0)
    widget.valuesChanged.connect(lambda low, high: heard.append((low, high)))
    widget.setValues(2.0, 12.0)
    assert heard == [(2.0, 10.0)]


def test_a_path_edit_knows_whether_the_path_exists(slicer_app, tmp_path):
    import ctk

    heard = []
    edit = ctk.ctkPathLineEdit()
    edit.filters = edit.Dirs
    edit.validInputChanged.connect(heard.append)
    edit.currentPath = str(tmp_path)
    edit.currentPath = str(tmp_path / "none")
    assert heard == [True, False]


def test_browsing_takes_the_folder_that_the_user_chooses(slicer_app, tmp_path):
    import ctk

    button = ctk.ctkDirectoryButton()
    heard = []
    button.directoryChanged.connect(heard.append)
    slicer_app.answers.append(str(tmp_path))
    button.findChild("QPushButton").click()
    assert (button.directory, heard) == (str(tmp_path), [str(tmp_path)])
