"""What Qt, CTK and qMRML do not show to Python in Slicer is refused, naming class and attribute."""

import re

import pytest


@pytest.fixture
def qt(slicer_app):
    import qt

    return qt


@pytest.fixture
def ctk(slicer_app):
    import ctk

    return ctk


def test_a_property_is_an_attribute_and_cannot_be_called(qt):
    label = qt.QLabel("30 Gy")
    assert label.text == "30 Gy"
    with pytest.raises(TypeError, match="'str' object is not callable"):
        label.text()


def test_a_property_can_be_set_and_reaches_the_widget(qt):
    box = qt.QCheckBox()
    box.checked = True
    assert box.isChecked()
    box.toolTip = "why"
    assert box.toolTip == "why"


def test_properties_of_objects_that_qt_made_itself_are_attributes_too(qt):
    table = qt.QTableWidget(2, 3)
    assert (table.rowCount, table.columnCount) == (2, 3)
    assert table.horizontalHeader().defaultSectionSize > 0
    with pytest.raises(AttributeError, match="'stretched' does not exist on QHeaderView"):
        table.horizontalHeader().stretched = True


def test_ordinary_methods_stay_methods(qt):
    widget = qt.QWidget()
    layout = qt.QVBoxLayout(widget)
    layout.addWidget(qt.QPushButton())
    assert layout.count() == 1
    assert widget.layout() is layout
    assert not widget.isVisible()


def test_reading_an_attribute_that_a_widget_lacks_is_refused(qt):
    with pytest.raises(AttributeError, match="QPushButton has no attribute named 'caption'"):
        qt.QPushButton().caption  # noqa: B018


@pytest.mark.parametrize("name", ["caption", "_hidden"])
def test_writing_an_attribute_that_a_widget_lacks_is_refused(qt, name):
    with pytest.raises(AttributeError, match=f"'{name}' does not exist on QPushButton"):
        setattr(qt.QPushButton(), name, 1)


def test_a_class_derived_in_python_takes_new_attributes(qt):
    class Mine(qt.QWidget):
        pass

    mine = Mine()
    mine.caption = "mine"
    assert mine.caption == "mine"


def test_a_slot_a_signal_and_a_read_only_property_cannot_be_overwritten(qt):
    button = qt.QPushButton()
    with pytest.raises(AttributeError, match="Slot 'show' can not be overwritten on QPushButton"):
        button.show = None
    with pytest.raises(AttributeError, match="Signal 'clicked' can not be overwritten on QPushButton"):
        button.clicked = None
    with pytest.raises(AttributeError, match="Property 'width' of QPushButton object is not writable"):
        button.width = 3


def test_a_value_of_another_type_is_refused(qt, ctk):
    with pytest.raises(AttributeError, match=r"'text' of QLabel is of type 'QString' and does not accept .* int"):
        qt.QLabel().text = 30
    with pytest.raises(AttributeError, match=r"ctkSliderWidget is of type 'double' and does not accept .* str"):
        ctk.ctkSliderWidget().value = "30"


def test_a_signal_is_connected_by_its_signature(qt):
    heard = []
    button = qt.QPushButton()
    button.connect("clicked(bool)", lambda checked: heard.append(checked))
    button.clicked.connect(lambda: heard.append("plain"))
    button.click()
    assert heard == [False, "plain"]


def test_a_disconnected_receiver_hears_nothing(qt):
    heard = []

    def hear(value):
        heard.append(value)

    box = qt.QSpinBox()
    box.connect("valueChanged(int)", hear)
    box.value = 3
    box.disconnect("valueChanged(int)", hear)
    box.value = 4
    assert heard == [3]


def test_a_signal_can_be_emitted_by_calling_it(qt):
    heard = []
    button = qt.QPushButton()
    button.toggled.connect(heard.append)
    button.toggled(True)
    assert heard == [True]


@pytest.mark.parametrize("signature", ["clicked(int)", "pushed()"])
def test_a_signal_that_does_not_exist_is_refused(qt, signature):
    with pytest.raises(ValueError, match=re.escape(f"QPushButton has no signal '{signature}'")):
        qt.QPushButton().connect(signature, print)


