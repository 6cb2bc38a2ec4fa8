"""What would be installed, how, and what is said when it fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from hepadose.errors import MissingDependencyError
from hepadose.setup.install import (
    InstallPlan,
    WheelFolderError,
    commands_for_it,
    download_command,
    failure_in_words,
    install_command,
    plan_installation,
)
from hepadose.setup.packages import PACKAGES, PackageGroup, PackageState, PackageStatus, packages_of

ABSENT, BROKEN, OUTDATED, READY = PackageState.ABSENT, PackageState.BROKEN, PackageState.OUTDATED, PackageState.READY


def statuses(culprit="", **states):
    """Every computing package ready, every other one absent, but for the given ones."""
    made = []
    for package in PACKAGES:
        state = states.get(package.name, READY if package.group is PackageGroup.CORE else ABSENT)
        version = "" if state is ABSENT else f"{package.minimum}.7"
        made.append(PackageStatus(package, state, version, culprit=culprit if state is BROKEN else ""))
    return made


PINS = ("numpy==2.0.7", "scipy==1.14.7", "SimpleITK==2.4.7", "pydicom==3.0.7")


def arguments(plan):
    """What pip is called with, step by step."""
    return [step.arguments for step in plan.steps]


def test_what_is_absent_is_installed_beside_the_packages_that_compute_already():
    plan = plan_installation(PackageGroup.REPORT, statuses())
    assert arguments(plan) == [("matplotlib>=3.9", "jinja2>=3.1", *PINS)]
    assert plan.packages == packages_of(PackageGroup.REPORT)


def test_nothing_is_done_where_everything_works():
    assert plan_installation(PackageGroup.REPORT, statuses(matplotlib=READY, jinja2=READY)) == InstallPlan()


def test_an_old_package_is_brought_up_to_date():
    plan = plan_installation(PackageGroup.REPORT, statuses(matplotlib=OUTDATED, jinja2=READY))
    assert arguments(plan) == [("matplotlib>=3.9", *PINS)]


def test_a_half_installed_package_is_installed_again_before_the_rest():
    plan = plan_installation(PackageGroup.REPORT, statuses(matplotlib=BROKEN))
    repair, rest = arguments(plan)
    assert repair == ("--force-reinstall", "--no-deps", "matplotlib>=3.9")
    assert rest == ("matplotlib>=3.9", "jinja2>=3.1", *PINS)


def test_a_half_installed_part_of_a_package_is_repaired_itself():
    repair, _ = arguments(plan_installation(PackageGroup.REPORT, statuses(culprit="kiwisolver", matplotlib=BROKEN)))
    assert repair == ("--force-reinstall", "--no-deps", "kiwisolver")


def test_pytorch_is_left_to_the_extension_that_knows_the_graphics_cards():
    plan = plan_installation(PackageGroup.GRAPHICS_CARD, statuses())
    assert [(step.torch_minimum, step.arguments) for step in plan.steps] == [("2.6", ())]


def test_networks_on_the_processor_need_nothing_but_onnxruntime():
    plan = plan_installation(PackageGroup.NETWORKS, statuses(), pytorch_extension=False)
    assert arguments(plan) == [("onnxruntime>=1.20", *PINS)]


def test_without_that_extension_the_user_is_told_to_install_it():
    with pytest.raises(MissingDependencyError, match="Extensions Manager"):
        plan_installation(PackageGroup.GRAPHICS_CARD, statuses(), pytorch_extension=False)


def test_without_network_everything_comes_from_the_folder(tmp_path):
    (tmp_path / "torch-2.9.1+cu130-py3-none-any.whl").touch()
    plan = plan_installation(PackageGroup.GRAPHICS_CARD, statuses(), wheel_folder=tmp_path, pytorch_extension=False)
    (step,) = arguments(plan)
    assert step[:3] == ("--no-index", "--find-links", str(tmp_path))
    assert step[3:5] == ("torch>=2.6", PINS[0])


def test_a_folder_without_a_wanted_wheel_is_refused_by_name(tmp_path):
    (tmp_path / "Jinja2-3.1.6-py3-none-any.whl").touch()
    with pytest.raises(WheelFolderError, match="no wheel of matplotlib;"):
        plan_installation(PackageGroup.REPORT, statuses(), wheel_folder=tmp_path)


def test_the_command_for_it_can_be_typed_into_a_shell(tmp_path):
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "jinja2-3.1.6-py3-none-any.whl").touch()
    found = [status for status in statuses(matplotlib=READY) if status.package.group is not PackageGroup.CORE]
    plan = plan_installation(PackageGroup.REPORT, found, wheel_folder=tmp_path / "a b")
    command = install_command(plan, python="echo")
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        *("-m", "pip", "install", "--no-index", "--find-links"),
        *str(tmp_path / "a b").split(),
        "jinja2>=3.1",
    ]


def test_the_command_names_pytorch_too():
    plan = plan_installation(PackageGroup.GRAPHICS_CARD, statuses())
    assert install_command(plan) == 'PythonSlicer -m pip install "torch>=2.6"'


def test_it_is_told_how_to_fill_the_folder_where_it_lacks_something(tmp_path):
    for name in ("matplotlib-3.11.2", "jinja2-3.1.6"):
        (tmp_path / f"{name}-py3-none-any.whl").touch()
    report, networks, card = commands_for_it(statuses(), wheel_folder=tmp_path).splitlines()
    assert report.startswith("PythonSlicer -m pip install --no-index --find-links")
    assert networks.startswith("python -m pip download --only-binary=:all:")
    assert networks.endswith('"onnxruntime>=1.20"')
    assert card.endswith('"torch>=2.6"')


def test_it_has_nothing_to_do_where_nothing_is_missing():
    ready = {package.name: READY for package in PACKAGES}
    assert commands_for_it(statuses(**ready)) == ""


def test_the_folder_of_wheels_is_filled_for_this_python():
    command = download_command(packages_of(PackageGroup.REPORT))
    assert f"--python-version {sys.version_info.major}.{sys.version_info.minor} " in command
    assert command.endswith('"matplotlib>=3.9" "jinja2>=3.1"')


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("WARNING: Retrying … NewConnectionError('<…>: Failed to establish a new connection')", "no connection"),
        ("OSError: [WinError 5] Access is denied: 'C:\\\\Program Files\\\\Slicer'", "may not write"),
        ("ssl.SSLCertVerificationError: CERTIFICATE_VERIFY_FAILED", "certificate"),
        ("ERROR: Could not find a version that satisfies the requirement monai>=1.4", "offered nowhere"),
        ("ERROR: ResolutionImpossible: for help visit", "do not fit"),
        ("OSError: Tunnel connection failed: 407 Proxy Authentication Required", "proxy refuses"),
        ("something new", "no known reason"),
    ],
)
def test_a_failure_is_told_in_words(line, words):
    assert words in failure_in_words(["Collecting monai", line])


def test_a_real_installation_from_a_folder_of_wheels_works_and_repairs(tmp_path):
    """pip itself, into a folder of its own: first whole, then with its files deleted."""
    wheels, target = tmp_path / "wheels", tmp_path / "target"
    build_wheel(wheels, "jinja2", "9.9")
    found = [status for status in statuses(matplotlib=READY) if status.package.group is not PackageGroup.CORE]
    plan = plan_installation(PackageGroup.REPORT, found, wheel_folder=wheels)
    pip_install(plan, target)
    assert (target / "jinja2/__init__.py").is_file()
    (target / "jinja2/__init__.py").unlink()
    broken = [PackageStatus(item.package, BROKEN, "9.9") for item in found if item.package.name == "jinja2"]
    pip_install(plan_installation(PackageGroup.REPORT, broken, wheel_folder=wheels), target)
    assert (target / "jinja2/__init__.py").is_file()


def pip_install(plan, target):
    """Carry a plan out with pip into a folder."""
    for step in plan.steps:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--disable-pip-version-check"]
        subprocess.run([*command, "--target", str(target), *step.arguments], check=True, timeout=120)


def build_wheel(folder: Path, name: str, version: str):
    """A wheel with one module and no dependencies."""
    import zipfile

    folder.mkdir()
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
