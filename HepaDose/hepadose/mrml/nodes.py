"""Creating nodes, with words where the scene does not know a node class."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hepadose.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slicer import vtkMRMLNode, vtkMRMLScene


def new_node(scene: vtkMRMLScene, class_name: str, name: str) -> vtkMRMLNode:
    """A new node of a class in the scene.

    Raises
    ------
    MissingDependencyError
        If the scene does not know the class because its module is not loaded.
    """
    node = scene.AddNewNodeByClass(class_name, name)
    if node is None:
        raise MissingDependencyError(
            f"The scene does not know {class_name}: the Slicer module that defines it is not loaded. "
            "Inside Slicer, enable it in the application settings; elsewhere, use hepadose.mrml.headless."
        )
    return node


@contextmanager
def batch_processing(scene: vtkMRMLScene) -> Iterator[None]:
    """Hold back the scene's notifications while many nodes are added."""
    state = scene.BatchProcessState
    scene.StartState(state)
    try:
        yield
    finally:
        scene.EndState(state)
