"""Packages are looked at from outside: whole, old, half installed, hanging and crashing ones."""

import os
import subprocess
import sys
import time

import pytest

from hepadose.setup.packages import (
    PACKAGES,
    Package,
    PackageGroup,
    PackageState,
    ProbeError,
    packages_of,
    probe_packages,
    release_of,
)

from model_example import write_model
from support import PROJECT


def package(name, minimum="1.0"):
    """A package of this name that some figure needs."""
    return Package(name, name, minimum, PackageGroup.REPORT, "figures")


@pytest.fixture
def site(tmp_path):
    """A folder of installed packages that the child finds, beside the real ones."""
    return tmp_path / "site"


@pytest.fixture
def probe(site):
    """Probes packages with the site on the path."""
    paths = [str(PROJECT / "HepaDose"), str(site)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    return lambda *packages, **more: probe_packages(sys.executable, packages, environment=environment, **more)


def install(site, name, version="1.5", code="", files=True):
    """A package with its description; without its files where an installation was interrupted."""
    description = site / f"{name}-{version}.dist-info"
    description.mkdir(parents=True)
    (description / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (description / "top_level.txt").write_text(f"{name}\n")
    (description / "RECORD").write_text(f"{name}/__init__.py,,\n")
    (site / name).mkdir()
    if files:
        (site / name / "__init__.py").write_text(code)


def test_a_package_that_imports_is_ready(site, probe):
    install(site, "whole")
    (status,) = probe(package("whole"))
    assert (status.state, status.version, status.reason) == (PackageState.READY, "1.5", "")


def test_a_package_that_is_not_there_is_absent(probe):
    (status,) = probe(package("nowhere"))
    assert (status.state, status.version) == (PackageState.ABSENT, "")


def test_an_old_package_is_outdated(site, probe):
    install(site, "old", version="0.9.7")
    (status,) = probe(package("old"))
    assert (status.state, status.version) == (PackageState.OUTDATED, "0.9.7")


def test_a_package_whose_files_are_gone_is_half_installed(site, probe):
    install(site, "gone", files=False)
    (status,) = probe(package("gone"))
    assert (status.state, status.reason) == (PackageState.BROKEN, "its files are missing")


def test_a_package_whose_part_is_missing_is_half_installed_and_the_culprit_is_named(site, probe):
    install(site, "partner", files=False)
    (site / "partner").rmdir()
    install(site, "needs", code="import partner")
    (status,) = probe(package("needs"))
    assert (status.state, status.reason) == (PackageState.BROKEN, "the module partner is missing")
    assert status.culprit == "partner"


def test_a_package_that_lacks_another_that_was_never_installed_has_no_culprit(site, probe):
    install(site, "needs", code="import never_installed.part")
    (status,) = probe(package("needs"))
    assert (status.state, status.culprit) == (PackageState.BROKEN, "")


def test_an_error_of_an_import_is_told_without_its_text(site, probe):
    install(site, "failing", code="raise OSError('/home/somebody/lib.so: file too short')")
    (status,) = probe(package("failing"))
    assert status.reason == "its import fails (OSError)"


def test_a_package_that_ends_the_program_does_not_hide_the_others(site, probe):
    install(site, "first")
    install(site, "crashing", code="import os; os._exit(3)")
    install(site, "last")
    states = [status.state for status in probe(package("first"), package("crashing"), package("last"))]
    assert states == [PackageState.READY, PackageState.BROKEN, PackageState.READY]


def test_a_package_that_hangs_is_given_up_and_the_others_are_looked_at(site, probe):
    install(site, "hanging", code="import time; time.sleep(60)")
    install(site, "last")
    start_s = time.monotonic()
    hanging, last = probe(package("hanging"), package("last"), timeout_s=2.0)
    assert time.monotonic() - start_s < 20.0
    assert (hanging.state, hanging.reason) == (PackageState.BROKEN, "its import takes longer than 2 s")
    assert last.state is PackageState.READY


def test_what_a_package_prints_is_no_answer(site, probe):
    install(site, "chatty", code="print('{\"name\": 1}'); print('[]'); print('hello')")
    (status,) = probe(package("chatty"))
    assert status.state is PackageState.READY


def test_an_interpreter_that_cannot_be_started_is_said_in_words(tmp_path):
    with pytest.raises(ProbeError, match="Python cannot be started"):
        probe_packages(str(tmp_path / "python"), [package("any")])


def test_pytorch_tells_what_it_computes_on(site, probe):
    code = "class cuda:\n is_available = staticmethod(lambda: True)\n"
    install(site, "torch", version="2.9.1+cu130", code=code)
    (status,) = probe(next(package for package in PACKAGES if package.name == "torch"))
    assert (status.state, status.device, status.version) == (PackageState.READY, "cuda", "2.9.1+cu130")


def test_the_real_computing_packages_are_found():
    environment = os.environ | {"PYTHONPATH": str(PROJECT / "HepaDose")}
    statuses = probe_packages(sys.executable, packages_of(PackageGroup.CORE), environment=environment)
    assert {status.state for status in statuses} == {PackageState.READY}
    assert all(status.version for status in statuses)


def test_the_package_list_agrees_with_the_project_file():
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    # MONAI is the business of whoever brings bundles of MONAI.
    for item in packages_of(*(group for group in PackageGroup if group is not PackageGroup.MONAI)):
        assert f'"{item.requirement}' in text, item.requirement


def test_a_bundled_network_runs_with_onnxruntime_as_the_only_package_beside_the_computing_ones(tmp_path):
    (networks,) = packages_of(PackageGroup.NETWORKS)
    write_model(tmp_path / "model")
    forbidden = [item.module for item in packages_of(*_NOT_FOR_NETWORKS)]
    done = subprocess.run(
        [sys.executable, "-c", _RUN_WITHOUT, str(tmp_path / "model"), *forbidden],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(PROJECT / "HepaDose"), str(PROJECT / "Testing")])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(networks.name)


_NOT_FOR_NETWORKS = (PackageGroup.REPORT, PackageGroup.GRAPHICS_CARD, PackageGroup.TRAINING, PackageGroup.MONAI)
_RUN_WITHOUT = """
import sys
from pathlib import Path
sys.modules.update(dict.fromkeys(sys.argv[2:]))
from hepadose.images import Image
from hepadose.segmentation.bundle import read_bundle
from hepadose.segmentation.engine import EngineInputs, run_model
import numpy as np
array = np.full((40, 60, 60), -1000, np.int16)
array[:, 6:54, 6:54] = -100
array[8:32, 12:40, 12:40] = 100
found = run_model(read_bundle(Path(sys.argv[1])), EngineInputs(Image(array, (3.0, 3.0, 3.0))))
print(found.runtime, round(found.mask.volume_ml()))
"""


@pytest.mark.parametrize(
    ("version", "release"),
    [("3.10.1", (3, 10, 1)), ("2.9.1+cu130", (2, 9, 1)), ("1.0", (1,)), ("?", ()), ("", ()), ("2.0rc1", (2,))],
)
def test_releases_are_compared_by_their_numbers(version, release):
    assert release_of(version) == release
