"""What is found on a computer is put into words of three colors, without paths or names."""

import getpass
import math
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from hepadose.findings import Level, worst_level
from hepadose.setup import machine as machine_module
from hepadose.setup.check import ApplicationFacts, check_computer, describe
from hepadose.setup.machine import GraphicsCard, Machine, cards_of_query, look_at_machine
from hepadose.setup.packages import PACKAGES, PackageState, PackageStatus

GOOD = Machine(cores=8, memory_gb=32.0, available_gb=20.0, temporary_gb=100.0)
CARD = GraphicsCard("NVIDIA RTX A2000", 12.9)
SLICER = ApplicationFacts("5.12.1", slicerrt=True, pytorch_extension=True)


def statuses(**states):
    """Every package ready but for the given ones."""
    made = []
    for package in PACKAGES:
        state = states.get(package.name, PackageState.READY)
        made.append(PackageStatus(package, state, "" if state is PackageState.ABSENT else "9.1", device="cpu"))
    return made


def about(subject, machine=GOOD, found=None, application=SLICER):
    """Level and text of the findings about a subject."""
    findings = describe(machine, found or statuses(), application)
    return [(finding.level, finding.text) for finding in findings if finding.subject == subject]


def test_a_good_computer_is_green_all_over():
    assert worst_level(describe(GOOD, statuses(), SLICER)) is Level.OK


@pytest.mark.parametrize(
    ("subject", "machine", "level", "words"),
    [
        ("Processor", Machine(1, 32, 20, 100), Level.WARNING, "1 core: everything works"),
        ("Memory", Machine(8, 4.1, 3.5, 100), Level.ERROR, "4 GB: too little"),
        ("Memory", Machine(8, 16.0, 2.25, 100), Level.WARNING, "only 2.2 GB are free: close other programs"),
        ("Memory", Machine(8, 16.0, math.nan, 100), Level.OK, "16 GB."),
        ("Memory", Machine(8, math.nan, math.nan, 100), Level.WARNING, "does not tell"),
        ("Disk space", Machine(8, 16, 9, 0.6), Level.ERROR, "work in the background will fail"),
        ("Disk space", Machine(8, 16, 9, 3.0), Level.WARNING, "3.0 GB free for temporary files"),
        ("Disk space", Machine(8, 16, 9, math.nan), Level.WARNING, "does not tell"),
        ("Graphics card", Machine(8, 16, 9, 100), Level.OK, "None for computing"),
    ],
)
def test_what_the_machine_lacks_is_said_with_its_consequence(subject, machine, level, words):
    ((found, text),) = about(subject, machine)
    assert found is level
    assert words in text


def test_a_card_that_pytorch_cannot_use_is_amber():
    machine = Machine(8, 32, 20, 100, (CARD,))
    ((level, text),) = about("Graphics card", machine)
    assert level is Level.WARNING
    assert text.startswith("NVIDIA RTX A2000 with 13 GB, but the installed PyTorch cannot use it")
    ((level, text),) = about("Graphics card", machine, statuses(torch=PackageState.ABSENT))
    assert level is Level.OK
    assert "where PyTorch is installed" in text


def test_missing_report_packages_are_amber_and_say_what_is_lost():
    found = about("Report packages", found=statuses(matplotlib=PackageState.ABSENT))
    assert found[0] == (Level.OK, "jinja2 9.1.")
    level, text = found[1]
    assert level is Level.WARNING
    assert text == "Not installed: matplotlib. Without them HepaDose lacks: figures in the report. All else works."


@pytest.mark.parametrize(
    ("subject", "package", "words"),
    [
        ("PyTorch", "torch", "Only needed for: networks on a graphics card, training, MONAI bundles."),
        ("Training packages", "safetensors", "Only needed for: training and exporting networks of your own."),
        ("MONAI", "monai", "Only needed for: segmentation by MONAI bundles of your own."),
    ],
)
def test_what_only_few_need_is_no_problem_where_it_is_missing(subject, package, words):
    level, text = about(subject, found=statuses(**{package: PackageState.ABSENT}))[-1]
    assert level is Level.OK
    assert words in text


def test_without_onnxruntime_networks_are_missing_unless_pytorch_runs_them():
    absent = PackageState.ABSENT
    ((level, text),) = about("Networks", found=statuses(onnxruntime=absent, torch=absent))
    assert level is Level.WARNING
    assert "Without them HepaDose lacks: segmentation by neural networks. All else works." in text
    ((level, text),) = about("Networks", found=statuses(onnxruntime=absent))
    assert level is Level.OK
    assert "PyTorch runs the networks in its place" in text


def test_a_missing_computing_package_is_red():
    levels = [level for level, _ in about("Computing packages", found=statuses(scipy=PackageState.ABSENT))]
    assert levels == [Level.OK, Level.ERROR]


def test_a_half_installed_package_is_named_with_the_remedy():
    found = [status for status in statuses() if status.package.name != "jinja2"]
    jinja = next(package for package in PACKAGES if package.name == "jinja2")
    found.append(PackageStatus(jinja, PackageState.BROKEN, "3.1.6", "its files are missing"))
    level, text = about("Report packages", found=found)[-1]
    assert level is Level.WARNING
    assert text.startswith("jinja2 3.1.6 is half installed: its files are missing.")
    assert text.endswith("Installing again repairs it.")


def test_an_outdated_computing_package_is_red_and_names_the_version_that_is_needed():
    level, text = about("Computing packages", found=statuses(pydicom=PackageState.OUTDATED))[-1]
    assert level is Level.ERROR
    assert "pydicom 9.1 is too old, 3.0 is needed" in text


@pytest.mark.parametrize(
    ("application", "subject", "level"),
    [
        (ApplicationFacts("5.10.0", slicerrt=True), "3D Slicer", Level.WARNING),
        (ApplicationFacts("5.12.0", slicerrt=False), "SlicerRT", Level.WARNING),
        (ApplicationFacts("5.12.0", slicerrt=True), "SlicerRT", Level.OK),
        (ApplicationFacts(), "3D Slicer", Level.OK),
    ],
)
def test_the_application_is_judged_by_what_it_tells(application, subject, level):
    ((found, _),) = about(subject, application=application)
    assert found is level


def test_outside_of_slicer_nothing_is_said_of_its_extensions():
    assert about("SlicerRT", application=ApplicationFacts()) == []


def test_this_computer_is_looked_at_without_paths_or_names():
    text = " ".join(str(finding) for finding in check_computer(sys.executable))
    assert "numpy" in text
    for private in (str(Path.home()), tempfile.gettempdir(), socket.gethostname(), sys.prefix):
        assert private not in text
    assert getpass.getuser() == "root" or getpass.getuser() not in text


def test_this_machine_has_plausible_figures():
    machine = look_at_machine()
    assert machine.cores >= 1
    assert 0.5 < machine.memory_gb < 1e5
    assert 0.0 < machine.available_gb <= machine.memory_gb
    assert machine.temporary_gb > 0.0


@pytest.mark.parametrize("program", ["absent-program-of-nobody", "false"])
def test_a_driver_that_does_not_answer_means_no_card(monkeypatch, program):
    ask = machine_module._output_of
    monkeypatch.setattr(machine_module, "_output_of", lambda command: ask([program]))
    assert machine_module.graphics_cards() == ()


def test_several_cards_are_listed():
    cards = cards_of_query("NVIDIA H100, 81559\nNVIDIA RTX A2000, 12288\n\nFailed to initialize NVML, [N/A]\n")
    assert [card.name for card in cards] == ["NVIDIA H100", "NVIDIA RTX A2000"]
