"""The library stays light to import and keeps its import rules."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from support import PROJECT

HEAVY = {"numpy", "scipy", "SimpleITK", "pydicom", "matplotlib", "jinja2", "torch", "monai", "vtk", "slicer"}


def modules_after(statement: str, blocked: str = "") -> set[str]:
    """Top-level modules loaded by a statement in a fresh interpreter where ``blocked`` cannot be imported."""
    guard = f"sys.modules[{blocked!r}] = None; " if blocked else ""
    script = (
        f"import sys, json; {guard}{statement}; print(json.dumps(sorted({{m.split('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT / "HepaDose", capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_importing_the_package_loads_nothing_heavy():
    assert modules_after("import hepadose") & HEAVY == set()


@pytest.mark.parametrize("statement", ["import hepadose.cli", "import hepadose.cli; hepadose.cli._parser()"])
def test_the_command_line_starts_without_image_and_plot_libraries(statement):
    assert modules_after(statement) & (HEAVY - {"numpy", "scipy"}) == set()


@pytest.mark.parametrize("blocked", ["torch", "matplotlib", "jinja2", "slicer", "vtk"])
def test_the_analysis_imports_without_optional_packages(blocked):
    assert "hepadose" in modules_after("import hepadose.batch.flr", blocked)
