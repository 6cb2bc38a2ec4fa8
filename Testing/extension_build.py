"""Builds and installs the extension with real CMake and Ninja against the stand-in of Slicer's package."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from support import PROJECT

PACKAGE = PROJECT / "Testing" / "cmake"
MODULES_FOLDER = "lib/Slicer-5.12/qt-scripted-modules"

# Lie in the folder of a module and are for the build alone.
NOT_INSTALLED = {"CMakeLists.txt"}


def tool(name: str) -> str | None:
    """A program that the test dependencies bring along, or one on the search path; None where there is neither."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)


def missing_tools() -> list[str]:
    """Programs without which nothing can be built."""
    return [name for name in ("cmake", "ninja") if tool(name) is None]


def run(*command: str | Path) -> subprocess.CompletedProcess:
    """Run a build step; its return code is for the caller to judge."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)


def configure(source: Path, build: Path) -> subprocess.CompletedProcess:
    """Configure the extension in ``source`` as Slicer's extension build does."""
    return run(
        tool("cmake"),
        *("-S", source, "-B", build, "-G", "Ninja", "-Wno-dev"),
        f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}",
        f"-DCMAKE_TOOLCHAIN_FILE={PACKAGE / 'no_compiler.cmake'}",
        f"-DSlicer_DIR={PACKAGE}",
        f"-DSlicer_PYTHON_EXECUTABLE={sys.executable}",
    )


def build_and_install(source: Path, work: Path) -> Path:
    """Configure, build and install; the folder of the installed modules.

    Raises
    ------
    AssertionError
        With the output of the step that failed.
    """
    build, prefix = work / "build", work / "installed"
    for step in (
        lambda: configure(source, build),
        lambda: run(tool("cmake"), "--build", build),
        lambda: run(tool("cmake"), "--install", build, "--prefix", prefix),
    ):
        done = step()
        assert done.returncode == 0, done.stdout + done.stderr
    return prefix / MODULES_FOLDER


def installed_files(folder: Path) -> set[str]:
    """Relative paths below ``folder`` but for byte code, which the build makes."""
    files = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix() for path in files}


def versioned_files(source: Path = PROJECT) -> list[str]:
    """Files under version control, and new ones that git does not ignore: what a developer means to ship."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=source, capture_output=True, text=True, check=True)
    return sorted(name for name in set(done.stdout.splitlines()) if (source / name).is_file())


def module_names(source: Path = PROJECT) -> list[str]:
    """Modules that the extension adds."""
    return re.findall(r"add_subdirectory\((\w+)\)", (source / "CMakeLists.txt").read_text(encoding="utf-8"))


def files_to_install(files: list[str]) -> set[str]:
    """Where every shipped file must lie below the folder of the installed modules."""
    wanted = {name for name in files if name.startswith(("Resources/Batch/", "Resources/Models/"))}
    for module in module_names():
        inside = (name.removeprefix(f"{module}/") for name in files if name.startswith(f"{module}/"))
        wanted |= {name for name in inside if Path(name).name not in NOT_INSTALLED}
    return wanted


def copy_of_sources(target: Path) -> Path:
    """The parts of the extension that are built, copied so that a test may spoil them."""
    roots = {"CMakeLists.txt", "LICENSE.txt", "README.md", "Resources", *module_names()}
    for name in versioned_files():
        if name.split("/")[0] in roots:
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, target / name)
    return target
