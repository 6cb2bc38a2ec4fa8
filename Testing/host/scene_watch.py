"""Observes a scene and its nodes for a widget, and stops when the widget is gone."""

from __future__ import annotations

import weakref

import shiboken6
from slicer import vtkMRMLScene
from vtkmodules.vtkCommonCore import vtkCommand

SCENE_EVENTS = (
    vtkMRMLScene.NodeAddedEvent,
    vtkMRMLScene.NodeRemovedEvent,
    vtkMRMLScene.EndBatchProcessEvent,
    vtkMRMLScene.EndCloseEvent,
    vtkMRMLScene.EndImportEvent,
)


class SceneWatch:
    """Calls a method of a widget after nodes came, went or changed.

    Parameters
    ----------
    method : bound method of a Qt object
        Called without arguments; not while the scene works in batches, but once after.
    """

    def __init__(self, method):
        self._method = weakref.WeakMethod(method)
        self._scene, self._tags, self._nodes = None, [], {}

    def watch_scene(self, scene) -> None:
        """Observe this scene instead of the former one; None stops."""
        for tag in self._tags:
            self._scene.RemoveObserver(tag)
        self._scene = scene
        self._tags = [scene.AddObserver(event, self._react) for event in SCENE_EVENTS] if scene else []
        self.watch_nodes([])

    def watch_nodes(self, nodes) -> None:
        """Observe these nodes instead of the former ones."""
        wanted = set(nodes)
        for node in [node for node in self._nodes if node not in wanted]:
            node.RemoveObserver(self._nodes.pop(node))
        for node in wanted - self._nodes.keys():
            self._nodes[node] = node.AddObserver(vtkCommand.ModifiedEvent, self._react)

    def _react(self, _caller, _event):
        method = self._method()
        if method is None or not shiboken6.isValid(method.__self__):
            self.watch_scene(None)
        elif not self._scene.IsBatchProcessing():
            method()
