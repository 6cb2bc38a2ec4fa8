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

# Run in an interpreter of its own: nothing of the source folder may be found, but for what the second one adds.
IMPORT_EVERYTHING = """
import importlib, sys
from pathlib import Path

installed, project, application = Path(sys.argv[1]), Path(sys.argv[2]), len(sys.argv) > 3
from_source = lambda path: Path(path or ".").resolve().is_relative_to(project) and "site-packages" not in str(path)
sys.path = [str(installed), *(path for path in sys.path if not from_source(path))]
if application:
    sys.path.append(sys.argv[3])
    import host
    running = host.start(())
    for name in running.register([installed]):
        running.select_module(name)
        running.process_events()
        sys.stdout.write(f"opened {name}\\n")
for file in sorted((installed / "hepadose").rglob("*.py")):
    parts = [part for part in file.relative_to(installed).with_suffix("").parts if part != "__init__"]
    if parts[-1] == "__main__" or ("gui" in parts and not application):
        continue
    assert Path(importlib.import_module(".".join(parts)).__file__).is_relative_to(installed), parts
    sys.stdout.write(f"imported {'.'.join(parts)}\\n")
own = {"hepadose", *(path.stem for path in installed.glob("*.py"))}
for name, module in list(sys.modules.items()):
    if name.partition(".")[0] in own and getattr(module, "__file__", None):
        assert Path(module.__file__).is_relative_to(installed), name
if application:
    assert running.errors == [], running.errors
"""


def imported(*arguments, folder):
    """What was opened and imported, run in a folder from which nothing can be found."""
    command = [sys.executable, "-I", "-c", IMPORT_EVERYTHING, *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def add_line(lists, after, line):
    """Add a line to a module's CMakeLists.txt."""
    text = lists.read_text(encoding="utf-8")
    assert f"{after}\n" in text
    lists.write_text(text.replace(f"{after}\n", f"{after}\n  {line}\n"), encoding="utf-8")


def test_what_is_installed_is_what_is_under_version_control(installed_modules):
    assert installed_files(installed_modules) == files_to_install(versioned_files())


def test_every_library_module_imports_from_the_installed_folder_alone(installed_modules, tmp_path):
    # The parts of the panels need Qt and follow in the next test.
    names = imported(installed_modules, PROJECT, folder=tmp_path)
    assert len(names) > 100
    assert "imported hepadose.flr.sweep" in names


def test_every_module_opens_in_the_application_from_the_installed_folder_alone(installed_modules, tmp_path):
    pytest.importorskip("PySide6.QtWidgets", reason="PySide6 or a library of it is missing", exc_type=ImportError)
    names = imported(installed_modules, PROJECT, PROJECT / "Testing", folder=tmp_path)
    assert {f"opened {name}" for name in module_names()} <= set(names)
    assert "imported hepadose.gui.tables" in names


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
