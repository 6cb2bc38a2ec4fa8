"""Fixtures for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import SHARED


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real images and RT objects; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the reference data beside the project are absent")
    return SHARED / "data"
