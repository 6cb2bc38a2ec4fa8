"""The extension as it is installed, built once for all tests that look at it."""

import os

import pytest

from extension_build import build_and_install, missing_tools
from support import PROJECT


@pytest.fixture(scope="session")
def build_tools():
    """CMake and Ninja come with the test dependencies; where a developer lacks them, the tests are skipped."""
    missing = missing_tools()
    if missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(missing)}; the dependencies of the tests bring them")
    assert not missing


@pytest.fixture(scope="session")
def installed_modules(build_tools, tmp_path_factory):
    """Folder of the installed modules."""
    return build_and_install(PROJECT, tmp_path_factory.mktemp("extension"))
