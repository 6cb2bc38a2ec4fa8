"""What is not listed is not installed: the CMake lists against the folders.

Run as a script (``python Testing/meta/test_packaging.py``), it writes the lists of HepaDose/CMakeLists.txt anew.
"""

import ast
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
LIBRARY_MODULE = PROJECT / "HepaDose"
RESOURCE_SUFFIXES = {".jinja", ".css", ".json", ".ui", ".png"}

NUMBERS = {"int", "float"}
NODES = re.compile(r"vtkMRML\w+Node")

# What a widget class can be bound to by the parameter node's connectGui; anything else raises in Slicer.
BINDABLE = {
    "QCheckBox": {"bool"},
    "QPushButton": {"bool"},
    "ctkCheckBox": {"bool"},
    "ctkCheckablePushButton": {"bool"},
    "QSlider": {"int"},
    "QSpinBox": {"int"},
    "QDoubleSpinBox": NUMBERS,
    "ctkDoubleSpinBox": NUMBERS,
    "ctkDoubleSlider": NUMBERS,
    "ctkSliderWidget": NUMBERS,
    "qMRMLSliderWidget": NUMBERS,
    "QComboBox": {"str", "int", "float", "bool"},
    "ctkComboBox": {"str", "int", "float", "bool"},
    "QLineEdit": {"str"},
    "QLabel": {"str"},
    "QTextEdit": {"str"},
    "ctkRangeWidget": {"FloatRange"},
    "ctkPathLineEdit": {"Path"},
    "ctkDirectoryButton": {"Path"},
}
NEED_A_CHOICE = {"QComboBox", "ctkComboBox"}
NEED_BOUNDS = {"QSlider", "ctkDoubleSlider", "ctkSliderWidget", "qMRMLSliderWidget"}
HEAVY = {"numpy", "scipy", "SimpleITK", "pydicom", "matplotlib", "jinja2", "torch", "monai", "vtk"}


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


def imported_at_start(path):
    """Modules that a file imports when it is loaded."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            yield node.module


# Slicer itself has loaded vtk by then.
LIGHT = {"collections.abc", "contextlib", "pathlib", "typing", "vtk", "slicer", "slicer.i18n", "slicer.util"}
LIGHT |= {"slicer.ScriptedLoadableModule", "slicer.parameterNodeWrapper"}


def own_imports(path):
    """Modules of the library that a file needs when it is loaded; those that need Slicer are looked into as well."""
    names = set(imported_at_start(path))
    own = {name for name in names if name.startswith("hepadose")}
    assert names - own <= LIGHT, path.name
    for name in own:
        if name.startswith("hepadose.gui"):
            yield from own_imports(LIBRARY_MODULE / f"{name.replace('.', '/')}.py")
        else:
            yield name


@pytest.mark.parametrize("folder", modules(), ids=lambda folder: folder.name)
def test_a_module_file_imports_nothing_heavy_at_application_start(folder):
    for name in own_imports(folder / f"{folder.name}.py"):
        script = f"import {name}, sys; print(*sorted({{part.split('.')[0] for part in sys.modules}}))"
        done = subprocess.run([sys.executable, "-c", script], cwd=LIBRARY_MODULE, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert set(done.stdout.split()) & HEAVY == set(), name


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


def parameter_annotations(folder):
    """Annotation of every field of the module's parameter node, by name; empty where it has none."""
    tree = ast.parse((folder / f"{folder.name}.py").read_text(encoding="utf-8"))
    nodes = [item for item in tree.body if _is_class(item) and item.name.endswith("ParameterNode")]
    fields = [item for node in nodes for item in node.body if isinstance(item, ast.AnnAssign)]
    return {field.target.id: field.annotation for field in fields}


def _bare(annotation):
    """``float`` from ``Annotated[float, …]``."""
    return ast.unparse(annotation.slice.elts[0] if isinstance(annotation, ast.Subscript) else annotation)


def bound_widgets(path):
    """Class of every widget that is bound to a parameter, by the parameter's name."""
    for widget in ElementTree.parse(path).iter("widget"):
        for item in widget.findall("property[@name='SlicerParameterName']"):
            yield item.findtext("string"), widget


@pytest.mark.parametrize("path", interfaces(), ids=lambda path: path.name)
def test_every_bound_widget_has_a_parameter_of_a_type_it_can_show(path):
    annotations = parameter_annotations(path.parents[2])
    for name, widget in bound_widgets(path):
        assert name in annotations, f"there is no parameter {name}"
        kind, widget_class = _bare(annotations[name]), widget.get("class")
        if widget_class == "qMRMLNodeComboBox":
            shown = [item.text for item in widget.findall("property[@name='nodeTypes']/stringlist/string")]
            assert NODES.fullmatch(kind), name
            assert shown == [kind], name
            continue
        assert kind in BINDABLE[widget_class], (name, kind, widget_class)
        needed = {
            "Choice": widget_class in NEED_A_CHOICE and kind != "bool",
            "WithinRange": widget_class in NEED_BOUNDS,
        }
        for word, is_needed in needed.items():
            assert not is_needed or word in ast.unparse(annotations[name]), f"{name} needs {word}"


@pytest.mark.parametrize("path", interfaces(), ids=lambda path: path.name)
def test_no_parameter_is_bound_twice(path):
    names = [name for name, _ in bound_widgets(path)]
    assert len(set(names)) == len(names)


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
