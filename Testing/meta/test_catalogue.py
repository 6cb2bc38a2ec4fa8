"""The catalogue entry and the project pass the checks that the Extensions Index runs."""

import json
import re
import struct
import subprocess
from urllib.parse import urlsplit

import pytest

from support import PROJECT

NAME = "HepaDose"
RAW = "https://raw.githubusercontent.com/HepaDose/SlicerHepaDose/main/"
LARGEST_REPOSITORY_MB = 60.0
MEGABYTE = 2**20  # as disks and du count
"""With history; the index of extensions refuses clones of more than 100 MB."""

# Entries of version 1.0.1 of the schema: type of the value, and whether the entry is required.
SCHEMA = {
    "$schema": (str, True),
    "category": (str, True),
    "scm_url": (str, True),
    "scm_revision": (str, False),
    "scm_type": (str, False),
    "build_dependencies": (list, False),
    "build_subdirectory": (str, False),
    "enabled": (bool, False),
    "tier": (int, False),
}


@pytest.fixture(scope="module")
def entry():
    """The catalogue entry."""
    return json.loads((PROJECT / f"{NAME}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def metadata():
    """The EXTENSION_… variables of the top CMakeLists.txt."""
    text = (PROJECT / "CMakeLists.txt").read_text(encoding="utf-8")
    return dict(re.findall(r'set\(EXTENSION_(\w+) "([^"]*)"\)', text))


def git(*arguments):
    """What git prints."""
    done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_entry_has_only_what_the_schema_knows_and_all_that_it_requires(entry):
    assert entry["$schema"].endswith("/Schemas/slicer-extension-catalog-entry-schema-v1.0.1.json#")
    assert entry.keys() <= SCHEMA.keys()
    assert {name for name, (_, required) in SCHEMA.items() if required} <= entry.keys()
    for name, value in entry.items():
        assert type(value) is SCHEMA[name][0], name
    assert all(type(name) is str for name in entry["build_dependencies"])
    assert entry["scm_type"] == "git"
    assert entry["tier"] in (1, 3, 5)


def test_the_category_is_one_that_the_index_accepts(entry):
    assert entry["category"] == "Radiotherapy"


def test_names_follow_the_rules_of_the_index(entry):
    assert not NAME.lower().startswith("slicer")
    address = urlsplit(entry["scm_url"])
    assert address.scheme == "https"
    assert "slicer" in address.path.split("/")[-1].lower()
    project = re.search(r"project\s*\(\s*(\w+)", (PROJECT / "CMakeLists.txt").read_text(encoding="utf-8"))
    assert project.group(1) == NAME


def test_the_entry_and_the_build_name_the_same_dependencies(entry, metadata):
    assert entry["build_dependencies"] == metadata["DEPENDS"].split()


def test_homepage_and_repository_agree(entry, metadata):
    assert metadata["HOMEPAGE"].startswith(entry["scm_url"].removesuffix(".git"))


def test_icon_and_screenshots_point_to_pictures_under_version_control(metadata):
    tracked = set(git("ls-files").splitlines())
    addresses = [metadata["ICONURL"], *metadata["SCREENSHOTURLS"].split()]
    assert len(addresses) > 1
    for address in addresses:
        assert address.startswith(RAW), address
        assert address.removeprefix(RAW) in tracked, address
        assert (PROJECT / address.removeprefix(RAW)).read_bytes().startswith(b"\x89PNG"), address


def test_the_description_fits_into_one_line(metadata):
    assert "\n" not in metadata["DESCRIPTION"]
    assert 50 < len(metadata["DESCRIPTION"]) < 400


def test_license_and_readme_lie_at_the_top():
    assert "Apache License" in (PROJECT / "LICENSE.txt").read_text(encoding="utf-8")
    assert (PROJECT / "README.md").is_file()


def icons():
    """Icons of extension and modules."""
    return sorted({*PROJECT.glob("Resources/Icons/*.png"), *PROJECT.glob("*/Resources/Icons/*.png")})


@pytest.mark.parametrize("path", icons(), ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_an_icon_is_a_square_png_of_128_pixels(path):
    # Width and height stand in the first chunk of a PNG file.
    assert struct.unpack(">II", path.read_bytes()[16:24]) == (128, 128)


def test_every_module_has_an_icon():
    for folder in re.findall(r"add_subdirectory\((\w+)\)", (PROJECT / "CMakeLists.txt").read_text(encoding="utf-8")):
        assert (PROJECT / folder / "Resources" / "Icons" / f"{folder}.png").is_file()


def test_a_clone_stays_below_the_limit_of_the_index():
    # What the commits reach, however much else an unpacked checkout keeps beside it.
    history_mb = int(git("rev-list", "--disk-usage", "--objects", "HEAD")) / MEGABYTE
    files = (PROJECT / name for name in git("ls-files").splitlines())
    files_mb = sum(path.stat().st_size for path in files if path.is_file()) / MEGABYTE
    # Weights count twice, and every new training adds to the history.
    assert history_mb + files_mb < LARGEST_REPOSITORY_MB
