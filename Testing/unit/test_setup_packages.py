"""Packages are looked at from outside: whole, old, half installed, hanging and crashing ones."""

import os
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
    for item in packages_of(PackageGroup.CORE, PackageGroup.REPORT):
        assert f'"{item.requirement}' in text, item.requirement


@pytest.mark.parametrize(
    ("version", "release"),
    [("3.10.1", (3, 10, 1)), ("2.9.1+cu130", (2, 9, 1)), ("1.0", (1,)), ("?", ()), ("", ()), ("2.0rc1", (2,))],
)
def test_releases_are_compared_by_their_numbers(version, release):
    assert release_of(version) == release
