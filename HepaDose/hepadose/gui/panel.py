"""What the panels of all modules have in common: sections, the parameter node, and what keeps them in step."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import slicer
import vtk
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget
from slicer.util import VTKObservationMixin

from hepadose.gui.section import Section


class Panel(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Base of a module's widget class.

    A module says which logic it has and which sections; ``ui`` holds the widgets of its ``.ui`` file.
    """

    UNFOLDING: tuple[str, ...] = ()
    """Names of the collapsible buttons; unfolding one shows everything in it, also what was hidden in it."""

    def __init__(self, parent: Any = None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic: Any = None
        self.sections: list[Section] = []
        self.changing = False
        self._parameterNode: Any = None
        self._parameterNodeGuiTag: Any = None
        self._refreshing = False

    def makeLogic(self) -> Any:
        """Make the module's logic; it offers ``getParameterNode``, ``chooseDefaults`` and ``newTimingLog``."""
        raise NotImplementedError

    def makeSections(self) -> list[Section]:
        """Make the sections, in the order in which they are updated."""
        raise NotImplementedError

    @property
    def parameters(self) -> Any:
        """The wrapped parameter node; None while the scene is being closed."""
        return self._parameterNode

    def setup(self) -> None:
        """Load the widgets and make the sections; Slicer calls it when the module is opened for the first time."""
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath(f"UI/{self.moduleName}.ui"))
        self.layout.addWidget(uiWidget)
        self.ui = slicer.util.childWidgetVariables(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = self.makeLogic()
        self.log = self.logic.newTimingLog()
        self.sections = self.makeSections()
        for name in self.UNFOLDING:
            getattr(self.ui, name).connect("contentsCollapsed(bool)", self._onUnfolded)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndImportEvent, self.onSceneEndImport)
        self.initializeParameterNode()

    def cleanup(self) -> None:
        """Slicer calls it when the module goes away."""
        for section in self.sections:
            section.cleanup()
        self.setParameterNode(None)
        self.removeObservers()

    def enter(self) -> None:
        """Slicer calls it when the user comes to the module."""
        self.initializeParameterNode()
        for section in self.sections:
            section.enter()

    def exit(self) -> None:
        """Slicer calls it when the user leaves the module."""
        for section in self.sections:
            section.exit()
        # The node itself is kept: jobs that still run end on it.
        self._disconnectParameterNode()

    def onReload(self) -> None:
        """Reload the library together with the module."""
        from hepadose.gui.library import forget_library

        forget_library()
        ScriptedLoadableModuleWidget.onReload(self)

    def onSceneStartClose(self, caller: Any, event: Any) -> None:
        """The nodes go away."""
        for section in self.sections:
            section.scene_closing()
        self.setParameterNode(None)

    def onSceneEndClose(self, caller: Any, event: Any) -> None:
        """An empty scene needs a parameter node too."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def onSceneEndImport(self, caller: Any, event: Any) -> None:
        """A loaded scene brings its own choices."""
        if self.parent.isEntered:
            self.initializeParameterNode()

    def initializeParameterNode(self) -> None:
        """Take the scene's parameter node, choose what is unambiguous, and go on where the scene was saved."""
        self.setParameterNode(self.logic.getParameterNode())
        self.logic.chooseDefaults(self._parameterNode)
        for section in self.sections:
            section.take_up()

    def setParameterNode(self, parameterNode: Any) -> None:
        """Connect the widgets with a parameter node, or with none."""
        self._disconnectParameterNode()
        self._parameterNode = parameterNode
        if self._parameterNode:
            self._parameterNodeGuiTag = self._parameterNode.connectGui(self.ui)
            self.addObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self._onParametersModified)
            self.refresh()

    def _disconnectParameterNode(self) -> None:
        if self._parameterNodeGuiTag is not None:
            self._parameterNode.disconnectGui(self._parameterNodeGuiTag)
            self.removeObserver(self._parameterNode, vtk.vtkCommand.ModifiedEvent, self._onParametersModified)
        self._parameterNodeGuiTag = None

    def _onParametersModified(self, caller: Any = None, event: Any = None) -> None:
        self.refresh()

    def _onUnfolded(self, collapsed: bool) -> None:
        if not collapsed:
            self.refresh()

    def refresh(self) -> None:
        """Bring every section up to date; changes that this makes do not start it again."""
        # While a scene is read, segments and volumes that the choices name may not be there yet.
        if self._refreshing or self.changing or slicer.mrmlScene.IsImporting():
            return
        self._refreshing = True
        try:
            for section in self.sections:
                section.update()
        finally:
            self._refreshing = False

    def why_busy(self) -> str:
        """What runs at the moment, in words; empty where nothing does."""
        return next((section.busy for section in self.sections if section.busy), "")

    def later(self, act: Callable[[], None]) -> None:
        """Do something at the next turn of the event loop."""
        import qt

        qt.QTimer.singleShot(0, act)

    def errorsShown(self, text: str, waitCursor: bool = False) -> Any:
        """A block whose defects are shown to the user; what is wrong with a case is told in the panel itself."""
        return slicer.util.tryWithErrorDisplay(text, waitCursor=waitCursor)

    @contextlib.contextmanager
    def own_change(self) -> Iterator[None]:
        """A block in which changes of the nodes are the panel's, not the user's."""
        self.changing = True
        try:
            yield
        finally:
            self.changing = False

    def segments_changed(self) -> None:
        """Segments changed, by hand or by the panel."""
        for section in self.sections:
            section.segments_changed()
        self.refresh()
