"""Every text that a user of a panel reads can be translated, in Python and in the .ui files."""

import ast
import re
import xml.etree.ElementTree as ElementTree

import pytest

from extension_build import module_names, versioned_files
from support import PROJECT

# Attributes and methods through which a text reaches the user of a Qt widget.
SHOWN_ATTRIBUTES = {
    "text", "plainText", "toolTip", "title", "windowTitle", "placeholderText", "statusTip", "whatsThis", "helpText",
    "acknowledgementText", "prefix", "suffix", "format",
}  # fmt: skip
SHOWN_CALLS = {
    "setText", "setPlainText", "setToolTip", "setTitle", "setWindowTitle", "setPlaceholderText", "addItem", "addTab",
    "setHorizontalHeaderLabels", "setItemText", "setTabText", "showStatusMessage", "setFormat", "appendPlainText",
}  # fmt: skip
# Properties of .ui files that are no texts for users.
NOT_SHOWN = {
    "displayFormat",
    "SlicerParameterName",
    "objectName",
    "nodeTypes",
    "settingKey",
    "styleSheet",
    "baseName",
    "nodeTypeLabel",
}


def panel_files():
    """Where panels are written: the module files and the shared parts of panels."""
    modules = [f"{name}/{name}.py" for name in module_names()]
    return [*modules, *(name for name in versioned_files() if re.match(r"HepaDose/hepadose/gui/.*\.py$", name))]


def interfaces():
    """All .ui files."""
    return [name for name in versioned_files() if name.endswith(".ui")]


def is_translation(node):
    """Whether an expression is ``_("…")`` or ``_("…").format(…)``."""
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return is_translation(node.func.value)
    return getattr(node.func, "id", "") in {"_", "translate"}


def untranslated(node):
    """Words in an expression that are shown as they are written."""
    if is_translation(node):
        return []
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and re.search(r"[A-Za-z]{2}", node.value) else []
    if isinstance(node, ast.JoinedStr | ast.BinOp | ast.IfExp | ast.BoolOp | ast.List | ast.Tuple):
        # The test of a condition is never shown.
        parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else ast.iter_child_nodes(node)
        return [word for part in parts for word in untranslated(part)]
    return []


def shown_texts(tree):
    """Line and words of texts that reach a widget without translation."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", "") in SHOWN_ATTRIBUTES:
            yield from ((node.lineno, word) for word in untranslated(node.value))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in SHOWN_CALLS:
            yield from ((node.lineno, word) for argument in node.args for word in untranslated(argument))


def tree_of(name):
    """A file's syntax tree."""
    return ast.parse((PROJECT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", panel_files())
def test_no_text_reaches_a_widget_untranslated(name):
    assert list(shown_texts(tree_of(name))) == []


@pytest.mark.parametrize("name", panel_files())
def test_what_is_translated_is_one_fixed_text(name):
    tree = tree_of(name)
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_":
            # An f-string or a sum would be filled in before the translation is looked up.
            assert isinstance(call.args[0], ast.Constant), f"{name}:{call.lineno}"
            placeholders = re.findall(r"\{(.*?)\}", call.args[0].value)
            assert all(re.match(r"[a-z_]\w*", placeholder) for placeholder in placeholders), f"{name}:{call.lineno}"


@pytest.mark.parametrize("name", interfaces())
def test_no_text_of_an_interface_is_kept_from_translation(name):
    for item in ElementTree.parse(PROJECT / name).iter("property"):
        text = item.find("string")
        if text is None or item.get("name") in NOT_SHOWN or not re.search(r"[A-Za-z]{2}", text.text or ""):
            continue
        assert text.get("notr") != "true", (name, item.get("name"), text.text)


@pytest.mark.parametrize("name", interfaces())
def test_every_button_of_an_interface_explains_itself(name):
    # In the .ui file, or by the panel, which also says why a button cannot be pressed.
    code = "".join((PROJECT / path).read_text(encoding="utf-8") for path in panel_files())
    for widget in ElementTree.parse(PROJECT / name).iter("widget"):
        if widget.get("class") == "QPushButton" and widget.find("property[@name='toolTip']") is None:
            button = widget.get("name")
            assert re.search(rf"offer\([^)]*\b{button}\b|\b{button}\.toolTip", code), button


def test_the_search_for_untranslated_texts_finds_every_kind():
    code = """
label.text = "plain words"
label.toolTip = f"{count} voxels"
label.setText("a" if x == "not shown" else _("fine"))
box.addItem(_("one {x}").format(x=1) + " tail")
label.text = f"{first} … {second}"
table.setHorizontalHeaderLabels(["Dose", _("Volume")])
other.name = "not shown"
"""
    assert [words for _, words in shown_texts(ast.parse(code))] == ["plain words", " voxels", " tail", "Dose"]
