"""Real MRML scenes for tests, without a Slicer application."""

import pytest

from flr_example import analyzed, example_images

pytest.importorskip("trame_slicer", reason="trame-slicer is not installed")

from hepadose.mrml.headless import new_headless_scene


@pytest.fixture
def headless():
    """An empty real scene with the logic that keeps it alive."""
    return new_headless_scene()


@pytest.fixture
def scene(headless):
    """An empty real MRML scene."""
    return headless.scene


@pytest.fixture(scope="session")
def oblique_example():
    """The analyzed example on a grid tilted by 15 degrees about two axes."""
    return analyzed(example_images(tilt_degrees=15.0))
