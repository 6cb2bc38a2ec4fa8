"""The extension is built and installed as Slicer does it: what arrives is what is under version control, and works."""

import re
import subprocess
import sys

import pytest

from extension_build import (
    build_and_install,
    configure,
    copy_of_sources,
    files_to_install,
    installed_files,
    module_names,
    run,
    tool,
    versioned_files,
)
from support import PROJECT

pytestmark = pytest.mark.usefixtures("build_tools")

IMPORT_EVERYTHING = """
import importlib, sys
from pathlib import Path

installed, project = Path(sys.argv[1]), Path(sys.argv[2])
inside = lambda path: Path(path or ".").resolve().is_relative_to(project)
sys.path = [str(installed), *(path for path in sys.path if not inside(path) or "site-packages" in path)]
names = []
for file in sorted((installed / "hepadose").rglob("*.py")):
    parts = file.relative_to(installed).with_suffix("").parts
    if parts[-1] != "__main__" and parts[1] != "gui":
        names.append(".".join(part for part in parts if part != "__init__"))
for name in names:
    assert Path(importlib.import_module(name).__file__).is_relative_to(installed), name
assert not any(inside(module.__file__) and "site-packages" not in module.__file__
               for module in list(sys.modules.values()) if getattr(module, "__file__", None))
print(len(names))
"""


def add_line(lists, after, line):
    """Add a line to a module's CMakeLists.txt."""
    text = lists.read_text(encoding="utf-8")
    assert f"{after}\n" in text
    lists.write_text(text.replace(f"{after}\n", f"{after}\n  {line}\n"), encoding="utf-8")


def test_what_is_installed_is_what_is_under_version_control(installed_modules):
    assert installed_files(installed_modules) == files_to_install(versioned_files())


def test_every_library_module_imports_from_the_installed_folder_alone(installed_modules, tmp_path):
    # The parts of the panels need Qt and are imported where the application is at hand.
    command = [sys.executable, "-I", "-c", IMPORT_EVERYTHING, str(installed_modules), str(PROJECT)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


def test_the_installed_command_line_answers_without_the_source_folder(installed_modules):
    done = subprocess.run(
        [sys.executable, "-m", "hepadose", "--version"], cwd=installed_modules, capture_output=True, text=True
    )
    assert done.stdout.startswith("hepadose ")


def test_the_package_says_what_the_extension_is_and_carries_its_own_license(installed_modules):
    prefix = installed_modules.parents[2]
    description = (prefix / "share/Slicer-5.12/HepaDose.s4ext").read_text(encoding="utf-8")
    assert "depends SlicerRT PyTorch\n" in description
    packaging = (prefix.parent / "build/CPackConfig.cmake").read_text(encoding="utf-8")
    assert f'set(CPACK_RESOURCE_FILE_LICENSE "{PROJECT / "LICENSE.txt"}")' in packaging
    assert f'set(CPACK_PACKAGE_DESCRIPTION_FILE "{PROJECT / "README.md"}")' in packaging


def test_every_module_brings_its_tests_along(installed_modules):
    tests = "".join(
        (installed_modules.parents[3] / "build" / name / "CTestTestfile.cmake").read_text(encoding="utf-8")
        for name in module_names()
    )
    for name in module_names():
        assert re.search(rf"\bpy_{name}\b", tests)
        assert re.search(rf"\bpy_nomainwindow_qSlicer{name}ModuleGenericTest\b", tests)


def test_a_file_that_nobody_listed_and_one_of_another_folder_are_missed_in_the_installed_tree(tmp_path):
    source = copy_of_sources(tmp_path / "source")
    unlisted = source / "HepaDose/hepadose/flr/unlisted.py"
    unlisted.write_text('"""Works from source alone."""\n', encoding="utf-8")
    (source / "HepaDose/outside.py").write_text('"""Lost without a word."""\n', encoding="utf-8")
    lists = source / "FLRDose/CMakeLists.txt"
    lists.write_text(
        lists.read_text(encoding="utf-8").replace(
            "  ${MODULE_NAME}.py\n", "  ${MODULE_NAME}.py\n  ../HepaDose/outside.py\n"
        ),
        encoding="utf-8",
    )
    extra = ["HepaDose/hepadose/flr/unlisted.py", "HepaDose/outside.py"]
    folder = build_and_install(source, tmp_path)
    missed = files_to_install([*versioned_files(), *extra]) - installed_files(folder)
    assert missed == {"hepadose/flr/unlisted.py", "outside.py"}
    # It was copied beside the folder that is installed.
    assert (tmp_path / "build/lib/Slicer-5.12/HepaDose/outside.py").is_file()


def test_two_modules_with_a_resource_of_one_path_stop_the_build(tmp_path):
    source = copy_of_sources(tmp_path / "source")
    for module in ("HepaDose", "FLRDose"):
        (source / module / "Resources").mkdir(exist_ok=True)
        (source / module / "Resources/shared.txt").write_text(module, encoding="utf-8")
        add_line(source / module / "CMakeLists.txt", "set(MODULE_PYTHON_RESOURCES", "Resources/shared.txt")
    assert configure(source, tmp_path / "build").returncode == 0
    built = run(tool("cmake"), "--build", tmp_path / "build")
    assert built.returncode != 0
    assert (
        "multiple rules generate lib/Slicer-5.12/qt-scripted-modules/Resources/shared.txt"
        in built.stdout + built.stderr
    )


def test_a_listed_file_that_does_not_exist_stops_the_configuration(tmp_path):
    source = copy_of_sources(tmp_path / "source")
    (source / "HepaDose/hepadose/errors.py").unlink()
    configured = configure(source, tmp_path / "build")
    assert configured.returncode != 0
    assert "nonexistent file or directory 'hepadose/errors.py'" in " ".join(configured.stderr.split())
