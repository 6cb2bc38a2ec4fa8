"""What is not listed is not installed: the CMake lists against the folders.

Run as a script (``python Testing/meta/test_packaging.py``), it writes the lists of HepaDose/CMakeLists.txt anew.
"""

import ast
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LIBRARY_MODULE = PROJECT / "HepaDose"
RESOURCE_SUFFIXES = {".jinja", ".css", ".json", ".ui", ".png"}

# What a widget class can be bound to by the parameter node's connectGui; anything else raises in Slicer.
BINDABLE = {
    "qMRMLNodeComboBox": {"vtkMRMLScalarVolumeNode", "vtkMRMLSegmentationNode"},
    "QLineEdit": {"str"},
    "QSpinBox": {"int"},
    "QDoubleSpinBox": {"float", "int"},
    "QComboBox": {"str", "int", "float", "bool"},
    "QCheckBox": {"bool"},
}


def modules():
    """Folders that the extension adds."""
    text = (PROJECT / "CMakeLists.txt").read_text(encoding="utf-8")
    return [PROJECT / name for name in re.findall(r"add_subdirectory\((\w+)\)", text)]


def listed(folder, variable):
    """Files of one list of a module's CMakeLists.txt."""
    text = (folder / "CMakeLists.txt").read_text(encoding="utf-8")
    body = re.search(rf"set\({variable}(.*?)\n\s*\)", text, flags=re.DOTALL).group(1)
    lines = [line.strip().replace("${MODULE_NAME}", folder.name) for line in body.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def library_files():
    """Library files relative to the module's folder: Python files, then templates and other resources."""
    files = [path for path in (LIBRARY_MODULE / "hepadose").rglob("*") if path.is_file()]
    names = sorted(path.relative_to(LIBRARY_MODULE).as_posix() for path in files if "__pycache__" not in path.parts)
    scripts = [name for name in names if name.endswith(".py")]
    return scripts, [name for name in names if Path(name).suffix in RESOURCE_SUFFIXES]


def with_lists_written_anew(text):
    """The CMake text with the library's files between the markers, sorted."""
    for section, names in zip(("library", "resources"), library_files(), strict=True):
        begin, end = f"  # {section}: begin\n", f"  # {section}: end\n"
        head, rest = text.split(begin)
        text = head + begin + "".join(f"  {name}\n" for name in names) + end + rest.split(end)[1]
    return text


def test_every_library_file_is_listed_once_sorted_and_exists():
    text = (LIBRARY_MODULE / "CMakeLists.txt").read_text(encoding="utf-8")
    scripts, resources = library_files()
    assert listed(LIBRARY_MODULE, "MODULE_PYTHON_SCRIPTS") == ["HepaDose.py", *scripts], (
        "the list is out of date; run: python Testing/meta/test_packaging.py"
    )
    own = [name for name in listed(LIBRARY_MODULE, "MODULE_PYTHON_RESOURCES") if not name.startswith("Resources/")]
    assert own == resources
    assert text == with_lists_written_anew(text)


@pytest.mark.parametrize("folder", modules(), ids=lambda folder: folder.name)
def test_every_listed_file_exists_inside_its_module(folder):
    names = listed(folder, "MODULE_PYTHON_SCRIPTS") + listed(folder, "MODULE_PYTHON_RESOURCES")
    assert [name for name in names if not (folder / name).is_file()] == []
    # A file listed as ../x is lost from the package without a word.
    assert [name for name in names if ".." in Path(name).parts] == []
    assert len(set(names)) == len(names)


def test_no_two_modules_install_a_resource_of_the_same_path():
    paths = [name for folder in modules() for name in listed(folder, "MODULE_PYTHON_RESOURCES")]
    assert len(set(paths)) == len(paths)


@pytest.mark.parametrize("folder", modules(), ids=lambda folder: folder.name)
def test_every_module_file_defines_a_class_of_its_own_name(folder):
    # Slicer takes every Python file that lies directly in a module's folder for a module.
    for path in folder.glob("*.py"):
        classes = {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if _is_class(node)}
        assert path.stem in classes
    assert (folder / f"{folder.name}.py").is_file()


def _is_class(node):
    return isinstance(node, ast.ClassDef)


@pytest.mark.parametrize("folder", modules(), ids=lambda folder: folder.name)
def test_a_module_file_imports_nothing_heavy_at_application_start(folder):
    allowed = {"typing", "slicer", "slicer.i18n", "slicer.parameterNodeWrapper", "slicer.util"}
    allowed.add("slicer.ScriptedLoadableModule")
    for node in ast.parse((folder / f"{folder.name}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            assert {alias.name for alias in node.names} <= allowed
        if isinstance(node, ast.ImportFrom):
            assert node.module in allowed


@pytest.mark.parametrize("folder", modules(), ids=lambda folder: folder.name)
def test_user_texts_are_translatable(folder):
    tree = ast.parse((folder / f"{folder.name}.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_"]
    assert calls
    for call in calls:
        # An f-string would be filled in before the translation is looked up.
        assert isinstance(call.args[0], ast.Constant), ast.unparse(call)


def test_the_extension_is_described_as_the_index_wants_it():
    text = (PROJECT / "CMakeLists.txt").read_text(encoding="utf-8")
    assert "project(HepaDose)" in text
    for variable in ("HOMEPAGE", "CONTRIBUTORS", "DESCRIPTION", "ICONURL", "SCREENSHOTURLS", "DEPENDS"):
        assert re.search(rf'set\(EXTENSION_{variable} "[^"]+"\)', text), variable
    assert (PROJECT / re.search(r"main/(Resources/Icons/\S+\.png)", text).group(1)).is_file()
    assert (PROJECT / "LICENSE.txt").is_file()
    order = [text.index(part) for part in ("find_package(Slicer", "add_subdirectory(", "_GENERATE_CONFIG}", "_CPACK}")]
    assert order == sorted(order)


def interfaces():
    return [path for folder in modules() for path in folder.glob("Resources/UI/*.ui")]


def parameter_types(folder):
    """Type of every field of the module's parameter node, by name."""
    tree = ast.parse((folder / f"{folder.name}.py").read_text(encoding="utf-8"))
    (node,) = [item for item in tree.body if _is_class(item) and item.name.endswith("ParameterNode")]
    fields = [item for item in node.body if isinstance(item, ast.AnnAssign)]
    return {field.target.id: ast.unparse(_bare(field.annotation)) for field in fields}


def _bare(annotation):
    """``float`` from ``Annotated[float, …]``."""
    return annotation.slice.elts[0] if isinstance(annotation, ast.Subscript) else annotation


@pytest.mark.parametrize("path", interfaces(), ids=lambda path: path.name)
def test_every_bound_widget_has_a_parameter_of_a_type_it_can_show(path):
    types = parameter_types(path.parents[2])
    bound = {}
    for widget in ElementTree.parse(path).iter("widget"):
        for item in widget.findall("property[@name='SlicerParameterName']"):
            bound[item.findtext("string")] = widget.get("class")
    assert bound.keys() == types.keys()
    for name, widget_class in bound.items():
        assert types[name] in BINDABLE[widget_class], (name, widget_class)


@pytest.mark.parametrize("path", interfaces(), ids=lambda path: path.name)
def test_every_widget_that_the_module_uses_exists(path):
    folder = path.parents[2]
    text = (folder / f"{folder.name}.py").read_text(encoding="utf-8")
    names = {widget.get("name") for widget in ElementTree.parse(path).iter("widget")}
    assert set(re.findall(r"self\.ui\.(\w+)", text)) <= names
    senders = {item.text for tag in ("sender", "receiver") for item in ElementTree.parse(path).iter(tag)}
    assert senders <= names


if __name__ == "__main__":
    target = LIBRARY_MODULE / "CMakeLists.txt"
    target.write_text(with_lists_written_anew(target.read_text(encoding="utf-8")), encoding="utf-8")