def test_a_signature_of_a_ctk_signal_is_checked_against_its_header(ctk):
    with pytest.raises(ValueError, match=r"ctkSliderWidget has no signal 'valueChanged\(int\)'; it has .*\(double\)"):
        ctk.ctkSliderWidget().connect("valueChanged(int)", print)


def test_a_slot_that_does_not_exist_or_does_not_fit_is_refused(qt):
    slider, label = qt.QSlider(), qt.QLabel()
    with pytest.raises(ValueError, match=r"QLabel has no slot 'setTitle\(QString\)'"):
        slider.connect("valueChanged(int)", label, "setTitle(QString)")
    with pytest.raises(ValueError, match="does not fit QLabel"):
        slider.connect("valueChanged(int)", label, "setText(QString)")


def test_a_public_method_of_ctk_that_is_no_slot_is_refused(ctk):
    # ctkSliderWidget::setRange is public in C++ and not shown to Python.
    with pytest.raises(AttributeError, match="ctkSliderWidget has no attribute named 'setRange'"):
        ctk.ctkSliderWidget().setRange(0.0, 1.0)


def test_a_ctk_constructor_takes_a_parent_only(ctk):
    with pytest.raises(TypeError):
        ctk.ctkCollapsibleButton("Inputs")


@pytest.mark.parametrize(("module", "name"), [("ctk", "ctkMagicBox"), ("qt", "Signal"), ("qt", "QMagic")])
def test_a_class_that_does_not_exist_is_refused(slicer_app, module, name):
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute '{name}'"):
        getattr(__import__(module), name)


def test_a_slicer_class_that_does_not_exist_is_refused(slicer_app):
    import slicer

    with pytest.raises(AttributeError, match="module 'slicer' has no attribute 'qMRMLMagicWidget'"):
        slicer.qMRMLMagicWidget  # noqa: B018
    with pytest.raises(AttributeError, match=r"slicer\.modules' has no attribute 'magic'"):
        slicer.modules.magic  # noqa: B018


def test_a_slot_without_behavior_says_so_instead_of_pretending(slicer_app):
    import slicer

    combo = slicer.qMRMLNodeComboBox()
    with pytest.raises(NotImplementedError, match=r"qMRMLNodeComboBox\.editCurrentNode"):
        combo.editCurrentNode()


def test_a_stand_in_cannot_offer_what_the_real_class_lacks(slicer_app):
    from host.ctk_numbers import ctkSliderWidget as parent
    from host.standin import stand_in

    with pytest.raises(TypeError, match=r"qMRMLSliderWidget\.setRange: PythonQt shows no such"):
        stand_in(type(parent)("qMRMLSliderWidget", (parent,), {"setRange": lambda self: None, "__module__": __name__}))


def test_a_deleted_widget_is_false(qt):
    label = qt.QLabel()
    assert label
    label.delete()
    assert not label


def test_children_are_found_by_class_name_and_as_attributes(qt):
    widget = qt.QWidget()
    button = qt.QPushButton("Load", widget)
    button.objectName = "loadButton"
    assert widget.findChild("QPushButton", "loadButton") is button
    assert widget.findChildren(qt.QPushButton) == [button]
    assert widget.loadButton is button


def test_surplus_arguments_are_dropped_for_functions_but_not_for_partials(qt, slicer_app, expected_errors):
    from functools import partial

    heard = []
    button = qt.QPushButton()
    button.connect("clicked(bool)", lambda: heard.append("function"))
    button.connect("clicked(bool)", partial(lambda: heard.append("partial")))
    button.click()
    assert heard == ["function"]
    assert [type(problem) for problem in expected_errors] == [TypeError]


def test_an_error_in_a_slot_is_kept_for_the_test(qt, expected_errors):
    def fail():
        raise ValueError("in a slot")

    button = qt.QPushButton()
    button.clicked.connect(fail)
    button.click()
    assert [str(problem) for problem in expected_errors] == ["in a slot"]


def test_an_error_in_an_observer_of_vtk_is_kept_for_the_test(slicer_app, expected_errors):
    import slicer

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTextNode")

    def fail(_caller, _event):
        raise ValueError("in an observer")

    node.AddObserver("ModifiedEvent", fail)
    node.Modified()
    assert "in an observer" in [str(problem) for problem in expected_errors]
