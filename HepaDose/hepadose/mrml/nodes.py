"""Creating nodes, with words where the scene does not know a node class."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from hepadose.errors import MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slicer import vtkMRMLNode, vtkMRMLScene

ROLE = "HepaDose.Role"
"""Node attribute that says what HepaDose made a node for."""


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


def node_with_role(scene: vtkMRMLScene, class_name: str, role: str) -> vtkMRMLNode | None:
    """The scene's node of a class that HepaDose made for a purpose; None where there is none.

    The role is a node attribute, so that the node is found again in a scene that was saved and loaded.
    """
    for place in range(scene.GetNumberOfNodesByClass(class_name)):
        node = scene.GetNthNodeByClass(place, class_name)
        if node.GetAttribute(ROLE) == role:
            return node
    return None


def find_or_make(scene: vtkMRMLScene, class_name: str, role: str, name: str) -> vtkMRMLNode:
    """The node with a role, made where the scene has none yet.

    Raises
    ------
    MissingDependencyError
        As :func:`new_node`.
    """
    node = node_with_role(scene, class_name, role)
    if node is None:
        node = new_node(scene, class_name, name)
        node.SetAttribute(ROLE, role)
    return node


@contextmanager
def modified_once(*nodes: vtkMRMLNode) -> Iterator[None]:
    """Let each node tell its observers once, at the end, that it changed."""
    states = [node.StartModify() for node in nodes]
    try:
        yield
    finally:
        for node, state in zip(nodes, states, strict=True):
            node.EndModify(state)


@contextmanager
def batch_processing(scene: vtkMRMLScene) -> Iterator[None]:
    """Hold back the scene's notifications while many nodes are added."""
    state = scene.BatchProcessState
    scene.StartState(state)
    try:
        yield
    finally:
        scene.EndState(state)
